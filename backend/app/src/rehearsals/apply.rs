//! The draft of a rehearsal is applied, now or at a time.

use super::{
    Draft, RehearsalView, changing,
    list::find,
    put::{How, Put, Undo, put},
    target,
};
use crate::{
    App, Error,
    audit::{self, Change},
    plans::When,
    snapshot::load::read,
    versions,
};
use domain::access::{Actor, Scope};
use serde_json::{Value, json};
use store::rehearsals::{self, Rehearsal};
use uuid::Uuid;

/// Applies the draft of a rehearsal that is done, now or at a later time. It is refused where what the draft changes was
/// changed since the rehearsal began: now with 412, at its time with an event.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it is not done or its draft is applied already,
/// [`Error::Invalid`]: 412 where it changed since, `BelowCost` (409) where it sells below cost and that is not confirmed.
pub async fn apply(app: &App, actor: &Actor, id: Uuid, when: When) -> Result<RehearsalView, Error> {
    let scope = changing(actor)?;
    let row = find(app.db().read(), &scope, id).await?;
    let view = RehearsalView::of(row.clone())?;
    if !view.can_apply() {
        let text = format!("the rehearsal is {}, its draft {}", view.state.word(), view.draft_state.word());
        return Err(Error::conflict("rehearsal", text));
    }
    let draft: Draft = read("rehearsals.draft", row.draft.clone())?;
    if matches!(draft, Draft::Routes { .. }) && scope.tenant().is_none() {
        return Err(Error::conflict(
            "rehearsal",
            "routes are applied by their tenant, from a rehearsal of its own",
        ));
    }
    let at = when.effective_at.filter(|at| *at > app.now());
    let schedules_itself = matches!(draft, Draft::PricePlan { .. } | Draft::RateDeck { .. });
    let done = if at.is_some() && !schedules_itself {
        unchanged(app, &draft, &row.expected).await?;
        Put { undo: Undo { before: None, made: None }, version: row.expected.clone() }
    } else {
        put(app, actor, &draft, &row.expected, How { at, below_cost: when.below_cost }).await?
    };
    let state = if at.is_some() { rehearsals::SCHEDULED } else { rehearsals::APPLIED };
    let row = Rehearsal {
        draft_state: state.to_owned(),
        expected: done.version,
        undo: Some(serde_json::to_value(&done.undo).map_err(Error::internal)?),
        below_cost: when.below_cost,
        effective_at: Some(at.unwrap_or_else(|| app.now())),
        refusal: None,
        ..row
    };
    decided(app, (&scope, actor), row, "rehearsal.apply").await
}

/// Refuses where what a draft changes has another version than the expected.
async fn unchanged(app: &App, draft: &Draft, expected: &str) -> Result<(), Error> {
    if versions::for_form(app, draft.subject(app)).await? == expected {
        return Ok(());
    }
    Err(Error::Invalid {
        status: 412,
        code: "PreconditionFailed",
        message: "what the draft changes was changed since the rehearsal began: rehearse it again".to_owned(),
        target: Some("rehearsal".to_owned()),
        inner: None,
    })
}

/// Writes down what became of a draft, with who decided it.
pub(super) async fn decided(
    app: &App,
    (scope, actor): (&Scope, &Actor),
    row: Rehearsal,
    what: &'static str,
) -> Result<RehearsalView, Error> {
    let now = app.now();
    let row =
        Rehearsal { decided_by: Some(actor.name.chars().take(254).collect()), decided_at: Some(now), ..row };
    app.db()
        .write::<_, Error, _>(async |tx| {
            rehearsals::update(tx, scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: scope.tenant(),
                what,
                target: &target(row.id),
                before: Value::Null,
                after: json!({"title": row.title, "draft": row.draft_state, "effectiveAt": row.effective_at}),
            };
            audit::record(app, tx, scope, change).await
        })
        .await?;
    RehearsalView::of(row)
}
