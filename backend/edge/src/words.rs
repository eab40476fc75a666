//! The refusals that the edge gives by itself, in the cause words of the business, which are one list for the house.

use crate::seam::Refusal;
use crate::stateless::Refused;
use std::borrow::Cow;
use std::time::Duration;

/// No phone of the user is registered.
pub(crate) const NOT_REGISTERED: (u16, u8, &str) = (480, 20, "not-registered");
/// No address is known for the callee's hosts.
pub(crate) const UNREACHABLE: (u16, u8, &str) = (408, 102, "unreachable");
/// No port for media is free, or the session is gone.
pub(crate) const NO_MEDIA: (u16, u8, &str) = (503, 47, "media-unavailable");
/// The SDP cannot be relayed (RFC 3261 §13.3.1.3 says 488).
pub(crate) const BAD_MEDIA: (u16, u8, &str) = (488, 47, "media-unavailable");
/// No media at all came for as long as a trunk allows.
pub(crate) const MEDIA_TIMEOUT: (u16, u8, &str) = (408, 102, "media-timeout");
/// What moved the media of the call has died.
pub(crate) const MEDIA_LOST: (u16, u8, &str) = (503, 41, "media-lost");
/// Overload, or no decision in time.
pub(crate) const UNAVAILABLE: (u16, u8, &str) = (503, 41, "platform-unavailable");
/// Who refers is nobody that may call.
pub(crate) const NOT_ELIGIBLE: (u16, u8, &str) = (403, 21, "not-eligible");
/// Stopped or draining.
pub(crate) const STOPPED: (u16, u8, &str) = (503, 41, "platform-stopped");

/// A refusal from one of the words above.
pub(crate) const fn refusal((status, q850, cause): (u16, u8, &'static str)) -> Refusal {
    Refusal { status, q850, cause: Cow::Borrowed(cause), retry_after: None }
}

/// As the engine wants it.
pub(crate) fn to_engine(refusal: &Refusal) -> sip::b2bua::Refusal {
    let retry_after = refusal.retry_after;
    sip::b2bua::Refusal {
        retry_after,
        ..sip::b2bua::Refusal::new(refusal.status, refusal.q850, refusal.cause.clone())
    }
}

/// A refusal, after something was heard for so long.
pub(crate) fn refused_after(refusal: &Refusal, announced: Option<Duration>) -> sip::b2bua::Verdict {
    let refusal = to_engine(refusal);
    match announced {
        None => sip::b2bua::Verdict::Refuse(refusal),
        Some(lasts) => sip::b2bua::Verdict::Announce { refusal, lasts },
    }
}

/// As the engine gives it back.
pub(crate) fn from_engine(refusal: sip::b2bua::Refusal) -> Refusal {
    let sip::b2bua::Refusal { status, q850, cause, retry_after, .. } = refusal;
    Refusal { status, q850, cause, retry_after }
}

/// A refusal as an answer that leaves nothing behind.
pub(crate) fn refused(refusal: &Refusal) -> Refused<'static> {
    let reason = format!("Q.850;cause={};text=\"{}\"", refusal.q850, refusal.cause);
    let refused = Refused::new(refusal.status).with("Reason", reason);
    match refusal.retry_after {
        Some(seconds) => refused.with("Retry-After", seconds.to_string()),
        None => refused,
    }
}

/// No place for a new call at this moment.
pub(crate) fn overloaded(retry_after_seconds: u32) -> Refused<'static> {
    refused(&Refusal { retry_after: Some(retry_after_seconds), ..refusal(UNAVAILABLE) })
}
