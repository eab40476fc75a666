//! A draft is taken back: before its time it will not come into force, after it what was before is in force again.

use super::{
    Draft, RehearsalView,
    apply::decided,
    changing,
    list::find,
    put::{How, Undo, put},
};
use crate::{App, Error, decks, plans, snapshot::load::read};
use domain::access::{Actor, Scope};
use store::rehearsals::{self, Rehearsal};
use uuid::Uuid;

/// Takes a draft back that waits for its time.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it does not wait.
pub async fn withdraw(app: &App, actor: &Actor, id: Uuid) -> Result<RehearsalView, Error> {
    let (scope, row, draft, undo) = with_draft(app, actor, id).await?;
    if row.draft_state != rehearsals::SCHEDULED {
        let text = format!("the draft is {}: it does not wait for its time", row.draft_state);
        return Err(Error::conflict("rehearsal", text));
    }
    match (&draft, undo.made) {
        (Draft::PricePlan { plan }, Some(number)) => plans::withdraw(app, actor, plan.id, number).await?,
        (Draft::RateDeck { deck, .. }, Some(number)) => decks::withdraw(app, actor, *deck, number).await?,
        _ => {}
    }
    let row = Rehearsal { draft_state: rehearsals::WITHDRAWN.to_owned(), ..row };
    decided(app, (&scope, actor), row, "rehearsal.withdraw").await
}

/// Puts what was before an applied draft back, where nobody has changed it since.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where the draft is not applied or nothing was before it,
/// [`Error::Invalid`]: 412 where it was changed since, `BelowCost` (409) as in [`super::apply`].
pub async fn roll_back(app: &App, actor: &Actor, id: Uuid, below_cost: bool) -> Result<RehearsalView, Error> {
    let (scope, row, draft, undo) = with_draft(app, actor, id).await?;
    if row.draft_state != rehearsals::APPLIED {
        let text = format!("the draft is {}: only what was applied is rolled back", row.draft_state);
        return Err(Error::conflict("rehearsal", text));
    }
    if let Draft::RateDeck { deck, .. } = &draft {
        let current = decks::get(app, actor, *deck).await?.current;
        if current != undo.made {
            let text = "another version of the deck is in force by now: roll back from its page";
            return Err(Error::conflict("rehearsal", text));
        }
    }
    let before = undo.before.ok_or_else(|| {
        Error::conflict("rehearsal", "nothing was in force before the draft: there is no way back")
    })?;
    let done = put(app, actor, &before, &row.expected, How { at: None, below_cost }).await?;
    let row = Rehearsal { draft_state: rehearsals::ROLLED_BACK.to_owned(), expected: done.version, ..row };
    decided(app, (&scope, actor), row, "rehearsal.rollback").await
}

async fn with_draft(app: &App, actor: &Actor, id: Uuid) -> Result<(Scope, Rehearsal, Draft, Undo), Error> {
    let scope = changing(actor)?;
    let row = find(app.db().read(), &scope, id).await?;
    let draft = read("rehearsals.draft", row.draft.clone())?;
    let undo = match row.undo.clone() {
        Some(undo) => read("rehearsals.undo", undo)?,
        None => Undo { before: None, made: None },
    };
    Ok((scope, row, draft, undo))
}
