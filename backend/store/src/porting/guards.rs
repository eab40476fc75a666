//! What keeps owned numbers from being taken away.

use crate::{
    Error,
    entity::port_out_guard::{ActiveModel, Column, Entity},
    table::{own, see},
};
use domain::access::Scope;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, sea_query::OnConflict};
use uuid::Uuid;

pub use crate::entity::port_out_guard::Model as Guard;

/// What is said of the number of a lease.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn guard<C: ConnectionTrait>(on: &C, scope: &Scope, lease: Uuid) -> Result<Option<Guard>, Error> {
    Ok(own(Entity::find_by_id(lease), Column::TenantId, scope).one(on).await?)
}

/// Writes down what is said of the number of a lease, whatever was said before.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn put_guard<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Guard) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    let all = [Column::Locked, Column::Pin, Column::ChangedAt];
    let row: ActiveModel = row.into_active_model();
    let insert =
        Entity::insert(row).on_conflict(OnConflict::column(Column::LeaseId).update_columns(all).to_owned());
    insert.exec_without_returning(tx).await?;
    Ok(())
}
