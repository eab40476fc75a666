//! What the payment system says.

use serde::Deserialize;

/// Characters of a reference at most.
pub(super) const REFERENCE_MAX: usize = 200;
/// Characters of a reason at most.
pub(super) const REASON_MAX: usize = 500;

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was paid, under this reference.
    Paid(Option<String>),
    /// It will be said how it ended.
    Pending(Option<String>),
    /// It will not be paid, since.
    Refused(Option<String>, String),
    /// It says nothing of use: it is asked again.
    Unclear(String),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    state: String,
    reference: Option<String>,
    reason: Option<String>,
}

/// Reads an answer. What it says counts; without that, 202 is pending, and 4xx refuses, but for those that ask to try again.
pub(super) fn read(status: u16, body: &[u8]) -> Answer {
    let said: Body = serde_json::from_slice(body).unwrap_or_default();
    let reference = said.reference.and_then(|text| tidy(&text, REFERENCE_MAX));
    let reason = said.reason.and_then(|text| tidy(&text, REASON_MAX));
    match (status, said.state.as_str()) {
        (200..300, "paid") => Answer::Paid(reference),
        (200..300, "refused") => {
            Answer::Refused(reference, reason.unwrap_or_else(|| "the payment system refused it".to_owned()))
        }
        (200..300, "pending") | (202, "") => Answer::Pending(reference),
        (200..300, _) => {
            Answer::Unclear(format!("the answer {status} does not say paid, pending or refused"))
        }
        (408 | 425 | 429, _) => Answer::Unclear(format!("the payment system answered {status}")),
        (400..500, _) => Answer::Refused(
            reference,
            reason.unwrap_or_else(|| format!("the payment system answered {status}")),
        ),
        _ => Answer::Unclear(format!("the payment system answered {status}")),
    }
}

/// Text as it is kept: printable, and not too long; `None` where nothing is left.
pub(super) fn tidy(text: &str, most: usize) -> Option<String> {
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(most).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_paid_only_where_it_says_so() {
        let paid = |status| read(status, br#"{"state": "paid", "reference": "r-1", "more": [1]}"#);
        for status in [200, 201, 202] {
            assert_eq!(paid(status), Answer::Paid(Some("r-1".into())));
        }
        assert!(matches!(paid(302), Answer::Unclear(_)) && matches!(paid(500), Answer::Unclear(_)));
        assert!(matches!(paid(404), Answer::Refused(..)));
        assert_eq!(read(202, b""), Answer::Pending(None));
        assert_eq!(read(200, br#"{"state": "pending"}"#), Answer::Pending(None));
        let broken = br#"{"state": "paid", "reference": 7}"#;
        for (status, body) in
            [(200, &b""[..]), (200, b"OK"), (200, b"[]"), (202, br#"{"state": "x"}"#), (200, broken)]
        {
            assert!(matches!(read(status, body), Answer::Unclear(_)), "{status} {body:?}");
        }
        for status in [408, 425, 429, 500, 503, 301] {
            assert!(matches!(read(status, b""), Answer::Unclear(_)), "{status}");
        }
        let why = |status, body: &[u8]| match read(status, body) {
            Answer::Refused(_, why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(402, br#"{"reason": "the card\nhas expired"}"#), "the cardhas expired");
        assert_eq!(why(402, b""), "the payment system answered 402");
        assert_eq!(why(200, br#"{"state": "refused"}"#), "the payment system refused it");
        let long = format!("{{\"state\": \"paid\", \"reference\": \"{}\"}}", "å".repeat(900));
        let Answer::Paid(Some(reference)) = read(200, long.as_bytes()) else { panic!("it is paid") };
        assert_eq!(reference.chars().count(), REFERENCE_MAX);
    }
}
