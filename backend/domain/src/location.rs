//! Where the caller of an emergency call is, as call takers' systems read it: a civic address as PIDF-LO (RFC 4119,
//! 5139, 5491).

use crate::config::RegisteredAddress;
use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt::Write as _;

/// The media type of the document (RFC 3863).
pub const CONTENT_TYPE: &str = "application/pidf+xml";

/// The registered address of a number, as a document about that number at a host. The first line of the address is the
/// road with its house number (`RD`), further lines are additional location information (`LOC`).
#[must_use]
pub fn pidf_lo(address: &RegisteredAddress, host: &str, at: DateTime<Utc>) -> String {
    let mut civic = String::new();
    let mut element = |name: &str, text: &str| {
        if !text.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(civic, "<ca:{name}>{}</ca:{name}>", escaped(text));
        }
    };
    element("country", &address.country);
    element("A1", &address.region);
    element("A3", &address.locality);
    element("RD", address.lines.first().map_or("", String::as_str));
    element("LOC", &address.lines.get(1..).unwrap_or_default().join(", "));
    element("PC", &address.postal_code);
    let number = address.number;
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?>"#,
            r#"<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model""#,
            r#" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10""#,
            r#" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:{number}@{host}">"#,
            r#"<dm:device id="caller"><gp:geopriv><gp:location-info><ca:civicAddress>{civic}</ca:civicAddress>"#,
            r#"</gp:location-info><gp:usage-rules/><gp:method>Manual</gp:method></gp:geopriv>"#,
            r#"<dm:deviceID>tel:{number}</dm:deviceID><dm:timestamp>{at}</dm:timestamp></dm:device></presence>"#
        ),
        number = number,
        host = escaped(host),
        civic = civic,
        at = at.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

/// A text as XML writes it, in elements and in attributes.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&apos;"),
            c if c.is_control() => {}
            c => all.push(c),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_whole_and_cannot_break_the_document() {
        let address = RegisteredAddress {
            number: "+4684650040".parse().expect("a number"),
            country: "SE".into(),
            lines: vec!["Storgatan 1 <B>".into(), "Floor 2".into(), "Room & hall".into()],
            locality: "Stockholm".into(),
            region: String::new(),
            postal_code: "111 22".into(),
            call_back: None,
        };
        let text = pidf_lo(&address, "voice.example", DateTime::UNIX_EPOCH);
        assert!(text.contains(
            "<ca:country>SE</ca:country><ca:A3>Stockholm</ca:A3><ca:RD>Storgatan 1 &lt;B&gt;</ca:RD>\
             <ca:LOC>Floor 2, Room &amp; hall</ca:LOC><ca:PC>111 22</ca:PC>"
        ));
        assert!(text.contains(r#"entity="pres:+4684650040@voice.example""#), "{text}");
        assert!(text.contains("<dm:timestamp>1970-01-01T00:00:00Z</dm:timestamp>"));
        assert!(!text.contains("A1"), "what is not known is not said");
    }
}
