//! What became of the audio of one direction, as a word and as one sentence with its remedy.

use std::{fmt, net::SocketAddr};

/// The judgement on what one side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Audio arrived and was relayed.
    Flowing,
    /// The two sides never agreed that this one sends.
    NotAgreed,
    /// Nothing came at all.
    NothingArrived {
        /// Where it should have come from.
        from: SocketAddr,
        /// Where it should have come to.
        at: SocketAddr,
    },
    /// Packets came, but from another address or port than the description names.
    WrongSource {
        /// Where it should have come from.
        expected: SocketAddr,
        /// Where the first of them came from.
        from: SocketAddr,
    },
    /// Packets came from the right place, but none with a valid SRTP tag.
    Unauthentic {
        /// Where they came from.
        from: SocketAddr,
    },
    /// The description names an address that can't be reached from the internet, and the relay is there.
    PrivateAddress {
        /// The address in the description.
        advertised: SocketAddr,
        /// Where packets did come from, if any came.
        from: Option<SocketAddr>,
    },
    /// Packets came and were passed on, but of another codec than was agreed on: the far end can't play them.
    WrongCodec {
        /// Their payload type.
        payload: u8,
        /// What was agreed on first.
        agreed: String,
    },
    /// Packets came and were passed on, but their length is none of the codec that they name.
    WrongLength {
        /// Their payload type.
        payload: u8,
        /// Their length without header, bytes.
        bytes: usize,
    },
    /// Packets came and were passed on, and there was no sound in any that was looked at.
    Silence {
        /// For how long they came, seconds.
        seconds: u64,
    },
}

/// A payload type by its number and, where RFC 3551 assigns one, its codec.
struct Named(u8);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match media::codec::by_fixed_payload(self.0) {
            Some(codec) => write!(f, "{} ({})", self.0, codec.name),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Verdict {
    /// The stable word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Flowing => "flowing",
            Self::NotAgreed => "not-agreed",
            Self::NothingArrived { .. } => "nothing-arrived",
            Self::WrongSource { .. } => "wrong-source",
            Self::Unauthentic { .. } => "srtp-failed",
            Self::PrivateAddress { .. } => "private-address",
            Self::WrongCodec { .. } | Self::WrongLength { .. } => "wrong-codec",
            Self::Silence { .. } => "silence",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flowing => write!(f, "Audio arrived and was passed on."),
            Self::NotAgreed => {
                write!(f, "No audio was due: the two sides did not agree that this one sends.")
            }
            Self::NothingArrived { from, at } => write!(
                f,
                "No audio arrived from {from}: check that the device sends, and that no firewall stands between it and UDP {at}."
            ),
            Self::WrongSource { expected, from } => write!(
                f,
                "Audio arrived from {from}, but the description names {expected}, so it was not passed on: \
                 have the device send from the address and port that it advertises."
            ),
            Self::Unauthentic { from } => write!(
                f,
                "Audio arrived from {from}, but no packet carried a valid SRTP tag, so none was passed on: \
                 have the device encrypt with the key and the suite of the a=crypto line in its own description."
            ),
            Self::PrivateAddress { advertised, from: Some(from) } => write!(
                f,
                "The description names the private address {advertised} while audio came from {from}: the device is behind NAT; \
                 set its public address there, and keep one port for sending and receiving."
            ),
            Self::PrivateAddress { advertised, from: None } => write!(
                f,
                "The description names {advertised}, a private address that can't be reached from here, and no audio arrived: \
                 set the device's public address, or a STUN server, in its settings."
            ),
            Self::WrongCodec { payload, agreed } => write!(
                f,
                "Audio arrived with payload type {}, but the two sides agreed on {agreed}, so the far end can't play it: \
                 have the device send only what the answer lists, or take the other codecs out of its settings.",
                Named(*payload)
            ),
            Self::WrongLength { payload, bytes } => write!(
                f,
                "Audio arrived as payload type {}, but its packets are {bytes} bytes long, which is no length of that codec: \
                 have the device send the codec that its payload type names.",
                Named(*payload)
            ),
            Self::Silence { seconds } => write!(
                f,
                "Audio arrived for {seconds} s and was passed on, but there was no sound in it: \
                 check the microphone, a mute key, and whether the device has permission to use the microphone."
            ),
        }
    }
}
