//! Numbers come: the tenant sends its draft, the operator settles it with the losing provider, and the numbers are the
//! tenant's.

use super::{
    Draft, check,
    deliver::{self, Price},
    turn::{Found, Turn, in_other_request},
    view::NumberState,
};
use crate::{
    App, Error, eligibility, inventory, regulatory,
    snapshot::{Changed, refresh},
};
use chrono::NaiveDate;
use domain::{
    access::{Actor, Scope},
    ids::TenantId,
    money::Money,
    phone::E164,
    porting::{Action, Direction},
};
use store::{
    Tx,
    porting::{self as rows, Number},
};
use uuid::Uuid;

/// What the losing provider agreed to, and what the tenant pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The day on which the numbers move.
    pub firm_on: NaiveDate,
    /// The carrier that will bring calls to them, by name or identifier.
    pub carrier: String,
    /// What a month of each number costs the tenant; what such numbers cost here where it is `None`.
    pub monthly: Option<Money>,
    /// What bringing each number costs the tenant once; nothing where it is `None`.
    pub setup: Option<Money>,
    /// Numbers that do not come, each with its reason.
    pub rejected: Vec<(String, String)>,
}

/// Sends a draft to the operator. Numbers that are here already, or in another request, are refused.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] by field: what is missing (400), what the tenant may not have (403), and numbers
/// that are here already (409, `NumberAlreadyHere`) or in another request (409, `NumberInOtherRequest`).
pub async fn submit(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let turn = Turn::tenant(app, actor)?;
    let request = super::get(app, actor, Direction::In, id).await?.request;
    eligibility::check_numbers(app, &turn.scope, &request.country).await?;
    regulatory::check_kind(app, &turn.scope, (&request.country, request.number_type.word())).await?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let (found, to) = turn.begin(tx, (Direction::In, id), Action::Submit).await?;
            let draft = Draft::of(app, &found)?;
            let papers = rows::documents(tx, &turn.scope, id).await?;
            let papers: Vec<String> = papers.into_iter().map(|paper| paper.kind).collect();
            check::whole(&draft, &papers, app.now())?;
            check_elsewhere(tx, &found).await?;
            let before = found.row.clone();
            turn.end(tx, &before, found, to).await
        })
        .await
}

/// Refuses numbers that are here already, or in another request.
async fn check_elsewhere(tx: &Tx, found: &Found) -> Result<(), Error> {
    let scope = Scope::system("whether a number is here is not asked of one tenant alone");
    let numbers: Vec<String> = found.numbers.iter().map(|row| row.e164.clone()).collect();
    let field = |e164: &str| {
        format!("numbers.{}", numbers.iter().position(|number| number == e164).unwrap_or_default())
    };
    let mut here: Vec<String> =
        store::stock::some(tx, &scope, &numbers).await?.into_iter().map(|row| row.e164).collect();
    for number in &numbers {
        if store::leases::get(tx, &scope, number).await?.is_some() {
            here.push(number.clone());
        }
    }
    if let Some(number) = here.first() {
        return Err(already_here(&field(number), number));
    }
    match rows::held(tx, &scope, &numbers).await?.first() {
        Some(held) => Err(in_other_request(&field(&held.e164), &held.e164)),
        None => Ok(()),
    }
}

pub(super) fn already_here(field: &str, number: &str) -> Error {
    Error::Invalid {
        status: 409,
        code: "NumberAlreadyHere",
        message: format!(
            "{number} is on this platform already: search for it and buy it, or ask whoever has it to release it"
        ),
        target: Some(field.to_owned()),
        inner: None,
    }
}

/// Makes a draft again of a request that was rejected, so that it can be mended.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] where it was not rejected.
pub async fn revise(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let turn = Turn::tenant(app, actor)?;
    let again = |found: &mut Found| {
        found.row.firm_on = None;
        found.row.reason = None;
        for number in &mut found.numbers {
            put(number, NumberState::Pending, None);
        }
        Ok(())
    };
    turn.take((Direction::In, id), Action::Revise, again).await.map(drop)
}

/// Gives a request up; one that is accepted before its firm date alone.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] where it is too late.
pub async fn withdraw(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let turn = Turn::tenant(app, actor)?;
    turn.take((Direction::In, id), Action::Cancel, |_| Ok(())).await.map(drop)
}

