//! Records by their ids.

use super::Call;
use crate::{Error, entity::call, table::own};
use domain::access::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

/// The records of these calls that the scope sees, in no order. Ask for a page of them at a time.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn of_ids<C: ConnectionTrait>(on: &C, scope: &Scope, ids: Vec<Uuid>) -> Result<Vec<Call>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = own(call::Entity::find(), call::Column::TenantId, scope);
    let rows = query.filter(call::Column::Id.is_in(ids)).all(on).await?;
    rows.into_iter().map(Call::read).collect()
}
