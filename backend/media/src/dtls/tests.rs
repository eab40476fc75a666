use super::*;
use crate::{
    rtp::Header,
    sdp::Sdp,
    srtp::{OVERHEAD_MAX, Receiver, Sender, Suite},
};
use proptest::prelude::*;

#[test]
fn the_first_byte_says_whose_a_packet_is_and_the_second_tells_reports_from_media() {
    use Arrival::{Dtls, Rtcp, Rtp, Stun, Turn, Zrtp};
    // RFC 7983 §7, with both ends of each range.
    let table = [
        (0..=3, Some(Stun)),
        (4..=15, None),
        (16..=19, Some(Zrtp)),
        (20..=63, Some(Dtls)),
        (64..=79, Some(Turn)),
        (80..=127, None),
        (128..=191, Some(Rtp)),
        (192..=255, None),
    ];
    for (range, arrival) in table {
        assert!(range.clone().all(|first| Arrival::of(&[first, 0]) == arrival), "{range:?}");
    }
    let reports: Vec<u8> = (0..=255).filter(|second| Arrival::of(&[0x80, *second]) == Some(Rtcp)).collect();
    assert_eq!(reports, (192..=223).collect::<Vec<u8>>(), "RFC 5761 §4");
    assert_eq!((Arrival::of(&[]), Arrival::of(&[0x80])), (None, Some(Rtp)));
}

#[test]
fn a_message_of_stun_has_its_cookie_and_its_length() {
    // The beginning of the sample request of RFC 5769 §2.1: its header, and the attribute SOFTWARE.
    let sample = "000100142112a442b7e7a701bc34d686fa87dfae80220010\
                  5354554e207465737420636c69656e74";
    let whole = hex::decode(sample.replace([' ', '\n'], "")).unwrap();
    assert_eq!((Arrival::of(&whole), Arrival::is_stun(&whole)), (Some(Arrival::Stun), true));
    for at in [0, 2, 3, 4, 7] {
        let mut broken = whole.clone();
        broken[at] ^= 0x81;
        assert!(!Arrival::is_stun(&broken), "byte {at}");
    }
    assert!(!Arrival::is_stun(&whole[..whole.len() - 4]) && !Arrival::is_stun(&whole[..7]));
}

#[test]
fn profiles_are_those_of_the_registry_and_lead_to_our_suites_and_back() {
    let known = [
        (0x0001, "AES_CM_128_HMAC_SHA1_80", 60),
        (0x0002, "AES_CM_128_HMAC_SHA1_32", 60),
        (0x0007, "AEAD_AES_128_GCM", 56),
        (0x0008, "AEAD_AES_256_GCM", 88),
    ];
    for (id, suite, bytes) in known {
        let profile = Profile::of(id).unwrap();
        assert_eq!((profile.id(), profile.suite().name(), profile.material_bytes()), (id, suite, bytes));
        assert_eq!(Profile::of_suite(profile.suite()), Some(profile));
        assert!(bytes <= MATERIAL_MAX);
    }
    assert_eq!((0..=u16::MAX).filter_map(Profile::of).count(), 4, "none without encryption, and no other");
    assert_eq!(Profile::of_suite(Suite::AesCm256Sha1Tag80), None);
}

#[test]
fn material_is_split_in_the_order_of_the_rfc_and_each_side_hears_the_other() {
    for profile in Profile::ALL {
        let suite = profile.suite();
        let (key, salt) = (suite.key_bytes(), suite.salt_bytes());
        let part = |mark: u8, length: usize| vec![mark; length];
        let material = [part(0xC1, key), part(0x51, key), part(0xC2, salt), part(0x52, salt)].concat();
        let client = profile.keying(Role::Client, &material).unwrap();
        let server = profile.keying(Role::Server, &material).unwrap();
        assert_eq!(client.send.keying(), [part(0xC1, key), part(0xC2, salt)].concat());
        assert_eq!(client.receive.keying(), [part(0x51, key), part(0x52, salt)].concat());
        assert_eq!((&client.send, &client.receive), (&server.receive, &server.send));
        assert!(profile.keying(Role::Client, &material[1..]).is_none());
        assert!(profile.keying(Role::Client, &[&material[..], &[0]].concat()).is_none());
        for (ours, theirs) in [(&client, &server), (&server, &client)] {
            let mut packet = Header { sequence: 7, ssrc: 9, ..Header::default() }.packet(b"heard");
            let clear = packet.clone();
            packet.resize(clear.len() + OVERHEAD_MAX, 0);
            let length = Sender::new(&ours.send).protect_rtp(&mut packet, clear.len()).unwrap();
            let length = Receiver::new(&theirs.receive).unprotect_rtp(&mut packet[..length]).unwrap();
            assert_eq!(packet[..length], clear);
        }
    }
}

