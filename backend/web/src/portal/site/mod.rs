//! What strangers see: the landing page, sign-up, sign-in, the set-up of the first operator.

mod landing;
mod prices;
mod setup;
mod signin;
mod signup;
mod verify;

use actix_web::web::ServiceConfig;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(landing::show).service(prices::show);
    pages.service(signup::show).service(signup::submit).service(signup::welcome);
    pages.service(verify::show).service(verify::submit);
    pages.service(signin::show).service(signin::submit).service(signin::sign_out);
    pages.service(setup::show).service(setup::submit);
}
