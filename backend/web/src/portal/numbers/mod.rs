//! A tenant's numbers: the list, search and purchase, the cart, and where calls to one go.

mod cart;
mod index;
mod search;
mod show;

use actix_web::web::ServiceConfig;
pub(super) use show::show_with;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index::show);
    // Before the page of one number, whose path would take these too.
    pages.service(search::show).service(search::submit).service(search::buy);
    pages
        .service(cart::show)
        .service(cart::add)
        .service(cart::remove)
        .service(cart::empty)
        .service(cart::buy);
    pages.service(show::show).service(show::bind).service(show::release);
}
