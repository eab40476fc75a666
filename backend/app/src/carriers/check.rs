//! What a carrier may look like.

use super::{CAPACITY_MAX, HOSTS_MAX, PREFIXES_MAX};
use crate::{App, Error, decks::DeckKind, error::faulty, tenants::check_limits};
use domain::access::Scope;
use domain::config::{Carrier, CarrierHost, CarrierPrefix, WINDOWS_MAX};
use std::{collections::BTreeSet, net::IpAddr};

/// Characters of a name at most.
const NAME_MAX: usize = 100;
/// Digits of a prefix at most: no number is longer (ITU-T E.164).
const PREFIX_MAX: usize = 15;

/// A cost that no price can be compared with would switch the margin guard off, or the carrier.
///
/// # Errors
/// [`Error::Invalid`] where no plan sells in the carrier's currency.
pub(super) fn currency(app: &App, carrier: &Carrier) -> Result<(), Error> {
    let live = app.live();
    let plans = &live.config.platform.value.plans;
    let costs = carrier.prefixes.iter().position(|prefix| prefix.cost_per_minute_micros > 0);
    let Some(index) = costs else { return Ok(()) };
    if plans.iter().any(|plan| plan.currency == carrier.currency) {
        return Ok(());
    }
    let mut sold: Vec<String> = plans.iter().map(|plan| plan.currency.to_string()).collect();
    sold.sort_unstable();
    sold.dedup();
    let message = format!(
        "no price plan is in {}, so the margin of a call could not be known: give the cost in {}",
        carrier.currency,
        sold.join(" or ")
    );
    Err(Error::invalid(&format!("prefixes[{index}].costPerMinute"), message))
}

/// Whether the deck that a carrier takes its costs from is one of costs, and in its currency.
///
/// # Errors
/// [`Error::Invalid`] for the deck.
pub(super) async fn deck(app: &App, scope: &Scope, carrier: &mut Carrier) -> Result<(), Error> {
    let Some(used) = &carrier.deck else { return Ok(()) };
    let deck = store::prices::deck(app.db().read(), scope, used.deck).await?;
    let deck = deck.ok_or_else(|| Error::invalid("deck", "there is no such rate deck"))?;
    if deck.kind != DeckKind::Cost.word() {
        return Err(Error::invalid("deck", "this deck has what tenants pay: take one of costs"));
    }
    if carrier.prefixes.iter().all(|prefix| prefix.cost_per_minute_micros == 0) {
        carrier.currency = deck.currency.parse().map_err(Error::internal)?;
    }
    if deck.currency != carrier.currency.code() {
        let text =
            format!("the deck is in {}, and the carrier's costs in {}", deck.currency, carrier.currency);
        return Err(Error::invalid("deck", text));
    }
    Ok(())
}

/// The carrier with its texts tidied, where it can be used.
///
/// # Errors
/// [`Error::Invalid`] by field.
pub(super) fn tidy(mut carrier: Carrier) -> Result<Carrier, Error> {
    let name = carrier.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Error::invalid("name", format!("name the carrier in 1 to {NAME_MAX} characters")));
    }
    carrier.name = name.to_owned();
    hosts(&mut carrier.hosts, carrier.sandbox)?;
    if carrier.deck.is_none() || !carrier.prefixes.is_empty() {
        prefixes(&mut carrier.prefixes)?;
    }
    if carrier.capacity.is_some_and(|calls| !(1..=CAPACITY_MAX).contains(&calls)) {
        return Err(Error::invalid(
            "capacity",
            format!("give a number of calls from 1 to {CAPACITY_MAX}, or null"),
        ));
    }
    check_limits(carrier.limits)?;
    carrier.check().map_err(faulty)?;
    Ok(carrier)
}

fn hosts(hosts: &mut [CarrierHost], sandbox: bool) -> Result<(), Error> {
    if (hosts.is_empty() && !sandbox) || hosts.len() > HOSTS_MAX {
        return Err(Error::invalid("hosts", format!("give 1 to {HOSTS_MAX} hosts")));
    }
    for (index, host) in hosts.iter_mut().enumerate() {
        let address = host.address.trim().to_ascii_lowercase();
        let is_name = crate::trunks::is_host_name(&address) || address == "localhost";
        if address.parse::<IpAddr>().is_err() && !is_name {
            let target = format!("hosts[{index}].address");
            return Err(Error::invalid(&target, "give an IP address or a host name"));
        }
        if host.port == 0 {
            return Err(Error::invalid(&format!("hosts[{index}].port"), "ports are 1 to 65535"));
        }
        host.address = address;
    }
    Ok(())
}

fn prefixes(prefixes: &mut [CarrierPrefix]) -> Result<(), Error> {
    if prefixes.is_empty() || prefixes.len() > PREFIXES_MAX {
        return Err(Error::invalid(
            "prefixes",
            format!("give 1 to {PREFIXES_MAX} prefixes; an empty one covers everything"),
        ));
    }
    let mut seen = BTreeSet::new();
    for (index, row) in prefixes.iter_mut().enumerate() {
        prefix(row)
            .map_err(|(field, message)| Error::invalid(&format!("prefixes[{index}].{field}"), message))?;
        if !seen.insert(row.prefix.clone()) {
            let target = format!("prefixes[{index}].prefix");
            return Err(Error::invalid(&target, format!("the prefix {:?} is there twice", row.prefix)));
        }
    }
    Ok(())
}

fn prefix(row: &mut CarrierPrefix) -> Result<(), (&'static str, String)> {
    let digits = row.prefix.trim().trim_start_matches('+').to_owned();
    if digits.len() > PREFIX_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(("prefix", "a prefix is digits, such as 1206; empty covers everything".to_owned()));
    }
    if row.cost_per_minute_micros < 0 {
        return Err(("costPerMinute", "a cost is zero or more".to_owned()));
    }
    if row.windows.len() > WINDOWS_MAX {
        return Err(("windows", format!("give {WINDOWS_MAX} windows at most")));
    }
    row.prefix = digits;
    Ok(())
}
