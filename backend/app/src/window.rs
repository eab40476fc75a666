//! Parts of lists by count, as the data plane's protocol asks for them (`skip`, `top`, `maxPageSize`).

use serde::{Deserialize, Serialize};

/// Rows where the caller does not say.
pub const ROWS_DEFAULT: u64 = 100;
/// Rows at most.
pub const ROWS_MAX: u64 = 1_000;
/// Rows that can be left out. No list is longer, and the database counts in `i64`.
pub(crate) const SKIP_MAX: u64 = 1_000_000_000;

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Rows to leave out.
    pub skip: u64,
    /// Rows to give, brought to 1 to [`ROWS_MAX`].
    pub limit: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { skip: 0, limit: ROWS_DEFAULT }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The rows.
    pub value: Vec<T>,
    /// What to skip for the next part, where there is one.
    pub next_skip: Option<u64>,
}

impl Window {
    /// One row more than wanted, which tells whether there is a next part.
    pub(crate) fn fetch(self) -> u64 {
        self.rows() + 1
    }

    /// Rows to leave out, as the database is asked.
    pub(crate) fn passed(self) -> u64 {
        self.skip.min(SKIP_MAX)
    }

    fn rows(self) -> u64 {
        self.limit.clamp(1, ROWS_MAX)
    }

    /// Cuts what [`Window::fetch`] asked for to a part.
    pub(crate) fn cut<T>(self, mut rows: Vec<T>) -> List<T> {
        let keep = usize::try_from(self.rows()).unwrap_or(usize::MAX);
        let more = rows.len() > keep;
        rows.truncate(keep);
        List { value: rows, next_skip: more.then(|| self.skip.saturating_add(self.rows())) }
    }

    /// The part of a list that is in memory already.
    pub(crate) fn of<T>(self, all: impl IntoIterator<Item = T>) -> List<T> {
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let fetch = usize::try_from(self.fetch()).unwrap_or(usize::MAX);
        self.cut(all.into_iter().skip(skip).take(fetch).collect())
    }
}
