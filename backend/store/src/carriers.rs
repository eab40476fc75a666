//! Carriers and price plans: what belongs to no tenant.

use crate::{
    Error,
    entity::{carrier, price_plan},
    table::{self, platform},
};
use domain::{access::Scope, ids::CarrierId};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder};

pub use crate::entity::{carrier::Model as Carrier, price_plan::Model as PlanRow};

/// Writes a new carrier down.
///
/// # Errors
/// [`Error::Taken`] where the name is.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Carrier) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Writes a changed carrier down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Carrier) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// A carrier.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: CarrierId) -> Result<Option<Carrier>, Error> {
    platform(scope)?;
    Ok(carrier::Entity::find_by_id(id.0).one(on).await?)
}

/// All carriers, by name.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Carrier>, Error> {
    platform(scope)?;
    Ok(carrier::Entity::find().order_by_asc(carrier::Column::Name).all(on).await?)
}

/// Writes a new plan down, or an old one with new prices.
///
/// # Errors
/// [`Error::Taken`] where another plan has the name.
pub async fn put_plan<C: ConnectionTrait>(tx: &C, scope: &Scope, row: PlanRow) -> Result<(), Error> {
    platform(scope)?;
    let known = price_plan::Entity::find_by_id(row.id).count(tx).await? > 0;
    if known { table::update(tx, row).await } else { table::insert(tx, row).await }
}

/// All plans, by name.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn plans<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<PlanRow>, Error> {
    platform(scope)?;
    Ok(price_plan::Entity::find().order_by_asc(price_plan::Column::Name).all(on).await?)
}
