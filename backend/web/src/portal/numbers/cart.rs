//! Numbers that are chosen one by one, held in a reservation, and bought together.

use super::search::{Choice, countries, kinds, succeeded};
use crate::portal::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    visit::{Member, PageResult},
    words::{self, At},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use app::{
    App, Window,
    numbers::{
        AvailableNumber, BrowseRequest, Narrow,
        reservations::{self, RESERVATION_MINUTES, Reservation, ReservationChange, ReservationStatus},
    },
};
use askama::Template;
use domain::{
    money::Money,
    numbering::{Capabilities, Capability, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Numbers that are offered at a time.
const OFFERS: usize = 50;
/// Reservations among which the one that holds numbers is looked for.
const RECENT: u64 = 50;

#[derive(Template)]
#[template(path = "numbers/cart.html")]
struct CartPage {
    shell: Shell,
    minutes: i64,
    error: Option<String>,
    cart: Option<Cart>,
    countries: Vec<Choice>,
    kinds: Vec<Choice>,
    form: Look,
    offers: Vec<Offer>,
    /// What is looked at, as a query.
    back: String,
}

/// What is held.
struct Cart {
    id: Uuid,
    until: At,
    numbers: Vec<CartRow>,
    cost: String,
    available: String,
}

/// A number that is held.
struct CartRow {
    e164: String,
    kind: &'static str,
    country: String,
    monthly: String,
}

/// A number that could be.
struct Offer {
    e164: String,
    calling: &'static str,
    sms: &'static str,
    monthly: String,
}

/// What is looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    country: String,
    kind: String,
    prefix: String,
}

impl Default for Look {
    fn default() -> Self {
        let kind = NumberType::Geographic.word().to_owned();
        Self { country: "US".to_owned(), kind, prefix: String::new() }
    }
}

impl Look {
    fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    fn request(&self) -> Result<BrowseRequest, app::Error> {
        let prefix = self.prefix.trim();
        Ok(BrowseRequest {
            country: self.country.clone(),
            phone_number_type: self.kind.parse().map_err(|_| app::Error::invalid("kind", "choose a type"))?,
            assignment_type: None,
            capabilities: Capabilities { calling: Capability::None, sms: Capability::None },
            area_code: None,
            prefixes: (!prefix.is_empty()).then(|| prefix.to_owned()).into_iter().collect(),
            narrow: Narrow::default(),
        })
    }
}

#[get("/app/numbers/cart")]
pub(super) async fn show(app: Data<App>, member: Member, look: Query<Look>) -> PageResult {
    page(&app, &member, look.into_inner(), StatusCode::OK, None).await
}

/// A number that is to come in, or to go out.
#[derive(Debug, Deserialize)]
pub(super) struct Picked {
    number: String,
    #[serde(default)]
    back: String,
}

impl Picked {
    fn number(&self) -> Result<E164, app::Error> {
        E164::parse(&self.number).map_err(|error| app::Error::invalid("number", error.to_string()))
    }

    fn look(&self) -> Look {
        serde_urlencoded::from_str(&self.back).unwrap_or_default()
    }
}

#[post("/app/numbers/cart")]
pub(super) async fn add(app: Data<App>, member: Member, form: Posted<Picked>) -> PageResult {
    let done = put_in(&app, &member, &form.0).await;
    answer(&app, &member, form.0.look(), done, Done::Reserved).await
}

async fn put_in(app: &App, member: &Member, picked: &Picked) -> Result<(), app::Error> {
    let look = picked.look().request()?;
    let kind = (look.country.as_str(), look.phone_number_type);
    let wanted = reservations::candidate(app, &member.actor, picked.number()?, kind).await?;
    let id = cart(app, member).await?.map_or_else(Uuid::new_v4, |cart| cart.id);
    let change = ReservationChange { add: vec![wanted], remove: Vec::new() };
    let reserved = reservations::reserve(app, &member.actor, id, change).await?;
    match reserved.failed.into_iter().find_map(|failed| failed.error) {
        Some((_, why)) => Err(app::Error::conflict("number", why)),
        None => Ok(()),
    }
}

#[post("/app/numbers/cart/remove")]
pub(super) async fn remove(app: Data<App>, member: Member, form: Posted<Picked>) -> PageResult {
    let done = take_out(&app, &member, &form.0).await;
    answer(&app, &member, form.0.look(), done, Done::LetGo).await
}

async fn take_out(app: &App, member: &Member, picked: &Picked) -> Result<(), app::Error> {
    let Some(cart) = cart(app, member).await? else { return Ok(()) };
    let change = ReservationChange { add: Vec::new(), remove: vec![picked.number()?] };
    reservations::reserve(app, &member.actor, cart.id, change).await.map(|_| ())
}

/// Which reservation.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    reservation: Uuid,
}

