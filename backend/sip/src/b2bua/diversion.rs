//! Who diverted a call: Diversion (RFC 5806) and History-Info (RFC 7044), each as the other (RFC 7544).
//!
//! The newest diversion stands first in Diversion and last in History-Info. Users cross, hosts do not: they would
//! tell one leg about the other's network.

use crate::header::NameAddr;
use crate::uri::Uri;
use crate::wire::{HeaderName, Message, Writer};

use super::DiversionForm;
use super::policy::Way;

/// The most diversions of one call that are told.
const DIVERSIONS_MAX: usize = 5;

/// One diversion: whose, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Diverted<'a> {
    user: &'a str,
    /// The word of RFC 5806.
    reason: &'a str,
    is_private: bool,
}

/// Diversion's words and History-Info's causes (RFC 7544 §7.2, RFC 4458).
const REASONS: &[(&str, u16)] = &[
    ("unconditional", 302),
    ("user-busy", 486),
    ("no-answer", 408),
    ("deflection", 480),
    ("unavailable", 503),
    ("unknown", 404),
];

fn cause_of(reason: &str) -> u16 {
    REASONS.iter().find(|(word, _)| word.eq_ignore_ascii_case(reason)).map_or(404, |(_, cause)| *cause)
}

fn reason_of(cause: &str) -> &'static str {
    // 487: deflected while it rang.
    let cause = if cause == "487" { "480" } else { cause };
    let cause = cause.parse::<u16>().ok();
    REASONS.iter().find(|(_, known)| Some(*known) == cause).map_or("unknown", |(word, _)| word)
}

/// Writes the diversions of a message in the form that the leg wants.
pub(super) fn write(writer: Writer, message: &Message, way: Way<'_>) -> Writer {
    let form = way.to.diversion;
    if form == DiversionForm::Hidden {
        return writer;
    }
    let from_diversion: Vec<_> =
        message.values(HeaderName::Diversion).filter_map(of_diversion).take(DIVERSIONS_MAX).collect();
    match form {
        DiversionForm::AsReceived => {
            from_diversion.iter().fold(writer, |writer, one| as_diversion(writer, one, way.host))
        }
        DiversionForm::Diversion => {
            let told = if from_diversion.is_empty() { of_history(message) } else { from_diversion };
            told.iter().fold(writer, |writer, one| as_diversion(writer, one, way.host))
        }
        DiversionForm::HistoryInfo => {
            let told = of_history(message);
            let told = if told.is_empty() { from_diversion } else { told };
            as_history(writer, &told, message, way.host)
        }
        DiversionForm::Hidden => writer,
    }
}

fn of_diversion(value: &str) -> Option<Diverted<'_>> {
    let address = NameAddr::parse(value).ok()?;
    let is_private = address.param("privacy").is_some_and(|privacy| !privacy.eq_ignore_ascii_case("off"));
    Some(Diverted {
        user: user(address.uri)?,
        reason: address.param("reason").unwrap_or("unknown"),
        is_private,
    })
}

/// The diversions of History-Info, newest first: an entry diverted when the one after it names a cause.
fn of_history(message: &Message) -> Vec<Diverted<'_>> {
    let entries: Vec<NameAddr<'_>> =
        message.values(HeaderName::HistoryInfo).filter_map(|value| NameAddr::parse(value).ok()).collect();
    let diverted = entries.windows(2).filter_map(|pair| {
        let target = Uri::parse(pair[1].uri).ok()?;
        let cause = target.param("cause")?;
        let is_private = Uri::parse(pair[0].uri)
            .ok()?
            .header_values()
            .any(|(name, value)| name.eq_ignore_ascii_case("Privacy") && value.contains("history"));
        Some(Diverted { user: user(pair[0].uri)?, reason: reason_of(cause), is_private })
    });
    let mut newest_first: Vec<_> = diverted.collect();
    newest_first.reverse();
    newest_first.truncate(DIVERSIONS_MAX);
    newest_first
}

fn as_diversion(writer: Writer, diverted: &Diverted<'_>, host: &str) -> Writer {
    let Diverted { user, reason, is_private } = diverted;
    let privacy = if *is_private { ";privacy=full" } else { "" };
    writer.header_fmt(
        HeaderName::Diversion,
        format_args!("<sip:{user}@{host}>;reason={reason};counter=1{privacy}"),
    )
}

