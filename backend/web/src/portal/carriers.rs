//! Carriers of the operator: the list with the order in which equals are tried, and a page for each.

mod form;

use super::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    rehearsals,
    trunks::{Choice, choices},
    visit::{Operator, PageResult},
    words,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App, Error, Password,
    carriers::CarrierView,
    rehearsals::Draft,
    versions::{self, Subject},
};
use askama::Template;
use domain::{
    config::{Carrier, CarrierOrder},
    ids::CarrierId,
    money::Currency,
};
use form::CarrierForm;
use serde::Deserialize;

/// Which calls to a carrier are signed.
const SIGNINGS: [(&str, &str, bool); 3] = [
    ("always", "all that show a number", true),
    ("fullOnly", "only with attestation A", true),
    ("never", "none", true),
];

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages
        .service(index)
        .service(set_order)
        .service(rehearse_order)
        .service(fresh)
        .service(add)
        .service(show)
        .service(save);
}

#[derive(Template)]
#[template(path = "operator/carriers.html")]
struct CarriersPage {
    shell: Shell,
    carriers: Vec<CarrierRow>,
    order: String,
    error: Option<String>,
}

/// One carrier.
struct CarrierRow {
    id: String,
    name: String,
    sandbox: bool,
    enabled: bool,
    hosts: String,
    prefixes: String,
    quality: u8,
    limits: String,
}

#[derive(Template)]
#[template(path = "operator/carrier.html")]
struct CarrierPage {
    shell: Shell,
    title: String,
    action: String,
    sandbox: bool,
    many: Option<usize>,
    currency: String,
    has_password: bool,
    /// Whether it asks if something is to be sold below cost.
    asks: bool,
    error: Option<String>,
    form: CarrierForm,
    caller_ids: Vec<Choice>,
    signings: Vec<Choice>,
    privacies: Vec<Choice>,
    ip_versions: Vec<Choice>,
    early_media: Vec<Choice>,
    dtmfs: Vec<Choice>,
}

/// By what equals are put in order, commas between.
#[derive(Debug, Deserialize)]
struct OrderForm {
    order: String,
}

#[get("/operator/carriers")]
async fn index(app: Data<App>, operator: Operator) -> PageResult {
    let order = words_of(&app::carriers::order(&app, &operator.actor).await?);
    list(&app, &operator, StatusCode::OK, order, None).await
}

