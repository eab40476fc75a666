//! What RFC 4475 says of each of its messages, in one table: sound, refused with a status, or dropped.

use super::*;
use crate::wire::{HeaderName, Method, ParseError as Fault};

/// What must become of a message on this floor. What a registrar or a user agent then says (416, 420, 415,
/// 483…) is decided above, from the values that the tests beside this table read.
enum Verdict {
    Sound,
    Refused(Fault, u16),
    Dropped(Fault),
}

const VERDICTS: [(&str, Verdict); 49] = [
    // 3.1.1, valid messages
    ("wsinv", Verdict::Sound),
    ("intmeth", Verdict::Sound),
    ("esc01", Verdict::Sound),
    ("escnull", Verdict::Sound),
    ("esc02", Verdict::Sound),
    ("lwsdisp", Verdict::Sound),
    ("longreq", Verdict::Sound),
    ("dblreq", Verdict::Sound),
    ("semiuri", Verdict::Sound),
    ("transports", Verdict::Sound),
    ("mpart01", Verdict::Sound),
    ("unreason", Verdict::Sound),
    ("noreason", Verdict::Sound),
    // 3.1.2, invalid messages
    ("badinv01", Verdict::Refused(Fault::Malformed(HeaderName::Via), 400)),
    ("clerr", Verdict::Refused(Fault::BodyTooShort, 400)),
    ("ncl", Verdict::Refused(Fault::ContentLength, 400)),
    ("scalar02", Verdict::Refused(Fault::Malformed(HeaderName::CSeq), 400)),
    ("scalarlg", Verdict::Dropped(Fault::Malformed(HeaderName::CSeq))),
    ("quotbal", Verdict::Refused(Fault::Malformed(HeaderName::To), 400)),
    ("ltgtruri", Verdict::Refused(Fault::RequestUri, 400)),
    ("lwsruri", Verdict::Refused(Fault::RequestLine, 400)),
    ("lwsstart", Verdict::Refused(Fault::RequestLine, 400)),
    ("trws", Verdict::Refused(Fault::RequestLine, 400)),
    ("escruri", Verdict::Refused(Fault::RequestUri, 400)),
    // 3.1.2.12 lets an element that does not need the date go on.
    ("baddate", Verdict::Sound),
    ("regbadct", Verdict::Refused(Fault::Malformed(HeaderName::Contact), 400)),
    ("badaspec", Verdict::Refused(Fault::Malformed(HeaderName::To), 400)),
    // The archive's file ends before its empty line; with one it is tolerated, as 3.1.2.15 allows.
    ("baddn", Verdict::Refused(Fault::HeadUnterminated, 400)),
    ("badvers", Verdict::Refused(Fault::Version, 505)),
    ("mismatch01", Verdict::Refused(Fault::CSeqMismatch, 400)),
    ("mismatch02", Verdict::Refused(Fault::CSeqMismatch, 400)),
    ("bigcode", Verdict::Dropped(Fault::StatusLine)),
    // 3.2 to 3.4, for the floors above
    ("badbranch", Verdict::Sound),
    ("insuf", Verdict::Refused(Fault::Missing(HeaderName::CallId), 400)),
    ("unkscm", Verdict::Sound),
    ("novelsc", Verdict::Sound),
    ("unksm2", Verdict::Sound),
    ("bext01", Verdict::Sound),
    ("invut", Verdict::Sound),
    ("regaut01", Verdict::Sound),
    ("multi01", Verdict::Refused(Fault::Repeated(HeaderName::From), 400)),
    ("mcl01", Verdict::Refused(Fault::ContentLength, 400)),
    ("bcast", Verdict::Sound),
    ("zeromf", Verdict::Sound),
    ("cparam01", Verdict::Sound),
    ("cparam02", Verdict::Sound),
    ("regescrt", Verdict::Sound),
    ("sdp01", Verdict::Sound),
    ("inv2543", Verdict::Sound),
];

#[test]
fn each_message_of_rfc_4475_is_taken_refused_or_dropped_as_the_rfc_says() {
    for (name, verdict) in VERDICTS {
        match verdict {
            Verdict::Sound => drop(sound(name)),
            Verdict::Refused(fault, status) => {
                assert_eq!(refusal(torture(name)), (fault, Some(status)), "{name}")
            }
            Verdict::Dropped(fault) => assert_eq!(refusal(torture(name)), (fault, None), "{name}"),
        }
    }
}

#[test]
fn the_table_and_the_folder_hold_the_same_messages() {
    let folder =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/torture")).expect("the folder");
    let mut in_folder: Vec<_> =
        folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    let mut in_table: Vec<_> = VERDICTS.iter().map(|(name, _)| format!("{name}.dat")).collect();
    let mut included: Vec<_> = TORTURE.iter().map(|(name, _)| format!("{name}.dat")).collect();
    for names in [&mut in_folder, &mut in_table, &mut included] {
        names.sort();
    }
    assert_eq!(in_folder, in_table);
    assert_eq!(in_folder, included);
}

#[test]
fn a_refused_message_still_gives_the_headers_of_its_answer() {
    for name in ["clerr", "ncl", "lwsruri", "lwsstart", "trws", "badvers", "mcl01", "baddn"] {
        let message = Message::read(torture(name)).map_or_else(|(_, message)| message, Some).expect(name);
        assert!(message.top_via().is_ok(), "{name}");
        assert!(message.from().is_ok() && message.to().is_ok(), "{name}");
        assert!(message.cseq().is_some_and(|(_, method)| method == message.method()), "{name}");
        assert!(message.call_id().is_some_and(|id| id.starts_with(name)), "{name}");
    }
}

#[test]
fn an_unquoted_name_with_a_comma_is_tolerated_in_from_and_to() {
    let bytes = [&torture("baddn")[..], b"\r\n"].concat();
    let message = Message::parse(bytes.into()).expect("complete now");
    assert_eq!(message.check(), Ok(()));
    assert_eq!(message.from().expect("From").display.as_deref(), Some("Bell, Alexander"));
    assert_eq!(message.to().expect("To").uri, "sip:t.watson@example.org");
}

#[test]
fn a_fault_in_an_ack_is_never_answered() {
    let text = String::from_utf8(torture("quotbal").to_vec()).expect("ASCII").replace("INVITE", "ACK");
    assert_eq!(refusal(text.into()), (Fault::Malformed(HeaderName::To), None));
}

#[test]
fn numbers_that_are_too_large_read_as_the_largest() {
    let message = Message::parse(torture("scalar02")).expect("it parses");
    assert_eq!(message.cseq(), None);
    assert_eq!(message.expires(), Some(u32::MAX));
    assert_eq!(message.max_forwards(), Some(300));
    assert_eq!(message.contact().expect("Contact").expect("one").param("expires"), Some("280297596632815"));
    let message = Message::parse(torture("scalarlg")).expect("it parses");
    assert_eq!(message.number(HeaderName::RetryAfter), Some(u32::MAX));
    assert_eq!(message.method(), Method::Other("".into()));
}
