//! The media relay: a pool of worker threads that moves RTP and RTCP between the two sides of each call.
//!
//! Ports are bound before the first call. Both sides of a call are on one worker; a packet passes without lock, allocation or log
//! line. Only packets from the address and port that a side's description names are relayed, or, where its
//! trunk allows that, from the one that was learned within narrow bounds; all others are counted and dropped.
//! `Handle` is the raw relay, `Bridge` the one that speaks session descriptions.
#![deny(unsafe_code)]

mod batch;
mod bridge;
mod config;
mod control;
mod counters;
mod crypto;
mod digits;
mod end;
mod handle;
mod learn;
mod pace;
mod play;
mod ports;
mod record;
mod reporter;
mod runner;
mod sample;
mod session;
mod stats;
mod tap;
mod transcode;
mod verdict;
mod watch;
mod worker;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

pub use bridge::{Bridge, BridgeError, BridgeStats, Kind};
pub use config::{Config, StartError};
pub use digits::{Conversion, Digit, KEYS_MAX, Listener};
pub use handle::{Handle, RelayError, SessionId};
pub use media::clip::Clip;
pub use media::sdp::{Direction, Encryption, Endpoint, Keying, Side};
pub use media::{codec::Coding, transcode::Voice};
pub use play::{PLAY_MAX, Playback};
pub use record::{Ending, RECORDINGS_MAX, Recorder, Recording, Sink};
pub use runner::{Runner, Running};
pub use stats::{DirectionStats, Reported, SessionStats};
pub use tap::{Heard, TAP_PACKETS_MAX, TAP_PAYLOAD_MAX, TAPS_MAX, Tapped};
pub use transcode::{EFFORT_MAX, Tones};
pub use verdict::Verdict;
pub use watch::{Loss, LossListener, Rules};

/// Binds the ports and prepares the workers; nothing is relayed before the runner is started.
///
/// A port that another program holds is skipped, with one warning for all of them.
///
/// # Errors
/// `StartError`, whose text is one line with its remedy.
pub fn new(config: Config) -> Result<(Handle, Runner), StartError> {
    let bound = ports::bind(&config)?;
    Ok(runner::assemble(config, bound)?)
}
