//! What trunks and carriers have in common: transport, encryption, limits, addresses, and the policy of their signalling.

use super::is_default;
use crate::{ids::RegistrationId, numbering::words, routing::Rewrites};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, str::FromStr};

/// Calls per second a tenant starts with.
pub const DEFAULT_CALLS_PER_SECOND: u32 = 100;
/// Parallel calls a tenant starts with.
pub const DEFAULT_MAX_CALLS: u32 = 1_000;
/// The final statuses on which the next try of a plan begins, unless a route, trunk or carrier says otherwise.
pub const FAILOVER_STATUSES: [u16; 3] = [408, 503, 504];
/// The most statuses of a failover list.
pub const FAILOVER_STATUSES_MAX: usize = 32;

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// New calls per second.
    pub calls_per_second: u32,
    /// Calls up at the same time.
    pub max_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls_per_second: DEFAULT_CALLS_PER_SECOND, max_calls: DEFAULT_MAX_CALLS }
    }
}

/// Signalling transport of a trunk or carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 3261 §18 over UDP.
    Udp,
    /// Over TCP.
    Tcp,
    /// Over TLS.
    Tls,
}

/// Whether a trunk's media is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Only SRTP.
    Required,
    /// SRTP where the other side can; it is offered where signalling is over TLS.
    Optional,
    /// Plain RTP.
    Off,
}

/// How a trunk is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Never heard from: it is tried.
    Unknown,
    /// Answers.
    Online,
    /// Answers, with a reservation.
    Warning,
    /// Missed its last intervals: not tried.
    Offline,
}

/// A place where a trunk's SBC is: an address, with a port where it is not the trunk's signalling port. On the wire
/// `192.0.2.1` or `192.0.2.1:5080`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Place {
    /// The address.
    pub ip: IpAddr,
    /// Its own port.
    pub port: Option<u16>,
}

impl TryFrom<String> for Place {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(ip) = text.parse() {
            return Ok(Self { ip, port: None });
        }
        text.parse::<std::net::SocketAddr>()
            .map(|at| Self { ip: at.ip(), port: Some(at.port()) })
            .map_err(|_| format!("{text:?} is not an IP address, with or without :port"))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        match place.port {
            Some(port) => std::net::SocketAddr::new(place.ip, port).to_string(),
            None => place.ip.to_string(),
        }
    }
}

/// Whether calls to a trunk carry `Privacy: id` (RFC 3325 §9.3) beside P-Asserted-Identity. A carrier is sent it for
/// anonymous callers alone: it shows the number to whoever is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PrivacyHeader {
    /// They do: the asserted number stays within the peer's network. Azure's default.
    #[default]
    Id,
    /// They do not, unless the caller is anonymous.
    None,
}

/// The version of IP in which a peer's name is looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IpVersion {
    /// IPv4 alone.
    #[default]
    Ipv4,
    /// IPv6 alone.
    Ipv6,
}

/// What happens to media before the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EarlyMedia {
    /// It is passed on, with its 183.
    #[default]
    Pass,
    /// The caller hears its own ring-back: a 183 becomes 180 without SDP.
    Suppress,
}

/// How a peer does the digits that are pressed in a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dtmf {
    /// In its media: telephone-events (RFC 4733) or tones.
    #[default]
    Rtp,
    /// As SIP INFO with `application/dtmf-relay`; converted from and to the telephone-events of the other side, or to its tones.
    Info,
    /// As tones in its audio; converted from and to the telephone-events or INFO of the other side. Speech is taken for a digit now and then.
    Inband,
}

/// Whether a kind of header crosses from one leg to the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Crossing {
    /// It is passed.
    #[default]
    Pass,
    /// It is dropped.
    Drop,
}

words! {
    PrivacyHeader { Id = "id", None = "none" }
    IpVersion { Ipv4 = "ipv4", Ipv6 = "ipv6" }
    EarlyMedia { Pass = "pass", Suppress = "suppress" }
    Dtmf { Rtp = "rtp", Info = "info", Inband = "inband" }
    Crossing { Pass = "pass", Drop = "drop" }
}

