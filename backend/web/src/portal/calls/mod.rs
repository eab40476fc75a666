//! Calls: their records, one of them in full, and what would happen to one that nobody makes.

mod decision;
mod index;
mod ladder;
mod sandbox;
mod show;
mod simulate;

pub(super) use index::{CallRow, rows};

use actix_web::web::ServiceConfig;

pub(super) fn mount(pages: &mut ServiceConfig) {
    // Before the page of one call, whose path would take these too.
    pages.service(index::show).service(simulate::show).service(sandbox::place);
    pages.service(show::capture).service(show::show).service(show::end);
    pages.service(show::capture_for_operator).service(show::show_to_operator).service(show::end_by_operator);
}
