//! Numbers leave: a provider asks, the tenant says yes or no, and on the firm date the lease ends.

use super::{
    ANSWER_DAYS, ANSWER_DAYS_MAX, Details, OPEN_MAX, check,
    guard::{admit, no_number},
    tell,
    turn::{Found, Turn, taken},
    view,
};
use crate::{
    App, Error, numbers,
    snapshot::{Changed, refresh},
};
use chrono::{Duration, NaiveDate};
use domain::{
    access::Actor,
    ids::TenantId,
    phone::E164,
    porting::{Action, Direction, NotPortable, Party, opening, portable},
};
use store::{
    Tx,
    leases::Lease,
    porting::{self as rows, Number, Request},
};
use uuid::Uuid;

/// Somebody wants an owned number.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPortOut {
    /// The number.
    pub number: E164,
    /// Who wants it.
    pub provider: String,
    /// What that provider calls its request.
    pub reference: String,
    /// The code of the number, where its tenant has set one.
    pub pin: Option<String>,
    /// The day that is wished for.
    pub wanted_on: Option<NaiveDate>,
    /// Days that the tenant has to answer.
    pub answer_days: Option<u32>,
}

/// Writes down that another provider asks for an owned number; its tenant is asked. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] by field, for a number that is locked (409, `PortOutLocked`), a
/// wrong code (409, `PortOutPinMismatch`) and one that is in another request (409, `NumberInOtherRequest`).
pub async fn record(app: &App, actor: &Actor, new: NewPortOut) -> Result<Uuid, Error> {
    open(Turn::operator(app, actor)?, new).await
}

/// Writes down that the tenant itself takes one of its numbers elsewhere.
///
/// # Errors
/// As [`record`]; the code is not wanted.
pub async fn ask_in_own_name(app: &App, actor: &Actor, new: NewPortOut) -> Result<Uuid, Error> {
    open(Turn::tenant(app, actor)?, new).await
}

async fn open(turn: Turn<'_>, new: NewPortOut) -> Result<Uuid, Error> {
    let (app, now) = (turn.app, turn.app.now());
    check::line("provider", &new.provider)?;
    check::line("reference", &new.reference)?;
    if new.provider.trim().is_empty() {
        return Err(Error::invalid("provider", "say which provider the number goes to"));
    }
    new.wanted_on.map_or(Ok(()), |day| check::within("wantedOn", day, now))?;
    let days = new.answer_days.unwrap_or(ANSWER_DAYS);
    if !(1..=ANSWER_DAYS_MAX).contains(&days) {
        return Err(Error::invalid("answerDays", format!("give the tenant 1 to {ANSWER_DAYS_MAX} days")));
    }
    let lease = store::leases::get(app.db().read(), &turn.scope, &new.number.to_string()).await?;
    let lease = lease.ok_or_else(|| no_number(new.number))?;
    let number_type = lease.number_type.parse().map_err(Error::internal)?;
    if let Err(NotPortable::Fictional) = portable(new.number, &lease.country, number_type) {
        let message = format!("{} is kept for fiction: no provider can take it", new.number);
        return Err(Error::invalid("number", message));
    }
    admit(&turn, &lease, new.pin.as_deref()).await?;
    if turn.by == Party::Tenant && rows::count_open(app.db().read(), &turn.scope).await? >= OPEN_MAX {
        let message = format!("{OPEN_MAX} requests are open: finish or cancel some");
        return Err(Error::conflict("number", message));
    }
    let found = opened(&turn, &lease, &new, days)?;
    let id = found.row.id;
    app.db()
        .write::<_, Error, _>(async |tx| {
            rows::insert(tx, &turn.scope, found.row.clone()).await?;
            rows::put_numbers(tx, &turn.scope, id, found.numbers.clone()).await.map_err(taken)?;
            tell::step(&turn, tx, None, &found).await
        })
        .await?;
    Ok(id)
}

/// The request as it begins.
fn opened(turn: &Turn<'_>, lease: &Lease, new: &NewPortOut, days: u32) -> Result<Found, Error> {
    let (id, now) = (Uuid::now_v7(), turn.app.now());
    let state = opening(Direction::Out, turn.by);
    let details = Details { reference: new.reference.trim().to_owned(), ..Details::default() };
    let row = Request {
        id,
        tenant_id: lease.tenant_id,
        direction: Direction::Out.word().to_owned(),
        state: state.word().to_owned(),
        country: lease.country.clone(),
        number_type: lease.number_type.clone(),
        provider: new.provider.trim().to_owned(),
        details: view::seal(turn.app, TenantId(lease.tenant_id), id, &details)?,
        wanted_on: new.wanted_on.map(|day| day.to_string()),
        firm_on: None,
        answer_by: (turn.by == Party::Operator).then(|| now + Duration::days(i64::from(days))),
        carrier_id: None,
        monthly_micros: 0,
        setup_micros: 0,
        currency: String::new(),
        reason: None,
        opened_by: turn.by.word().to_owned(),
        created_at: now,
        updated_at: now,
        closed_at: None,
    };
    let number = Number {
        request_id: id,
        e164: lease.e164.clone(),
        tenant_id: lease.tenant_id,
        state: view::NumberState::Pending.word().to_owned(),
        reason: None,
        lease_id: Some(lease.id),
        holds: state.holds_numbers(),
    };
    Ok(Found { row, numbers: vec![number] })
}

