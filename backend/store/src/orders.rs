//! Orders: what was bought, of which search or reservation, for how much.

use crate::{
    Error,
    entity::order::{Column, Entity},
    table::{self, own, see},
};
use domain::access::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

pub use crate::entity::order::Model as Order;

/// Writes a new order down.
///
/// # Errors
/// [`Error::Taken`] where its search or reservation was ordered already.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: Order) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(on, row).await
}

/// The order that bought a search or reservation.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn of_holder<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    holder: Uuid,
) -> Result<Option<Order>, Error> {
    let query = Entity::find().filter(Column::SearchId.eq(holder));
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}
