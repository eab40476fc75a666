//! The INVITE server transaction: RFC 3261 §17.2.1 (figure 7), as RFC 6026 §7.1 changes it.

use super::Failure::Timeout;
use super::machine::Action::{Again, Deliver, Report, Start, Stop, Transmit};
use super::machine::State::{Accepted, Completed, Confirmed, Proceeding, Terminated};
use super::machine::{Event, State, Step, Timer};

/// What a new transaction does; its user sends the 100 Trying.
pub(super) const BEGIN: Step = (Proceeding, &[Deliver]);

pub(super) const fn step(state: State, event: Event) -> Step {
    match state {
        Proceeding => proceeding(event),
        Completed => completed(event),
        Confirmed => confirmed(event),
        Accepted => accepted(event),
        _ => (Terminated, &[]),
    }
}

const fn proceeding(event: Event) -> Step {
    match event {
        Event::Repeat | Event::SendProvisional => (Proceeding, &[Transmit]),
        Event::SendSuccess => (Accepted, &[Transmit, Start(Timer::L)]),
        Event::SendFailure => (Completed, &[Transmit, Start(Timer::G), Start(Timer::H)]),
        _ => (Proceeding, &[]),
    }
}

const fn completed(event: Event) -> Step {
    match event {
        Event::Repeat => (Completed, &[Transmit]),
        Event::Fired(Timer::G) => (Completed, &[Transmit, Again(Timer::G)]),
        Event::Fired(Timer::H) => (Terminated, &[Report(Timeout)]),
        Event::Ack => (Confirmed, &[Stop, Start(Timer::I)]),
        _ => (Completed, &[]),
    }
}

const fn confirmed(event: Event) -> Step {
    match event {
        Event::Fired(Timer::I) => (Terminated, &[]),
        _ => (Confirmed, &[]),
    }
}

/// The user repeats its 2xx until the ACK comes (RFC 3261 §13.3.1.4); copies of the INVITE are absorbed.
const fn accepted(event: Event) -> Step {
    match event {
        Event::SendSuccess => (Accepted, &[Transmit]),
        Event::Ack => (Accepted, &[Deliver]),
        Event::Fired(Timer::L) => (Terminated, &[]),
        _ => (Accepted, &[]),
    }
}
