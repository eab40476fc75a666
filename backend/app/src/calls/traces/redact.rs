//! What is taken out of messages before they are shown. Secrets (digest responses, keys of media) never leave; of the
//! leg with a carrier a tenant learns what was said, not with whom.

use bytes::Bytes;
use regex::Regex;
use sip::wire::HeaderName;
use std::sync::LazyLock;

/// The name that stands for the hosts of a carrier.
pub(super) const CARRIER: &str = "carrier.invalid";
/// The address that stands in session descriptions for those of a carrier (RFC 5737).
const SOMEWHERE: &str = "192.0.2.1";
/// What stands for the value of a header that might name the carrier.
const WITHHELD: &str = "(withheld)";

/// The same message without its secrets. What is hidden is as long as it was, so lengths stay true.
pub(super) fn without_secrets(bytes: &[u8]) -> Vec<u8> {
    let mut shown = bytes.to_vec();
    let mut at = 0;
    let mut is_body = false;
    while at < shown.len() {
        let end = memchr_line(&shown, at);
        let line = &mut shown[at..end];
        if is_body {
            hide_in_body(line);
        } else if line == b"\r\n" || line == b"\n" {
            is_body = true;
        } else {
            hide_in_header(line);
        }
        at = end;
    }
    shown
}

fn memchr_line(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |len| at + len + 1)
}

/// Hides the response of digest credentials, and credentials of another scheme whole.
fn hide_in_header(line: &mut [u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
    let (name, value) = line.split_at_mut(colon + 1);
    let name = name[..colon].trim_ascii();
    let is_credentials =
        name.eq_ignore_ascii_case(b"Authorization") || name.eq_ignore_ascii_case(b"Proxy-Authorization");
    if !is_credentials {
        return;
    }
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    let is_digest = text.trim_start().starts_with("digest") && text.len() == value.len();
    match text.find("response=").filter(|_| is_digest) {
        Some(found) => hide(&mut value[found + "response=".len()..], |byte| byte == b','),
        None => hide(value, |_| false),
    }
}

/// Hides the keys that a session description brings (RFC 4568, RFC 3830, RFC 8839).
fn hide_in_body(line: &mut [u8]) {
    let is = |prefix: &[u8]| line.len() >= prefix.len() && line[..prefix.len()].eq_ignore_ascii_case(prefix);
    if is(b"a=crypto:") {
        let text = String::from_utf8_lossy(line).to_ascii_lowercase();
        // The lower-cased text is as long as the line, or the line is hidden whole.
        match text.find("inline:").filter(|_| text.len() == line.len()) {
            Some(found) => hide(&mut line[found + 7..], |byte| matches!(byte, b'|' | b' ' | b';')),
            None => hide(&mut line[9..], |_| false),
        }
    } else if is(b"a=key-mgmt:") {
        hide(&mut line[11..], |_| false);
    } else if is(b"a=ice-pwd:") {
        hide(&mut line[10..], |_| false);
    } else if is(b"k=") {
        hide(&mut line[2..], |_| false);
    }
}

/// Overwrites with `x` up to a byte that ends it, or the end of the line; quotes and spaces stay.
fn hide(text: &mut [u8], ends: impl Fn(u8) -> bool) {
    for byte in text {
        match *byte {
            b'\r' | b'\n' => return,
            end if ends(end) => return,
            b'"' | b' ' => {}
            _ => *byte = b'x',
        }
    }
}

/// Headers whose values name nobody.
const PLAIN: [HeaderName; 20] = [
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentType,
    HeaderName::ContentDisposition,
    HeaderName::ContentEncoding,
    HeaderName::Expires,
    HeaderName::MinExpires,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::Allow,
    HeaderName::Supported,
    HeaderName::Require,
    HeaderName::Unsupported,
    HeaderName::Accept,
    HeaderName::Reason,
    HeaderName::RetryAfter,
    HeaderName::RSeq,
    HeaderName::RAck,
    HeaderName::Privacy,
    HeaderName::Event,
];

/// Headers that name numbers and hosts: the hosts are replaced.
const ADDRESSES: [HeaderName; 13] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::Contact,
    HeaderName::CallId,
    HeaderName::Route,
    HeaderName::RecordRoute,
    HeaderName::PAssertedIdentity,
    HeaderName::PPreferredIdentity,
    HeaderName::Diversion,
    HeaderName::HistoryInfo,
    HeaderName::ReferTo,
    HeaderName::ReferredBy,
];

