//! Automatic top-ups: where a tenant's available money falls below what its rule says, the operator's payment system is asked
//! for more, and what it says was paid goes into the ledger, once.
//!
//! A top-up's way: [`run`] looks for tenants that are below their rule's threshold and writes a top-up down, one open for a
//! tenant at most → posts it to the operator's hook, signed as webhooks are and always under the same id → the answer says that
//! it is paid or refused, or that the payment system will say so itself by [`settle`]. What is not answered is posted again, and
//! given up after [`ATTEMPTS_MAX`] tries; nothing is asked for anew for [`PAUSE_MINUTES`] minutes then.
//!
//! A program that dies between an answer and its writing posts the same id again: the payment system knows it by that.

mod answer;
mod ask;
mod end;
mod hook;
mod list;
mod look;
mod rule;
mod view;

pub use end::{Settlement, settle};
pub use hook::{Hook, HookChanged, HookView, change_hook, hook, rotate_secret};
pub use list::{all, list};
pub(crate) use rule::TARGET as RULE;
pub use rule::{Rule, RuleView, put_rule, rule};
pub use view::{TopUpState, TopUpView};

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{access::Scope, money::MICROS_PER_UNIT};

/// Top-ups that a rule may allow in 24 hours at most.
pub const DAILY_COUNT_MAX: u32 = 24;
/// The largest amount of a rule, micro-units.
pub const AMOUNT_MAX_MICROS: i64 = 1_000_000 * MICROS_PER_UNIT;
/// How often one top-up is posted while it is not answered.
pub const ATTEMPTS_MAX: i32 = 6;
/// Minutes after a top-up that was refused or given up, for which no other is asked for.
pub const PAUSE_MINUTES: i64 = 60;
/// Hours for which the payment system may take to say how a top-up ended that it took.
pub const PENDING_HOURS: i64 = 72;

/// Who tops up, as the audit says it.
const ACTOR: &str = "dialtone:topups";

/// One look at all rules, and one post of each top-up that is due at `now`; how many were posted. For the jobs; any number of
/// nodes may do it at a time.
///
/// # Errors
/// [`Error::Internal`] where the database fails; nothing is lost by that.
pub async fn run(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    look::look(app, now).await?;
    ask::ask(app, now).await
}

fn scope() -> Scope {
    Scope::system("accounts of all tenants are topped up by their rules")
}
