//! Bad weather, and events in any order: every call ends exactly once, and leaves nothing behind.

use std::time::Duration;

use proptest::prelude::*;

use super::phone::{Act, respond, respond_with};
use super::world::{Weather, World};
use crate::b2bua::{End, Input, Refusal, Side};
use crate::wire::Method;

const STORM: Weather = Weather { lost: 25, repeated: 15, delayed: 20 };

#[test]
fn calls_survive_a_wire_that_loses_a_quarter_of_all_datagrams() {
    let mut connected = 0;
    for seed in 1..=40 {
        let mut world = World::new(1)
            .weather(seed, STORM)
            .script(&[(100, respond(180)), (1500, respond_with(200, "v=0 answer"))]);
        world.act(0, Act::Invite(Some("v=0 offer")));
        world.run_ms(40_000);
        if world.ended.is_empty() {
            connected += 1;
            assert!(world.phones[0].statuses(&Method::Invite).contains(&200), "seed {seed}");
            world.act(1, Act::Reinvite(Some("v=0 hold")));
            world.run_ms(40_000);
            world.act(0, Act::Bye);
        }
        world.run_until_idle();
        world.summary();
        world.assert_clean();
    }
    assert!(connected >= 36, "retransmission brings nearly all of 40 through: {connected}");
}

#[test]
fn without_loss_repeats_and_delays_alone_never_break_a_call() {
    for seed in 1..=40 {
        let mut world = World::new(1)
            .weather(seed, Weather { lost: 0, repeated: 40, delayed: 40 })
            .script(&[(100, respond(180)), (1500, respond_with(200, "v=0 answer"))]);
        world.act(0, Act::Invite(Some("v=0 offer")));
        world.run_ms(20_000);
        world.act(0, Act::Bye);
        world.run_until_idle();
        assert_eq!(world.summary().end, End::Hangup { by: Side::A, q850: None }, "seed {seed}");
        assert_eq!(world.phones[1].requests(&Method::Invite).len(), 1, "seed {seed}");
        world.assert_clean();
    }
}

/// Something that happens at a random time.
#[derive(Debug, Clone, Copy)]
enum Event {
    Caller(usize),
    Callee(usize),
    Command,
    CalleeGone,
    MediaBreaks,
}

fn happen(world: &mut World, event: Event) {
    let acts = [
        Act::Cancel,
        Act::Bye,
        Act::Reinvite(Some("v=0 again")),
        Act::Reinvite(None),
        Act::Ask(Method::Info),
        Act::Ask(Method::Update),
        respond(180),
        respond_with(183, "v=0 early"),
        respond_with(200, "v=0 answer"),
        respond(486),
        respond(503),
    ];
    match event {
        Event::Caller(act) => world.act(0, acts[act % 6].clone()),
        Event::Callee(act) => world.act(1, acts[1 + act % 10].clone()),
        Event::Command => {
            for call in world.calls.clone() {
                world.tell(Input::End { call, refusal: Refusal::new(480, 41, "ended-by-command") });
            }
        }
        Event::CalleeGone => {
            let peer = crate::b2bua::Peer::new(world.phones[1].addr, crate::Transport::Udp);
            world.tell(Input::TransportFailed { peer });
        }
        Event::MediaBreaks => world.media_failure = Some(Refusal::new(488, 88, "media-unavailable")),
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0usize..6).prop_map(Event::Caller),
        8 => (0usize..10).prop_map(Event::Callee),
        1 => Just(Event::Command),
        1 => Just(Event::CalleeGone),
        1 => Just(Event::MediaBreaks),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_accepted_call_ends_exactly_once_whatever_happens_when(
        events in prop::collection::vec((0u64..2500, event()), 0..14),
        seed in 1u64..u64::MAX,
        storms in prop::bool::ANY,
        thinking in prop::sample::select(vec![0u64, 40, 900]),
        has_offer in prop::bool::ANY,
    ) {
        let weather = if storms { STORM } else { Weather::default() };
        let mut world = World::new(2).weather(seed, weather);
        world.phones[2].script = vec![(Duration::from_millis(300), respond_with(200, "v=0 late second"))];
        world.thinking = Duration::from_millis(thinking);
        world.plan.funded = Some(Duration::from_secs(100));
        world.act(0, Act::Invite(has_offer.then_some("v=0 offer")));
        for (wait, event) in events {
            world.run_ms(wait);
            happen(&mut world, event);
        }
        world.run_until_idle();
        prop_assert_eq!(world.ended.len(), world.calls.len());
        prop_assert!(world.calls.len() <= 1);
        world.assert_clean();
    }
}
