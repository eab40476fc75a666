//! Calls as the API shows them.

use crate::api::schema::Amount;
use app::calls::{
    AttemptView, CallState, CallView, ChargeView, DecisionView, LegView, MediaView, QualityView,
    QuoteLineView, ReportedView, SimulationView, VerdictWord,
};
use chrono::{DateTime, Utc};
use domain::{
    cause::{Cause, Direction, Outcome as Ending},
    decision::{Mark, Step},
    money::Money,
    rating::LineKind,
    stir::{Attestation, Reason, Verification},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A call's record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call {
    id: Uuid,
    /// `inbound` or `outbound`, seen from the tenant.
    #[schema(value_type = String)]
    direction: Direction,
    /// The caller id; `null` is anonymous.
    from: Option<String>,
    to: String,
    /// `live` or `ended`.
    state: &'static str,
    outcome: Option<Outcome>,
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// From answer to end, or to now.
    duration_ms: u64,
    charges: Vec<Charge>,
    /// The sum of the charges; 0 for a failed call.
    #[schema(value_type = Amount)]
    total: Money,
    /// Of one call alone, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    legs: Option<Vec<Leg>>,
    /// Of one call alone, and for its payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

/// How a call ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallOutcome)]
pub(super) struct Outcome {
    /// 0 for normal clearing, else a SIP status.
    code: u16,
    /// 560 and the status for a final status of the far side, 540 on an inbound call, 510 for the platform's own.
    sub_code: u32,
    /// The cause word.
    #[schema(value_type = String)]
    cause: Cause,
    /// One sentence.
    explanation: String,
}

/// A line of what a call cost: `billedMs` × micro-units per minute / 60,000, rounded half up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charge {
    /// `outbound`, `inbound`, `app` or `trunk`.
    #[schema(value_type = String)]
    kind: LineKind,
    description: String,
    billed_ms: u64,
    #[schema(value_type = Amount)]
    per_minute: Money,
    #[schema(value_type = Amount)]
    amount: Money,
    rate_version: String,
}

/// A leg of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Leg {
    /// `caller` or `callee`.
    side: &'static str,
    /// Address and port of the peer's signalling.
    peer: Option<String>,
    transport: Option<String>,
    sip_call_id: Option<String>,
    /// Empty where there was no media.
    codec: String,
    /// Whether its media is encrypted (SRTP).
    encrypted: bool,
    /// What came from the peer.
    received: Media,
    /// How it sounded.
    quality: Quality,
    /// Packets that were sent to the peer.
    sent_packets: u64,
    /// The verdict about what came from the peer: `flowing`, `nothing-arrived`, `wrong-source`, `private-address`, `srtp-failed`,
    /// `wrong-codec`, `silence`; `not-agreed` where none was due, empty where there was no media.
    verdict: String,
    /// The verdict as a sentence with its remedy.
    explanation: String,
}

/// Media of one direction.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LegMedia)]
pub(super) struct Media {
    packets: u64,
    bytes: u64,
    /// Packets missing by sequence number.
    lost: u64,
    /// Packets from elsewhere, dropped.
    foreign: u64,
    /// Packets without a valid SRTP tag, or that were there before, where the media is encrypted; dropped.
    unauthentic: u64,
    /// Interarrival jitter, microseconds.
    jitter_us: u64,
}

/// How a leg sounded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LegQuality)]
pub(super) struct Quality {
    /// The opinion score of what came (MOS-CQE, ITU-T G.107 annex B), 1 to 4.5: on one scale for all codecs, of which narrowband ones such as
    /// G.711 reach 4.41. `null` before half a second, and for codecs without values.
    mos: Option<f64>,
    /// Jitter of what came: its mean, microseconds.
    jitter_mean_us: u64,
    /// What 95 of 100 samples of it do not pass.
    jitter_p95_us: u64,
    /// Its most.
    jitter_max_us: u64,
    /// To the peer and back: the mean, microseconds; `null` where it sends no reports (RTCP).
    round_trip_us: Option<u64>,
    /// The longest.
    round_trip_max_us: Option<u64>,
    /// Packets of a codec that was not agreed on.
    wrong_codec: u64,
    /// What the peer says of what it hears; `null` where it sends no reports.
    reported: Option<Reported>,
}

