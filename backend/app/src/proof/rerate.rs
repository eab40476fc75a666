//! Calls are rated again.

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::{CallId, TenantId},
    money::{Currency, Money},
};
use std::collections::HashMap;
use store::calls::{Call, CallFilter, CallState};
use uuid::Uuid;

/// Calls that one request rates again at most.
pub const CALLS_MAX: u64 = 200_000;
/// Differences that are told of at most; all are counted.
pub const DIFFERENCES_MAX: usize = 100;
/// Calls that are read at a time.
const BATCH: u64 = 1_000;

/// A call, rated again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatedAgain {
    /// The call.
    pub call: CallId,
    /// Who pays.
    pub tenant: Option<TenantId>,
    /// What its record says.
    pub recorded: Money,
    /// What the ledger says.
    pub posted: Money,
    /// What the one function of rating says of its recorded quote and duration.
    pub rated: Money,
}

/// The calls of a tenant that began in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Whose.
    pub tenant: TenantId,
    /// From here on.
    pub since: DateTime<Utc>,
    /// Before this.
    pub until: DateTime<Utc>,
}

/// What rating the calls of a period again says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerated {
    /// Calls that were rated again.
    pub calls: u64,
    /// Whether these are all of the period.
    pub complete: bool,
    /// What their records come to.
    pub recorded: Money,
    /// What the ledger comes to.
    pub posted: Money,
    /// What rating them again comes to.
    pub rated: Money,
    /// How many differ.
    pub differing: u64,
    /// Some that differ.
    pub differences: Vec<RatedAgain>,
}

impl RatedAgain {
    /// Whether record, ledger and rating say the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.recorded == self.posted && self.recorded == self.rated
    }

    /// From its record, and what was posted for it: negative for debits.
    fn of(call: &Call, posted_micros: i64) -> Self {
        let money = |micros| Money::new(micros, call.currency());
        let billed_ms = call.duration_ms.min(call.funded_ms);
        let rated = match call.answered_at {
            Some(_) => call.quote.price(billed_ms),
            None => money(0),
        };
        Self {
            call: call.id,
            tenant: call.tenant,
            recorded: money(call.total_micros),
            posted: money(posted_micros.saturating_neg()),
            rated,
        }
    }
}

/// Rates an ended call again from what was recorded of it. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] for a call that is up.
pub async fn rerate_call(app: &App, actor: &Actor, id: CallId) -> Result<RatedAgain, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let missing = || Error::not_found("call", "there is no such call");
    let call = store::calls::get(app.db().read(), &scope, id).await?.ok_or_else(missing)?;
    if call.state == CallState::Live {
        return Err(Error::conflict("call", "this call is up: it is rated when it is over"));
    }
    let posted = store::ledger::posted_for(app.db().read(), &scope, vec![id.0]).await?;
    Ok(RatedAgain::of(&call, posted.get(&id.0).copied().unwrap_or_default()))
}

/// Rates the ended calls of a period again, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] where the period ends before it begins.
pub async fn rerate_period(app: &App, actor: &Actor, period: Period) -> Result<Rerated, Error> {
    let scope = actor.scope(Permission::Operate)?;
    if period.until <= period.since {
        return Err(Error::invalid("until", "the period ends before it begins"));
    }
    let missing = || Error::not_found("tenant", "there is no such tenant");
    let account =
        store::ledger::account(app.db().read(), &scope, period.tenant).await?.ok_or_else(missing)?;
    let scope = scope.narrow(period.tenant)?;
    let mut sums = Sums::new(account.currency);
    let filter = CallFilter {
        since: Some(period.since),
        until: Some(period.until),
        state: Some(CallState::Ended),
        ..CallFilter::default()
    };
    let mut after = None;
    while sums.calls < CALLS_MAX {
        let calls = store::calls::list(app.db().read(), &scope, &filter, after, BATCH).await?;
        let Some(last) = calls.last() else {
            return Ok(sums.finish(true));
        };
        after = Some(last.id);
        let posted = posted(app, &scope, &calls).await?;
        for call in calls.iter().filter(|call| call.payer_call.is_none()) {
            sums.add(RatedAgain::of(call, posted.get(&call.id.0).copied().unwrap_or_default()));
        }
    }
    Ok(sums.finish(false))
}

async fn posted(app: &App, scope: &Scope, calls: &[Call]) -> Result<HashMap<Uuid, i64>, Error> {
    let ids = calls.iter().map(|call| call.id.0).collect();
    Ok(store::ledger::posted_for(app.db().read(), scope, ids).await?)
}

/// What is added up on the way.
struct Sums {
    currency: Currency,
    calls: u64,
    recorded: i64,
    posted: i64,
    rated: i64,
    differing: u64,
    differences: Vec<RatedAgain>,
}

impl Sums {
    const fn new(currency: Currency) -> Self {
        Self { currency, calls: 0, recorded: 0, posted: 0, rated: 0, differing: 0, differences: Vec::new() }
    }

    fn add(&mut self, call: RatedAgain) {
        self.calls += 1;
        self.recorded = self.recorded.saturating_add(call.recorded.micros);
        self.posted = self.posted.saturating_add(call.posted.micros);
        self.rated = self.rated.saturating_add(call.rated.micros);
        if !call.agrees() {
            self.differing += 1;
            if self.differences.len() < DIFFERENCES_MAX {
                self.differences.push(call);
            }
        }
    }

    fn finish(self, complete: bool) -> Rerated {
        let money = |micros| Money::new(micros, self.currency);
        Rerated {
            calls: self.calls,
            complete,
            recorded: money(self.recorded),
            posted: money(self.posted),
            rated: money(self.rated),
            differing: self.differing,
            differences: self.differences,
        }
    }
}
