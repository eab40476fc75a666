//! What a tenant has, and every entry that made it so.

use super::{
    ROWS,
    topups::{self, TopUpsPart},
};
use crate::portal::{
    page::{Place, Shell},
    visit::{Member, PageResult},
    words::{self, At},
};
use actix_web::{
    get,
    http::StatusCode,
    web::{Data, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    money::{self, EntryView},
};
use askama::Template;
use domain::ledger::EntryKind;
use serde::Deserialize;

/// The page.
pub(super) const PAGE: &str = "/app/money";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show);
}

#[derive(Template)]
#[template(path = "money/index.html")]
struct MoneyPage {
    shell: Shell,
    figures: [(&'static str, String); 4],
    top_ups: TopUpsPart,
    entries: Vec<EntryRow>,
    next: Option<String>,
    next_label: &'static str,
}

/// One entry of the ledger.
pub(super) struct EntryRow {
    pub(super) id: String,
    pub(super) at: At,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) link: Option<(String, &'static str)>,
    pub(super) amount: String,
    pub(super) balance: String,
    /// Whether it was taken back.
    pub(super) is_reversed: bool,
    /// Whether it can be.
    pub(super) can_be_reversed: bool,
}

impl From<EntryView> for EntryRow {
    fn from(entry: EntryView) -> Self {
        let call = entry.call_id.map(|id| (format!("/app/calls/{id}"), "the call"));
        let invoice = entry.invoice_id.map(|id| (format!("/app/invoices/{id}"), "the invoice"));
        let of_invoice = entry.invoice_id.is_some() && entry.kind != EntryKind::TopUp;
        Self {
            id: entry.id.to_string(),
            at: At::from(entry.at),
            kind: kind(entry.kind),
            text: entry.description.unwrap_or_default(),
            link: call.or(invoice),
            amount: words::money(entry.amount),
            balance: words::money(entry.balance_after),
            is_reversed: entry.reversed_by.is_some(),
            can_be_reversed: entry.reversed_by.is_none() && entry.kind != EntryKind::Reversal && !of_invoice,
        }
    }
}

const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::TopUp => "top-up",
        EntryKind::Credit => "credit",
        EntryKind::Setup => "set-up",
        EntryKind::Lease => "number",
        EntryKind::Usage => "call",
        EntryKind::Tax => "tax",
        EntryKind::Refund => "refund",
        EntryKind::Reversal => "reversal",
    }
}

/// Which part of the ledger.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    pub(super) after: Option<String>,
}

#[get("/app/money")]
async fn show(app: Data<App>, member: Member, part: Query<Part>) -> PageResult {
    let top_ups = topups::part(&app, &member, None).await?;
    page(&app, &member, StatusCode::OK, part.into_inner().after, top_ups).await
}

pub(super) async fn page(
    app: &App,
    member: &Member,
    status: StatusCode,
    after: Option<String>,
    top_ups: TopUpsPart,
) -> PageResult {
    let balance = money::balance(app, &member.actor).await?;
    let request = PageRequest { after, size: ROWS };
    let page = money::ledger(app, &member.actor, &request).await?;
    let page = MoneyPage {
        shell: member.shell(Place::Money),
        figures: [
            ("Balance", words::money(balance.balance)),
            ("Held for calls", words::money(balance.held)),
            ("Available", words::money(balance.available)),
            ("Credit limit", words::money(balance.credit_limit)),
        ],
        top_ups,
        entries: page.value.into_iter().map(EntryRow::from).collect(),
        next: page.next.map(|after| format!("/app/money?after={after}")),
        next_label: "Older entries",
    };
    member.page_with(status, &page)
}
