//! Why a call ended: one stable cause word, the same in the SIP reply, the record, the event and the page.

use serde::{Deserialize, Serialize};

/// A cause word with its SIP status and Q.850 cause (ITU-T Q.850, RFC 3326).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// One side hung up after an answered call.
    NormalClearing,
    /// The caller gave up before the answer.
    Cancelled,
    /// The callee is busy.
    Busy,
    /// The callee rang and did not answer in time.
    NoAnswer,
    /// The callee declined.
    Declined,
    /// The far side gave a final failure of its own.
    CalleeFailed,
    /// The far side answered nothing at all.
    Unreachable,
    /// What was dialled is no number and no user here.
    BadNumber,
    /// Nobody here owns the number.
    NumberNotFound,
    /// The number is owned, but bound to nothing.
    NumberUnbound,
    /// No phone of the user is registered.
    NotRegistered,
    /// No route and no carrier leads there.
    NoRoute,
    /// The caller id is not a number that the tenant owns.
    CallerIdNotOwned,
    /// The money does not cover the call's first hold.
    BalanceTooLow,
    /// The money ran out while the call went on.
    OutOfFunds,
    /// The tenant is suspended.
    TenantSuspended,
    /// The tenant's or trunk's number of parallel calls is reached.
    CallLimit,
    /// The tenant's or trunk's calls per second are reached.
    RateLimit,
    /// The trunk cannot be used: its transport or SRTP is not available, or it is switched off.
    TrunkUnusable,
    /// An emergency number, and no emergency route is set.
    EmergencyUnavailable,
    /// A number forwards to a number that forwards, too often.
    ForwardLoop,
    /// Max-Forwards ran out or the request came back (RFC 3261 §16.3).
    RoutingLoop,
    /// No media port is free, or the offer cannot be relayed.
    MediaUnavailable,
    /// Ended by the tenant or operator.
    EndedByCommand,
    /// Ended because the platform stopped or was restarted.
    PlatformStopped,
    /// The platform could not decide: overload or its database.
    PlatformUnavailable,
    /// The call reached the longest duration that is allowed.
    DurationLimit,
    /// This way of connection is not open to the tenant.
    NotEligible,
    /// The tenant's own lists do not allow calls to this country or prefix.
    DestinationNotAllowed,
    /// A destination of toll fraud, which was not opened for the tenant.
    HighRiskDestination,
    /// A cap on what a call or a day may cost is reached.
    SpendCap,
    /// What the tenant may owe at worst would pass the operator's cap.
    ExposureCap,
    /// Too much was spent too fast, so that such calls are stopped.
    VelocityStop,
    /// Every carrier asks more than the call is sold for.
    BelowCost,
    /// One side stopped confirming that it is still there (RFC 4028).
    SessionExpired,
    /// The caller of a call from a carrier is not verified (RFC 8224), and such calls are refused.
    CallerNotVerified,
    /// No media at all came for as long as a trunk or carrier of the call allows.
    MediaTimeout,
    /// What moved the media of the call has died.
    MediaLost,
}

impl Cause {
    /// Every cause, in the order of the table in the documentation.
    pub const ALL: [Self; 38] = [
        Self::NormalClearing,
        Self::Cancelled,
        Self::Busy,
        Self::NoAnswer,
        Self::Declined,
        Self::CalleeFailed,
        Self::Unreachable,
        Self::BadNumber,
        Self::NumberNotFound,
        Self::NumberUnbound,
        Self::NotRegistered,
        Self::NoRoute,
        Self::CallerIdNotOwned,
        Self::BalanceTooLow,
        Self::OutOfFunds,
        Self::TenantSuspended,
        Self::CallLimit,
        Self::RateLimit,
        Self::TrunkUnusable,
        Self::EmergencyUnavailable,
        Self::ForwardLoop,
        Self::RoutingLoop,
        Self::MediaUnavailable,
        Self::EndedByCommand,
        Self::PlatformStopped,
        Self::PlatformUnavailable,
        Self::DurationLimit,
        Self::NotEligible,
        Self::DestinationNotAllowed,
        Self::HighRiskDestination,
        Self::SpendCap,
        Self::ExposureCap,
        Self::VelocityStop,
        Self::BelowCost,
        Self::SessionExpired,
        Self::CallerNotVerified,
        Self::MediaTimeout,
        Self::MediaLost,
    ];

