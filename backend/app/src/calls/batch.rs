//! One transaction of the writer: holds with their records, answers, extensions and settlements of many calls.
//!
//! A job's own refusal (not enough money) is an answer and fails nobody else. The payers' accounts are locked first, all
//! at once; then each table is written by one statement for all calls of the batch. No job of a batch needs the rows of
//! another one: a call is followed up only after its opening was committed and answered.

use super::{
    outcome::Rung,
    record::{self, Record},
    settle,
    spend::Spend,
    table::Carried,
    usage::Seat,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    config::Snapshot,
    decision::{Decision, Facts, Funds, Target, decide},
    ids::{CallId, TenantId},
};
use edge::seam::CallSummary;
use std::{collections::HashSet, sync::Arc};
use store::{
    Error, Tx,
    calls::{Answered, Call, StoredDecision},
    holds::{NewHold, Purpose},
    ledger::Accounts,
};

/// A new call, whose money is to be held.
pub(super) struct Open {
    pub(super) record: Record,
    pub(super) payer: TenantId,
    /// The configuration on which it is decided.
    pub(super) config: Arc<Snapshot>,
    pub(super) facts: Facts,
    /// What its payer had when it arrived, but for money, which is read under lock.
    pub(super) funds: Funds,
    /// What today has cost so far, where its payer has a cap for the day.
    pub(super) spend: Option<Arc<Spend>>,
    /// The places that it takes among the limits.
    pub(super) seat: Arc<Seat>,
}

/// Something to write.
pub(super) enum Work {
    /// Decide a new call on the payer's money, hold it and open the record.
    Open(Box<Open>),
    /// Write down a call that was refused before any money was asked for.
    Refused(Box<(Call, Option<StoredDecision>)>),
    /// Write down that a call was answered.
    Answered { carried: Arc<Carried>, at: DateTime<Utc>, callee_trunk: Option<String> },
    /// Hold money for longer.
    Extend(Arc<Carried>),
    /// Write down that this node is at work.
    Beat { started_at: DateTime<Utc> },
    /// Charge and close.
    Settle(Arc<Carried>, Box<CallSummary>),
}

impl Work {
    /// Whose money it moves.
    fn payer(&self) -> Option<TenantId> {
        match self {
            Self::Open(open) => Some(open.payer),
            Self::Refused(_) | Self::Beat { .. } | Self::Answered { .. } => None,
            Self::Extend(carried) | Self::Settle(carried, _) => Some(carried.payer),
        }
    }

    /// Whether it is tried again until it is written. An extension is not: its call waits for the answer.
    pub(super) const fn must_be_written(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::Settle(..))
    }
}

/// What became of a job.
pub(super) enum Answer {
    /// The decision, and the call where its money is held.
    Opened(Box<Decision>, Option<Arc<Carried>>),
    /// How long the money lasts now, milliseconds from the answer; `None` where there is no more.
    Extended(Option<u64>),
    /// It is written.
    Written,
    /// The database failed.
    Failed,
}

/// Runs jobs in one transaction: what is over first, since it frees money; then what goes on; then what is new.
pub(super) async fn run(tx: &Tx, node: &str, works: &[Work]) -> Result<Vec<Answer>, Error> {
    let scope = Scope::system("calls hold and spend the money of whoever pays for them");
    let payers = works.iter().filter_map(Work::payer).collect();
    let accounts = Accounts::lock(tx, &scope, &payers).await?;
    let mut batch = Batch { tx, node, scope, accounts };
    let mut answers: Vec<Answer> = works.iter().map(|_| Answer::Written).collect();
    let ended = batch.settle(works).await?;
    batch.answered(works, &ended).await?;
    batch.extend(works, &ended, &mut answers).await?;
    batch.open(works, &mut answers).await?;
    let Batch { accounts, scope, .. } = batch;
    accounts.write(tx, &scope).await?;
    Ok(answers)
}

struct Batch<'a> {
    tx: &'a Tx,
    node: &'a str,
    scope: Scope,
    /// Those of all payers, locked: what is decided on them stays true.
    accounts: Accounts,
}

