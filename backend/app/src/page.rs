//! Pages of lists: keyset, newest first.

use crate::Error;
use std::str::FromStr;

/// Rows of a page where the request does not say.
pub const PAGE_DEFAULT: u32 = 100;
/// Most rows of a page.
pub const PAGE_MAX: u32 = 1_000;

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// [`Page::next`] of the page before; `None` is the first page.
    pub after: Option<String>,
    /// Rows wanted; 0 means [`PAGE_DEFAULT`], and there are [`PAGE_MAX`] at most.
    pub size: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub value: Vec<T>,
    /// What the request for the next page says in `after`; `None` on the last page.
    pub next: Option<String>,
}

impl PageRequest {
    pub(crate) fn size(&self) -> usize {
        let size = if self.size == 0 { PAGE_DEFAULT } else { self.size.min(PAGE_MAX) };
        size as usize
    }

    /// One row more than wanted, so that the last page is known as such.
    pub(crate) fn limit(&self) -> u64 {
        self.size() as u64 + 1
    }

    /// The key after which the page begins.
    pub(crate) fn key<K: FromStr>(&self) -> Result<Option<K>, Error> {
        let read = |text: &String| {
            text.parse().map_err(|_| {
                Error::invalid("after", "follow nextLink as it was given: its key cannot be read")
            })
        };
        self.after.as_ref().map(read).transpose()
    }

    /// Cuts what [`PageRequest::limit`] asked for into a page.
    pub(crate) fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        let is_last = rows.len() <= self.size();
        rows.truncate(self.size());
        let next = if is_last { None } else { rows.last().map(key) };
        Page { value: rows, next }
    }
}
