//! Numbers from CSV: first a preview that says what each row would do, then the import, which writes nothing where a row is
//! bad. A file of a million rows is read row by row and written in short transactions, so that calls are written between.

use super::{
    Imported, NewStock,
    import::{Said, row},
};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission, Scope},
    money::{Currency, Money},
    numbering::{Capabilities, Capability, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashSet},
    str::FromStr,
};
use store::stock::{self, Stock};

/// Rows of one file at most.
pub const CSV_ROWS_MAX: u64 = 1_000_000;
/// Faults that are told one by one.
pub const FAULTS_MAX: usize = 100;
/// Changes that are told one by one.
const CHANGES_MAX: usize = 20;
/// Rows that are compared and written at a time.
const BATCH: usize = 500;

/// What a file would do, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportPreview {
    /// Rows in the file.
    pub rows: u64,
    /// Numbers that are new.
    pub added: u64,
    /// Numbers that are there and change.
    pub changed: u64,
    /// Numbers that are there as the file has them.
    pub same: u64,
    /// Rows that are bad: with one, nothing is written.
    pub refused: u64,
    /// What is wrong with the first bad rows: each fault of a row.
    pub faults: Vec<RowFault>,
    /// The first changes.
    pub changes: Vec<RowChange>,
}

/// A fault of a bad row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowFault {
    /// The line of the file; its first one is 1.
    pub line: u64,
    /// The column.
    pub field: String,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// A number that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// The line of the file.
    pub line: u64,
    /// The number.
    pub number: String,
    /// The columns that change, and how they were and will be.
    pub what: String,
}

/// Says what a file would do, and does nothing. Columns may stand in any order:
/// `e164,type,country,locality,areaCode,calling,sms,carrier,monthlyMicros,currency,costMicros,setupMicros`; the last two may
/// be left out. Operators only.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] where it is no CSV with these columns, or too long.
pub async fn preview_csv(app: &App, actor: &Actor, text: &str) -> Result<ImportPreview, Error> {
    let scope = actor.scope(Permission::Operate)?;
    walk(app, &scope, text, None).await
}

/// Adds what is new in a file and changes what it has otherwise; nothing where a row is bad. Broken off, it may be sent
/// again: what is done is not done twice. Operators only.
///
/// # Errors
/// As [`preview_csv`]; [`Error::Invalid`] with the first bad row.
pub async fn import_csv(app: &App, actor: &Actor, text: &str) -> Result<Imported, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let preview = walk(app, &scope, text, None).await?;
    if let Some(fault) = preview.faults.first() {
        let more = if preview.refused > 1 {
            format!("; {} rows are bad in all", preview.refused)
        } else {
            String::new()
        };
        let message = format!("{}: {}{more}", fault.field, fault.message);
        return Err(Error::invalid(&format!("line {}", fault.line), message));
    }
    let done = walk(app, &scope, text, Some(actor)).await?;
    Ok(Imported { added: done.added, changed: done.changed, skipped: done.same })
}

/// Reads a file once, in batches; with a writer it also does what it says.
async fn walk(app: &App, scope: &Scope, text: &str, writer: Option<&Actor>) -> Result<ImportPreview, Error> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| Error::invalid("line 1", error.to_string()))?.clone();
    check_columns(&columns)?;
    let mut told = ImportPreview::default();
    let (mut seen_numbers, mut batch) = (HashSet::new(), Vec::with_capacity(BATCH));
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                told.rows += 1;
                match read(app, &record, &columns, &mut seen_numbers) {
                    Ok(row) => batch.push((line, row)),
                    Err(faults) => told.refuse(line, faults),
                }
            }
            Err(error) => {
                told.rows += 1;
                let message = format!("{error}: give every row as many columns as the first");
                told.refuse(line, vec![("row".to_owned(), message)]);
            }
        }
        if told.rows > CSV_ROWS_MAX {
            return Err(Error::invalid(
                "rows",
                format!("give {CSV_ROWS_MAX} rows at most, in several files"),
            ));
        }
        if batch.len() >= BATCH {
            settle(app, scope, &mut told, std::mem::take(&mut batch), writer).await?;
        }
    }
    settle(app, scope, &mut told, batch, writer).await?;
    if told.rows == 0 {
        return Err(Error::invalid(
            "rows",
            "the file has no rows: give one number in each, under the header",
        ));
    }
    if let Some(actor) = writer {
        record_import(app, scope, actor, &told).await?;
    }
    Ok(told)
}

