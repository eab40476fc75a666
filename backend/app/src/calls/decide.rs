//! A live call, from its facts to its verdict: decided in memory, then decided on its payer's money and held in the
//! writer's next transaction.

use super::{
    batch::{Answer, Open, Work},
    facts::{conditions, facts_of},
    legs,
    plan::{looked_up, plan_now, refusal, refusal_of},
    record::{self, Record, utc},
    settle as settlement,
    table::{Carried, Found},
    usage::{Counted, Seat},
    writer::Job,
};
use crate::{App, velocity};
use domain::{
    cause::Cause,
    config::Snapshot,
    decision::{Decision, Facts, Usage, Verdict, payer as payer_of},
    ids::TenantId,
    stir::Verification,
};
use edge::seam::{self, CallFacts, CallSummary, PartyKind, Refusal, Reply};
use std::sync::{Arc, Mutex};
use store::calls::{Call, NewDecision};

/// Decides a call and holds its money. Never blocks: what needs the database is queued.
///
/// It is decided here without looking at money, so that what is refused anyway asks nothing of the database; then the
/// writer asks for the money on the payer's locked account, so that the trace says what there was.
pub(super) fn decide(
    app: &App,
    call: &CallFacts,
    identity: Option<Verification>,
    reply: Reply<seam::Verdict>,
) {
    let state = app.calls();
    let live = app.live();
    let config = &live.config;
    let record = Record::new(call);
    let facts = match facts_of(call) {
        Ok(facts) => Facts { identity: identity.map(Box::new), ..facts },
        Err(cause) => {
            note(app, call, record::undecided(&record, cause), None);
            return reply.send(seam::Verdict::Refuse(refusal(cause)));
        }
    };
    let record = record.read(&facts);
    let payer = payer_of(config, &facts);
    let spend = payer.filter(|payer| has_day_cap(config, *payer)).map(|payer| (payer, &state.spend));
    let spent = spend.and_then(|(payer, spend)| spend.known(payer, facts.at)).unwrap_or_default();
    let around = Usage { spent_today_micros: spent, ..conditions(app, config, payer) };
    let Counted { decision, funds, seat } = state.usage.decide(config, &facts, payer, around);
    let (Some(payer), Some(seat)) = (payer, seat) else {
        let over = record::refused(&record, "", &decision, config, &facts);
        let stored = record::decision(record.call, config, &facts, &funds, &decision);
        note(app, call, over, stored.inspect_err(|error| tracing::error!(%error, "a decision is lost")).ok());
        return reply.send(seam::Verdict::Refuse(refused(&decision)));
    };
    let spend = spend.map(|(_, spend)| Arc::clone(spend));
    let decision = Mutex::new(Some(decision));
    let config_then = Arc::clone(config);
    let open =
        Open { record, payer, config: config_then, facts, funds, decision, spend, seat: Arc::clone(&seat) };
    hold(Pending { app: app.clone(), call: call.clone(), config: Arc::clone(config), seat, reply }, open);
}

fn has_day_cap(config: &Snapshot, payer: TenantId) -> bool {
    config.tenant(payer).is_some_and(|piece| piece.piece.value.protection.max_day_micros.is_some())
}

/// A call whose hold is in the queue.
struct Pending {
    app: App,
    call: CallFacts,
    config: Arc<Snapshot>,
    seat: Arc<Seat>,
    reply: Reply<seam::Verdict>,
}

fn hold(pending: Pending, open: Open) {
    let app = pending.app.clone();
    let state = app.calls();
    if !state.table.admit(pending.call.call) {
        return pending.refuse(refusal(Cause::PlatformUnavailable));
    }
    let job = Job::new(Work::Open(Box::new(open)), move |answer| pending.answered(answer));
    // The queue is full: the job comes back, and its answer is 503.
    if let Err(job) = state.writer.open(job) {
        (job.reply)(Answer::Failed);
    }
}

impl Pending {
    /// The writer has decided and committed.
    fn answered(self, answer: Answer) {
        match answer {
            Answer::Opened(decision, Some(carried)) => self.connect(*decision, &carried),
            Answer::Opened(decision, None) => {
                self.arrived();
                self.refuse(refused(&decision));
            }
            Answer::Extended(_) | Answer::Written | Answer::Failed => {
                self.refuse(refusal(Cause::PlatformUnavailable));
            }
        }
    }

    fn connect(self, decision: Decision, carried: &Arc<Carried>) {
        self.arrived();
        self.app.calls().meters.planned(self.call.call, &decision);
        // It may have been given up while its hold was written.
        if let Some(summary) = self.app.calls().table.open(carried) {
            settle(&self.app, Arc::clone(carried), summary);
        }
        // It is known by now, so that a stop which it makes ends it too.
        velocity::commit(&self.app, carried, carried.held_micros());
        velocity::reached(&self.app, carried);
        let caller = legs::of_caller(&self.config, &self.call.party);
        match plan_now(&self.app, &self.config, &decision, caller) {
            Ok(mut plan) => {
                legs::as_tried(&self.app, &self.call, &mut plan);
                self.reply.send(seam::Verdict::Connect(plan));
            }
            Err(drafts) => {
                tokio::spawn(async move {
                    let mut plan = looked_up(&self.app, &decision, drafts).await;
                    legs::as_tried(&self.app, &self.call, &mut plan);
                    self.reply.send(seam::Verdict::Connect(plan));
                });
            }
        }
    }

    fn refuse(self, refusal: Refusal) {
        let state = self.app.calls();
        self.seat.undo(&state.usage);
        state.table.forget(self.call.call);
        self.reply.send(seam::Verdict::Refuse(refusal));
    }

    fn arrived(&self) {
        arrived(&self.app, &self.call);
    }
}

/// A call from a carrier has its record: whoever had the sandbox place it may be waiting.
fn arrived(app: &App, call: &CallFacts) {
    if matches!(call.party.kind, PartyKind::Carrier | PartyKind::Tester) {
        app.calls().arrivals.note(&call.sip_call_id, call.call);
    }
}

/// Has the record of a refused call written.
fn note(app: &App, call: &CallFacts, record: Call, decision: Option<NewDecision>) {
    let (waiting, facts) = (app.clone(), call.clone());
    let job = Job::new(Work::Refused(Box::new((record, decision))), move |_| arrived(&waiting, &facts));
    app.calls().writer.note(job);
}

/// How a decision that does not connect is answered.
fn refused(decision: &Decision) -> Refusal {
    let cause = match &decision.verdict {
        Verdict::Refuse { cause, .. } => *cause,
        Verdict::Connect => Cause::PlatformUnavailable,
    };
    refusal_of(cause, decision.status.unwrap_or_else(|| cause.status()))
}

/// A call is over.
pub(super) fn ended(app: &App, summary: CallSummary) {
    if let Found::Carried(carried, summary) = app.calls().table.ended(Box::new(summary)) {
        settle(app, carried, summary);
    }
}

fn settle(app: &App, carried: Arc<Carried>, summary: Box<CallSummary>) {
    let state = app.calls();
    carried.seat.leave(&state.usage);
    let (settled, call, payer) = (app.clone(), carried.call.0.as_u128(), carried.payer);
    let (cost, at) = (settlement::cost(&carried, &summary), utc(summary.ended_at));
    let over = Arc::clone(&carried);
    let job = Job::new(Work::Settle(carried, summary), move |_| {
        settled.calls().spend.add(payer, at, cost);
        velocity::commit(&settled, &over, cost.saturating_sub(over.held_micros()));
        settled.calls().table.forget(call);
    });
    state.writer.follow(job);
}