/// Gives a request up, and says why. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for the reason; [`Error::Conflict`] where it is over.
pub async fn cancel_in(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    let reason = check::reason("reason", reason)?;
    let say = |found: &mut Found| {
        found.row.reason = Some(reason.clone());
        Ok(())
    };
    turn.take((Direction::In, id), Action::Cancel, say).await.map(drop)
}

/// Rejects a request with a reason, and numbers of it with their own. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for a reason or number; [`Error::Conflict`] where it is over.
pub async fn reject_in(
    app: &App,
    actor: &Actor,
    id: Uuid,
    reason: &str,
    numbers: &[(String, String)],
) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    let reason = check::reason("reason", reason)?;
    let reject = |found: &mut Found| {
        for number in &mut found.numbers {
            put(number, NumberState::Rejected, Some(reason.clone()));
        }
        reject_some(found, "numbers", numbers)?;
        found.row.firm_on = None;
        found.row.reason = Some(reason.clone());
        Ok(())
    };
    turn.take((Direction::In, id), Action::Reject, reject).await.map(drop)
}

/// Accepts a request with a firm date and a price; numbers that do not come are rejected with their reasons, and the others
/// do. Asked again, it says another date. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] by field; [`Error::Conflict`] where it is over.
pub async fn accept(app: &App, actor: &Actor, id: Uuid, said: Acceptance) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    check::within("firmOn", said.firm_on, app.now())?;
    let carrier = inventory::carrier(app, said.carrier.trim())
        .ok_or_else(|| Error::invalid("carrier", "there is no such carrier: name it or give its id"))?;
    let request = super::get_as_operator(app, actor, Direction::In, id).await?.request;
    let price = deliver::price(app, &turn.scope, &request, (said.monthly, said.setup)).await?;
    let accept = |found: &mut Found| {
        for number in &mut found.numbers {
            put(number, NumberState::Accepted, None);
        }
        reject_some(found, "rejected", &said.rejected)?;
        if found.numbers.iter().all(|number| number.state == NumberState::Rejected.word()) {
            return Err(Error::invalid("rejected", "no number is left: reject the request instead"));
        }
        let Price { monthly_micros, setup_micros, currency } = price;
        found.row.firm_on = Some(said.firm_on.to_string());
        found.row.carrier_id = Some(carrier.0);
        found.row.monthly_micros = monthly_micros;
        found.row.setup_micros = setup_micros;
        currency.code().clone_into(&mut found.row.currency);
        found.row.reason = None;
        Ok(())
    };
    turn.take((Direction::In, id), Action::Accept, accept).await.map(drop)
}

/// The numbers have moved: those that were accepted become the tenant's, and its first month is debited, all of it or
/// nothing. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::PaymentRequired`] where the tenant's balance does not cover it;
/// [`Error::Conflict`] where it is not the time, or [`Error::Invalid`] (409) where a number is here already.
pub async fn complete_in(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    let tenant = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let (mut found, to) = turn.begin(tx, (Direction::In, id), Action::Complete).await?;
            let before = found.row.clone();
            deliver::deliver(&turn, tx, &mut found).await?;
            turn.end(tx, &before, found, to).await?;
            Ok(TenantId(before.tenant_id))
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await
}

/// Rejects some numbers of a request, each with its reason.
fn reject_some(found: &mut Found, field: &str, numbers: &[(String, String)]) -> Result<(), Error> {
    for (index, (number, reason)) in numbers.iter().enumerate() {
        let target = format!("{field}.{index}");
        let wanted: Option<E164> = number.trim().parse().ok();
        let wanted = wanted.map(|number| number.to_string());
        let known = found.numbers.iter_mut().find(|row| Some(&row.e164) == wanted.as_ref());
        let Some(known) = known else {
            let message = "this number is not in the request: give one of its numbers";
            return Err(Error::invalid(&format!("{target}.number"), message));
        };
        let reason = check::reason(&format!("{target}.reason"), reason)?;
        put(known, NumberState::Rejected, Some(reason));
    }
    Ok(())
}

fn put(number: &mut Number, state: NumberState, reason: Option<String>) {
    state.word().clone_into(&mut number.state);
    number.reason = reason;
}
