//! The operator's suppliers from outside.

use super::outside::{place, scope as platform};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    country,
    ids::CarrierId,
};
use serde::Serialize;
use serde_json::Value;
use store::suppliers::{self as rows, Supplier};
use uuid::Uuid;

/// Suppliers at most: each is asked by a search of its countries.
pub const SUPPLIERS_MAX: usize = 20;
/// Characters of a name at most.
const NAME_MAX: usize = 80;
/// Bytes of a secret, at least and at most.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=256;
/// Milliseconds that an answer may take.
pub const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=20_000;
/// Milliseconds where it is not said.
pub const TIMEOUT_MS_DEFAULT: u32 = 5_000;
/// Ten-thousandths that a margin may be at most: a hundredfold.
const MARGIN_MAX: u32 = 1_000_000;
/// Steps that are shown.
const STEPS: u64 = 50;

/// A supplier as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierView {
    /// Its identifier.
    pub id: Uuid,
    /// How it is called.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// Countries whose numbers it sells; empty is all.
    pub countries: Vec<String>,
    /// The carrier over which calls to its numbers come.
    pub carrier: CarrierId,
    /// What a tenant pays beyond its price, ten-thousandths of it.
    pub margin_basis_points: u32,
    /// How long it may take to answer, milliseconds.
    pub timeout_ms: u32,
    /// Whether it is asked.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What is said of a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierEdit {
    /// How it is called.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// The secret; `None` keeps the one that is there, or makes one.
    pub secret: Option<String>,
    /// Countries whose numbers it sells; empty is all.
    pub countries: Vec<String>,
    /// The carrier, by name or identifier.
    pub carrier: String,
    /// What a tenant pays beyond its price, ten-thousandths of it.
    pub margin_basis_points: u32,
    /// How long it may take to answer, milliseconds.
    pub timeout_ms: u32,
    /// Whether it is asked.
    pub enabled: bool,
}

/// A step that was asked of a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// Its identifier, which the supplier knows as the reference.
    pub id: Uuid,
    /// The supplier's name.
    pub supplier: String,
    /// The search or reservation.
    pub reference: Uuid,
    /// The numbers.
    pub numbers: Vec<String>,
    /// `holding`, `held`, `buying`, `bought`, `releasing` or `released`.
    pub state: String,
    /// How often it was tried again.
    pub attempts: u32,
    /// What the supplier last said.
    pub last_error: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The suppliers from outside, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<SupplierView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    rows::list(app.db().read(), &scope).await?.into_iter().map(view).collect()
}

/// What was asked of suppliers, youngest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn steps(app: &App, actor: &Actor) -> Result<Vec<StepView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let known = rows::list(app.db().read(), &scope).await?;
    let name =
        |id: Uuid| known.iter().find(|row| row.id == id).map(|row| row.name.clone()).unwrap_or_default();
    let found = rows::recent(app.db().read(), &scope, STEPS).await?.into_iter().map(|row| StepView {
        id: row.id,
        supplier: name(row.supplier_id),
        reference: row.reference,
        numbers: serde_json::from_value(row.numbers).unwrap_or_default(),
        state: row.state,
        attempts: u32::try_from(row.attempts).unwrap_or_default(),
        last_error: row.last_error,
        updated_at: row.updated_at,
    });
    Ok(found.collect())
}

/// Makes a supplier, and answers its secret this once. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field, [`Error::Conflict`] for the name.
pub async fn create(app: &App, actor: &Actor, edit: SupplierEdit) -> Result<(SupplierView, String), Error> {
    let scope = actor.scope(Permission::Operate)?;
    if rows::list(app.db().read(), &scope).await?.len() >= SUPPLIERS_MAX {
        return Err(Error::conflict(
            "name",
            format!("{SUPPLIERS_MAX} suppliers are the most: change one of them"),
        ));
    }
    let secret = edit.secret.clone().unwrap_or_else(|| hex::encode(rand::random::<[u8; 32]>()));
    let id = Uuid::now_v7();
    let row = row(app, id, &edit, &secret, app.now())?;
    write(app, actor, None, row.clone()).await?;
    Ok((view(row)?, secret))
}

/// Changes a supplier. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field, [`Error::Conflict`] for the name.
pub async fn change(app: &App, actor: &Actor, id: Uuid, edit: SupplierEdit) -> Result<SupplierView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let before = rows::get(app.db().read(), &scope, id).await?.ok_or_else(no_supplier)?;
    let mut after = row(app, id, &edit, edit.secret.as_deref().unwrap_or_default(), before.created_at)?;
    if edit.secret.is_none() {
        after.secret.clone_from(&before.secret);
    }
    write(app, actor, Some(view(before)?), after.clone()).await?;
    view(after)
}

