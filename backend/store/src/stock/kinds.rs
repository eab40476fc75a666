//! Kinds: what numbers of the stock have in common stands once, so that what is for sale is said without counting numbers.

use super::{Stock, Wanted, text::Text};
use crate::{
    Error,
    entity::stock_kind::{ActiveModel, Column, Entity},
    table::INSERT_ROWS,
};
use domain::access::Scope;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
    sea_query::{OnConflict, Query},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub use crate::entity::stock_kind::Model as Kind;

/// Kinds that one query answers at most.
pub const KINDS_MAX: u64 = 20_000;

/// What tells kinds apart, in the order of the table's columns.
type Dimensions = (Uuid, Uuid, String, String, String, String, String, String, i64, i64, i64, String);

/// The kinds of number of which at least one is free, cheapest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn kinds<C: ConnectionTrait>(on: &C, _scope: &Scope, wanted: &Wanted) -> Result<Vec<Kind>, Error> {
    let mut text = on_sale(on, "SELECT k.*", wanted);
    text.say(" ORDER BY k.monthly_micros, k.cost_micros, k.id").limit(KINDS_MAX);
    read(on, text).await
}

/// A kind by its price alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Priced {
    /// Its identifier.
    pub id: i64,
    /// What a month costs, micro-units.
    pub monthly_micros: i64,
    /// How many of its numbers are free.
    pub free: i64,
}

/// Some of the kinds of which a number is free, cheapest first: a large country has thousands, of which a search needs few.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn cheapest<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    wanted: &Wanted,
    (skip, limit): (u64, u64),
) -> Result<Vec<Priced>, Error> {
    let mut text = on_sale(on, "SELECT k.id, k.monthly_micros, k.free", wanted);
    text.say(" ORDER BY k.monthly_micros, k.cost_micros, k.id").limit(limit).say(&format!(" OFFSET {skip}"));
    read(on, text).await
}

/// The countries of what is for sale.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn countries<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<String>, Error> {
    words(on, scope, "country", &Wanted::default()).await
}

/// The places of what is for sale; nothing for what has none.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn localities<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
) -> Result<Vec<String>, Error> {
    words(on, scope, "locality", wanted).await
}

/// The area codes of what is for sale; nothing for what has none.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn area_codes<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
) -> Result<Vec<String>, Error> {
    words(on, scope, "area_code", wanted).await
}

/// What numbers of some kinds can do, for how much.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Offer {
    /// `geographic`, `tollFree` or `mobile`.
    pub number_type: String,
    /// What they can do with calls.
    pub calling: String,
    /// What they can do with texts.
    pub sms: String,
    /// What a month costs, micro-units.
    pub monthly_micros: i64,
    /// ISO 4217.
    pub currency: String,
}

/// What is for sale, each once, cheapest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn offers<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    wanted: &Wanted,
) -> Result<Vec<Offer>, Error> {
    let columns = "k.number_type, k.calling, k.sms, k.monthly_micros, k.currency";
    let mut text = on_sale(on, &format!("SELECT DISTINCT {columns}"), wanted);
    text.say(" ORDER BY k.monthly_micros, k.number_type, k.calling, k.sms, k.currency").limit(KINDS_MAX);
    read(on, text).await
}

async fn words<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    column: &str,
    wanted: &Wanted,
) -> Result<Vec<String>, Error> {
    let mut text = on_sale(on, &format!("SELECT DISTINCT k.{column} AS word"), wanted);
    text.say(" ORDER BY word").limit(KINDS_MAX);
    let rows = on.query_all_raw(text.statement()).await?;
    Ok(rows.iter().map(|row| row.try_get("", "word")).collect::<Result<_, _>>()?)
}

fn on_sale<C: ConnectionTrait>(on: &C, select: &str, wanted: &Wanted) -> Text {
    let mut text = Text::new(on.get_database_backend());
    text.say(select).say(" FROM stock_kinds k WHERE ").on_sale(wanted);
    text
}

