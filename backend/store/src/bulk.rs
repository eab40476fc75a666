//! One statement for many rows, in the same words on SQLite and PostgreSQL.
//!
//! The rows of a batch stand in `VALUES`, so that a table costs one statement however many calls share it. Their number is
//! rounded up to a power of two with rows that are `NULL` throughout, so that few texts exist and all stay prepared.

use crate::Error;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

/// Rows of one statement; more are written with several. A power of two: with the widest table it stays below the
/// bound of values in one statement (SQLite 32,766, PostgreSQL 65,535).
const ROWS_MAX: usize = 128;

/// A statement with a place for rows. The first column of a row is never `NULL`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bulk {
    /// What stands before the rows, which are called `v (column1, column2, …)`.
    pub(crate) head: &'static str,
    /// What stands after them.
    pub(crate) tail: &'static str,
}

/// Rows for a [`Bulk`], all of the same width.
#[derive(Debug)]
pub(crate) struct Rows {
    width: usize,
    values: Vec<Value>,
}

impl Rows {
    /// No rows of this width yet, with room for so many.
    pub(crate) fn new(width: usize, room: usize) -> Self {
        Self { width, values: Vec::with_capacity(width * room.next_power_of_two().min(ROWS_MAX)) }
    }

    /// Adds a row.
    pub(crate) fn push<const WIDTH: usize>(&mut self, row: [Value; WIDTH]) {
        debug_assert_eq!(WIDTH, self.width, "a row is as wide as the others");
        self.values.extend(row);
    }
}

impl Bulk {
    /// A statement of these words.
    pub(crate) const fn new(head: &'static str, tail: &'static str) -> Self {
        Self { head, tail }
    }

    /// Runs it, for what it changes.
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
        let Rows { width, mut values } = rows;
        let mut all = Vec::with_capacity(1);
        while !values.is_empty() {
            let rest = values.split_off(values.len().min(width * ROWS_MAX));
            let count = (values.len() / width).next_power_of_two();
            let nothing: Vec<Value> = values[..width].iter().map(Value::as_null).collect();
            while values.len() < count * width {
                values.extend(nothing.iter().cloned());
            }
            let text = self.text(backend, width, count);
            all.push(Statement::from_sql_and_values(backend, text, std::mem::replace(&mut values, rest)));
        }
        all
    }

    fn text(self, backend: DbBackend, width: usize, count: usize) -> String {
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + width * count * 4 + 64);
        text.push_str(self.head);
        text.push_str(" (VALUES ");
        for row in 0..count {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..width {
                if column > 0 {
                    text.push(',');
                }
                if backend == DbBackend::Postgres {
                    text.push('$');
                    text.push_str(&(row * width + column + 1).to_string());
                } else {
                    text.push('?');
                }
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

    const BULK: Bulk = Bulk::new("INSERT INTO t (a, b) SELECT * FROM", "WHERE column1 IS NOT NULL");

    fn rows(count: i64) -> Rows {
        let mut rows = Rows::new(2, 1);
        for row in 0..count {
            rows.push([Value::from(row), Value::from("b")]);
        }
        rows
    }

    #[test]
    fn rows_are_filled_up_to_a_power_of_two_with_rows_of_nothing() {
        let [statement] = BULK.statements(DbBackend::Sqlite, rows(3)).try_into().expect("one statement");
        let wanted = "INSERT INTO t (a, b) SELECT * FROM (VALUES (?,?),(?,?),(?,?),(?,?)) AS v WHERE column1 IS NOT NULL";
        assert_eq!(statement.sql, wanted);
        let values = statement.values.expect("values").0;
        assert_eq!(values.len(), 8);
        assert_eq!(values[6..], [Value::BigInt(None), Value::String(None)]);
        let [statement] = BULK.statements(DbBackend::Postgres, rows(2)).try_into().expect("one statement");
        assert!(statement.sql.contains("(VALUES ($1,$2),($3,$4)) AS v"));
    }

    #[test]
    fn many_rows_take_several_statements_and_none_takes_none() {
        assert!(BULK.statements(DbBackend::Sqlite, rows(0)).is_empty());
        let sizes: Vec<usize> = BULK
            .statements(DbBackend::Sqlite, rows(130))
            .into_iter()
            .map(|statement| statement.values.expect("values").0.len() / 2)
            .collect();
        assert_eq!(sizes, [128, 2]);
    }
}