/// A message of the leg with a carrier, without what tells who the carrier is. `ours` are our own names and addresses.
pub(super) fn without_carrier(bytes: &Bytes, ours: &[String]) -> Option<Vec<u8>> {
    let message = sip::wire::Message::parse(bytes.clone()).ok()?;
    let mut head = match message.request_uri() {
        Some(uri) => format!("{} {} SIP/2.0\r\n", message.method(), without_hosts(uri, ours)),
        None => format!("SIP/2.0 {:03} {}\r\n", message.status()?, message.reason()),
    };
    let is_sdp = message
        .header(HeaderName::ContentType)
        .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("application/sdp"));
    let body = message.body();
    let body = match (body.is_empty(), is_sdp) {
        (true, _) => String::new(),
        (false, true) => description(&String::from_utf8_lossy(&body)),
        (false, false) => format!("{WITHHELD}: {} bytes", body.len()),
    };
    for (name, value) in message.fields() {
        let value = String::from_utf8_lossy(value);
        let known = HeaderName::from_bytes(name.as_bytes());
        let shown = match known {
            Some(HeaderName::ContentLength) => continue,
            Some(name) if PLAIN.contains(&name) => value.into_owned(),
            Some(name) if ADDRESSES.contains(&name) => without_hosts(&value, ours),
            _ => WITHHELD.to_owned(),
        };
        let name = known.map_or(name, |known| known.as_str());
        head.push_str(&format!("{name}: {shown}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    Some(head.into_bytes())
}

/// Where a host stands: after a user, a scheme, a transport or one of the parameters that name one.
static HOSTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(sips?:[^@>,\s]*@|sips?:|SIP\s*/\s*2\.0\s*/\s*[A-Z]+\s+|received=|maddr=|host=|@)(\[[^\]]*\]|[a-z0-9][a-z0-9._-]*)(:\d+)?"#,
    )
    .expect("the pattern is a constant")
});
/// An address wherever it stands.
static LITERALS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[[0-9a-fA-F:.%]*:[0-9a-fA-F:.%]*\]|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
        .expect("the pattern is a constant")
});

/// A value with all hosts but ours replaced.
fn without_hosts(value: &str, ours: &[String]) -> String {
    let is_ours = |host: &str| ours.iter().any(|own| own.eq_ignore_ascii_case(host.trim_matches(['[', ']'])));
    let named = HOSTS.replace_all(value, |found: &regex::Captures<'_>| {
        let port = found.get(3).map_or("", |port| port.as_str());
        if is_ours(&found[2]) {
            format!("{}{}{port}", &found[1], &found[2])
        } else {
            format!("{}{CARRIER}", &found[1])
        }
    });
    let literal = |found: &regex::Captures<'_>| {
        if is_ours(&found[0]) { found[0].to_owned() } else { CARRIER.to_owned() }
    };
    LITERALS.replace_all(&named, literal).into_owned()
}

/// A sentence with all addresses replaced.
pub(super) fn without_addresses(text: &str) -> String {
    LITERALS.replace_all(text, CARRIER).into_owned()
}

/// A session description without addresses and without what only its maker says.
fn description(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.lines() {
        let Some((kind, value)) = line.split_once('=') else { continue };
        let line = match kind {
            "v" | "t" | "m" | "b" => line.to_owned(),
            "c" if value.contains("IP6") => "c=IN IP6 2001:db8::1".to_owned(),
            "c" => format!("c=IN IP4 {SOMEWHERE}"),
            "o" => format!("o=- 0 0 IN IP4 {SOMEWHERE}"),
            "s" => "s=-".to_owned(),
            "a" if is_plain_attribute(value) => line.to_owned(),
            _ => continue,
        };
        shown.push_str(&line);
        shown.push_str("\r\n");
    }
    shown
}

