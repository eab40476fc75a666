//! The ciphers and tags under session keys: one for RTP, one for RTCP of each direction.

use super::{
    Master, SrtpError, Suite,
    derive::{Label, apply, derive},
    packet::{ENCRYPTED, RTCP_CLEAR},
    window::cycle_of,
};
use aes::{
    Aes128Enc, Aes256Enc,
    cipher::consts::{U12, U16},
};
use aes_gcm::{AeadInOut, AesGcm};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::fmt;
use subtle::ConstantTimeEq;

/// Bytes of the word that carries the index of an SRTCP packet.
const INDEX_BYTES: usize = 4;
const GCM_TAG: usize = 16;

/// The session keys of one direction. What an RTP packet takes lies in one place, and as small as may be: with a thousand calls it is
/// cold whenever a packet comes. Both ciphers only ever encrypt, so that round keys for decrypting are not there; what a report
/// takes lies elsewhere.
pub(super) struct Keys {
    suite: Suite,
    rtp: Seal,
    rtcp: Box<Seal>,
}

/// A cipher, a tag and a salt, keyed beforehand.
struct Seal {
    salt: [u8; 14],
    cipher: Cipher,
}

enum Cipher {
    Cm128(Aes128Enc, Hmac<Sha1>),
    Cm256(Aes256Enc, Hmac<Sha1>),
    Gcm128(AesGcm<Aes128Enc, U12>),
    Gcm256(AesGcm<Aes256Enc, U12>),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.suite.name())
    }
}

impl Keys {
    pub(super) fn new(master: &Master) -> Self {
        let suite = master.suite();
        Self { suite, rtp: Seal::new(master, false), rtcp: Box::new(Seal::new(master, true)) }
    }

    /// Whether these are the keys of the same master: their salts are drawn from it.
    pub(super) fn are_like(&self, other: &Self) -> bool {
        self.suite == other.suite && self.rtp.salt == other.rtp.salt && self.rtcp.salt == other.rtcp.salt
    }

    pub(super) const fn rtp_tag_bytes(&self) -> usize {
        self.suite.rtp_tag_bytes()
    }

    pub(super) const fn rtcp_tag_bytes(&self) -> usize {
        self.suite.rtcp_tag_bytes()
    }

    /// Encrypts the packet in `buffer[..length]` and puts its tag after it; how long it is then.
    pub(super) fn protect_rtp(
        &self,
        buffer: &mut [u8],
        length: usize,
        head: usize,
        (source, index): (u32, u64),
    ) -> Result<usize, SrtpError> {
        let end = length + self.rtp_tag_bytes();
        let whole = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        let (packet, tag) = whole.split_at_mut(length);
        let iv = self.rtp.iv(source, index);
        let (clear, secret) = packet.split_at_mut(head);
        match &self.rtp.cipher {
            Cipher::Cm128(aes, _) => apply(aes, iv, secret),
            Cipher::Cm256(aes, _) => apply(aes, iv, secret),
            Cipher::Gcm128(gcm) => return encrypt(gcm, iv, clear, secret, tag).map(|()| end),
            Cipher::Gcm256(gcm) => return encrypt(gcm, iv, clear, secret, tag).map(|()| end),
        }
        self.rtp.sign(&[packet, &cycle_of(index).to_be_bytes()], tag);
        Ok(end)
    }

    /// Checks the tag at the end of an RTP packet and decrypts it in place; how long it is without.
    pub(super) fn unprotect_rtp(
        &self,
        packet: &mut [u8],
        head: usize,
        (source, index): (u32, u64),
    ) -> Result<usize, SrtpError> {
        let end = packet.len().checked_sub(self.rtp_tag_bytes()).filter(|end| *end >= head);
        let (packet, tag) = packet.split_at_mut(end.ok_or(SrtpError::Malformed)?);
        let end = packet.len();
        let iv = self.rtp.iv(source, index);
        if let Cipher::Cm128(..) | Cipher::Cm256(..) = &self.rtp.cipher {
            self.rtp.verify(&[packet, &cycle_of(index).to_be_bytes()], tag)?;
        }
        let (clear, secret) = packet.split_at_mut(head);
        match &self.rtp.cipher {
            Cipher::Cm128(aes, _) => apply(aes, iv, secret),
            Cipher::Cm256(aes, _) => apply(aes, iv, secret),
            Cipher::Gcm128(gcm) => decrypt(gcm, iv, clear, secret, tag)?,
            Cipher::Gcm256(gcm) => decrypt(gcm, iv, clear, secret, tag)?,
        }
        Ok(end)
    }

