//! A tenant reads what is wanted, and shows it.

use super::{
    DOCUMENT_MAX, EvidenceState, RequirementRule, SHOWN_MAX, STATEMENT_MAX, judge::sealed_in, rules, standing,
};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use serde_json::{Value, json};
use store::regulatory::{self as rows, Evidence, SUBMITTED};
use uuid::Uuid;

/// What a document may be, and how it begins.
const TYPES: [(&str, &[u8]); 3] =
    [("application/pdf", b"%PDF-"), ("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff")];

/// A requirement as a tenant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementView {
    /// What is wanted.
    pub rule: RequirementRule,
    /// How far this tenant is.
    pub state: EvidenceState,
    /// Why what it showed was rejected.
    pub reason: Option<String>,
}

/// A document that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `application/pdf`, `image/png` or `image/jpeg`.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is wanted of the tenant, of a country where one is given, and how far it is.
///
/// # Errors
/// [`Error::Denied`].
pub async fn requirements(
    app: &App,
    actor: &Actor,
    country: Option<&str>,
) -> Result<Vec<RequirementView>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let on = app.db().read();
    let country = country.map(str::to_uppercase);
    let wanted = rows::requirements(on, &scope, country.as_deref()).await?;
    let shown = rows::shown(on, &scope, None, SHOWN_MAX).await?;
    let standing = standing(&shown);
    let view = |row: rows::Requirement| {
        let known = standing.get(&row.id).copied();
        let (state, reason) = (EvidenceState::of(known), known.and_then(|row| row.reason.clone()));
        Ok(RequirementView { rule: rules::view(row)?, state, reason })
    };
    wanted.into_iter().map(view).collect()
}

/// Shows something for a requirement; it waits for the operator. What is said and the document are encrypted at rest.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] by field; [`Error::Conflict`] where it is met already.
pub async fn show(
    app: &App,
    actor: &Actor,
    requirement: Uuid,
    statement: &str,
    document: Option<Document>,
) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(rules::no_requirement)?;
    let on = app.db().read();
    let wanted = rows::requirement(on, &scope, requirement).await?.ok_or_else(rules::no_requirement)?;
    let statement = statement.trim();
    if statement.is_empty() || statement.chars().count() > STATEMENT_MAX {
        let message = format!("write in 1 to {STATEMENT_MAX} characters what is asked for");
        return Err(Error::invalid("statement", message));
    }
    match &document {
        None if wanted.needs_document => {
            return Err(Error::invalid("document", "a document is wanted: a PDF, PNG or JPEG"));
        }
        None => {}
        Some(document) => check_document(document)?,
    }
    if rows::count(on, &scope).await? >= SHOWN_MAX {
        return Err(Error::conflict("document", "too much was shown already: ask the operator"));
    }
    let id = Uuid::now_v7();
    let seal = |column, bytes: &[u8]| {
        app.vault().seal(sealed_in(&tenant.to_string(), column, &id.to_string()), bytes)
    };
    let row = Evidence {
        id,
        tenant_id: tenant.0,
        requirement_id: requirement,
        state: SUBMITTED.to_owned(),
        statement: seal("statement", statement.as_bytes()),
        content_type: document.as_ref().map(|document| document.content_type.clone()),
        document: document.as_ref().map(|document| seal("document", &document.bytes)),
        reason: None,
        created_at: app.now(),
        judged_at: None,
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            rows::show(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "regulatory.evidence.submit",
                target: &requirement.to_string(),
                before: Value::Null,
                after: json!({ "id": id, "document": row.content_type }),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}

pub(crate) fn check_document(document: &Document) -> Result<(), Error> {
    if document.bytes.is_empty() || document.bytes.len() > DOCUMENT_MAX {
        return Err(Error::invalid("document", format!("give a document of {DOCUMENT_MAX} bytes at most")));
    }
    let known = TYPES.iter().find(|(name, _)| *name == document.content_type);
    if known.is_some_and(|(_, begins)| document.bytes.starts_with(begins)) {
        return Ok(());
    }
    Err(Error::invalid(
        "document",
        "give a PDF, PNG or JPEG (application/pdf, image/png, image/jpeg) that is one",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_it_says_and_not_too_large() {
        let document = |content_type: &str, bytes: &[u8]| Document {
            content_type: content_type.to_owned(),
            bytes: bytes.to_vec(),
        };
        assert!(check_document(&document("application/pdf", b"%PDF-1.7 ...")).is_ok());
        assert!(check_document(&document("image/jpeg", b"\xff\xd8\xff\xe0")).is_ok());
        for wrong in [
            document("application/pdf", b"<script>"),
            document("text/html", b"%PDF-"),
            document("image/png", b""),
            document("application/pdf", &[b"%PDF-".as_slice(), &vec![0; DOCUMENT_MAX]].concat()),
        ] {
            assert!(check_document(&wrong).is_err());
        }
    }
}
