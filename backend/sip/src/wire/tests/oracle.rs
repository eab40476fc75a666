//! Our parser against `rsip`, over the messages that `rsip` reads right.

use super::*;
use crate::model;
use crate::uri::Uri;
use crate::wire::{HeaderName, Method, Writer};
use proptest::prelude::*;
use rsip::prelude::{HasHeaders as _, HeadersExt as _, ToTypedHeader as _, UntypedHeader as _};

/// A request that both parsers should read alike.
#[derive(Clone, Debug)]
struct Sane {
    method: Method,
    user: String,
    host: String,
    port: Option<u16>,
    tag: String,
    branch: String,
    cseq: u32,
    extra: Vec<(String, String)>,
    body: String,
}

fn sane() -> impl Strategy<Value = Sane> {
    let methods = prop::sample::select(vec![
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Options,
        Method::Register,
        Method::Info,
        Method::Update,
        Method::Refer,
        Method::Subscribe,
        Method::Notify,
        Method::Message,
        Method::Publish,
    ]);
    let names = (
        "[a-z][a-z0-9]{0,11}",
        "[a-z]{1,10}\\.(com|net|org)",
        prop::option::of(1_u16..),
        "[a-zA-Z0-9]{1,16}",
    );
    let values =
        ("z9hG4bK[a-zA-Z0-9]{1,20}", 0_u32..1 << 31, prop::collection::vec(extra(), 0..5), "[ -~]{0,40}");
    (methods, names, values).prop_map(|(method, (user, host, port, tag), (branch, cseq, extra, body))| Sane {
        method,
        user,
        host,
        port,
        tag,
        branch,
        cseq,
        extra,
        body,
    })
}

fn extra() -> impl Strategy<Value = (String, String)> {
    ("X-[A-Za-z]{1,12}", "[!-~]([ -~]{0,30}[!-~])?")
}

fn written(sane: &Sane) -> Bytes {
    let port = sane.port.map(|port| format!(":{port}")).unwrap_or_default();
    let uri = format!("sip:{}@{}{port}", sane.user, sane.host);
    let mut writer = Writer::request(&sane.method, &uri)
        .header("Via", format!("SIP/2.0/UDP {}{port};branch={}", sane.host, sane.branch))
        .header("From", format!("<{uri}>;tag={}", sane.tag))
        .header("To", format!("<{uri}>"))
        .header("Call-ID", format!("{}@{}", sane.tag, sane.host))
        .header_fmt("CSeq", format_args!("{} {}", sane.cseq, sane.method))
        .header("Contact", format!("<{uri}>"))
        .header("Max-Forwards", "70");
    for (name, value) in &sane.extra {
        writer = writer.header(name, value);
    }
    writer.body(Some("text/plain"), &sane.body).finish()
}

proptest! {
    #[test]
    fn a_sane_request_reads_alike_by_both_parsers(sane in sane()) {
        let bytes = written(&sane);
        let ours = Message::parse(bytes.clone()).expect("our own writing parses");
        let theirs = rsip::Request::try_from(&bytes[..]).expect("the oracle parses it");
        prop_assert_eq!(ours.check(), Ok(()));
        prop_assert_eq!(ours.method().to_string(), theirs.method.to_string());
        let uri = Uri::parse(ours.request_uri().expect("a request")).expect("a URI");
        prop_assert_eq!(uri.user, theirs.uri.user());
        prop_assert_eq!(uri.host, theirs.uri.host().to_string());
        prop_assert_eq!(uri.port, theirs.uri.port().map(|port| *port.value()));
        prop_assert_eq!(&ours.body()[..], &theirs.body[..]);
        prop_assert_eq!(ours.fields().count(), theirs.headers.iter().count());
        prop_assert_eq!(ours.call_id(), Some(theirs.call_id_header().expect("Call-ID").value()));
        let via = ours.top_via().expect("a Via");
        let their_via = theirs.via_header().expect("Via").clone().into_typed().expect("a typed Via");
        prop_assert_eq!(via.branch, their_via.branch().map(|branch| branch.value()));
        let their_from = theirs.from_header().expect("From").clone().into_typed().expect("a typed From");
        prop_assert_eq!(ours.from().expect("From").tag(), their_from.tag().map(|tag| tag.value()));
        let their_cseq = theirs.cseq_header().expect("CSeq").clone().into_typed().expect("a typed CSeq");
        prop_assert_eq!(ours.cseq().map(|(number, _)| number), Some(their_cseq.seq));
    }

    #[test]
    fn our_conversion_gives_what_the_oracle_parses(sane in sane()) {
        let bytes = written(&sane);
        let message = Message::parse(bytes.clone()).expect("it parses");
        let converted = model::to_rsip(&message).expect("a known method");
        let parsed = rsip::SipMessage::try_from(&bytes[..]).expect("the oracle parses it");
        let lines = |message: &rsip::SipMessage| -> Vec<_> {
            message.headers().iter().map(ToString::to_string).collect()
        };
        prop_assert_eq!(lines(&converted), lines(&parsed));
        prop_assert_eq!(converted.body(), parsed.body());
        prop_assert_eq!(converted.to_string(), parsed.to_string());
    }

    #[test]
    fn a_response_reads_alike_by_both_parsers(
        status in 100_u16..700,
        phrase in "[A-Za-z ]{0,20}",
        body in "[ -~]{0,40}",
    ) {
        let writer = Writer::response(status, &phrase).header("Call-ID", "c");
        let bytes = writer.body(Some("text/plain"), &body).finish();
        let ours = Message::parse(bytes.clone()).expect("our own writing parses");
        prop_assert_eq!((ours.status(), ours.reason()), (Some(status), phrase.as_str()));
        prop_assert_eq!(&ours.body()[..], body.as_bytes());
        if let Ok(theirs) = rsip::Response::try_from(&bytes[..]) {
            prop_assert_eq!(theirs.status_code.code(), status);
            prop_assert_eq!(&theirs.body[..], body.as_bytes());
        }
    }

    #[test]
    fn any_value_that_is_written_is_one_header(value in "\\PC{0,60}", name in "[A-Za-z-]{2,20}") {
        prop_assume!(HeaderName::from_bytes(name.as_bytes()) != Some(HeaderName::ContentLength));
        let bytes = Writer::response(200, "OK").header(&name, &value).finish();
        let message = Message::parse(bytes).expect("our own writing parses");
        prop_assert_eq!(message.fields().count(), 2);
        let read = message.extension(&name).expect("the header");
        prop_assert_eq!(read, value.trim_matches([' ', '\t']));
    }
}