    /// Encrypts the RTCP packet in `buffer[..length]` and puts tag and index after it; how long it is then.
    pub(super) fn protect_rtcp(
        &self,
        buffer: &mut [u8],
        length: usize,
        source: u32,
        index: u32,
    ) -> Result<usize, SrtpError> {
        let tag_bytes = self.rtcp_tag_bytes();
        let end = length + INDEX_BYTES + tag_bytes;
        let whole = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        let (packet, trailer) = whole.split_at_mut(length);
        let iv = self.rtcp.iv(source, u64::from(index));
        let word = (ENCRYPTED | index).to_be_bytes();
        let (clear, secret) = packet.split_at_mut(RTCP_CLEAR);
        match &self.rtcp.cipher {
            Cipher::Cm128(aes, _) => apply(aes, iv, secret),
            Cipher::Cm256(aes, _) => apply(aes, iv, secret),
            Cipher::Gcm128(gcm) => {
                encrypt(gcm, iv, &rtcp_data(clear, word), secret, &mut trailer[..tag_bytes])?;
            }
            Cipher::Gcm256(gcm) => {
                encrypt(gcm, iv, &rtcp_data(clear, word), secret, &mut trailer[..tag_bytes])?;
            }
        }
        if self.suite.is_aead() {
            trailer[tag_bytes..].copy_from_slice(&word);
        } else {
            let (place, tag) = trailer.split_at_mut(INDEX_BYTES);
            place.copy_from_slice(&word);
            self.rtcp.sign(&[packet, &word], tag);
        }
        Ok(end)
    }

    /// The index of an SRTCP packet, as it says and before anything is verified.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        let after = if self.suite.is_aead() { 0 } else { self.rtcp_tag_bytes() };
        let least = RTCP_CLEAR + self.rtcp_tag_bytes() + INDEX_BYTES;
        let word = packet.len().checked_sub(after + INDEX_BYTES).filter(|_| packet.len() >= least);
        let word = word.and_then(|at| packet[at..].first_chunk()).ok_or(SrtpError::Malformed)?;
        Ok(u32::from_be_bytes(*word))
    }

    /// Checks the tag of an SRTCP packet and decrypts it in place, where it is encrypted; how long it is without tag and index.
    pub(super) fn unprotect_rtcp(
        &self,
        packet: &mut [u8],
        source: u32,
        index: u32,
    ) -> Result<usize, SrtpError> {
        let tag_bytes = self.rtcp_tag_bytes();
        let end = packet.len().checked_sub(INDEX_BYTES + tag_bytes).filter(|end| *end >= RTCP_CLEAR);
        let (packet, trailer) = packet.split_at_mut(end.ok_or(SrtpError::Malformed)?);
        let end = packet.len();
        let iv = self.rtcp.iv(source, u64::from(index & !ENCRYPTED));
        let word = index.to_be_bytes();
        let is_encrypted = index & ENCRYPTED != 0;
        let (tag, after) = trailer.split_at(if self.suite.is_aead() { tag_bytes } else { INDEX_BYTES });
        if let Cipher::Cm128(..) | Cipher::Cm256(..) = &self.rtcp.cipher {
            self.rtcp.verify(&[packet, &word], after)?;
        }
        let (clear, secret) = packet.split_at_mut(RTCP_CLEAR);
        match &self.rtcp.cipher {
            Cipher::Cm128(aes, _) if is_encrypted => apply(aes, iv, secret),
            Cipher::Cm256(aes, _) if is_encrypted => apply(aes, iv, secret),
            Cipher::Cm128(..) | Cipher::Cm256(..) => {}
            // A packet that is only signed would have to be copied to be read by this cipher, and nobody who chose it sends one.
            _ if !is_encrypted => return Err(SrtpError::Forged),
            Cipher::Gcm128(gcm) => decrypt(gcm, iv, &rtcp_data(clear, word), secret, tag)?,
            Cipher::Gcm256(gcm) => decrypt(gcm, iv, &rtcp_data(clear, word), secret, tag)?,
        }
        Ok(end)
    }
}

#[cfg(test)]
impl Keys {
    /// Keys as the vectors of RFC 7714 give them: those of the session, for RTP and RTCP alike.
    pub(super) fn of_session(suite: Suite, key: &[u8], salt: [u8; 12]) -> Self {
        let mut long = [0; 14];
        long[..12].copy_from_slice(&salt);
        let seal = || {
            let cipher = match AesGcm::new_from_slice(key) {
                Ok(gcm) => Cipher::Gcm128(gcm),
                Err(_) => Cipher::Gcm256(AesGcm::new_from_slice(key).expect("16 or 32 bytes")),
            };
            Seal { salt: long, cipher }
        };
        Self { suite, rtp: seal(), rtcp: Box::new(seal()) }
    }
}

