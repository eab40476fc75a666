//! What becomes of each header when a message crosses from one leg to the other.
//!
//! One row per header; the engine writes its own for [`Rule::Own`]. What no row names is dropped: it may tell one
//! leg about the other's network.

use crate::wire::{HeaderName, Message, Writer};

/// What we understand on behalf of both legs (RFC 3261 §20.5).
pub(super) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY, MESSAGE";
const METHODS: &[&str] = &[
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "UPDATE",
    "INFO",
    "REFER",
    "SUBSCRIBE",
    "NOTIFY",
    "MESSAGE",
];
/// The extensions that work from end to end through us. Not 100rel: its RAck names the CSeq of one leg. Not
/// replaces, gruu, outbound or path: they name dialogs and contacts of one leg.
pub(super) const OPTION_TAGS: &[&str] = &["timer", "norefersub", "early-session", "answermode"];

/// What becomes of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Goes over as it is.
    Pass,
    /// Goes over when the body does.
    Body,
    /// Goes over with those of its values that we support.
    Only(&'static [&'static str]),
    /// Each leg has its own, written by the engine.
    Own,
    /// Stays.
    Drop,
}

const fn rule(name: HeaderName) -> Rule {
    use HeaderName as H;
    match name {
        H::Via | H::From | H::To | H::CallId | H::CSeq | H::Contact | H::MaxForwards => Rule::Own,
        H::Route | H::RecordRoute | H::ContentLength | H::ContentType | H::UserAgent | H::Server => Rule::Own,

        H::ContentEncoding | H::ContentDisposition | H::ContentLanguage | H::MimeVersion => Rule::Body,

        H::Allow => Rule::Only(METHODS),
        H::Supported | H::Require | H::Unsupported => Rule::Only(OPTION_TAGS),

        // Why, when, and how urgent.
        H::Reason | H::RetryAfter | H::Warning | H::Expires | H::Subject | H::Priority | H::Privacy => {
            Rule::Pass
        }
        H::Accept | H::AcceptEncoding | H::AcceptLanguage | H::AllowEvents => Rule::Pass,
        // Session timers run from end to end (RFC 4028).
        H::SessionExpires | H::MinSe => Rule::Pass,
        // Events, transfers and INFO packages inside the dialog.
        H::Event | H::SubscriptionState | H::ReferTo | H::ReferredBy | H::InfoPackage | H::RecvInfo => {
            Rule::Pass
        }
        // One identifier for both legs is the purpose of these two.
        H::SessionId | H::Diversion => Rule::Pass,
        H::PEarlyMedia => Rule::Pass,

        // Identity is the plan's to state (RFC 3325), and a signature does not survive a changed From (RFC 8224).
        H::PAssertedIdentity | H::PPreferredIdentity | H::RemotePartyId | H::Identity | H::PAssociatedUri => {
            Rule::Drop
        }
        // Credentials and challenges are between one leg and us.
        H::Authorization | H::ProxyAuthorization | H::WwwAuthenticate | H::ProxyAuthenticate => Rule::Drop,
        H::AuthenticationInfo | H::ProxyRequire => Rule::Drop,
        // These name dialogs, hosts or networks of one leg.
        H::RSeq | H::RAck | H::Replaces | H::HistoryInfo | H::InReplyTo | H::Organization | H::ReplyTo => {
            Rule::Drop
        }
        H::AlertInfo | H::CallInfo | H::ErrorInfo | H::Path | H::ServiceRoute | H::FeatureCaps => Rule::Drop,
        H::PChargingVector | H::PAccessNetworkInfo | H::Geolocation | H::Timestamp | H::Date => Rule::Drop,
        H::AcceptContact | H::RejectContact | H::RequestDisposition => Rule::Drop,
        H::MinExpires | H::SipEtag | H::SipIfMatch => Rule::Drop,
    }
}

/// Headers that this house has no name for: what applications say to each other goes over.
fn unknown_rule(name: &str) -> Rule {
    let is_private = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"));
    let is_end_to_end =
        ["User-to-User", "Answer-Mode", "Refer-Sub"].iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_private || is_end_to_end { Rule::Pass } else { Rule::Drop }
}

