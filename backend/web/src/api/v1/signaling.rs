//! How the platform speaks with a trunk or carrier: what both have in common.

use crate::api::schema::NumberRewrites;
use app::Password;
use domain::{
    config::{
        Codec, Credentials, Crossing, Dtmf, EarlyMedia, HeaderPolicy, IpVersion, MediaPolicy, OptionsPing,
        PeerPolicy, PrivacyHeader, SessionTimer,
    },
    routing::Rewrites,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the platform speaks with a peer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignalingPolicy)]
pub(crate) struct Signaling {
    /// Whether its calls carry `Privacy: id` beside P-Asserted-Identity: `id` or `none`.
    #[schema(value_type = String)]
    #[serde(default)]
    privacy_header: PrivacyHeader,
    /// The version of IP in which its name is looked up: `ipv4` or `ipv6`.
    #[schema(value_type = String)]
    #[serde(default)]
    ip_address_version: IpVersion,
    /// Whether a transfer (REFER) is handed to it, so that the platform steps out of the call.
    #[serde(default)]
    direct_transfer: bool,
    /// Media before the answer: `pass` or `suppress`.
    #[schema(value_type = String)]
    #[serde(default)]
    early_media: EarlyMedia,
    /// How it does digits: `rtp` (telephone-events of RFC 4733), `info` (SIP INFO with `application/dtmf-relay`) or `inband` (tones in
    /// its audio, of PCMU, PCMA or G722; for peers that have nothing better, for speech is taken for a digit now and then); converted where
    /// the other side does them otherwise.
    #[schema(value_type = String)]
    #[serde(default)]
    dtmf: Dtmf,
    #[serde(default)]
    media: Media,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    session_timer: Timer,
    /// Whether a request of more than 1,300 bytes goes over TCP instead of UDP.
    #[serde(default)]
    udp_to_tcp: bool,
    #[serde(default)]
    options: Options,
    /// Whether emergency calls to it carry the caller's registered address (PIDF-LO, RFC 6442).
    #[serde(default)]
    emergency_location: bool,
    /// The final statuses on which the next way is tried, 400 to 599; 408, 503 and 504 where it is null.
    #[serde(default)]
    failover_on: Option<Vec<u16>>,
    /// Number manipulation of calls from it, before they are decided.
    #[schema(value_type = NumberRewrites)]
    #[serde(default)]
    inbound: Rewrites,
    /// Number manipulation of calls to it, after they were decided.
    #[schema(value_type = NumberRewrites)]
    #[serde(default)]
    outbound: Rewrites,
}

/// What holds for its media.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SignalingMedia)]
pub(crate) struct Media {
    /// Whether it may be somewhere else than its description says, and is found by its packets: symmetric RTP, for who is
    /// behind NAT. Off, only what comes from the described address is heard.
    learning: bool,
    /// Seconds from the answer after which a call without any media is ended, 5 to 86,400; null for never.
    initial_timeout_seconds: Option<u32>,
    /// Seconds without any media after which a call that had some is ended, but on hold, 5 to 86,400; null for never.
    timeout_seconds: Option<u32>,
    /// The codecs that it may use and is offered, most wanted first: of `PCMU`, `PCMA`, `G722`, `G729` and `opus`. Where the other
    /// side has none of them, the audio is transcoded. Empty, it is offered what the other side offers, as it is.
    #[schema(value_type = Vec<String>)]
    codecs: Vec<Codec>,
}

/// Which headers of the other leg it is sent: `pass` or `drop` each.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SignalingHeaders)]
pub(crate) struct Headers {
    /// `User-to-User`.
    #[schema(value_type = String)]
    user_to_user: Crossing,
    /// Headers whose name begins with `X-`.
    #[schema(value_type = String)]
    x_headers: Crossing,
    /// `History-Info` and `Diversion`.
    #[schema(value_type = String)]
    diversion: Crossing,
    /// `verstat` in P-Asserted-Identity: what was found out about the signature of a call.
    #[schema(value_type = String)]
    verstat: Crossing,
}

/// Session timers (RFC 4028).
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SignalingSessionTimer)]
pub(crate) struct Timer {
    enabled: bool,
    /// 90 to 86,400.
    seconds: u32,
}

/// How it is watched with OPTIONS.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SignalingOptions)]
pub(crate) struct Options {
    enabled: bool,
    /// Seconds between two, 10 to 3,600.
    interval_seconds: u32,
    /// Missed answers after which it is not tried any more, 1 to 20.
    demote_after: u32,
}

