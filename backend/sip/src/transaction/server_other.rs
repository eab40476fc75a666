//! The server transaction of every method but INVITE: RFC 3261 §17.2.2 (figure 8), within the bounds of RFC 4320.

use super::machine::Action::{Deliver, Start, Stop, Transmit};
use super::machine::State::{Completed, Proceeding, Terminated, Trying};
use super::machine::{Action, Event, State, Step, Timer};

/// What a new transaction does.
pub(super) const BEGIN: Step = (Trying, &[Start(Timer::Abandon), Deliver]);

pub(super) const fn step(state: State, event: Event) -> Step {
    match state {
        Trying => trying(event),
        Proceeding => proceeding(event),
        Completed => completed(event),
        _ => (Terminated, &[]),
    }
}

const FINAL: &[Action] = &[Stop, Transmit, Start(Timer::J)];

const fn trying(event: Event) -> Step {
    match event {
        Event::SendProvisional => (Proceeding, &[Transmit]),
        Event::SendSuccess | Event::SendFailure => (Completed, FINAL),
        Event::Fired(Timer::Abandon) => (Terminated, &[]),
        _ => (Trying, &[]),
    }
}

const fn proceeding(event: Event) -> Step {
    match event {
        Event::Repeat | Event::SendProvisional => (Proceeding, &[Transmit]),
        Event::SendSuccess | Event::SendFailure => (Completed, FINAL),
        Event::Fired(Timer::Abandon) => (Terminated, &[]),
        _ => (Proceeding, &[]),
    }
}

const fn completed(event: Event) -> Step {
    match event {
        Event::Repeat => (Completed, &[Transmit]),
        Event::Fired(Timer::J) => (Terminated, &[]),
        _ => (Completed, &[]),
    }
}
