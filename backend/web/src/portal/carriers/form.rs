//! All that a carrier can be told, as a form.

use crate::portal::{
    amounts::{amount, amount_text},
    protection::list,
    signaling::{SignalingForm, number},
    words,
};
use app::{Error, Password};
use domain::config::{CallerIdPolicy, Carrier, CarrierHost, CarrierPrefix, Limits, Transport, parse_word};
use serde::Deserialize;

/// Prefixes that fit into the form; longer lists stay as the API has set them.
pub(super) const PREFIXES_SHOWN_MAX: usize = 1_000;

/// The fields of the form; a checkbox that is not set is not sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CarrierForm {
    pub(super) name: String,
    pub(super) enabled: String,
    /// A host a line: `192.0.2.1:5060 udp`.
    pub(super) hosts: String,
    pub(super) caller_id: String,
    pub(super) calls_per_second: String,
    pub(super) max_calls: String,
    /// A prefix a line, and its cost a minute: `+1206 0.0085`; `*` is everything.
    pub(super) prefixes: String,
    pub(super) quality: String,
    pub(super) capacity: String,
    pub(super) weight: String,
    pub(super) emergency: String,
    pub(super) signing: String,
    pub(super) verification: String,
    /// Whether it is confirmed that something is sold below cost.
    pub(super) below_cost: String,
    /// The version that its page has seen.
    pub(super) seen: String,
    #[serde(flatten)]
    pub(super) signaling: SignalingForm,
}

impl From<&Carrier> for CarrierForm {
    fn from(carrier: &Carrier) -> Self {
        let host = |host: &CarrierHost| {
            let address =
                if host.address.contains(':') { format!("[{}]", host.address) } else { host.address.clone() };
            format!("{address}:{} {}", host.port, words::transport(host.transport).to_lowercase())
        };
        let prefix = |prefix: &CarrierPrefix| {
            let digits =
                if prefix.prefix.is_empty() { "*".to_owned() } else { format!("+{}", prefix.prefix) };
            format!("{digits} {}", amount_text(prefix.cost_per_minute_micros))
        };
        let shown = if carrier.prefixes.len() > PREFIXES_SHOWN_MAX { &[][..] } else { &carrier.prefixes };
        Self {
            name: carrier.name.clone(),
            enabled: if carrier.enabled { "on".to_owned() } else { String::new() },
            hosts: carrier.hosts.iter().map(host).collect::<Vec<_>>().join("\n"),
            caller_id: match carrier.caller_id {
                CallerIdPolicy::Any => "any".to_owned(),
                CallerIdPolicy::Owned => "owned".to_owned(),
            },
            calls_per_second: carrier.limits.calls_per_second.to_string(),
            max_calls: carrier.limits.max_calls.to_string(),
            prefixes: shown.iter().map(prefix).collect::<Vec<_>>().join("\n"),
            quality: carrier.quality.to_string(),
            capacity: carrier.capacity.map(|calls| calls.to_string()).unwrap_or_default(),
            weight: carrier.weight.to_string(),
            emergency: carrier.emergency_countries.join(", "),
            signing: carrier.signing.word().to_owned(),
            verification: if carrier.unverified { String::new() } else { "on".to_owned() },
            below_cost: String::new(),
            seen: String::new(),
            signaling: SignalingForm::from(&carrier.policy),
        }
    }
}

impl CarrierForm {
    pub(super) fn read(&self, now: Carrier) -> Result<(Carrier, Password), Error> {
        let (policy, password) = self.signaling.read(now.policy.clone())?;
        let hosts = self.hosts.lines().map(str::trim).filter(|line| !line.is_empty());
        let prefixes = match now.prefixes.len() > PREFIXES_SHOWN_MAX && self.prefixes.trim().is_empty() {
            true => now.prefixes.clone(),
            false => {
                let lines = self.prefixes.lines().map(str::trim).filter(|line| !line.is_empty());
                lines.map(|line| prefix(line, &now.prefixes)).collect::<Result<_, _>>()?
            }
        };
        let carrier = Carrier {
            name: self.name.clone(),
            hosts: hosts.map(host).collect::<Result<_, _>>()?,
            caller_id: match self.caller_id.as_str() {
                "owned" => CallerIdPolicy::Owned,
                _ => CallerIdPolicy::Any,
            },
            prefixes,
            quality: number("quality", &self.quality)?,
            weight: number("weight", &self.weight)?,
            capacity: match self.capacity.trim() {
                "" => None,
                calls => Some(number("capacity", calls)?),
            },
            emergency_countries: list(&self.emergency, str::to_ascii_uppercase),
            signing: parse_word("signing", &self.signing)
                .map_err(|fault| Error::invalid(&fault.field, fault.message))?,
            unverified: self.verification.is_empty(),
            policy,
            ..self.read_limits(now)?
        };
        Ok((carrier, password))
    }

