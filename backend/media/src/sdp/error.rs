//! What can be wrong with a description, each as one sentence that says what was met.

use super::CryptoError;
use std::net::IpAddr;
use thiserror::Error;

/// Why a description can't be read or served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SdpError {
    /// There is nothing in it.
    #[error("the session description is empty")]
    Empty,
    /// One of the limits of this module is passed.
    #[error("the session description has more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is taken.
        limit: usize,
    },
    /// A line can't be read; lines count from 1.
    #[error("line {line} of the session description is malformed")]
    Malformed {
        /// Which line.
        line: usize,
    },
    /// The stream that we would relay has no address.
    #[error("the session description names no address (c=) for its audio")]
    NoAddress,
    /// The address is a name, or multicast, or can't be read.
    #[error("the session description's address {0:?} is not the address of one host")]
    BadAddress(String),
    /// The address is of the family that the relay's own address is not.
    #[error(
        "the session description's address {theirs} can't be reached from the relay's {ours}: one is IPv4, one IPv6"
    )]
    AddressFamily {
        /// The address in the description.
        theirs: IpAddr,
        /// The relay's.
        ours: IpAddr,
    },
    /// No audio stream over RTP is left.
    #[error("the session description has no audio over RTP/AVP")]
    NoAudio,
    /// Audio is there, but only encrypted, and this side's is not to be.
    #[error(
        "the session description has audio only as {0}, and SRTP is not served on this side (media.srtp): use RTP/AVP"
    )]
    Secure(String),
    /// Audio is there, but only with keys by DTLS.
    #[error(
        "the session description has audio only as {0}, and keys by DTLS (a=fingerprint) are not served here: offer RTP/SAVP with a=crypto"
    )]
    Dtls(String),
    /// Encrypted audio, and no key in the description that can be used.
    #[error("the session description offers audio as {proto}, and {why}")]
    NoKey {
        /// The transport.
        proto: String,
        /// What is wrong with the first of its keys.
        why: CryptoError,
    },
    /// Plain audio where it must be encrypted.
    #[error(
        "the session description's audio is not encrypted, which this side requires (media.srtp), and {why}: use RTP/SAVP with a=crypto"
    )]
    NotEncrypted {
        /// What is wrong with the first of its keys.
        why: CryptoError,
    },
    /// Fax where media must be encrypted.
    #[error(
        "the session description has fax over UDPTL, which can't be encrypted as this side requires (media.srtp)"
    )]
    PlainFax,
    /// Codecs alone that may not be used.
    #[error(
        "none of the codecs of the session description ({offered}) may be used here: use one of {allowed} (signaling.media.codecs)"
    )]
    Unserved {
        /// What it has.
        offered: String,
        /// What is allowed.
        allowed: String,
    },
    /// An answer must repeat the encoding of at least one of the offer's formats.
    #[error("no codec of the offer is known here")]
    NoCodec,
}

/// Why a description does not fit the state of its session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NegotiationError {
    /// The description itself.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// An answer without an offer from the other side.
    #[error("an answer came, but the other side has made no offer")]
    NoOffer,
    /// The answer has more streams than the offer.
    #[error("the answer has {answered} media streams, the offer had {offered}")]
    Streams {
        /// How many the offer had.
        offered: usize,
        /// How many the answer has.
        answered: usize,
    },
}