async fn read<T: FromQueryResult, C: ConnectionTrait>(on: &C, text: Text) -> Result<Vec<T>, Error> {
    let rows = on.query_all_raw(text.statement()).await?;
    Ok(rows.iter().map(|row| T::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// Whether there is, or was, a number of the kind: sold ones count.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn is_known<C: ConnectionTrait>(on: &C, _scope: &Scope, wanted: &Wanted) -> Result<bool, Error> {
    let mut text = Text::new(on.get_database_backend());
    text.say("SELECT 1 FROM stock_kinds k WHERE k.id IS NOT NULL").fitting(wanted).limit(1);
    Ok(on.query_one_raw(text.statement()).await?.is_some())
}

/// How many numbers of all kinds are free.
pub(super) async fn count_free<C: ConnectionTrait>(on: &C) -> Result<u64, Error> {
    let sum = "SELECT CAST(coalesce(sum(free), 0) AS BIGINT) AS free FROM stock_kinds WHERE free > 0";
    let row = on.query_one_raw(Statement::from_string(on.get_database_backend(), sum)).await?;
    let free: i64 = row.map_or(Ok(0), |row| row.try_get("", "free"))?;
    Ok(u64::try_from(free).unwrap_or_default())
}

/// A kind that rows are put into.
#[derive(Clone, Default)]
struct Slot {
    id: Option<i64>,
    lowest: String,
    highest: String,
}

/// Writes the kinds of rows down where they are new, puts them into the rows, and has them reach as far as the rows do.
pub(super) async fn assign<C: ConnectionTrait>(tx: &C, rows: &mut [Stock]) -> Result<(), Error> {
    let mut known: BTreeMap<Dimensions, Slot> =
        rows.iter().map(|row| (dimensions(row), Slot::default())).collect();
    look_up(tx, &mut known).await?;
    let new: Vec<ActiveModel> =
        known.iter().filter(|(_, slot)| slot.id.is_none()).map(|(kind, _)| active(kind)).collect();
    for some in new.chunks(INSERT_ROWS) {
        // Another node may write the same one at this moment.
        let insert =
            Entity::insert_many(some.to_vec()).on_conflict(OnConflict::new().do_nothing().to_owned());
        insert.exec_without_returning(tx).await?;
    }
    if !new.is_empty() {
        look_up(tx, &mut known).await?;
    }
    let mut wider: BTreeMap<i64, (String, String)> = BTreeMap::new();
    for row in rows {
        let slot = known.get(&dimensions(row)).ok_or(Error::Missing)?;
        row.kind_id = slot.id.ok_or(Error::Missing)?;
        if slot.lowest.is_empty() || row.e164 < slot.lowest || row.e164 > slot.highest {
            let (low, high) =
                wider.entry(row.kind_id).or_insert_with(|| (row.e164.clone(), row.e164.clone()));
            if row.e164 < *low {
                low.clone_from(&row.e164);
            }
            if row.e164 > *high {
                high.clone_from(&row.e164);
            }
        }
    }
    lock(tx, known.values().filter_map(|slot| slot.id).collect()).await?;
    widen(tx, wider).await
}

/// Locks kinds in order: their free numbers are about to be counted, and two that wait for one another are seldom.
async fn lock<C: ConnectionTrait>(tx: &C, kinds: Vec<i64>) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let query = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(kinds));
    query.order_by_asc(Column::Id).lock_exclusive().into_tuple::<i64>().all(tx).await?;
    Ok(())
}

/// Between which numbers all of a kind lie: it is never made narrower.
async fn widen<C: ConnectionTrait>(tx: &C, wider: BTreeMap<i64, (String, String)>) -> Result<(), Error> {
    for (kind, (low, high)) in wider {
        let mut text = Text::new(tx.get_database_backend());
        text.say("UPDATE stock_kinds SET lowest = CASE WHEN lowest = '' OR lowest > ").value(low.as_str());
        text.say(" THEN ").value(low.as_str()).say(" ELSE lowest END, highest = CASE WHEN highest < ");
        text.value(high.as_str()).say(" THEN ").value(high.as_str()).say(" ELSE highest END WHERE id = ");
        text.value(kind);
        tx.execute_raw(text.statement()).await?;
    }
    Ok(())
}

/// Finds the identifiers of kinds, by country, type and area code.
async fn look_up<C: ConnectionTrait>(tx: &C, known: &mut BTreeMap<Dimensions, Slot>) -> Result<(), Error> {
    let mut groups: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for kind in known.keys() {
        groups.entry((kind.2.clone(), kind.3.clone())).or_default().insert(kind.5.clone());
    }
    for ((country, number_type), codes) in groups {
        let codes: Vec<String> = codes.into_iter().collect();
        for some in codes.chunks(INSERT_ROWS) {
            let query = Entity::find().filter(Column::Country.eq(country.as_str()));
            let query = query.filter(Column::NumberType.eq(number_type.as_str()));
            for kind in query.filter(Column::AreaCode.is_in(some)).all(tx).await? {
                if let Some(slot) = known.get_mut(&of_kind(&kind)) {
                    *slot = Slot { id: Some(kind.id), lowest: kind.lowest, highest: kind.highest };
                }
            }
        }
    }
    Ok(())
}

fn dimensions(row: &Stock) -> Dimensions {
    (
        row.carrier_id,
        row.supplier_id.unwrap_or_default(),
        row.country.clone(),
        row.number_type.clone(),
        row.locality.clone().unwrap_or_default(),
        row.area_code.clone().unwrap_or_default(),
        row.calling.clone(),
        row.sms.clone(),
        row.monthly_micros,
        row.cost_micros,
        row.setup_micros,
        row.currency.clone(),
    )
}

fn of_kind(kind: &Kind) -> Dimensions {
    let kind = kind.clone();
    (
        kind.carrier_id,
        kind.supplier_id,
        kind.country,
        kind.number_type,
        kind.locality,
        kind.area_code,
        kind.calling,
        kind.sms,
        kind.monthly_micros,
        kind.cost_micros,
        kind.setup_micros,
        kind.currency,
    )
}

fn active(dimensions: &Dimensions) -> ActiveModel {
    let (
        carrier,
        supplier,
        country,
        number_type,
        locality,
        area_code,
        calling,
        sms,
        monthly,
        cost,
        setup,
        currency,
    ) = dimensions.clone();
    ActiveModel {
        id: NotSet,
        carrier_id: Set(carrier),
        supplier_id: Set(supplier),
        country: Set(country),
        number_type: Set(number_type),
        locality: Set(locality),
        area_code: Set(area_code),
        calling: Set(calling),
        sms: Set(sms),
        monthly_micros: Set(monthly),
        cost_micros: Set(cost),
        setup_micros: Set(setup),
        currency: Set(currency),
        free: NotSet,
        lowest: NotSet,
        highest: NotSet,
    }
}

/// The identifiers of the kinds of a carrier, as a query inside another one.
pub(super) fn of_carrier(carrier: Uuid) -> sea_orm::sea_query::SelectStatement {
    Query::select().column(Column::Id).from(Entity).and_where(Column::CarrierId.eq(carrier)).to_owned()
}
