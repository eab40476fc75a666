//! Whoever the numbers belong to hears of every step: it is written down, raised as an event and mailed, in the transaction
//! that takes it.

use super::{
    turn::{Found, Turn},
    view,
};
use crate::{
    Error,
    audit::{self, Change},
    events, mails,
};
use domain::{
    events::EventKind,
    ids::TenantId,
    porting::{Direction, State},
};
use serde_json::{Value, json};
use store::{
    Tx,
    porting::{self as rows, Request, Step},
};
use uuid::Uuid;

/// People who are mailed at most.
const MAILED_MAX: u64 = 20;
/// Numbers that a mail names.
const NAMED_MAX: usize = 5;

/// Tells of a step; `before` is nothing for the first.
pub(super) async fn step(
    turn: &Turn<'_>,
    tx: &Tx,
    before: Option<&Request>,
    after: &Found,
) -> Result<(), Error> {
    let (app, row) = (turn.app, &after.row);
    let tenant = TenantId(row.tenant_id);
    let from = before.map(|row| row.state.clone());
    let step = Step {
        id: Uuid::now_v7(),
        request_id: row.id,
        tenant_id: row.tenant_id,
        from_state: from.clone(),
        to_state: row.state.clone(),
        party: turn.by.word().to_owned(),
        note: row.reason.clone(),
        at: app.now(),
    };
    rows::add_step(tx, &turn.scope, step).await?;
    let what = match before {
        Some(_) => "porting.move",
        None => "porting.create",
    };
    audit(turn, tx, what, before.map_or(Value::Null, shown), with_numbers(after)?).await?;
    let to = view::state(row)?;
    if to == State::Draft {
        return Ok(());
    }
    let payload = json!({
        "requestId": row.id,
        "direction": row.direction,
        "from": from,
        "to": row.state,
        "by": turn.by,
        "numbers": numbers(after)?,
        "firmOn": row.firm_on,
        "answerBy": row.answer_by,
        "reason": row.reason,
        "at": app.now(),
    });
    let said = (format!("porting/{}", row.id), payload);
    events::raise(app, tx, &turn.scope, tenant, EventKind::PortingRequestStateChanged, said).await?;
    let people = store::users::of_tenant(tx, &turn.scope, row.tenant_id, MAILED_MAX).await?;
    let (subject, text) = letter(turn, after, to)?;
    for person in people {
        mails::plain(app, tx, &turn.scope, tenant, &person.email, (&subject, &text)).await?;
    }
    Ok(())
}

/// Writes a change of a request into the audit. What is sealed does not stand in it.
pub(super) async fn audit(
    turn: &Turn<'_>,
    tx: &Tx,
    what: &'static str,
    before: Value,
    after: (Value, &Request),
) -> Result<(), Error> {
    let (after, row) = after;
    let change = Change {
        actor: &turn.actor.name,
        tenant: Some(TenantId(row.tenant_id)),
        what,
        target: &row.id.to_string(),
        before,
        after,
    };
    audit::record(turn.app, tx, &turn.scope, change).await
}

/// A request as the audit has it.
pub(super) fn shown(row: &Request) -> Value {
    json!({
        "direction": row.direction, "state": row.state, "country": row.country, "type": row.number_type,
        "provider": row.provider, "wantedOn": row.wanted_on, "firmOn": row.firm_on, "reason": row.reason,
        "carrier": row.carrier_id, "monthlyMicros": row.monthly_micros, "setupMicros": row.setup_micros,
    })
}

pub(super) fn with_numbers(found: &Found) -> Result<(Value, &Request), Error> {
    let mut all = shown(&found.row);
    all["numbers"] = numbers(found)?;
    Ok((all, &found.row))
}

fn numbers(found: &Found) -> Result<Value, Error> {
    let one =
        |row: &rows::Number| Ok(json!({ "number": row.e164, "state": row.state, "reason": row.reason }));
    found.numbers.iter().map(one).collect::<Result<Vec<_>, Error>>().map(Value::from)
}

/// Subject and text of the mail.
fn letter(turn: &Turn<'_>, found: &Found, to: State) -> Result<(String, String), Error> {
    let row = &found.row;
    let direction = view::direction(row)?;
    let mut named: Vec<&str> = found.numbers.iter().map(|row| row.e164.as_str()).take(NAMED_MAX).collect();
    let more = format!("and {} more", found.numbers.len().saturating_sub(NAMED_MAX));
    if found.numbers.len() > NAMED_MAX {
        named.push(&more);
    }
    let named = named.join(", ");
    let way = match direction {
        Direction::In => format!("from {} to Dialtone", row.provider),
        Direction::Out => format!("from Dialtone to {}", row.provider),
    };
    let answer = row.answer_by.map_or_else(String::new, |until| {
        format!(" until {}: after that, silence counts as a yes", until.format("%Y-%m-%d %H:%M UTC"))
    });
    let firm = row.firm_on.as_deref().unwrap_or("a day that is not said yet");
    let happened = match to {
        State::Draft => "The request is a draft again.".to_owned(),
        State::Submitted => {
            "The request is with the operator now, who settles it with the other provider.".to_owned()
        }
        State::Rejected => "The request was rejected.".to_owned(),
        State::Accepted => format!("The other provider agreed. The numbers move on {firm}."),
        State::Requested => format!(
            "The other provider asks for these numbers. If this is your wish, confirm it; if it is not, object{answer}."
        ),
        State::Confirmed => "You confirmed that this is your wish.".to_owned(),
        State::Objected => "You objected: the numbers stay unless you say otherwise.".to_owned(),
        State::Scheduled => format!("The numbers leave on {firm}. Until that day you can object."),
        State::Completed => "The numbers have moved.".to_owned(),
        State::Cancelled => "The request was given up. The numbers stay where they are.".to_owned(),
    };
    let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!("\n\nReason: {reason}"));
    let text = format!(
        "Porting of {named} {way}.\n\n{happened}{reason}\n\nSee {}/app/porting/{}/{}\n",
        turn.app.settings().public_url,
        direction.word(),
        row.id
    );
    Ok((format!("Porting of {named}: {}", to.word()), text))
}