impl Batch<'_> {
    /// Charges and closes what is over. The calls that end in this batch, whether they were closed before or not.
    async fn settle(&mut self, works: &[Work]) -> Result<HashSet<CallId>, Error> {
        let mut ended = HashSet::new();
        let over: Vec<_> = works
            .iter()
            .filter_map(|work| match work {
                Work::Settle(carried, summary) if ended.insert(carried.call) => {
                    Some((carried.as_ref(), summary.as_ref()))
                }
                _ => None,
            })
            .collect();
        settle::settle(self.tx, &self.scope, &mut self.accounts, &over).await?;
        Ok(ended)
    }

    /// Writes down answers and the heartbeat. What ends in this batch has its answer in its closing.
    async fn answered(&self, works: &[Work], ended: &HashSet<CallId>) -> Result<(), Error> {
        let mut answered = Vec::new();
        for work in works {
            match work {
                Work::Answered { carried, at, callee_trunk } if !ended.contains(&carried.call) => {
                    answered.push(Answered {
                        call: carried.call,
                        callee_call: carried.callee_call,
                        at: *at,
                        callee_trunk: callee_trunk.clone(),
                    });
                }
                Work::Beat { started_at } => {
                    let now = Utc::now();
                    store::heartbeat::beat(self.tx, &self.scope, self.node, *started_at, now).await?;
                }
                _ => {}
            }
        }
        store::calls::answer_all(self.tx, &self.scope, &answered).await
    }

    /// Holds money for up to one more step of each call that asks. A call that ends in this batch, or is over, gets none.
    async fn extend(
        &mut self,
        works: &[Work],
        ended: &HashSet<CallId>,
        answers: &mut [Answer],
    ) -> Result<(), Error> {
        let mut steps: Vec<Step> = Vec::new();
        for (place, work) in works.iter().enumerate() {
            let Work::Extend(carried) = work else { continue };
            answers[place] = Answer::Extended(None);
            // One step in a batch: the next one is asked for after it.
            if ended.contains(&carried.call) || steps.iter().any(|step| step.call == carried.call) {
                continue;
            }
            steps.extend(self.step(place, carried));
        }
        let funded: Vec<_> = steps.iter().map(|step| (step.call, step.funded_ms)).collect();
        let live = store::calls::fund_all(self.tx, &self.scope, &funded).await?;
        let more: Vec<_> = steps
            .iter()
            .filter(|step| live.contains(&step.call))
            .map(|step| (step.call, step.micros))
            .collect();
        let grown = store::holds::grow_all(self.tx, &self.scope, &more).await?;
        for step in steps {
            if grown.contains(&step.call) {
                answers[step.place] = Answer::Extended(Some(step.funded_ms));
            } else {
                // The call is over: what was set aside just now goes back.
                self.accounts.release(step.payer, step.micros);
            }
        }
        Ok(())
    }

    /// As much of a step as there is money for, in whole seconds, set aside.
    fn step(&mut self, place: usize, carried: &Carried) -> Option<Step> {
        let account = self.accounts.get(carried.payer)?;
        let before_ms = carried.funded_ms();
        let held = carried.quote.price(before_ms).micros;
        let budget = held.saturating_add(account.available_micros().max(0));
        let wanted = before_ms / 1000 + u64::from(carried.hold_seconds);
        let funded_ms = carried.quote.affordable_seconds(budget, wanted) * 1000;
        if funded_ms <= before_ms {
            return None;
        }
        let micros = carried.quote.price(funded_ms).micros - held;
        let step = Step { place, call: carried.call, payer: carried.payer, funded_ms, micros };
        self.accounts.reserve(carried.payer, micros).then_some(step)
    }

    /// Decides new calls on their payers' money, and writes them down with those that were refused before.
    async fn open(&mut self, works: &[Work], answers: &mut [Answer]) -> Result<(), Error> {
        let mut new = New::default();
        for (work, answer) in works.iter().zip(answers) {
            match work {
                Work::Open(open) => {
                    let spent = match &open.spend {
                        Some(spend) => {
                            Some(spend.today(self.tx, &self.scope, open.payer, open.facts.at).await?)
                        }
                        None => None,
                    };
                    *answer = self.decide(open, spent, &mut new);
                }
                Work::Refused(refused) => {
                    let (call, decision) = refused.as_ref();
                    new.calls.push(Call { node: self.node.to_owned(), ..call.clone() });
                    new.decisions.extend(decision.clone());
                }
                _ => {}
            }
        }
        store::calls::insert(self.tx, &self.scope, &new.calls).await?;
        store::calls::insert_decisions(self.tx, &self.scope, &new.decisions).await?;
        store::holds::insert(self.tx, &self.scope, &new.holds).await
    }

    /// `spent` is what the day has cost so far, where its payer has a cap for it.
    fn decide(&mut self, open: &Open, spent: Option<i64>, new: &mut New) -> Answer {
        let account = self.accounts.get(open.payer);
        let currency =
            open.config.tenant(open.payer).and_then(|piece| open.config.plan(piece.piece.value.plan));
        let spendable =
            account.filter(|account| currency.is_some_and(|plan| plan.currency == account.currency));
        let mut funds = Funds {
            available_micros: spendable.map_or(0, |account| account.available_micros()),
            ..open.funds.clone()
        };
        if let Some(spent) = spent {
            // What is held for calls that are up may be spent too.
            let held = account.map_or(0, |account| account.held_micros);
            funds.usage.spent_today_micros = spent.saturating_add(held);
        }
        let mut decision = decide(&open.config, &open.facts, &funds);
        // An emergency call costs nothing, and is connected on an account below zero too.
        if decision.connects()
            && decision.emergency.is_none()
            && !self.accounts.reserve(open.payer, first_hold(&decision))
        {
            // What was decided on is what is locked, so this means that the account is gone.
            funds.available_micros = 0;
            decision = decide(&open.config, &open.facts, &funds);
        }
        let carried = decision.connects().then(|| self.connect(open, &decision, new));
        if carried.is_none() {
            new.calls.push(record::refused(&open.record, self.node, &decision, &open.config, &open.facts));
        }
        new.decisions.push(record::decision(&open.record, &open.config, &open.facts, funds, &decision));
        Answer::Opened(Box::new(decision), carried)
    }

    fn connect(&self, open: &Open, decision: &Decision, new: &mut New) -> Arc<Carried> {
        let call = open.record.call;
        let funded_ms = u64::from(decision.hold_seconds) * 1000;
        let live = record::live(&open.record, self.node, decision, funded_ms);
        let callee = record::callee(&open.record, self.node, decision, &open.config, &open.facts);
        let callee_call = callee.as_ref().map(|callee| callee.id);
        if self.accounts.get(open.payer).is_some() {
            new.holds.push(NewHold {
                tenant: open.payer,
                purpose: Purpose::Call,
                reference: call.0,
                amount_micros: first_hold(decision),
                at: open.record.at,
            });
        }
        new.calls.push(live);
        new.calls.extend(callee);
        Arc::new(Carried {
            call,
            callee_call,
            payer: open.payer,
            direction: decision.direction,
            quote: decision.quote.clone(),
            hold_seconds: decision.hold_seconds,
            rings: decision.plan.iter().map(|attempt| ring(&attempt.target)).collect(),
            sip_call_id: open.record.sip_call_id.clone(),
            seat: Arc::clone(&open.seat),
            funded_ms: funded_ms.into(),
        })
    }
}

/// Rows of new calls.
#[derive(Default)]
struct New {
    calls: Vec<Call>,
    decisions: Vec<StoredDecision>,
    holds: Vec<NewHold>,
}

/// Money for longer, set aside for a call that may be over.
struct Step {
    place: usize,
    call: CallId,
    payer: TenantId,
    funded_ms: u64,
    micros: i64,
}

/// What the first hold takes.
fn first_hold(decision: &Decision) -> i64 {
    decision.quote.price(u64::from(decision.hold_seconds) * 1000).micros
}

fn ring(target: &Target) -> (Rung, Option<String>) {
    match target {
        Target::User { .. } => (Rung::User, None),
        Target::Trunk { fqdn, .. } => (Rung::Other, Some(fqdn.clone())),
        Target::Carrier { .. } => (Rung::Other, None),
    }
}
