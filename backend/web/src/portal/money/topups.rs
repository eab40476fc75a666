//! Automatic top-ups: a tenant's rule, and where the operator's payment system is asked.

use super::{billing, tenant};
use crate::portal::{
    Portal, amounts, error,
    page::Done,
    posted::{Nothing, Posted},
    visit::{Member, Operator, PageResult},
    words::{self, At, Badge},
};
use actix_web::{
    post,
    web::{Data, ServiceConfig},
};
use app::{
    App, Error, PageRequest,
    topups::{self, DAILY_COUNT_MAX, Hook, HookChanged, PAUSE_MINUTES, Rule, TopUpState, TopUpView},
    versions::{Subject, for_form, of_form},
};
use domain::{ids::TenantId, money::Money};
use serde::Deserialize;

/// Top-ups that a page shows.
const SHOWN: u32 = 10;
/// What the hook is called where versions are.
const HOOK: &str = "top-up-hook";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(save_rule).service(rotate).service(save_hook);
}

/// A top-up in a list.
pub(super) struct TopUpRow {
    pub(super) at: At,
    pub(super) state: Badge,
    pub(super) text: String,
    pub(super) amount: String,
    /// Its tenant's slug and id; for the operator.
    pub(super) tenant: Option<(String, String)>,
}

impl TopUpRow {
    fn new(view: TopUpView, tenant: Option<(String, String)>) -> Self {
        let (tone, state) = match view.state {
            TopUpState::Requested => ("warn", "asked for"),
            TopUpState::Pending => ("warn", "pending"),
            TopUpState::Paid => ("good", "paid"),
            TopUpState::Refused => ("bad", "refused"),
            TopUpState::Failed => ("bad", "given up"),
        };
        let said: Vec<String> = view.problem.into_iter().chain(view.reference).collect();
        Self {
            at: At::from(view.created_at),
            state: Badge::new(tone, state),
            text: said.join(" · "),
            amount: words::money(view.amount),
            tenant,
        }
    }
}

/// The rule as people type it; a checkbox that is not ticked is not sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RuleForm {
    pub(super) seen: String,
    pub(super) enabled: Option<String>,
    pub(super) threshold: String,
    pub(super) amount: String,
    pub(super) daily_count: String,
    pub(super) daily_amount: String,
}

impl RuleForm {
    fn of(rule: &Rule, seen: String) -> Self {
        let text = |money: Money| {
            if money.micros == 0 { String::new() } else { amounts::amount_text(money.micros) }
        };
        Self {
            seen,
            enabled: rule.enabled.then(|| "on".to_owned()),
            threshold: text(rule.threshold),
            amount: text(rule.amount),
            daily_count: rule.daily_count.to_string(),
            daily_amount: rule.daily_amount.map(text).unwrap_or_default(),
        }
    }

    fn read(&self, now: &Rule) -> Result<Rule, Error> {
        let money = |name: &str, text: &str| {
            let micros = amounts::amount(name, text)?;
            Ok::<_, Error>(micros.map(|micros| Money::new(micros, now.amount.currency)))
        };
        let none = Money::zero(now.amount.currency);
        let count = self.daily_count.trim();
        let wrong = |_| Error::invalid("dailyCount", format!("{count:?} is no number of top-ups"));
        Ok(Rule {
            enabled: self.enabled.is_some(),
            threshold: money("threshold", &self.threshold)?.unwrap_or(none),
            amount: money("amount", &self.amount)?.unwrap_or(none),
            daily_count: count.parse().map_err(wrong)?,
            daily_amount: money("daily amount", &self.daily_amount)?,
        })
    }
}

/// A tenant's rule and its last top-ups.
pub(super) struct TopUpsPart {
    pub(super) form: RuleForm,
    pub(super) currency: String,
    pub(super) is_on: bool,
    pub(super) is_offered: bool,
    pub(super) count_max: u32,
    pub(super) pause_minutes: i64,
    pub(super) rows: Vec<TopUpRow>,
    pub(super) error: Option<String>,
}

/// The card of a tenant; with what was typed, and why it was not taken.
pub(super) async fn part(
    app: &App,
    member: &Member,
    refused: Option<(RuleForm, String)>,
) -> Result<TopUpsPart, Error> {
    let seen = for_form(app, member.actor.tenant.map(Subject::top_up_rule)).await?;
    let view = topups::rule(app, &member.actor).await?;
    let page = PageRequest { after: None, size: SHOWN };
    let rows = topups::list(app, &member.actor, &page).await?.value;
    let (form, error) = match refused {
        Some((form, text)) => (form, Some(text)),
        None => (RuleForm::of(&view.rule, seen), None),
    };
    Ok(TopUpsPart {
        form,
        currency: view.rule.amount.currency.to_string(),
        is_on: view.rule.enabled,
        is_offered: view.is_offered,
        count_max: DAILY_COUNT_MAX,
        pause_minutes: PAUSE_MINUTES,
        rows: rows.into_iter().map(|view| TopUpRow::new(view, None)).collect(),
        error,
    })
}

