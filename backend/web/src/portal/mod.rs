//! The pages: server-rendered, for tenants (`/app`) and for the operator (`/operator`), and what strangers see.
//!
//! A handler asks a use case, fills a page with facts that are ready to print, and a template prints them. What all pages
//! share comes from the [`visit`]: who is signed in, the frame, the token of the forms. `mount` is the list of pages.

mod amounts;
mod announcements;
mod audio;
mod audit;
mod bans;
mod calls;
mod carriers;
mod decks;
mod docs;
mod doctor;
mod domains;
mod done;
mod eligibility;
mod emergency;
mod emergency_countries;
mod error;
mod health;
mod identities;
mod inventory;
mod invitations;
mod keys;
mod live;
mod menu;
mod money;
mod numbers;
mod once;
mod operator;
mod outbox;
mod overview;
mod page;
mod plans;
mod porting;
mod posted;
mod protection;
mod recordings;
mod regions;
mod regulatory;
mod rehearsals;
mod routes;
mod signaling;
mod site;
mod speed;
mod spending;
mod stir;
mod suppliers;
mod tenant;
mod trunks;
mod trust;
mod users;
mod visit;
mod webhooks;
mod words;

use crate::assets;
use actix_web::{
    guard::{Guard, GuardContext},
    http::{Method, header::ACCEPT},
    middleware::from_fn,
    web::{self, PayloadConfig, ServiceConfig},
};
pub(crate) use error::PageError;
use once::Once;
use std::{net::SocketAddr, path::PathBuf};

/// First segments of the paths of pages.
const PAGE_ROOTS: [&str; 11] =
    ["", "signup", "verify", "signin", "signout", "welcome", "app", "operator", "docs", "trust", "prices"];

/// What the pages must be told, and what they keep between two requests.
#[derive(Clone)]
pub(crate) struct Portal {
    /// Opens the one-time set-up of the first operator, as long as there is none.
    pub(crate) setup_token: Option<String>,
    /// What clients must trust, where the certificate is of the local CA.
    pub(crate) ca_file: Option<PathBuf>,
    /// Where phones and trunks reach the platform.
    pub(crate) sip_address: SocketAddr,
    /// Secrets that are shown once.
    pub(crate) once: Once,
}

impl Portal {
    pub(crate) fn new(
        setup_token: Option<String>,
        ca_file: Option<PathBuf>,
        sip_address: SocketAddr,
    ) -> Self {
        // What people copy must work in whichever directory they are.
        let ca_file = ca_file.map(|path| std::path::absolute(&path).unwrap_or(path));
        Self { setup_token, ca_file, sip_address, once: Once::new() }
    }

    /// What to type into a phone as its outbound proxy. Where SIP listens on every address, that is the public host.
    pub(crate) fn edge(&self, app: &app::App) -> String {
        if self.sip_address.ip().is_unspecified() {
            format!("{}:{}", app.settings().public_host, self.sip_address.port())
        } else {
            self.sip_address.to_string()
        }
    }
}

/// Mounts the pages and their static files. They must come after the API: what nothing else took and a browser asks
/// for is answered with a page.
pub(crate) fn configure(routes: &mut ServiceConfig) {
    let pages = web::scope("")
        .guard(ForBrowsers)
        .wrap(from_fn(visit::open))
        .app_data(PayloadConfig::new(posted::FORM_MAX_BYTES))
        .configure(mount)
        .default_service(web::to(nothing_here));
    routes.service(assets::file).service(pages);
}

fn mount(pages: &mut ServiceConfig) {
    site::mount(pages);
    docs::mount(pages);
    trust::mount(pages);
    pages.service(overview::show);
    regulatory::mount(pages);
    porting::mount(pages);
    numbers::mount(pages);
    health::mount(pages);
    trunks::mount(pages);
    doctor::mount(pages);
    routes::mount(pages);
    rehearsals::mount(pages);
    domains::mount(pages);
    users::mount(pages);
    identities::mount(pages);
    keys::mount(pages);
    audit::mount(pages);
    invitations::mount(pages);
    webhooks::mount(pages);
    bans::mount(pages);
    calls::mount(pages);
    recordings::mount(pages);
    money::mount(pages);
    protection::mount(pages);
    spending::mount(pages);
    emergency::mount(pages);
    carriers::mount(pages);
    plans::mount(pages);
    decks::mount(pages);
    tenant::mount(pages);
    emergency_countries::mount(pages);
    stir::mount(pages);
    announcements::mount(pages);
    audio::mount(pages);
    eligibility::mount(pages);
    regions::mount(pages);
    inventory::mount(pages);
    suppliers::mount(pages);
    pages.service(operator::show).service(outbox::show);
    live::mount(pages);
}

async fn nothing_here() -> Result<&'static str, PageError> {
    Err(PageError::NotFound)
}

/// Paths of pages, and whatever else a browser reads.
struct ForBrowsers;

impl Guard for ForBrowsers {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let path = context.head().uri.path();
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let accept =
            context.head().headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let reads_pages = context.head().method == Method::GET && accept.contains("text/html");
        PAGE_ROOTS.contains(&first) || (reads_pages && !crate::gate::is_api(path))
    }
}