    const fn row(self) -> (&'static str, u16, u8, &'static str) {
        match self {
            Self::NormalClearing => {
                ("normal-clearing", 200, 16, "The call was answered and one side hung up.")
            }
            Self::Cancelled => ("cancelled", 487, 16, "The caller gave up before the call was answered."),
            Self::Busy => ("busy", 486, 17, "The callee was busy."),
            Self::NoAnswer => ("no-answer", 480, 19, "The callee's phone rang, and nobody answered in time."),
            Self::Declined => ("declined", 603, 21, "The callee declined the call."),
            Self::CalleeFailed => {
                ("callee-failed", 500, 31, "The far side refused the call with a failure of its own.")
            }
            Self::Unreachable => (
                "unreachable",
                408,
                102,
                "The far side did not answer the signalling: check its address, port and firewall.",
            ),
            Self::BadNumber => (
                "bad-number",
                484,
                28,
                "Dial a full international number with a leading +, or a user's name.",
            ),
            Self::NumberNotFound => {
                ("number-not-found", 404, 1, "Nobody on this platform owns the number that was called.")
            }
            Self::NumberUnbound => (
                "number-unbound",
                480,
                20,
                "The number is owned but bound to nothing: bind it to a trunk, a user or a forward.",
            ),
            Self::NotRegistered => (
                "not-registered",
                480,
                20,
                "No phone of this user is registered: check its registrar, username and password.",
            ),
            Self::NoRoute => (
                "no-route",
                404,
                3,
                "No voice route matches and no carrier leads to this number: add a route or a carrier prefix.",
            ),
            Self::CallerIdNotOwned => (
                "caller-id-not-owned",
                403,
                21,
                "Without a matching voice route, the caller id must be a number that the tenant owns: buy one or set it as caller id.",
            ),
            Self::BalanceTooLow => (
                "balance-too-low",
                403,
                21,
                "The balance does not cover the first minute of this call: top up.",
            ),
            Self::OutOfFunds => {
                ("out-of-funds", 403, 21, "The money ran out during the call: top up to call longer.")
            }
            Self::TenantSuspended => {
                ("tenant-suspended", 403, 21, "The tenant is suspended: ask the operator.")
            }
            Self::CallLimit => {
                ("call-limit", 503, 42, "As many calls as the limit allows are up at this moment.")
            }
            Self::RateLimit => ("rate-limit", 503, 42, "More calls per second than the limit allows."),
            Self::TrunkUnusable => (
                "trunk-unusable",
                503,
                38,
                "The trunk cannot be used as it is set: see the trace for its transport, SRTP and state.",
            ),
            Self::EmergencyUnavailable => (
                "emergency-unavailable",
                404,
                3,
                "Emergency calls are not carried here: no emergency route is set. Use another phone.",
            ),
            Self::ForwardLoop => {
                ("forward-loop", 482, 25, "The number forwards in a circle or too often: mend the forwards.")
            }
            Self::RoutingLoop => ("routing-loop", 483, 25, "The call came back to this platform too often."),
            Self::MediaUnavailable => {
                ("media-unavailable", 503, 47, "No media could be set up for the call: see the trace.")
            }
            Self::EndedByCommand => {
                ("ended-by-command", 480, 16, "The call was ended by the tenant or the operator.")
            }
            Self::PlatformStopped => {
                ("platform-stopped", 503, 41, "The platform stopped while the call was up.")
            }
            Self::PlatformUnavailable => (
                "platform-unavailable",
                503,
                41,
                "The platform could not take the call at this moment: try again.",
            ),
            Self::DurationLimit => {
                ("duration-limit", 403, 16, "The call reached the longest duration that is allowed.")
            }
            Self::NotEligible => (
                "not-eligible",
                403,
                57,
                "This way of connection is not open to the tenant: see why on its page, or ask the operator.",
            ),
            Self::DestinationNotAllowed => (
                "destination-not-allowed",
                403,
                21,
                "The tenant's own lists do not allow calls to this country or prefix: allow it first.",
            ),
            Self::HighRiskDestination => (
                "high-risk-destination",
                403,
                21,
                "Calls to this destination are a common fraud and are closed: open its prefix if they are meant.",
            ),
            Self::SpendCap => (
                "spend-cap",
                403,
                21,
                "A cap on what a call or a day may cost is reached: raise it, or wait for the next day (UTC).",
            ),
            Self::ExposureCap => (
                "exposure-cap",
                403,
                21,
                "What the account may owe at worst has reached its cap: let calls end, top up, or ask the operator.",
            ),
            Self::VelocityStop => (
                "velocity-stop",
                403,
                21,
                "Too much was spent too fast, so such calls are stopped: wait, or have the stop lifted under Protection.",
            ),
            Self::BelowCost => (
                "below-cost",
                503,
                34,
                "No carrier takes this call at the price for which it is sold: ask the operator.",
            ),
            Self::SessionExpired => (
                "session-expired",
                408,
                102,
                "One side stopped confirming that it is still there, so the call was ended.",
            ),
            Self::CallerNotVerified => (
                "caller-not-verified",
                438,
                21,
                "The signature of the call does not prove its caller, and such calls are refused: see the trace.",
            ),
            Self::MediaTimeout => (
                "media-timeout",
                408,
                102,
                "No audio came from either side for as long as the trunk allows, so the call was ended: see what each side's media says.",
            ),
            Self::MediaLost => (
                "media-lost",
                503,
                41,
                "What carried the audio of the call failed and was replaced, so the call was ended: call again.",
            ),
        }
    }

    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.row().0
    }

    /// The SIP status with which we refuse for this cause.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// The Q.850 cause in our Reason header.
    #[must_use]
    pub const fn q850(self) -> u8 {
        self.row().2
    }

    /// One sentence for people, with the remedy where there is one.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        self.row().3
    }

    /// The cause with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.word() == word)
    }

    /// What a final status of the far side means (RFC 3261 §21).
    #[must_use]
    pub const fn of_final_status(status: u16) -> Self {
        match status {
            408 => Self::Unreachable,
            404 | 410 | 604 => Self::NumberNotFound,
            480 => Self::NoAnswer,
            484 => Self::BadNumber,
            486 | 600 => Self::Busy,
            487 => Self::Cancelled,
            603 => Self::Declined,
            _ => Self::CalleeFailed,
        }
    }
}

