//! The entries of a period: what a tenant was charged.
//!
//! An entry belongs to a period by its id, which it is given while the tenant's account is locked, and by the time of
//! what it is for. So what is settled late, after its period was closed, belongs to the next one.

use crate::{
    Error,
    calls::Call,
    entity::{entry, lease},
    ledger::unreadable,
    table::see,
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::Scope,
    ids::{EntryId, TenantId},
    ledger::EntryKind,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use std::collections::HashMap;
use uuid::Uuid;

/// The kinds that an invoice has lines for.
const CHARGES: [&str; 3] = [EntryKind::Setup.word(), EntryKind::Lease.word(), EntryKind::Usage.word()];
/// How much older an entry's id may be than what it is for: clocks of nodes differ, by far less.
const SKEW: Duration = Duration::days(1);

/// Which entries of a tenant a period has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whose.
    pub tenant: TenantId,
    /// No entry of it has a smaller id.
    pub scan_from: Uuid,
    /// Entries with smaller ids are in it where they happened at its start or later.
    pub from_id: Uuid,
    /// When it began.
    pub starts_at: DateTime<Utc>,
    /// Before when they happened; `None` is any time.
    pub ends_at: Option<DateTime<Utc>>,
    /// Below which their ids are.
    pub upto: Uuid,
}

/// The smallest id that can be made at a time.
#[must_use]
pub fn bound(at: DateTime<Utc>) -> Uuid {
    Uuid::from_u128(u128::from(u64::try_from(at.timestamp_millis()).unwrap_or_default()) << 80)
}

/// The smallest id that an entry of a period can have that begins at a time and after an id.
#[must_use]
pub fn scan_start(starts_at: DateTime<Utc>, from_id: Uuid) -> Uuid {
    Ord::min(bound(starts_at - SKEW), from_id)
}

/// What a tenant was charged.
#[derive(Debug, Clone)]
pub struct Charged {
    /// The entry.
    pub entry: EntryId,
    /// What for.
    pub kind: EntryKind,
    /// Micro-units; negative for debits.
    pub amount_micros: i64,
    /// What the journal says, for people.
    pub description: String,
    /// The number, of what is for one.
    pub number: Option<String>,
    /// The call, of usage.
    pub call: Option<Call>,
}

impl Span {
    fn condition(&self) -> Condition {
        use entry::Column;
        let reversed = Query::select()
            .column(Column::Id)
            .from_as("entries", "reversed")
            .and_where(Expr::col(("reversed", Column::Kind)).is_in(CHARGES))
            .and_where(Expr::col(("reversed", Column::TenantId)).eq(self.tenant.0))
            .to_owned();
        let reversal = Condition::all()
            .add(Column::Kind.eq(EntryKind::Reversal.word()))
            .add(Column::ReversesId.in_subquery(reversed));
        Condition::all()
            .add(Column::TenantId.eq(self.tenant.0))
            .add(Column::Id.gte(self.scan_from))
            .add(Column::Id.lt(self.upto))
            .add_option(self.ends_at.map(|at| Column::At.lt(at)))
            .add(Condition::any().add(Column::Id.gte(self.from_id)).add(Column::At.gte(self.starts_at)))
            .add(Column::InvoiceId.is_null())
            .add(Condition::any().add(Column::Kind.is_in(CHARGES)).add(reversal))
    }
}

/// What a span's entries come to, micro-units: negative where something was charged.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn charges_sum<C: ConnectionTrait>(on: &C, scope: &Scope, span: &Span) -> Result<i64, Error> {
    see(scope, span.tenant.0)?;
    let sum = Expr::col(entry::Column::AmountMicros).sum().cast_as("BIGINT");
    let query = entry::Entity::find().filter(span.condition()).select_only().expr_as(sum, "sum");
    let sum: Option<Option<i64>> = query.into_tuple().one(on).await?;
    Ok(sum.flatten().unwrap_or_default())
}

/// A span's entries, oldest first, after one of them.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, the database fails, or holds what cannot be read.
pub async fn charges<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    span: &Span,
    after: Option<EntryId>,
    limit: u64,
) -> Result<Vec<Charged>, Error> {
    see(scope, span.tenant.0)?;
    let mut query = entry::Entity::find().filter(span.condition());
    if let Some(after) = after {
        query = query.filter(entry::Column::Id.gt(after.0));
    }
    let rows = query.order_by_asc(entry::Column::Id).limit(limit).all(on).await?;
    let calls = crate::calls::of_ids(on, scope, rows.iter().filter_map(|row| row.call_id).collect()).await?;
    let mut calls: HashMap<Uuid, Call> = calls.into_iter().map(|call| (call.id.0, call)).collect();
    let numbers = numbers(on, &rows).await?;
    let texts = texts(on, &rows).await?;
    let charged = |row: entry::Model| {
        Ok(Charged {
            entry: EntryId(row.id),
            kind: EntryKind::from_word(&row.kind).ok_or_else(|| unreadable("entries.kind"))?,
            amount_micros: row.amount_micros,
            description: texts.get(&row.journal_id).cloned().unwrap_or_default(),
            number: row.number_id.and_then(|id| numbers.get(&id).cloned()),
            call: row.call_id.and_then(|id| calls.remove(&id)),
        })
    };
    rows.into_iter().map(charged).collect()
}

async fn numbers<C: ConnectionTrait>(on: &C, rows: &[entry::Model]) -> Result<HashMap<Uuid, String>, Error> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.number_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = lease::Entity::find().filter(lease::Column::Id.is_in(ids)).select_only();
    let found: Vec<(Uuid, String)> =
        query.columns([lease::Column::Id, lease::Column::E164]).into_tuple().all(on).await?;
    Ok(found.into_iter().collect())
}

/// What journals say; those of calls are shared by many, and say nothing of one.
async fn texts<C: ConnectionTrait>(on: &C, rows: &[entry::Model]) -> Result<HashMap<Uuid, String>, Error> {
    let usage = EntryKind::Usage.word();
    let ids: Vec<Uuid> = rows.iter().filter(|row| row.kind != usage).map(|row| row.journal_id).collect();
    crate::ledger::descriptions(on, ids).await
}
