//! The extension `use_srtp` (RFC 5764 §4.1), and the keys of SRTP from what the DTLS connection exports (§4.2).

use crate::{
    sdp::Keying,
    srtp::{KEYING_MAX, Master, Suite},
};
use zeroize::Zeroizing;

/// What the keying material is exported under, without a context (RFC 5764 §4.2).
pub const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
/// Profiles of an extension that are looked at; of more the first ones count.
pub const USE_SRTP_PROFILES_MAX: usize = 16;
/// The most bytes that are exported: keys and salts of both sides.
pub const MATERIAL_MAX: usize = 2 * KEYING_MAX;

/// A protection profile, as the handshake names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `SRTP_AEAD_AES_256_GCM` (RFC 7714 §14.2).
    AeadAes256Gcm,
    /// `SRTP_AEAD_AES_128_GCM` (RFC 7714 §14.2).
    AeadAes128Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80` (RFC 5764 §4.1.2), which every implementation has.
    AesCm128Sha1Tag80,
    /// `SRTP_AES128_CM_HMAC_SHA1_32` (RFC 5764 §4.1.2).
    AesCm128Sha1Tag32,
}

impl Profile {
    /// All of them, the strongest first.
    pub const ALL: [Self; 4] =
        [Self::AeadAes256Gcm, Self::AeadAes128Gcm, Self::AesCm128Sha1Tag80, Self::AesCm128Sha1Tag32];

    /// Its number.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::AesCm128Sha1Tag80 => 0x0001,
            Self::AesCm128Sha1Tag32 => 0x0002,
            Self::AeadAes128Gcm => 0x0007,
            Self::AeadAes256Gcm => 0x0008,
        }
    }

    /// The profile of this number; `None` for those without encryption and those that nobody registered.
    #[must_use]
    pub fn of(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.id() == id)
    }

    /// How packets are protected under it.
    #[must_use]
    pub const fn suite(self) -> Suite {
        match self {
            Self::AeadAes256Gcm => Suite::AeadAes256Gcm,
            Self::AeadAes128Gcm => Suite::AeadAes128Gcm,
            Self::AesCm128Sha1Tag80 => Suite::AesCm128Sha1Tag80,
            Self::AesCm128Sha1Tag32 => Suite::AesCm128Sha1Tag32,
        }
    }

    /// The profile of this suite; AES-256 in counter mode has none.
    #[must_use]
    pub fn of_suite(suite: Suite) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.suite() == suite)
    }

    /// How many bytes are to be exported: keys and salts of both sides.
    #[must_use]
    pub const fn material_bytes(self) -> usize {
        2 * self.suite().keying_bytes()
    }

    /// The keys of the side that has this role, from what the connection exported: the client's key, the server's, the client's salt, the
    /// server's (RFC 5764 §4.2). Each side encrypts with its own. `None` where there are more or fewer bytes than the profile takes.
    #[must_use]
    pub fn keying(self, role: Role, material: &[u8]) -> Option<Keying> {
        let suite = self.suite();
        let (key, salt) = (suite.key_bytes(), suite.salt_bytes());
        if material.len() != self.material_bytes() {
            return None;
        }
        let (keys, salts) = material.split_at(2 * key);
        let master = |side: usize| {
            let mut keying = Zeroizing::new([0; KEYING_MAX]);
            keying[..key].copy_from_slice(&keys[side * key..][..key]);
            keying[key..key + salt].copy_from_slice(&salts[side * salt..][..salt]);
            Master::new(suite, &keying[..key + salt])
        };
        let (client, server) = (master(0)?, master(1)?);
        Some(match role {
            Role::Client => Keying { send: client, receive: server },
            Role::Server => Keying { send: server, receive: client },
        })
    }
}

/// Who a side is in the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It began.
    Client,
    /// It waited.
    Server,
}

/// What the extension `use_srtp` says: profiles in the order of the sender's wish, and an identifier of keys in each packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseSrtp<'a> {
    /// Those that we know, in its order.
    pub profiles: Vec<Profile>,
    /// The identifier; empty, as it is nearly always, for none.
    pub mki: &'a [u8],
}

impl<'a> UseSrtp<'a> {
    /// Reads the extension's data; `None` where a length is wrong. Profiles that we do not know are passed over.
    #[must_use]
    pub fn parse(data: &'a [u8]) -> Option<Self> {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (list, rest) =
            rest.split_at_checked(length).filter(|_| length >= 2 && length.is_multiple_of(2))?;
        let (&mki_bytes, mki) = rest.split_first()?;
        let ids = list.chunks_exact(2).take(USE_SRTP_PROFILES_MAX);
        let profiles = ids.filter_map(|id| Profile::of(u16::from_be_bytes([id[0], id[1]]))).collect();
        (mki.len() == usize::from(mki_bytes)).then_some(Self { profiles, mki })
    }

    /// The profile with which we answer: the strongest of ours that the other side has too. An answer names it alone, without an
    /// identifier, which we do not serve.
    #[must_use]
    pub fn choose(&self) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| self.profiles.contains(profile))
    }

    /// Appends the extension's data with these profiles and no identifier.
    pub fn write(profiles: &[Profile], out: &mut Vec<u8>) {
        let profiles = &profiles[..profiles.len().min(USE_SRTP_PROFILES_MAX)];
        out.extend_from_slice(&(2 * profiles.len() as u16).to_be_bytes());
        profiles.iter().for_each(|profile| out.extend_from_slice(&profile.id().to_be_bytes()));
        out.push(0);
    }
}
