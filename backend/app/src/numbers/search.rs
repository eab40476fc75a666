//! A search looks for free numbers and holds them for a while.

use super::{Operation, SearchRequest, SearchResult};
use crate::{App, Error};
use domain::access::Actor;
use uuid::Uuid;

/// Minutes that a search holds its numbers.
pub const SEARCH_MINUTES: i64 = 16;
/// Numbers of one search at most.
pub const QUANTITY_MAX: u32 = 500;

/// Looks for numbers and holds them. The operation is over when this returns; where there are too few numbers it has
/// failed with `OutOfStock`.
///
/// # Errors
/// [`Error::Invalid`] where no plan sells what is asked for; [`Error::TooMany`] where the tenant holds too much already.
pub async fn search(_app: &App, _actor: &Actor, _request: SearchRequest) -> Result<Operation, Error> {
    crate::error::later()
}

/// What a search found.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn search_result(_app: &App, _actor: &Actor, _id: Uuid) -> Result<SearchResult, Error> {
    crate::error::later()
}
