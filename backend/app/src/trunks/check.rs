//! What a trunk and a route may look like, in the words of the protocol.

use super::{ROUTE_TRUNKS_MAX, ROUTES_MAX, SipRoute, TRUNKS_MAX};
use crate::Error;
use domain::{phone::E164, routing::Pattern};
use std::{collections::BTreeSet, net::IpAddr};

/// Characters of a trunk's name at most.
const FQDN_MAX: usize = 249;
/// Characters of one label of a host name at most (RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;
/// Characters of a route's name at most.
const NAME_MAX: usize = 256;
/// Characters of a pattern and of a description at most.
const TEXT_MAX: usize = 1_024;

/// A refusal in the protocol's words; `detail` says what to do about it.
pub(crate) fn refused(status: u16, code: &'static str, message: &str, detail: &str) -> Error {
    Error::Invalid {
        status,
        code: "UnprocessableConfiguration",
        message: "One or more request inputs are not valid.".to_owned(),
        target: None,
        inner: Some((
            code,
            if detail.is_empty() { message.to_owned() } else { format!("{message} {detail}") },
        )),
    }
}

pub(super) fn bad_fqdn(detail: &str) -> Error {
    refused(422, "InvalidTrunkFqdn", "Trunk with an invalid FQDN.", detail)
}

pub(super) fn missing_trunk(route: &str, fqdn: &str) -> Error {
    let detail = format!("Route {route:?} leads to {fqdn}, which is not among the trunks.");
    refused(422, "MissingTrunk", "Route targeting a missing trunk.", &detail)
}

/// A trunk's name in lower case: a host name of two labels or more, no address.
pub(super) fn fqdn(text: &str) -> Result<String, Error> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    if name.len() <= FQDN_MAX && is_host_name(&name) && name.parse::<IpAddr>().is_err() {
        return Ok(name);
    }
    Err(bad_fqdn("Name the SBC by its full host name, such as sbc1.contoso.com."))
}

/// The domain in which a trunk's name lies: all but its first label.
pub(super) fn domain_of(fqdn: &str) -> &str {
    fqdn.split_once('.').map_or(fqdn, |(_, domain)| domain)
}

/// Whether a lower-case text is a host name of two labels or more.
pub(crate) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.contains('.') && name.split('.').all(label)
}

/// A SIP port, 1 to 65,535.
pub(super) fn port(port: i64) -> Result<u16, Error> {
    u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(bad_port)
}

pub(super) fn bad_port() -> Error {
    refused(
        422,
        "InvalidTrunkSipSignalingPort",
        "Trunk with an invalid SIP signaling port.",
        "sipSignalingPort is 1 to 65535.",
    )
}

/// Names and patterns of routes, and that each leads to trunks that are there.
pub(super) fn routes(routes: &[SipRoute], trunks: &BTreeSet<String>) -> Result<(), Error> {
    if routes.len() > ROUTES_MAX {
        return Err(refused(422, "TooManyRoutes", &format!("There are more than {ROUTES_MAX} routes."), ""));
    }
    let mut names = BTreeSet::new();
    for route in routes {
        route_texts(route)?;
        if !names.insert(route.name.as_str()) {
            return Err(refused(400, "DuplicatedRoute", "There is a duplicated route.", ""));
        }
        route_trunks(route, trunks)?;
    }
    Ok(())
}

fn route_texts(route: &SipRoute) -> Result<(), Error> {
    let fits = |text: &str, most| !text.trim().is_empty() && text.chars().count() <= most;
    if !fits(&route.name, NAME_MAX) {
        let detail = format!("Names have 1 to {NAME_MAX} characters.");
        return Err(refused(422, "InvalidRouteName", "Route with an invalid name.", &detail));
    }
    if !fits(&route.number_pattern, TEXT_MAX) {
        return Err(bad_pattern(&format!("Patterns have 1 to {TEXT_MAX} characters.")));
    }
    if let Some(why) = Pattern::compile(&route.number_pattern).broken() {
        return Err(bad_pattern(&format!("Route {:?}: {why}.", route.name)));
    }
    if let Some(text) = &route.caller_id_override
        && E164::parse(text).is_err()
    {
        let detail = format!("callerIdOverride is a number in full, such as +12065550100, not {text:?}.");
        return Err(refused(
            422,
            "InvalidRouteCallerIdOverride",
            "Route with an invalid caller id.",
            &detail,
        ));
    }
    if route.description.as_ref().is_some_and(|text| text.chars().count() > TEXT_MAX) {
        let detail = format!("Descriptions have {TEXT_MAX} characters at most.");
        return Err(refused(422, "InvalidRouteDescription", "Route with an invalid description.", &detail));
    }
    Ok(())
}

fn bad_pattern(detail: &str) -> Error {
    refused(422, "InvalidRouteNumberPattern", "Route with an invalid number pattern.", detail)
}

/// That each route leads to trunks that are there.
pub(super) fn routes_trunks(routes: &[SipRoute], trunks: &BTreeSet<String>) -> Result<(), Error> {
    routes.iter().try_for_each(|route| route_trunks(route, trunks))
}

fn route_trunks(route: &SipRoute, trunks: &BTreeSet<String>) -> Result<(), Error> {
    if route.trunks.len() > ROUTE_TRUNKS_MAX {
        let message = format!("A route has more than {ROUTE_TRUNKS_MAX} trunks.");
        return Err(refused(422, "TooManyTrunks", &message, ""));
    }
    let mut own = BTreeSet::new();
    for fqdn in &route.trunks {
        let fqdn = fqdn.to_ascii_lowercase();
        if !trunks.contains(&fqdn) {
            return Err(missing_trunk(&route.name, &fqdn));
        }
        if !own.insert(fqdn) {
            return Err(refused(
                400,
                "RouteWithDuplicatedTrunk",
                "There is a duplicated trunk in a route.",
                "",
            ));
        }
    }
    Ok(())
}

/// How many trunks a tenant may have.
pub(super) fn count(trunks: &BTreeSet<String>) -> Result<(), Error> {
    if trunks.len() > TRUNKS_MAX {
        return Err(refused(422, "TooManyTrunks", &format!("There are more than {TRUNKS_MAX} trunks."), ""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_is_named_by_a_full_host_name_and_by_nothing_else() {
        for name in ["sbc1.contoso.com", "SBC1.Contoso.COM.", "a.b", "xn--sbc-5qa.example"] {
            assert!(fqdn(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "sbc",
            "192.0.2.1",
            "2001:db8::1",
            "sbc..com",
            "-a.com",
            "a-.com",
            "a b.com",
            "ä.com",
            &"a.".repeat(130),
        ] {
            assert!(fqdn(name).is_err(), "{name}");
        }
    }

    #[test]
    fn ports_outside_of_16_bits_and_zero_are_refused() {
        assert_eq!(port(5061).ok(), Some(5061));
        assert!(port(0).is_err() && port(65_536).is_err() && port(-1).is_err());
    }
}
