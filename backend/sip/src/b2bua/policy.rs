//! What becomes of each header when a message crosses from one leg to the other.
//!
//! One row per header; the engine writes its own for [`Rule::Own`]. What no row names is dropped: it may tell one
//! leg about the other's network.

use crate::wire::{HeaderName, Message, Writer};

use super::{LegPolicy, diversion};

/// What we serve or pass on for both legs (RFC 3261 §20.5).
pub(super) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, REFER, INFO, SUBSCRIBE, NOTIFY, MESSAGE";
/// What each leg has of us, whatever the other one can.
const SERVED: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, REFER";
/// What is passed on, and so works only where the far side serves it.
const PASSED: &[&str] = &["INFO", "SUBSCRIBE", "NOTIFY", "MESSAGE"];
/// The extensions that each leg has of us (RFC 4028, RFC 3262, RFC 3891).
pub(super) const SUPPORTED: &str = "timer, 100rel, replaces";
/// Those of them that an INVITE may require.
const OWN_TAGS: &[&str] = &["timer", "100rel", "replaces"];
/// The extensions that work from end to end through us. Not gruu, outbound or path: they name contacts of one leg.
const OPTION_TAGS: &[&str] = &["norefersub", "early-session", "answermode"];

/// What becomes of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Goes over as it is.
    Pass,
    /// Goes over when the body does.
    Body,
    /// Goes over with those of its values that work from end to end.
    Only(&'static [&'static str]),
    /// Goes over between legs that are both in our trust domain (RFC 3325 §5).
    Trusted,
    /// Goes over with our name in place of the host that wrote it.
    Warning,
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

        H::Allow | H::Supported => Rule::Own,
        H::Require | H::Unsupported => Rule::Only(OPTION_TAGS),

        // Why, when, and how urgent.
        H::Reason | H::RetryAfter | H::Expires | H::Subject | H::Priority | H::Privacy => Rule::Pass,
        H::Accept | H::AcceptEncoding | H::AcceptLanguage | H::AllowEvents => Rule::Pass,
        H::Warning => Rule::Warning,
        // Each leg has its own session timer (RFC 4028) and its own reliable responses (RFC 3262).
        H::SessionExpires | H::MinSe | H::RSeq | H::RAck => Rule::Own,
        // Events, transfers and INFO packages inside the dialog.
        H::Event | H::SubscriptionState | H::ReferTo | H::ReferredBy | H::InfoPackage | H::RecvInfo => {
            Rule::Pass
        }
        // One identifier for both legs is its purpose.
        H::SessionId | H::PEarlyMedia => Rule::Pass,
        // Written in the form that the leg wants.
        H::Diversion | H::HistoryInfo => Rule::Own,

        // Identity is the plan's to state (RFC 3325), and a signature does not survive a changed From (RFC 8224).
        H::PAssertedIdentity => Rule::Trusted,
        H::PPreferredIdentity | H::RemotePartyId | H::Identity | H::PAssociatedUri => Rule::Drop,
        // Credentials and challenges are between one leg and us.
        H::Authorization | H::ProxyAuthorization | H::WwwAuthenticate | H::ProxyAuthenticate => Rule::Drop,
        H::AuthenticationInfo | H::ProxyRequire => Rule::Drop,
        // These name dialogs, hosts or networks of one leg.
        H::Replaces | H::InReplyTo | H::Organization | H::ReplyTo => Rule::Drop,
        H::AlertInfo | H::CallInfo | H::ErrorInfo | H::Path | H::ServiceRoute | H::FeatureCaps => Rule::Drop,
        H::PChargingVector | H::PAccessNetworkInfo | H::Geolocation | H::Timestamp | H::Date => Rule::Drop,
        H::AcceptContact | H::RejectContact | H::RequestDisposition => Rule::Drop,
        H::MinExpires | H::SipEtag | H::SipIfMatch => Rule::Drop,
    }
}

