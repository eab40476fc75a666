//! The operator's table of requirements.

use super::RequirementKind;
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission},
    country,
    numbering::NumberType,
};
use serde::Serialize;
use serde_json::Value;
use store::regulatory::{self as rows, Requirement};
use uuid::Uuid;

/// Requirements at most.
const RULES_MAX: usize = 1_000;
/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 500;

/// A requirement to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequirement {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Of which type of number.
    pub number_type: NumberType,
    /// What kind of thing is wanted.
    pub kind: RequirementKind,
    /// What is wanted, in words for the tenant.
    pub description: String,
    /// Whether a document must come with it.
    pub needs_document: bool,
}

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequirementRule {
    /// Its identifier.
    pub id: Uuid,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Of which type of number.
    pub number_type: NumberType,
    /// What kind of thing is wanted.
    pub kind: RequirementKind,
    /// What is wanted, in words.
    pub description: String,
    /// Whether a document must come with it.
    pub needs_document: bool,
}

/// All requirements, by country and type. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn rules(app: &App, actor: &Actor) -> Result<Vec<RequirementRule>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    rows::requirements(app.db().read(), &scope, None).await?.into_iter().map(view).collect()
}

/// Makes a requirement; purchases are held to it from now on. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn add_rule(app: &App, actor: &Actor, new: NewRequirement) -> Result<RequirementRule, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let country = new.country.trim().to_uppercase();
    if !country::is_known(&country) {
        return Err(Error::invalid("country", "give an ISO 3166-1 code such as SE"));
    }
    let description = new.description.trim();
    if description.is_empty() || description.chars().count() > DESCRIPTION_MAX {
        let message = format!("say in 1 to {DESCRIPTION_MAX} characters what the tenant is to show");
        return Err(Error::invalid("description", message));
    }
    if rows::requirements(app.db().read(), &scope, None).await?.len() >= RULES_MAX {
        return Err(Error::conflict(
            "country",
            format!("{RULES_MAX} requirements are the most: take some away"),
        ));
    }
    let row = Requirement {
        id: Uuid::now_v7(),
        country,
        number_type: new.number_type.word().to_owned(),
        kind: new.kind.word().to_owned(),
        description: description.to_owned(),
        needs_document: new.needs_document,
        created_at: app.now(),
    };
    let made = view(row.clone())?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            rows::add_requirement(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "regulatory.requirement.create",
                target: &made.id.to_string(),
                before: Value::Null,
                after: seen(&made),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    Ok(made)
}

/// Takes a requirement away, with what tenants showed for it. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn drop_rule(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = rows::requirement(tx, &scope, id).await?.ok_or_else(no_requirement)?;
            rows::drop_requirement(tx, &scope, id).await?;
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "regulatory.requirement.delete",
                target: &id.to_string(),
                before: seen(&view(before)?),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}

pub(super) fn view(row: Requirement) -> Result<RequirementRule, Error> {
    Ok(RequirementRule {
        id: row.id,
        country: row.country,
        number_type: row.number_type.parse().map_err(Error::internal)?,
        kind: RequirementKind::from_word(&row.kind)
            .ok_or_else(|| Error::internal("a kind of requirement that is none"))?,
        description: row.description,
        needs_document: row.needs_document,
    })
}

pub(super) fn no_requirement() -> Error {
    Error::not_found("id", "there is no such requirement")
}
