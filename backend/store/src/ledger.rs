//! The ledger: double entry and append-only. Every journal's entries sum to zero; the tenant's entry says the balance
//! after it. An account's balance is the sum of its entries, and its held money the sum of what the records
//! of its live calls hold: [`drift`] says where that is not so.

mod accounts;
mod drift;
mod reverse;

pub use accounts::{Accounts, Usage};
pub use drift::{Drift, drift};
pub(crate) use reverse::descriptions;
pub use reverse::{find, posted_for, reversals, reverse, texts};

use crate::{
    Error,
    entity::{account, entry, journal},
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::{CallId, EntryId, LeaseId, TenantId},
    ledger::EntryKind,
    money::{Currency, Money},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, SimpleExpr},
};
use uuid::Uuid;

/// A tenant's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub tenant: TenantId,
    /// Its one currency.
    pub currency: Currency,
    /// The sum of its entries, micro-units.
    pub balance_micros: i64,
    /// The sum of its holds, micro-units.
    pub held_micros: i64,
    /// How far below zero the balance may go, micro-units.
    pub credit_limit_micros: i64,
}

impl Account {
    /// What can be spent: balance plus credit limit minus holds.
    #[must_use]
    pub const fn available_micros(&self) -> i64 {
        self.balance_micros.saturating_add(self.credit_limit_micros).saturating_sub(self.held_micros)
    }

    fn read(row: &account::Model) -> Result<Self, Error> {
        let currency = row.currency.parse().map_err(|_| unreadable("accounts.currency"))?;
        Ok(Self {
            tenant: TenantId(row.id),
            currency,
            balance_micros: row.balance_micros,
            held_micros: row.held_micros,
            credit_limit_micros: row.credit_limit_micros,
        })
    }
}

/// What a debit may take from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// What is available: a debit that is larger is not made.
    Available,
    /// Money whose hold was released in the same transaction: the debit is made in any case.
    Held,
}

/// Something that changes a tenant's balance.
#[derive(Debug, Clone)]
pub struct Posting {
    /// What it is for.
    pub kind: EntryKind,
    /// The amount in the account's currency; negative for debits, never zero.
    pub amount: Money,
    /// What a debit may take from; unread for credits.
    pub cover: Cover,
    /// Names the event, so that it is posted once: `usage:<call>`, `lease:<lease>:<month>`, `credit:<uuid>`.
    pub key: String,
    /// For people.
    pub description: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The call it is for.
    pub call: Option<CallId>,
    /// The lease of the number it is for.
    pub number: Option<LeaseId>,
    /// The invoice it is for.
    pub invoice: Option<Uuid>,
}

/// What became of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It was written.
    Done {
        /// The tenant's entry.
        entry: EntryId,
        /// The balance after it.
        balance_after: Money,
    },
    /// Its key was posted before: nothing was written.
    Already,
}

/// A line of a tenant's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its identifier, ascending with time.
    pub id: EntryId,
    /// When.
    pub at: DateTime<Utc>,
    /// What for.
    pub kind: EntryKind,
    /// Negative for debits.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// The call it is for.
    pub call: Option<CallId>,
    /// The lease it is for.
    pub number: Option<LeaseId>,
    /// The invoice it is for.
    pub invoice: Option<Uuid>,
    /// The entry that it takes back.
    pub reverses: Option<EntryId>,
    /// Its journal.
    pub journal: Uuid,
}

/// `balance + credit limit − held`, as the database computes it.
fn available() -> SimpleExpr {
    use account::Column;
    Expr::col(Column::BalanceMicros)
        .add(Expr::col(Column::CreditLimitMicros))
        .sub(Expr::col(Column::HeldMicros))
}

/// Refuses a tenant that a scope does not see, as if it were not there.
pub(crate) fn see(scope: &Scope, tenant: TenantId) -> Result<(), Error> {
    if scope.covers(tenant) { Ok(()) } else { Err(Error::Missing) }
}

/// What a column holds cannot be read.
pub(crate) fn unreadable(column: &str) -> Error {
    Error::Unreadable(column.to_owned())
}

/// The platform's side of a posting.
#[derive(Debug, Clone, Copy)]
enum Counter {
    Revenue,
    Payments,
    Credits,
    Tax,
}

