//! How one leg of a call is treated: trust, timers, reliability and which headers may reach it.

use std::sync::Arc;
use std::time::Duration;

use crate::Transport;
use crate::transaction::Peer;

use super::DATAGRAM_MAX;

/// The session interval that we ask for when nothing else is said (RFC 4028 §4 recommends it).
pub const SESSION_EXPIRES: Duration = Duration::from_secs(1800);
/// The smallest session interval that we take when nothing else is said, and the smallest allowed (RFC 4028 §5).
pub const SESSION_MIN: Duration = Duration::from_secs(90);

/// How a leg is treated. The default suits a carrier's or a tenant's trunk that is not trusted with identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LegPolicy {
    /// Whether the far side is in our trust domain (RFC 3325 §2.4): its asserted identity is believed and passed,
    /// and identities of others are told to it even when they ask for privacy.
    pub is_trusted: bool,
    /// In which header the leg is told who diverted the call.
    pub diversion: DiversionForm,
    /// Which application headers (X-…, User-to-User) cross towards this leg.
    pub extensions: Extensions,
    /// The session timer on this leg.
    pub session: SessionTimer,
    /// Reliable provisional responses on this leg.
    pub reliability: Reliability,
    /// What becomes of this callee's early media.
    pub early_media: EarlyMedia,
    /// What a REFER on this leg does.
    pub transfer: Transfer,
    /// What a 3xx of this callee does.
    pub redirect: Redirect,
    /// What an INVITE without an offer does, said of the caller's leg.
    pub offer: OfferPolicy,
    /// How this leg does its digits.
    pub digits: DigitForm,
    /// Whether this leg's media is encrypted.
    pub encryption: Encryption,
    /// What else holds for this leg's media.
    pub media: MediaRules,
    /// Whether a request of more than [`DATAGRAM_MAX`] bytes goes over TCP where the leg is one of UDP
    /// (RFC 3261 §18.1.1); over UDP all the same where TCP does not get there.
    pub large_over_tcp: bool,
}

impl LegPolicy {
    /// Where a request of so many bytes goes in place of this peer: over TCP, where it is too large for a datagram.
    pub(super) fn grown(&self, peer: Peer, bytes: usize) -> Option<Peer> {
        let grows = bytes > DATAGRAM_MAX && self.large_over_tcp && peer.transport == Transport::Udp;
        grows.then(|| Peer::new(peer.addr, Transport::Tcp))
    }
}

/// What holds for a leg's media beside its encryption; the driver sees to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaRules {
    /// Whether another source than the described one may be learned (symmetric RTP, RFC 4961).
    pub learning: bool,
    /// How long the first packet may take after the answer; `None` for ever.
    pub initial_timeout: Option<Duration>,
    /// How long the call may be without any media after that, but on hold; `None` for ever.
    pub timeout: Option<Duration>,
    /// Whether its digits are tones in its audio, where they are telephone-events on the other leg.
    pub tones: bool,
    /// The encoding names of the codecs that the leg may use and is offered, most wanted first; without any, those of the other leg.
    pub codecs: [Option<&'static str>; CODECS_MAX],
}

/// The codecs that a leg's list may have.
pub const CODECS_MAX: usize = 5;

/// Whether the media of a leg is encrypted. The keys travel in its descriptions (RFC 4568).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Never.
    Off,
    /// Where the far side offers it.
    #[default]
    Accepted,
    /// Where the far side can; it is offered where signalling is encrypted itself, for the keys are in it.
    Offered,
    /// Always; a far side that does not is refused.
    Required,
}

impl Encryption {
    /// What holds where signalling goes over this transport.
    #[must_use]
    pub const fn over(self, transport: Transport) -> Self {
        match (self, transport) {
            (Self::Offered, Transport::Udp | Transport::Tcp | Transport::Ws | Transport::Wss) => {
                Self::Accepted
            }
            _ => self,
        }
    }

    /// Whether we put keys of ours into what the leg is offered first.
    pub(super) const fn offers(self) -> bool {
        matches!(self, Self::Offered | Self::Required)
    }
}

/// How a leg does the digits that are pressed in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DigitForm {
    /// In its media, as telephone-events (RFC 4733) or tones; an INFO crosses as it is.
    #[default]
    Rtp,
    /// As INFO (`application/dtmf-relay`): converted from and to the telephone-events of a leg that has those.
    Info,
}

/// Diversion (RFC 5806) and History-Info (RFC 7044) say the same in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiversionForm {
    /// Diversion crosses as it came; History-Info stays.
    #[default]
    AsReceived,
    /// As Diversion, made from History-Info where that came.
    Diversion,
    /// As History-Info, made from Diversion where that came.
    HistoryInfo,
    /// Not at all.
    Hidden,
}

/// Which application headers cross.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Extensions {
    /// Every X- header and User-to-User (RFC 7433).
    #[default]
    All,
    /// Every X- header, without User-to-User.
    Private,
    /// None.
    None,
    /// Those with these names, in any case.
    Only(Arc<[Box<str>]>),
}

impl Extensions {
    /// Whether an application header of this name crosses.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Private => name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-")),
            Self::None => false,
            Self::Only(names) => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        }
    }
}

/// The session timer of one leg (RFC 4028), whatever runs on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    /// Whether we ask for a timer by ourselves; one that the far side asks for is kept in any case.
    pub is_offered: bool,
    /// The interval that we ask for, at least [`SessionTimer::min`].
    pub expires: Duration,
    /// The smallest interval that we take, at least 90 seconds; less gets 422.
    pub min: Duration,
}

impl Default for SessionTimer {
    fn default() -> Self {
        Self { is_offered: true, expires: SESSION_EXPIRES, min: SESSION_MIN }
    }
}

/// Reliable provisional responses (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliability {
    /// A caller that requires them gets them. A callee is told that we support them, and may send them.
    #[default]
    Supported,
    /// A caller that supports them gets them, too.
    Preferred,
    /// A caller that requires them is refused with 420, and a callee is not told that we support them.
    Off,
}

/// What becomes of a callee's early media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyMedia {
    /// It reaches the caller; of several callees that of the first.
    #[default]
    Pass,
    /// The caller hears that it rings: 183 becomes 180, without a description.
    Ringing,
}

/// What a REFER does (RFC 3515).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transfer {
    /// We transfer: the driver decides the target, and the far side of the call stays with us.
    #[default]
    Local,
    /// It goes to the far side of the call, which transfers by itself.
    Pass,
    /// It is refused with 403.
    Refuse,
}

/// What a 3xx of a callee does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirect {
    /// It counts as a failure, and the caller hears 480 instead: who pays for the new target is not the callee's to say.
    #[default]
    Refuse,
    /// It is followed once, where its Contact names the host that sent it.
    SameHost,
}

/// What becomes of an INVITE without an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OfferPolicy {
    /// The callee is asked for one (delayed offer, RFC 3261 §13.2.1).
    #[default]
    Delayed,
    /// It is refused with 488.
    Required,
}
