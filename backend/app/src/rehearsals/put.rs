//! A draft is put into its place, by the use cases by which people change it.

use super::Draft;
use crate::{App, Error, Password, carriers, decks, plans, routes, versions};
use chrono::{DateTime, Utc};
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// How it was before, and what was made of it: what a way back needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Undo {
    /// How it was. Of a deck the version that was in force; nothing where none was.
    pub(super) before: Option<Draft>,
    /// The version of the plan or deck that was made or confirmed.
    pub(super) made: Option<i32>,
}

/// What putting a draft into its place left behind.
pub(super) struct Put {
    pub(super) undo: Undo,
    /// The version of what was changed, as it is now.
    pub(super) version: String,
}

/// When, and what is confirmed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How {
    /// Plans and decks schedule it themselves.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) below_cost: bool,
}

/// Puts a draft into its place, unless what it changes has another version than the expected.
pub(super) async fn put(
    app: &App,
    actor: &Actor,
    draft: &Draft,
    expected: &str,
    how: How,
) -> Result<Put, Error> {
    let Draft::RateDeck { deck, number, .. } = draft else {
        let subject =
            draft.subject(app).ok_or_else(|| Error::not_found("draft", "what the draft changes is gone"))?;
        let expected = expected.parse().ok().map(|version| vec![version]);
        let (done, version) = versions::expecting(subject, expected, change(app, actor, draft, how)).await;
        let version = version.map(|version| version.to_string()).unwrap_or_default();
        return Ok(Put { undo: done?, version });
    };
    let view = decks::get(app, actor, *deck).await?;
    let version = decks::version(app, actor, *deck, *number).await?;
    let made = match version.state.as_str() {
        "draft" => decks::confirm(app, actor, *deck, *number, (how.at, how.below_cost)).await?,
        "applied" if how.at.is_none() => decks::rollback(app, actor, *deck, *number, how.below_cost).await?,
        "applied" => {
            let text = "an earlier version is put back at once: apply it without a time";
            return Err(Error::invalid("effectiveAt", text));
        }
        other => {
            let text = format!("version {number} of the deck is {other}: rehearse it again as a draft");
            return Err(Error::conflict("draft", text));
        }
    };
    let before = view.current.map(|number| Draft::RateDeck { deck: *deck, number, hash: String::new() });
    Ok(Put { undo: Undo { before, made: Some(made.number) }, version: String::new() })
}

async fn change(app: &App, actor: &Actor, draft: &Draft, how: How) -> Result<Undo, Error> {
    let was = Mutex::new(None);
    let keep = |before| *was.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    let mut made = None;
    match draft {
        Draft::RateDeck { .. } => {}
        Draft::Routes { tenant, routes } => {
            routes::change(app, actor, |before| {
                keep(Draft::Routes { tenant: *tenant, routes: before });
                Ok(routes.clone())
            })
            .await?;
        }
        Draft::CarrierOrder { order } => {
            let before = carriers::order(app, actor).await?;
            carriers::put_order(app, actor, order.clone()).await?;
            keep(Draft::CarrierOrder { order: before });
        }
        Draft::Carrier { carrier } => {
            carriers::change(app, actor, carrier.id, how.below_cost, |before| {
                keep(Draft::Carrier { carrier: Box::new(before) });
                Ok(((**carrier).clone(), Password::Keep))
            })
            .await?;
        }
        Draft::PricePlan { plan } => {
            let when = plans::When { effective_at: how.at, below_cost: how.below_cost };
            plans::change(app, actor, plan.id, when, |before| {
                keep(Draft::PricePlan { plan: Box::new(before) });
                Ok((**plan).clone())
            })
            .await?;
            made = plans::versions(app, actor, plan.id).await?.first().map(|version| version.number);
        }
    }
    let before = was.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Undo { before, made })
}
