//! What is kept of a call's messages, on real sockets.

use super::calls::{connect, over, trio};
use super::peers::until;
use super::wait_for;
use crate::seam::{Reply, Trace, TraceEvent, TraceLeg};
use std::sync::mpsc;

/// The trace as its shard has it at this moment.
pub(super) fn now(edge: &super::Edge, call: u128) -> Option<Trace> {
    let (send, answer) = mpsc::channel();
    edge.handle.trace(
        0,
        call,
        Reply::new(move |trace: Option<Option<Box<Trace>>>| {
            let _ = send.send(trace.flatten());
        }),
    );
    answer.recv_timeout(super::PATIENCE).unwrap().map(|trace| *trace)
}

fn lines(trace: &Trace) -> Vec<String> {
    let line = |event: &TraceEvent| match event {
        TraceEvent::Message { leg, is_received, bytes, .. } => {
            let leg = if *leg == TraceLeg::Caller { 'a' } else { 'b' };
            let way = if *is_received { '<' } else { '>' };
            let text = String::from_utf8_lossy(bytes);
            let mut words = text.split(' ');
            let first = words.next().unwrap_or_default();
            let word = if first == "SIP/2.0" { words.next().unwrap_or_default() } else { first };
            Some(format!("{leg}{way}{word}"))
        }
        TraceEvent::Answered { .. } => Some("answered".to_owned()),
        TraceEvent::Ended { .. } => Some("ended".to_owned()),
        _ => None,
    };
    trace.entries().filter_map(|entry| line(&entry.event)).collect()
}

#[test]
fn both_legs_of_a_call_are_kept_in_order_while_it_is_up_and_after_it() {
    let (edge, mut caller, mut callee) = trio();
    let (out, _) = connect(&mut caller, &mut callee);
    let call = edge.handle.live()[0].call;
    let up = wait_for("the ACK", || {
        Some(lines(&now(&edge, call)?)).filter(|lines| lines.iter().any(|line| line == "a<ACK"))
    });
    let of = |leg: char| up.iter().filter(|line| line.starts_with([leg])).collect::<Vec<_>>();
    assert_eq!(
        of('a').into_iter().filter(|line| *line != "answered").collect::<Vec<_>>(),
        ["a<INVITE", "a>100", "a>200", "a<ACK"]
    );
    assert_eq!(of('b'), ["b>INVITE", "b<200", "b>ACK"]);
    assert!(up.iter().any(|line| line == "answered"));

    caller.agent.hang_up(std::time::Instant::now(), out, None).unwrap();
    over("the end", &mut [&mut caller, &mut callee]);
    until("the last 200", &mut [&mut caller, &mut callee], |_| {
        let all = lines(&now(&edge, call)?);
        let is_whole =
            ["a<BYE", "a>200", "b>BYE", "ended"].iter().all(|word| all.iter().any(|line| line == word));
        (is_whole && all.iter().filter(|line| *line == "b<200").count() == 2).then_some(())
    });
    assert!(edge.business.traced().is_empty(), "late messages are still waited for");
    assert!(now(&edge, call + 1).is_none());

    let business = std::sync::Arc::clone(&edge.business);
    drop(edge);
    let traced = wait_for("the trace", || Some(business.traced()).filter(|traced| !traced.is_empty()));
    assert_eq!(traced.len(), 1);
    assert!(traced[0].is_answered && traced[0].is_ended && traced[0].call == call);
}
