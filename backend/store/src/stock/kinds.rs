//! Kinds: what numbers of the stock have in common stands once, so that what is for sale is said without counting numbers.

use crate::{
    Error,
    entity::{
        stock,
        stock_kind::{ActiveModel, Column, Entity},
    },
    table::INSERT_ROWS,
};
use domain::access::Scope;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::{FREE, Stock, Wanted};
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
    Ok(for_sale(wanted).all(on).await?)
}

/// The same kinds by identifier and monthly price alone: a large country has thousands, and a search wants no more of
/// them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn priced_kinds<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    wanted: &Wanted,
) -> Result<Vec<(i64, i64)>, Error> {
    let query = for_sale(wanted).select_only().column(Column::Id).column(Column::MonthlyMicros);
    Ok(query.into_tuple().all(on).await?)
}

fn for_sale(wanted: &Wanted) -> Select<Entity> {
    let free = Query::select()
        .expr(Expr::val(1))
        .from(stock::Entity)
        .and_where(Expr::col((stock::Entity, stock::Column::KindId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((stock::Entity, stock::Column::State)).eq(FREE))
        .to_owned();
    let query = find(wanted).filter(Expr::exists(free)).order_by_asc(Column::MonthlyMicros);
    query.order_by_asc(Column::CostMicros).limit(KINDS_MAX)
}

/// Whether there is, or was, a number of the kind: sold ones count.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn is_known<C: ConnectionTrait>(on: &C, _scope: &Scope, wanted: &Wanted) -> Result<bool, Error> {
    Ok(find(wanted).limit(1).one(on).await?.is_some())
}

/// Writes the kinds of rows down where they are new, and puts them into the rows.
pub(super) async fn assign<C: ConnectionTrait>(tx: &C, rows: &mut [Stock]) -> Result<(), Error> {
    let mut known: BTreeMap<Dimensions, Option<i64>> =
        rows.iter().map(|row| (dimensions(row), None)).collect();
    look_up(tx, &mut known).await?;
    let new: Vec<ActiveModel> =
        known.iter().filter(|(_, id)| id.is_none()).map(|(kind, _)| active(kind)).collect();
    for some in new.chunks(INSERT_ROWS) {
        // Another node may write the same one at this moment.
        let insert =
            Entity::insert_many(some.to_vec()).on_conflict(OnConflict::new().do_nothing().to_owned());
        insert.exec_without_returning(tx).await?;
    }
    if !new.is_empty() {
        look_up(tx, &mut known).await?;
    }
    for row in rows {
        row.kind_id = known.get(&dimensions(row)).copied().flatten().ok_or(Error::Missing)?;
    }
    Ok(())
}

/// Finds the identifiers of kinds, country by country and type by type.
async fn look_up<C: ConnectionTrait>(
    tx: &C,
    known: &mut BTreeMap<Dimensions, Option<i64>>,
) -> Result<(), Error> {
    let groups: BTreeSet<(String, String)> =
        known.keys().map(|kind| (kind.2.clone(), kind.3.clone())).collect();
    for (country, number_type) in groups {
        let query = Entity::find().filter(Column::Country.eq(country));
        for kind in query.filter(Column::NumberType.eq(number_type)).all(tx).await? {
            if let Some(id) = known.get_mut(&of_kind(&kind)) {
                *id = Some(kind.id);
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
    }
}

fn find(wanted: &Wanted) -> Select<Entity> {
    Entity::find().filter(conditions(wanted))
}

/// The kinds that will do.
fn conditions(wanted: &Wanted) -> Condition {
    let mut all = Condition::all();
    let exact = [
        (Column::Country, &wanted.country),
        (Column::NumberType, &wanted.number_type),
        (Column::AreaCode, &wanted.area_code),
        (Column::Locality, &wanted.locality),
    ];
    for (column, value) in exact {
        if let Some(value) = value {
            all = all.add(column.eq(value));
        }
    }
    for (column, words) in [(Column::Calling, &wanted.calling), (Column::Sms, &wanted.sms)] {
        if !words.is_empty() {
            all = all.add(column.is_in(words));
        }
    }
    if let Some(carrier) = wanted.carrier {
        all = all.add(Column::CarrierId.eq(carrier));
    }
    if let Some(carrier) = wanted.not_carrier {
        all = all.add(Column::CarrierId.ne(carrier));
    }
    if wanted.own {
        all = all.add(Column::SupplierId.eq(Uuid::nil()));
    }
    all
}

/// The identifiers of the kinds of a carrier, as a query inside another one.
pub(super) fn of_carrier(carrier: Uuid) -> sea_orm::sea_query::SelectStatement {
    Query::select().column(Column::Id).from(Entity).and_where(Column::CarrierId.eq(carrier)).to_owned()
}