fn is_plain_attribute(value: &str) -> bool {
    let name = value.split(':').next().unwrap_or_default();
    [
        "rtpmap", "fmtp", "ptime", "maxptime", "sendrecv", "sendonly", "recvonly", "inactive", "rtcp-mux",
        "setup", "mid",
    ]
    .iter()
    .any(|plain| name.eq_ignore_ascii_case(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let hidden = without_secrets(text.as_bytes());
        assert_eq!(hidden.len(), text.len());
        String::from_utf8(hidden).expect("text")
    }

    #[test]
    fn digest_responses_are_hidden_and_the_rest_of_the_credentials_is_read() {
        let line = |value: &str| {
            format!("INVITE sip:a SIP/2.0\r\nProxy-Authorization: {value}\r\nTo: <sip:response=1@b>\r\n\r\n")
        };
        let digest = "Digest username=\"alice\", realm=\"r\", nonce=\"n\", uri=\"sip:a\", response=\"0123abcd\", algorithm=MD5";
        assert_eq!(shown(&line(digest)), line(&digest.replace("0123abcd", "xxxxxxxx")));
        assert_eq!(shown(&line("DIGEST Response=secret,x=1")), line("DIGEST Response=xxxxxx,x=1"));
        assert_eq!(shown(&line("Basic c2VjcmV0")), line("xxxxx xxxxxxxx"));
        assert_eq!(shown(&line("Digest nothing")), line("xxxxxx xxxxxxx"));
    }

    #[test]
    fn keys_of_media_are_hidden_in_bodies() {
        let body = |key: &str| {
            format!(
                "INVITE sip:a SIP/2.0\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20\r\nk=clear:{key}\r\na=ice-pwd:{key}\r\na=sendrecv\r\n"
            )
        };
        let (hidden, cleared) =
            (shown(&body("d0RmdmcmVCspeEc3")), body("xxxxxxxxxxxxxxxx").replace("k=clear:", "k=xxxxxx"));
        assert_eq!(hidden, cleared);
    }

    const CARRIERS: &str = "INVITE sip:+12065550100@198.51.100.9:5070;user=phone SIP/2.0\r\n\
        Via: SIP/2.0/UDP edge.test:5060;branch=z9hG4bKa;rport, SIP/2.0/TCP gw7.bigcarrier.com;branch=z9hG4bKb;received=198.51.100.9\r\n\
        From: \"Big\" <sip:+12125550100@gw7.bigcarrier.com>;tag=1\r\nTo: <sip:+12065550100@edge.test>\r\n\
        Call-ID: 77@198.51.100.9\r\nCSeq: 1 INVITE\r\nContact: <sip:x@[2001:db8::99]:5060;transport=udp>\r\n\
        Record-Route: <sip:sbc3.bigcarrier.com;lr>\r\nUser-Agent: BigCarrier SBC 9\r\nX-Rate: 0.0042\r\n\
        P-Charge-Info: <sip:1@bigcarrier.com>\r\nContent-Type: application/sdp\r\nContent-Length: 146\r\n\r\n\
        v=0\r\no=big 1 1 IN IP4 198.51.100.9\r\ns=BigCarrier\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=rtcp:40001 IN IP4 198.51.100.9\r\n";

    #[test]
    fn nothing_of_a_carriers_message_tells_who_it_is_and_what_was_said_stays() {
        let hidden = without_carrier(&Bytes::from_static(CARRIERS.as_bytes()), &["edge.test".to_owned()])
            .expect("sound");
        let text = String::from_utf8(hidden.clone()).expect("text");
        for secret in ["bigcarrier", "BigCarrier", "198.51", "2001:db8::99", "0.0042"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        for kept in [
            "INVITE sip:+12065550100@carrier.invalid;user=phone SIP/2.0",
            "Via: SIP/2.0/UDP edge.test:5060;branch=z9hG4bKa;rport, SIP/2.0/TCP carrier.invalid;branch=z9hG4bKb;received=carrier.invalid",
            "To: <sip:+12065550100@edge.test>",
            "CSeq: 1 INVITE",
            "X-Rate: (withheld)",
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
        ] {
            assert!(text.contains(kept), "{kept} is not in {text}");
        }
        let message = sip::wire::Message::parse(hidden.into()).expect("still a message");
        assert!(message.body().ends_with(b"a=rtpmap:0 PCMU/8000\r\n"));
    }
}
