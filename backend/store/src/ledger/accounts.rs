//! Accounts that one transaction has locked, and what it moves on them: many calls' money in a few statements.

use super::{Account, Counter, Posting, see};
use crate::{
    Error,
    bulk::{Bulk, Rows},
    entity::account,
    table::platform,
};
use domain::{access::Scope, ids::TenantId, money::Money};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

const JOURNALS: Bulk = Bulk::new(
    "INSERT INTO journals (id, key, kind, description, at) SELECT * FROM",
    "WHERE column1 IS NOT NULL ON CONFLICT (key) DO NOTHING RETURNING id",
);
const ENTRIES: Bulk = Bulk::new(
    "INSERT INTO entries (id, journal_id, account_id, tenant_id, at, kind, amount_micros, currency, \
     balance_after_micros, call_id, number_id, invoice_id) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
/// The last two columns are what the row was when it was locked: it must not have changed since.
const MOVE: Bulk = Bulk::new(
    "UPDATE accounts SET balance_micros = v.column2, held_micros = v.column3 FROM",
    "WHERE accounts.id = v.column1 AND accounts.balance_micros = v.column4 AND accounts.held_micros = v.column5",
);

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

    /// Sets money aside where that much is available; says whether it was. The hold itself is the caller's business, in
    /// the same transaction.
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

    /// Posts debits whose money was held and is released, and credits: none of them is refused. What was posted under
    /// the same key before is passed over.
    ///
    /// # Errors
    /// [`Error::Missing`] where a tenant has no account in the posting's currency, or what the database says.
    pub async fn post<C: ConnectionTrait>(
        &mut self,
        txn: &C,
        scope: &Scope,
        postings: &[(TenantId, Posting)],
    ) -> Result<(), Error> {
        let mut journals = Rows::new(5, postings.len());
        let ids: Vec<Uuid> = postings.iter().map(|_| Uuid::now_v7()).collect();
        for ((tenant, posting), id) in postings.iter().zip(&ids) {
            see(scope, *tenant)?;
            journals.push([
                (*id).into(),
                posting.key.as_str().into(),
                posting.kind.word().into(),
                posting.description.as_str().into(),
                posting.at.into(),
            ]);
        }
        let written = JOURNALS.fetch(txn, journals).await?;
        let written: HashSet<Uuid> =
            written.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let mut entries = Rows::new(12, 2 * postings.len());
        for ((tenant, posting), id) in postings.iter().zip(ids).filter(|(_, id)| written.contains(id)) {
            self.enter(&mut entries, *tenant, posting, id)?;
        }
        ENTRIES.run(txn, entries).await?;
        Ok(())
    }

    /// The two entries of a journal.
    fn enter(
        &mut self,
        entries: &mut Rows,
        tenant: TenantId,
        posting: &Posting,
        journal: Uuid,
    ) -> Result<(), Error> {
        let Money { micros, currency } = posting.amount;
        let locked = self.0.get_mut(&tenant).filter(|locked| locked.now.currency == currency);
        let account = &mut locked.ok_or(Error::Missing)?.now;
        account.balance_micros = account.balance_micros.saturating_add(micros);
        let balance_after = Some(account.balance_micros);
        let platforms = Counter::of(posting.kind).account(currency);
        let sides = [
            (tenant.0, Some(tenant.0), micros, balance_after),
            (platforms, None, micros.saturating_neg(), None),
        ];
        for (account, tenant, amount, balance_after) in sides {
            entries.push([
                Uuid::now_v7().into(),
                journal.into(),
                account.into(),
                tenant.into(),
                posting.at.into(),
                posting.kind.word().into(),
                amount.into(),
                currency.code().into(),
                balance_after.into(),
                posting.call.map(|id| id.0).into(),
                posting.number.map(|id| id.0).into(),
                posting.invoice.into(),
            ]);
        }
        Ok(())
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
