//! Several suppliers are asked at a time: the slowest of them is waited for, not the sum of all.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Questions that are open at a time.
const OPEN_MAX: usize = 8;

/// What all of the futures come to, in their order.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let (mut futures, mut done) = (futures.into_iter(), Vec::new());
    loop {
        let some: Vec<F> = futures.by_ref().take(OPEN_MAX).collect();
        if some.is_empty() {
            return done;
        }
        done.extend(at_once(some).await);
    }
}

/// A question, and its answer once that came.
struct Open<F: Future> {
    future: Pin<Box<F>>,
    value: Option<F::Output>,
}

async fn at_once<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut open: Vec<Open<F>> =
        futures.into_iter().map(|future| Open { future: Box::pin(future), value: None }).collect();
    poll_fn(|context| {
        for one in open.iter_mut().filter(|one| one.value.is_none()) {
            if let Poll::Ready(done) = one.future.as_mut().poll(context) {
                one.value = Some(done);
            }
        }
        if open.iter().all(|one| one.value.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    open.into_iter().filter_map(|one| one.value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn as_many_as_are_allowed_are_asked_at_a_time_and_answers_keep_their_order() {
        let (open, most) = (Cell::new(0), Cell::new(0));
        let (open, most) = (&open, &most);
        let one = |n: usize| async move {
            open.set(open.get() + 1);
            most.set(most.get().max(open.get()));
            // The later ones answer first.
            for _ in n..20 {
                tokio::task::yield_now().await;
            }
            open.set(open.get() - 1);
            n
        };
        let done = all((0..20).map(one)).await;
        assert_eq!(done, (0..20).collect::<Vec<_>>());
        assert_eq!(most.get(), OPEN_MAX);
    }
}
