//! The list of a tenant's numbers.

use crate::portal::{
    page::{Place, Shell},
    visit::{Member, PageResult},
    words,
};
use actix_web::{
    get,
    web::{Data, Query},
};
use app::{App, PageRequest, numbers::OwnedNumber};
use askama::Template;
use serde::Deserialize;

/// Numbers on one page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "numbers/index.html")]
struct NumbersPage {
    shell: Shell,
    numbers: Vec<NumberRow>,
    sandbox: bool,
    /// Why no numbers can be bought.
    refused: Option<String>,
    next: Option<String>,
    next_label: &'static str,
}

/// One number.
struct NumberRow {
    e164: String,
    kind: &'static str,
    country: String,
    binding: Option<String>,
    monthly: String,
    paid_until: String,
    released: bool,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<String>,
}

#[get("/app/numbers")]
pub(super) async fn show(app: Data<App>, member: Member, part: Query<Part>) -> PageResult {
    let page = PageRequest { after: part.into_inner().after, size: ROWS };
    let list = app::numbers::page(&app, &member.actor, 0, &page).await?;
    let open = app::eligibility::view(&app, &member.actor).await?.cloud_calling;
    member.page(&NumbersPage {
        refused: (!open.allowed).then_some(open.why),
        shell: member.shell(Place::Numbers),
        numbers: list.value.iter().map(NumberRow::from).collect(),
        sandbox: app.sandbox_on(),
        next: list.next.map(|after| format!("/app/numbers?after=%2B{}", after.trim_start_matches('+'))),
        next_label: "More",
    })
}

impl From<&OwnedNumber> for NumberRow {
    fn from(number: &OwnedNumber) -> Self {
        Self {
            e164: number.number.to_string(),
            kind: words::number_type(number.number_type),
            country: number.country_code.clone(),
            binding: words::binding(&number.inbound),
            monthly: words::money(number.monthly),
            paid_until: words::day(number.paid_until),
            released: number.is_released,
        }
    }
}