#[test]
fn the_extension_is_read_with_its_lengths_and_answered_by_the_strongest() {
    // Chromium's list: AEAD_AES_256_GCM, AEAD_AES_128_GCM, the two of AES-CM; and one that nobody knows.
    let data = [0, 10, 0, 8, 0, 7, 0, 1, 0, 2, 0, 9, 0];
    let read = UseSrtp::parse(&data).unwrap();
    assert_eq!(
        (read.profiles.as_slice(), read.mki, read.choose()),
        (&Profile::ALL[..], &[][..], Some(Profile::AeadAes256Gcm))
    );
    let weak = UseSrtp::parse(&[0, 4, 0, 2, 0, 1, 2, 7, 7]).unwrap();
    assert_eq!((weak.choose(), weak.mki), (Some(Profile::AesCm128Sha1Tag80), &[7, 7][..]));
    assert_eq!(UseSrtp::parse(&[0, 2, 0, 5, 0]).unwrap().choose(), None, "nothing without encryption");
    for wrong in
        [&[][..], &[0], &[0, 0, 0], &[0, 3, 0, 1, 0, 0], &[0, 4, 0, 1, 0], &[0, 2, 0, 1], &[0, 2, 0, 1, 1]]
    {
        assert_eq!(UseSrtp::parse(wrong), None, "{wrong:?}");
    }
    let long: Vec<u8> = [0, 80].into_iter().chain((0..40).flat_map(|_| [0, 1])).chain([0]).collect();
    assert_eq!(UseSrtp::parse(&long).unwrap().profiles.len(), USE_SRTP_PROFILES_MAX);
    let mut written = Vec::new();
    UseSrtp::write(&[Profile::AesCm128Sha1Tag80], &mut written);
    assert_eq!(written, [0, 2, 0, 1, 0]);
}

#[test]
fn who_begins_follows_from_offer_and_answer() {
    use Setup::{ActPass, Active, HoldConn, Passive};
    let answers = [
        (Active, Passive, Passive),
        (Passive, Active, Active),
        (ActPass, Active, Passive),
        (HoldConn, HoldConn, HoldConn),
    ];
    for (offer, eager, waiting) in answers {
        assert_eq!((offer.answer(false), offer.answer(true)), (eager, waiting));
        assert!(eager.may_answer(offer) && waiting.may_answer(offer));
    }
    let roles: Vec<_> = Setup::ALL
        .into_iter()
        .flat_map(|offer| Setup::ALL.map(|answer| (offer, answer)))
        .filter_map(|(offer, answer)| Some((offer, answer, offer.role(answer)?)))
        .collect();
    let expected = [
        (Active, Passive, Role::Client),
        (Passive, Active, Role::Server),
        (ActPass, Active, Role::Server),
        (ActPass, Passive, Role::Client),
    ];
    assert_eq!(roles, expected);
    assert!(Setup::ALL.into_iter().all(|offer| !ActPass.may_answer(offer)), "an answer decides");
    assert!(roles.iter().all(|(offer, answer, _)| answer.may_answer(*offer)));
    for setup in Setup::ALL {
        assert_eq!(Setup::parse(setup.to_string().strip_prefix("a=setup:").unwrap().as_bytes()), Some(setup));
    }
    assert_eq!(
        (Setup::parse(b" ACTIVE "), Setup::parse(b"activ"), Setup::parse(b"")),
        (Some(Active), None, None)
    );
}

