//! A past call decided again, on the configuration as it was then.

use super::{get::find, view::SimulationView};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    config::{Decks, Piece, Platform, PlatformPiece, Snapshot, Tenant, TenantPiece},
    decision::decide,
    ids::CallId,
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// What a past call is decided to today, by the rules of today on what there was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Redecided {
    /// Whether it is what was decided then, line by line of the trace. Who was offline or at a limit is kept with the
    /// decision; the rules are those of today.
    pub same: bool,
    /// The decision.
    #[serde(flatten)]
    pub decided: SimulationView,
}

/// Decides a call of the actor's tenant again, from its stored facts, money and versions of configuration.
///
/// # Errors
/// [`Error::NotFound`] where there is no such call in the actor's reach or it has no decision, [`Error::Denied`] where
/// the actor may not read calls.
pub async fn redecide(app: &App, actor: &Actor, id: CallId) -> Result<Redecided, Error> {
    let scope = actor.scope(Permission::ReadCalls).or_else(|_| actor.scope(Permission::Operate))?;
    let call = find(app, &scope, id).await?;
    let stored = store::calls::decision(app.db().read(), &scope, call.id).await?;
    let stored =
        stored.ok_or_else(|| Error::not_found("decision", "this call has no decision of this tenant"))?;
    let snapshot = as_it_was(app, &stored.decision.config).await?;
    let decision = decide(&snapshot, &stored.facts, &stored.funds);
    Ok(Redecided {
        same: decision == stored.decision,
        decided: SimulationView::of(&decision, stored.foreign_number.as_deref()),
    })
}

/// The snapshot of the pieces that a decision read: the platform's, and those of tenants.
async fn as_it_was(app: &App, versions: &[String]) -> Result<Snapshot, Error> {
    let scope = Scope::system("a decision may have read the numbers of several tenants");
    let mut platform = None;
    let mut tenants = Vec::new();
    for version in versions {
        let kept = store::platform::config(app.db().read(), &scope, version).await?;
        let kept = kept.ok_or_else(|| {
            Error::not_found("configVersion", format!("configuration {version} is not kept any more"))
        })?;
        match kept.kind.as_str() {
            "platform" => {
                let piece = piece::<Platform>(version, &kept.body)?;
                let decks = decks(app, &scope, &piece.value).await?;
                platform = Some(PlatformPiece::kept(piece, decks));
            }
            _ => tenants.push(Arc::new(TenantPiece::kept(piece::<Tenant>(version, &kept.body)?))),
        }
    }
    let platform = platform
        .ok_or_else(|| Error::not_found("configVersion", "this decision names no platform configuration"))?;
    Ok(Snapshot::new(Arc::new(platform), tenants))
}

/// The decks that a platform names, as they were.
async fn decks(app: &App, scope: &Scope, platform: &Platform) -> Result<Decks, Error> {
    let of_plans = platform.plans.iter().filter_map(|plan| plan.deck.as_ref());
    let of_carriers = platform.carriers.iter().filter_map(|carrier| carrier.deck.as_ref());
    crate::decks::load(app, scope, of_plans.chain(of_carriers).map(|used| used.hash.clone())).await
}

/// A kept piece of configuration. It keeps the version that the decision names, even where its JSON is written otherwise today.
pub(crate) fn piece<T: DeserializeOwned>(version: &str, body: &str) -> Result<Piece<T>, Error> {
    Ok(Piece::kept(version.to_owned(), serde_json::from_str(body).map_err(Error::internal)?))
}
