//! What scanners show of themselves.

use sip::wire::{HeaderName, Message};

/// What User-Agents of scanners contain, in lower case. Most of them never changed their tool's own name.
const AGENTS: [&str; 17] = [
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sip-scan",
    "sipcli",
    "sipsak-scan",
    "sundayddr",
    "iwar",
    "cseq-scan",
    "smap",
    "sipscan",
    "pplsip",
    "gulp",
    "siparmyknife",
    "test agent",
    "vicidial-scan",
    "nmap nse",
];
/// What is looked at of a User-Agent, in bytes.
const AGENT_MAX: usize = 128;
/// The host that a well-known scanner writes where it knows none.
const SCANNER_HOST: &str = "@1.1.1.1";

/// Whether a request is a scanner's by what it says of itself.
pub(crate) fn is_scanner(message: &Message) -> bool {
    let agent = message.header(HeaderName::UserAgent).unwrap_or_default();
    is_agent(agent) || is_signed(message)
}

fn is_agent(agent: &str) -> bool {
    let mut end = agent.len().min(AGENT_MAX);
    while !agent.is_char_boundary(end) {
        end -= 1;
    }
    let agent = agent[..end].to_ascii_lowercase();
    AGENTS.iter().any(|name| agent.contains(name))
}

/// From and To are the same placeholder, or the display name is the tool's.
fn is_signed(message: &Message) -> bool {
    let Ok(from) = message.from() else { return false };
    let is_named = from.display.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("sipvicious"));
    is_named || (from.uri.ends_with(SCANNER_HOST) && message.to().is_ok_and(|to| to.uri == from.uri))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn request(agent: &str, from: &str, to: &str) -> Message {
        let text = format!(
            "OPTIONS sip:100@edge.test SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: {from};tag=1\r\n\
             To: {to}\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nUser-Agent: {agent}\r\n\r\n"
        );
        Message::parse(Bytes::from(text)).expect("sound")
    }

    #[test]
    fn scanners_are_known_by_their_names_and_phones_are_not_scanners() {
        let (from, to) = ("<sip:100@edge.test>", "<sip:200@edge.test>");
        for agent in ["friendly-scanner", "SIPVicious 0.3", "sipcli/v1.8", "pplsip", "Test Agent"] {
            assert!(is_scanner(&request(agent, from, to)), "{agent}");
        }
        let phones = [
            "Yealink SIP-T46S 66.86",
            "baresip v1.0.0 (x86_64/linux)",
            "Linphone/5.0",
            "SIPp",
            "Zoiper rv2.10.20.4",
            "Grandstream GXP2160 1.0.11",
            "PolycomVVX-VVX_411-UA/6.4",
            "Cisco-CP8841/11",
            "\u{e9}\u{e9}",
            "",
        ];
        for agent in phones {
            assert!(!is_scanner(&request(agent, from, to)), "{agent}");
        }
    }

    #[test]
    fn a_scanner_that_hides_its_name_is_known_by_its_placeholder() {
        let own = "<sip:100@1.1.1.1>";
        assert!(is_scanner(&request("Linphone/5.0", &format!("\"sipvicious\" {own}"), "<sip:x@y>")));
        assert!(is_scanner(&request("Linphone/5.0", own, own)));
        assert!(!is_scanner(&request("Linphone/5.0", own, "<sip:200@1.1.1.1>")));
    }
}
