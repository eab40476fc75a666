//! Rehearsals: drafts that are tried on past calls.

use crate::{
    Error,
    entity::rehearsal::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::rehearsal::Model as Rehearsal;

/// It waits for its turn.
pub const QUEUED: &str = "queued";
/// It is at work.
pub const RUNNING: &str = "running";
/// It is over, and says what it found.
pub const DONE: &str = "done";
/// It is over, and says why it found nothing.
pub const FAILED: &str = "failed";
/// Somebody ended it.
pub const CANCELLED: &str = "cancelled";

/// The draft was tried, and nothing else.
pub const DRAFT: &str = "draft";
/// The draft waits for its time.
pub const SCHEDULED: &str = "scheduled";
/// The draft is in force, or was.
pub const APPLIED: &str = "applied";
/// The draft's time came, and what it changes was another by then.
pub const REFUSED: &str = "refused";
/// The draft will not come into force.
pub const WITHDRAWN: &str = "withdrawn";
/// What was before the draft is in force again.
pub const ROLLED_BACK: &str = "rolledBack";

/// Those of the scope: of a tenant its own, of the platform the operator's.
fn seen(scope: &Scope) -> Select<Entity> {
    match scope.tenant() {
        Some(tenant) => Entity::find().filter(Column::TenantId.eq(tenant.0)),
        None => Entity::find().filter(Column::TenantId.is_null()),
    }
}

/// Writes a new one down.
///
/// # Errors
/// [`Error`] where the scope does not see its tenant, or the database fails.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Rehearsal) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => see(scope, tenant)?,
        None => platform(scope)?,
    }
    table::insert(tx, row).await
}

/// Writes all of one.
///
/// # Errors
/// [`Error::Missing`] where it is not there, or the scope does not see it.
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Rehearsal) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => see(scope, tenant)?,
        None => platform(scope)?,
    }
    table::update(tx, row).await
}

/// Deletes one; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<bool, Error> {
    let delete = Entity::delete_many().filter(Column::Id.eq(id));
    let delete = match scope.tenant() {
        Some(_) => own(delete, Column::TenantId, scope),
        None => delete.filter(Column::TenantId.is_null()),
    };
    Ok(delete.exec(tx).await?.rows_affected > 0)
}

/// One of the scope.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Rehearsal>, Error> {
    Ok(seen(scope).filter(Column::Id.eq(id)).one(on).await?)
}

/// Those of the scope, the newest first, from before `after` on.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Rehearsal>, Error> {
    let query = match after {
        Some(after) => seen(scope).filter(Column::Id.lt(after)),
        None => seen(scope),
    };
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// How many of the scope wait or are at work, and how many there are.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn counts<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<(u64, u64), Error> {
    let open = seen(scope).filter(Column::State.is_in([QUEUED, RUNNING])).count(on).await?;
    Ok((open, seen(scope).count(on).await?))
}

/// Forgets the oldest of the scope that are over and whose draft came to nothing, but for as many as are kept.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn forget<C: ConnectionTrait>(tx: &C, scope: &Scope, kept: u64) -> Result<(), Error> {
    let over = seen(scope)
        .filter(Column::State.is_not_in([QUEUED, RUNNING]))
        .filter(Column::DraftState.is_not_in([SCHEDULED, APPLIED]));
    let old = over.order_by_desc(Column::Id).offset(kept).limit(100).all(tx).await?;
    for row in old {
        Entity::delete_by_id(row.id).exec(tx).await?;
    }
    Ok(())
}

/// Takes the oldest that waits, for a node. `None` where none does.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn claim<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    node: &str,
    now: DateTime<Utc>,
) -> Result<Option<Rehearsal>, Error> {
    platform(scope)?;
    let waiting = Entity::find().filter(Column::State.eq(QUEUED)).order_by_asc(Column::Id).one(tx).await?;
    let Some(row) = waiting else { return Ok(None) };
    let claim = Entity::update_many()
        .col_expr(Column::State, Expr::value(RUNNING))
        .col_expr(Column::Node, Expr::value(node))
        .col_expr(Column::StartedAt, Expr::value(now))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(QUEUED));
    if claim.exec(tx).await?.rows_affected == 0 {
        return Ok(None);
    }
    let claimed =
        Rehearsal { state: RUNNING.to_owned(), node: node.to_owned(), started_at: Some(now), ..row };
    Ok(Some(claimed))
}

/// Has those of a node wait again that were at work when it ended.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn give_back<C: ConnectionTrait>(tx: &C, scope: &Scope, node: &str) -> Result<u64, Error> {
    platform(scope)?;
    let back = Entity::update_many()
        .col_expr(Column::State, Expr::value(QUEUED))
        .col_expr(Column::LookedAt, Expr::value(0_i64))
        .col_expr(Column::Node, Expr::value(""))
        .filter(Column::State.eq(RUNNING))
        .filter(Column::Node.eq(node));
    Ok(back.exec(tx).await?.rows_affected)
}

/// Says how far one is; whether it is still to go on.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn progress<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    looked_at: i64,
) -> Result<bool, Error> {
    platform(scope)?;
    let update = Entity::update_many()
        .col_expr(Column::LookedAt, Expr::value(looked_at))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(RUNNING));
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// Ends one that is at work. False where somebody ended it before.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn finish<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Rehearsal) -> Result<bool, Error> {
    platform(scope)?;
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state))
        .col_expr(Column::LookedAt, Expr::value(row.looked_at))
        .col_expr(Column::Figures, Expr::value(row.figures))
        .col_expr(Column::Failure, Expr::value(row.failure))
        .col_expr(Column::EndedAt, Expr::value(row.ended_at))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(RUNNING));
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// Those whose draft is to come into force by now, in its order.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn due<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Rehearsal>, Error> {
    platform(scope)?;
    let query = Entity::find()
        .filter(Column::DraftState.eq(SCHEDULED))
        .filter(Column::EffectiveAt.lte(now))
        .order_by_asc(Column::EffectiveAt)
        .order_by_asc(Column::Id);
    Ok(query.limit(limit).all(on).await?)
}
