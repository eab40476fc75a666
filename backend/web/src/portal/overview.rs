//! A tenant's first page: money, what it has, what to do next, its latest calls.

use super::{
    calls::{CallRow, rows},
    page::{Place, Shell},
    visit::{Member, PageResult},
    words::{self, Sum},
};
use actix_web::{get, web::Data};
use app::{
    App, PageRequest, ROWS_MAX, Window,
    calls::{CallFilter, CallState},
    money::BalanceView,
    tenants::TenantStatus,
};
use askama::Template;

/// Calls on the first page.
const LATEST: u32 = 8;

#[derive(Template)]
#[template(path = "overview/index.html")]
struct OverviewPage {
    shell: Shell,
    name: String,
    sip_domain: String,
    trouble: Option<&'static str>,
    money: MoneyPart,
    numbers: String,
    trunks: usize,
    live_calls: String,
    hints: Vec<Hint>,
    calls: Vec<CallRow>,
    connection_string: String,
}

/// A tenant's money.
struct MoneyPart {
    available: Sum,
    balance: Sum,
    held: Sum,
}

impl From<&BalanceView> for MoneyPart {
    fn from(view: &BalanceView) -> Self {
        let BalanceView { available, balance, held, .. } = *view;
        Self { available: available.into(), balance: balance.into(), held: held.into() }
    }
}

/// A next step.
struct Hint {
    href: &'static str,
    label: &'static str,
    text: &'static str,
}

#[get("/app")]
pub(super) async fn show(app: Data<App>, member: Member) -> PageResult {
    let actor = &member.actor;
    let tenant = app::tenants::get(&app, actor).await?;
    let balance = app::money::balance(&app, actor).await?;
    let has = Has::read(&app, &member).await?;
    let latest = PageRequest { after: None, size: LATEST };
    let calls = app::calls::list(&app, actor, &CallFilter::default(), &latest).await?;
    member.page(&OverviewPage {
        shell: member.shell(Place::Overview),
        name: tenant.name,
        sip_domain: tenant.sip_domain,
        trouble: trouble(tenant.status),
        money: MoneyPart::from(&balance),
        numbers: up_to(has.numbers, ROWS_MAX),
        trunks: has.trunks,
        live_calls: up_to(has.live_calls, u64::from(app::PAGE_MAX)),
        hints: has.hints(!calls.value.is_empty()),
        calls: rows(&calls.value),
        connection_string: format!("endpoint={};accesskey=…", tenant.endpoint),
    })
}

/// How much of each the tenant has.
struct Has {
    numbers: u64,
    is_bound: bool,
    trunks: usize,
    users: bool,
    live_calls: u64,
}

impl Has {
    async fn read(app: &App, member: &Member) -> Result<Self, app::Error> {
        let all = Window { skip: 0, limit: ROWS_MAX };
        let numbers = app::numbers::list(app, &member.actor, all).await?.value;
        let users = app::users::list(app, &member.actor, &PageRequest { after: None, size: 1 }).await?.value;
        let live = CallFilter { state: Some(CallState::Live), ..CallFilter::default() };
        let most = PageRequest { after: None, size: app::PAGE_MAX };
        Ok(Self {
            is_bound: numbers.iter().any(|number| words::binding(&number.inbound).is_some()),
            numbers: numbers.len() as u64,
            trunks: app::trunks::list(app, &member.actor).await?.len(),
            users: !users.is_empty(),
            live_calls: app::calls::list(app, &member.actor, &live, &most).await?.value.len() as u64,
        })
    }

    /// What a newcomer has not done yet, in the order that makes sense.
    fn hints(&self, called: bool) -> Vec<Hint> {
        let hint = |href, label, text| Hint { href, label, text };
        let steps = [
            (
                self.numbers > 0,
                hint("/app/numbers/search", "Buy a number", "to be called on, and to call from"),
            ),
            (
                self.users || self.trunks > 0,
                hint("/app/users", "Add a phone", "or your session border controller as a trunk"),
            ),
            (self.is_bound, hint("/app/numbers", "Bind the number", "so that calls to it ring somewhere")),
            (called, hint("/app/calls", "Make the first call", "or have the sandbox call you")),
        ];
        steps.into_iter().filter(|(done, _)| !done).map(|(_, hint)| hint).collect()
    }
}

fn trouble(status: TenantStatus) -> Option<&'static str> {
    match status {
        TenantStatus::Active => None,
        TenantStatus::Unverified => {
            Some("Open the link that was mailed to you: until then this account can neither buy nor call.")
        }
        TenantStatus::Suspended => {
            Some("The operator has suspended this account: it can neither buy nor call.")
        }
    }
}

/// A count that was only made up to `most`.
fn up_to(number: u64, most: u64) -> String {
    let text = words::count(number);
    if number >= most { format!("{text}+") } else { text }
}
