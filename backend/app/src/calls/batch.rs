//! One transaction of the writer: holds with their records, answers, extensions and settlements of many calls.
//!
//! A job's own refusal (not enough money) is an answer and fails nobody else. The payers' accounts are locked first, all
//! at once; then each table is written by one statement for all calls of the batch. No job of a batch needs the rows of
//! another one: a call is followed up only after its opening was committed and answered. A call that would be refused for
//! money is decided once more after the settlements of its payer that wait ([`Ending`]) are written too.

use super::{
    State,
    late::Ending,
    news::Told,
    outcome::Rung,
    record::{self, Record},
    settle,
    spend::Spend,
    table::Carried,
    usage::Seat,
};
use crate::{
    events::{self, Interests},
    velocity::Paced,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    cause::Cause,
    config::Snapshot,
    decision::{Decision, Facts, Funds, Target, Verdict, decide},
    exposure::Exposure,
    ids::{CallId, TenantId},
    rating::{UsedVolume, month_of},
};
use edge::seam::CallSummary;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};
use store::{
    Error, Tx,
    calls::{Answered, Call, Funded, NewDecision},
    ledger::{Account, Accounts},
    outbox::News,
    volumes,
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
    /// What was decided on these without a look at money, for the first transaction that it is in: it connects.
    pub(super) decision: Mutex<Option<Decision>>,
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
    Refused(Box<(Call, Option<NewDecision>)>),
    /// Write down that a call was answered.
    Answered { carried: Arc<Carried>, at: DateTime<Utc>, callee_trunk: Option<String> },
    /// Hold money for longer, and no more than that much in all of what its payer may owe at worst.
    Extend { carried: Arc<Carried>, cap_micros: Option<i64> },
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
            Self::Extend { carried, .. } | Self::Settle(carried, _) => Some(carried.payer),
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
    /// How long the money lasts now, milliseconds from the answer, or why it lasts no longer than before.
    Extended(Result<u64, Cause>),
    /// It is written.
    Written,
    /// The database failed.
    Failed,
}

/// What became of a batch.
pub(super) struct Done {
    /// Of each job, in their order.
    pub(super) answers: Vec<Answer>,
    /// The calls whose waiting settlements were written too.
    pub(super) settled: HashSet<CallId>,
    /// Whether there is something to tell.
    pub(super) has_news: bool,
}

/// Runs jobs in one transaction: what is over first, since it frees money; then what goes on; then what is new. Of the
/// settlements that wait, those are written whose money somebody wants.
pub(super) async fn run(
    tx: &Tx,
    (node, interests): (&str, &Interests),
    works: &[Work],
    ending: &Ending,
) -> Result<Done, Error> {
    let scope = Scope::system("calls hold and spend the money of whoever pays for them");
    let spent = spent_before(tx, &scope, works).await?;
    let payers = works.iter().filter_map(Work::payer).collect();
    let accounts = Accounts::lock(tx, &scope, &payers).await?;
    let settled = HashSet::new();
    let news = Vec::new();
    let volumes = volumes::Changes::default();
    let mut batch = Batch { tx, node, interests, scope, accounts, ending, settled, spent, news, volumes };
    let mut answers: Vec<Answer> = works.iter().map(|_| Answer::Written).collect();
    let ended = batch.settle(works).await?;
    batch.answered(works, &ended).await?;
    batch.extend(works, &ended, &mut answers).await?;
    batch.open(works, &mut answers).await?;
    let Batch { accounts, scope, settled, mut news, volumes, .. } = batch;
    volumes.write(tx, &scope).await?;
    news.extend(events::fallen(interests, &accounts));
    accounts.write(tx, &scope).await?;
    let has_news = !news.is_empty();
    store::outbox::insert_all(tx, &scope, news).await?;
    Ok(Done { answers, settled, has_news })
}

