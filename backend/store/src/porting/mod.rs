//! Requests to port numbers: in and out, with their numbers and the steps that they took.

mod documents;
mod guards;

pub use documents::{
    Document, DocumentFacts, add_document, count_documents, document, documents, drop_document,
};
pub use guards::{Guard, guard, put_guard};

use crate::{
    Error,
    entity::{porting_number as number, porting_request as request, porting_step as step, stock},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::{
    porting_number::Model as Number, porting_request::Model as Request, porting_step::Model as Step,
};

/// Steps of a request that are read at most.
const STEPS_MAX: u64 = 200;

/// Which requests are wanted; what is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `in` or `out`.
    pub direction: String,
    /// One of the states.
    pub state: Option<String>,
    /// No drafts.
    pub sent: bool,
}

/// Writes a new request down.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Request) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// Writes a changed request down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Request) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}

/// A request of one direction.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    direction: &str,
    id: Uuid,
) -> Result<Option<Request>, Error> {
    let query = request::Entity::find_by_id(id).filter(request::Column::Direction.eq(direction));
    Ok(own(query, request::Column::TenantId, scope).one(on).await?)
}

/// A request of one direction, that no other transaction changes until this one is over.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    direction: &str,
    id: Uuid,
) -> Result<Option<Request>, Error> {
    let query = request::Entity::find_by_id(id).filter(request::Column::Direction.eq(direction));
    Ok(own(query, request::Column::TenantId, scope).lock_exclusive().one(tx).await?)
}

/// Requests, youngest first, before one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Request>, Error> {
    let mut query = own(request::Entity::find(), request::Column::TenantId, scope)
        .filter(request::Column::Direction.eq(wanted.direction.as_str()));
    if let Some(state) = &wanted.state {
        query = query.filter(request::Column::State.eq(state.as_str()));
    }
    if wanted.sent {
        query = query.filter(request::Column::State.ne("draft"));
    }
    if let Some(before) = before {
        query = query.filter(request::Column::Id.lt(before));
    }
    Ok(query.order_by_desc(request::Column::Id).limit(limit).all(on).await?)
}

/// How many requests of the scope are not closed.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_open<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    let query = request::Entity::find().filter(request::Column::ClosedAt.is_null());
    Ok(own(query, request::Column::TenantId, scope).count(on).await?)
}

/// The numbers of requests, in order.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn numbers<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    requests: &[Uuid],
) -> Result<Vec<Number>, Error> {
    let query = number::Entity::find().filter(number::Column::RequestId.is_in(requests.iter().copied()));
    Ok(own(query, number::Column::TenantId, scope).order_by_asc(number::Column::E164).all(on).await?)
}

/// Puts numbers into the place of those that a request had.
///
/// # Errors
/// [`Error::Taken`] where one is held by another request.
pub async fn put_numbers<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    request: Uuid,
    rows: Vec<Number>,
) -> Result<(), Error> {
    for row in &rows {
        see(scope, row.tenant_id)?;
    }
    let old = number::Entity::delete_many().filter(number::Column::RequestId.eq(request));
    own(old, number::Column::TenantId, scope).exec(tx).await?;
    table::insert_all(tx, rows).await
}

/// Which of some numbers another request holds, whosever that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn held<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    numbers: &[String],
) -> Result<Vec<Number>, Error> {
    let query = number::Entity::find().filter(number::Column::E164.is_in(numbers));
    Ok(query.filter(number::Column::Holds.eq(true)).order_by_asc(number::Column::E164).all(on).await?)
}

/// Writes a step down.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn add_step<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Step) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// The steps of a request, in order.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn steps<C: ConnectionTrait>(on: &C, scope: &Scope, request: Uuid) -> Result<Vec<Step>, Error> {
    let query = step::Entity::find().filter(step::Column::RequestId.eq(request));
    let query = own(query, step::Column::TenantId, scope).order_by_asc(step::Column::Id);
    Ok(query.limit(STEPS_MAX).all(on).await?)
}

/// Takes a number that has left out of the stock, whatever became of it there.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn leave_stock<C: ConnectionTrait>(tx: &C, scope: &Scope, e164: &str) -> Result<u64, Error> {
    platform(scope)?;
    let query = stock::Entity::delete_many().filter(stock::Column::E164.eq(e164));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Requests that were closed at `before` or earlier and still have papers or details.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn to_forget<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Uuid>, Error> {
    platform(scope)?;
    let query = request::Entity::find()
        .select_only()
        .column(request::Column::Id)
        .filter(request::Column::ClosedAt.lte(before))
        .filter(request::Column::Details.ne(Vec::<u8>::new()));
    Ok(query.order_by_asc(request::Column::Id).limit(limit).into_tuple().all(on).await?)
}

/// Takes away papers and details of requests.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn forget<C: ConnectionTrait>(tx: &C, scope: &Scope, requests: &[Uuid]) -> Result<(), Error> {
    platform(scope)?;
    documents::drop_all(tx, requests).await?;
    let query = request::Entity::update_many()
        .col_expr(request::Column::Details, Expr::value(Vec::<u8>::new()))
        .filter(request::Column::Id.is_in(requests.iter().copied()));
    query.exec(tx).await?;
    Ok(())
}
