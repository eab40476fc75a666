//! What tenants have used of a month's minutes, and the free ones that are set aside for calls that are up.

use crate::{Error, entity::usage_volume as volume, table::see};
use domain::{
    access::Scope,
    ids::TenantId,
    rating::{LineKind, Quote, UsedVolume},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use std::collections::BTreeMap;

/// What calls change: by tenant, month and kind of leg, milliseconds used, free ones used, and free ones set aside.
#[derive(Debug, Default)]
pub struct Changes(BTreeMap<(TenantId, String, LineKind), [i64; 3]>);

fn whole(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Changes {
    /// A call of a tenant begins by a quote: its free minutes are set aside.
    pub fn begin(&mut self, tenant: TenantId, quote: &Quote) {
        for line in &quote.lines {
            let Some(terms) = line.terms.as_deref().filter(|terms| !terms.month.is_empty()) else { continue };
            self.add((tenant, &terms.month, line.kind), [0, 0, whole(terms.free_ms())]);
        }
    }

    /// A call of a tenant that was quoted so is over: `duration_ms` of it are billed; `None` where it was not answered.
    pub fn end(&mut self, tenant: TenantId, quote: &Quote, duration_ms: Option<u64>) {
        for line in &quote.lines {
            let Some((month, billed_ms, free_ms)) = line.counted(duration_ms.unwrap_or_default()) else {
                continue;
            };
            let granted = line.terms.as_deref().map_or(0, |terms| terms.free_ms());
            let change = [whole(billed_ms), whole(free_ms), -whole(granted)];
            self.add((tenant, month, line.kind), change);
        }
    }

    fn add(&mut self, (tenant, month, kind): (TenantId, &str, LineKind), change: [i64; 3]) {
        let known = self.0.entry((tenant, month.to_owned(), kind)).or_default();
        for (sum, more) in known.iter_mut().zip(change) {
            *sum = sum.saturating_add(more);
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a tenant has used of a month, with these changes.
    #[must_use]
    pub fn upon(&self, tenant: TenantId, month: &str, before: &[UsedVolume]) -> Vec<UsedVolume> {
        let mut all = before.to_vec();
        for ((_, _, kind), [used, free, granted]) in
            self.0.iter().filter(|((of, in_month, _), _)| *of == tenant && in_month == month)
        {
            if !all.iter().any(|known| known.kind == *kind) {
                all.push(UsedVolume { kind: *kind, used_ms: 0, free_taken_ms: 0 });
            }
            for known in all.iter_mut().filter(|known| known.kind == *kind) {
                known.used_ms = known.used_ms.saturating_add_signed(*used);
                let taken = free.saturating_add(*granted);
                known.free_taken_ms = known.free_taken_ms.saturating_add_signed(taken);
            }
        }
        all
    }

    /// Writes the changes down.
    ///
    /// # Errors
    /// [`Error`] where the database fails, or a tenant is not seen.
    pub async fn write<C: ConnectionTrait>(&self, tx: &C, scope: &Scope) -> Result<(), Error> {
        for ((tenant, month, kind), [used, free, granted]) in &self.0 {
            see(scope, tenant.0)?;
            let row = volume::ActiveModel {
                tenant_id: Set(tenant.0),
                month: Set(month.clone()),
                kind: Set(kind.word().to_owned()),
                used_ms: Set(*used),
                free_used_ms: Set(*free),
                free_granted_ms: Set(*granted),
            };
            let sum =
                |column: volume::Column, more: i64| (column, Expr::col((volume::Entity, column)).add(more));
            let conflict =
                OnConflict::columns([volume::Column::TenantId, volume::Column::Month, volume::Column::Kind])
                    .values([
                        sum(volume::Column::UsedMs, *used),
                        sum(volume::Column::FreeUsedMs, *free),
                        sum(volume::Column::FreeGrantedMs, *granted),
                    ])
                    .to_owned();
            volume::Entity::insert(row).on_conflict(conflict).exec_without_returning(tx).await?;
        }
        Ok(())
    }
}

/// What a tenant has used of a month, by kind of leg.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn used<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    month: &str,
) -> Result<Vec<UsedVolume>, Error> {
    see(scope, tenant.0)?;
    let rows = volume::Entity::find()
        .filter(volume::Column::TenantId.eq(tenant.0))
        .filter(volume::Column::Month.eq(month))
        .all(on)
        .await?;
    let ms = |number: i64| Ord::max(number, 0).unsigned_abs();
    let mut all: Vec<UsedVolume> = rows
        .into_iter()
        .filter_map(|row| {
            Some(UsedVolume {
                kind: LineKind::leg(&row.kind)?,
                used_ms: ms(row.used_ms),
                free_taken_ms: ms(row.free_used_ms.saturating_add(row.free_granted_ms)),
            })
        })
        .collect();
    all.sort_by_key(|used| used.kind);
    Ok(all)
}
