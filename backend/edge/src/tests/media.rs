//! Calls whose media is gone.

use super::calls::{connect, trio};
use super::peers::until;
use super::wait_for;
use crate::seam::{End, Trace, TraceEvent};
use sip::ua::{EndedBy, Event};
use std::time::Instant;

#[test]
fn calls_of_a_media_worker_that_died_end_on_both_sides_with_that_cause_and_the_next_one_goes_on() {
    let (edge, mut caller, mut callee) = trio();
    connect(&mut caller, &mut callee);
    edge.relay.die(0);
    for phone in 0..2 {
        let (by, reason) = until("BYE", &mut [&mut caller, &mut callee], |phones| {
            phones[phone].take(|event| match event {
                Event::Ended { by, reason, .. } => Some((*by, reason.clone())),
                _ => None,
            })
        });
        assert_eq!((by, reason.as_deref()), (EndedBy::Them, Some("Q.850;cause=41;text=\"media-lost\"")));
    }
    let ended = wait_for("the end", || Some(edge.business.ended()).filter(|ended| !ended.is_empty()));
    assert!(
        matches!(&ended[0].end, End::Ours(refusal) if refusal.cause == "media-lost"),
        "{:?}",
        ended[0].end
    );
    assert!(ended[0].media.is_some(), "what was counted of it is kept");
    assert_eq!((edge.handle.count(), edge.relay.open()), (0, 0));
    let is_told =
        |event: &TraceEvent| matches!(event, TraceEvent::MediaFailed { why } if why.contains("has died"));
    wait_for("the trace", || {
        let traced = edge.business.traced();
        traced.iter().flat_map(Trace::entries).any(|entry| is_told(&entry.event)).then_some(())
    });

    // The worker is replaced: the next call is set up, and what is said of the former one again does it no harm.
    let (out, _) = connect(&mut caller, &mut callee);
    edge.relay.die(0);
    assert_eq!(edge.handle.count(), 1);
    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    super::calls::over("BYE", &mut [&mut caller, &mut callee]);
    let ended = wait_for("the second end", || Some(edge.business.ended()).filter(|ended| ended.len() == 2));
    assert!(matches!(ended[1].end, End::Hangup { .. }), "{:?}", ended[1].end);
}
