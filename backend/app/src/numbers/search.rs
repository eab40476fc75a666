//! A search looks for free numbers and holds them for a while.

use super::{Narrow, Operation, SearchRequest, SearchResult, Tariff, catalogue::uses, rows};
use crate::{
    App, Error, eligibility,
    snapshot::load,
    suppliers::{self, Acquired, Inventory, NumberSupplier, Outside, Query, Shelf, acquire},
};
use chrono::Duration;
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    money::Currency,
    numbering::{AssignmentType, Capabilities, Capability, NumberType},
};
use store::{
    Tx, searches,
    stock::{self, CONTAINED_MIN, Pattern, Stock, Wanted},
    suppliers::Supplier,
};
use uuid::Uuid;

/// Minutes that a search holds its numbers.
pub const SEARCH_MINUTES: i64 = 16;
/// Numbers of one search at most.
pub const QUANTITY_MAX: u32 = 500;
/// Searches of a tenant that hold numbers at the same time.
const SEARCHES_HELD_MAX: u64 = 50;
/// Digits of a number at most.
const DIGITS_MAX: usize = 15;

/// Looks for numbers and holds them. The operation is over when this returns; where there are too few numbers it has
/// failed with `OutOfStock`.
///
/// # Errors
/// [`Error::Invalid`] where no plan sells what is asked for; [`Error::TooMany`] where the tenant holds too much already.
pub async fn search(app: &App, actor: &Actor, request: SearchRequest) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = rows::active(app, scope.tenant())?;
    let request = SearchRequest { country: request.country.to_uppercase(), ..request };
    let query = check(&request)?;
    eligibility::check_numbers(app, &scope, &request.country).await?;
    let outside = suppliers::serving(app, &request.country).await?;
    if outside.is_empty() && !stock::is_known(app.db().read(), &scope, &query.wanted).await? {
        return Err(no_plan());
    }
    let currency = currency(app, &scope, tenant).await?;
    let wish = Wish { scope: &scope, tenant, request: &request, query: &query, currency };
    if !outside.is_empty() {
        return search_outside(app, wish, outside).await;
    }
    app.db()
        .write::<_, Error, _>(async |tx| {
            check_held(tx, &scope).await?;
            let id = Uuid::now_v7();
            let numbers = hold(app, Some(tx), wish, &[], id).await?;
            write(app, tx, wish, Found { id, numbers }).await
        })
        .await
}

/// What a tenant wants of a search.
#[derive(Clone, Copy)]
struct Wish<'a> {
    scope: &'a Scope,
    tenant: TenantId,
    request: &'a SearchRequest,
    query: &'a Query,
    currency: Currency,
}

/// A search that asks others, too: no transaction waits for them.
async fn search_outside(app: &App, wish: Wish<'_>, outside: Vec<Supplier>) -> Result<Operation, Error> {
    check_held(app.db().read(), wish.scope).await?;
    let id = Uuid::now_v7();
    let numbers = hold(app, None, wish, &outside, id).await?;
    let found = Found { id, numbers };
    let written = app.db().write::<_, Error, _>(async |tx| write(app, tx, wish, found.clone()).await).await;
    if written.is_err() {
        // What is held of the platform's own lapses by itself.
        suppliers::undo(app, id).await?;
    }
    written
}

async fn check_held(on: &impl store::On, scope: &Scope) -> Result<(), Error> {
    if searches::count_held(on, scope).await? < SEARCHES_HELD_MAX {
        return Ok(());
    }
    Err(Error::TooMany {
        message: "too many searches hold numbers: buy or cancel some, or wait until they lapse".to_owned(),
        retry_after: 60,
    })
}

/// What a search found.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn search_result(app: &App, actor: &Actor, id: Uuid) -> Result<SearchResult, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let row = searches::get(app.db().read(), &scope, id).await?.ok_or_else(|| rows::no_search(id))?;
    let request: SearchRequest = load::read("number_searches.request", row.request)?;
    let lapsed =
        row.state == searches::LAPSED || (row.state == searches::HELD && row.expires_at <= app.now());
    let error = if lapsed {
        "ReservationExpired".to_owned()
    } else {
        row.error.unwrap_or_else(|| "NoError".to_owned())
    };
    Ok(SearchResult {
        search_id: row.id,
        phone_numbers: load::read("number_searches.numbers", row.numbers)?,
        phone_number_type: request.phone_number_type,
        assignment_type: request.assignment_type,
        capabilities: request.capabilities,
        cost: rows::money(row.monthly_micros, &row.currency)?,
        search_expires_by: row.expires_at,
        error,
    })
}

/// What of the stock will do.
fn check(request: &SearchRequest) -> Result<Query, Error> {
    if request.quantity == 0 || request.quantity > QUANTITY_MAX {
        return Err(Error::invalid("quantity", format!("ask for 1 to {QUANTITY_MAX} numbers")));
    }
    if request.capabilities.calling == Capability::None && request.capabilities.sms == Capability::None {
        return Err(Error::invalid("capabilities", "ask for calling or sms, or both"));
    }
    let kind = (request.phone_number_type, request.assignment_type);
    let wanted = wanted(&request.country, kind, request.capabilities, request.area_code.clone())?;
    let wanted =
        Wanted { locality: request.narrow.locality.clone().filter(|place| !place.is_empty()), ..wanted };
    let pattern = pattern(&wanted, &request.narrow)?;
    Ok(Query { wanted, pattern, quantity: request.quantity })
}