#[post("/app/money/top-ups")]
async fn save_rule(app: Data<App>, member: Member, form: Posted<RuleForm>) -> PageResult {
    let subject = member.actor.tenant.map(Subject::top_up_rule);
    let change = async {
        let now = topups::rule(&app, &member.actor).await?.rule;
        topups::put_rule(&app, &member.actor, form.0.read(&now)?).await
    };
    match of_form(subject, &form.0.seen, change).await {
        Ok(_) => Ok(member.go_saying(tenant::PAGE, Done::TopUpsSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let part = part(&app, &member, Some((form.0, text))).await?;
            tenant::page(&app, &member, status, None, part).await
        }
    }
}

/// The hook as people type it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HookForm {
    pub(super) seen: String,
    pub(super) url: String,
    pub(super) enabled: Option<String>,
}

/// Where the payment system is asked, and the last top-ups of all tenants.
pub(super) struct HookPart {
    pub(super) form: HookForm,
    pub(super) is_on: bool,
    pub(super) has_secret: bool,
    pub(super) previous_until: Option<At>,
    pub(super) fresh: Option<String>,
    pub(super) rows: Vec<TopUpRow>,
    pub(super) error: Option<String>,
}

/// The card of the operator; with what was typed, and why it was not taken.
pub(super) async fn hook_part(
    app: &App,
    portal: &Portal,
    operator: &Operator,
    refused: Option<(HookForm, String)>,
) -> Result<HookPart, Error> {
    let seen = for_form(app, Some(Subject::platform(HOOK))).await?;
    let view = topups::hook(app, &operator.actor).await?;
    let page = PageRequest { after: None, size: SHOWN };
    let rows = topups::all(app, &operator.actor, &page).await?.value;
    let live = app.live();
    let named = |view: TopUpView| {
        let TenantId(id) = view.tenant;
        let slug = live.tenant(view.tenant).map_or_else(|| id.to_string(), |tenant| tenant.slug().to_owned());
        TopUpRow::new(view, Some((slug, id.to_string())))
    };
    let kept =
        HookForm { seen, url: view.hook.url.clone(), enabled: view.hook.enabled.then(|| "on".to_owned()) };
    let (form, error) = match refused {
        Some((form, text)) => (form, Some(text)),
        None => (kept, None),
    };
    Ok(HookPart {
        form,
        is_on: view.hook.enabled,
        has_secret: view.has_secret,
        previous_until: view.previous_until.map(At::from),
        fresh: portal.once.take_top_up_secret(operator.session().unwrap_or_default()),
        rows: rows.into_iter().map(named).collect(),
        error,
    })
}

#[post("/operator/billing/top-ups")]
async fn save_hook(
    app: Data<App>,
    portal: Data<Portal>,
    operator: Operator,
    form: Posted<HookForm>,
) -> PageResult {
    let hook = Hook { url: form.0.url.clone(), enabled: form.0.enabled.is_some() };
    let change = topups::change_hook(&app, &operator.actor, hook);
    match of_form(Some(Subject::platform(HOOK)), &form.0.seen, change).await {
        Ok(changed) => Ok(saved(&portal, &operator, changed)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let part = hook_part(&app, &portal, &operator, Some((form.0, text))).await?;
            billing::page_with(&app, &operator, status, part).await
        }
    }
}

#[post("/operator/billing/top-ups/secret")]
async fn rotate(
    app: Data<App>,
    portal: Data<Portal>,
    operator: Operator,
    _form: Posted<Nothing>,
) -> PageResult {
    let changed = topups::rotate_secret(&app, &operator.actor).await?;
    Ok(saved(&portal, &operator, changed))
}

/// Back to the page, which shows a new secret once.
fn saved(portal: &Portal, operator: &Operator, changed: HookChanged) -> actix_web::HttpResponse {
    if let Some(secret) = changed.secret {
        portal.once.put_top_up_secret(operator.session().unwrap_or_default(), secret);
    }
    operator.go_saying(billing::PAGE, Done::TopUpsSaved)
}
