//! Which audio section of a description is served, and whether it is encrypted: by what the side's policy allows.

use super::{Crypto, Encryption, Keying, Kind, Media, Sdp, SdpError};
use crate::srtp::{Master, Suite};

/// What we offer, the strongest first and last what every implementation has.
const OFFERED: [Suite; 3] = [Suite::AeadAes256Gcm, Suite::AeadAes128Gcm, Suite::AesCm128Sha1Tag80];

/// The section that is served, and the key with which its writer encrypts.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) index: usize,
    pub(super) theirs: Option<Crypto>,
}

/// How a section is written for the side that reads it.
#[derive(Debug, Clone, Default)]
pub(super) struct Coat {
    /// Its transport; `None` is that of who wrote it, without encryption.
    pub(super) proto: Option<String>,
    /// Our keys.
    pub(super) lines: Vec<Crypto>,
    /// Whether RTCP goes over the port of RTP (RFC 5761).
    pub(super) rtcp_mux: bool,
}

/// What a transport says of encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    Plain,
    Secure,
    /// Keys by DTLS: not here.
    Dtls,
    Other,
}

impl Profile {
    pub(super) fn of(proto: &str) -> Self {
        let is = |known: &&str| proto.eq_ignore_ascii_case(known);
        match () {
            () if ["RTP/AVP", "RTP/AVPF"].iter().any(is) => Self::Plain,
            () if ["RTP/SAVP", "RTP/SAVPF"].iter().any(is) => Self::Secure,
            () if proto.to_ascii_uppercase().contains("SAVP") => Self::Dtls,
            () => Self::Other,
        }
    }
}

/// The transport with or without encryption that is otherwise like this one.
pub(super) fn proto_like(proto: &str, is_secure: bool) -> &'static str {
    match (is_secure, proto.ends_with(['F', 'f'])) {
        (false, false) => "RTP/AVP",
        (false, true) => "RTP/AVPF",
        (true, false) => "RTP/SAVP",
        (true, true) => "RTP/SAVPF",
    }
}

/// The first audio section that can be served; `None` where all streams are refused or over. `is_wanted` says of a key whether it may
/// be taken.
pub(super) fn choose(
    sdp: &Sdp<'_>,
    policy: Encryption,
    is_wanted: impl Fn(&Crypto) -> bool,
) -> Result<Option<Chosen>, SdpError> {
    let mut wrong = None;
    let open = |media: &Media<'_>| media.port != 0;
    for (index, media) in sdp.media.iter().enumerate().filter(|(_, media)| open(media)) {
        if media.kind != Kind::Audio {
            continue;
        }
        let profile = Profile::of(media.proto);
        let error = match (profile, policy) {
            (Profile::Plain, Encryption::Off) => return Ok(Some(Chosen { index, theirs: None })),
            (Profile::Plain | Profile::Secure, _) if policy != Encryption::Off => {
                match (profile, Crypto::first(media, &is_wanted)) {
                    (_, Ok(theirs)) => return Ok(Some(Chosen { index, theirs: Some(theirs) })),
                    (Profile::Secure, Err(why)) => SdpError::NoKey { proto: media.proto.to_owned(), why },
                    (_, Err(why)) if policy == Encryption::Required => SdpError::NotEncrypted { why },
                    (_, Err(_)) => return Ok(Some(Chosen { index, theirs: None })),
                }
            }
            (Profile::Dtls, _) => SdpError::Dtls(media.proto.to_owned()),
            (Profile::Other, _) => continue,
            _ => SdpError::Secure(media.proto.to_owned()),
        };
        wrong.get_or_insert(error);
    }
    // Fax in place of audio (T.38 over UDPTL) is passed on as it is.
    let fax = sdp.media.iter().position(|media| open(media) && media.is_fax());
    if let (None, Some(index)) = (&wrong, fax) {
        let is_refused = policy == Encryption::Required;
        return if is_refused { Err(SdpError::PlainFax) } else { Ok(Some(Chosen { index, theirs: None })) };
    }
    let is_over = !sdp.media.is_empty() && !sdp.media.iter().any(open);
    match wrong {
        None if is_over => Ok(None),
        wrong => Err(wrong.unwrap_or(SdpError::NoAudio)),
    }
}

/// How a section like this one is offered to a side. `in_force` are the keys that it already has, which stay.
pub(super) fn offer_to(
    policy: Encryption,
    in_force: Option<(&Keying, bool)>,
    proto: &str,
    random: &mut dyn FnMut(&mut [u8]),
) -> Coat {
    let (is_secure, lines) = match (policy, in_force) {
        (Encryption::Off, _) | (Encryption::Accepted, None) => (false, Vec::new()),
        (_, Some((keys, is_secure))) => (is_secure, vec![Crypto { tag: 1, master: keys.send.clone() }]),
        (Encryption::Offered | Encryption::Required, None) => {
            let lines = (1..).zip(OFFERED);
            let lines = lines.map(|(tag, suite)| Crypto { tag, master: Master::fresh(suite, random) });
            (policy == Encryption::Required, lines.collect())
        }
    };
    Coat { proto: Some(proto_like(proto, is_secure).to_owned()), lines, rtcp_mux: false }
}
