//! Free numbers are found: by kind, by their first digits, by digits that they contain. Each query walks an index and stops
//! at its limit; none sorts or counts what it finds.

use super::{FREE, Stock};
use crate::{
    Error,
    entity::stock::{Column, Entity},
};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
    sea_query::{LockBehavior, LockType},
};
use std::fmt::Write as _;

/// Digits of a text that a number contains, at least: an index of three digits each serves them.
pub const CONTAINED_MIN: usize = 3;
/// Kinds among which digits are looked for.
pub const KINDS_LOOKED_AT: usize = 10_000;
/// Numbers that a search for contained digits looks at on a PostgreSQL without trigrams.
const LOOKED_AT: u64 = 100_000;

/// What a number looks like; what is empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// With what it begins, after the `+`; each will do.
    pub prefixes: Vec<String>,
    /// Digits that it contains somewhere after the `+`, [`CONTAINED_MIN`] at least; nothing is any.
    pub contains: String,
    /// Country, first letter of the type and area code in one word, as far as they are known: narrows digits.
    pub kind: String,
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

/// Free numbers of these kinds that look like a pattern, as many as `limit`, in no order. The kinds are
/// [`KINDS_LOOKED_AT`] at most.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn matching<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    kinds: &[i64],
    pattern: &Pattern,
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    let kinds = &kinds[..kinds.len().min(KINDS_LOOKED_AT)];
    if kinds.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut text = Text::new(on.get_database_backend());
    match (pattern.contains.is_empty(), text.backend) {
        (true, _) => beginning(&mut text, kinds, pattern, limit),
        (false, DbBackend::Sqlite) => trigrams(&mut text, kinds, pattern, limit),
        (false, _) => containing(on, &mut text, kinds, pattern, limit).await?,
    }
    let rows = on.query_all_raw(text.statement()).await?;
    Ok(rows.iter().map(|row| Stock::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// A statement that is being written, with `?` or `$n` where its values go.
struct Text {
    backend: DbBackend,
    sql: String,
    values: Vec<Value>,
}

impl Text {
    const fn new(backend: DbBackend) -> Self {
        Self { backend, sql: String::new(), values: Vec::new() }
    }

    fn say(&mut self, words: &str) -> &mut Self {
        self.sql.push_str(words);
        self
    }

    fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Sqlite {
            self.sql.push('?');
        } else {
            // Writing to a text does not fail.
            let _ = write!(self.sql, "${}", self.values.len());
        }
        self
    }

    /// `kind_id IN (…)` with the kinds in the text: they are our own numbers.
    fn of_kinds(&mut self, kinds: &[i64]) -> &mut Self {
        let list = kinds.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        self.say("s.kind_id IN (").say(&list).say(") AND s.state = ").value(FREE)
    }

    /// ` AND (s.e164 >= … AND s.e164 < … OR …)`: ranges of the key, not LIKE; after the digits comes the colon.
    fn in_prefixes(&mut self, prefixes: &[String]) -> &mut Self {
        for (index, prefix) in prefixes.iter().enumerate() {
            self.say(if index == 0 { " AND (" } else { " OR " });
            self.say("(s.e164 >= ").value(format!("+{prefix}"));
            self.say(" AND s.e164 < ").value(format!("+{prefix}:")).say(")");
        }
        if prefixes.is_empty() { self } else { self.say(")") }
    }

    fn limit(&mut self, rows: u64) -> &mut Self {
        self.say(" LIMIT ").say(&rows.to_string())
    }

    fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.sql, self.values)
    }
}

/// One turn through the kinds for each prefix, on the index of kind, state and number.
fn beginning(text: &mut Text, kinds: &[i64], pattern: &Pattern, limit: u64) {
    let all: &[&[String]] = &[&[]];
    let widest = pattern.widest();
    let each: Vec<&[String]> = widest.chunks(1).collect();
    text.say("SELECT * FROM (");
    for (index, prefix) in if each.is_empty() { all } else { &each }.iter().enumerate() {
        text.say(if index == 0 { "" } else { " UNION ALL " });
        text.say("SELECT * FROM (SELECT s.* FROM stock s WHERE ").of_kinds(kinds).in_prefixes(prefix);
        text.limit(limit).say(&format!(") AS p{index}"));
    }
    text.say(") AS found").limit(limit);
}

/// Over the index of trigrams: its rows are the free numbers themselves.
fn trigrams(text: &mut Text, kinds: &[i64], pattern: &Pattern, limit: u64) {
    let mut words = format!("digits : \"{}\"", pattern.contains);
    if pattern.kind.len() >= CONTAINED_MIN {
        words = format!("kind : \"{}\" AND {words}", pattern.kind);
    }
    if !pattern.prefixes.is_empty() && pattern.prefixes.iter().all(|prefix| prefix.len() >= CONTAINED_MIN) {
        let begins: Vec<String> =
            pattern.prefixes.iter().map(|prefix| format!("digits : ^\"{prefix}\"")).collect();
        words = format!("{words} AND ({})", begins.join(" OR "));
    }
    text.say("SELECT s.* FROM stock_digits f CROSS JOIN stock s ON s.e164 = '+' || f.rowid WHERE f.stock_digits MATCH ");
    // The plus keeps the index of kinds out of it: each number is looked up by itself.
    text.value(words).say(" AND +").of_kinds(kinds).in_prefixes(&pattern.prefixes).limit(limit);
}

/// PostgreSQL: over `pg_trgm` where it is there, else among so many numbers of the kinds.
async fn containing<C: ConnectionTrait>(
    on: &C,
    text: &mut Text,
    kinds: &[i64],
    pattern: &Pattern,
    limit: u64,
) -> Result<(), Error> {
    let known = "SELECT to_regclass('stock_trigrams') IS NOT NULL AS known";
    let row = on.query_one_raw(Statement::from_string(text.backend, known)).await?;
    let has_trigrams = row.map_or(Ok(false), |row| row.try_get::<bool>("", "known"))?;
    let like = format!("%{}%", pattern.contains);
    if has_trigrams {
        text.say("SELECT s.* FROM stock s WHERE s.e164 LIKE ").value(like).say(" AND ").of_kinds(kinds);
        text.in_prefixes(&pattern.prefixes).limit(limit);
    } else {
        text.say("SELECT * FROM (SELECT s.* FROM stock s WHERE ").of_kinds(kinds);
        text.in_prefixes(&pattern.prefixes).limit(LOOKED_AT);
        text.say(") AS s WHERE s.e164 LIKE ").value(like).limit(limit);
    }
    Ok(())
}