type Fault = (String, String);

impl ImportPreview {
    /// A row is bad in all of these.
    fn refuse(&mut self, line: u64, faults: Vec<Fault>) {
        self.refused += 1;
        let free = FAULTS_MAX.saturating_sub(self.faults.len());
        let told = faults.into_iter().map(|(field, message)| RowFault { line, field, message });
        self.faults.extend(told.take(free));
    }
}

fn check_columns(columns: &csv::StringRecord) -> Result<(), Error> {
    const NEEDED: [&str; 8] =
        ["e164", "type", "country", "calling", "sms", "carrier", "monthlyMicros", "currency"];
    const MAY: [&str; 4] = ["locality", "areaCode", "costMicros", "setupMicros"];
    if let Some(missing) = NEEDED.iter().find(|name| !columns.iter().any(|column| column == **name)) {
        let message =
            format!("the column {missing} is missing: the first line is the header {}", NEEDED.join(","));
        return Err(Error::invalid("line 1", message));
    }
    if let Some(unknown) = columns.iter().find(|column| !NEEDED.contains(column) && !MAY.contains(column)) {
        let shown: String = unknown.chars().take(40).collect();
        let message = format!("{shown:?} is no column: there may be {} beside the others", MAY.join(","));
        return Err(Error::invalid("line 1", message));
    }
    Ok(())
}

