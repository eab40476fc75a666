//! Papers of requests to port.

use crate::{
    Error,
    entity::porting_document::{Column, Entity},
    table::{self, own, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

pub use crate::entity::porting_document::Model as Document;

/// A paper without what it says.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct DocumentFacts {
    /// Its identifier.
    pub id: Uuid,
    /// The request.
    pub request_id: Uuid,
    /// `letterOfAuthority`, `bill` or `other`.
    pub kind: String,
    /// What it is.
    pub content_type: String,
    /// How long it is, in bytes, opened.
    pub bytes: i64,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

/// Writes a paper down.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn add_document<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Document) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// A paper of a request.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn document<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    (request, id): (Uuid, Uuid),
) -> Result<Option<Document>, Error> {
    let query = Entity::find_by_id(id).filter(Column::RequestId.eq(request));
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}

/// The papers of a request, in order, without what they say.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn documents<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    request: Uuid,
) -> Result<Vec<DocumentFacts>, Error> {
    let query = own(Entity::find().filter(Column::RequestId.eq(request)), Column::TenantId, scope);
    let columns =
        [Column::Id, Column::RequestId, Column::Kind, Column::ContentType, Column::Bytes, Column::CreatedAt];
    let query = query.select_only().columns(columns).order_by_asc(Column::Id);
    Ok(query.into_model::<DocumentFacts>().all(on).await?)
}

/// How many papers a request has.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_documents<C: ConnectionTrait>(on: &C, scope: &Scope, request: Uuid) -> Result<u64, Error> {
    let query = own(Entity::find().filter(Column::RequestId.eq(request)), Column::TenantId, scope);
    Ok(query.count(on).await?)
}

/// Takes a paper away, and says whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn drop_document<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    (request, id): (Uuid, Uuid),
) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::RequestId.eq(request));
    Ok(own(query, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

pub(super) async fn drop_all<C: ConnectionTrait>(tx: &C, requests: &[Uuid]) -> Result<(), Error> {
    let query = Entity::delete_many().filter(Column::RequestId.is_in(requests.iter().copied()));
    query.exec(tx).await?;
    Ok(())
}