/// The tenant says that it is its wish.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] where nobody asks any more.
pub async fn confirm(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let turn = Turn::tenant(app, actor)?;
    let clear = |found: &mut Found| {
        found.row.reason = None;
        Ok(())
    };
    turn.take((Direction::Out, id), Action::Confirm, clear).await.map(drop)
}

/// The tenant says that it is not: the number stays until it says otherwise itself.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for the reason; [`Error::Conflict`] where it is too late.
pub async fn object(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<(), Error> {
    let turn = Turn::tenant(app, actor)?;
    let reason = check::reason("reason", reason)?;
    let say = |found: &mut Found| {
        found.row.reason = Some(reason.clone());
        found.row.firm_on = None;
        Ok(())
    };
    turn.take((Direction::Out, id), Action::Object, say).await.map(drop)
}

/// Says on which day the number leaves, or another one: once the tenant confirmed it, or its time to answer is over.
/// Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for the day; [`Error::Conflict`] where it is not the time.
pub async fn schedule(app: &App, actor: &Actor, id: Uuid, firm_on: NaiveDate) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    check::within("firmOn", firm_on, app.now())?;
    let say = |found: &mut Found| {
        found.row.firm_on = Some(firm_on.to_string());
        found.row.reason = None;
        for number in &mut found.numbers {
            view::NumberState::Accepted.word().clone_into(&mut number.state);
        }
        Ok(())
    };
    turn.take((Direction::Out, id), Action::Schedule, say).await.map(drop)
}

/// Says no to the other provider, and why. Operators only.
///
/// # Errors
/// As [`cancel_out`].
pub async fn reject_out(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<(), Error> {
    end_without(app, actor, id, (Action::Reject, reason)).await
}

/// Gives a request up: the other provider does not ask any more. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for the reason; [`Error::Conflict`] where it is over.
pub async fn cancel_out(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<(), Error> {
    end_without(app, actor, id, (Action::Cancel, reason)).await
}

async fn end_without(
    app: &App,
    actor: &Actor,
    id: Uuid,
    (action, reason): (Action, &str),
) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    let reason = check::reason("reason", reason)?;
    let say = |found: &mut Found| {
        found.row.reason = Some(reason.clone());
        for number in &mut found.numbers {
            view::NumberState::Rejected.word().clone_into(&mut number.state);
        }
        Ok(())
    };
    turn.take((Direction::Out, id), action, say).await.map(drop)
}

/// The number has left: its lease ends without a refund, and it is no number of the platform any more. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Conflict`] where it is not the time, or the lease ended before.
pub async fn complete_out(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let turn = Turn::operator(app, actor)?;
    let tenant = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let (mut found, to) = turn.begin(tx, (Direction::Out, id), Action::Complete).await?;
            let before = found.row.clone();
            for number in &mut found.numbers {
                let lease = store::leases::get(tx, &turn.scope, &number.e164).await?;
                let lease = lease.filter(|lease| Some(lease.id) == number.lease_id);
                let lease = lease.ok_or_else(|| gone(&number.e164))?;
                leave(&turn, tx, lease).await?;
                view::NumberState::Ported.word().clone_into(&mut number.state);
            }
            turn.end(tx, &before, found, to).await?;
            Ok(TenantId(before.tenant_id))
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await
}

async fn leave(turn: &Turn<'_>, tx: &Tx, lease: Lease) -> Result<(), Error> {
    let now = turn.app.now();
    numbers::tell_released(turn.app, tx, &turn.scope, &lease, "portedOut").await?;
    rows::leave_stock(tx, &turn.scope, &lease.e164).await?;
    let ended =
        Lease { released_at: Some(now), release_asked_at: lease.release_asked_at.or(Some(now)), ..lease };
    Ok(store::leases::update(tx, &turn.scope, ended).await?)
}

fn gone(number: &str) -> Error {
    let message = format!("{number} is not this tenant's any more: give the request up");
    Error::conflict("number", message)
}
