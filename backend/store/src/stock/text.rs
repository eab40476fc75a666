//! Statements that are written by hand, where the order of the tables is what makes them fast.

use super::{FREE, Wanted};
use sea_orm::{DbBackend, Statement, Value};
use std::fmt::Write as _;
use uuid::Uuid;

/// A statement that is being written, with `?` or `$n` where its values go.
pub(super) struct Text {
    pub(super) backend: DbBackend,
    sql: String,
    values: Vec<Value>,
}

impl Text {
    pub(super) const fn new(backend: DbBackend) -> Self {
        Self { backend, sql: String::new(), values: Vec::new() }
    }

    pub(super) fn say(&mut self, words: &str) -> &mut Self {
        self.sql.push_str(words);
        self
    }

    pub(super) fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Sqlite {
            self.sql.push('?');
        } else {
            // Writing to a text does not fail.
            let _ = write!(self.sql, "${}", self.values.len());
        }
        self
    }

    /// `k.free > 0 AND …`: kinds that will do and of which something is free. The zero stands in the text, so that the index
    /// of what is for sale is known to serve.
    pub(super) fn on_sale(&mut self, wanted: &Wanted) -> &mut Self {
        self.say("k.free > 0").fitting(wanted)
    }

    /// ` AND k.country = … AND …`: kinds that will do.
    pub(super) fn fitting(&mut self, wanted: &Wanted) -> &mut Self {
        for (column, value) in [
            ("country", &wanted.country),
            ("number_type", &wanted.number_type),
            ("area_code", &wanted.area_code),
            ("locality", &wanted.locality),
        ] {
            if let Some(value) = value {
                self.say(" AND k.").say(column).say(" = ").value(value.as_str());
            }
        }
        for (column, words) in [
            ("number_type", &wanted.number_types),
            ("locality", &wanted.localities),
            ("calling", &wanted.calling),
            ("sms", &wanted.sms),
        ] {
            for (index, word) in words.iter().enumerate() {
                let begin = format!(" AND k.{column} IN (");
                self.say(if index == 0 { &begin } else { ", " }).value(word.as_str());
            }
            self.say(if words.is_empty() { "" } else { ")" });
        }
        if let Some(carrier) = wanted.carrier {
            self.say(" AND k.carrier_id = ").value(carrier);
        }
        if let Some(carrier) = wanted.not_carrier {
            self.say(" AND k.carrier_id <> ").value(carrier);
        }
        if wanted.own {
            self.say(" AND k.supplier_id = ").value(Uuid::nil());
        }
        self
    }

    /// ` AND s.state = …`: the number is free.
    pub(super) fn free(&mut self) -> &mut Self {
        self.say(" AND s.state = ").value(FREE)
    }

    /// ` AND (s.e164 >= … AND s.e164 < … OR …)`: ranges of the key, not LIKE; after the digits comes the colon.
    pub(super) fn in_prefixes(&mut self, prefixes: &[String]) -> &mut Self {
        for (index, prefix) in prefixes.iter().enumerate() {
            self.say(if index == 0 { " AND (" } else { " OR " });
            self.say("(s.e164 >= ").value(format!("+{prefix}"));
            self.say(" AND s.e164 < ").value(format!("+{prefix}:")).say(")");
        }
        if prefixes.is_empty() { self } else { self.say(")") }
    }

    /// ` AND k.highest >= … AND k.lowest < …`: a number of the kind may begin so.
    pub(super) fn reaching(&mut self, prefix: &str) -> &mut Self {
        self.say(" AND k.highest >= ").value(format!("+{prefix}"));
        self.say(" AND k.lowest < ").value(format!("+{prefix}:"))
    }

    pub(super) fn limit(&mut self, rows: u64) -> &mut Self {
        self.say(" LIMIT ").say(&rows.to_string())
    }

    pub(super) fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.sql, self.values)
    }
}