/// What the numbers look like.
pub(super) fn pattern(wanted: &Wanted, narrow: &Narrow) -> Result<Pattern, Error> {
    let country = wanted.country.as_deref().unwrap_or_default();
    let prefixes = match narrow.prefix.as_deref().map(str::trim) {
        None | Some("") => Vec::new(),
        Some(text) => vec![prefix(country, text).ok_or_else(|| no_prefix("prefix", text))?],
    };
    let contains = narrow.contains.as_deref().unwrap_or_default().trim();
    let is_sound = (CONTAINED_MIN..=DIGITS_MAX).contains(&contains.len())
        && contains.bytes().all(|byte| byte.is_ascii_digit());
    if !contains.is_empty() && !is_sound {
        let message =
            format!("give {CONTAINED_MIN} to {DIGITS_MAX} digits that the number contains, such as 777");
        return Err(Error::invalid("contains", message));
    }
    Ok(Pattern { prefixes, contains: contains.to_owned() })
}

/// A prefix as numbers are kept, after the `+`: with the country's code. `None` where it is none.
pub(super) fn prefix(country: &str, text: &str) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_sound =
        (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    match (is_sound, text.starts_with('+')) {
        (false, _) => None,
        (true, true) => Some(digits.to_owned()),
        (true, false) => domain::country::calling_code(country).map(|code| format!("{code}{digits}")),
    }
}

pub(super) fn no_prefix(field: &str, text: &str) -> Error {
    let shown: String = text.chars().take(20).collect();
    Error::invalid(
        field,
        format!("{shown:?} is no prefix: give digits such as 212, or with the country's code +1212"),
    )
}

/// What of the stock will do, for a country in capitals.
pub(super) fn wanted(
    country: &str,
    (number_type, assignment_type): (NumberType, AssignmentType),
    Capabilities { calling, sms }: Capabilities,
    area_code: Option<String>,
) -> Result<Wanted, Error> {
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::invalid("countryCode", "give the country by its two letters, such as US"));
    }
    if !uses(number_type).any(|one| one == assignment_type) {
        return Err(no_plan());
    }
    Ok(Wanted {
        country: Some(country.to_owned()),
        number_type: Some(number_type.word().to_owned()),
        area_code: area_code.filter(|code| !code.is_empty()),
        calling: covering(calling),
        sms: covering(sms),
        ..Wanted::default()
    })
}

fn covering(wanted: Capability) -> Vec<String> {
    let all = [Capability::None, Capability::Inbound, Capability::Outbound, Capability::InboundOutbound];
    all.into_iter().filter(|one| one.covers(wanted)).map(|one| one.word().to_owned()).collect()
}

pub(super) fn no_plan() -> Error {
    const MESSAGE: &str = "We are unable to find phone plans to match your requested capabilities.";
    Error::Invalid {
        status: 400,
        code: "InternalError",
        message: format!(
            "{MESSAGE} GET /availablePhoneNumbers/countries/<country>/offerings says what there is."
        ),
        target: None,
        inner: Some(("BadRequest", MESSAGE.to_owned())),
    }
}

async fn currency(app: &App, scope: &Scope, tenant: TenantId) -> Result<Currency, Error> {
    let account = store::ledger::account(app.db().read(), scope, tenant).await?;
    Ok(account.map_or(Currency::USD, |account| account.currency))
}

/// Holds as many numbers as are wanted, or none: `Err` inside says how many there are.
async fn hold(
    app: &App,
    tx: Option<&Tx>,
    wish: Wish<'_>,
    outside: &[Supplier],
    search: Uuid,
) -> Result<Result<Vec<Stock>, u64>, Error> {
    let until = app.now() + Duration::minutes(SEARCH_MINUTES);
    let own = Inventory::new(app, wish.scope, tx, Shelf::Own);
    let sandbox = Inventory::new(app, wish.scope, tx, Shelf::Sandbox);
    let outside: Vec<Outside<'_>> = outside.iter().map(|row| Outside::new(app, row.clone())).collect();
    let mut all: Vec<&dyn NumberSupplier> = vec![&own, &sandbox];
    all.extend(outside.iter().map(|one| -> &dyn NumberSupplier { one }));
    Ok(match acquire(&all, wish.query, search, until).await? {
        Acquired::All(numbers) => Ok(numbers),
        Acquired::Only(free) => Err(free),
    })
}

#[derive(Clone)]
struct Found {
    id: Uuid,
    numbers: Result<Vec<Stock>, u64>,
}

async fn write(app: &App, tx: &Tx, wish: Wish<'_>, found: Found) -> Result<Operation, Error> {
    let Wish { scope, tenant, request, currency, .. } = wish;
    let now = app.now();
    let error = found.numbers.as_ref().err().map(|free| {
        (
            "OutOfStock",
            format!("only {free} such numbers are free: ask for fewer, or for another area code or type"),
        )
    });
    let state = if error.is_some() { searches::EMPTY } else { searches::HELD };
    let rows = Tariff::of(app, Some(tenant)).all(found.numbers.unwrap_or_default());
    let numbers: Vec<&str> = rows.iter().map(|row| row.e164.as_str()).collect();
    let row = searches::Search {
        id: found.id,
        tenant_id: tenant.0,
        state: state.to_owned(),
        request: serde_json::to_value(request).map_err(Error::internal)?,
        numbers: serde_json::to_value(numbers).map_err(Error::internal)?,
        monthly_micros: rows.iter().map(|row| row.monthly_micros).sum(),
        currency: rows.first().map_or_else(|| currency.code().to_owned(), |row| row.currency.clone()),
        error: error.as_ref().map(|(code, _)| (*code).to_owned()),
        created_at: now,
        expires_at: now + Duration::minutes(SEARCH_MINUTES),
    };
    searches::insert(tx, scope, row).await?;
    let done = rows::Done {
        id: format!("search_{}", found.id),
        kind: "search",
        resource: Some(format!("/availablePhoneNumbers/searchResults/{}", found.id)),
        error,
        tenant,
        at: now,
        tx,
    };
    rows::done(scope, done).await
}
