//! What keeps an owned number from being taken away: a lock, and a code that whoever asks must bring.

use super::turn::Turn;
use crate::{
    App, Error,
    audit::{self, Change},
    vault::Place,
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    phone::E164,
};
use serde_json::{Value, json};
use store::{
    leases::Lease,
    porting::{self as rows, Guard},
};
use subtle::ConstantTimeEq;

/// What is said of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardView {
    /// Whether no request is taken at all.
    pub locked: bool,
    /// Whether a request must bring a code.
    pub has_pin: bool,
}

/// What changes; what is `None` stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GuardEdit {
    /// Whether no request is taken at all.
    pub locked: Option<bool>,
    /// The code, four to ten digits; `Some(None)` takes it away.
    pub pin: Option<Option<String>>,
}

/// What is said of a number of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn guard(app: &App, actor: &Actor, number: E164) -> Result<GuardView, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let lease = store::leases::get(app.db().read(), &scope, &number.to_string()).await?;
    let lease = lease.ok_or_else(|| no_number(number))?;
    Ok(view(rows::guard(app.db().read(), &scope, lease.id).await?.as_ref()))
}

/// Locks or unlocks a number, and sets or takes away its code. What is asked for already goes on.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for the code.
pub async fn set_guard(app: &App, actor: &Actor, number: E164, edit: GuardEdit) -> Result<GuardView, Error> {
    let turn = Turn::tenant(app, actor)?;
    if let Some(Some(pin)) = &edit.pin
        && !((4..=10).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(Error::invalid("pin", "give a code of 4 to 10 digits"));
    }
    let e164 = number.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let lease = store::leases::get(tx, &turn.scope, &e164).await?.ok_or_else(|| no_number(number))?;
            let known = rows::guard(tx, &turn.scope, lease.id).await?;
            let before = view(known.as_ref());
            let mut row = known.unwrap_or_else(|| Guard {
                lease_id: lease.id,
                tenant_id: lease.tenant_id,
                locked: false,
                pin: None,
                changed_at: app.now(),
            });
            row.locked = edit.locked.unwrap_or(row.locked);
            if let Some(pin) = &edit.pin {
                row.pin = pin.as_ref().map(|pin| sealed(app, &lease, pin));
            }
            row.changed_at = app.now();
            let after = view(Some(&row));
            rows::put_guard(tx, &turn.scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(TenantId(lease.tenant_id)),
                what: "number.portOut.update",
                target: &e164,
                before: shown(before),
                after: shown(after),
            };
            audit::record(app, tx, &turn.scope, change).await?;
            Ok(after)
        })
        .await
}

/// Refuses a request that the guard of a number does not let through; a refusal is written down for its tenant.
pub(super) async fn admit(turn: &Turn<'_>, lease: &Lease, pin: Option<&str>) -> Result<(), Error> {
    let system = Scope::system("a number's guard is asked by whoever wants the number");
    let Some(guard) = rows::guard(turn.app.db().read(), &system, lease.id).await? else { return Ok(()) };
    let number = &lease.e164;
    let (code, message) = if guard.locked {
        ("PortOutLocked", format!("{number} is locked against porting: its tenant must lift the lock first"))
    } else if turn.by == domain::porting::Party::Operator && !opens(turn.app, lease, &guard, pin)? {
        (
            "PortOutPinMismatch",
            format!("the code is not that of {number}: ask for the one that its tenant has set"),
        )
    } else {
        return Ok(());
    };
    let change = Change {
        actor: &turn.actor.name,
        tenant: Some(TenantId(lease.tenant_id)),
        what: "porting.refuse",
        target: number,
        before: Value::Null,
        after: json!({ "code": code }),
    };
    audit::note(turn.app, &turn.scope, change).await?;
    let target = if guard.locked { "number" } else { "pin" };
    Err(Error::Invalid { status: 409, code, message, target: Some(target.to_owned()), inner: None })
}

fn opens(app: &App, lease: &Lease, guard: &Guard, pin: Option<&str>) -> Result<bool, Error> {
    let Some(kept) = &guard.pin else { return Ok(true) };
    let (tenant, id) = (TenantId(lease.tenant_id).to_string(), lease.id.to_string());
    let kept = app.vault().open(place(&tenant, &id), kept)?;
    Ok(pin.is_some_and(|pin| bool::from(kept.as_slice().ct_eq(pin.trim().as_bytes()))))
}

fn sealed(app: &App, lease: &Lease, pin: &str) -> Vec<u8> {
    let (tenant, id) = (TenantId(lease.tenant_id).to_string(), lease.id.to_string());
    app.vault().seal(place(&tenant, &id), pin.as_bytes())
}

fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "port_out_guards", column: "pin", id }
}

fn view(row: Option<&Guard>) -> GuardView {
    GuardView { locked: row.is_some_and(|row| row.locked), has_pin: row.is_some_and(|row| row.pin.is_some()) }
}

fn shown(view: GuardView) -> Value {
    json!({ "locked": view.locked, "hasPin": view.has_pin })
}

pub(super) fn no_number(number: E164) -> Error {
    Error::not_found("number", format!("{number} is not a number of this tenant"))
}
