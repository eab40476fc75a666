//! A handler that panics ends its own request alone, and its caller gets an answer.

use crate::{error::ApiError, portal::PageError};
use actix_web::{HttpResponse, ResponseError as _};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// A future whose panic is a value. What it shared with others is bounded by locks that a panic poisons or leaves whole,
/// and by transactions that roll back when they are dropped.
pub(crate) struct Caught<F>(Pin<Box<F>>);

/// What a panic said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panicked(String);

impl<F: Future> Caught<F> {
    /// Wraps a future.
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context)));
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(Panicked::of(panic.as_ref()))),
        }
    }
}

impl Panicked {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Self(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
    }

    /// The answer: the envelope of the API, or a sentence for people.
    pub(crate) fn answer(&self, is_api: bool) -> HttpResponse {
        tracing::error!(panic = self.0, "a handler panicked: please report this with the lines above");
        if is_api {
            ApiError::internal().error_response()
        } else {
            PageError::App(app::Error::internal("a handler panicked")).error_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[tokio::test]
    async fn a_panic_is_an_answer_that_says_nothing_of_the_inside() {
        assert_eq!(Caught::new(async { 7 }).await, Ok(7));
        let early = Caught::new(async {
            if std::hint::black_box(true) {
                panic!("a secret of the inside")
            }
        });
        let panicked = early.await.expect_err("it panicked");
        assert_eq!(panicked, Panicked("a secret of the inside".to_owned()));
        for is_api in [true, false] {
            let answer = panicked.answer(is_api);
            assert_eq!(answer.status(), 500);
            let body = to_bytes(answer.into_body()).await.expect("a body");
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(!text.contains("secret") && text.contains("log"), "{text}");
        }
    }
}
