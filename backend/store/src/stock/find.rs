//! Free numbers are found: by kind, by their first digits, by digits that they contain. Each query walks an index and stops
//! at its limit; none sorts or counts what it finds.

use super::{FREE, Stock, Wanted, kinds, text::Text};
use crate::{
    Error,
    entity::stock::{Column, Entity},
};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
    sea_query::{LockBehavior, LockType},
};

/// Digits of a text that a number contains, at least: an index of three digits each serves them.
pub const CONTAINED_MIN: usize = 3;
/// Kinds among which numbers are looked for, the cheapest ones.
pub const KINDS_LOOKED_AT: u64 = 20_000;
/// Numbers that a search for contained digits looks at on a PostgreSQL without trigrams.
const LOOKED_AT: u64 = 100_000;

/// What a number looks like; what is empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// With what it begins, after the `+`; each will do.
    pub prefixes: Vec<String>,
    /// Digits that it contains somewhere after the `+`, [`CONTAINED_MIN`] at least; nothing is any.
    pub contains: String,
}

impl Pattern {
    /// Whether it fits every number.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.prefixes.is_empty() && self.contains.is_empty()
    }

    /// The prefixes without those that another one covers: no number stands in two of them.
    fn widest(&self) -> Vec<String> {
        let mut widest: Vec<String> = Vec::new();
        let mut sorted = self.prefixes.clone();
        sorted.sort();
        for prefix in sorted {
            if !widest.last().is_some_and(|wider| prefix.starts_with(wider)) {
                widest.push(prefix);
            }
        }
        widest
    }

    /// Whether a number (with its `+`) looks like it.
    #[must_use]
    pub fn fits(&self, e164: &str) -> bool {
        let digits = e164.strip_prefix('+').unwrap_or(e164);
        let begins =
            self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| digits.starts_with(prefix));
        begins && digits.contains(&self.contains)
    }
}

/// Free numbers of a kind, as many as `limit`, upwards from a number that the caller chooses and then from the lowest:
/// searches that choose at random seldom meet. On PostgreSQL numbers that another transaction is taking are passed over,
/// and those that are found are locked.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn free<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    kind: i64,
    from: &str,
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    let query = || {
        let query = Entity::find().filter(Column::KindId.eq(kind)).filter(Column::State.eq(FREE));
        query.order_by_asc(Column::E164).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
    };
    // By key, not by offset: PostgreSQL would lock what an offset passes over.
    let mut found = query().filter(Column::E164.gte(from)).limit(limit).all(tx).await?;
    let missing = limit.saturating_sub(found.len() as u64);
    if missing > 0 && !from.is_empty() {
        found.extend(query().filter(Column::E164.lt(from)).limit(missing).all(tx).await?);
    }
    Ok(found)
}

/// The lowest and the highest free number of a kind; `None` where none is free.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn ends<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    kind: i64,
) -> Result<Option<(String, String)>, Error> {
    let query = || {
        let query = Entity::find().select_only().column(Column::E164).filter(Column::KindId.eq(kind));
        query.filter(Column::State.eq(FREE)).limit(1)
    };
    let lowest = query().order_by_asc(Column::E164).into_tuple::<String>().one(on).await?;
    let highest = query().order_by_desc(Column::E164).into_tuple::<String>().one(on).await?;
    Ok(lowest.zip(highest))
}

/// Free numbers that look like a pattern, as many as `limit`; where there are more, none that costs more than one that is
/// left out (of those that contain digits: more than the cheapest).
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn matching<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
    pattern: &Pattern,
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let search = Search { wanted, pattern, limit };
    if pattern.contains.is_empty() {
        return search.read(on, search.beginning(on.get_database_backend())).await;
    }
    let Some(cheapest) = kinds::cheapest(on, scope, wanted, (0, 1)).await?.pop() else {
        return Ok(Vec::new());
    };
    let mut found = search.containing(on, ("=", cheapest.monthly_micros)).await?;
    let limit = limit.saturating_sub(found.len() as u64);
    if limit > 0 {
        found.extend(Search { limit, ..search }.containing(on, (">", cheapest.monthly_micros)).await?);
    }
    Ok(found)
}

/// What numbers are looked for.
#[derive(Clone, Copy)]
struct Search<'a> {
    wanted: &'a Wanted,
    pattern: &'a Pattern,
    limit: u64,
}

