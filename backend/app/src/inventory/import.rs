//! The operator puts numbers up for sale.

use super::{IMPORT_MAX, Imported, NewStock};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission},
    ids::CarrierId,
};
use serde_json::Value;
use store::stock::{FREE, Stock, add};

/// Characters of a place at most.
const LOCALITY_MAX: usize = 100;
/// Digits of an area code at most.
const AREA_CODE_MAX: usize = 10;

/// Puts numbers up for sale, all or none; numbers that are there already stay as they are. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] with the place of the first bad number.
pub async fn import(app: &App, actor: &Actor, numbers: Vec<NewStock>) -> Result<Imported, Error> {
    let scope = actor.scope(Permission::Operate)?;
    if numbers.is_empty() || numbers.len() > IMPORT_MAX {
        return Err(Error::invalid("numbers", format!("give 1 to {IMPORT_MAX} numbers at a time")));
    }
    let read = |(index, new): (usize, &NewStock)| row(app, new, &|field| format!("numbers[{index}].{field}"));
    let rows: Vec<Stock> = numbers.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let total = rows.len() as u64;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let added = add(tx, &scope, rows.clone()).await?;
            let imported = Imported { added, changed: 0, skipped: total.saturating_sub(added) };
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "inventory.import",
                target: "stock",
                before: Value::Null,
                after: seen(&imported),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(imported)
        })
        .await
}

/// What is said of a number in words, whatever else is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) country: &'a str,
    pub(super) locality: Option<&'a str>,
    pub(super) area_code: Option<&'a str>,
    pub(super) carrier: &'a str,
}

impl Said<'_> {
    /// All that is wrong with it, by field.
    pub(super) fn faults(self, app: &App) -> Vec<(&'static str, String)> {
        let country = self.country.trim();
        let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_place = self.locality.is_none_or(|place| place.chars().count() <= LOCALITY_MAX);
        let is_digits =
            |code: &str| code.len() <= AREA_CODE_MAX && code.bytes().all(|byte| byte.is_ascii_digit());
        let is_code = self.area_code.is_none_or(is_digits);
        let checks = [
            (is_country, "country", "give the country by its two letters, such as US".to_owned()),
            (is_place, "locality", format!("give {LOCALITY_MAX} characters at most")),
            (is_code, "areaCode", format!("an area code is {AREA_CODE_MAX} digits at most")),
            (
                carrier(app, self.carrier).is_some(),
                "carrier",
                "there is no such carrier: name it or give its id".to_owned(),
            ),
        ];
        let wrong = checks.into_iter().filter(|(is_right, ..)| !is_right);
        wrong.map(|(_, field, message)| (field, message)).collect()
    }
}

/// A number as the stock keeps it; `target` names a field of it.
pub(super) fn row(app: &App, new: &NewStock, target: &dyn Fn(&str) -> String) -> Result<Stock, Error> {
    let said = Said {
        country: &new.country,
        locality: new.locality.as_deref(),
        area_code: new.area_code.as_deref(),
        carrier: &new.carrier,
    };
    if let Some((field, message)) = said.faults(app).into_iter().next() {
        return Err(Error::invalid(&target(field), message));
    }
    if new.monthly.micros < 0 {
        return Err(Error::invalid(&target("monthly"), "a price is zero or more"));
    }
    let country = new.country.trim().to_ascii_uppercase();
    let carrier = carrier(app, &new.carrier).ok_or_else(|| {
        Error::invalid(&target("carrier"), "there is no such carrier: name it or give its id")
    })?;
    Ok(Stock {
        e164: new.e164.to_string(),
        number_type: new.number_type.word().to_owned(),
        country,
        locality: new.locality.clone(),
        area_code: new.area_code.clone(),
        calling: new.capabilities.calling.word().to_owned(),
        sms: new.capabilities.sms.word().to_owned(),
        carrier_id: carrier.0,
        monthly_micros: new.monthly.micros,
        currency: new.monthly.currency.code().to_owned(),
        state: FREE.to_owned(),
        held_by: None,
        held_until: None,
        kind_id: 0,
        supplier_id: None,
        cost_micros: 0,
        setup_micros: 0,
        last_tenant_id: None,
    })
}

/// A carrier by name or identifier.
pub(crate) fn carrier(app: &App, wanted: &str) -> Option<CarrierId> {
    let live = app.live();
    let carriers = &live.config.platform.value.carriers;
    carriers.iter().find(|one| one.name == wanted || one.id.to_string() == wanted).map(|one| one.id)
}
