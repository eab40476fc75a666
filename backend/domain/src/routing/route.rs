//! A voice route as it is set.

use super::rewrite::Rewrites;
use crate::config::{Fault, Window, check_failover};
use crate::numbering::words;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most trunks of a route.
pub const ROUTE_TRUNKS_MAX: usize = 250;
/// The weight of a trunk of which nothing is said.
pub const DEFAULT_WEIGHT: u16 = 1;

/// In which order the trunks of equal priority are tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RouteOrder {
    /// As they are listed.
    #[default]
    Listed,
    /// In an order drawn anew for each call.
    Shuffle,
    /// Drawn for each call in proportion to their weights (RFC 2782).
    Weighted,
}

words! {
    RouteOrder { Listed = "listed", Shuffle = "shuffle", Weighted = "weighted" }
}

/// A trunk of a route. On the wire its FQDN alone where the rest is as it is by default.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteTarget {
    /// The trunk, by its FQDN.
    pub fqdn: String,
    /// Lower ones are tried first.
    pub priority: u16,
    /// Its share among those of equal priority; 0 comes last.
    pub weight: u16,
}

impl RouteTarget {
    /// A trunk with priority 0 and weight 1.
    pub fn new(fqdn: impl Into<String>) -> Self {
        Self { fqdn: fqdn.into(), priority: 0, weight: DEFAULT_WEIGHT }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Name(String),
    Whole {
        fqdn: String,
        #[serde(default)]
        priority: u16,
        #[serde(default = "default_weight")]
        weight: u16,
    },
}

const fn default_weight() -> u16 {
    DEFAULT_WEIGHT
}

impl Serialize for RouteTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fqdn = self.fqdn.clone();
        let wire = if self.priority == 0 && self.weight == DEFAULT_WEIGHT {
            Wire::Name(fqdn)
        } else {
            Wire::Whole { fqdn, priority: self.priority, weight: self.weight }
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RouteTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Name(fqdn) => Self::new(fqdn),
            Wire::Whole { fqdn, priority, weight } => Self { fqdn, priority, weight },
        })
    }
}

/// A voice route of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VoiceRoute {
    /// Its name, unique in the tenant.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// A .NET regular expression over the number with its `+`.
    #[serde(alias = "number_pattern")]
    pub number_pattern: String,
    /// The trunks, in the order in which they are listed.
    #[serde(alias = "trunks")]
    pub targets: Vec<RouteTarget>,
    /// The caller id to show instead of the caller's.
    #[serde(alias = "caller_id_override")]
    pub caller_id_override: Option<String>,
    /// In which order trunks of equal priority are tried.
    #[serde(skip_serializing_if = "is_default")]
    pub order: RouteOrder,
    /// The final statuses on which the next trunk is tried; `None` is what the trunk says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover_on: Option<Vec<u16>>,
    /// When it matches; empty is always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Number manipulation of calls that it matches, before that of the trunk.
    #[serde(skip_serializing_if = "is_default")]
    pub rewrites: Rewrites,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl VoiceRoute {
    /// Whether what `/sip` cannot say of it can be used.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        if let Some(statuses) = &self.failover_on {
            check_failover(statuses)?;
        }
        if self.windows.len() > crate::config::WINDOWS_MAX {
            return Err(Fault::new(
                "windows",
                format!("give at most {} windows", crate::config::WINDOWS_MAX),
            ));
        }
        if self.targets.len() > ROUTE_TRUNKS_MAX {
            return Err(Fault::new("targets", format!("give at most {ROUTE_TRUNKS_MAX} trunks")));
        }
        self.rewrites.check().map_err(|fault| fault.within("rewrites"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_of_an_older_version_is_read_and_a_plain_trunk_stays_a_name() {
        let old = r#"{"name":"us","description":null,"number_pattern":"^\\+1","trunks":["a.test"],"caller_id_override":null}"#;
        let route: VoiceRoute = serde_json::from_str(old).expect("an old route");
        assert_eq!(
            (route.number_pattern.as_str(), route.targets.as_slice()),
            (r"^\+1", &[RouteTarget::new("a.test")][..])
        );
        let json = serde_json::to_value(&route).expect("JSON");
        assert_eq!(json["targets"], serde_json::json!(["a.test"]));
    }

    #[test]
    fn a_trunk_with_priority_and_weight_is_read_back_as_it_was_written() {
        let target = RouteTarget { fqdn: "a.test".into(), priority: 2, weight: 7 };
        let json = serde_json::to_string(&target).expect("JSON");
        assert_eq!(json, r#"{"fqdn":"a.test","priority":2,"weight":7}"#);
        assert_eq!(serde_json::from_str::<RouteTarget>(&json).ok(), Some(target));
    }

    #[test]
    fn a_declined_call_can_never_be_set_to_fail_over() {
        for status in [486, 480, 603, 600, 200, 401, 399] {
            let route = VoiceRoute { failover_on: Some(vec![503, status]), ..VoiceRoute::default() };
            assert_eq!(route.check().expect_err("refused").field, "failoverOn", "{status}");
        }
        let route = VoiceRoute { failover_on: Some(vec![403, 404, 500, 502, 503]), ..VoiceRoute::default() };
        assert_eq!(route.check(), Ok(()));
    }
}
