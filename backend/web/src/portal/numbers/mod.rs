//! A tenant's numbers: the list, search and purchase, and where calls to one go.

mod index;
mod search;
mod show;

use actix_web::web::ServiceConfig;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index::show);
    // Before the page of one number, whose path would take these too.
    pages.service(search::show).service(search::submit).service(search::buy);
    pages.service(show::show).service(show::bind).service(show::release);
}
