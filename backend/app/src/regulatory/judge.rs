//! The operator reads what tenants showed, and judges it.

use super::{Document, EvidenceState, LISTED, RequirementRule, rules};
use crate::{
    App, Error,
    audit::{self, Change},
    vault::Place,
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    ids::TenantId,
};
use serde_json::json;
use std::collections::BTreeMap;
use store::regulatory::{self as rows, APPROVED, Evidence, REJECTED, SUBMITTED};
use uuid::Uuid;

/// Characters of a reason at most.
const REASON_MAX: usize = 500;

/// Something that a tenant showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceView {
    /// Its identifier.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// For what.
    pub rule: RequirementRule,
    /// How far it is.
    pub state: EvidenceState,
    /// What the tenant says.
    pub statement: String,
    /// What its document is, where there is one.
    pub content_type: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it was shown.
    pub created_at: DateTime<Utc>,
}

/// What tenants showed, youngest first; only what waits where `open` is set. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn evidence(app: &App, actor: &Actor, open: bool) -> Result<Vec<EvidenceView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let on = app.db().read();
    let wanted = rows::requirements(on, &scope, None).await?;
    let wanted: BTreeMap<Uuid, rows::Requirement> = wanted.into_iter().map(|row| (row.id, row)).collect();
    let found = rows::shown(on, &scope, open.then_some(SUBMITTED), LISTED).await?;
    let view = |row: Evidence| {
        let rule = wanted.get(&row.requirement_id).cloned().ok_or_else(rules::no_requirement)?;
        let place = (TenantId(row.tenant_id).to_string(), row.id.to_string());
        let said = app.vault().open(sealed_in(&place.0, "statement", &place.1), &row.statement)?;
        Ok(EvidenceView {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            rule: rules::view(rule)?,
            state: EvidenceState::of(Some(&row)),
            statement: String::from_utf8_lossy(&said).into_owned(),
            content_type: row.content_type,
            reason: row.reason,
            created_at: row.created_at,
        })
    };
    found.into_iter().map(view).collect()
}

/// The document of something that was shown. Operators only.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`] where there is none.
pub async fn document(app: &App, actor: &Actor, id: Uuid) -> Result<Document, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let row = rows::evidence(app.db().read(), &scope, id).await?.ok_or_else(no_evidence)?;
    let (Some(content_type), Some(sealed)) = (row.content_type, row.document) else {
        return Err(no_evidence());
    };
    let (tenant, id) = (TenantId(row.tenant_id).to_string(), id.to_string());
    let bytes = app.vault().open(sealed_in(&tenant, "document", &id), &sealed)?.to_vec();
    Ok(Document { content_type, bytes })
}

/// Approves something that was shown, or (with a reason) rejects it. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for the reason.
pub async fn judge(app: &App, actor: &Actor, id: Uuid, rejected: Option<&str>) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let reason = rejected.map(str::trim);
    if reason.is_some_and(|reason| reason.is_empty() || reason.chars().count() > REASON_MAX) {
        let message = format!("say why in 1 to {REASON_MAX} characters: the tenant reads it");
        return Err(Error::invalid("reason", message));
    }
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = rows::evidence(tx, &scope, id).await?.ok_or_else(no_evidence)?;
            let state = if reason.is_some() { REJECTED } else { APPROVED };
            let change = Change {
                actor: &actor.name,
                tenant: Some(TenantId(row.tenant_id)),
                what: "regulatory.evidence.judge",
                target: &id.to_string(),
                before: json!({ "state": row.state }),
                after: json!({ "state": state, "reason": reason }),
            };
            audit::record(app, tx, &scope, change).await?;
            let row = Evidence {
                state: state.to_owned(),
                reason: reason.map(str::to_owned),
                judged_at: Some(app.now()),
                ..row
            };
            Ok(rows::judge(tx, &scope, row).await?)
        })
        .await
}

pub(super) fn sealed_in<'a>(tenant: &'a str, column: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "regulatory_evidence", column, id }
}

fn no_evidence() -> Error {
    Error::not_found("id", "there is no such document")
}