#[post("/app/numbers/cart/empty")]
pub(super) async fn empty(app: Data<App>, member: Member, form: Posted<Chosen>) -> PageResult {
    let done = reservations::delete(&app, &member.actor, form.0.reservation).await;
    answer(&app, &member, Look::default(), done, Done::LetGo).await
}

#[post("/app/numbers/cart/buy")]
pub(super) async fn buy(app: Data<App>, member: Member, form: Posted<Chosen>) -> PageResult {
    let bought = reservations::purchase(&app, &member.actor, form.0.reservation).await;
    match bought.and_then(succeeded) {
        Ok(()) => Ok(member.go_saying("/app/numbers", Done::BoughtSome)),
        failed => answer(&app, &member, Look::default(), failed, Done::BoughtSome).await,
    }
}

/// The page again: under its address where all went well, with what went wrong where it did not.
async fn answer(
    app: &App,
    member: &Member,
    look: Look,
    done: Result<(), app::Error>,
    saying: Done,
) -> PageResult {
    match done {
        Ok(()) => Ok(member.go_saying(&format!("/app/numbers/cart?{}", look.query()), saying)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(app, member, look, status, Some(text)).await
        }
    }
}

/// The reservation of this tenant that holds numbers; the newest where there are several.
async fn cart(app: &App, member: &Member) -> Result<Option<Reservation>, app::Error> {
    let recent = Window { skip: 0, limit: RECENT };
    let list = reservations::list(app, &member.actor, recent).await?;
    Ok(list.value.into_iter().find(|one| one.status == ReservationStatus::Active))
}

async fn page(
    app: &App,
    member: &Member,
    form: Look,
    status: StatusCode,
    failed: Option<String>,
) -> PageResult {
    let (offers, unfit) = match offers(app, member, &form).await {
        Ok(offers) => (offers, None),
        Err(error) => (Vec::new(), Some(error::of_form(error)?)),
    };
    let status = unfit.as_ref().filter(|_| failed.is_none()).map_or(status, |(status, _)| *status);
    let page = CartPage {
        shell: member.shell(Place::Numbers),
        minutes: RESERVATION_MINUTES,
        error: failed.or_else(|| unfit.map(|(_, text)| text)),
        cart: match cart(app, member).await? {
            Some(cart) => Some(held(app, member, cart).await?),
            None => None,
        },
        countries: countries(app, member, &form.country).await?,
        kinds: kinds(app, member, (&form.country, &form.kind)).await?,
        back: form.query(),
        form,
        offers,
    };
    member.page_with(status, &page)
}

async fn offers(app: &App, member: &Member, look: &Look) -> Result<Vec<Offer>, app::Error> {
    let found = match app::numbers::browse(app, &member.actor, look.request()?).await {
        // No plan sells it: that is an empty list here.
        Err(app::Error::Invalid { code: "InternalError", .. }) => Vec::new(),
        other => other?,
    };
    let offer = |found: AvailableNumber| Offer {
        e164: found.number.to_string(),
        calling: words::ability(found.capabilities.calling),
        sms: words::ability(found.capabilities.sms),
        monthly: words::money(found.monthly),
    };
    Ok(found.into_iter().take(OFFERS).map(offer).collect())
}

async fn held(app: &App, member: &Member, cart: Reservation) -> Result<Cart, app::Error> {
    let balance = app::money::balance(app, &member.actor).await?;
    let monthly = |number: &reservations::ReservedNumber| number.monthly.map_or(0, |monthly| monthly.micros);
    let currency = cart.numbers.iter().find_map(|number| number.monthly).map(|monthly| monthly.currency);
    let total: i64 = cart.numbers.iter().map(monthly).sum();
    let row = |number: &reservations::ReservedNumber| CartRow {
        e164: number.number.to_string(),
        kind: words::number_type(number.number_type),
        country: number.country_code.clone(),
        monthly: number.monthly.map_or_else(String::new, words::money),
    };
    Ok(Cart {
        id: cart.id,
        until: At::from(cart.expires_at),
        numbers: cart.numbers.iter().map(row).collect(),
        cost: words::money(Money::new(total, currency.unwrap_or(balance.available.currency))),
        available: words::money(balance.available),
    })
}
