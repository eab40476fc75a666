//! The pages, and the files that they link to.

use crate::assets;
use actix_web::web::ServiceConfig;

/// Mounts the pages and their static files.
pub(crate) fn configure(routes: &mut ServiceConfig) {
    routes.service(assets::get_asset);
}
