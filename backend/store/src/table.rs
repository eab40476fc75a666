//! What all tables have in common: a row goes in, changes, and is seen within a scope.

use crate::Error;
use domain::{access::Scope, ids::TenantId};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

/// Rows of one insert statement: both databases bound the values of a statement (SQLite 32,766).
pub(crate) const INSERT_ROWS: usize = 500;

/// Refuses a tenant that a scope does not see, as if it were not there.
pub(crate) fn see(scope: &Scope, tenant: Uuid) -> Result<(), Error> {
    if scope.covers(TenantId(tenant)) { Ok(()) } else { Err(Error::Missing) }
}

/// Refuses a tenant's scope where the whole platform is meant.
pub(crate) fn platform(scope: &Scope) -> Result<(), Error> {
    if scope.tenant().is_none() { Ok(()) } else { Err(Error::Missing) }
}

/// Narrows a query to the rows of the scope's tenant.
pub(crate) fn own<Q: QueryFilter>(query: Q, column: impl ColumnTrait, scope: &Scope) -> Q {
    match scope.tenant() {
        Some(tenant) => query.filter(column.eq(tenant.0)),
        None => query,
    }
}

pub(crate) async fn insert<M, A, C>(on: &C, row: M) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    <A::Entity as EntityTrait>::insert(row.into_active_model()).exec_without_returning(on).await?;
    Ok(())
}

pub(crate) async fn insert_all<M, A, C>(on: &C, rows: Vec<M>) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let some: Vec<A> = rows.by_ref().take(INSERT_ROWS).collect();
        <A::Entity as EntityTrait>::insert_many(some).exec_without_returning(on).await?;
    }
    Ok(())
}

/// Writes all columns of a row that is there.
pub(crate) async fn update<M, A, C>(on: &C, row: M) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    let row = row.into_active_model().reset_all();
    let done = <A::Entity as EntityTrait>::update(row).exec_without_returning(on).await?;
    if done.rows_affected == 0 { Err(Error::Missing) } else { Ok(()) }
}