/// What this day has cost the payers of new calls that have a cap for it, before anything of the batch is charged.
async fn spent_before(tx: &Tx, scope: &Scope, works: &[Work]) -> Result<HashMap<TenantId, i64>, Error> {
    let mut all = HashMap::new();
    for work in works {
        if let Work::Open(open) = work
            && let Some(spend) = &open.spend
            && !all.contains_key(&open.payer)
        {
            all.insert(open.payer, spend.today(tx, scope, open.payer, open.facts.at).await?);
        }
    }
    Ok(all)
}

struct Batch<'a> {
    tx: &'a Tx,
    node: &'a str,
    interests: &'a Interests,
    scope: Scope,
    /// Those of all payers, locked: what is decided on them stays true.
    accounts: Accounts,
    /// Settlements that wait.
    ending: &'a Ending,
    /// Those of them that were written.
    settled: HashSet<CallId>,
    /// What the day has cost, by payer with a cap for it.
    spent: HashMap<TenantId, i64>,
    /// What is told of these calls.
    news: Vec<News>,
    /// Free minutes that are set aside for these calls.
    volumes: volumes::Changes,
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
        self.charge(&over).await?;
        Ok(ended)
    }

    async fn charge(&mut self, over: &[(&Carried, &CallSummary)]) -> Result<(), Error> {
        for (payer, micros) in
            settle::settle(self.tx, &self.scope, &mut self.accounts, over, &mut self.news).await?
        {
            if let Some(spent) = self.spent.get_mut(&payer) {
                *spent = spent.saturating_add(micros);
            }
        }
        Ok(())
    }

    /// Writes the settlements of a payer that wait, for the money that they free. False where there are none.
    async fn free_money(&mut self, payer: TenantId) -> Result<bool, Error> {
        let over: Vec<_> =
            self.ending.of(payer).filter(|(carried, _)| !self.settled.contains(&carried.call)).collect();
        self.settled.extend(over.iter().map(|(carried, _)| carried.call));
        self.charge(&over).await?;
        Ok(!over.is_empty())
    }

    /// Writes down answers and the heartbeat. What ends in this batch has its answer in its closing.
    async fn answered(&mut self, works: &[Work], ended: &HashSet<CallId>) -> Result<(), Error> {
        let mut answered = Vec::new();
        for work in works {
            match work {
                Work::Answered { carried, at, callee_trunk } if !ended.contains(&carried.call) => {
                    if let Some(told) = &carried.told {
                        told.answered(*at, &mut self.news);
                    }
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
            let Work::Extend { carried, cap_micros } = work else { continue };
            answers[place] = Answer::Extended(Err(Cause::OutOfFunds));
            let is_over = ended.contains(&carried.call) || self.ending.has(carried.call);
            // One step in a batch: the next one is asked for after it.
            if is_over || steps.iter().any(|step| step.more.call == carried.call) {
                continue;
            }
            if self.is_short(carried, *cap_micros) {
                self.free_money(carried.payer).await?;
            }
            match self.step(place, carried, *cap_micros) {
                Ok(step) => steps.push(step),
                Err(cause) => answers[place] = Answer::Extended(Err(cause)),
            }
        }
        let more: Vec<_> = steps.iter().map(|step| step.more).collect();
        let live = store::calls::fund_all(self.tx, &self.scope, &more).await?;
        for step in steps {
            if live.contains(&step.more.call) {
                answers[step.place] = Answer::Extended(Ok(step.more.funded_ms));
            } else {
                // The call is over: what was set aside just now goes back.
                self.accounts.release(step.payer, step.more.more_micros);
            }
        }
        Ok(())
    }

    /// Whether there is money for less than a whole step.
    fn is_short(&self, carried: &Carried, cap_micros: Option<i64>) -> bool {
        let whole = carried.funded_ms() + u64::from(carried.hold_seconds) * 1000;
        let micros = carried.quote.price(whole).micros - carried.held_micros();
        self.accounts.get(carried.payer).is_some_and(|account| spendable(&account, cap_micros).0 < micros)
    }

    /// As much of a step as there is money for, in whole seconds, set aside; else what is in its way.
    fn step(&mut self, place: usize, carried: &Carried, cap_micros: Option<i64>) -> Result<Step, Cause> {
        let account = self.accounts.get(carried.payer).ok_or(Cause::OutOfFunds)?;
        let (spendable_micros, short) = spendable(&account, cap_micros);
        let before_ms = carried.funded_ms();
        let held = carried.quote.price(before_ms).micros;
        let budget = held.saturating_add(spendable_micros.max(0));
        let wanted = before_ms / 1000 + u64::from(carried.hold_seconds);
        let funded_ms = carried.quote.affordable_seconds(budget, wanted) * 1000;
        if funded_ms <= before_ms {
            return Err(short);
        }
        let more_micros = carried.quote.price(funded_ms).micros - held;
        let more = Funded { call: carried.call, funded_ms, more_micros };
        let is_set_aside = self.accounts.reserve(carried.payer, more_micros);
        is_set_aside.then_some(Step { place, payer: carried.payer, more }).ok_or(Cause::OutOfFunds)
    }

    /// Decides new calls on their payers' money, and writes them down with those that were refused before.
    async fn open(&mut self, works: &[Work], answers: &mut [Answer]) -> Result<(), Error> {
        let mut new = New::default();
        for (work, answer) in works.iter().zip(answers) {
            match work {
                Work::Open(open) => *answer = self.decide(open, &mut new).await?,
                Work::Refused(refused) => {
                    let (call, decision) = refused.as_ref();
                    new.calls.push(Call { node: self.node.to_owned(), ..call.clone() });
                    new.decisions.extend(decision.clone());
                }
                _ => {}
            }
        }
        store::calls::insert(self.tx, &self.scope, &new.calls).await?;
        store::calls::insert_decisions(self.tx, &self.scope, &new.decisions).await
    }

    async fn decide(&mut self, open: &Open, new: &mut New) -> Result<Answer, Error> {
        let (mut funds, mut decision) = self.weigh(open, self.used(open).await?);
        if is_for_money(&decision) && self.free_money(open.payer).await? {
            (funds, decision) = self.weigh(open, self.used(open).await?);
        }
        // An emergency call costs nothing, and is connected on an account below zero too.
        let is_asked = decision.connects() && decision.emergency.is_none();
        let held = if is_asked { first_hold(&decision) } else { 0 };
        if is_asked && !self.accounts.reserve(open.payer, held) {
            // What was decided on is what is locked, so this means that the account is gone.
            funds.available_micros = 0;
            decision = decide(&open.config, &open.facts, &funds);
        }
        let carried = decision.connects().then(|| self.connect(open, &decision, held, new));
        if carried.is_none() {
            new.calls.push(record::refused(&open.record, self.node, &decision, &open.config, &open.facts));
        }
        let stored = record::decision(open.record.call, &open.config, &open.facts, &funds, &decision)?;
        new.decisions.push(stored);
        Ok(Answer::Opened(Box::new(decision), carried))
    }

    /// Decides a call on what its payer has now. What was decided before without a look at money is the same but for
    /// money, where nothing else has changed.
    fn weigh(&self, open: &Open, volumes: Vec<UsedVolume>) -> (Funds, Decision) {
        let account = self.accounts.get(open.payer);
        let currency =
            open.config.tenant(open.payer).and_then(|piece| open.config.plan(piece.piece.value.plan));
        let spendable =
            account.filter(|account| currency.is_some_and(|plan| plan.currency == account.currency));
        let mut funds = Funds {
            available_micros: spendable.map_or(0, |account| account.available_micros()),
            ..open.funds.clone()
        };
        if let (Some(_), Some(spent)) = (&open.spend, self.spent.get(&open.payer)) {
            // What is held for calls that are up may be spent too.
            let held = account.map_or(0, |account| account.held_micros);
            funds.usage.spent_today_micros = spent.saturating_add(held);
        }
        funds.usage.volumes = volumes;
        let first = State::lock(&open.decision).take().filter(|_| funds.usage == open.funds.usage);
        let cap_micros = exposure_cap(&open.config, open.payer);
        if let (Some(_), Some(account)) = (cap_micros, account) {
            funds.usage.exposure_micros = exposure(&account).worst_micros();
        }
        let decision = match first {
            Some(first) => {
                let exposure = cap_micros.map(|cap| (funds.usage.exposure_micros, cap));
                first.with_money(funds.available_micros, exposure)
            }
            None => decide(&open.config, &open.facts, &funds),
        };
        (funds, decision)
    }

    /// What the payer has used of the month's minutes, with the calls of this batch, where its plan counts them.
    async fn used(&self, open: &Open) -> Result<Vec<UsedVolume>, Error> {
        let plan = open.config.tenant(open.payer).and_then(|piece| open.config.plan(piece.piece.value.plan));
        if plan.is_none_or(|plan| plan.volumes.is_empty()) {
            return Ok(Vec::new());
        }
        let month = month_of(open.facts.at);
        let used = volumes::used(self.tx, &self.scope, open.payer, &month).await?;
        Ok(self.volumes.upon(open.payer, &month, &used))
    }

    fn connect(&mut self, open: &Open, decision: &Decision, held_micros: i64, new: &mut New) -> Arc<Carried> {
        let call = open.record.call;
        let funded_ms = u64::from(decision.hold_seconds) * 1000;
        let live = record::live(&open.record, self.node, decision, (held_micros, funded_ms));
        let callee = record::callee(&open.record, self.node, decision, &open.config, &open.facts);
        let callee_call = callee.as_ref().map(|callee| callee.id);
        let told = Told::new(self.interests, std::iter::once(&live).chain(&callee));
        if let Some(told) = &told {
            told.began(open.record.at, &mut self.news);
        }
        self.volumes.begin(open.payer, &decision.quote);
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
            told,
            seat: Arc::clone(&open.seat),
            is_held: decision.emergency.is_none() && self.accounts.get(open.payer).is_some(),
            recording: decision.recording.clone(),
            paced: Paced::of(&open.config, &open.facts, decision),
            funded_ms: funded_ms.into(),
        })
    }
}