/// Writes the headers of `message` that go over. `has_body` says whether its body does; headers that `is_set`
/// knows are written by somebody else.
pub(super) fn pass(
    mut writer: Writer,
    message: &Message,
    has_body: bool,
    is_set: impl Fn(&str) -> bool,
) -> Writer {
    for (known, name, value) in message.known_fields() {
        let (rule, name) =
            known.map_or_else(|| (unknown_rule(name), name), |known| (rule(known), known.as_str()));
        let passes = match rule {
            Rule::Pass => true,
            Rule::Body => has_body,
            Rule::Only(_) | Rule::Own | Rule::Drop => false,
        };
        if passes && !is_set(name) {
            writer = writer.header(name, value);
        }
    }
    for name in [HeaderName::Allow, HeaderName::Supported, HeaderName::Require, HeaderName::Unsupported] {
        if let Rule::Only(kept) = rule(name) {
            writer = keep(writer, message, name, kept);
        }
    }
    writer
}

/// Writes those values of a list header that are kept, if there is one.
fn keep(writer: Writer, message: &Message, name: HeaderName, kept: &[&str]) -> Writer {
    let mut list = String::new();
    for value in message.values(name).filter(|value| kept.iter().any(|kept| kept.eq_ignore_ascii_case(value)))
    {
        list.push_str(if list.is_empty() { "" } else { ", " });
        list.push_str(value);
    }
    if list.is_empty() { writer } else { writer.header(name, list) }
}

/// The option tags of Require that we cannot pass on (RFC 3261 §8.2.2.3), comma-separated; `None` for none.
pub(super) fn unsupported(message: &Message) -> Option<String> {
    let foreign = |tag: &&str| !OPTION_TAGS.iter().any(|known| known.eq_ignore_ascii_case(tag));
    let tags: Vec<&str> = message.values(HeaderName::Require).filter(foreign).collect();
    if tags.is_empty() { None } else { Some(tags.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    fn crossed(headers: &str) -> String {
        let text = format!("INVITE sip:b@h SIP/2.0\r\n{headers}\r\n");
        let message = Message::parse(text.into()).expect("sound");
        let bytes = pass(Writer::request(&Method::Invite, "sip:x"), &message, true, |name| name == "Privacy")
            .finish();
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[test]
    fn nothing_that_names_one_legs_network_crosses() {
        let out = crossed(
            "Via: SIP/2.0/UDP secret.host;branch=z9hG4bKx\r\nContact: <sip:a@secret.host>\r\nCall-ID: 1@secret.host\r\n\
             Record-Route: <sip:secret.host;lr>\r\nUser-Agent: secret.host\r\nAuthorization: Digest realm=\"secret.host\"\r\n\
             P-Asserted-Identity: <sip:1@secret.host>\r\nHistory-Info: <sip:secret.host>\r\nNew-Thing: secret.host\r\n\
             Replaces: 1@secret.host\r\nCall-Info: <http://secret.host>\r\n",
        );
        assert!(!out.contains("secret.host"), "{out}");
    }

    #[test]
    fn what_the_ends_say_to_each_other_crosses() {
        let out = crossed(
            "X-Order: 7\r\nUser-to-User: 56;encoding=hex\r\nSubject: hi\r\nSession-Expires: 1800;refresher=uac\r\n\
             Diversion: <sip:+1@h>\r\nContent-Disposition: session\r\nPrivacy: id\r\n",
        );
        for kept in [
            "X-Order: 7",
            "User-to-User: 56",
            "Subject: hi",
            "Session-Expires: 1800",
            "Diversion",
            "Content-Disp",
        ] {
            assert!(out.contains(kept), "{kept} in {out}");
        }
        assert!(!out.contains("Privacy"), "the plan has set it: {out}");
    }

    #[test]
    fn lists_keep_only_what_works_from_end_to_end() {
        let out = crossed(
            "Supported: 100rel, timer, replaces\r\nAllow: INVITE, PRACK\r\nAllow: UPDATE\r\nRequire: 100rel\r\n",
        );
        assert!(out.contains("Supported: timer\r\n"), "{out}");
        assert!(out.contains("Allow: INVITE, UPDATE\r\n"), "{out}");
        assert!(!out.contains("Require"), "{out}");
        let message =
            Message::parse("INVITE sip:b@h SIP/2.0\r\nRequire: timer, 100rel\r\n\r\n".into()).expect("sound");
        assert_eq!(unsupported(&message).as_deref(), Some("100rel"));
    }
}
