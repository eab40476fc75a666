//! Trunks of tenants.

use super::{
    Fault, is_default,
    peer::{Health, Limits, PeerPolicy, Place, Srtp, Transport},
};
use crate::{config::Abilities, ids::TrunkId};
use serde::{Deserialize, Serialize};

/// By what a trunk is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Authentication {
    /// By a certificate that names the FQDN in its Contact (RFC 5922).
    Certificate,
    /// By the addresses that it may call from.
    Address,
    /// By digest, with the secret of a SIP user of its tenant.
    Digest {
        /// The username.
        username: String,
    },
    /// By its registration with us, as a SIP user of its tenant; calls to it follow the registration.
    Registration {
        /// The username.
        username: String,
    },
}

/// A tenant's session border controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trunk {
    /// Its identifier.
    pub id: TrunkId,
    /// Its name, lower case.
    pub fqdn: String,
    /// Its SIP port.
    pub port: u16,
    /// Whether the tenant switched it on.
    pub enabled: bool,
    /// Its transport.
    pub transport: Transport,
    /// Where it is, instead of DNS; and from where it may call.
    pub addresses: Vec<Place>,
    /// Its media encryption.
    pub srtp: Srtp,
    /// Codecs it takes, in order; empty is any.
    pub codecs: Vec<String>,
    /// Its own limits.
    pub limits: Limits,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// By what it is recognised; `None` goes by its transport, see [`Trunk::authentication`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// How we speak with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: PeerPolicy,
    /// The most that one call from it may cost the tenant, micro-units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_call_micros: Option<i64>,
    /// How it is doing. Not part of the configuration's version.
    #[serde(skip, default = "unknown")]
    pub health: Health,
}

const fn unknown() -> Health {
    Health::Unknown
}

impl Trunk {
    /// By what it is recognised: as set, else by certificate for TLS and by address for UDP and TCP.
    #[must_use]
    pub fn authentication(&self) -> Authentication {
        match (&self.authentication, self.transport) {
            (Some(set), _) => set.clone(),
            (None, Transport::Tls) => Authentication::Certificate,
            (None, Transport::Udp | Transport::Tcp) => Authentication::Address,
        }
    }

    /// Whether its settings hold together.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        if let Authentication::Digest { username } | Authentication::Registration { username } =
            self.authentication()
            && username.is_empty()
        {
            return Err(Fault::new("authentication.username", "name a SIP user of this tenant"));
        }
        if self.authentication == Some(Authentication::Certificate) && self.transport != Transport::Tls {
            return Err(Fault::new(
                "authentication",
                "a certificate is shown over TLS alone: set transport to tls",
            ));
        }
        if self.max_call_micros.is_some_and(|cap| cap < 0) {
            return Err(Fault::new("maxCallMicros", "give an amount of 0 or more, or null for no cap"));
        }
        self.policy.check()
    }

    /// Whether its transport and media encryption are there at all.
    #[must_use]
    pub fn is_able(&self, abilities: Abilities) -> bool {
        (self.transport != Transport::Tls || abilities.sip_tls)
            && (self.srtp != Srtp::Required || abilities.srtp)
    }

    /// Why calls to this trunk are refused as it stands; `None` where it can be tried.
    #[must_use]
    pub fn unusable(&self, abilities: Abilities) -> Option<String> {
        let fqdn = &self.fqdn;
        if !self.enabled {
            return Some(format!("trunk {fqdn} is switched off"));
        }
        if self.transport == Transport::Tls && !abilities.sip_tls {
            return Some(format!(
                "trunk {fqdn} asks for SIP over TLS, which is not set up here: set its transport to udp or tcp"
            ));
        }
        if self.srtp == Srtp::Required && !abilities.srtp {
            return Some(format!(
                "trunk {fqdn} requires SRTP, which this version does not relay yet: set media.srtp to off or optional"
            ));
        }
        (self.health == Health::Offline)
            .then(|| format!("trunk {fqdn} is offline: it missed its last health checks"))
    }
}
