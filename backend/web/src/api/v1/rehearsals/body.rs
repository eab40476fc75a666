//! Rehearsals on the wire.

use crate::api::schema::Amount;
use app::rehearsals::RehearsalView;
use chrono::{DateTime, Utc};
use domain::{
    cause::Cause,
    ids::CallId,
    money::Money,
    rehearsal::{Difference, Figures, Kind, MoneyFigures, Sample},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A draft that is tried on past calls, what was found, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rehearsal {
    id: Uuid,
    /// The draft in a few words.
    title: String,
    /// The draft, as the platform keeps it.
    #[schema(value_type = Object)]
    draft: Value,
    /// `recorded` or `today`.
    against: &'static str,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// Attempts that were looked at so far.
    looked_at: u64,
    /// Why it failed.
    failure: Option<String>,
    created_by: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// `draft`, `scheduled`, `applied`, `refused`, `withdrawn` or `rolledBack`.
    draft_state: &'static str,
    /// From when on the draft is in force.
    effective_at: Option<DateTime<Utc>>,
    /// Who applied it, scheduled it or took it back.
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    /// Why it was not applied at its time.
    refusal: Option<String>,
    /// What was found; null until it is done.
    result: Option<RehearsalResult>,
}

/// What a rehearsal found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalResult {
    /// Attempts of the period.
    attempts: u64,
    /// Those that were decided again.
    replayed: u64,
    /// Whether these are all; else the oldest million.
    complete: bool,
    counts: RehearsalCounts,
    /// Calls that would end earlier, for lack of money.
    shortened: u64,
    money: Vec<RehearsalMoney>,
    /// Other ways, the most frequent first.
    ways: Vec<RehearsalWay>,
    /// Calls that go other ways than those.
    other_ways: u64,
    /// Other verdicts and causes, the most frequent first.
    causes: Vec<RehearsalCause>,
    /// Calls that are different, those whose money changes most first, up to 25 of each kind.
    differences: Vec<RehearsalDifference>,
    /// What the records do not say, and what is taken for it.
    unknown: Vec<RehearsalUnknown>,
    /// What was left out, and why.
    not_replayed: Vec<RehearsalLeftOut>,
}

/// How many attempts are different in which way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalCounts {
    same: u64,
    /// The same way at another price or cost.
    repriced: u64,
    /// The same way with other numbers.
    rewritten: u64,
    rerouted: u64,
    /// They were connected, and are refused.
    refused: u64,
    /// They were refused, and are connected.
    admitted: u64,
    /// Refused for another cause.
    refused_otherwise: u64,
}

/// Money of one currency. What carriers ask, and what is left, the operator alone sees.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalMoney {
    #[schema(value_type = Amount)]
    revenue_before: Money,
    #[schema(value_type = Amount)]
    revenue_after: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    cost_before: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    cost_after: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    margin_before: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    margin_after: Option<Money>,
}

/// Calls that would go another way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsalWay {
    from: String,
    to: String,
    calls: u64,
}

/// Calls whose verdict or cause would be another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsalCause {
    /// The cause for which they were refused; null where they were connected.
    #[schema(value_type = Option<String>)]
    before: Option<Cause>,
    /// The cause for which they would be refused; null where they would be connected.
    #[schema(value_type = Option<String>)]
    after: Option<Cause>,
    calls: u64,
}

/// What comes of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsalSide {
    /// Why it is refused; null where it is connected.
    #[schema(value_type = Option<String>)]
    cause: Option<Cause>,
    /// Whom it rings, in order.
    way: String,
    #[schema(value_type = Amount)]
    charge: Money,
    /// What the carrier asks, where it is known; for the operator alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    cost: Option<Money>,
}

/// A call that is different.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalDifference {
    #[schema(value_type = Uuid)]
    call_id: CallId,
    /// `repriced`, `rewritten`, `rerouted`, `refused`, `admitted` or `refusedOtherwise`.
    kind: &'static str,
    at: DateTime<Utc>,
    from: Option<String>,
    to: String,
    before: RehearsalSide,
    after: RehearsalSide,
}

/// Something that the records do not say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsalUnknown {
    /// `admitted`, `answer`, `load`, `carrier`, `balance` or `volumes`.
    #[schema(value_type = String)]
    what: domain::rehearsal::Unknown,
    calls: u64,
    explanation: &'static str,
}