/// Which headers of the other leg a peer is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderPolicy {
    /// `User-to-User` (RFC 7433).
    pub user_to_user: Crossing,
    /// Headers whose name begins with `X-`.
    pub x_headers: Crossing,
    /// `Diversion` (RFC 5806) and `History-Info` (RFC 7044): who diverted a call.
    pub diversion: Crossing,
    /// `verstat` in P-Asserted-Identity (3GPP TS 24.229): what was found out about the signature of a call.
    #[serde(skip_serializing_if = "is_default")]
    pub verstat: Crossing,
}

/// A codec that the platform can decode and encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 μ-law.
    #[serde(rename = "PCMU")]
    Pcmu,
    /// G.711 A-law.
    #[serde(rename = "PCMA")]
    Pcma,
    /// G.722, wideband.
    #[serde(rename = "G722")]
    G722,
    /// G.729.
    #[serde(rename = "G729")]
    G729,
    /// Opus (RFC 6716).
    #[serde(rename = "opus")]
    Opus,
}

words! { Codec { Pcmu = "PCMU", Pcma = "PCMA", G722 = "G722", G729 = "G729", Opus = "opus" } }

/// What holds for the media of a peer beside its encryption.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaPolicy {
    /// Whether it may send from, and is sent to, another address than its description names: one behind NAT is found by its
    /// packets (symmetric RTP, RFC 4961).
    pub learning: bool,
    /// Seconds from the answer after which a call without any media is ended, 5 to 86,400; `None` never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_timeout_seconds: Option<u32>,
    /// Seconds without any media after which a call that had some is ended, 5 to 86,400; `None` never. Hold does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// The codecs that it may use and is offered, most wanted first, each once; where the other side has none of them, the platform
    /// transcodes. Empty: whatever the other side offers, as it comes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codecs: Vec<Codec>,
}

/// Session timers with a peer (RFC 4028).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionTimer {
    /// Whether we ask for one.
    pub enabled: bool,
    /// Seconds of a session, 90 (the smallest that RFC 4028 §5 lets anyone ask for) to 86,400.
    pub seconds: u32,
}

impl Default for SessionTimer {
    fn default() -> Self {
        Self { enabled: true, seconds: 1800 }
    }
}

/// How a peer is watched with OPTIONS (RFC 3261 §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OptionsPing {
    /// Whether it is asked at all.
    pub enabled: bool,
    /// Seconds between two, 1 to 3,600.
    pub interval_seconds: u32,
    /// Missed intervals after which it is not tried any more, 1 to 20.
    pub demote_after: u32,
}

impl Default for OptionsPing {
    fn default() -> Self {
        Self { enabled: true, interval_seconds: 60, demote_after: 3 }
    }
}

/// With what we answer a digest challenge of a peer. The password is kept sealed, and is no part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The digest username.
    pub username: String,
    /// The only realm towards which they are used.
    pub realm: String,
}

/// How we speak with a trunk or carrier. All of it has a default, so that what was kept by an older version can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PeerPolicy {
    /// `Privacy: id` beside P-Asserted-Identity.
    pub privacy_header: PrivacyHeader,
    /// The version of IP in which its name is looked up.
    pub ip_version: IpVersion,
    /// Whether a REFER is passed to it, so that we step out of the call (Azure's `directTransfer`).
    pub direct_transfer: bool,
    /// Media before the answer.
    pub early_media: EarlyMedia,
    /// Digits.
    #[serde(skip_serializing_if = "is_default")]
    pub dtmf: Dtmf,
    /// Its media.
    #[serde(skip_serializing_if = "is_default")]
    pub media: MediaPolicy,
    /// Headers of the other leg.
    pub headers: HeaderPolicy,
    /// Session timers.
    pub session_timer: SessionTimer,
    /// Whether a request of more than 1,300 bytes goes over TCP instead of UDP (RFC 3261 §18.1.1).
    pub udp_to_tcp: bool,
    /// How it is watched.
    pub options: OptionsPing,
    /// The final statuses on which the next try begins; `None` is [`FAILOVER_STATUSES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover_on: Option<Vec<u16>>,
    /// Number manipulation of calls that come from it, before they are decided.
    #[serde(skip_serializing_if = "is_default")]
    pub inbound: Rewrites,
    /// Number manipulation of calls that go to it, after they were decided.
    #[serde(skip_serializing_if = "is_default")]
    pub outbound: Rewrites,
    /// Whether emergency calls to it carry the registered address of the caller (RFC 6442).
    #[serde(skip_serializing_if = "is_default")]
    pub emergency_location: bool,
    /// With what its challenges are answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// Our registration with it, where it wants one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationId>,
}

