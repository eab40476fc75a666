//! Invoices: closed periods, documents and their lines, numbers without gaps, and to whom documents are made out.
//!
//! What an issued document says, its lines, and a closed period are never changed: the database itself refuses it.

mod charges;
mod periods;

pub use charges::{Charged, Span, bound, charges, charges_sum, scan_start};
pub use periods::{Account, accounts, insert_period, last_period, opened_at, periods};

use crate::{
    Error,
    entity::{billing_profile, invoice, invoice_line},
    table::{self, own, platform, see},
};
use domain::{
    access::Scope,
    billing::{InvoiceLine, LineKey, State, Subject},
    ids::TenantId,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::OnConflict,
};
use uuid::Uuid;

pub use crate::entity::{
    billing_period::Model as Period, billing_profile::Model as Profile, invoice::Model as Invoice,
};

/// Takes the next number of a series. The row stays locked until the transaction ends, so that numbers have no gaps.
const NEXT: &str = "INSERT INTO invoice_series (name, last) VALUES ($1, 1) \
    ON CONFLICT (name) DO UPDATE SET last = invoice_series.last + 1 RETURNING last";

/// Which documents; an empty filter is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// In these states; none is any.
    pub states: Vec<State>,
    /// Not these states.
    pub without: Vec<State>,
}

/// Takes the next number of a series, in the transaction that makes use of it.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn next_number<C: ConnectionTrait>(tx: &C, scope: &Scope, series: &str) -> Result<i64, Error> {
    platform(scope)?;
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), NEXT, [series.into()]);
    let row = tx.query_one_raw(statement).await?.ok_or(Error::Missing)?;
    Ok(row.try_get("", "last")?)
}

/// Writes a document with its lines down.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn insert<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    row: Invoice,
    lines: &[InvoiceLine],
) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    let invoice_id = row.id;
    let rows = (0_i32..).zip(lines).map(|(place, line)| invoice_line::Model {
        invoice_id,
        place,
        subject: line.key.subject.word().to_owned(),
        number: line.key.number.clone(),
        description: line.key.description.clone(),
        rate_version: line.key.rate_version.clone(),
        quantity: i64::try_from(line.quantity).unwrap_or(i64::MAX),
        billed_ms: i64::try_from(line.billed_ms).unwrap_or(i64::MAX),
        amount_micros: line.amount_micros,
    });
    table::insert(tx, row).await?;
    table::insert_all(tx, rows.collect()).await
}

/// Writes a changed document down; of one that was issued, the database takes only what may change.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Invoice) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}

/// A document.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Invoice>, Error> {
    Ok(own(invoice::Entity::find_by_id(id), invoice::Column::TenantId, scope).one(on).await?)
}

/// A document, locked until the transaction ends.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<Option<Invoice>, Error> {
    let query = own(invoice::Entity::find_by_id(id), invoice::Column::TenantId, scope);
    Ok(query.lock_exclusive().one(tx).await?)
}

/// The lines of a document that the scope sees.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn lines<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    of: &Invoice,
) -> Result<Vec<InvoiceLine>, Error> {
    see(scope, of.tenant_id)?;
    let query = invoice_line::Entity::find().filter(invoice_line::Column::InvoiceId.eq(of.id));
    let rows = query.order_by_asc(invoice_line::Column::Place).all(on).await?;
    let line = |row: invoice_line::Model| {
        let unreadable = || Error::Unreadable("invoice_lines.subject".to_owned());
        Ok(InvoiceLine {
            key: LineKey {
                subject: Subject::from_word(&row.subject).ok_or_else(unreadable)?,
                number: row.number,
                description: row.description,
                rate_version: row.rate_version,
            },
            quantity: row.quantity.max(0).unsigned_abs(),
            billed_ms: row.billed_ms.max(0).unsigned_abs(),
            amount_micros: row.amount_micros,
        })
    };
    rows.into_iter().map(line).collect()
}

/// Documents, newest first, after one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Invoice>, Error> {
    use invoice::Column;
    let mut query = own(invoice::Entity::find(), Column::TenantId, scope);
    if let Some(tenant) = wanted.tenant {
        query = query.filter(Column::TenantId.eq(tenant.0));
    }
    if !wanted.states.is_empty() {
        query = query.filter(Column::State.is_in(wanted.states.iter().map(|state| state.word())));
    }
    if !wanted.without.is_empty() {
        query = query.filter(Column::State.is_not_in(wanted.without.iter().map(|state| state.word())));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// The credit notes about an invoice.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn credits_of<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Vec<Invoice>, Error> {
    let query = own(invoice::Entity::find(), invoice::Column::TenantId, scope);
    Ok(query.filter(invoice::Column::CreditsId.eq(id)).order_by_asc(invoice::Column::Id).all(on).await?)
}

/// The tenants who owe something, by id.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn debtors<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<TenantId>, Error> {
    platform(scope)?;
    let owed = [State::Open, State::Overdue].map(State::word);
    let query = invoice::Entity::find().filter(invoice::Column::State.is_in(owed)).select_only();
    let query = query.column(invoice::Column::TenantId).distinct().order_by_asc(invoice::Column::TenantId);
    let ids: Vec<Uuid> = query.into_tuple().all(on).await?;
    Ok(ids.into_iter().map(TenantId).collect())
}

/// To whom a tenant's documents are made out; `None` where it never said.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn profile<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<Profile>, Error> {
    let query = billing_profile::Entity::find_by_id(tenant.0);
    Ok(own(query, billing_profile::Column::TenantId, scope).one(on).await?)
}

/// Writes down to whom a tenant's documents are made out.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn put_profile<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Profile) -> Result<(), Error> {
    use billing_profile::Column;
    see(scope, row.tenant_id)?;
    let replace =
        OnConflict::column(Column::TenantId).update_columns([Column::Body, Column::UpdatedAt]).to_owned();
    billing_profile::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
