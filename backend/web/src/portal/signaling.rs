//! How the platform speaks with a trunk or carrier, as a form: what both pages have in common.

use app::{Error, Password};
use domain::{
    config::{
        Codec, Credentials, Crossing, Dtmf, EarlyMedia, IpVersion, PeerPolicy, PrivacyHeader, parse_word,
    },
    routing::{Rewrite, Rewrites},
};
use serde::Deserialize;

/// Stands between pattern and replacement.
const ARROW: &str = "=>";

/// The fields of a form; a checkbox that is not set is not sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SignalingForm {
    pub(super) privacy_header: String,
    pub(super) ip_version: String,
    pub(super) direct_transfer: String,
    pub(super) early_media: String,
    pub(super) dtmf: String,
    pub(super) learning: String,
    pub(super) initial_media: String,
    pub(super) running_media: String,
    pub(super) codecs: String,
    pub(super) user_to_user: String,
    pub(super) x_headers: String,
    pub(super) diversion: String,
    pub(super) verstat: String,
    pub(super) location: String,
    pub(super) timer: String,
    pub(super) timer_seconds: String,
    pub(super) udp_to_tcp: String,
    pub(super) options: String,
    pub(super) options_seconds: String,
    pub(super) demote_after: String,
    pub(super) failover_on: String,
    pub(super) inbound_caller: String,
    pub(super) inbound_callee: String,
    pub(super) outbound_caller: String,
    pub(super) outbound_callee: String,
    pub(super) username: String,
    pub(super) realm: String,
    pub(super) password: String,
}

impl From<&PeerPolicy> for SignalingForm {
    fn from(policy: &PeerPolicy) -> Self {
        let pass = |crossing| tick(crossing == Crossing::Pass);
        let known = policy.credentials.as_ref();
        Self {
            privacy_header: policy.privacy_header.word().to_owned(),
            ip_version: policy.ip_version.word().to_owned(),
            direct_transfer: tick(policy.direct_transfer),
            early_media: policy.early_media.word().to_owned(),
            dtmf: policy.dtmf.word().to_owned(),
            learning: tick(policy.media.learning),
            initial_media: seconds_text(policy.media.initial_timeout_seconds),
            running_media: seconds_text(policy.media.timeout_seconds),
            codecs: codecs_text(&policy.media.codecs),
            user_to_user: pass(policy.headers.user_to_user),
            x_headers: pass(policy.headers.x_headers),
            diversion: pass(policy.headers.diversion),
            verstat: pass(policy.headers.verstat),
            location: tick(policy.emergency_location),
            timer: tick(policy.session_timer.enabled),
            timer_seconds: policy.session_timer.seconds.to_string(),
            udp_to_tcp: tick(policy.udp_to_tcp),
            options: tick(policy.options.enabled),
            options_seconds: policy.options.interval_seconds.to_string(),
            demote_after: policy.options.demote_after.to_string(),
            failover_on: statuses_text(policy.failover_on.as_deref()),
            inbound_caller: rules_text(&policy.inbound.caller),
            inbound_callee: rules_text(&policy.inbound.callee),
            outbound_caller: rules_text(&policy.outbound.caller),
            outbound_callee: rules_text(&policy.outbound.callee),
            username: known.map(|known| known.username.clone()).unwrap_or_default(),
            realm: known.map(|known| known.realm.clone()).unwrap_or_default(),
            password: String::new(),
        }
    }
}

impl SignalingForm {
    /// The policy that it says, and what becomes of the password; what it has no field for stays as in `now`.
    pub(super) fn read(&self, now: PeerPolicy) -> Result<(PeerPolicy, Password), Error> {
        let cross = |field: &str| if field.is_empty() { Crossing::Drop } else { Crossing::Pass };
        let mut policy = now;
        policy.privacy_header = word::<PrivacyHeader>("privacy_header", &self.privacy_header)?;
        policy.ip_version = word::<IpVersion>("ip_version", &self.ip_version)?;
        policy.early_media = word::<EarlyMedia>("early_media", &self.early_media)?;
        if !self.dtmf.is_empty() {
            policy.dtmf = word::<Dtmf>("dtmf", &self.dtmf)?;
        }
        policy.media.learning = !self.learning.is_empty();
        policy.media.initial_timeout_seconds = seconds("time to the first media", &self.initial_media)?;
        policy.media.timeout_seconds = seconds("time without media", &self.running_media)?;
        policy.media.codecs = codecs(&self.codecs)?;
        policy.direct_transfer = !self.direct_transfer.is_empty();
        policy.headers.user_to_user = cross(&self.user_to_user);
        policy.headers.x_headers = cross(&self.x_headers);
        policy.headers.diversion = cross(&self.diversion);
        policy.headers.verstat = cross(&self.verstat);
        policy.emergency_location = !self.location.is_empty();
        policy.session_timer.enabled = !self.timer.is_empty();
        policy.session_timer.seconds = number("session timer", &self.timer_seconds)?;
        policy.udp_to_tcp = !self.udp_to_tcp.is_empty();
        policy.options.enabled = !self.options.is_empty();
        policy.options.interval_seconds = number("seconds between two OPTIONS", &self.options_seconds)?;
        policy.options.demote_after = number("number of missed answers", &self.demote_after)?;
        policy.failover_on = statuses(&self.failover_on)?;
        policy.inbound =
            Rewrites { caller: rules(&self.inbound_caller)?, callee: rules(&self.inbound_callee)? };
        policy.outbound =
            Rewrites { caller: rules(&self.outbound_caller)?, callee: rules(&self.outbound_callee)? };
        let (username, realm) = (self.username.trim(), self.realm.trim());
        policy.credentials = (!username.is_empty() || !realm.is_empty())
            .then(|| Credentials { username: username.to_owned(), realm: realm.to_owned() });
        let password =
            if self.password.is_empty() { Password::Keep } else { Password::Set(self.password.clone()) };
        Ok((policy, password))
    }

