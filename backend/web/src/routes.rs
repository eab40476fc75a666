//! The routes: every handler is mounted here, once, with `service`, which gives the OpenAPI entry too.

use crate::{api, door::Door, error::ApiError, portal, websocket};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, http::Method, web};
use utoipa_actix_web::service_config::ServiceConfig;

/// Mounts the API; the document is made of this.
pub(crate) fn mount(routes: &mut ServiceConfig<'_>) {
    api::platform::mount(routes);
    api::acs::mount(routes);
    api::v1::mount(routes);
}

/// Mounts what stands beside the API: the pages, their static files, and the answer to unknown paths.
pub(crate) fn mount_pages(routes: &mut web::ServiceConfig) {
    routes.service(api::platform::get_openapi);
    routes.service(api::platform::get_proof);
    routes.route(websocket::PATH, web::get().to(websocket::upgrade));
    routes.configure(portal::configure);
    routes.default_service(web::to(unknown));
}

/// A path that does not exist, or exists with other methods.
async fn unknown(request: HttpRequest, door: web::Data<Door>) -> HttpResponse {
    let methods = door.map.methods(request.path());
    let error = if methods.is_empty() {
        ApiError::not_found(format!("there is nothing at {}: see /openapi.json", request.path()))
    } else {
        let allow = methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
        ApiError::method_not_allowed(request.method().as_str(), allow)
    };
    let response = error.error_response();
    if request.method() == Method::HEAD { response.drop_body().map_into_boxed_body() } else { response }
}
