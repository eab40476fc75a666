//! The INVITE client transaction: RFC 3261 §17.1.1.2 (figure 5), as RFC 6026 §7.2 changes it.

use super::Failure::{Timeout, Transport};
use super::machine::Action::{Acknowledge, Again, Deliver, Reack, Report, Start, Stop, Transmit};
use super::machine::State::{Accepted, Calling, Completed, Proceeding, Terminated};
use super::machine::{Action, Event, State, Step, Timer};

/// What a new transaction does.
pub(super) const BEGIN: Step = (Calling, &[Transmit, Start(Timer::A), Start(Timer::B)]);

pub(super) const fn step(state: State, event: Event) -> Step {
    match state {
        Calling => calling(event),
        Proceeding => proceeding(event),
        Completed => completed(event),
        Accepted => accepted(event),
        _ => (Terminated, &[]),
    }
}

const FAILED: &[Action] = &[Stop, Acknowledge, Deliver, Start(Timer::D)];
const ANSWERED: &[Action] = &[Stop, Deliver, Start(Timer::M)];

const fn calling(event: Event) -> Step {
    match event {
        Event::Fired(Timer::A) => (Calling, &[Transmit, Again(Timer::A)]),
        Event::Fired(Timer::B) => (Terminated, &[Report(Timeout)]),
        Event::Broken => (Terminated, &[Report(Transport)]),
        Event::Provisional => (Proceeding, &[Stop, Deliver]),
        Event::Success => (Accepted, ANSWERED),
        Event::Failure => (Completed, FAILED),
        _ => (Calling, &[]),
    }
}

const fn proceeding(event: Event) -> Step {
    match event {
        Event::Provisional => (Proceeding, &[Deliver]),
        Event::Success => (Accepted, ANSWERED),
        Event::Failure => (Completed, FAILED),
        Event::Fired(Timer::GiveUp) => (Terminated, &[Report(Timeout)]),
        Event::Broken => (Terminated, &[Report(Transport)]),
        _ => (Proceeding, &[]),
    }
}

const fn completed(event: Event) -> Step {
    match event {
        Event::Failure => (Completed, &[Transmit]),
        Event::Fired(Timer::D) | Event::Broken => (Terminated, &[]),
        _ => (Completed, &[]),
    }
}

const fn accepted(event: Event) -> Step {
    match event {
        Event::Success => (Accepted, &[Reack]),
        Event::Fired(Timer::M) => (Terminated, &[]),
        _ => (Accepted, &[]),
    }
}