/// Which way a call went, seen from the tenant that pays for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Towards a number or user of the tenant.
    Inbound,
    /// From an app, a phone or a trunk of the tenant.
    Outbound,
}

/// How a call ended, as the record says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// 0 for normal clearing, else the SIP status (`ParticipantEndReason`).
    pub code: u16,
    /// 560 + status for a final status of the far side on an outbound call, 540 + status on an inbound one, 510 +
    /// status for our own (`ParticipantEndSubCode`).
    pub sub_code: u32,
    /// The cause word.
    pub cause: Cause,
    /// One sentence for people.
    pub explanation: String,
}

impl Outcome {
    /// The outcome of a cause of our own, with what the trace knows beyond the standard sentence.
    #[must_use]
    pub fn ours(cause: Cause, detail: Option<&str>) -> Self {
        let code = if matches!(cause, Cause::NormalClearing) { 0 } else { cause.status() };
        let sub_code = if code == 0 { 560_000 } else { 510_000 + u32::from(code) };
        Self { code, sub_code, cause, explanation: detail.unwrap_or_else(|| cause.explanation()).to_owned() }
    }

    /// The same outcome of our own, answered with another SIP status than its cause's.
    #[must_use]
    pub fn answered_with(self, status: u16) -> Self {
        Self { code: status, sub_code: 510_000 + u32::from(status), ..self }
    }

    /// The outcome of a final status that the far side gave; 200 is normal clearing.
    #[must_use]
    pub fn theirs(direction: Direction, status: u16) -> Self {
        let base = match direction {
            Direction::Outbound => 560_000,
            Direction::Inbound => 540_000,
        };
        if status < 300 {
            let cause = Cause::NormalClearing;
            return Self { code: 0, sub_code: base, cause, explanation: cause.explanation().to_owned() };
        }
        let cause = Cause::of_final_status(status);
        let explanation =
            format!("{} (the far side said {status})", cause.explanation().trim_end_matches('.'));
        Self { code: status, sub_code: base + u32::from(status), cause, explanation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_word_is_unique_and_is_its_name_on_the_wire() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_word(cause.word()), Some(cause));
            assert_eq!(serde_json::to_value(cause).ok(), Some(serde_json::Value::from(cause.word())));
        }
    }

    #[test]
    fn a_final_status_of_the_far_side_keeps_its_number_in_the_sub_code() {
        assert_eq!(Outcome::theirs(Direction::Outbound, 486).sub_code, 560_486);
        assert_eq!(Outcome::theirs(Direction::Inbound, 603).cause, Cause::Declined);
        assert_eq!(Outcome::theirs(Direction::Outbound, 200).code, 0);
    }
}
