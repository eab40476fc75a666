//! The client transaction of every method but INVITE: RFC 3261 §17.1.2.2 (figure 6).

use super::Failure::{Timeout, Transport};
use super::machine::Action::{Again, Deliver, Report, Slow, Start, Stop, Transmit};
use super::machine::State::{Completed, Proceeding, Terminated, Trying};
use super::machine::{Event, State, Step, Timer};

/// What a new transaction does.
pub(super) const BEGIN: Step = (Trying, &[Transmit, Start(Timer::E), Start(Timer::F)]);

pub(super) const fn step(state: State, event: Event) -> Step {
    match state {
        Trying | Proceeding => waiting(state, event),
        Completed => completed(event),
        _ => (Terminated, &[]),
    }
}

/// Trying and Proceeding differ in the pace of timer E alone.
const fn waiting(state: State, event: Event) -> Step {
    match event {
        Event::Fired(Timer::E) => (state, &[Transmit, Again(Timer::E)]),
        Event::Fired(Timer::F) => (Terminated, &[Report(Timeout)]),
        Event::Broken => (Terminated, &[Report(Transport)]),
        Event::Provisional => (Proceeding, &[Slow, Deliver]),
        Event::Success | Event::Failure => (Completed, &[Stop, Deliver, Start(Timer::K)]),
        _ => (state, &[]),
    }
}

const fn completed(event: Event) -> Step {
    match event {
        Event::Fired(Timer::K) => (Terminated, &[]),
        _ => (Completed, &[]),
    }
}