impl Counter {
    const ALL: [Self; 4] = [Self::Revenue, Self::Payments, Self::Credits, Self::Tax];

    const fn of(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Usage | EntryKind::Lease | EntryKind::Setup | EntryKind::Reversal => Self::Revenue,
            EntryKind::TopUp | EntryKind::Refund => Self::Payments,
            EntryKind::Credit => Self::Credits,
            EntryKind::Tax => Self::Tax,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Revenue => "revenue",
            Self::Payments => "payments",
            Self::Credits => "credits",
            Self::Tax => "tax",
        }
    }

    /// The id of this account in a currency: fixed, so that nothing has to be looked up.
    fn account(self, currency: Currency) -> Uuid {
        let letters = currency.code().bytes().fold(0_u128, |all, letter| (all << 8) | u128::from(letter));
        Uuid::from_u128(((self as u128 + 1) << 32) | letters)
    }
}

/// Opens a tenant's account, and the platform's counter accounts of its currency. Does nothing where they are open.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn open_account<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    tenant: TenantId,
    currency: Currency,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    see(scope, tenant)?;
    let row = |id, tenant_id, name: &str| account::ActiveModel {
        id: Set(id),
        tenant_id: Set(tenant_id),
        name: Set(name.to_owned()),
        currency: Set(currency.code().to_owned()),
        balance_micros: Set(0),
        held_micros: Set(0),
        credit_limit_micros: Set(0),
        opened_at: Set(at),
    };
    let counters = Counter::ALL.map(|counter| row(counter.account(currency), None, counter.name()));
    let rows = counters.into_iter().chain([row(tenant.0, Some(tenant.0), "tenant")]);
    account::Entity::insert_many(rows)
        .on_conflict(OnConflict::column(account::Column::Id).do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// A tenant's account; `None` where it has none or the scope does not see it.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn account<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<Account>, Error> {
    if !scope.covers(tenant) {
        return Ok(None);
    }
    account::Entity::find_by_id(tenant.0).one(conn).await?.as_ref().map(Account::read).transpose()
}

/// The accounts of the tenants that the scope sees.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn accounts<C: ConnectionTrait>(conn: &C, scope: &Scope) -> Result<Vec<Account>, Error> {
    let mut query = account::Entity::find().filter(account::Column::TenantId.is_not_null());
    if let Some(tenant) = scope.tenant() {
        query = query.filter(account::Column::Id.eq(tenant.0));
    }
    query.all(conn).await?.iter().map(Account::read).collect()
}

/// A tenant's account, locked until the transaction ends, so that what is decided on it stays true. (SQLite locks the
/// whole database for an immediate transaction already.)
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock_account<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<Account>, Error> {
    if !scope.covers(tenant) {
        return Ok(None);
    }
    let row = account::Entity::find_by_id(tenant.0).lock_exclusive().one(txn).await?;
    row.as_ref().map(Account::read).transpose()
}

/// Sets how far below zero a tenant's balance may go. Money that is held or spent already stays so.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn set_credit_limit<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    tenant: TenantId,
    limit_micros: i64,
) -> Result<(), Error> {
    see(scope, tenant)?;
    account::Entity::update_many()
        .col_expr(account::Column::CreditLimitMicros, Expr::value(limit_micros))
        .filter(account::Column::Id.eq(tenant.0))
        .exec(txn)
        .await?;
    Ok(())
}

/// Writes a journal of two entries, the tenant's and the platform's, and moves the balance: all of it inside the
/// caller's transaction.
///
/// # Errors
/// [`Error::Funds`] where the money does not cover it (nothing was written), [`Error::Missing`] where the scope does not
/// see the tenant or it has no account in this currency, or the database fails.
pub async fn post<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    tenant: TenantId,
    posting: &Posting,
) -> Result<Posted, Error> {
    see(scope, tenant)?;
    let known = journal::Entity::find().filter(journal::Column::Key.eq(&posting.key)).one(txn).await?;
    if known.is_some() {
        return Ok(Posted::Already);
    }
    let Some(balance_after) = move_balance(txn, tenant, posting).await? else {
        return Err(why_not(txn, scope, tenant, posting).await?);
    };
    let entry = write(txn, tenant, posting, balance_after).await?;
    Ok(Posted::Done { entry, balance_after: Money::new(balance_after, posting.amount.currency) })
}