impl Default for Timer {
    fn default() -> Self {
        let SessionTimer { enabled, seconds } = SessionTimer::default();
        Self { enabled, seconds }
    }
}

impl Default for Options {
    fn default() -> Self {
        let OptionsPing { enabled, interval_seconds, demote_after } = OptionsPing::default();
        Self { enabled, interval_seconds, demote_after }
    }
}

/// With what its digest challenges are answered.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignalingCredentials)]
pub(crate) struct CredentialsBody {
    #[serde(default)]
    username: String,
    /// The only realm towards which they are used.
    #[serde(default)]
    realm: String,
    /// Written, and never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, format = Password)]
    password: Option<String>,
}

impl std::fmt::Debug for CredentialsBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialsBody").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Default for Signaling {
    fn default() -> Self {
        Self::from(&PeerPolicy::default())
    }
}

impl From<&PeerPolicy> for Signaling {
    fn from(policy: &PeerPolicy) -> Self {
        let HeaderPolicy { user_to_user, x_headers, diversion, verstat } = policy.headers;
        let SessionTimer { enabled, seconds } = policy.session_timer;
        let OptionsPing { enabled: asked, interval_seconds, demote_after } = policy.options;
        let MediaPolicy { learning, initial_timeout_seconds, timeout_seconds, codecs } = policy.media.clone();
        Self {
            privacy_header: policy.privacy_header,
            ip_address_version: policy.ip_version,
            direct_transfer: policy.direct_transfer,
            early_media: policy.early_media,
            dtmf: policy.dtmf,
            media: Media { learning, initial_timeout_seconds, timeout_seconds, codecs },
            headers: Headers { user_to_user, x_headers, diversion, verstat },
            session_timer: Timer { enabled, seconds },
            udp_to_tcp: policy.udp_to_tcp,
            options: Options { enabled: asked, interval_seconds, demote_after },
            emergency_location: policy.emergency_location,
            failover_on: policy.failover_on.clone(),
            inbound: policy.inbound.clone(),
            outbound: policy.outbound.clone(),
        }
    }
}

impl From<&Credentials> for CredentialsBody {
    fn from(known: &Credentials) -> Self {
        Self { username: known.username.clone(), realm: known.realm.clone(), password: None }
    }
}

impl Signaling {
    /// The policy that it says; what it has no words for stays as it is in `now`. Beside it, what becomes of the
    /// password.
    pub(super) fn policy(
        self,
        credentials: Option<CredentialsBody>,
        now: PeerPolicy,
    ) -> (PeerPolicy, Password) {
        let Headers { user_to_user, x_headers, diversion, verstat } = self.headers;
        let Media { learning, initial_timeout_seconds, timeout_seconds, codecs } = self.media;
        let Timer { enabled, seconds } = self.session_timer;
        let Options { enabled: asked, interval_seconds, demote_after } = self.options;
        let password = credentials.as_ref().and_then(|given| given.password.clone());
        let policy = PeerPolicy {
            privacy_header: self.privacy_header,
            ip_version: self.ip_address_version,
            direct_transfer: self.direct_transfer,
            early_media: self.early_media,
            dtmf: self.dtmf,
            media: MediaPolicy { learning, initial_timeout_seconds, timeout_seconds, codecs },
            headers: HeaderPolicy { user_to_user, x_headers, diversion, verstat },
            session_timer: SessionTimer { enabled, seconds },
            udp_to_tcp: self.udp_to_tcp,
            options: OptionsPing { enabled: asked, interval_seconds, demote_after },
            emergency_location: self.emergency_location,
            failover_on: self.failover_on,
            inbound: self.inbound,
            outbound: self.outbound,
            credentials: credentials
                .map(|given| Credentials { username: given.username, realm: given.realm }),
            ..now
        };
        (policy, password.map_or(Password::Keep, Password::Set))
    }
}

/// A fault of the domain's policy, under the name that it has in `signaling`.
pub(super) fn renamed(error: app::Error) -> app::Error {
    const INSIDE: [&str; 5] = ["sessionTimer", "options", "failoverOn", "inbound", "outbound"];
    match error {
        app::Error::Invalid { status, code, message, target: Some(target), inner } => {
            let first = target.split(['.', '[']).next().unwrap_or_default();
            let is_inside = INSIDE.contains(&first)
                || matches!(&*target, "media.initialTimeoutSeconds" | "media.timeoutSeconds")
                || target.starts_with("media.codecs");
            let target = if is_inside { format!("signaling.{target}") } else { target };
            app::Error::Invalid { status, code, message, target: Some(target), inner }
        }
        other => other,
    }
}
