//! One statement for many rows, in the same words on SQLite and PostgreSQL.
//!
//! The rows of a batch stand in `VALUES`, so that a table costs one statement however many calls share it. Their number is
//! rounded up with rows that are `NULL` throughout ([`SIZES`]), so that few texts exist and all stay prepared. What is the
//! same for all rows stands in the text, or is a value that they share.

use crate::Error;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use uuid::Uuid;

/// How many rows a statement has. Many more are written with several; with the widest table the largest stays below the
/// bound of values in one statement (SQLite 32,766, PostgreSQL 65,535).
const SIZES: [usize; 14] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, ROWS_MAX];
/// Rows of one statement.
const ROWS_MAX: usize = 128;

/// A statement with a place for rows. The first column of a row is never `NULL`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bulk {
    /// What stands before the rows, which are called `v (column1, column2, …)`; a `?` in it is a shared value.
    head: &'static str,
    /// What stands after them.
    tail: &'static str,
}

/// Rows for a [`Bulk`], all of the same width.
#[derive(Debug)]
pub(crate) struct Rows {
    width: usize,
    shared: Vec<Value>,
    values: Vec<Value>,
}

impl Rows {
    /// No rows of this width yet, with room for so many.
    pub(crate) fn new(width: usize, room: usize) -> Self {
        Self { width, shared: Vec::new(), values: Vec::with_capacity(width * padded(room)) }
    }

    /// With values that all rows share, for the `?` of the head in their order.
    pub(crate) fn sharing<const SHARED: usize>(self, shared: [Value; SHARED]) -> Self {
        Self { shared: shared.into(), ..self }
    }

    /// Adds a row.
    pub(crate) fn push<const WIDTH: usize>(&mut self, row: [Value; WIDTH]) {
        debug_assert_eq!(WIDTH, self.width, "a row is as wide as the others");
        self.values.extend(row);
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.values.len() / self.width
    }
}

/// The size of the statement for so many rows.
fn padded(rows: usize) -> usize {
    SIZES.into_iter().find(|size| *size >= rows).unwrap_or(ROWS_MAX)
}

/// So many new ids, each larger than the one before, from one draw of chance: a system call for a batch, not for each row.
pub(crate) fn ascending_ids() -> impl Iterator<Item = Uuid> {
    let first = Uuid::now_v7().as_u128();
    // The low 62 bits are the chance of a version 7 id; version and variant stand above.
    let (fixed, low) = (first >> 62 << 62, first << 66 >> 66);
    (0_u128..).map(move |more| Uuid::from_u128(fixed | (low + more) << 66 >> 66))
}

impl Bulk {
    /// A statement of these words.
    pub(crate) const fn new(head: &'static str, tail: &'static str) -> Self {
        Self { head, tail }
    }

    /// Runs it, for how many rows it changes.
    pub(crate) async fn run<C: ConnectionTrait>(self, on: &C, rows: Rows) -> Result<u64, Error> {
        let mut changed = 0;
        for statement in self.statements(on.get_database_backend(), rows) {
            changed += on.execute_raw(statement).await?.rows_affected();
        }
        Ok(changed)
    }

    /// Runs it, for what it returns.
    pub(crate) async fn fetch<C: ConnectionTrait>(
        self,
        on: &C,
        rows: Rows,
    ) -> Result<Vec<QueryResult>, Error> {
        let mut all = Vec::new();
        for statement in self.statements(on.get_database_backend(), rows) {
            all.append(&mut on.query_all_raw(statement).await?);
        }
        Ok(all)
    }

    fn statements(self, backend: DbBackend, rows: Rows) -> Vec<Statement> {
        let Rows { width, shared, mut values } = rows;
        let mut all = Vec::with_capacity(1);
        while !values.is_empty() {
            let rest = values.split_off(values.len().min(width * ROWS_MAX));
            let count = padded(values.len() / width);
            let nothing: Vec<Value> = values[..width].iter().map(Value::as_null).collect();
            while values.len() < count * width {
                values.extend(nothing.iter().cloned());
            }
            let text = self.text(backend, width, count);
            let mut bound = std::mem::replace(&mut values, rest);
            bound.splice(..0, shared.iter().cloned());
            all.push(Statement::from_sql_and_values(backend, text, bound));
        }
        all
    }

    fn text(self, backend: DbBackend, width: usize, count: usize) -> String {
        let is_postgres = backend == DbBackend::Postgres;
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + width * count * 4 + 64);
        let mut place = 0;
        let mut hole = |text: &mut String| {
            place += 1;
            if is_postgres {
                text.push('$');
                text.push_str(&place.to_string());
            } else {
                text.push('?');
            }
        };
        // A statement that fails is not undone by itself but with its transaction, so that SQLite need not keep a copy of
        // each page that it touches.
        let head = match self.head.strip_prefix("INSERT INTO") {
            Some(rest) if !is_postgres => {
                text.push_str("INSERT OR FAIL INTO");
                rest
            }
            _ => self.head,
        };
        for (at, part) in head.split('?').enumerate() {
            if at > 0 {
                hole(&mut text);
            }
            text.push_str(part);
        }
        text.push_str(" (VALUES ");
        for row in 0..count {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..width {
                if column > 0 {
                    text.push(',');
                }
                hole(&mut text);
            }
            text.push(')');
        }
        text.push_str(") AS v ");
        text.push_str(self.tail);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BULK: Bulk =
        Bulk::new("INSERT INTO t (a, b, c) SELECT column1, ?, column2 FROM", "WHERE column1 IS NOT NULL");

    fn rows(count: i64) -> Rows {
        let mut rows = Rows::new(2, 1).sharing(["all".into()]);
        for row in 0..count {
            rows.push([Value::from(row), Value::from("b")]);
        }
        rows
    }

    #[test]
    fn rows_are_filled_up_with_rows_of_nothing_and_share_what_is_the_same() {
        let [statement] = BULK.statements(DbBackend::Sqlite, rows(5)).try_into().expect("one statement");
        let wanted = "INSERT OR FAIL INTO t (a, b, c) SELECT column1, ?, column2 FROM \
                      (VALUES (?,?),(?,?),(?,?),(?,?),(?,?),(?,?)) AS v WHERE column1 IS NOT NULL";
        assert_eq!(statement.sql, wanted);
        let values = statement.values.expect("values").0;
        assert_eq!((values.len(), &values[0]), (13, &Value::from("all")));
        assert_eq!(values[11..], [Value::BigInt(None), Value::String(None)]);
        let [statement] = BULK.statements(DbBackend::Postgres, rows(2)).try_into().expect("one statement");
        assert!(statement.sql.starts_with("INSERT INTO t (a, b, c) SELECT column1, $1, column2"));
        assert!(statement.sql.contains("(VALUES ($2,$3),($4,$5)) AS v"));
    }

    #[test]
    fn many_rows_take_several_statements_and_none_takes_none() {
        assert!(BULK.statements(DbBackend::Sqlite, rows(0)).is_empty());
        let sizes: Vec<usize> = BULK
            .statements(DbBackend::Sqlite, rows(133))
            .into_iter()
            .map(|statement| statement.values.expect("values").0.len() / 2)
            .collect();
        assert_eq!(sizes, [128, 6]);
    }

    #[test]
    fn ids_of_one_draw_ascend_and_are_of_version_7() {
        let ids: Vec<Uuid> = ascending_ids().take(1_000).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        assert!(ids.windows(2).filter(|pair| pair[0] < pair[1]).count() >= 998);
    }
}