/// Headers that this house has no name for: what applications say to each other goes over where the leg wants it.
fn passes_unknown(name: &str, to: &LegPolicy) -> bool {
    let is_private = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"));
    if is_private || name.eq_ignore_ascii_case("User-to-User") {
        return to.extensions.has(name);
    }
    ["Answer-Mode", "Refer-Sub"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// From which leg to which a message crosses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) from: &'a LegPolicy,
    pub(super) to: &'a LegPolicy,
    /// Our own host on the leg, in place of hosts that would tell one leg about the other's network.
    pub(super) host: &'a str,
}

/// Writes the headers of `message` that go over. `has_body` says whether its body does; headers that `is_set`
/// knows are written by somebody else.
pub(super) fn pass(
    mut writer: Writer,
    message: &Message,
    way: Way<'_>,
    has_body: bool,
    is_set: impl Fn(&str) -> bool,
) -> Writer {
    let (mut has_lists, mut is_diverted) = (false, false);
    for (known, name, value) in message.known_fields() {
        let Some(known) = known else {
            if passes_unknown(name, way.to) && !is_set(name) {
                writer = writer.header(name, value);
            }
            continue;
        };
        let passes = match rule(known) {
            Rule::Pass => true,
            Rule::Body => has_body,
            Rule::Trusted => way.from.is_trusted && way.to.is_trusted,
            Rule::Warning => {
                writer = warning(writer, value, way.host);
                false
            }
            Rule::Only(_) => {
                has_lists = true;
                false
            }
            Rule::Own => {
                has_lists |= matches!(known, HeaderName::Allow | HeaderName::Supported);
                is_diverted |= matches!(known, HeaderName::Diversion | HeaderName::HistoryInfo);
                false
            }
            Rule::Drop => false,
        };
        if passes && !is_set(known.as_str()) {
            writer = writer.header(known.as_str(), value);
        }
    }
    if is_diverted && !is_set("Diversion") && !is_set("History-Info") {
        writer = diversion::write(writer, message, way);
    }
    if has_lists { lists(writer, message, is_set) } else { writer }
}

/// Allow and Supported as they are with us in the middle, and what is required from end to end.
fn lists(mut writer: Writer, message: &Message, is_set: impl Fn(&str) -> bool) -> Writer {
    let has = |name: HeaderName| message.header(name).is_some() && !is_set(name.as_str());
    if has(HeaderName::Allow) {
        writer = keep(writer, message, HeaderName::Allow, SERVED, PASSED);
    }
    if has(HeaderName::Supported) {
        writer = keep(writer, message, HeaderName::Supported, SUPPORTED, OPTION_TAGS);
    }
    for name in [HeaderName::Require, HeaderName::Unsupported] {
        if has(name) {
            writer = keep(writer, message, name, "", OPTION_TAGS);
        }
    }
    writer
}

/// Supported of an INVITE of ours: our own tags, and those of the caller that work from end to end.
pub(super) fn supported(writer: Writer, own: &str, caller: &Message) -> Writer {
    keep(writer, caller, HeaderName::Supported, own, OPTION_TAGS)
}

/// Writes our own values of a list header and those of the message that are kept, if there is any.
fn keep(writer: Writer, message: &Message, name: HeaderName, own: &str, kept: &[&str]) -> Writer {
    let mut list = String::with_capacity(own.len() + 64);
    list.push_str(own);
    for value in message.values(name).filter(|value| kept.iter().any(|kept| kept.eq_ignore_ascii_case(value)))
    {
        list.push_str(if list.is_empty() { "" } else { ", " });
        list.push_str(value);
    }
    if list.is_empty() { writer } else { writer.header(name, list) }
}

/// `399 host "text"` (RFC 3261 §20.43) with our host; one that cannot be read stays.
fn warning(writer: Writer, value: &[u8], host: &str) -> Writer {
    let text = std::str::from_utf8(value).ok();
    let parts = text.and_then(|text| {
        let (code, rest) = text.trim_ascii().split_once(' ')?;
        Some((code, rest.trim_ascii_start().split_once(' ')?.1.trim_ascii_start()))
    });
    match parts.filter(|(code, said)| code.len() == 3 && said.starts_with('"')) {
        Some((code, said)) => writer.header_fmt(HeaderName::Warning, format_args!("{code} {host} {said}")),
        None => writer,
    }
}

/// Whether a list header (Supported, Require, Allow) names this value.
pub(super) fn names(message: &Message, name: HeaderName, wanted: &str) -> bool {
    message.values(name).any(|value| value.eq_ignore_ascii_case(wanted))
}

/// The option tags of Require that neither we nor the far side can know (RFC 3261 §8.2.2.3), comma-separated; `None`
/// for none.
pub(super) fn unsupported(message: &Message) -> Option<String> {
    let foreign =
        |tag: &&str| !OPTION_TAGS.iter().chain(OWN_TAGS).any(|known| known.eq_ignore_ascii_case(tag));
    let tags: Vec<&str> = message.values(HeaderName::Require).filter(foreign).collect();
    if tags.is_empty() { None } else { Some(tags.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::b2bua::Extensions;
    use crate::wire::Method;

    fn crossed(headers: &str) -> String {
        let policy = LegPolicy::default();
        towards(headers, &policy, &policy)
    }

    fn towards(headers: &str, from: &LegPolicy, to: &LegPolicy) -> String {
        let text = format!("INVITE sip:b@h SIP/2.0\r\n{headers}\r\n");
        let message = Message::parse(text.into()).expect("sound");
        let bytes = pass(
            Writer::request(&Method::Invite, "sip:x"),
            &message,
            Way { from, to, host: "our.host" },
            true,
            |name| name == "Privacy",
        )
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
            "X-Order: 7\r\nUser-to-User: 56;encoding=hex\r\nSubject: hi\r\n\
             Diversion: <sip:+1@h>\r\nContent-Disposition: session\r\nPrivacy: id\r\n",
        );
        for kept in
            ["X-Order: 7", "User-to-User: 56", "Subject: hi", "Diversion: <sip:+1@our.host>", "Content-Disp"]
        {
            assert!(out.contains(kept), "{kept} in {out}");
        }
        assert!(!out.contains("Privacy"), "the plan has set it: {out}");
    }

    #[test]
    fn lists_keep_only_what_works_from_end_to_end() {
        let out = crossed(
            "Supported: 100rel, norefersub, gruu\r\nAllow: INVITE, PUBLISH\r\nAllow: INFO\r\nRequire: 100rel\r\n",
        );
        assert!(out.contains("Supported: timer, 100rel, replaces, norefersub\r\n"), "{out}");
        assert!(out.contains("PRACK, UPDATE, REFER, INFO\r\n"), "{out}");
        assert!(!out.contains("Require"), "{out}");
        let message = Message::parse("INVITE sip:b@h SIP/2.0\r\nRequire: timer, 100rel, gruu\r\n\r\n".into())
            .expect("sound");
        assert_eq!(unsupported(&message).as_deref(), Some("gruu"));
    }

    #[test]
    fn an_asserted_identity_crosses_between_trusted_legs_alone() {
        let trusted = LegPolicy { is_trusted: true, ..LegPolicy::default() };
        let stranger = LegPolicy::default();
        let has = |from, to| towards("P-Asserted-Identity: <tel:+1>\r\n", from, to).contains("<tel:+1>");
        assert!(has(&trusted, &trusted));
        assert!(!has(&trusted, &stranger) && !has(&stranger, &trusted) && !has(&stranger, &stranger));
    }

    #[test]
    fn application_headers_cross_by_the_legs_own_list() {
        let headers = "X-Order: 7\r\nX-Debug: 1\r\nUser-to-User: 56;encoding=hex\r\n";
        let anybody = LegPolicy::default();
        let some = Extensions::Only(["x-order".into(), "user-to-user".into()].into());
        let out = towards(headers, &anybody, &LegPolicy { extensions: some, ..LegPolicy::default() });
        assert!(out.contains("X-Order") && out.contains("User-to-User") && !out.contains("X-Debug"), "{out}");
        let none = LegPolicy { extensions: Extensions::None, ..LegPolicy::default() };
        let out = towards(headers, &anybody, &none);
        assert!(!out.contains("X-") && !out.contains("User-to-User"), "{out}");
    }

    #[test]
    fn a_warning_speaks_in_our_name() {
        let out = crossed("Warning: 399 secret.host \"codec \\\"x\\\"\"\r\nWarning: 399 secret.host\r\n");
        assert!(out.contains("Warning: 399 our.host \"codec"), "{out}");
        assert!(!out.contains("secret"), "{out}");
    }
}