/// What a peer says of the stream that it hears (RTCP).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LegReported)]
pub(super) struct Reported {
    /// Packets that it misses.
    lost: u64,
    /// Of so many.
    of: u64,
    /// Interarrival jitter there, microseconds.
    jitter_us: u64,
    /// The opinion score that follows from it, on the same scale.
    mos: Option<f64>,
    /// The score that the peer gives itself (RFC 3611).
    said_mos: Option<f64>,
}

/// How a call was decided.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decision {
    id: Uuid,
    /// The versions of the configuration that were read.
    config_version: String,
    at: DateTime<Utc>,
    /// What was found out about the signature of a call from a carrier; absent where it carried none.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<CallerIdentity>,
    #[serde(flatten)]
    decided: Simulation,
}

/// What was found out about the signature of a call (RFC 8224).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallerIdentity {
    /// `TN-Validation-Passed`, `TN-Validation-Failed` or `No-TN-Validation`.
    verstat: &'static str,
    /// `A`, `B` or `C`, as the signer says it; to be believed only where validation passed.
    #[schema(value_type = Option<String>)]
    attest: Option<char>,
    /// Why validation did not pass: `malformed`, `unsupported`, `stale`, `other-call`, `no-certificate`,
    /// `untrusted-certificate` or `bad-signature`.
    reason: Option<&'static str>,
    /// One sentence.
    text: String,
    /// The service provider code of the signer.
    signer: Option<String>,
    /// Where the call entered the signer's network, as it says.
    origin_id: Option<String>,
    /// Where the signer's certificate is.
    x5u: Option<String>,
}

impl From<Verification> for CallerIdentity {
    fn from(found: Verification) -> Self {
        Self {
            verstat: found.verstat.word(),
            attest: found.attest.map(Attestation::letter),
            reason: found.reason.map(Reason::word),
            text: found.text,
            signer: found.signer,
            origin_id: found.origin_id,
            x5u: found.x5u,
        }
    }
}

/// What happens to a call, and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Simulation {
    /// `connect` or `refuse`.
    verdict: &'static str,
    /// Why it is refused: the cause word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    cause: Option<Cause>,
    /// Why it is refused: one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Whom it rings, in order.
    plan: Vec<Attempt>,
    quote: Quote,
    max_duration_seconds: u64,
    /// How the decision came about.
    trace: Vec<TraceStep>,
}

/// One try of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    /// `user`, `trunk`, `carrier`, `echo` (the platform, which says what it hears), or `onNet` for what another tenant does with its number.
    kind: &'static str,
    name: String,
    caller_id: Option<String>,
    callee: String,
}

/// What a call costs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Quote {
    currency: String,
    lines: Vec<QuoteLine>,
}

/// One of the prices that apply together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuoteLine {
    /// `outbound`, `inbound`, `app` or `trunk`.
    #[schema(value_type = String)]
    kind: LineKind,
    description: String,
    #[schema(value_type = Amount)]
    per_minute: Money,
    /// Durations are billed in steps of so many milliseconds.
    increment_ms: u32,
    rate_version: String,
}

/// One rule of the decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TraceStep {
    /// `caller`, `number`, `route`, `trunk`, `carrier`, `callerId`, `limits`, `price`, `funds`.
    rule: String,
    /// `passed`, `skipped` or `refused`.
    #[schema(value_type = String)]
    mark: Mark,
    /// One sentence.
    text: String,
}

fn each<A, B: From<A>>(all: Vec<A>) -> Vec<B> {
    all.into_iter().map(B::from).collect()
}

