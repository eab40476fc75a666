//! A balance falls below its tenant's mark: once each time that it does.

use super::{Interests, message, raise};
use crate::App;
use domain::{access::Scope, events::EventKind, ids::TenantId, money::Money};
use serde_json::{Value, json};
use store::{
    Error, Tx,
    ledger::{Accounts, Posted, Posting},
    outbox::News,
};
use uuid::Uuid;

/// Posts to a tenant's ledger, and tells of a balance that is low now. All postings of use cases come this way; those of
/// calls are many at once, and tell by [`fallen`].
///
/// # Errors
/// Those of [`store::ledger::post`].
pub(crate) async fn post(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    posting: &Posting,
) -> Result<Posted, Error> {
    let posted = store::ledger::post(tx, scope, tenant, posting).await?;
    let mark = app.events().interests().get(&tenant).and_then(|interest| interest.low_micros);
    if let (Posted::Done { balance_after, .. }, Some(mark)) = (posted, mark) {
        let before = balance_after.micros.saturating_sub(posting.amount.micros);
        if falls(before, balance_after.micros, mark) {
            let said = (SUBJECT.to_owned(), data(balance_after, mark));
            raise(app, tx, scope, tenant, EventKind::BalanceLow, said).await?;
        }
    }
    Ok(posted)
}

/// What is told of balances that calls have moved below their marks.
pub(crate) fn fallen<'a>(
    interests: &'a Interests,
    accounts: &'a Accounts,
) -> impl Iterator<Item = News> + 'a {
    accounts.moves().filter_map(|(before, now)| {
        let interest = interests.get(&now.tenant)?;
        let mark = interest.low_micros.filter(|_| interest.kinds.has(EventKind::BalanceLow))?;
        falls(before.balance_micros, now.balance_micros, mark).then(|| News {
            id: Uuid::now_v7(),
            tenant: Some(now.tenant.0),
            kind: EventKind::BalanceLow.word(),
            payload: message(SUBJECT.to_owned(), data(Money::new(now.balance_micros, now.currency), mark)),
            at: chrono::SubsecRound::trunc_subsecs(chrono::Utc::now(), 6),
        })
    })
}

const SUBJECT: &str = "balance";

const fn falls(before: i64, after: i64, mark: i64) -> bool {
    before >= mark && after < mark
}

fn data(balance: Money, mark: i64) -> Value {
    json!({ "balance": balance, "threshold": Money::new(mark, balance.currency) })
}

#[cfg(test)]
mod tests {
    use super::falls;

    #[test]
    fn a_balance_falls_below_its_mark_once_and_again_after_it_rose() {
        let told = |balances: &[i64]| balances.windows(2).filter(|pair| falls(pair[0], pair[1], 5)).count();
        assert_eq!(told(&[10, 6, 5, 4, 3, -1]), 1);
        assert_eq!(told(&[10, 4, 5, 4]), 2);
        assert_eq!(told(&[4, 3, 2]), 0);
        assert_eq!(told(&[3, 9, 6]), 0);
    }
}
