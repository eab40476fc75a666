//! A rehearsal is begun.

use super::{
    Against, Draft, KEPT_MAX, OPEN_MAX, PERIOD_MAX, REHEARSALS_MAX, RehearsalView, changing, target,
};
use crate::{
    App, Error,
    audit::{self, Change},
    versions,
};
use chrono::{DateTime, Utc};
use domain::access::Actor;
use serde_json::{Value, json};
use store::rehearsals::{self, Rehearsal};
use uuid::Uuid;

/// A rehearsal to begin.
#[derive(Debug, Clone)]
pub struct New {
    /// What is tried.
    pub draft: Draft,
    /// With what it is compared.
    pub against: Against,
    /// Attempts from here on.
    pub since: DateTime<Utc>,
    /// And before this; the future counts as now.
    pub until: DateTime<Utc>,
}

/// Queues a rehearsal; it begins within a second where no other is at work.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field, [`Error::Conflict`] where [`OPEN_MAX`] wait already.
pub async fn create(app: &App, actor: &Actor, new: New) -> Result<RehearsalView, Error> {
    let scope = changing(actor)?;
    let now = app.now();
    let until = new.until.min(now);
    if until <= new.since {
        return Err(Error::invalid("until", "the period ends before it begins, or has not begun"));
    }
    if until - new.since > PERIOD_MAX {
        let text = format!("a period is {} days at most: choose a shorter one", PERIOD_MAX.num_days());
        return Err(Error::invalid("since", text));
    }
    let drafted = new.draft.checked(app, actor, &scope).await?;
    let expected = versions::for_form(app, drafted.draft.subject(app)).await?;
    let row = Rehearsal {
        id: Uuid::now_v7(),
        tenant_id: scope.tenant().map(|tenant| tenant.0),
        kind: drafted.draft.word().to_owned(),
        title: drafted.title,
        draft: serde_json::to_value(&drafted.draft).map_err(Error::internal)?,
        against: new.against.word().to_owned(),
        since: new.since,
        until,
        state: rehearsals::QUEUED.to_owned(),
        looked_at: 0,
        node: String::new(),
        figures: None,
        failure: None,
        created_by: actor.name.chars().take(254).collect(),
        created_at: now,
        started_at: None,
        ended_at: None,
        draft_state: rehearsals::DRAFT.to_owned(),
        expected,
        undo: None,
        below_cost: false,
        effective_at: None,
        decided_by: None,
        decided_at: None,
        refusal: None,
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            rehearsals::forget(tx, &scope, KEPT_MAX).await?;
            let (open, all) = rehearsals::counts(tx, &scope).await?;
            if open >= OPEN_MAX {
                let text =
                    format!("{OPEN_MAX} rehearsals wait or are at work already: wait for one, or end it");
                return Err(Error::conflict("rehearsal", text));
            }
            if all >= REHEARSALS_MAX {
                let text = format!("there are {REHEARSALS_MAX} rehearsals: delete some");
                return Err(Error::conflict("rehearsal", text));
            }
            rehearsals::insert(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: scope.tenant(),
                what: "rehearsal.create",
                target: &target(row.id),
                before: Value::Null,
                after: json!({"title": row.title, "since": row.since, "until": row.until}),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    RehearsalView::of(row)
}
