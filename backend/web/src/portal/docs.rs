//! `/docs`: the OpenAPI document as a page to browse and to try.
//!
//! The viewer is Swagger UI, embedded; what it loads comes from here alone, as the content policy of every page asks.

use crate::{
    assets,
    portal::{
        page::{Place, Shell},
        visit::{PageResult, Visit},
    },
};
use actix_web::{
    HttpResponse, get,
    http::header::CACHE_CONTROL,
    web::{Path, ServiceConfig},
};
use askama::Template;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// The two files of the viewer that the page uses; nothing else of the package is handed out.
const VIEWER: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];
/// The viewer changes with a release only; a day spares its 1.5 MB at each visit.
const ONE_DAY: &str = "public, max-age=86400";

static SCRIPT: LazyLock<String> = LazyLock::new(|| assets::href("js/docs.js"));

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(viewer);
}

#[derive(Template)]
#[template(path = "site/docs.html")]
struct DocsPage {
    shell: Shell,
    docs_script: &'static str,
}

#[get("/docs")]
async fn show(visit: Visit) -> PageResult {
    visit.page(&DocsPage { shell: visit.quiet_shell(Place::Outside), docs_script: &SCRIPT })
}

#[get("/docs/viewer/{file}")]
async fn viewer(file: Path<String>) -> HttpResponse {
    let known = VIEWER.contains(&file.as_str());
    let found = known.then(|| utoipa_swagger_ui::serve(&file, Arc::new(Config::default())));
    match found {
        Some(Ok(Some(file))) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, ONE_DAY))
            .content_type(file.content_type)
            .body(file.bytes.into_owned()),
        _ => HttpResponse::NotFound().finish(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_viewer_that_the_page_names_is_in_the_binary() {
        for name in VIEWER {
            let file = utoipa_swagger_ui::serve(name, Arc::new(Config::default())).unwrap().unwrap();
            assert!(file.bytes.len() > 10_000, "{name}: {} bytes", file.bytes.len());
        }
    }
}