/// A supplier. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<SupplierView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    view(rows::get(app.db().read(), &scope, id).await?.ok_or_else(no_supplier)?)
}

async fn write(app: &App, actor: &Actor, before: Option<SupplierView>, row: Supplier) -> Result<(), Error> {
    let after = view(row.clone())?;
    let written = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let (what, before) = match &before {
                None => ("supplier.create", Value::Null),
                Some(before) => ("supplier.update", seen(before)),
            };
            if before.is_null() {
                rows::insert(tx, &platform(), row.clone()).await?;
            } else {
                rows::update(tx, &platform(), row.clone()).await?;
            }
            let target = after.id.to_string();
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what,
                target: &target,
                before,
                after: seen(&after),
            };
            audit::record(app, tx, &platform(), change).await
        })
        .await;
    written.map_err(|error| match error {
        Error::Conflict { .. } => Error::conflict("name", "there is a supplier of this name: choose another"),
        other => other,
    })
}

fn row(
    app: &App,
    id: Uuid,
    edit: &SupplierEdit,
    secret: &str,
    made: DateTime<Utc>,
) -> Result<Supplier, Error> {
    let name = edit.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(Error::invalid("name", format!("give a name of 1 to {NAME_MAX} characters")));
    }
    let url = edit.url.trim().trim_end_matches('/');
    app.deps().suppliers.check(url).map_err(|why| {
        Error::invalid("url", format!("{why}: give an https address such as https://numbers.example.com/v1"))
    })?;
    let countries: Vec<String> = edit.countries.iter().map(|code| code.trim().to_uppercase()).collect();
    if let Some(code) = countries.iter().find(|code| !country::is_known(code)) {
        return Err(Error::invalid(
            "countries",
            format!("{code:?} is no country: give ISO 3166-1 codes such as SE"),
        ));
    }
    if (edit.secret.is_some() || !secret.is_empty()) && !SECRET_BYTES.contains(&secret.len()) {
        let message =
            format!("give a secret of {} to {} characters", SECRET_BYTES.start(), SECRET_BYTES.end());
        return Err(Error::invalid("secret", message));
    }
    if edit.margin_basis_points > MARGIN_MAX {
        return Err(Error::invalid(
            "marginBasisPoints",
            format!("give 0 to {MARGIN_MAX}: 10000 doubles the price"),
        ));
    }
    if !TIMEOUT_MS.contains(&edit.timeout_ms) {
        let message = format!("give {} to {} milliseconds", TIMEOUT_MS.start(), TIMEOUT_MS.end());
        return Err(Error::invalid("timeoutMs", message));
    }
    let carrier = crate::inventory::carrier(app, edit.carrier.trim())
        .ok_or_else(|| Error::invalid("carrier", "there is no such carrier: name it or give its id"))?;
    Ok(Supplier {
        id,
        name: name.to_owned(),
        url: url.to_owned(),
        secret: app.vault().seal(place(&id.to_string()), secret.as_bytes()),
        countries: seen(&countries),
        carrier_id: carrier.0,
        margin_basis_points: i32::try_from(edit.margin_basis_points).unwrap_or(i32::MAX),
        timeout_ms: i32::try_from(edit.timeout_ms).unwrap_or(i32::MAX),
        enabled: edit.enabled,
        created_at: made,
    })
}

fn view(row: Supplier) -> Result<SupplierView, Error> {
    Ok(SupplierView {
        id: row.id,
        name: row.name,
        url: row.url,
        countries: serde_json::from_value(row.countries).map_err(Error::internal)?,
        carrier: CarrierId(row.carrier_id),
        margin_basis_points: u32::try_from(row.margin_basis_points).unwrap_or_default(),
        timeout_ms: u32::try_from(row.timeout_ms).unwrap_or_default(),
        enabled: row.enabled,
        created_at: row.created_at,
    })
}

/// The suppliers that are asked for numbers of a country.
pub(crate) async fn serving(app: &App, country: &str) -> Result<Vec<Supplier>, Error> {
    let mut all = rows::list(app.db().read(), &platform()).await?;
    all.retain(|row| {
        let countries: Vec<String> = serde_json::from_value(row.countries.clone()).unwrap_or_default();
        row.enabled && (countries.is_empty() || countries.iter().any(|code| code == country))
    });
    Ok(all)
}

fn no_supplier() -> Error {
    Error::not_found("id", "there is no such supplier")
}
