//! A top-up ends: it is paid, refused, or given up. Whoever is first ends it, once.

use super::{
    PAUSE_MINUTES,
    answer::{REASON_MAX, REFERENCE_MAX, tidy},
    scope,
    view::{TopUpView, amount},
};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    events, mails,
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    events::EventKind,
    ids::TenantId,
    ledger::EntryKind,
    money::Money,
};
use serde_json::json;
use store::{
    Tx,
    ledger::{Cover, Posting},
    top_ups::{self, FAILED, PAID, PENDING, REFUSED, REQUESTED, TopUp},
};
use uuid::Uuid;

/// People of a tenant that are told by mail, at most.
const MAILED_MAX: u64 = 20;

/// How it ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) state: &'static str,
    pub(super) reference: Option<String>,
    pub(super) problem: Option<String>,
}

/// What the payment system says by itself of a top-up that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Whether it was paid, or refused.
    pub is_paid: bool,
    /// What the payment system calls it.
    pub reference: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// Ends a top-up that is in one of some states: what is paid goes into the ledger, and of all else the tenant is told. False
/// where it is in none of them, and nothing was done.
pub(super) async fn end(
    app: &App,
    tx: &Tx,
    (actor, now): (&str, DateTime<Utc>),
    row: &TopUp,
    from: &[&str],
    end: End,
) -> Result<bool, Error> {
    let (scope, tenant, amount) = (scope(), TenantId(row.tenant_id), amount(row)?);
    let after = TopUp {
        state: end.state.to_owned(),
        reference: end.reference.or_else(|| row.reference.clone()),
        problem: end.problem.as_deref().and_then(|why| tidy(why, REASON_MAX)),
        ended_at: Some(now),
        ..row.clone()
    };
    if !top_ups::change(tx, &scope, from, after.clone()).await? {
        return Ok(false);
    }
    if end.state == PAID {
        credit(app, tx, &after, amount, now).await?;
    } else {
        tell(app, tx, &after, amount, now).await?;
    }
    let target = row.id.to_string();
    let change = Change {
        actor,
        tenant: Some(tenant),
        what: "topUp.end",
        target: &target,
        before: seen(&TopUpView::of(row.clone())?),
        after: seen(&TopUpView::of(after)?),
    };
    audit::record(app, tx, &scope, change).await?;
    Ok(true)
}

/// Writes the money into the ledger; its key is the top-up's, so that it is there once.
async fn credit(app: &App, tx: &Tx, row: &TopUp, amount: Money, now: DateTime<Utc>) -> Result<(), Error> {
    let reference = row.reference.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
    let posting = Posting {
        kind: EntryKind::TopUp,
        amount,
        cover: Cover::Available,
        key: format!("topup:{}", row.id),
        description: format!("Automatic top-up{reference}"),
        at: now,
        call: None,
        number: None,
        invoice: None,
    };
    events::post(app, tx, &scope(), TenantId(row.tenant_id), &posting).await?;
    Ok(())
}

/// Tells a tenant that it was not topped up.
async fn tell(app: &App, tx: &Tx, row: &TopUp, amount: Money, now: DateTime<Utc>) -> Result<(), Error> {
    let (scope, tenant) = (scope(), TenantId(row.tenant_id));
    let data =
        json!({ "topUpId": row.id, "state": row.state, "reason": row.problem, "amount": amount, "at": now });
    let said = (format!("topUp/{}", row.id), data);
    events::raise(app, tx, &scope, tenant, EventKind::TopUpFailed, said).await?;
    let what = if row.state == REFUSED { "was refused" } else { "did not come about" };
    let why = row.problem.as_deref().unwrap_or("no reason was given");
    let text = format!(
        "The automatic top-up of your account by {amount} {what}: {why}.\n\nYour balance is low, and calls end where it runs out. It is \
         tried again after {PAUSE_MINUTES} minutes at the earliest. See {}/app/money\n",
        app.settings().public_url,
    );
    let subject = format!("Dialtone could not top up your account by {amount}");
    for person in store::users::of_tenant(tx, &scope, tenant.0, MAILED_MAX).await? {
        mails::plain(app, tx, &scope, tenant, &person.email, (&subject, &text)).await?;
    }
    Ok(())
}

/// The payment system says how a top-up ended that it took. The same said twice is done once; what was given up here may still
/// be paid. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field, [`Error::Conflict`] where it ended otherwise.
pub async fn settle(app: &App, actor: &Actor, id: Uuid, said: Settlement) -> Result<TopUpView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    for (field, text, most) in
        [("reference", &said.reference, REFERENCE_MAX), ("reason", &said.reason, REASON_MAX)]
    {
        if text.as_ref().is_some_and(|text| text.chars().count() > most) {
            return Err(Error::invalid(field, format!("give {most} characters at most")));
        }
    }
    let reference = said.reference.as_deref().and_then(|text| tidy(text, REFERENCE_MAX));
    let now = app.now();
    let missing = || Error::not_found("id", "there is no such top-up");
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = top_ups::get(tx, &scope, id).await?.ok_or_else(missing)?;
            let (from, end_as): (&[&str], End) = if said.is_paid {
                let reference = reference.clone();
                (&[REQUESTED, PENDING, FAILED], End { state: PAID, reference, problem: None })
            } else {
                let why = said.reason.clone().unwrap_or_else(|| "the payment system refused it".to_owned());
                let reference = reference.clone();
                (&[REQUESTED, PENDING], End { state: REFUSED, reference, problem: Some(why) })
            };
            let is_ended = end(app, tx, (&actor.name, now), &row, from, end_as).await?;
            let row = top_ups::get(tx, &scope, id).await?.ok_or_else(missing)?;
            if !is_ended {
                agrees(&row, &said, reference.as_deref())?;
            }
            TopUpView::of(row)
        })
        .await
}

/// Refuses what a top-up that is over contradicts.
fn agrees(row: &TopUp, said: &Settlement, reference: Option<&str>) -> Result<(), Error> {
    let is_paid = row.state == PAID;
    if is_paid != said.is_paid {
        let message = format!("this top-up is over: it is {}", row.state);
        return Err(Error::conflict("state", message));
    }
    match (is_paid, reference, row.reference.as_deref()) {
        (true, Some(said), Some(known)) if said != known => {
            Err(Error::conflict("reference", format!("this top-up is paid already, under {known:?}")))
        }
        _ => Ok(()),
    }
}
