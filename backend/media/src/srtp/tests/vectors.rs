//! RFC 3711 appendix B.2 and B.3, RFC 6188 §7.1 and §7.2, RFC 7714 §16 and §17: each held against copies of them in the tests of other SRTP
//! implementations, of several hands, which are the same.

use crate::srtp::{
    Master, Suite,
    derive::{Label, apply, derive},
    packet::RTCP_CLEAR,
    seal::Keys,
};
use aes::{Aes128, Aes256, cipher::KeyInit};

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace([' ', '\n'], "")).unwrap()
}

fn stream(key: &str) -> Vec<u8> {
    let mut iv = [0; 16];
    iv.copy_from_slice(&bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000"));
    let mut out = vec![0; 0xff02 * 16];
    match bytes(key).len() {
        16 => apply(&Aes128::new_from_slice(&bytes(key)).unwrap(), iv, &mut out),
        _ => apply(&Aes256::new_from_slice(&bytes(key)).unwrap(), iv, &mut out),
    }
    out
}

#[test]
fn key_streams_are_those_of_rfc_3711_b_2_and_of_rfc_6188() {
    let out = stream("2b7e151628aed2a6abf7158809cf4f3c");
    let first =
        "e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab 41e95b3bb0a2e8dd477901e4fca894c0";
    assert_eq!(hex::encode(&out[..48]), first.replace(' ', ""));
    let last =
        "ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae 6a2cc3787889374fbeb4c81b17ba6c44";
    assert_eq!(hex::encode(&out[0xfeff * 16..0xff02 * 16]), last.replace(' ', ""));
    let out = stream("57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98");
    let first =
        "92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31";
    assert_eq!(hex::encode(&out[..48]), first.replace(' ', ""));
    let last =
        "cea518c90fd91ced9cbb18c078a54711 3dbc4814f4da5f00a08772b63c6a046d 6eb246913062a16891433e97dd01a57f";
    assert_eq!(hex::encode(&out[0xfeff * 16..0xff02 * 16]), last.replace(' ', ""));
}

#[test]
fn session_keys_are_those_of_rfc_3711_b_3_and_of_rfc_6188() {
    let short = bytes("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let short = Master::new(Suite::AesCm128Sha1Tag80, &short).unwrap();
    let (key, salt) =
        (derive::<16>(&short, Label::Encryption, false), derive::<14>(&short, Label::Salt, false));
    assert_eq!(hex::encode(&key[..]), "c61e7a93744f39ee10734afe3ff7a087");
    assert_eq!(hex::encode(&salt[..]), "30cbbc08863d8c85d49db34a9ae1");
    let auth = derive::<94>(&short, Label::Authentication, false);
    let expected = "cebe321f6ff7716b6fd4ab49af256a15 6d38baa48f0a0acf3c34e2359e6cdbce \
                    e049646c43d9327ad175578ef7227098 6371c10c9a369ac2f94a8c5fbcdddc25 \
                    6d6e919a48b610ef17c2041e47403576 6b68642c59bbfc2f34db60dbdfb2";
    assert_eq!(hex::encode(&auth[..]), expected.replace(' ', ""));
    let long = bytes(
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2",
    );
    let long = Master::new(Suite::AesCm256Sha1Tag80, &long).unwrap();
    let key = derive::<32>(&long, Label::Encryption, false);
    assert_eq!(hex::encode(&key[..]), "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
    assert_eq!(hex::encode(&derive::<14>(&long, Label::Salt, false)[..]), "fa31791685ca444a9e07c6c64e93");
    let auth = derive::<20>(&long, Label::Authentication, false);
    assert_eq!(hex::encode(&auth[..]), "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
}

const SALT: [u8; 12] = *b"Quid pro quo";
const RTP_CLEAR: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573";
const RTP_128: &str = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b \
                       36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce";
const RTP_256: &str = "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f \
                       1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13";
const RTCP_PLAIN: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef \
                          deadbeef deadbeef";
const RTCP_128: &str = "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 \
                        86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4";
const RTCP_256: &str = "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 \
                        c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4";

fn gcm(suite: Suite) -> Keys {
    let key: Vec<u8> = (0..suite.key_bytes() as u8).collect();
    Keys::of_session(suite, &key, SALT)
}

#[test]
fn srtp_under_gcm_is_that_of_rfc_7714_16() {
    for (suite, expected) in [(Suite::AeadAes128Gcm, RTP_128), (Suite::AeadAes256Gcm, RTP_256)] {
        let (keys, clear, expected) = (gcm(suite), bytes(RTP_CLEAR), bytes(expected));
        let mut packet = clear.clone();
        packet.resize(clear.len() + 16, 0);
        let place = (0x5501_a0b2, 0xf17b);
        assert_eq!(keys.protect_rtp(&mut packet, clear.len(), 12, place), Ok(clear.len() + 16));
        assert_eq!(hex::encode(&packet[..expected.len()]), hex::encode(&expected));
        assert_eq!(keys.unprotect_rtp(&mut packet, 12, place), Ok(clear.len()));
        assert_eq!(packet[..clear.len()], clear);
    }
}

#[test]
fn srtcp_under_gcm_is_that_of_rfc_7714_17() {
    for (suite, expected) in [(Suite::AeadAes128Gcm, RTCP_128), (Suite::AeadAes256Gcm, RTCP_256)] {
        let (keys, clear, expected) = (gcm(suite), bytes(RTCP_PLAIN), bytes(expected));
        let mut packet = clear.clone();
        packet.resize(expected.len(), 0);
        let source = 0x4d61_7273;
        assert_eq!(keys.protect_rtcp(&mut packet, clear.len(), source, 0x5d4), Ok(expected.len()));
        assert_eq!(hex::encode(&packet), hex::encode(&expected));
        let index = keys.rtcp_index(&packet).unwrap();
        assert_eq!(keys.unprotect_rtcp(&mut packet, source, index), Ok(clear.len()));
        assert_eq!(packet[..clear.len()], clear);
        assert!(clear.len() > RTCP_CLEAR);
    }
}
