//! Past attempts with what they were decided on, oldest first.

use super::{Call, StoredDecision};
use crate::{
    Error,
    entity::{call, decision},
    table::own,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{access::Scope, ids::CallId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// An identifier tells when it was made; the call may have arrived so much before, or by another clock after.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// The smallest identifier of a moment.
fn first_at(at: DateTime<Utc>) -> Uuid {
    let ms = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(u128::from(ms) << 80)
}

/// The payers' records of the attempts that arrived in a period, oldest first, after one of them, each with its decision
/// where it has one.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn attempts<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    after: Option<CallId>,
    limit: u64,
) -> Result<Vec<(Call, Option<StoredDecision>)>, Error> {
    use call::Column;
    let from = after.map_or_else(|| first_at(since - SLACK), |after| after.0);
    let query = own(call::Entity::find(), Column::TenantId, scope)
        .filter(Column::Id.gt(from))
        .filter(Column::Id.lt(first_at(until + SLACK)))
        .filter(Column::StartedAt.gte(since))
        .filter(Column::StartedAt.lt(until))
        .filter(Column::PayerCallId.is_null());
    let rows = query.order_by_asc(Column::Id).limit(limit).all(conn).await?;
    let ids = rows.iter().map(|row| row.id);
    let decisions = decision::Entity::find().filter(decision::Column::CallId.is_in(ids)).all(conn).await?;
    let mut decisions: HashMap<Uuid, decision::Model> =
        decisions.into_iter().map(|row| (row.call_id, row)).collect();
    rows.into_iter()
        .map(|row| {
            let decision = decisions.remove(&row.id).map(StoredDecision::read).transpose()?;
            Ok((Call::read(row)?, decision))
        })
        .collect()
}
