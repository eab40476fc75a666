//! How a trunk or carrier is doing and has been, and our registration with it.

mod cards;
mod carrier;
mod trunk;

pub(crate) use cards::{HealthCard, RegistrationCard, RegistrationForm};

use super::page::Shell;
use actix_web::web::ServiceConfig;
use askama::Template;

/// Changes that the page shows.
const CHANGES: u32 = 20;

pub(super) fn mount(pages: &mut ServiceConfig) {
    trunk::mount(pages);
    carrier::mount(pages);
}

#[derive(Template)]
#[template(path = "trunks/health.html")]
struct HealthPage {
    shell: Shell,
    name: String,
    /// Where the page is, for its forms.
    base: String,
    back: &'static str,
    health: HealthCard,
    registration: RegistrationCard,
    error: Option<String>,
}
