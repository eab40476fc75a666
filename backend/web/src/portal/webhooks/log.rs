//! The delivery log of a webhook.

use super::{PAGE, form::short, read};
use crate::portal::{
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
    words::{At, Badge},
};
use actix_web::{
    get, post,
    web::{Data, Path},
};
use app::{
    App, Page, PageRequest,
    webhooks::{self, AttemptView, DeliveryState, DeliveryView},
};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

/// Deliveries on one page.
const ROWS: u32 = 25;

/// Which part of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<String>,
    state: String,
}

/// A way to look at the log.
pub(super) struct Filter {
    pub(super) href: String,
    pub(super) label: &'static str,
    pub(super) current: bool,
}

/// One delivery of the log.
pub(super) struct DeliveryRow {
    pub(super) id: Uuid,
    pub(super) event_type: &'static str,
    pub(super) event: &'static str,
    pub(super) subject: String,
    pub(super) at: At,
    pub(super) state: Badge,
    pub(super) attempts: u32,
    pub(super) answer: String,
    pub(super) next: Option<At>,
}

#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
struct DeliveryPage {
    shell: Shell,
    webhook: Uuid,
    name: String,
    row: DeliveryRow,
    event_id: Uuid,
    done: Option<At>,
    body: String,
    attempts: Vec<AttemptRow>,
}

/// One try.
struct AttemptRow {
    at: At,
    took_ms: u64,
    outcome: Badge,
    request: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
    is_cut: bool,
}

impl Part {
    const fn state(&self) -> &str {
        self.state.as_str()
    }

    pub(super) fn filters(&self, id: Uuid) -> Vec<Filter> {
        let known =
            [("", "All"), ("pending", "Waiting"), ("delivered", "Delivered"), ("dead", "Dead letters")];
        let filter = |(word, label): (&str, &'static str)| Filter {
            href: if word.is_empty() { format!("{PAGE}/{id}") } else { format!("{PAGE}/{id}?state={word}") },
            label,
            current: word == self.state,
        };
        known.into_iter().map(filter).collect()
    }

    pub(super) fn next(&self, id: Uuid, after: &str) -> String {
        format!("{PAGE}/{id}?state={}&after={after}", self.state)
    }
}

/// A page of the log.
pub(super) async fn page(
    app: &App,
    member: &Member,
    id: Uuid,
    part: &Part,
) -> Result<Page<DeliveryView>, app::Error> {
    let state = DeliveryState::from_word(part.state());
    let page = PageRequest { after: part.after.clone(), size: ROWS };
    webhooks::deliveries(app, &member.actor, (id, state), &page).await
}

impl From<DeliveryView> for DeliveryRow {
    fn from(seen: DeliveryView) -> Self {
        let answer = match (seen.last_status, &seen.last_error) {
            (Some(status), _) => status.to_string(),
            (None, Some(error)) => error.clone(),
            (None, None) => "–".to_owned(),
        };
        Self {
            id: seen.id,
            event_type: seen.event_type,
            event: short(seen.event_type),
            subject: seen.subject,
            at: At::from(seen.event_at),
            state: match seen.state {
                DeliveryState::Pending if seen.attempts > 0 => Badge::new("warn", "tried again"),
                DeliveryState::Pending => Badge::new("", "waits"),
                DeliveryState::Delivered => Badge::new("good", "delivered"),
                DeliveryState::Dead => Badge::new("bad", "dead letter"),
            },
            attempts: seen.attempts,
            answer,
            next: seen.next_at.filter(|_| seen.attempts > 0).map(At::from),
        }
    }
}

impl From<AttemptView> for AttemptRow {
    fn from(seen: AttemptView) -> Self {
        let outcome = match (seen.status, seen.error) {
            (Some(status), None) => Badge::new("good", status.to_string()),
            (Some(status), Some(_)) => Badge::new("bad", status.to_string()),
            (None, error) => Badge::new("bad", error.unwrap_or_default()),
        };
        Self {
            at: At::from(seen.at),
            took_ms: seen.took_ms,
            outcome,
            request: seen.headers,
            headers: seen.reply_headers,
            body: seen.reply_body.unwrap_or_default(),
            is_cut: seen.is_cut,
        }
    }
}

#[get("/app/webhooks/{id}/deliveries/{delivery}")]
pub(super) async fn show_delivery(
    app: Data<App>,
    member: Member,
    path: Path<(String, String)>,
) -> PageResult {
    let (webhook, id) = (read(&path.0)?, read(&path.1)?);
    let name = webhooks::get(&app, &member.actor, webhook).await?.name;
    let mut seen = webhooks::delivery(&app, &member.actor, webhook, id).await?;
    let attempts = std::mem::take(&mut seen.log).into_iter().rev().map(AttemptRow::from).collect();
    member.page(&DeliveryPage {
        shell: member.shell(Place::Webhooks),
        webhook,
        name,
        event_id: seen.event_id,
        done: seen.done_at.map(At::from),
        body: seen.body.as_ref().map(|body| format!("{body:#}")).unwrap_or_default(),
        attempts,
        row: DeliveryRow::from(seen),
    })
}

#[post("/app/webhooks/{id}/deliveries/{delivery}/redeliver")]
pub(super) async fn redeliver(
    app: Data<App>,
    member: Member,
    path: Path<(String, String)>,
    _form: Posted<Nothing>,
) -> PageResult {
    let (webhook, id) = (read(&path.0)?, read(&path.1)?);
    webhooks::redeliver(&app, &member.actor, webhook, id).await?;
    Ok(member.go_saying(&format!("{PAGE}/{webhook}/deliveries/{id}"), Done::Redelivering))
}

#[post("/app/webhooks/{id}/redeliver")]
pub(super) async fn redeliver_dead(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let id = read(&id)?;
    webhooks::redeliver_dead(&app, &member.actor, id).await?;
    Ok(member.go_saying(&format!("{PAGE}/{id}"), Done::Redelivering))
}
