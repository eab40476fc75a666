//! How trunks and carriers are doing, and when that changed.

use crate::{
    Error,
    entity::{trunk_health, trunk_health_change as change},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, sea_query::OnConflict,
};
use uuid::Uuid;

pub use crate::entity::{trunk_health::Model as Health, trunk_health_change::Model as Change};

/// Writes a change down, and the state that it led to.
///
/// # Errors
/// [`Error`] where the database fails, or the peer is not in the scope.
pub async fn changed<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    current: Health,
    row: Change,
) -> Result<(), Error> {
    match (current.tenant_id, row.tenant_id) {
        (Some(one), Some(other)) if one == other => see(scope, one)?,
        (None, None) => platform(scope)?,
        _ => return Err(Error::Missing),
    }
    table::insert(tx, row).await?;
    keep(tx, current).await
}

async fn keep<C: ConnectionTrait>(tx: &C, row: Health) -> Result<(), Error> {
    use trunk_health::Column;
    let all = [
        Column::TenantId,
        Column::Health,
        Column::Reason,
        Column::Since,
        Column::HeardAt,
        Column::CertificateUntil,
    ];
    trunk_health::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::PeerId).update_columns(all).to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// The states that the scope sees.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Health>, Error> {
    Ok(own(trunk_health::Entity::find(), trunk_health::Column::TenantId, scope).all(on).await?)
}

/// The changes of a trunk or carrier, newest first (their identifiers are by time), after one of them where it is named.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn changes<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    peer: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Change>, Error> {
    let query = own(change::Entity::find(), change::Column::TenantId, scope);
    Ok(query
        .filter(change::Column::PeerId.eq(peer))
        .apply_if(after, |query, after| query.filter(change::Column::Id.lt(after)))
        .order_by_desc(change::Column::Id)
        .limit(limit)
        .all(on)
        .await?)
}

/// Forgets a trunk or carrier that is gone; its history stays until it is old.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn forget<C: ConnectionTrait>(tx: &C, scope: &Scope, peer: Uuid) -> Result<(), Error> {
    platform(scope)?;
    trunk_health::Entity::delete_by_id(peer).exec(tx).await?;
    Ok(())
}

/// Deletes up to `limit` changes from before a time, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn sweep<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, Error> {
    platform(scope)?;
    let old = change::Entity::find().filter(change::Column::At.lt(before));
    let ids: Vec<Uuid> =
        old.select_only().column(change::Column::Id).limit(limit).into_tuple().all(tx).await?;
    let done = change::Entity::delete_many().filter(change::Column::Id.is_in(ids)).exec(tx).await?;
    Ok(done.rows_affected)
}
