//! The records that a decision leaves: of the payer, of the callee's tenant, and of calls that were refused.

use super::{
    CallState,
    redact::{callee as callee_of, foreign_number, redact, way},
};
use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    cause::{Cause, Direction, Outcome},
    config::Snapshot,
    decision::{Decision, Facts, Funds, Source, Verdict},
    ids::{CallId, TenantId},
    money::Currency,
    rating::Quote,
};
use edge::seam::{CallFacts, PartyKind};
use std::time::SystemTime;
use store::calls::{Call, NewDecision};
use uuid::Uuid;

/// The longest called text that is kept of a call that could not even be read.
const TO_MAX: usize = domain::phone::DIALLED_MAX_LEN;

/// What a record keeps of an INVITE, whatever is decided.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) call: CallId,
    pub(super) at: DateTime<Utc>,
    pub(super) from: Option<String>,
    pub(super) to: String,
    pub(super) caller_trunk: Option<String>,
    pub(super) sip_call_id: String,
    /// The caller's tenant, where it has one.
    pub(super) tenant: Option<TenantId>,
    pub(super) direction: Direction,
}

/// The time of day as it is kept: whole microseconds.
pub(super) fn utc(at: SystemTime) -> DateTime<Utc> {
    DateTime::<Utc>::from(at).trunc_subsecs(6)
}

impl Record {
    pub(super) fn new(call: &CallFacts) -> Self {
        let is_trunk = call.party.kind == PartyKind::Trunk;
        let shown: Option<&String> = match call.party.kind {
            PartyKind::Carrier => call.asserted.as_ref().or(call.from.as_ref()),
            PartyKind::User | PartyKind::Trunk | PartyKind::Tester => call.from.as_ref(),
        };
        Self {
            call: CallId(Uuid::from_u128(call.call)),
            at: utc(call.at),
            from: shown.map(|text| text.chars().take(TO_MAX).collect()),
            to: call.to.chars().take(TO_MAX).collect(),
            caller_trunk: is_trunk.then(|| call.party.name.to_string()),
            sip_call_id: call.sip_call_id.clone(),
            tenant: call.party.tenant.map(|id| TenantId(Uuid::from_u128(id))),
            direction: match call.party.kind {
                PartyKind::Carrier => Direction::Inbound,
                PartyKind::User | PartyKind::Trunk | PartyKind::Tester => Direction::Outbound,
            },
        }
    }

    /// With the caller id and the called number as they were decided on.
    pub(super) fn read(mut self, facts: &Facts) -> Self {
        self.from = facts.from.as_ref().map(ToString::to_string);
        self.to = facts.to.to_string();
        if let Source::Trunk { fqdn, .. } = &facts.source {
            self.caller_trunk = Some(fqdn.clone());
        }
        self
    }

    fn call(&self, node: &str, tenant: Option<TenantId>, direction: Direction, quote: Quote) -> Call {
        Call {
            id: self.call,
            tenant,
            payer_call: None,
            node: node.to_owned(),
            direction,
            state: CallState::Live,
            from: self.from.clone(),
            to: self.to.clone(),
            caller_trunk: self.caller_trunk.clone(),
            callee_trunk: None,
            started_at: self.at,
            answered_at: None,
            ended_at: None,
            duration_ms: 0,
            funded_ms: 0,
            held_micros: 0,
            outcome: None,
            quote,
            charges: Vec::new(),
            total_micros: 0,
        }
    }
}

/// The payer's record of a call whose money is held: what, and how long it lasts.
pub(super) fn live(
    record: &Record,
    node: &str,
    decision: &Decision,
    (held_micros, funded_ms): (i64, u64),
) -> Call {
    let call = record.call(node, decision.payer, decision.direction, decision.quote.clone());
    Call { funded_ms, held_micros, ..call }
}

/// The record of the callee's tenant, where that is not the payer: it sees the call come in, and pays nothing.
pub(super) fn callee(
    record: &Record,
    node: &str,
    decision: &Decision,
    config: &Snapshot,
    facts: &Facts,
) -> Option<Call> {
    let (tenant, number) = callee_of(decision, &way(config, facts))?;
    let free = Quote { currency: decision.quote.currency, lines: Vec::new() };
    let call = record.call(node, Some(tenant), Direction::Inbound, free);
    Some(Call {
        id: CallId(Uuid::now_v7()),
        payer_call: Some(record.call),
        to: number.to_string(),
        caller_trunk: None,
        ..call
    })
}

/// The record of a call that a decision refused.
pub(super) fn refused(
    record: &Record,
    node: &str,
    decision: &Decision,
    config: &Snapshot,
    facts: &Facts,
) -> Call {
    let foreign = foreign_number(&way(config, facts), decision.payer);
    let shown = redact(decision, foreign.as_deref());
    let outcome = match &shown.verdict {
        Verdict::Refuse { cause, detail } => Outcome::ours(*cause, Some(detail)),
        Verdict::Connect => Outcome::ours(Cause::PlatformUnavailable, None),
    };
    let outcome = match decision.status {
        Some(status) => outcome.answered_with(status),
        None => outcome,
    };
    let quote = decision.quote.clone();
    over(record.call(node, decision.payer.or(record.tenant), decision.direction, quote), outcome)
}

/// The record of a call that was refused before it could be decided.
pub(super) fn undecided(record: &Record, cause: Cause) -> Call {
    let nothing = Quote { currency: Currency::USD, lines: Vec::new() };
    over(record.call("", record.tenant, record.direction, nothing), Outcome::ours(cause, None))
}

fn over(call: Call, outcome: Outcome) -> Call {
    let ended_at = Some(call.started_at);
    Call { state: CallState::Ended, ended_at, outcome: Some(outcome), ..call }
}

/// A decision with all that it was made from.
pub(super) fn decision(
    call: CallId,
    config: &Snapshot,
    facts: &Facts,
    funds: &Funds,
    decision: &Decision,
) -> Result<NewDecision, store::Error> {
    let foreign = foreign_number(&way(config, facts), decision.payer);
    NewDecision::new(call, facts, funds, decision, foreign)
}
