//! Media words and rules, pure: session descriptions with offer/answer state, RTP and RTCP packets, codecs, digits and tones.
//!
//! Floor 0: nothing here opens a socket, reads a clock or waits. Bytes and times come in as arguments.
#![forbid(unsafe_code)]

pub mod clip;
pub mod codec;
pub mod comfort;
pub mod dtls;
pub mod dtmf;
pub mod emodel;
pub mod g711;
pub mod hearing;
pub mod inband;
pub mod quality;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod srtp;
pub mod tone;
pub mod tones;
pub mod transcode;
pub mod wav;