/// The example of RFC 8122 §5 in the form of SHA-256.
const LINE: &str =
    "sha-256 12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD";

#[test]
fn fingerprints_are_read_and_written_as_the_rfc_has_them() {
    let read = Fingerprint::parse(LINE.as_bytes()).unwrap();
    assert_eq!(
        (read.hash(), read.digest().len(), read.digest()[..3].to_vec()),
        (Hash::Sha256, 32, vec![0x12, 0xDF, 0x3E])
    );
    assert_eq!(read.to_string(), format!("a=fingerprint:{LINE}"));
    assert_eq!(
        Fingerprint::parse(LINE.to_ascii_lowercase().as_bytes()),
        Ok(read),
        "letters are met small too"
    );
    let short = &LINE[..LINE.len() - 3];
    let wrong = [
        ("", FingerprintError::Malformed),
        ("sha-256", FingerprintError::Malformed),
        ("sha-256 12:DF 3E", FingerprintError::Malformed),
        ("sha-256 12:D:3E", FingerprintError::Malformed),
        ("sha-256 12::3E", FingerprintError::Malformed),
        ("sha-256 +1:DF", FingerprintError::Malformed),
        (short, FingerprintError::Length("sha-256")),
        ("md5 00:11", FingerprintError::Function("md5".to_owned())),
        ("sha-1 00:11", FingerprintError::Function("sha-1".to_owned())),
    ];
    for (line, error) in wrong {
        assert_eq!(Fingerprint::parse(line.as_bytes()), Err(error), "{line}");
    }
    let long = format!("sha-512 {}", vec!["AA"; 5000].join(":"));
    assert_eq!(Fingerprint::parse(long.as_bytes()), Err(FingerprintError::Length("sha-512")));
}

#[test]
fn of_a_section_the_strongest_function_counts_and_all_its_lines() {
    let section = |lines: &[String]| {
        let lines: String = lines.iter().map(|line| format!("a=fingerprint:{line}\r\n")).collect();
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n{lines}"
        )
    };
    let of = |lines: &[String]| {
        let text = section(lines);
        let found = Fingerprint::of(&Sdp::parse(text.as_bytes()).unwrap().media[0]);
        found.map(|found| found.iter().map(|one| (one.hash(), one.digest()[0])).collect::<Vec<_>>())
    };
    let line = |hash: Hash, byte: u8| {
        format!("{} {}", hash.name(), vec![format!("{byte:02X}"); hash.bytes()].join(":"))
    };
    let (one, two, weak) = (line(Hash::Sha384, 1), line(Hash::Sha384, 2), line(Hash::Sha256, 3));
    assert_eq!(
        of(&[weak.clone(), one, "md5 00".to_owned(), two]),
        Ok(vec![(Hash::Sha384, 1), (Hash::Sha384, 2)])
    );
    assert_eq!(of(&["md5 00".to_owned()]), Err(FingerprintError::Function("md5".to_owned())));
    assert_eq!(of(&[]), Err(FingerprintError::Missing));
    let many = vec![weak; 100];
    assert_eq!(of(&many).unwrap().len(), FINGERPRINTS_MAX);
}

proptest! {
    #[test]
    fn what_is_written_of_a_fingerprint_is_read_back(which in 0usize..4, bytes in proptest::collection::vec(any::<u8>(), 64)) {
        let hash = Hash::ALL[which];
        let fingerprint = Fingerprint::new(hash, &bytes[..hash.bytes()]).unwrap();
        let line = fingerprint.to_string();
        prop_assert_eq!(Fingerprint::parse(line.strip_prefix("a=fingerprint:").unwrap().as_bytes()), Ok(fingerprint));
    }

    #[test]
    fn no_material_of_another_length_makes_keys(which in 0usize..4, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let profile = Profile::ALL[which];
        prop_assert_eq!(profile.keying(Role::Server, &bytes).is_some(), bytes.len() == profile.material_bytes());
    }
}
