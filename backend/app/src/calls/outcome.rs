//! How a call ended, in the business's words.

use domain::cause::{Cause, Direction, Outcome};
use edge::seam::{End, Side};

/// What was rung last, as far as it changes what an end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    /// A SIP user: nothing to send to means that no phone is registered.
    User,
    /// A trunk, a carrier, or nothing.
    Other,
}

/// The outcome of an end, seen from a tenant.
pub(super) fn outcome(direction: Direction, end: &End, rung: Rung) -> Outcome {
    match end {
        End::Ours(refusal) => {
            Outcome::ours(Cause::from_word(&refusal.cause).unwrap_or(Cause::PlatformUnavailable), None)
        }
        End::Failed { status, .. } => Outcome::theirs(direction, *status),
        End::Cancelled => Outcome::ours(Cause::Cancelled, None),
        End::NoAnswer => Outcome::ours(Cause::NoAnswer, None),
        End::Unreachable if rung == Rung::User => Outcome::ours(Cause::NotRegistered, None),
        End::Unreachable => Outcome::ours(Cause::Unreachable, None),
        End::Hangup { by, .. } => {
            let who = match by {
                Side::A => "caller",
                Side::B => "callee",
            };
            let explanation = format!("The call was answered, and the {who} hung up.");
            Outcome { explanation, ..Outcome::theirs(direction, 200) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::plan::refusal;

    #[test]
    fn our_own_end_keeps_its_cause_word_and_a_far_sides_status_its_number() {
        let ours = outcome(Direction::Outbound, &End::Ours(refusal(Cause::OutOfFunds)), Rung::Other);
        assert_eq!((ours.cause, ours.code, ours.sub_code), (Cause::OutOfFunds, 403, 510_403));
        let busy = outcome(Direction::Inbound, &End::Failed { status: 486, q850: None }, Rung::User);
        assert_eq!((busy.cause, busy.sub_code), (Cause::Busy, 540_486));
    }

    #[test]
    fn a_user_whom_nothing_reaches_is_not_registered() {
        assert_eq!(outcome(Direction::Inbound, &End::Unreachable, Rung::User).cause, Cause::NotRegistered);
        assert_eq!(outcome(Direction::Outbound, &End::Unreachable, Rung::Other).cause, Cause::Unreachable);
        let hangup = outcome(Direction::Outbound, &End::Hangup { by: Side::B, q850: None }, Rung::Other);
        assert_eq!((hangup.code, hangup.cause), (0, Cause::NormalClearing));
    }
}