impl From<CallView> for Call {
    fn from(call: CallView) -> Self {
        Self {
            id: call.id.0,
            direction: call.direction,
            from: call.from,
            to: call.to,
            state: match call.state {
                CallState::Live => "live",
                CallState::Ended => "ended",
            },
            outcome: call.outcome.map(Outcome::from),
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            duration_ms: call.duration_ms,
            charges: each(call.charges),
            total: call.total,
            legs: call.legs.map(each),
            decision: call.decision.map(Decision::from),
        }
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        Self {
            code: ending.code,
            sub_code: ending.sub_code,
            cause: ending.cause,
            explanation: ending.explanation,
        }
    }
}

impl From<ChargeView> for Charge {
    fn from(charge: ChargeView) -> Self {
        Self {
            kind: charge.kind,
            description: charge.description,
            billed_ms: charge.billed_ms,
            per_minute: charge.per_minute,
            amount: charge.amount,
            rate_version: charge.rate_version,
        }
    }
}

impl From<LegView> for Leg {
    fn from(leg: LegView) -> Self {
        Self {
            side: leg.side,
            peer: leg.peer,
            transport: leg.transport,
            sip_call_id: leg.sip_call_id,
            codec: leg.codec,
            encrypted: leg.is_encrypted,
            received: leg.received.into(),
            quality: leg.quality.into(),
            sent_packets: leg.sent_packets,
            verdict: leg.verdict,
            explanation: leg.explanation,
        }
    }
}

impl From<MediaView> for Media {
    fn from(media: MediaView) -> Self {
        Self {
            packets: media.packets,
            bytes: media.bytes,
            lost: media.lost,
            foreign: media.foreign,
            unauthentic: media.unauthentic,
            jitter_us: media.jitter_us,
        }
    }
}

/// A score out of its hundredths.
fn score(hundredths: Option<u16>) -> Option<f64> {
    hundredths.map(|hundredths| f64::from(hundredths) / 100.0)
}

impl From<QualityView> for Quality {
    fn from(quality: QualityView) -> Self {
        Self {
            mos: score(quality.mos),
            jitter_mean_us: quality.jitter_mean_us,
            jitter_p95_us: quality.jitter_p95_us,
            jitter_max_us: quality.jitter_max_us,
            round_trip_us: quality.round_trip_us,
            round_trip_max_us: quality.round_trip_max_us,
            wrong_codec: quality.wrong_codec,
            reported: quality.reported.map(Reported::from),
        }
    }
}

impl From<ReportedView> for Reported {
    fn from(said: ReportedView) -> Self {
        Self {
            lost: said.lost,
            of: said.of,
            jitter_us: said.jitter_us,
            mos: score(said.mos),
            said_mos: score(said.said_mos),
        }
    }
}

impl From<DecisionView> for Decision {
    fn from(decision: DecisionView) -> Self {
        Self {
            id: decision.id.0,
            config_version: decision.config_version,
            at: decision.at,
            identity: decision.identity.map(CallerIdentity::from),
            decided: decision.decided.into(),
        }
    }
}

impl From<SimulationView> for Simulation {
    fn from(decided: SimulationView) -> Self {
        Self {
            verdict: match decided.verdict {
                VerdictWord::Connect => "connect",
                VerdictWord::Refuse => "refuse",
            },
            cause: decided.cause,
            detail: decided.detail,
            plan: each(decided.plan),
            quote: Quote { currency: decided.quote.currency.to_string(), lines: each(decided.quote.lines) },
            max_duration_seconds: decided.max_duration_seconds,
            trace: each(decided.trace),
        }
    }
}

impl From<AttemptView> for Attempt {
    fn from(attempt: AttemptView) -> Self {
        Self { kind: attempt.kind, name: attempt.name, caller_id: attempt.caller_id, callee: attempt.callee }
    }
}

impl From<QuoteLineView> for QuoteLine {
    fn from(line: QuoteLineView) -> Self {
        Self {
            kind: line.kind,
            description: line.description,
            per_minute: line.per_minute,
            increment_ms: line.increment_ms,
            rate_version: line.rate_version,
        }
    }
}

impl From<Step> for TraceStep {
    fn from(step: Step) -> Self {
        Self { rule: step.rule, mark: step.mark, text: step.text }
    }
}
