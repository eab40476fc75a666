//! The people who sign in, and their sessions.

use crate::{
    Error,
    entity::{session, user},
    table::{self, own, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::{session::Model as Session, user::Model as User};

/// Writes a new person down.
///
/// # Errors
/// [`Error::Taken`] where the address is.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: User) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => table::see(scope, tenant)?,
        None => platform(scope)?,
    }
    table::insert(on, row).await
}

/// The person with an e-mail address, which is compared in lower case.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn by_email<C: ConnectionTrait>(on: &C, scope: &Scope, email: &str) -> Result<Option<User>, Error> {
    let query = user::Entity::find().filter(user::Column::Email.eq(email.to_lowercase()));
    Ok(own(query, user::Column::TenantId, scope).one(on).await?)
}

/// A person.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<User>, Error> {
    Ok(own(user::Entity::find_by_id(id), user::Column::TenantId, scope).one(on).await?)
}

/// The people of a tenant, by their address; those who have not shown that it is theirs are left out.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn of_tenant<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: Uuid,
    limit: u64,
) -> Result<Vec<User>, Error> {
    table::see(scope, tenant)?;
    let query = user::Entity::find().filter(user::Column::TenantId.eq(tenant));
    let query = query.filter(user::Column::VerifiedAt.is_not_null());
    Ok(query.order_by_asc(user::Column::Email).limit(limit).all(on).await?)
}

/// Whether there is an operator.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn has_operator<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<bool, Error> {
    platform(scope)?;
    Ok(user::Entity::find().filter(user::Column::TenantId.is_null()).count(on).await? > 0)
}

/// The address was shown to be theirs.
///
/// # Errors
/// [`Error::Missing`].
pub async fn set_verified<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let query = user::Entity::update_many()
        .col_expr(user::Column::VerifiedAt, Expr::value(at))
        .filter(user::Column::Id.eq(id));
    let done = own(query, user::Column::TenantId, scope).exec(on).await?;
    if done.rows_affected == 0 { Err(Error::Missing) } else { Ok(()) }
}

/// Writes a new session down.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn open_session<C: ConnectionTrait>(on: &C, scope: &Scope, row: Session) -> Result<(), Error> {
    platform(scope)?;
    table::insert(on, row).await
}

/// A session that has not ended at `now`.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn session<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    id_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<Session>, Error> {
    platform(scope)?;
    let query = session::Entity::find_by_id(id_hash.to_owned()).filter(session::Column::ExpiresAt.gt(now));
    Ok(query.one(on).await?)
}

/// Ends a session.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn close_session<C: ConnectionTrait>(on: &C, scope: &Scope, id_hash: &str) -> Result<(), Error> {
    platform(scope)?;
    session::Entity::delete_many().filter(session::Column::IdHash.eq(id_hash)).exec(on).await?;
    Ok(())
}

/// Deletes the sessions that have ended at `now`, and says how many.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn sweep_sessions<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    platform(scope)?;
    let done = session::Entity::delete_many().filter(session::Column::ExpiresAt.lte(now)).exec(on).await?;
    Ok(done.rows_affected)
}
