//! Drafts whose time has come.

use super::{
    Draft,
    put::{How, Undo, put},
    target,
};
use crate::{
    App, Error,
    audit::{self, Change},
    events, outbox, plans,
    snapshot::load::read,
};
use domain::{
    access::{Actor, Role, Scope},
    events::EventKind,
    ids::{DeckId, PlanId, TenantId},
};
use serde_json::{Value, json};
use store::{
    Tx, prices,
    rehearsals::{self, Rehearsal},
};

/// Drafts that one run applies at most.
const DUE_MAX: u64 = 100;

/// Has drafts come into force whose time has come, in the name of who scheduled them; what was changed since is left as it is,
/// and an event says so. How many there were.
///
/// # Errors
/// [`Error::Internal`] where the database fails: they come with the next run.
pub async fn apply_due(app: &App) -> Result<usize, Error> {
    let scope = Scope::system("scheduled drafts come into force for every tenant");
    let due = rehearsals::due(app.db().read(), &scope, app.now(), DUE_MAX).await?;
    let mut count = 0;
    for row in due {
        count += usize::from(one(app, &scope, row).await?);
    }
    Ok(count)
}

async fn one(app: &App, scope: &Scope, row: Rehearsal) -> Result<bool, Error> {
    let draft: Draft = read("rehearsals.draft", row.draft.clone())?;
    let actor = Actor {
        user: None,
        tenant: row.tenant_id.map(TenantId),
        role: if row.tenant_id.is_some() { Role::Owner } else { Role::Operator },
        name: row.decided_by.clone().unwrap_or_else(|| row.created_by.clone()),
    };
    let undo: Option<Undo> = row.undo.clone().map(|undo| read("rehearsals.undo", undo)).transpose()?;
    let made = undo.and_then(|undo| undo.made);
    let row = match (&draft, made) {
        (Draft::PricePlan { plan }, Some(number)) => of_plan(app, scope, row, (plan.id, number)).await?,
        (Draft::RateDeck { deck, .. }, Some(number)) => of_deck(app, scope, row, (*deck, number)).await?,
        _ => Some(changed(app, &actor, &draft, row).await?),
    };
    let Some(row) = row else { return Ok(false) };
    app.db()
        .write::<_, Error, _>(async |tx| {
            rehearsals::update(tx, scope, row.clone()).await?;
            let tenant = row.tenant_id.map(TenantId);
            let change = Change {
                actor: &actor.name,
                tenant,
                what: "rehearsal.due",
                target: &target(row.id),
                before: Value::Null,
                after: json!({"title": row.title, "draft": row.draft_state, "why": row.refusal}),
            };
            audit::record(app, tx, scope, change).await?;
            if row.refusal.is_some() { tell(app, tx, scope, &row).await } else { Ok(()) }
        })
        .await?;
    Ok(true)
}

/// Puts a draft into its place where it is as it was when it was scheduled.
async fn changed(app: &App, actor: &Actor, draft: &Draft, row: Rehearsal) -> Result<Rehearsal, Error> {
    let how = How { at: None, below_cost: row.below_cost };
    match put(app, actor, draft, &row.expected, how).await {
        Ok(done) => Ok(Rehearsal {
            draft_state: rehearsals::APPLIED.to_owned(),
            expected: done.version,
            undo: Some(serde_json::to_value(&done.undo).map_err(Error::internal)?),
            ..row
        }),
        Err(Error::Internal(cause)) => Err(Error::Internal(cause)),
        Err(refused) => {
            let is_changed = matches!(refused, Error::Invalid { status: 412, .. });
            let why = if is_changed {
                "it was changed since the draft was scheduled: rehearse it again".to_owned()
            } else {
                refused.to_string()
            };
            Ok(Rehearsal { draft_state: rehearsals::REFUSED.to_owned(), refusal: Some(why), ..row })
        }
    }
}

/// A scheduled version of a plan comes into force by itself: what became of it.
async fn of_plan(
    app: &App,
    scope: &Scope,
    row: Rehearsal,
    (plan, number): (PlanId, i32),
) -> Result<Option<Rehearsal>, Error> {
    let known = prices::plan_versions(app.db().read(), scope, plan, plans::VERSIONS_MAX).await?;
    let state = known.into_iter().find(|version| version.number == number).map(|version| version.state);
    Ok(followed(row, state.as_deref()))
}

/// The same of a deck.
async fn of_deck(
    app: &App,
    scope: &Scope,
    row: Rehearsal,
    (deck, number): (DeckId, i32),
) -> Result<Option<Rehearsal>, Error> {
    let version = prices::deck_version(app.db().read(), scope, deck, number).await?;
    Ok(followed(row, version.map(|version| version.state).as_deref()))
}

fn followed(row: Rehearsal, state: Option<&str>) -> Option<Rehearsal> {
    let draft_state = match state {
        Some(prices::SCHEDULED) => return None,
        Some(prices::APPLIED) => rehearsals::APPLIED,
        _ => rehearsals::WITHDRAWN,
    };
    Some(Rehearsal { draft_state: draft_state.to_owned(), ..row })
}

async fn tell(app: &App, tx: &Tx, scope: &Scope, row: &Rehearsal) -> Result<(), Error> {
    let data = json!({
        "rehearsalId": row.id,
        "change": row.title,
        "effectiveAt": row.effective_at,
        "scheduledBy": row.decided_by,
        "explanation": row.refusal,
    });
    if let Some(tenant) = row.tenant_id.map(TenantId) {
        let said = (format!("rehearsal/{}", row.id), data);
        return Ok(events::raise(app, tx, scope, tenant, EventKind::ScheduledChangeRefused, said).await?);
    }
    let row = outbox::message(None, events::CHANGE_REFUSED, data, app.now());
    Ok(store::outbox::insert(tx, scope, row).await?)
}
