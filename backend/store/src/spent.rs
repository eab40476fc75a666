//! What calls have cost a tenant since a time.

use crate::{Error, entity::entry};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::TenantId, ledger::EntryKind};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

/// An entry is written at most this long before the time that it bears, and as a rule after it.
const WRITTEN_EARLY_SECONDS: i64 = 3_600;

/// What calls have cost since a time, micro-units, not negative: what their charges add up to.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn since<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<i64, Error> {
    if !scope.covers(tenant) {
        return Ok(0);
    }
    // Entries stand in the order of their ids, which begin with the time at which they were written.
    let written = since.timestamp_millis().saturating_sub(WRITTEN_EARLY_SECONDS * 1_000);
    let first = Uuid::from_u128(u128::from(written.unsigned_abs()) << 80);
    let sum: Option<Option<i64>> = entry::Entity::find()
        .select_only()
        .column_as(entry::Column::AmountMicros.sum().cast_as("bigint"), "sum")
        .filter(entry::Column::TenantId.eq(tenant.0))
        .filter(entry::Column::Id.gte(first))
        .filter(entry::Column::At.gte(since))
        .filter(entry::Column::Kind.eq(EntryKind::Usage.word()))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(Ord::max(sum.flatten().unwrap_or_default().saturating_neg(), 0))
}