/// A row as the stock keeps it, or all that is wrong with it. Each number stands once in a file.
fn read(
    app: &App,
    record: &csv::StringRecord,
    columns: &csv::StringRecord,
    seen: &mut HashSet<u64>,
) -> Result<Stock, Vec<Fault>> {
    let line: Line = record
        .deserialize(Some(columns))
        .map_err(|error| vec![("row".to_owned(), format!("{error}: give each column once"))])?;
    let mut faults = Vec::new();
    let e164 = kept(&mut faults, parse::<E164>("e164", &line.e164).and_then(|number| once(number, seen)));
    let number_type = kept(&mut faults, parse::<NumberType>("type", &line.number_type));
    let calling = kept(&mut faults, parse::<Capability>("calling", &line.calling));
    let sms = kept(&mut faults, parse::<Capability>("sms", &line.sms));
    let monthly = kept(&mut faults, micros("monthlyMicros", Some(&line.monthly_micros)));
    let currency = kept(&mut faults, parse::<Currency>("currency", &line.currency));
    let cost = kept(&mut faults, micros("costMicros", line.cost_micros.as_deref()));
    let setup = kept(&mut faults, micros("setupMicros", line.setup_micros.as_deref()));
    let said = Said {
        country: &line.country,
        locality: line.locality.as_deref(),
        area_code: line.area_code.as_deref(),
        carrier: &line.carrier,
    };
    faults.extend(said.faults(app).into_iter().map(|(field, message)| (field.to_owned(), message)));
    let (Some(e164), Some(number_type), Some(calling), Some(sms)) = (e164, number_type, calling, sms) else {
        return Err(faults);
    };
    let (Some(monthly), Some(currency), Some(cost_micros), Some(setup_micros)) =
        (monthly, currency, cost, setup)
    else {
        return Err(faults);
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let new = NewStock {
        e164,
        number_type,
        country: line.country,
        locality: line.locality.filter(|text| !text.is_empty()),
        area_code: line.area_code.filter(|text| !text.is_empty()),
        capabilities: Capabilities { calling, sms },
        carrier: line.carrier,
        monthly: Money::new(monthly, currency),
    };
    let stock =
        row(app, &new, &str::to_owned).map_err(|error| vec![("row".to_owned(), error.to_string())])?;
    Ok(Stock { cost_micros, setup_micros, ..stock })
}

/// What was read; what was not is one more fault of the row.
fn kept<T>(faults: &mut Vec<Fault>, read: Result<T, Fault>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

fn once(number: E164, seen: &mut HashSet<u64>) -> Result<E164, Fault> {
    if seen.insert(number.as_u64()) {
        return Ok(number);
    }
    Err(("e164".to_owned(), format!("{number} stands twice in the file: take one of its rows out")))
}

/// An amount; a column that is not there is zero.
fn micros(field: &str, text: Option<&str>) -> Result<i64, Fault> {
    let Some(text) = text else { return Ok(0) };
    let wrong = match text.parse::<i64>() {
        Ok(amount @ 0..) => return Ok(amount),
        Ok(_) => "an amount is zero or more",
        Err(_) => "give a whole number of micro-units, such as 1000000",
    };
    Err((field.to_owned(), wrong.to_owned()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    e164: String,
    #[serde(rename = "type")]
    number_type: String,
    country: String,
    #[serde(default)]
    locality: Option<String>,
    #[serde(default)]
    area_code: Option<String>,
    calling: String,
    sms: String,
    carrier: String,
    monthly_micros: String,
    currency: String,
    #[serde(default)]
    cost_micros: Option<String>,
    #[serde(default)]
    setup_micros: Option<String>,
}

fn parse<T: FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, Fault> {
    let shown: String = text.chars().take(40).collect();
    text.parse().map_err(|error: T::Err| (field.to_owned(), format!("{shown:?}: {error}")))
}

/// Compares a batch with the stock, and writes it where there is a writer.
async fn settle(
    app: &App,
    scope: &Scope,
    told: &mut ImportPreview,
    batch: Vec<(u64, Stock)>,
    writer: Option<&Actor>,
) -> Result<(), Error> {
    let names: Vec<String> = batch.iter().map(|(_, row)| row.e164.clone()).collect();
    let there = stock::some(app.db().read(), scope, &names).await?;
    let there: BTreeMap<&str, &Stock> = there.iter().map(|row| (row.e164.as_str(), row)).collect();
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for (line, row) in batch {
        let Some(old) = there.get(row.e164.as_str()) else {
            new.push(row);
            continue;
        };
        if old.supplier_id.is_some() {
            let message = format!("{} comes from an outside supplier: leave it out", row.e164);
            told.refuse(line, vec![("e164".to_owned(), message)]);
            continue;
        }
        let what = differences(old, &row);
        if what.is_empty() {
            told.same += 1;
            continue;
        }
        if told.changes.len() < CHANGES_MAX {
            told.changes.push(RowChange { line, number: row.e164.clone(), what: what.join("; ") });
        }
        changed.push(merged(old, row));
    }
    told.added += new.len() as u64;
    told.changed += changed.len() as u64;
    if writer.is_some() {
        app.db()
            .write::<_, Error, _>(async |tx| {
                stock::add(tx, scope, new.clone()).await?;
                Ok(stock::change(tx, scope, changed.clone()).await?)
            })
            .await?;
    }
    Ok(())
}

/// A row as it will be: what the file says, in the state in which it is.
fn merged(old: &Stock, new: Stock) -> Stock {
    Stock {
        state: old.state.clone(),
        held_by: old.held_by,
        held_until: old.held_until,
        last_tenant_id: old.last_tenant_id,
        ..new
    }
}

fn differences(old: &Stock, new: &Stock) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let pairs = [
        ("type", old.number_type.clone(), new.number_type.clone()),
        ("country", old.country.clone(), new.country.clone()),
        ("locality", text(&old.locality), text(&new.locality)),
        ("areaCode", text(&old.area_code), text(&new.area_code)),
        ("calling", old.calling.clone(), new.calling.clone()),
        ("sms", old.sms.clone(), new.sms.clone()),
        ("carrier", old.carrier_id.to_string(), new.carrier_id.to_string()),
        ("monthlyMicros", old.monthly_micros.to_string(), new.monthly_micros.to_string()),
        ("currency", old.currency.clone(), new.currency.clone()),
        ("costMicros", old.cost_micros.to_string(), new.cost_micros.to_string()),
        ("setupMicros", old.setup_micros.to_string(), new.setup_micros.to_string()),
    ];
    let differ = pairs.into_iter().filter(|(_, old, new)| old != new);
    differ.map(|(name, old, new)| format!("{name}: {old} becomes {new}")).collect()
}

async fn record_import(app: &App, scope: &Scope, actor: &Actor, told: &ImportPreview) -> Result<(), Error> {
    let after = Imported { added: told.added, changed: told.changed, skipped: told.same };
    app.db()
        .write::<_, Error, _>(async |tx| {
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "inventory.import",
                target: "stock",
                before: Value::Null,
                after: seen(&after),
            };
            audit::record(app, tx, scope, change).await
        })
        .await
}