impl Seal {
    fn new(master: &Master, is_rtcp: bool) -> Self {
        let salt = *derive::<14>(master, Label::Salt, is_rtcp);
        let mac = || {
            let key = derive::<20>(master, Label::Authentication, is_rtcp);
            // The tag of a key of 20 bytes, which HMAC takes as it takes any length.
            Hmac::<Sha1>::new_from_slice(&key[..]).unwrap_or_else(|_| Hmac::new(&Default::default()))
        };
        let (short, long) = (
            || derive::<16>(master, Label::Encryption, is_rtcp),
            || derive::<32>(master, Label::Encryption, is_rtcp),
        );
        let cipher = match master.suite() {
            Suite::AesCm128Sha1Tag80 | Suite::AesCm128Sha1Tag32 => {
                Cipher::Cm128(Aes128Enc::new(&(*short()).into()), mac())
            }
            Suite::AesCm256Sha1Tag80 | Suite::AesCm256Sha1Tag32 => {
                Cipher::Cm256(Aes256Enc::new(&(*long()).into()), mac())
            }
            Suite::AeadAes128Gcm => Cipher::Gcm128(AesGcm::new(&(*short()).into())),
            Suite::AeadAes256Gcm => Cipher::Gcm256(AesGcm::new(&(*long()).into())),
        };
        Self { salt, cipher }
    }

    /// The initial counter block (RFC 3711 §4.1.1); the first 12 bytes of that of a GCM are its nonce (RFC 7714 §8.1).
    fn iv(&self, source: u32, index: u64) -> [u8; 16] {
        let is_counter = matches!(self.cipher, Cipher::Cm128(..) | Cipher::Cm256(..));
        let at = if is_counter { 4 } else { 2 };
        let mut iv = [0; 16];
        iv[at..at + 4].copy_from_slice(&source.to_be_bytes());
        iv[at + 4..at + 10].copy_from_slice(&index.to_be_bytes()[2..]);
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        iv
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 20] {
        let (Cipher::Cm128(_, mac) | Cipher::Cm256(_, mac)) = &self.cipher else { return [0; 20] };
        let mut mac = mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    fn sign(&self, parts: &[&[u8]], tag: &mut [u8]) {
        tag.copy_from_slice(&self.digest(parts)[..tag.len()]);
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), SrtpError> {
        let is_right: bool = self.digest(parts)[..tag.len()].ct_eq(tag).into();
        if is_right { Ok(()) } else { Err(SrtpError::Forged) }
    }
}

/// What is signed beside the content of an SRTCP packet under a GCM (RFC 7714 §9.2).
fn rtcp_data(clear: &[u8], word: [u8; INDEX_BYTES]) -> [u8; RTCP_CLEAR + INDEX_BYTES] {
    let mut data = [0; RTCP_CLEAR + INDEX_BYTES];
    data[..RTCP_CLEAR].copy_from_slice(clear);
    data[RTCP_CLEAR..].copy_from_slice(&word);
    data
}

fn encrypt<G>(gcm: &G, iv: [u8; 16], clear: &[u8], secret: &mut [u8], tag: &mut [u8]) -> Result<(), SrtpError>
where
    G: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    let nonce = nonce(iv).into();
    let made = gcm.encrypt_inout_detached(&nonce, clear, secret.into()).map_err(|_| SrtpError::Malformed)?;
    tag.copy_from_slice(&made);
    Ok(())
}

fn decrypt<G>(gcm: &G, iv: [u8; 16], clear: &[u8], secret: &mut [u8], tag: &[u8]) -> Result<(), SrtpError>
where
    G: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    let tag: &[u8; GCM_TAG] = tag.first_chunk().ok_or(SrtpError::Malformed)?;
    let nonce = nonce(iv).into();
    gcm.decrypt_inout_detached(&nonce, clear, secret.into(), &(*tag).into()).map_err(|_| SrtpError::Forged)
}

fn nonce(iv: [u8; 16]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&iv[..12]);
    nonce
}

#[cfg(test)]
mod sizes {
    use super::*;
    use crate::srtp::{Receiver, Sender};

    /// A worker has all of it fetched ahead of each packet: the fewer lines of the cache that takes, the less a packet waits.
    #[test]
    fn what_a_packet_takes_lies_in_few_lines_of_the_cache() {
        assert!(size_of::<Seal>() <= 7 * 64, "{}", size_of::<Seal>());
        assert!(size_of::<Sender>() <= 9 * 64, "{}", size_of::<Sender>());
        assert!(size_of::<Receiver>() <= 10 * 64, "{}", size_of::<Receiver>());
    }
}