    /// What can be changed about the simulated carrier, too.
    pub(super) fn read_limits(&self, now: Carrier) -> Result<Carrier, Error> {
        Ok(Carrier {
            enabled: !self.enabled.is_empty(),
            limits: Limits {
                calls_per_second: number("limit of calls per second", &self.calls_per_second)?,
                max_calls: number("limit of calls", &self.max_calls)?,
            },
            ..now
        })
    }
}

fn host(line: &str) -> Result<CarrierHost, Error> {
    let wrong = || {
        Error::invalid(
            "hosts",
            format!("write a host a line, such as 192.0.2.1:5060 udp, instead of {line:?}"),
        )
    };
    let mut parts = line.split_whitespace();
    let at = parts.next().unwrap_or_default();
    let transport = match parts.next().unwrap_or("udp").to_ascii_lowercase().as_str() {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        _ => return Err(wrong()),
    };
    let usual = if transport == Transport::Tls { 5061 } else { 5060 };
    if parts.next().is_some() {
        return Err(wrong());
    }
    if let Some((address, rest)) = at.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = rest.strip_prefix(':').map_or(Ok(usual), |port| port.parse().map_err(|_| wrong()))?;
        return Ok(CarrierHost { address: address.to_owned(), port, transport });
    }
    match at.split_once(':') {
        // More than one colon: an IPv6 address without a port.
        Some((_, rest)) if rest.contains(':') => {
            Ok(CarrierHost { address: at.to_owned(), port: usual, transport })
        }
        Some((address, port)) => Ok(CarrierHost {
            address: address.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
            transport,
        }),
        None => Ok(CarrierHost { address: at.to_owned(), port: usual, transport }),
    }
}

/// A prefix keeps the hours that the API set for it: the form has no words for them.
fn prefix(line: &str, known: &[CarrierPrefix]) -> Result<CarrierPrefix, Error> {
    let (digits, cost) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let digits = digits.trim_start_matches('+').trim_start_matches('*').to_owned();
    let cost_per_minute_micros = amount("cost of a minute", cost)?.unwrap_or(0);
    let same = known.iter().find(|prefix| prefix.prefix == digits);
    let windows = same.map(|prefix| prefix.windows.clone()).unwrap_or_default();
    Ok(CarrierPrefix { prefix: digits, cost_per_minute_micros, windows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_comes_back_from_its_form_as_it_was() {
        let form = CarrierForm {
            name: "up".into(),
            hosts: "192.0.2.1 tcp\nsip.up.test:5070\n[2001:db8::1]:5061 tls\n2001:db8::2".into(),
            prefixes: "+46 0.0085\n* 0.02\n1".into(),
            capacity: "300".into(),
            emergency: "se dk".into(),
            ..CarrierForm::from(&app::carriers::plain("", Vec::new(), Vec::new()))
        };
        let plain = || app::carriers::plain("", Vec::new(), Vec::new());
        let (carrier, _) = form.read(plain()).expect("a good form");
        let places: Vec<_> = carrier.hosts.iter().map(|host| (host.address.as_str(), host.port)).collect();
        assert_eq!(
            places,
            [("192.0.2.1", 5060), ("sip.up.test", 5070), ("2001:db8::1", 5061), ("2001:db8::2", 5060)]
        );
        assert_eq!(
            (carrier.prefixes[1].prefix.as_str(), carrier.prefixes[1].cost_per_minute_micros),
            ("", 20_000)
        );
        let (again, _) = CarrierForm::from(&carrier).read(plain()).expect("a good form");
        assert_eq!(again, carrier);
    }

    #[test]
    fn what_is_no_host_is_said_with_an_example() {
        for line in ["192.0.2.1 pigeon", "192.0.2.1:many", "a b c"] {
            assert!(host(line).is_err_and(|error| error.to_string().contains("5060")), "{line}");
        }
    }
}