/// The balance after the posting; `None` where the account is not there or does not cover it.
async fn move_balance<C: ConnectionTrait>(
    txn: &C,
    tenant: TenantId,
    posting: &Posting,
) -> Result<Option<i64>, Error> {
    use account::Column;
    let amount = posting.amount.micros;
    let mut update = account::Entity::update_many()
        .col_expr(Column::BalanceMicros, Expr::col(Column::BalanceMicros).add(amount))
        .filter(Column::Id.eq(tenant.0))
        .filter(Column::Currency.eq(posting.amount.currency.code()));
    if amount < 0 && posting.cover == Cover::Available {
        update = update.filter(available().gte(amount.saturating_neg()));
    }
    let rows = update.exec_with_returning(txn).await?;
    Ok(rows.first().map(|row| row.balance_micros))
}

async fn why_not<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    tenant: TenantId,
    posting: &Posting,
) -> Result<Error, Error> {
    Ok(match account(txn, scope, tenant).await? {
        Some(account) if account.currency == posting.amount.currency => {
            let wanted = posting.amount.micros.saturating_neg();
            Error::Funds { missing_micros: wanted.saturating_sub(account.available_micros()) }
        }
        _ => Error::Missing,
    })
}

async fn write<C: ConnectionTrait>(
    txn: &C,
    tenant: TenantId,
    posting: &Posting,
    balance_after: i64,
) -> Result<EntryId, Error> {
    let journal = Uuid::now_v7();
    journal::Entity::insert(journal::ActiveModel {
        id: Set(journal),
        key: Set(posting.key.clone()),
        kind: Set(posting.kind.word().to_owned()),
        description: Set(posting.description.clone()),
        at: Set(posting.at),
    })
    .exec_without_returning(txn)
    .await?;
    let side = |account, tenant_id, amount, balance_after| entry::ActiveModel {
        id: Set(Uuid::now_v7()),
        journal_id: Set(journal),
        account_id: Set(account),
        tenant_id: Set(tenant_id),
        at: Set(posting.at),
        kind: Set(posting.kind.word().to_owned()),
        amount_micros: Set(amount),
        currency: Set(posting.amount.currency.code().to_owned()),
        balance_after_micros: Set(balance_after),
        call_id: Set(posting.call.map(|id| id.0)),
        number_id: Set(posting.number.map(|id| id.0)),
        invoice_id: Set(posting.invoice),
        reverses_id: Set(None),
    };
    let amount = posting.amount.micros;
    let tenants = side(tenant.0, Some(tenant.0), amount, Some(balance_after));
    let counter = Counter::of(posting.kind).account(posting.amount.currency);
    let platforms = side(counter, None, amount.saturating_neg(), None);
    let entry = EntryId(*tenants.id.as_ref());
    entry::Entity::insert_many([tenants, platforms]).exec_without_returning(txn).await?;
    Ok(entry)
}

/// A tenant's entries, newest first, from before `after` on.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn entries<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    tenant: TenantId,
    after: Option<EntryId>,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    if !scope.covers(tenant) {
        return Ok(Vec::new());
    }
    let mut query = entry::Entity::find().filter(entry::Column::TenantId.eq(tenant.0));
    if let Some(after) = after {
        query = query.filter(entry::Column::Id.lt(after.0));
    }
    let rows = query.order_by_desc(entry::Column::Id).limit(limit).all(conn).await?;
    rows.into_iter().map(read_entry).collect()
}

fn read_entry(row: entry::Model) -> Result<Entry, Error> {
    let currency = row.currency.parse().map_err(|_| unreadable("entries.currency"))?;
    Ok(Entry {
        id: EntryId(row.id),
        at: row.at,
        kind: EntryKind::from_word(&row.kind).ok_or_else(|| unreadable("entries.kind"))?,
        amount: Money::new(row.amount_micros, currency),
        balance_after: Money::new(row.balance_after_micros.unwrap_or_default(), currency),
        call: row.call_id.map(CallId),
        number: row.number_id.map(LeaseId),
        invoice: row.invoice_id,
        reverses: row.reverses_id.map(EntryId),
        journal: row.journal_id,
    })
}
