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

async fn at_once<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut open: Vec<(Pin<Box<F>>, Option<F::Output>)> =
        futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        for (future, value) in &mut open {
            if value.is_none()
                && let Poll::Ready(done) = future.as_mut().poll(context)
            {
                *value = Some(done);
            }
        }
        if open.iter().all(|(_, value)| value.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    open.into_iter().filter_map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn as_many_as_are_allowed_are_waited_for_at_a_time_and_answers_keep_their_order() {
        let began = tokio::time::Instant::now();
        let one = |n: u64| async move {
            tokio::time::sleep(Duration::from_secs(20 - n)).await;
            n
        };
        let done = all((0..20).map(one)).await;
        assert_eq!(done, (0..20).collect::<Vec<_>>());
        // The slowest of each eight: 20 s, 12 s, 4 s.
        assert_eq!(began.elapsed().as_secs(), 36);
    }
}
