//! An endpoint proves that it wants events, so that nobody is flooded who never asked: Event Grid's handshake by a code, that
//! of CloudEvents by OPTIONS, or by hand where the endpoint does neither.

use super::{WebhookView, attempt, find, no_webhook, reload, secret, tenant_of, view::view};
use crate::{
    App, Error,
    audit::{self, Change},
};
use chrono::Duration as Minutes;
use domain::{
    access::{Actor, Permission, Scope},
    events::{Event, Schema},
};
use serde_json::{Value, json};
use std::time::Duration;
use store::webhooks::{AWAITING, VALID, Webhook};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use vendors::{Order, Reply};

/// How long the endpoint may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of its answer that are read.
const ANSWER_MAX: usize = 16 * 1024;
/// For how long its owner may say by hand that it wants events.
const BY_HAND: Minutes = Minutes::minutes(10);
/// The type of the event that asks.
const TYPE: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";
/// Characters of a reason that are kept.
const ERROR_MAX: usize = 300;

/// Asks the endpoint, and writes down what came of it.
pub(super) async fn ask(app: &App, scope: &Scope, row: Webhook) -> Result<Webhook, Error> {
    let Ok(_place) = app.webhooks().asking().try_acquire() else {
        return Err(Error::Unavailable { retry_after: 5 });
    };
    let code = hex::encode(rand::random::<[u8; 16]>());
    let now = app.now();
    let asked = Webhook {
        validation: AWAITING.to_owned(),
        validation_code: Some(code.clone()),
        validation_until: Some(now + BY_HAND),
        validation_error: None,
        ..row
    };
    // It is written down before the endpoint is asked: it may open the address while it is.
    save(app, scope, &asked).await?;
    let said = match Schema::from_word(&asked.schema).unwrap_or_default() {
        Schema::EventGrid => event_grid(app, &asked, &code).await,
        Schema::CloudEvents => cloud_events(app, &asked, &code).await,
    };
    let mut row = find(app.db().read(), scope, asked.id).await?;
    if row.validation_code != asked.validation_code {
        return Ok(row);
    }
    match said {
        Ok(allowed_per_minute) => {
            proven(&mut row);
            row.allowed_per_minute = allowed_per_minute;
        }
        Err(text) => row.validation_error = Some(text.chars().take(ERROR_MAX).collect()),
    }
    save(app, scope, &row).await?;
    Ok(row)
}

fn proven(row: &mut Webhook) {
    VALID.clone_into(&mut row.validation);
    (row.validation_code, row.validation_until, row.validation_error) = (None, None, None);
}

async fn save(app: &App, scope: &Scope, row: &Webhook) -> Result<(), Error> {
    let write = async |tx: &store::Tx| Ok(store::webhooks::update(tx, scope, row.clone()).await?);
    app.db().write::<_, Error, _>(write).await
}

/// Where a person says by hand that the endpoint wants events.
fn by_hand(app: &App, row: &Webhook, code: &str) -> String {
    format!("{}/api/v1/webhooks/{}:confirm?code={code}", app.settings().public_url, row.id)
}

/// The endpoint repeats the code with 200.
async fn event_grid(app: &App, row: &Webhook, code: &str) -> Result<Option<i32>, String> {
    let now = app.now();
    let event = Event {
        id: Uuid::now_v7(),
        kind: TYPE,
        subject: String::new(),
        time: now,
        topic: attempt::topic(app, row.tenant_id),
        data: json!({ "validationCode": code, "validationUrl": by_hand(app, row, code) }),
    };
    let body = event.body(Schema::EventGrid).to_string().into_bytes();
    let secrets = secret::signing(app, row, now).map_err(|error| error.to_string())?;
    let mut headers = attempt::signed(&secrets, &event.id.to_string(), now.timestamp(), &body);
    headers.push(("content-type", Schema::EventGrid.content_type().to_owned()));
    headers.push(("aeg-event-type", "SubscriptionValidation".to_owned()));
    headers.push(("aeg-subscription-name", row.name.to_uppercase()));
    let reply = send(app, Order { url: row.url.clone(), body: Some(body), headers }).await?;
    if reply.status != 200 {
        return Err(format!("the endpoint answered {} and not 200 with the code", reply.status));
    }
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let named = |(name, value): (&String, &Value)| {
        name.eq_ignore_ascii_case("validationResponse").then(|| value.as_str().map(str::to_owned)).flatten()
    };
    let said = json.as_object().and_then(|fields| fields.iter().find_map(named));
    match said {
        Some(said) if is_same(&said, code) => Ok(None),
        Some(_) => Err("the endpoint's validationResponse is not the code that it was sent".to_owned()),
        None => Err("the endpoint answered 200 without {\"validationResponse\": \"<code>\"}".to_owned()),
    }
}