/// A setting that cannot be: its field, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Fault {
    /// The field, in the words of the API, with dots between its parts.
    pub field: String,
    /// What is wrong, and the remedy.
    pub message: String,
}

impl Fault {
    /// A fault of a field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same fault, of a field inside another one.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), ..self }
    }
}

impl PeerPolicy {
    /// Whether everything is in its bounds.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        check_range("sessionTimer.seconds", self.session_timer.seconds, 90, 86_400)?;
        check_range("options.intervalSeconds", self.options.interval_seconds, 1, 3_600)?;
        for (field, seconds) in [
            ("media.initialTimeoutSeconds", self.media.initial_timeout_seconds),
            ("media.timeoutSeconds", self.media.timeout_seconds),
        ] {
            seconds.map_or(Ok(()), |seconds| check_range(field, seconds, 5, 86_400))?;
        }
        let codecs = &self.media.codecs;
        if let Some((place, codec)) =
            codecs.iter().enumerate().find(|(place, codec)| codecs[..*place].contains(codec))
        {
            let message = format!("{} is there twice: name each codec once", codec.word());
            return Err(Fault::new(format!("media.codecs[{place}]"), message));
        }
        check_range("options.demoteAfter", self.options.demote_after, 1, 20)?;
        if let Some(statuses) = &self.failover_on {
            check_failover(statuses)?;
        }
        if let Some(Credentials { username, realm }) = &self.credentials
            && (username.is_empty() || realm.is_empty())
        {
            return Err(Fault::new("credentials", "give a username and the realm that may ask for it"));
        }
        self.inbound.check().map_err(|fault| fault.within("inbound"))?;
        self.outbound.check().map_err(|fault| fault.within("outbound"))
    }
}

fn check_range(field: &str, value: u32, least: u32, most: u32) -> Result<(), Fault> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Fault::new(field, format!("give a number from {least} to {most}")))
}

/// Whether a list of statuses may start the next try: failures of the way alone, never an answer of the callee.
///
/// # Errors
/// [`Fault`] names the status that may not.
pub fn check_failover(statuses: &[u16]) -> Result<(), Fault> {
    if statuses.len() > FAILOVER_STATUSES_MAX {
        return Err(Fault::new("failoverOn", format!("give at most {FAILOVER_STATUSES_MAX} statuses")));
    }
    match statuses.iter().find(|status| !may_fail_over(**status)) {
        None => Ok(()),
        Some(status) => Err(Fault::new(
            "failoverOn",
            format!(
                "{status} does not lead to the next trunk: give statuses from 400 to 599 other than 401, 407, 480, 486 and 487, \
                 since a callee who is busy or declined must not be called a second time"
            ),
        )),
    }
}

/// Whether a final status may ever start the next try: not where the callee was busy, away or declined, where the caller
/// gave up, or where a challenge has to be answered.
#[must_use]
pub const fn may_fail_over(status: u16) -> bool {
    matches!(status, 400..=599) && !matches!(status, 401 | 407 | 480 | 486 | 487)
}

/// A text that is one of a closed set, compared without case.
///
/// # Errors
/// [`Fault`] with the words that are allowed.
pub fn parse_word<T: FromStr<Err = crate::numbering::UnknownWord>>(
    field: &str,
    text: &str,
) -> Result<T, Fault> {
    text.parse().map_err(|error: crate::numbering::UnknownWord| Fault::new(field, error.to_string()))
}
