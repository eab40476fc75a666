//! What is printed once everything serves.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

/// The facts of the box.
pub(crate) struct Facts<'a> {
    /// Where people look.
    pub(crate) portal: Option<String>,
    /// How the operator signs in: an address, or the one-time set-up link.
    pub(crate) operator: String,
    /// SIP over UDP and TCP.
    pub(crate) sip: Option<SocketAddr>,
    /// SIP over TLS.
    pub(crate) sip_tls: Option<SocketAddr>,
    /// The simulated PSTN.
    pub(crate) sandbox: Option<SocketAddr>,
    /// Where the data lives.
    pub(crate) data_dir: &'a Path,
    /// What clients must trust.
    pub(crate) ca_file: Option<&'a Path>,
}

/// Draws the box.
pub(crate) fn draw(facts: &Facts<'_>) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(portal) = &facts.portal {
        rows.push(("Portal", portal.clone()));
        rows.push(("Operator", facts.operator.clone()));
    }
    if let Some(sip) = facts.sip {
        let tls = facts.sip_tls.map(|tls| format!(", {tls} (TLS)")).unwrap_or_default();
        rows.push(("SIP", format!("{sip} (UDP and TCP){tls}")));
    }
    if let Some(sandbox) = facts.sandbox {
        rows.push(("Sandbox PSTN", format!("{sandbox}, answering +1 206 555 0100 to 0199")));
    }
    rows.push(("Data", facts.data_dir.display().to_string()));
    if let Some(ca) = facts.ca_file {
        rows.push((
            "Trust",
            facts.portal.as_ref().map_or_else(
                || ca.display().to_string(),
                |portal| format!("{} (Python, Node, .NET, Java, curl: {portal}/trust)", ca.display()),
            ),
        ));
    }
    if let Some(portal) = &facts.portal {
        rows.push((
            "Next",
            format!("sign up at {portal}/signup, buy a number, and have the sandbox call it"),
        ));
    }
    let label = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let width = rows.iter().map(|(_, text)| label + 2 + text.chars().count()).max().unwrap_or_default() + 2;
    let title = format!(" Dialtone {} ", env!("CARGO_PKG_VERSION"));
    let mut text = format!("╭─{title}{}╮\n", "─".repeat(width.saturating_sub(title.len() + 1)));
    for (name, value) in rows {
        let padding = width - 2 - (label + 2 + value.chars().count());
        // Writing into a string cannot fail.
        let _ = writeln!(text, "│ {name:label$}  {value}{} │", " ".repeat(padding));
    }
    text + &format!("╰{}╯", "─".repeat(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_box_is_as_wide_as_the_others() {
        let facts = Facts {
            portal: Some("http://localhost:8080".into()),
            operator: "http://localhost:8080/signin".into(),
            sip: Some(SocketAddr::from(([127, 0, 0, 1], 5060))),
            sip_tls: Some(SocketAddr::from(([127, 0, 0, 1], 5061))),
            sandbox: None,
            data_dir: Path::new("./data"),
            ca_file: Some(Path::new("./data/ca.pem")),
        };
        let drawn = draw(&facts);
        let widths: Vec<_> = drawn.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{drawn}");
    }
}
