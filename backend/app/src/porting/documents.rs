//! The papers of a request: sealed at rest, shown to the tenant and the operator alone.

use super::{
    DOCUMENTS_MAX, DocumentView, draft,
    tell::{self, shown},
    turn::{Turn, no_request},
};
use crate::{
    App, Error,
    regulatory::{Document, check_document},
    vault::Place,
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    porting::Direction,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::porting::{self as rows, Document as Row};
use uuid::Uuid;

/// What a paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DocumentKind {
    /// The signed word that the numbers may be taken over.
    LetterOfAuthority,
    /// A recent bill of the other provider.
    Bill,
    /// Something else that was asked for.
    Other,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LetterOfAuthority, Self::Bill, Self::Other];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LetterOfAuthority => "letterOfAuthority",
            Self::Bill => "bill",
            Self::Other => "other",
        }
    }
}

/// Adds a paper to a draft.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for the paper; [`Error::Conflict`] where it is no draft, or has enough of them.
pub async fn add_document(
    app: &App,
    actor: &Actor,
    request: Uuid,
    kind: DocumentKind,
    document: Document,
) -> Result<DocumentView, Error> {
    let turn = Turn::tenant(app, actor)?;
    let tenant = turn.scope.tenant().ok_or_else(no_request)?;
    check_document(&document)?;
    let id = Uuid::now_v7();
    let (owner, name) = (tenant.to_string(), id.to_string());
    let made = Row {
        id,
        request_id: request,
        tenant_id: tenant.0,
        kind: kind.word().to_owned(),
        content: app.vault().seal(place(&owner, &name), &document.bytes),
        bytes: i64::try_from(document.bytes.len()).map_err(Error::internal)?,
        content_type: document.content_type,
        created_at: app.now(),
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = rows::lock(tx, &turn.scope, Direction::In.word(), request).await?;
            let row = row.ok_or_else(no_request)?;
            draft::must_be_draft(&row)?;
            if rows::count_documents(tx, &turn.scope, request).await? >= DOCUMENTS_MAX {
                let message = format!("a request has {DOCUMENTS_MAX} papers at most: take one away first");
                return Err(Error::conflict("document", message));
            }
            rows::add_document(tx, &turn.scope, made.clone()).await?;
            let paper = json!({ "document": id, "kind": made.kind, "contentType": made.content_type, "bytes": made.bytes });
            tell::audit(&turn, tx, "porting.document.add", Value::Null, (paper, &row)).await
        })
        .await?;
    Ok(DocumentView {
        id,
        kind: made.kind,
        content_type: made.content_type,
        bytes: made.bytes,
        created_at: made.created_at,
    })
}

/// Takes a paper away from a draft.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] where it is no draft any more.
pub async fn drop_document(app: &App, actor: &Actor, request: Uuid, id: Uuid) -> Result<(), Error> {
    let turn = Turn::tenant(app, actor)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = rows::lock(tx, &turn.scope, Direction::In.word(), request).await?;
            let row = row.ok_or_else(no_request)?;
            draft::must_be_draft(&row)?;
            if !rows::drop_document(tx, &turn.scope, (request, id)).await? {
                return Err(no_document());
            }
            let after = json!({ "document": id, "state": shown(&row)["state"] });
            tell::audit(&turn, tx, "porting.document.delete", Value::Null, (after, &row)).await
        })
        .await
}

/// A paper of a request: of the actor's tenant, or of any for an operator.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn document(app: &App, actor: &Actor, request: Uuid, id: Uuid) -> Result<Document, Error> {
    let scope: Scope = actor.scope(Permission::Operate).or_else(|_| actor.scope(Permission::ReadNumbers))?;
    let row = rows::document(app.db().read(), &scope, (request, id)).await?.ok_or_else(no_document)?;
    let (owner, name) = (TenantId(row.tenant_id).to_string(), id.to_string());
    let bytes = app.vault().open(place(&owner, &name), &row.content)?.to_vec();
    Ok(Document { content_type: row.content_type, bytes })
}

fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "porting_documents", column: "content", id }
}

fn no_document() -> Error {
    Error::not_found("document", "there is no such document")
}
