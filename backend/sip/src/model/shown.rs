//! A message as people are shown it: through the structs of `rsip`, with the names of its headers written out.

use super::to_rsip;
use crate::wire::Message;
use rsip::{Headers, SipMessage};

/// A message for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Method, and status of a response.
    pub method: String,
    /// The status of a response.
    pub status: Option<u16>,
    /// The first line.
    pub start: String,
    /// Names (compact forms written out) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, where it is text.
    pub body: String,
}

/// Reads a message for display.
#[must_use]
pub fn show(message: &Message) -> Shown {
    let method = message.method().as_str().to_owned();
    let start = match (message.request_uri(), message.status()) {
        (Some(uri), _) => format!("{method} {uri} SIP/2.0"),
        (None, status) => format!("SIP/2.0 {:03} {}", status.unwrap_or_default(), message.reason()),
    };
    let headers = match to_rsip(message) {
        Some(SipMessage::Request(request)) => named(&request.headers),
        Some(SipMessage::Response(response)) => named(&response.headers),
        // A method that the crate does not know.
        None => message
            .fields()
            .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
            .collect(),
    };
    let body = String::from_utf8_lossy(&message.body()).into_owned();
    Shown { method, status: message.status(), start, headers, body }
}

fn named(headers: &Headers) -> Vec<(String, String)> {
    let line = |header: &rsip::Header| {
        let line = header.to_string();
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        (name.trim().to_owned(), value.trim().to_owned())
    };
    headers.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(bytes::Bytes::copy_from_slice(text.as_bytes())).expect("sound")
    }

    #[test]
    fn compact_names_are_written_out_and_values_are_kept_as_they_came() {
        let shown = show(&message(
            "INVITE sip:+1.555@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKa\r\nf: \"<script>\" <sip:a@b>;tag=1\r\n\
             t: <sip:c@d>\r\ni: x@y\r\nCSeq: 1 INVITE\r\nX-Odd: a:b\r\nl: 3\r\n\r\nabc",
        ));
        assert_eq!((shown.start.as_str(), shown.body.as_str()), ("INVITE sip:+1.555@h SIP/2.0", "abc"));
        let value = |name: &str| {
            let found = shown.headers.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("From"), Some("\"<script>\" <sip:a@b>;tag=1"));
        assert_eq!((value("Via"), value("Call-ID")), (Some("SIP/2.0/UDP h;branch=z9hG4bKa"), Some("x@y")));
        assert_eq!(value("X-Odd"), Some("a:b"));
    }

    #[test]
    fn a_method_that_the_crate_does_not_know_is_shown_all_the_same() {
        let shown = show(&message(
            "JUMP sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 JUMP\r\n\r\n",
        ));
        assert_eq!((shown.method.as_str(), shown.status, shown.headers.len()), ("JUMP", None, 5));
    }
}