/// Oldest first; the last entry is the target of the request itself.
fn as_history(mut writer: Writer, newest_first: &[Diverted<'_>], message: &Message, host: &str) -> Writer {
    if newest_first.is_empty() {
        return writer;
    }
    let mut index = String::from("1");
    let mut cause = None;
    for Diverted { user, reason, is_private } in newest_first.iter().rev() {
        let privacy = if *is_private { "?Privacy=history" } else { "" };
        writer = entry(writer, user, host, cause, privacy, &index);
        index.push_str(".1");
        cause = Some(cause_of(reason));
    }
    match message.request_uri().and_then(user) {
        Some(target) => entry(writer, target, host, cause, "", &index),
        None => writer,
    }
}

fn entry(writer: Writer, user: &str, host: &str, cause: Option<u16>, privacy: &str, index: &str) -> Writer {
    let name = HeaderName::HistoryInfo;
    match cause {
        Some(cause) => {
            writer.header_fmt(name, format_args!("<sip:{user}@{host};cause={cause}{privacy}>;index={index}"))
        }
        None => writer.header_fmt(name, format_args!("<sip:{user}@{host}{privacy}>;index={index}")),
    }
}

/// The user part of a sip or sips URI, the number of a tel URI.
fn user(uri: &str) -> Option<&str> {
    let parsed = Uri::parse(uri).ok()?;
    parsed.user.or_else(|| {
        let (scheme, number) = uri.split_once(':')?;
        if scheme.eq_ignore_ascii_case("tel") { number.split(';').next() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::b2bua::LegPolicy;
    use crate::wire::Method;

    fn told(headers: &str, diversion: DiversionForm) -> Vec<String> {
        let text = format!("INVITE sip:+3@h SIP/2.0\r\n{headers}\r\n");
        let message = Message::parse(text.into()).expect("sound");
        let (from, to) = (LegPolicy::default(), LegPolicy { diversion, ..LegPolicy::default() });
        let way = Way { from: &from, to: &to, host: "us" };
        let bytes = write(Writer::request(&Method::Invite, "sip:x"), &message, way).finish();
        let written = Message::parse(bytes).expect("our own writing parses");
        let names = [HeaderName::Diversion, HeaderName::HistoryInfo];
        names.iter().flat_map(|name| written.header_lines(*name)).map(str::to_owned).collect()
    }

    const DIVERSION: &str = "Diversion: <sip:+2@pbx.secret>;reason=no-answer\r\n\
        Diversion: \"A\" <tel:+1>;reason=user-busy;privacy=full\r\n";
    const HISTORY: &str = "History-Info: <sip:+1@pbx.secret?Privacy=history>;index=1, \
        <sip:+2@pbx.secret;cause=486>;index=1.1, <sip:+3@pbx.secret;cause=408>;index=1.1.1\r\n";

    #[test]
    fn each_form_becomes_the_other_with_order_reason_and_privacy() {
        let as_diversion =
            ["<sip:+2@us>;reason=no-answer;counter=1", "<sip:+1@us>;reason=user-busy;counter=1;privacy=full"];
        let as_history = [
            "<sip:+1@us?Privacy=history>;index=1",
            "<sip:+2@us;cause=486>;index=1.1",
            "<sip:+3@us;cause=408>;index=1.1.1",
        ];
        for headers in [DIVERSION, HISTORY] {
            assert_eq!(told(headers, DiversionForm::Diversion), as_diversion);
            assert_eq!(told(headers, DiversionForm::HistoryInfo), as_history);
        }
    }

    #[test]
    fn as_received_passes_diversion_alone_and_hidden_nothing() {
        assert_eq!(told(DIVERSION, DiversionForm::AsReceived).len(), 2);
        assert!(told(HISTORY, DiversionForm::AsReceived).is_empty());
        assert!(told(DIVERSION, DiversionForm::Hidden).is_empty());
        assert!(told("", DiversionForm::HistoryInfo).is_empty(), "nobody diverted");
    }

    #[test]
    fn a_history_without_causes_is_no_diversion() {
        let plain = "History-Info: <sip:+1@h>;index=1, <sip:+3@h>;index=1.1\r\n";
        assert!(told(plain, DiversionForm::Diversion).is_empty());
    }
}
