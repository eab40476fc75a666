//! Accounts that one transaction has locked, and what it moves on them: many calls' money in a few statements.

use super::{Account, Counter, see};
use crate::{
    Error,
    bulk::{Bulk, Rows, ascending_ids},
    entity::{account, journal},
    table::platform,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::{CallId, TenantId},
    ledger::EntryKind,
    money::{Currency, Money},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The charges of calls: what they share is their journal, and their currency.
const ENTRIES: Bulk = Bulk::new(
    "INSERT INTO entries (id, account_id, tenant_id, at, amount_micros, balance_after_micros, call_id, journal_id, kind, \
     currency) SELECT column1, column2, column3, column4, column5, column6, column7, ?, 'usage', ? FROM",
    "WHERE column1 IS NOT NULL",
);
/// The last two columns are what the row was when it was locked: it must not have changed since.
const MOVE: Bulk = Bulk::new(
    "UPDATE accounts SET balance_micros = v.column2, held_micros = v.column3 FROM",
    "WHERE accounts.id = v.column1 AND accounts.balance_micros = v.column4 AND accounts.held_micros = v.column5",
);

/// What a call costs its payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Who pays.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// What it costs, positive.
    pub cost: Money,
    /// When it ended.
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy)]
struct Locked {
    before: Account,
    now: Account,
}

/// Accounts that a transaction has locked. What is moved on them is written by [`Accounts::write`], which therefore
/// must come before the commit; what is decided on them stays true until then.
#[derive(Debug)]
pub struct Accounts(HashMap<TenantId, Locked>);

impl Accounts {
    /// Locks the accounts of these tenants, in the order of their ids, so that two nodes never wait for each other in a
    /// circle. (SQLite locks the whole database for an immediate transaction already.)
    ///
    /// # Errors
    /// [`Error`] where the scope is one tenant's, or the database fails.
    pub async fn lock<C: ConnectionTrait>(
        txn: &C,
        scope: &Scope,
        tenants: &BTreeSet<TenantId>,
    ) -> Result<Self, Error> {
        platform(scope)?;
        if tenants.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let rows = account::Entity::find()
            .filter(account::Column::Id.is_in(tenants.iter().map(|tenant| tenant.0)))
            .order_by_asc(account::Column::Id)
            .lock_exclusive()
            .all(txn)
            .await?;
        let locked = |row: &account::Model| {
            let before = Account::read(row)?;
            Ok((before.tenant, Locked { before, now: before }))
        };
        rows.iter().map(locked).collect::<Result<_, _>>().map(Self)
    }

    /// An account as it is now; `None` where the tenant has none.
    #[must_use]
    pub fn get(&self, tenant: TenantId) -> Option<Account> {
        self.0.get(&tenant).map(|locked| locked.now)
    }

    /// Sets money aside where that much is available; says whether it was. The hold itself is written with the call's record
    /// ([`crate::calls::insert`], [`crate::calls::fund_all`]), in the same transaction.
    pub fn reserve(&mut self, tenant: TenantId, micros: i64) -> bool {
        let Some(locked) = self.0.get_mut(&tenant) else { return false };
        let is_available = micros >= 0 && locked.now.available_micros() >= micros;
        if is_available {
            locked.now.held_micros = locked.now.held_micros.saturating_add(micros);
        }
        is_available
    }

    /// Gives back what was set aside.
    pub fn release(&mut self, tenant: TenantId, micros: i64) {
        if let Some(locked) = self.0.get_mut(&tenant) {
            locked.now.held_micros = locked.now.held_micros.saturating_sub(micros);
        }
    }

    /// Posts what calls cost, whose money was held and is released: none is refused. Those of one currency are one journal,
    /// with an entry for each call and one of the platform for all; that a call is charged once, the database itself
    /// watches.
    ///
    /// # Errors
    /// [`Error::Missing`] where a tenant has no account in the currency, [`Error::Taken`] where a call was charged before,
    /// or what the database says.
    pub async fn charge<C: ConnectionTrait>(
        &mut self,
        txn: &C,
        scope: &Scope,
        usages: &[Usage],
    ) -> Result<(), Error> {
        let currencies: HashSet<Currency> = usages.iter().map(|usage| usage.cost.currency).collect();
        for currency in currencies {
            let of_one: Vec<&Usage> = usages.iter().filter(|usage| usage.cost.currency == currency).collect();
            self.charge_in(txn, scope, currency, &of_one).await?;
        }
        Ok(())
    }

    async fn charge_in<C: ConnectionTrait>(
        &mut self,
        txn: &C,
        scope: &Scope,
        currency: Currency,
        usages: &[&Usage],
    ) -> Result<(), Error> {
        let kind = EntryKind::Usage;
        let Some(at) = usages.iter().map(|usage| usage.at).max() else { return Ok(()) };
        let mut ids = ascending_ids();
        let journal = ids.next().unwrap_or_else(Uuid::now_v7);
        let written = journal::ActiveModel {
            id: Set(journal),
            key: Set(format!("usage:{journal}")),
            kind: Set(kind.word().to_owned()),
            description: Set(format!("{} calls", usages.len())),
            at: Set(at),
        };
        journal::Entity::insert(written).exec_without_returning(txn).await?;
        let mut rows = Rows::new(7, usages.len() + 1).sharing([journal.into(), currency.code().into()]);
        let mut sum = 0_i64;
        for (usage, id) in usages.iter().zip(&mut ids) {
            see(scope, usage.tenant)?;
            let locked = self.0.get_mut(&usage.tenant).filter(|locked| locked.now.currency == currency);
            let account = &mut locked.ok_or(Error::Missing)?.now;
            account.balance_micros = account.balance_micros.saturating_sub(usage.cost.micros);
            sum = sum.saturating_add(usage.cost.micros);
            rows.push([
                id.into(),
                usage.tenant.0.into(),
                Some(usage.tenant.0).into(),
                usage.at.into(),
                usage.cost.micros.saturating_neg().into(),
                Some(account.balance_micros).into(),
                Some(usage.call.0).into(),
            ]);
        }
        rows.push([
            ids.next().unwrap_or_else(Uuid::now_v7).into(),
            Counter::of(kind).account(currency).into(),
            None::<Uuid>.into(),
            at.into(),
            sum.into(),
            None::<i64>.into(),
            None::<Uuid>.into(),
        ]);
        ENTRIES.run(txn, rows).await?;
        Ok(())
    }

    /// The accounts that were moved: as they were locked, and as they are now.
    pub fn moves(&self) -> impl Iterator<Item = (&Account, &Account)> {
        self.0.values().map(|locked| (&locked.before, &locked.now)).filter(|(before, now)| before != now)
    }

    /// Writes what was moved.
    ///
    /// # Errors
    /// [`Error::Busy`] where an account is not any more what it was when it was locked: roll back and try again.
    pub async fn write<C: ConnectionTrait>(self, txn: &C, _scope: &Scope) -> Result<(), Error> {
        let mut rows = Rows::new(5, self.0.len());
        let mut moved = 0;
        for Locked { before, now } in self.0.into_values().filter(|locked| locked.before != locked.now) {
            moved += 1;
            rows.push([
                now.tenant.0.into(),
                now.balance_micros.into(),
                now.held_micros.into(),
                before.balance_micros.into(),
                before.held_micros.into(),
            ]);
        }
        if MOVE.run(txn, rows).await? == moved {
            return Ok(());
        }
        Err(Error::Busy(DbErr::RecordNotUpdated))
    }
}
