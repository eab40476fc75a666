//! Session keys from a master key (RFC 3711 §4.3, RFC 6188 §4): AES in counter mode over a label; the key derivation rate is 0.

use super::Master;
use aes::{
    Aes128, Aes256,
    cipher::{Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipherCore, consts::U16},
};
use ctr::{CtrCore, flavors::Ctr32BE};
use zeroize::Zeroizing;

/// What a session key is for; RTCP has labels of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Label {
    Encryption,
    Authentication,
    Salt,
}

/// Derives `N` bytes for RTP or RTCP.
pub(super) fn derive<const N: usize>(master: &Master, label: Label, is_rtcp: bool) -> Zeroizing<[u8; N]> {
    let label = match label {
        Label::Encryption => 0,
        Label::Authentication => 1,
        Label::Salt => 2,
    } + if is_rtcp { 3 } else { 0 };
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(&master.salt());
    iv[7] ^= label;
    let mut out = Zeroizing::new([0; N]);
    match master.key().len() {
        32 => {
            if let Ok(aes) = Aes256::new_from_slice(master.key()) {
                apply(&aes, iv, &mut out[..]);
            }
        }
        _ => {
            if let Ok(aes) = Aes128::new_from_slice(master.key()) {
                apply(&aes, iv, &mut out[..]);
            }
        }
    }
    out
}

/// Adds the key stream that begins at `iv` to the bytes. A packet is far shorter than the counter of 16 bits allows.
pub(super) fn apply<A: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>>(
    aes: &A,
    iv: [u8; 16],
    bytes: &mut [u8],
) {
    let stream: CtrCore<&A, Ctr32BE> = CtrCore::inner_iv_init(aes, &Array::from(iv));
    stream.apply_keystream_partial(bytes.into());
}
