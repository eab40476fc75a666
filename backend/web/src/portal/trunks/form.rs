//! All that a trunk can be told, as a form.

use super::{addresses, invalid, places, srtp, transport};
use crate::portal::{
    amounts::{amount, amount_text},
    signaling::{SignalingForm, number},
    words,
};
use app::{Error, Password};
use domain::config::{Authentication, Limits, Trunk};
use serde::Deserialize;

/// The fields of the form; a checkbox that is not set is not sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SettingsForm {
    pub(super) description: String,
    pub(super) enabled: String,
    pub(super) port: String,
    pub(super) transport: String,
    pub(super) addresses: String,
    pub(super) authentication: String,
    pub(super) sip_user: String,
    pub(super) srtp: String,
    pub(super) codecs: String,
    pub(super) calls_per_second: String,
    pub(super) max_calls: String,
    pub(super) max_call_cost: String,
    /// The version that its page has seen.
    pub(super) seen: String,
    #[serde(flatten)]
    pub(super) signaling: SignalingForm,
}

impl From<&Trunk> for SettingsForm {
    fn from(trunk: &Trunk) -> Self {
        let (authentication, sip_user) = match &trunk.authentication {
            None => ("", ""),
            Some(Authentication::Certificate) => ("certificate", ""),
            Some(Authentication::Address) => ("address", ""),
            Some(Authentication::Digest { username }) => ("digest", username.as_str()),
            Some(Authentication::Registration { username }) => ("registration", username.as_str()),
        };
        Self {
            description: trunk.description.clone().unwrap_or_default(),
            enabled: if trunk.enabled { "on".to_owned() } else { String::new() },
            port: trunk.port.to_string(),
            transport: words::transport(trunk.transport).to_lowercase(),
            addresses: addresses(trunk),
            authentication: authentication.to_owned(),
            sip_user: sip_user.to_owned(),
            srtp: words::srtp(trunk.srtp).to_owned(),
            codecs: trunk.codecs.join(", "),
            calls_per_second: trunk.limits.calls_per_second.to_string(),
            max_calls: trunk.limits.max_calls.to_string(),
            max_call_cost: trunk.max_call_micros.map(amount_text).unwrap_or_default(),
            seen: String::new(),
            signaling: SignalingForm::from(&trunk.policy),
        }
    }
}

impl SettingsForm {
    pub(super) fn read(&self, now: Trunk) -> Result<(Trunk, Password), Error> {
        let (policy, password) = self.signaling.read(now.policy)?;
        let codecs = self.codecs.split(',').map(str::trim).filter(|name| !name.is_empty());
        let trunk = Trunk {
            description: Some(self.description.trim().to_owned()).filter(|text| !text.is_empty()),
            enabled: !self.enabled.is_empty(),
            port: number("SIP port", &self.port)?,
            transport: transport(&self.transport)?,
            addresses: places(&self.addresses)?,
            authentication: self.authentication()?,
            srtp: srtp(&self.srtp)?,
            codecs: codecs.map(str::to_owned).collect(),
            limits: Limits {
                calls_per_second: number("limit of calls per second", &self.calls_per_second)?,
                max_calls: number("limit of calls", &self.max_calls)?,
            },
            max_call_micros: amount("cost of a call", &self.max_call_cost)?,
            policy,
            ..now
        };
        Ok((trunk, password))
    }

    fn authentication(&self) -> Result<Option<Authentication>, Error> {
        let username = self.sip_user.trim().to_ascii_lowercase();
        Ok(match self.authentication.as_str() {
            "" => None,
            "certificate" => Some(Authentication::Certificate),
            "address" => Some(Authentication::Address),
            "digest" => Some(Authentication::Digest { username }),
            "registration" => Some(Authentication::Registration { username }),
            _ => return Err(invalid("authentication", "choose by what the trunk is recognised")),
        })
    }
}
