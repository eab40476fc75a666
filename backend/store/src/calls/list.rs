//! Lists of calls.

use super::{Call, CallState, record::direction_word};
use crate::{Error, entity::call};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    cause::{Cause, Direction},
    ids::CallId,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Which calls; an empty filter is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Started at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Started before this time.
    pub until: Option<DateTime<Utc>>,
    /// Calling or called number.
    pub number: Option<String>,
    /// The trunk it came from or went to, by its FQDN.
    pub trunk: Option<String>,
    /// Which way.
    pub direction: Option<Direction>,
    /// How it ended.
    pub cause: Option<Cause>,
    /// Whether it is up.
    pub state: Option<CallState>,
}

impl CallFilter {
    fn condition(&self) -> Condition {
        use call::Column;
        Condition::all()
            .add_option(self.since.map(|at| Column::StartedAt.gte(at)))
            .add_option(self.until.map(|at| Column::StartedAt.lt(at)))
            .add_option(
                self.number.as_deref().map(|number| {
                    Condition::any().add(Column::Caller.eq(number)).add(Column::Callee.eq(number))
                }),
            )
            .add_option(self.trunk.as_deref().map(|fqdn| {
                Condition::any().add(Column::CallerTrunk.eq(fqdn)).add(Column::CalleeTrunk.eq(fqdn))
            }))
            .add_option(self.direction.map(|way| Column::Direction.eq(direction_word(way))))
            .add_option(self.cause.map(|cause| Column::Cause.eq(cause.word())))
            .add_option(self.state.map(|state| Column::State.eq(state.word())))
    }
}

/// Calls in the scope, newest first, from before `after` on.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn list<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    filter: &CallFilter,
    after: Option<CallId>,
    limit: u64,
) -> Result<Vec<Call>, Error> {
    let mut query = call::Entity::find().filter(filter.condition());
    if let Some(tenant) = scope.tenant() {
        query = query.filter(call::Column::TenantId.eq(tenant.0));
    }
    if let Some(after) = after {
        query = query.filter(call::Column::Id.lt(after.0));
    }
    let rows = query.order_by_desc(call::Column::Id).limit(limit).all(conn).await?;
    rows.into_iter().map(Call::read).collect()
}