impl Search<'_> {
    async fn read<C: ConnectionTrait>(&self, on: &C, text: Text) -> Result<Vec<Stock>, Error> {
        let rows = on.query_all_raw(text.statement()).await?;
        Ok(rows.iter().map(|row| Stock::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    /// For each prefix a turn through the kinds that reach it, cheapest first, which ends at the limit.
    fn beginning(&self, backend: DbBackend) -> Text {
        let mut text = Text::new(backend);
        let widest = self.pattern.widest();
        let each: Vec<&[String]> = if widest.is_empty() { vec![&[]] } else { widest.chunks(1).collect() };
        text.say("SELECT * FROM (");
        for (index, prefix) in each.into_iter().enumerate() {
            text.say(if index == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
            self.turn(&mut text, prefix, self.limit);
            text.say(&format!(") AS p{index}"));
        }
        text.say(") AS found ORDER BY monthly_micros, cost_micros").limit(self.limit);
        text
    }

    /// Kinds, then numbers of each: SQLite takes the tables in the order in which they stand, and so the cheapest kind first.
    fn turn(&self, text: &mut Text, prefix: &[String], limit: u64) {
        text.say("SELECT s.* FROM (SELECT k.id, k.monthly_micros, k.cost_micros FROM stock_kinds k WHERE ");
        text.on_sale(self.wanted);
        if let Some(prefix) = prefix.first() {
            text.reaching(prefix);
        }
        text.say(" ORDER BY k.monthly_micros, k.cost_micros").limit(KINDS_LOOKED_AT);
        if text.backend == DbBackend::Sqlite {
            text.say(") AS k CROSS JOIN stock s WHERE s.kind_id = k.id").free().in_prefixes(prefix);
            text.limit(limit);
        } else {
            text.say(") AS k CROSS JOIN LATERAL (SELECT * FROM stock s WHERE s.kind_id = k.id").free();
            text.in_prefixes(prefix).limit(limit);
            text.say(") AS s ORDER BY k.monthly_micros, k.cost_micros").limit(limit);
        }
    }

    /// Numbers of some prices that contain digits.
    async fn containing<C: ConnectionTrait>(
        &self,
        on: &C,
        (than, monthly): (&str, i64),
    ) -> Result<Vec<Stock>, Error> {
        let mut text = Text::new(on.get_database_backend());
        let like = format!("%{}%", self.pattern.contains);
        if text.backend == DbBackend::Sqlite {
            text.say("SELECT s.* FROM stock_digits f CROSS JOIN stock s ON s.e164 = '+' || f.rowid ");
            text.say("CROSS JOIN stock_kinds k ON k.id = s.kind_id WHERE f.stock_digits MATCH ");
            text.value(self.trigrams()).say(" AND ").on_sale(self.wanted);
        } else if has_trigrams(on).await? {
            text.say("SELECT s.* FROM stock s JOIN stock_kinds k ON k.id = s.kind_id WHERE s.e164 LIKE ");
            text.value(like).say(" AND ").on_sale(self.wanted);
        } else {
            text.say("SELECT s.* FROM (");
            self.turn(&mut text, &[], LOOKED_AT);
            text.say(") AS s JOIN stock_kinds k ON k.id = s.kind_id WHERE s.e164 LIKE ").value(like);
        }
        text.say(&format!(" AND k.monthly_micros {than} ")).value(monthly);
        text.free().in_prefixes(&self.pattern.prefixes).limit(self.limit);
        self.read(on, text).await
    }

    /// What the index of trigrams is asked: its rows are the free numbers themselves. Country, first letter of the type and
    /// area code are one word in it.
    fn trigrams(&self) -> String {
        let mut words = format!("digits : \"{}\"", self.pattern.contains);
        if let (Some(country), Some(kind)) = (&self.wanted.country, &self.wanted.number_type) {
            let kind: String = kind.chars().take(1).collect();
            let code = self.wanted.area_code.as_deref().unwrap_or_default();
            let kind = format!("{country}{kind}{code}").replace('"', "\"\"");
            words = format!("kind : \"{kind}\" AND {words}");
        }
        let prefixes = &self.pattern.prefixes;
        if !prefixes.is_empty() && prefixes.iter().all(|prefix| prefix.len() >= CONTAINED_MIN) {
            let begins: Vec<String> =
                prefixes.iter().map(|prefix| format!("digits : ^\"{prefix}\"")).collect();
            words = format!("{words} AND ({})", begins.join(" OR "));
        }
        words
    }
}

/// Whether this PostgreSQL has trigrams.
async fn has_trigrams<C: ConnectionTrait>(on: &C) -> Result<bool, Error> {
    let known = "SELECT to_regclass('stock_trigrams') IS NOT NULL AS known";
    let row = on.query_one_raw(Statement::from_string(on.get_database_backend(), known)).await?;
    Ok(row.map_or(Ok(false), |row| row.try_get::<bool>("", "known"))?)
}
