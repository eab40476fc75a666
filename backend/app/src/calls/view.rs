//! Calls as they are shown: the names of the contract, ready to be serialised.

use chrono::{DateTime, SubsecRound as _, Utc};
use domain::{
    cause::{Cause, Direction, Outcome},
    decision::{Decision, Step, Target, Verdict},
    ids::{CallId, DecisionId, TenantId},
    money::{Currency, Money},
    rating::{Charge, LineKind, Quote},
    stir::Verification,
};
use serde::Serialize;
pub use store::calls::CallState;

/// A call's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// Its identifier.
    pub id: CallId,
    /// Seen from the tenant.
    pub direction: Direction,
    /// The caller id; `None` is anonymous.
    pub from: Option<String>,
    /// What was dialled.
    pub to: String,
    /// Whether it is up.
    pub state: CallState,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When it arrived.
    pub started_at: DateTime<Utc>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// From answer to end, or to now, milliseconds.
    pub duration_ms: u64,
    /// What it cost, line by line; empty while it is live and where it failed.
    pub charges: Vec<ChargeView>,
    /// The sum of the charges.
    pub total: Money,
    /// Its legs; of one call alone, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legs: Option<Vec<LegView>>,
    /// How it was decided; of one call alone, and for its payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionView>,
}

/// A line of what a call cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeView {
    /// What it is for.
    pub kind: LineKind,
    /// For people.
    pub description: String,
    /// Milliseconds billed.
    pub billed_ms: u64,
    /// The price of a minute.
    pub per_minute: Money,
    /// The amount.
    pub amount: Money,
    /// The version of the plan that the price is from.
    pub rate_version: String,
}

/// A line of what a call would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteLineView {
    /// What it is for.
    pub kind: LineKind,
    /// For people.
    pub description: String,
    /// The price of a minute.
    pub per_minute: Money,
    /// Durations are billed in steps of so many milliseconds.
    pub increment_ms: u32,
    /// The version of the plan that the price is from.
    pub rate_version: String,
}

/// What a call would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
    /// The currency of all lines.
    pub currency: Currency,
    /// The lines that apply together.
    pub lines: Vec<QuoteLineView>,
}

/// The verdict as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum VerdictWord {
    /// It is connected.
    Connect,
    /// It is refused.
    Refuse,
}

/// One try of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    /// `user`, `trunk`, `carrier`, or `onNet` for what another tenant does with its number.
    pub kind: &'static str,
    /// Username, FQDN or the carrier's name; empty for `onNet`.
    pub name: String,
    /// The caller id shown; `None` is anonymous.
    pub caller_id: Option<String>,
    /// What is asked for there.
    pub callee: String,
}

/// A decision that is not about a real call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulationView {
    /// What would happen.
    pub verdict: VerdictWord,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// One sentence on why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whom it would ring, in order.
    pub plan: Vec<AttemptView>,
    /// What it would cost.
    pub quote: QuoteView,
    /// How long the money would last, seconds.
    pub max_duration_seconds: u64,
    /// How the decision came about.
    pub trace: Vec<Step>,
}

/// How a call was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    /// Its identifier.
    pub id: DecisionId,
    /// The versions of the configuration that were read, joined by `+`.
    pub config_version: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What was found out about the signature of a call from a carrier; absent where it carried none, or nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Verification>,
    /// The decision.
    #[serde(flatten)]
    pub decided: SimulationView,
}

/// Media of one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaView {
    /// Packets.
    pub packets: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Packets missing by sequence number.
    pub lost: u64,
    /// Packets from elsewhere, dropped.
    pub foreign: u64,
    /// Packets without a valid SRTP tag, or that were there before, where the media is encrypted; dropped.
    pub unauthentic: u64,
    /// Interarrival jitter, microseconds.
    pub jitter_us: u64,
}

/// A leg of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LegView {
    /// `caller` or `callee`.
    pub side: &'static str,
    /// Address and port of the peer's signalling.
    pub peer: Option<String>,
    /// Its transport.
    pub transport: Option<String>,
    /// Its SIP Call-ID.
    pub sip_call_id: Option<String>,
    /// The codec; empty where there was no media.
    pub codec: String,
    /// Whether its media is encrypted (SRTP).
    pub is_encrypted: bool,
    /// What came from the peer.
    pub received: MediaView,
    /// How it sounded.
    pub quality: super::QualityView,
    /// Packets that were sent to the peer.
    pub sent_packets: u64,
    /// The verdict word about what came from the peer; empty where there was no media.
    pub verdict: String,
    /// The verdict as a sentence.
    pub explanation: String,
}

