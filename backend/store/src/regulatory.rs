//! What regulators want of buyers of numbers, and what tenants showed.

use crate::{
    Error,
    entity::{regulatory_evidence as evidence, regulatory_requirement as requirement},
    table::{self, own, platform, see},
};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::{
    regulatory_evidence::Model as Evidence, regulatory_requirement::Model as Requirement,
};

/// All but the document.
const LISTED: [evidence::Column; 9] = [
    evidence::Column::Id,
    evidence::Column::TenantId,
    evidence::Column::RequirementId,
    evidence::Column::State,
    evidence::Column::Statement,
    evidence::Column::ContentType,
    evidence::Column::Reason,
    evidence::Column::CreatedAt,
    evidence::Column::JudgedAt,
];

/// It waits for the operator.
pub const SUBMITTED: &str = "submitted";
/// It will do.
pub const APPROVED: &str = "approved";
/// It will not do.
pub const REJECTED: &str = "rejected";

/// The requirements, of a country where one is given; everybody may read them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn requirements<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    country: Option<&str>,
) -> Result<Vec<Requirement>, Error> {
    let mut query = requirement::Entity::find();
    if let Some(country) = country {
        query = query.filter(requirement::Column::Country.eq(country));
    }
    let query =
        query.order_by_asc(requirement::Column::Country).order_by_asc(requirement::Column::NumberType);
    Ok(query.order_by_asc(requirement::Column::Id).all(on).await?)
}

/// A requirement.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn requirement<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    id: Uuid,
) -> Result<Option<Requirement>, Error> {
    Ok(requirement::Entity::find_by_id(id).one(on).await?)
}

/// Writes a requirement down.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn add_requirement<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    row: Requirement,
) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Takes a requirement away, with all that was shown for it; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn drop_requirement<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<bool, Error> {
    platform(scope)?;
    evidence::Entity::delete_many().filter(evidence::Column::RequirementId.eq(id)).exec(tx).await?;
    Ok(requirement::Entity::delete_by_id(id).exec(tx).await?.rows_affected > 0)
}

/// Writes down what a tenant shows.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn show<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Evidence) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// Writes down how it was judged.
///
/// # Errors
/// [`Error::Missing`].
pub async fn judge<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Evidence) -> Result<(), Error> {
    platform(scope)?;
    let query = evidence::Entity::update_many()
        .col_expr(evidence::Column::State, Expr::value(row.state))
        .col_expr(evidence::Column::Reason, Expr::value(row.reason))
        .col_expr(evidence::Column::JudgedAt, Expr::value(row.judged_at))
        .filter(evidence::Column::Id.eq(row.id));
    if query.exec(tx).await?.rows_affected == 0 { Err(Error::Missing) } else { Ok(()) }
}

/// One thing that was shown.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn evidence<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<Evidence>, Error> {
    Ok(own(evidence::Entity::find_by_id(id), evidence::Column::TenantId, scope).one(on).await?)
}

/// What was shown in the scope, youngest first and without its documents; of one state where one is given.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn shown<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    state: Option<&str>,
    limit: u64,
) -> Result<Vec<Evidence>, Error> {
    let mut query = own(evidence::Entity::find(), evidence::Column::TenantId, scope);
    if let Some(state) = state {
        query = query.filter(evidence::Column::State.eq(state));
    }
    let query = query.select_only().columns(LISTED).column_as(Expr::cust("NULL"), "document");
    let query = query.order_by_desc(evidence::Column::Id).limit(limit);
    Ok(query.into_model::<Evidence>().all(on).await?)
}

/// How many things of the scope were shown, whatever became of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    Ok(own(evidence::Entity::find(), evidence::Column::TenantId, scope).count(on).await?)
}