    /// The same form without the password, for a page that shows it again.
    pub(super) fn without_password(mut self) -> Self {
        self.password.clear();
        self
    }
}

fn tick(on: bool) -> String {
    if on { "on".to_owned() } else { String::new() }
}

fn word<T: std::str::FromStr<Err = domain::numbering::UnknownWord>>(
    field: &str,
    text: &str,
) -> Result<T, Error> {
    parse_word(field, text).map_err(|fault| Error::invalid(&fault.field, fault.message))
}

/// A number of a field.
pub(super) fn number<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Error> {
    text.trim().parse().map_err(|_| Error::invalid(what, format!("the {what} is a number, not {text:?}")))
}

/// Seconds; nothing is never.
fn seconds(what: &str, text: &str) -> Result<Option<u32>, Error> {
    if text.trim().is_empty() { Ok(None) } else { number(what, text).map(Some) }
}

fn seconds_text(seconds: Option<u32>) -> String {
    seconds.map(|seconds| seconds.to_string()).unwrap_or_default()
}

/// `G722, PCMA`; nothing is what the other side has.
fn codecs(text: &str) -> Result<Vec<Codec>, Error> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| word::<Codec>("codecs", part)).collect()
}

fn codecs_text(codecs: &[Codec]) -> String {
    codecs.iter().map(|codec| codec.word()).collect::<Vec<_>>().join(", ")
}

/// `408, 503`; nothing is what it is by default.
pub(super) fn statuses(text: &str) -> Result<Option<Vec<u16>>, Error> {
    let parts: Vec<&str> = text.split([',', ' ']).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    parts.into_iter().map(|part| number("status", part)).collect::<Result<_, _>>().map(Some)
}

pub(super) fn statuses_text(statuses: Option<&[u16]>) -> String {
    let texts: Vec<String> = statuses.unwrap_or_default().iter().map(u16::to_string).collect();
    texts.join(", ")
}

/// One rule a line: `^0(\d+)$ => +46$1`.
pub(super) fn rules(text: &str) -> Result<Vec<Rewrite>, Error> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (pattern, replacement) = line.split_once(ARROW).ok_or_else(|| {
                Error::invalid(
                    "rules",
                    format!("write pattern => replacement, such as ^0(\\d+)$ => +46$1, instead of {line:?}"),
                )
            })?;
            Ok(Rewrite { pattern: pattern.trim().to_owned(), replacement: replacement.trim().to_owned() })
        })
        .collect()
}

pub(super) fn rules_text(rules: &[Rewrite]) -> String {
    let lines: Vec<String> =
        rules.iter().map(|rule| format!("{} {ARROW} {}", rule.pattern, rule.replacement)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::config::MediaPolicy;

    #[test]
    fn a_policy_comes_back_from_its_form_as_it_was() {
        let policy = PeerPolicy {
            direct_transfer: true,
            media: MediaPolicy {
                learning: true,
                initial_timeout_seconds: Some(30),
                timeout_seconds: None,
                codecs: vec![Codec::G722, Codec::Pcma],
            },
            failover_on: Some(vec![408, 500]),
            outbound: Rewrites { caller: vec![], callee: rules("^\\+46(\\d+)$ => 0$1").expect("a rule") },
            credentials: Some(Credentials { username: "u".into(), realm: "r".into() }),
            ..PeerPolicy::default()
        };
        let (back, password) = SignalingForm::from(&policy).read(PeerPolicy::default()).expect("a good form");
        assert_eq!(back, policy);
        assert_eq!(password, Password::Keep);
    }

    #[test]
    fn what_is_no_rule_or_number_is_named() {
        assert!(rules("^0").is_err());
        let form =
            SignalingForm { demote_after: "many".into(), ..SignalingForm::from(&PeerPolicy::default()) };
        assert!(form.read(PeerPolicy::default()).is_err_and(|error| error.to_string().contains("missed")));
    }
}