/// The endpoint allows our origin, and perhaps so many requests a minute (HTTP 1.1 Web Hooks for Event Delivery, §4).
async fn cloud_events(app: &App, row: &Webhook, code: &str) -> Result<Option<i32>, String> {
    let origin = app.settings().public_host.clone();
    let headers = vec![
        ("user-agent", attempt::AGENT.to_owned()),
        ("webhook-request-origin", origin.clone()),
        ("webhook-request-callback", by_hand(app, row, code)),
        ("webhook-request-rate", attempt::RATE_PER_MINUTE.to_string()),
    ];
    let reply = send(app, Order { url: row.url.clone(), body: None, headers }).await?;
    if !(200..300).contains(&reply.status) {
        return Err(format!("the endpoint answered {} to OPTIONS", reply.status));
    }
    let header = |wanted: &str| {
        let known = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        known.map(|(_, value)| value.trim())
    };
    let allowed = header("webhook-allowed-origin").unwrap_or_default();
    if !allowed.split(',').any(|one| one.trim() == "*" || one.trim().eq_ignore_ascii_case(&origin)) {
        return Err(format!("the endpoint's answer to OPTIONS has no WebHook-Allowed-Origin: {origin} or *"));
    }
    let rate = header("webhook-allowed-rate").and_then(|rate| rate.parse().ok());
    Ok(rate.filter(|rate: &i32| *rate > 0))
}

async fn send(app: &App, order: Order) -> Result<Reply, String> {
    app.deps().poster.send(order, ANSWER_MAX, ANSWER_WITHIN).await.map_err(|error| error.to_string())
}

fn is_same(said: &str, code: &str) -> bool {
    said.as_bytes().ct_eq(code.as_bytes()).into()
}

/// Asks the endpoint of a subscription again.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Unavailable`] while many are asked.
pub async fn validate(app: &App, actor: &Actor, id: Uuid) -> Result<WebhookView, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    let row = find(app.db().read(), &scope, id).await?;
    let row = ask(app, &scope, row).await?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.validate",
                target: &row.id.to_string(),
                before: Value::Null,
                after: json!({ "name": row.name, "validation": row.validation }),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    app.webhooks().forget(id);
    reload(app).await?;
    view(&row, app.now())
}

/// Somebody opens the address that an endpoint was sent: it wants events. The code says that they may.
///
/// # Errors
/// [`Error::NotFound`] where there is no such subscription, the code is another, or its time is over.
pub async fn confirm(app: &App, id: Uuid, code: &str) -> Result<WebhookView, Error> {
    let scope = Scope::system("whoever has the code answers for the endpoint");
    let row = find(app.db().read(), &scope, id).await.map_err(|_| no_code())?;
    let scope = scope.narrow(domain::ids::TenantId(row.tenant_id))?;
    let tenant = tenant_of(&scope)?;
    let now = app.now();
    let row = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let mut row = store::webhooks::get(tx, &scope, id).await?.ok_or_else(no_webhook)?;
            let is_due = row.validation_until.is_some_and(|until| until > now);
            if !is_due || !row.validation_code.as_deref().is_some_and(|known| is_same(code, known)) {
                return Err(no_code());
            }
            proven(&mut row);
            store::webhooks::update(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: "endpoint",
                tenant: Some(tenant),
                what: "webhook.confirm",
                target: &row.id.to_string(),
                before: Value::Null,
                after: json!({ "name": row.name, "validation": VALID }),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(row)
        })
        .await?;
    reload(app).await?;
    view(&row, now)
}

fn no_code() -> Error {
    Error::not_found("code", "this address is of no use any more: have the webhook validated again")
}