impl From<&Charge> for ChargeView {
    fn from(charge: &Charge) -> Self {
        Self {
            kind: charge.line.kind,
            description: charge.line.description.clone().into_owned(),
            billed_ms: charge.billed_ms,
            per_minute: Money::new(charge.line.per_minute_micros, charge.amount.currency),
            amount: charge.amount,
            rate_version: charge.line.rate_version.clone(),
        }
    }
}

impl From<&Quote> for QuoteView {
    fn from(quote: &Quote) -> Self {
        let line = |line: &domain::rating::Line| QuoteLineView {
            kind: line.kind,
            description: line.description.clone().into_owned(),
            per_minute: Money::new(line.per_minute_micros, quote.currency),
            increment_ms: line.increment_ms,
            rate_version: line.rate_version.clone(),
        };
        Self { currency: quote.currency, lines: quote.lines.iter().map(line).collect() }
    }
}

impl SimulationView {
    /// Shows a decision to the tenant that pays; what another tenant does behind its number stays hidden.
    pub(super) fn of(decision: &Decision, foreign_number: Option<&str>) -> Self {
        let decision = super::redact::redact(decision, foreign_number);
        let (verdict, cause, detail) = match &decision.verdict {
            Verdict::Connect => (VerdictWord::Connect, None, None),
            Verdict::Refuse { cause, detail } => (VerdictWord::Refuse, Some(*cause), Some(detail.clone())),
        };
        Self {
            verdict,
            cause,
            detail,
            plan: decision.plan.iter().map(|attempt| AttemptView::of(attempt, decision.payer)).collect(),
            quote: QuoteView::from(&decision.quote),
            max_duration_seconds: decision.max_duration_seconds,
            trace: decision.trace.iter().map(Step::from).collect(),
        }
    }
}

impl AttemptView {
    fn of(attempt: &domain::decision::Attempt, payer: Option<TenantId>) -> Self {
        let (kind, name) = match &attempt.target {
            Target::User { tenant, .. } | Target::Trunk { tenant, .. } if Some(*tenant) != payer => {
                ("onNet", String::new())
            }
            Target::User { username, .. } => ("user", username.clone()),
            Target::Trunk { fqdn, .. } => ("trunk", fqdn.clone()),
            Target::Carrier { name, .. } => ("carrier", name.clone()),
            Target::Echo => ("echo", String::new()),
        };
        Self { kind, name, caller_id: attempt.caller_id.clone(), callee: attempt.callee.clone() }
    }
}

impl From<&store::calls::StoredDecision> for DecisionView {
    fn from(stored: &store::calls::StoredDecision) -> Self {
        Self {
            id: stored.id(),
            config_version: stored.decision.config.join("+"),
            at: stored.facts.at.trunc_subsecs(6),
            identity: stored.facts.identity.as_deref().cloned(),
            decided: SimulationView::of(&stored.decision, stored.foreign_number.as_deref()),
        }
    }
}

impl From<&store::calls::Leg> for LegView {
    fn from(leg: &store::calls::Leg) -> Self {
        Self {
            side: leg.side.word(),
            peer: leg.peer.clone(),
            transport: leg.transport.clone(),
            sip_call_id: leg.sip_call_id.clone(),
            codec: leg.codec.clone(),
            is_encrypted: leg.is_encrypted,
            received: MediaView {
                packets: leg.packets,
                bytes: leg.bytes,
                lost: leg.lost,
                foreign: leg.foreign_packets,
                unauthentic: leg.unauthentic_packets,
                jitter_us: leg.jitter_us,
            },
            quality: leg.quality.into(),
            sent_packets: leg.sent_packets,
            verdict: leg.verdict.clone(),
            explanation: leg.explanation.clone(),
        }
    }
}

impl CallView {
    /// A record as lists show it; `now` dates the duration of a live call.
    pub(super) fn of(call: &store::calls::Call, now: DateTime<Utc>) -> Self {
        let talked = |since: DateTime<Utc>| (now - since).num_milliseconds().max(0).unsigned_abs();
        let duration_ms = match (call.state, call.answered_at) {
            (CallState::Live, Some(since)) => talked(since),
            _ => call.duration_ms,
        };
        Self {
            id: call.id,
            direction: call.direction,
            from: call.from.clone(),
            to: call.to.clone(),
            state: call.state,
            outcome: call.outcome.clone(),
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            duration_ms,
            charges: call.charges.iter().map(ChargeView::from).collect(),
            total: Money::new(call.total_micros, call.currency()),
            legs: None,
            decision: None,
        }
    }
}
