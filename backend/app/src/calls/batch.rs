//! One transaction of the writer: holds with their records, answers, extensions and settlements of many calls.
//!
//! A job's own refusal (not enough money) is an answer and fails nobody else. Jobs are taken in the order of their
//! payers, and of one payer in the order in which they came: so two nodes that lock the same accounts never wait for
//! each other in a circle.

use super::{
    outcome::Rung,
    record::{self, Record},
    settle,
    table::Carried,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    config::Snapshot,
    decision::{Decision, Facts, Funds, Target, decide},
    ids::{CallId, TenantId},
};
use edge::seam::CallSummary;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use store::{
    Error, Tx,
    calls::{Call, StoredDecision},
    holds::{NewHold, Purpose},
    ledger::Account,
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
    fn payer(&self) -> Option<TenantId> {
        match self {
            Self::Open(open) => Some(open.payer),
            Self::Refused(_) | Self::Beat { .. } => None,
            Self::Answered { carried, .. } | Self::Extend(carried) | Self::Settle(carried, _) => {
                Some(carried.payer)
            }
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

/// Runs jobs in one transaction.
pub(super) async fn run(tx: &Tx, node: &str, works: &[Work]) -> Result<Vec<Answer>, Error> {
    let mut order: Vec<usize> = (0..works.len()).collect();
    order.sort_by_key(|place| works[*place].payer());
    let mut batch = Batch::new(tx, node);
    let mut answers: Vec<Option<Answer>> = works.iter().map(|_| None).collect();
    for place in order {
        answers[place] = Some(batch.work(&works[place]).await?);
    }
    batch.flush().await?;
    Ok(answers.into_iter().map(|answer| answer.unwrap_or(Answer::Failed)).collect())
}

struct Batch<'a> {
    tx: &'a Tx,
    node: &'a str,
    scope: Scope,
    /// Accounts that this transaction has locked, as they are now.
    accounts: HashMap<TenantId, Option<Account>>,
    /// Rows that are written together.
    holds: Vec<NewHold>,
    calls: Vec<Call>,
    decisions: Vec<StoredDecision>,
    unwritten: HashSet<CallId>,
    /// Extensions of this transaction, which [`Carried`] learns of after the commit.
    funded: HashMap<CallId, u64>,
}

impl<'a> Batch<'a> {
    fn new(tx: &'a Tx, node: &'a str) -> Self {
        Self {
            tx,
            node,
            scope: Scope::system("calls hold and spend the money of whoever pays for them"),
            accounts: HashMap::new(),
            holds: Vec::new(),
            calls: Vec::new(),
            decisions: Vec::new(),
            unwritten: HashSet::new(),
            funded: HashMap::new(),
        }
    }

    async fn work(&mut self, work: &Work) -> Result<Answer, Error> {
        match work {
            Work::Open(open) => self.open(open).await,
            Work::Refused(refused) => {
                let (call, decision) = refused.as_ref();
                self.calls.push(Call { node: self.node.to_owned(), ..call.clone() });
                self.decisions.extend(decision.clone());
                Ok(Answer::Written)
            }
            Work::Answered { carried, at, callee_trunk } => {
                self.flush_before(carried.call).await?;
                let trunk = callee_trunk.as_deref();
                store::calls::answer(self.tx, &self.scope, carried.call, *at, trunk).await?;
                Ok(Answer::Written)
            }
            Work::Extend(carried) => self.extend(carried).await,
            Work::Beat { started_at } => {
                let now = Utc::now();
                store::heartbeat::beat(self.tx, &self.scope, self.node, *started_at, now).await?;
                Ok(Answer::Written)
            }
            Work::Settle(carried, summary) => {
                self.flush_before(carried.call).await?;
                let funded_ms =
                    self.funded.get(&carried.call).copied().unwrap_or_else(|| carried.funded_ms());
                settle::settle(self.tx, &self.scope, carried, summary, funded_ms).await?;
                self.accounts.remove(&carried.payer);
                Ok(Answer::Written)
            }
        }
    }

    /// The payer's account, locked until the commit: what is decided on it stays true.
    async fn account(&mut self, tenant: TenantId) -> Result<Option<Account>, Error> {
        if let Some(known) = self.accounts.get(&tenant) {
            return Ok(*known);
        }
        let account = store::ledger::lock_account(self.tx, &self.scope, tenant).await?;
        self.accounts.insert(tenant, account);
        Ok(account)
    }

    /// Sets money aside, by the database's own condition.
    async fn reserve(&mut self, tenant: TenantId, micros: i64) -> Result<bool, Error> {
        if !store::holds::reserve(self.tx, &self.scope, tenant, micros).await? {
            return Ok(false);
        }
        if let Some(Some(account)) = self.accounts.get_mut(&tenant) {
            account.held_micros = account.held_micros.saturating_add(micros);
        }
        Ok(true)
    }

    async fn open(&mut self, open: &Open) -> Result<Answer, Error> {
        let account = self.account(open.payer).await?;
        let currency =
            open.config.tenant(open.payer).and_then(|piece| open.config.plan(piece.piece.value.plan));
        let spendable =
            account.filter(|account| currency.is_some_and(|plan| plan.currency == account.currency));
        let mut funds = Funds {
            available_micros: spendable.map_or(0, |account| account.available_micros()),
            ..open.funds.clone()
        };
        let mut decision = decide(&open.config, &open.facts, &funds);
        if decision.connects() {
            let first = first_hold(&decision);
            // An emergency call costs nothing, and is connected on an account below zero too.
            if decision.emergency.is_none() && !self.reserve(open.payer, first).await? {
                // The account is locked, so this means that it is gone.
                funds.available_micros = 0;
                decision = decide(&open.config, &open.facts, &funds);
            }
        }
        let carried = if decision.connects() { Some(self.connect(open, &decision, account)) } else { None };
        if carried.is_none() {
            self.calls.push(record::refused(&open.record, self.node, &decision, &open.config, &open.facts));
        }
        self.decisions.push(record::decision(&open.record, &open.config, &open.facts, funds, &decision));
        Ok(Answer::Opened(Box::new(decision), carried))
    }

    fn connect(&mut self, open: &Open, decision: &Decision, account: Option<Account>) -> Arc<Carried> {
        let call = open.record.call;
        let funded_ms = u64::from(decision.hold_seconds) * 1000;
        let live = record::live(&open.record, self.node, decision, funded_ms);
        let callee = record::callee(&open.record, self.node, decision, &open.config, &open.facts);
        let callee_call = callee.as_ref().map(|callee| callee.id);
        if account.is_some() {
            self.holds.push(NewHold {
                tenant: open.payer,
                purpose: Purpose::Call,
                reference: call.0,
                amount_micros: first_hold(decision),
                at: open.record.at,
            });
        }
        self.unwritten.insert(call);
        self.calls.push(live);
        self.calls.extend(callee);
        Arc::new(Carried {
            call,
            callee_call,
            payer: open.payer,
            direction: decision.direction,
            quote: decision.quote.clone(),
            hold_seconds: decision.hold_seconds,
            rings: decision.plan.iter().map(|attempt| ring(&attempt.target)).collect(),
            sip_call_id: open.record.sip_call_id.clone(),
            funded_ms: funded_ms.into(),
        })
    }

    /// Holds money for up to one more step: as much of it as there is money for, in whole seconds.
    async fn extend(&mut self, carried: &Carried) -> Result<Answer, Error> {
        self.flush_before(carried.call).await?;
        let funded_ms = self.funded.get(&carried.call).copied().unwrap_or_else(|| carried.funded_ms());
        let Some(account) = self.account(carried.payer).await? else { return Ok(Answer::Extended(None)) };
        let held = carried.quote.price(funded_ms).micros;
        let budget = held.saturating_add(account.available_micros().max(0));
        let wanted = funded_ms / 1000 + u64::from(carried.hold_seconds);
        let longer_ms = carried.quote.affordable_seconds(budget, wanted) * 1000;
        if longer_ms <= funded_ms {
            return Ok(Answer::Extended(None));
        }
        let more = carried.quote.price(longer_ms).micros - held;
        let call = carried.call;
        if !self.reserve(carried.payer, more).await? {
            return Ok(Answer::Extended(None));
        }
        let is_live = store::calls::fund(self.tx, &self.scope, call, longer_ms).await?;
        if is_live && store::holds::grow(self.tx, &self.scope, Purpose::Call, call.0, more).await? {
            self.funded.insert(call, longer_ms);
            return Ok(Answer::Extended(Some(longer_ms)));
        }
        // The call is over: what was set aside just now goes back.
        self.reserve(carried.payer, -more).await?;
        Ok(Answer::Extended(None))
    }

    /// Writes what waits, where it is about this call.
    async fn flush_before(&mut self, call: CallId) -> Result<(), Error> {
        if self.unwritten.contains(&call) { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        store::calls::insert(self.tx, &self.scope, &std::mem::take(&mut self.calls)).await?;
        store::calls::insert_decisions(self.tx, &self.scope, &std::mem::take(&mut self.decisions)).await?;
        store::holds::insert(self.tx, &self.scope, &std::mem::take(&mut self.holds)).await?;
        self.unwritten.clear();
        Ok(())
    }
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