/// Calls that were left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RehearsalLeftOut {
    /// `live`, `undecided`, `configurationGone` or `decidedOtherwise`.
    #[schema(value_type = String)]
    why: domain::rehearsal::Unreplayed,
    calls: u64,
    explanation: &'static str,
    #[schema(value_type = Uuid)]
    example_call_id: CallId,
}

impl RehearsalMoney {
    fn of(figures: &MoneyFigures, has_costs: bool) -> Self {
        let money = |micros| Money::new(micros, figures.currency);
        let of_operator = |micros| has_costs.then(|| money(micros));
        let (before, after) = figures.margins();
        Self {
            revenue_before: money(figures.revenue_before_micros),
            revenue_after: money(figures.revenue_after_micros),
            cost_before: of_operator(figures.cost_before_micros),
            cost_after: of_operator(figures.cost_after_micros),
            margin_before: of_operator(before),
            margin_after: of_operator(after),
        }
    }
}

impl From<Sample> for RehearsalSide {
    fn from(sample: Sample) -> Self {
        Self { cause: sample.cause, way: sample.way, charge: sample.charge, cost: sample.cost }
    }
}

impl From<Difference> for RehearsalDifference {
    fn from(of: Difference) -> Self {
        Self {
            call_id: of.call,
            kind: of.kind.word(),
            at: of.at,
            from: of.from,
            to: of.to,
            before: of.before.into(),
            after: of.after.into(),
        }
    }
}

impl RehearsalResult {
    fn of(found: Figures, has_costs: bool) -> Self {
        let counts = RehearsalCounts {
            same: found.of(Kind::Same),
            repriced: found.of(Kind::Repriced),
            rewritten: found.of(Kind::Rewritten),
            rerouted: found.of(Kind::Rerouted),
            refused: found.of(Kind::Refused),
            admitted: found.of(Kind::Admitted),
            refused_otherwise: found.of(Kind::RefusedOtherwise),
        };
        let cause = |of: domain::rehearsal::CauseCount| RehearsalCause {
            before: of.before,
            after: of.after,
            calls: of.calls,
        };
        let unknown = |of: domain::rehearsal::UnknownCount| RehearsalUnknown {
            what: of.what,
            calls: of.calls,
            explanation: of.what.explain(),
        };
        let left_out = |of: domain::rehearsal::UnreplayedCount| RehearsalLeftOut {
            why: of.why,
            calls: of.calls,
            explanation: of.why.explain(),
            example_call_id: of.example,
        };
        let way = |of: domain::rehearsal::Way| RehearsalWay { from: of.from, to: of.to, calls: of.calls };
        Self {
            attempts: found.attempts,
            replayed: found.replayed,
            complete: found.complete,
            counts,
            shortened: found.shortened,
            money: found.money.iter().map(|of| RehearsalMoney::of(of, has_costs)).collect(),
            ways: found.ways.into_iter().map(way).collect(),
            other_ways: found.other_ways,
            causes: found.causes.into_iter().map(cause).collect(),
            differences: found.differences.into_iter().map(Into::into).collect(),
            unknown: found.unknown.into_iter().map(unknown).collect(),
            not_replayed: found.unreplayed.into_iter().map(left_out).collect(),
        }
    }
}

impl Rehearsal {
    /// For the operator, who sees what carriers ask, or for a tenant.
    pub(super) fn of(view: RehearsalView, has_costs: bool) -> Self {
        Self {
            id: view.id,
            title: view.title,
            draft: serde_json::to_value(&view.draft).unwrap_or_default(),
            against: view.against.word(),
            since: view.since,
            until: view.until,
            state: view.state.word(),
            looked_at: view.looked_at,
            failure: view.failure,
            created_by: view.created_by,
            created_at: view.created_at,
            started_at: view.started_at,
            ended_at: view.ended_at,
            draft_state: view.draft_state.word(),
            effective_at: view.effective_at,
            decided_by: view.decided_by,
            decided_at: view.decided_at,
            refusal: view.refusal,
            result: view.figures.map(|found| RehearsalResult::of(found, has_costs)),
        }
    }
}