/// Rows of new calls.
#[derive(Default)]
struct New {
    calls: Vec<Call>,
    decisions: Vec<NewDecision>,
}

/// Money for longer, set aside for a call that may be over.
struct Step {
    place: usize,
    payer: TenantId,
    more: Funded,
}

/// Whether a decision refuses a call for what it costs: more money may change it.
const fn is_for_money(decision: &Decision) -> bool {
    matches!(
        decision.verdict,
        Verdict::Refuse { cause: Cause::BalanceTooLow | Cause::SpendCap | Cause::ExposureCap, .. }
    )
}

/// The cap of what a tenant may owe at worst, micro-units.
pub(super) fn exposure_cap(config: &Snapshot, payer: TenantId) -> Option<i64> {
    config.tenant(payer)?.piece.value.protection.max_exposure_micros
}

fn exposure(account: &Account) -> Exposure {
    Exposure::of(account.balance_micros, account.held_micros)
}

/// What may be set aside of an account at this moment, and what stands in the way of more.
fn spendable(account: &Account, cap_micros: Option<i64>) -> (i64, Cause) {
    let available = account.available_micros();
    match cap_micros.map(|cap| exposure(account).room_micros(cap)) {
        Some(room) if room < available => (room, Cause::ExposureCap),
        _ => (available, Cause::OutOfFunds),
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
        Target::Carrier { .. } | Target::Echo => (Rung::Other, None),
    }
}
