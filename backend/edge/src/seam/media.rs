//! The seam to the media relay.

use super::{Encryption, MediaRules, Side};
use bytes::Bytes;
use std::{any::Any, fmt, sync::Arc, time::Duration};

/// A media session.
pub type MediaId = u64;

/// Whether an SDP asks or answers (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpKind {
    /// An offer.
    Offer,
    /// An answer.
    Answer,
}

/// Why media could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// All ports are in use.
    #[error("no media port is free: widen media.ports or end calls")]
    NoPorts,
    /// The SDP cannot be relayed.
    #[error("the SDP cannot be relayed: {0}")]
    BadSdp(String),
    /// The session cannot be recorded.
    #[error("the call cannot be recorded: {0}")]
    NotRecorded(String),
    /// The session is gone.
    #[error("the media session is gone")]
    Gone,
}

/// Counters of one direction: what one side's peer sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectionStats {
    /// Packets relayed.
    pub packets: u64,
    /// Payload bytes relayed.
    pub bytes: u64,
    /// Packets missing by sequence number.
    pub lost: u64,
    /// Packets from other sources, dropped.
    pub foreign: u64,
    /// Packets without a valid SRTP tag, or that were there before, where this side's media is encrypted; dropped.
    pub unauthentic: u64,
    /// Whether this side's media is encrypted.
    pub is_encrypted: bool,
    /// Interarrival jitter, microseconds.
    pub jitter_us: u32,
    /// Its mean, what 95 of 100 samples do not pass, and its most; microseconds.
    pub jitter_mean_us: u32,
    /// See there.
    pub jitter_p95_us: u32,
    /// See there.
    pub jitter_max_us: u32,
    /// Packets of a codec that was not agreed on.
    pub wrong_codec: u64,
    /// To this side's peer and back, the mean and the most, microseconds, where its reports tell.
    pub round_trip_us: Option<u32>,
    /// See there.
    pub round_trip_max_us: Option<u32>,
    /// The opinion score of what came, in hundredths (ITU-T G.107), where its codec has values.
    pub mos: Option<u16>,
    /// What the peer says of what it hears, where it reports.
    pub reported: Option<Reported>,
    /// The codec first in the side's last SDP.
    pub codec: String,
    /// The verdict word of this direction: `flowing`, `nothing-arrived`, `wrong-source`, `srtp-failed`, `private-address`,
    /// `wrong-codec`, `silence`, `not-agreed`.
    pub verdict: String,
    /// The verdict as a sentence with its remedy.
    pub explanation: String,
    /// When the first packet was relayed, counted from the opening of the session.
    pub first_after: Option<Duration>,
}

/// What a peer says of the stream that it hears (RTCP).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reported {
    /// Packets that it misses.
    pub lost: u64,
    /// Of so many.
    pub of: u64,
    /// Interarrival jitter there, microseconds.
    pub jitter_us: u32,
    /// The opinion score that follows from it, in hundredths.
    pub mos: Option<u16>,
    /// The score that the peer gives itself (RFC 3611), in hundredths.
    pub said_mos: Option<u16>,
}

/// Counters of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaStats {
    /// From side A.
    pub from_a: DirectionStats,
    /// From side B.
    pub from_b: DirectionStats,
}

/// A key and how long it is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub key: char,
    /// Milliseconds.
    pub millis: u16,
}

/// Whom the keys are said to that a side presses in its media. Called on the relay's thread: it must not block.
pub type DigitListener = Arc<dyn Fn(Digit) + Send + Sync>;

/// Why a call has no media any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaLoss {
    /// Nothing came from either side since the answer, for as long as a leg allows.
    NeverBegan,
    /// Nothing came from either side for as long as a leg allows, after something had come.
    Ceased,
    /// The thread that moved its packets has died.
    WorkerDied,
}

/// Whom the loss of a call's media is told, once. Called on the relay's thread: it must not block.
pub type LossListener = Arc<dyn Fn(MediaLoss) + Send + Sync>;

/// Audio that the media relay plays. Opaque here, as descriptions are; who makes it knows who plays it.
#[derive(Clone)]
pub struct Prompt {
    /// The audio.
    pub audio: Arc<dyn Any + Send + Sync>,
    /// For how long it is heard; longer than the audio repeats it.
    pub lasts: Duration,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({:?})", self.lasts)
    }
}

/// A recording that goes on. Dropping it changes nothing.
pub trait Tape: fmt::Debug + Send + Sync {
    /// What is said from now on is silence, or is heard again.
    fn pause(&self, is_paused: bool);
    /// Ends it; who takes it hears so in a moment.
    fn stop(&self);
}

/// The media relay. Every method is quick and may be called from a shard.
pub trait MediaPool: Send + Sync + 'static {
    /// Takes ports for both sides of a call.
    ///
    /// # Errors
    /// [`MediaError::NoPorts`].
    fn open(&self) -> Result<MediaId, MediaError>;
    /// Takes what `from`'s peer said, and gives what the other side's peer is told.
    ///
    /// # Errors
    /// [`MediaError`].
    fn update(&self, id: MediaId, from: Side, kind: SdpKind, sdp: &[u8]) -> Result<Bytes, MediaError>;
    /// Says whether the media of each side, A and B, is encrypted, from the next description on. Until it is said, it is where
    /// they offer it.
    fn encrypt(&self, id: MediaId, sides: [Encryption; 2]) {
        let _ = (id, sides);
    }
    /// Says what else holds for the media of each side, A and B, and who hears of its loss.
    fn govern(&self, id: MediaId, sides: [MediaRules; 2], listener: LossListener) {
        let _ = (id, sides, listener);
    }
    /// Says which side does its digits as INFO while the other one has telephone-events (RFC 4733), which are then taken out
    /// of its stream and said; `None` where both do them alike. It counts from the next description on.
    fn convert(&self, id: MediaId, info: Option<(Side, DigitListener)>) {
        let _ = (id, info);
    }
    /// Presses a key towards the side that has telephone-events; `false` where it has agreed to none.
    fn press(&self, id: MediaId, digit: Digit) -> bool {
        let _ = (id, digit);
        false
    }
    /// Answers an offer of side A in place of a callee who will never be there, so that something can be played to it.
    ///
    /// # Errors
    /// [`MediaError`], also where ports are so scarce that calls go first.
    fn announce(&self, id: MediaId, offer: &[u8]) -> Result<Bytes, MediaError> {
        let _ = (id, offer);
        Err(MediaError::NoPorts)
    }
    /// Plays something to a side for so long, in place of what the other one says; `false` where it can't be.
    fn play(&self, id: MediaId, to: Side, prompt: &Prompt, lasts: Duration) -> bool {
        let _ = (id, to, prompt, lasts);
        false
    }
    /// Plays nothing to a side any more.
    fn hush(&self, id: MediaId, to: Side) {
        let _ = (id, to);
    }
    /// Records what both sides say from now on, until the session ends or the tape is stopped. Into what is opaque here, as
    /// prompts are; who makes it knows who takes it.
    ///
    /// # Errors
    /// [`MediaError::Gone`], [`MediaError::NotRecorded`].
    fn record(&self, id: MediaId, into: Box<dyn Any + Send>) -> Result<Arc<dyn Tape>, MediaError> {
        let _ = (id, into);
        Err(MediaError::NotRecorded("nothing is recorded here".to_owned()))
    }
    /// The call is answered.
    fn join(&self, id: MediaId);
    /// The counters so far.
    fn stats(&self, id: MediaId) -> Option<MediaStats>;
    /// Ends the session; its ports rest.
    fn close(&self, id: MediaId) -> Option<MediaStats>;
}