#[post("/operator/carriers/order")]
async fn set_order(app: Data<App>, operator: Operator, form: Posted<OrderForm>) -> PageResult {
    let kept = match wanted(&form.0.order) {
        Ok(order) => app::carriers::put_order(&app, &operator.actor, order).await,
        Err(error) => Err(error),
    };
    match kept {
        Ok(_) => Ok(operator.go_saying("/operator/carriers", Done::CarrierSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            list(&app, &operator, status, form.0.order, Some(text)).await
        }
    }
}

/// Tries another order on calls of the past.
#[post("/operator/carriers/order/rehearse")]
async fn rehearse_order(app: Data<App>, operator: Operator, form: Posted<OrderForm>) -> PageResult {
    let begun = async {
        let draft = Draft::CarrierOrder { order: wanted(&form.0.order)? };
        rehearsals::begin(&app, &operator.actor, draft).await
    };
    match begun.await {
        Ok(to) => Ok(operator.go(&to)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            list(&app, &operator, status, form.0.order, Some(text)).await
        }
    }
}

fn wanted(order: &str) -> Result<Vec<CarrierOrder>, Error> {
    order.split([',', ' ']).filter(|word| !word.is_empty()).map(read_order).collect()
}

fn read_order(word: &str) -> Result<CarrierOrder, Error> {
    serde_json::from_value(serde_json::Value::String(word.to_ascii_lowercase())).map_err(|_| {
        Error::invalid("order", format!("{word:?} is none of cost, quality, capacity and weight"))
    })
}

fn words_of(order: &[CarrierOrder]) -> String {
    let word = |by: &CarrierOrder| match by {
        CarrierOrder::Cost => "cost",
        CarrierOrder::Quality => "quality",
        CarrierOrder::Capacity => "capacity",
        CarrierOrder::Weight => "weight",
    };
    order.iter().map(word).collect::<Vec<_>>().join(", ")
}

async fn list(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    order: String,
    error: Option<String>,
) -> PageResult {
    let carriers = app::carriers::list(app, &operator.actor).await?;
    let page = CarriersPage {
        shell: operator.shell(Place::Carriers),
        carriers: carriers.iter().map(CarrierRow::from).collect(),
        order,
        error,
    };
    operator.page_with(status, &page)
}

#[get("/operator/carriers/new")]
async fn fresh(operator: Operator) -> PageResult {
    let form = CarrierForm::from(&app::carriers::plain("", Vec::new(), Vec::new()));
    page(&operator, StatusCode::OK, None, form, None)
}

#[post("/operator/carriers")]
async fn add(app: Data<App>, operator: Operator, form: Posted<CarrierForm>) -> PageResult {
    let plain = app::carriers::plain("", Vec::new(), Vec::new());
    let made = match form.0.read(plain) {
        Ok((carrier, password)) => {
            let below_cost = !form.0.below_cost.is_empty();
            app::carriers::create(&app, &operator.actor, carrier, password, below_cost).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => Ok(operator.go_saying("/operator/carriers", Done::CarrierSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&operator, status, None, form.0, Some(text))
        }
    }
}

#[get("/operator/carriers/{id}")]
async fn show(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    let id = carrier_id(&id)?;
    let seen = versions::for_form(&app, Subject::carrier(&app, id)).await?;
    let view = app::carriers::get(&app, &operator.actor, id).await?;
    let form = CarrierForm { seen, ..CarrierForm::from(&view.carrier) };
    page(&operator, StatusCode::OK, Some(view), form, None)
}

#[post("/operator/carriers/{id}")]
async fn save(app: Data<App>, operator: Operator, id: Path<String>, form: Posted<CarrierForm>) -> PageResult {
    let id = carrier_id(&id)?;
    let edit = |now: Carrier| -> Result<(Carrier, Password), Error> {
        if now.sandbox {
            return form.0.read_limits(now).map(|carrier| (carrier, Password::Keep));
        }
        form.0.read(now)
    };
    let below_cost = !form.0.below_cost.is_empty();
    let change = app::carriers::change(&app, &operator.actor, id, below_cost, edit);
    match versions::of_form(Subject::carrier(&app, id), &form.0.seen, change).await {
        Ok(_) => Ok(operator.go_saying("/operator/carriers", Done::CarrierSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let view = app::carriers::get(&app, &operator.actor, id).await?;
            page(&operator, status, Some(view), form.0, Some(text))
        }
    }
}

fn page(
    operator: &Operator,
    status: StatusCode,
    view: Option<CarrierView>,
    form: CarrierForm,
    error: Option<String>,
) -> PageResult {
    let signaling = &form.signaling;
    let carrier = view.as_ref().map(|view| &view.carrier);
    let page = CarrierPage {
        shell: operator.shell(Place::Carriers),
        title: carrier.map_or_else(|| "Add a carrier".to_owned(), |carrier| carrier.name.clone()),
        action: carrier.map_or_else(
            || "/operator/carriers".to_owned(),
            |carrier| format!("/operator/carriers/{}", carrier.id),
        ),
        sandbox: carrier.is_some_and(|carrier| carrier.sandbox),
        many: carrier.map(|carrier| carrier.prefixes.len()).filter(|count| *count > form::PREFIXES_SHOWN_MAX),
        currency: carrier.map_or(Currency::USD, |carrier| carrier.currency).to_string(),
        has_password: view.as_ref().is_some_and(|view| view.has_password),
        caller_ids: choices(
            &[("any", "any caller id", true), ("owned", "owned caller ids", true)],
            &form.caller_id,
        ),
        signings: choices(&SIGNINGS, &form.signing),
        privacies: choices(
            &[("id", "Privacy: id", true), ("none", "no Privacy header", true)],
            &signaling.privacy_header,
        ),
        ip_versions: choices(&[("ipv4", "IPv4", true), ("ipv6", "IPv6", true)], &signaling.ip_version),
        dtmfs: choices(
            &[
                ("rtp", "as telephone-events (RFC 4733)", true),
                ("info", "as SIP INFO", true),
                ("inband", "as tones in the audio", true),
            ],
            &signaling.dtmf,
        ),
        early_media: choices(
            &[("pass", "passed on", true), ("suppress", "suppressed", true)],
            &signaling.early_media,
        ),
        asks: error.as_deref().is_some_and(error::asks_below_cost),
        form: CarrierForm { signaling: form.signaling.clone().without_password(), ..form },
        error,
    };
    operator.page_with(status, &page)
}

fn carrier_id(text: &str) -> Result<CarrierId, Error> {
    text.parse().map_err(|_| Error::not_found("carrier", "there is no such carrier"))
}

impl From<&CarrierView> for CarrierRow {
    fn from(view: &CarrierView) -> Self {
        let carrier = &view.carrier;
        let hosts = carrier
            .hosts
            .iter()
            .map(|host| format!("{}:{} {}", host.address, host.port, words::transport(host.transport)));
        let prefixes = carrier.prefixes.iter().take(6).map(|prefix| match prefix.prefix.as_str() {
            "" => "everything".to_owned(),
            digits => format!("+{digits}"),
        });
        let mut prefixes: Vec<String> = prefixes.collect();
        if let Some(more) = carrier.prefixes.len().checked_sub(6).filter(|more| *more > 0) {
            prefixes.push(format!("and {more} more"));
        }
        Self {
            id: carrier.id.to_string(),
            name: carrier.name.clone(),
            sandbox: carrier.sandbox,
            enabled: carrier.enabled,
            hosts: hosts.collect::<Vec<_>>().join(", "),
            prefixes: prefixes.join(", "),
            quality: carrier.quality,
            limits: format!(
                "{} calls, {} a second",
                carrier.limits.max_calls, carrier.limits.calls_per_second
            ),
        }
    }
}
