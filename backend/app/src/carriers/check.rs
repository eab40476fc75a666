//! What a carrier may look like; and the row of one as its view.

use super::{CarrierView, HOSTS_MAX, Host, PREFIXES_MAX, Prefix};
use crate::{Error, snapshot::load};
use domain::{
    config::{CarrierHost, CarrierPrefix},
    money::{Currency, Money},
};
use serde_json::Value;
use std::{collections::BTreeSet, net::IpAddr};
use store::carriers::Carrier;

/// Characters of a name at most.
const NAME_MAX: usize = 100;
/// Digits of a prefix at most: no number is longer (ITU-T E.164).
const PREFIX_MAX: usize = 15;

pub(super) fn name(text: &str) -> Result<String, Error> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Error::invalid("name", format!("name the carrier in 1 to {NAME_MAX} characters")));
    }
    Ok(name.to_owned())
}

pub(super) fn hosts(hosts: &[Host]) -> Result<Value, Error> {
    if hosts.is_empty() || hosts.len() > HOSTS_MAX {
        return Err(Error::invalid("hosts", format!("give 1 to {HOSTS_MAX} hosts")));
    }
    let mut rows = Vec::with_capacity(hosts.len());
    for (index, host) in hosts.iter().enumerate() {
        let address = host.address.trim().to_ascii_lowercase();
        let is_name = crate::trunks::is_host_name(&address) || address == "localhost";
        if address.parse::<IpAddr>().is_err() && !is_name {
            let target = format!("hosts[{index}].address");
            return Err(Error::invalid(&target, "give an IP address or a host name"));
        }
        if host.port == 0 {
            return Err(Error::invalid(&format!("hosts[{index}].port"), "ports are 1 to 65535"));
        }
        rows.push(CarrierHost { address, port: host.port, transport: host.transport });
    }
    serde_json::to_value(rows).map_err(Error::internal)
}

pub(super) fn prefixes(prefixes: &[Prefix]) -> Result<Value, Error> {
    if prefixes.is_empty() || prefixes.len() > PREFIXES_MAX {
        return Err(Error::invalid(
            "prefixes",
            format!("give 1 to {PREFIXES_MAX} prefixes; an empty one covers everything"),
        ));
    }
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(prefixes.len());
    for (index, given) in prefixes.iter().enumerate() {
        let row = prefix(index, given)?;
        if !seen.insert(row.prefix.clone()) {
            let target = format!("prefixes[{index}].prefix");
            return Err(Error::invalid(&target, format!("the prefix {:?} is there twice", row.prefix)));
        }
        rows.push(row);
    }
    serde_json::to_value(rows).map_err(Error::internal)
}

fn prefix(index: usize, given: &Prefix) -> Result<CarrierPrefix, Error> {
    let digits = given.prefix.trim().trim_start_matches('+');
    if digits.len() > PREFIX_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let target = format!("prefixes[{index}].prefix");
        return Err(Error::invalid(&target, "a prefix is digits, such as 1206; empty covers everything"));
    }
    let cost = given.cost_per_minute.unwrap_or(Money::zero(Currency::USD));
    if cost.micros < 0 {
        let target = format!("prefixes[{index}].costPerMinute");
        return Err(Error::invalid(&target, "a cost is zero or more"));
    }
    Ok(CarrierPrefix { prefix: digits.to_owned(), cost_per_minute_micros: cost.micros, windows: Vec::new() })
}

pub(super) fn view(row: Carrier) -> Result<CarrierView, Error> {
    let carrier = load::carrier(row)?;
    let host = |host: CarrierHost| Host { address: host.address, port: host.port, transport: host.transport };
    let prefix = |prefix: CarrierPrefix| Prefix {
        prefix: prefix.prefix,
        cost_per_minute: Some(Money::new(prefix.cost_per_minute_micros, Currency::USD)),
    };
    Ok(CarrierView {
        id: carrier.id,
        name: carrier.name,
        sandbox: carrier.sandbox,
        enabled: carrier.enabled,
        hosts: carrier.hosts.into_iter().map(host).collect(),
        caller_id: carrier.caller_id,
        limits: carrier.limits,
        prefixes: carrier.prefixes.into_iter().map(prefix).collect(),
    })
}
