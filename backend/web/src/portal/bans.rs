//! Bans: which addresses the SIP edge does not hear, why and until when; the operator lifts one or all.

use super::{
    error::PageError,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Operator, PageResult},
    words::At,
};
use actix_web::{
    get, post,
    web::{Data, Path, ServiceConfig},
};
use app::{App, bans::BanView};
use askama::Template;

/// Bans on the page; of more, the newest.
const ROWS: usize = 500;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(lift_all).service(lift);
}

#[derive(Template)]
#[template(path = "operator/bans.html")]
struct BansPage {
    shell: Shell,
    count: usize,
    bans: Vec<BanRow>,
}

/// One ban.
struct BanRow {
    address: String,
    reason: &'static str,
    since: At,
    until: At,
    times: u32,
    covers: &'static str,
}

#[get("/operator/bans")]
pub(super) async fn show(app: Data<App>, operator: Operator) -> PageResult {
    let bans = app::bans::list(&app, &operator.actor)?;
    operator.page(&BansPage {
        shell: operator.shell(Place::Bans),
        count: bans.len(),
        bans: bans.into_iter().take(ROWS).map(BanRow::from).collect(),
    })
}

#[post("/operator/bans/lift")]
pub(super) async fn lift_all(app: Data<App>, operator: Operator, _form: Posted<Nothing>) -> PageResult {
    app::bans::lift_all(&app, &operator.actor).await?;
    Ok(operator.go_saying("/operator/bans", Done::BansLifted))
}

#[post("/operator/bans/{address}/lift")]
pub(super) async fn lift(
    app: Data<App>,
    operator: Operator,
    address: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let address = address.parse().map_err(|_| PageError::NotFound)?;
    match app::bans::lift(&app, &operator.actor, address).await {
        // It is over by itself by now.
        Ok(()) | Err(app::Error::NotFound { .. }) => {
            Ok(operator.go_saying("/operator/bans", Done::BansLifted))
        }
        Err(error) => Err(error.into()),
    }
}

impl From<BanView> for BanRow {
    fn from(ban: BanView) -> Self {
        Self {
            address: ban.address.to_string(),
            reason: reason(ban.reason),
            since: At::from(ban.since),
            until: At::from(ban.until),
            times: ban.times,
            covers: if ban.covers_connections { "all of SIP" } else { "UDP" },
        }
    }
}

/// What somebody did, for people.
fn reason(word: &str) -> &'static str {
    match word {
        "scanner" => "Is a scanner by its own words",
        "wrong-credentials" => "Guessed passwords",
        "enumeration" => "Tried many names",
        "unproven" => "Asked again and again, and proved no name",
        "malformed" => "Sent what is not SIP",
        _ => "Called without being known here",
    }
}
