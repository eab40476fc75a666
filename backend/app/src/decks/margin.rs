//! What would be sold below cost asks for confirmation.

use super::{InForce, fill, in_force, load};
use crate::{App, Error};
use domain::{
    access::Scope,
    config::{Carrier, Decks},
    deck::{Deck, Losses, losses, losses_since},
    ids::DeckId,
    money::Money,
    rating::PricePlan,
};
use std::sync::Arc;

/// Losses that a message names.
const NAMED_MAX: usize = 5;

/// Refuses a plan, as it would be, that sells below cost.
///
/// # Errors
/// [`Error::Invalid`] (409, `BelowCost`).
pub(crate) async fn check_plan(app: &App, scope: &Scope, plan: &PricePlan) -> Result<(), Error> {
    let current: InForce = in_force(app, scope).await?;
    let mut plan = plan.clone();
    let mut decks = app.live().config.platform.decks().clone();
    if let Some(used) = &mut plan.deck {
        fill(used, &current, &plan.version);
        decks.extend(load(app, scope, [used.hash.clone()]).await?);
    }
    let carriers = app.live().config.platform.value.carriers.clone();
    found(vec![plan], carriers, decks).await
}

/// Refuses a carrier, as it would be, by which a plan sells below cost that does not so far, or for less more.
///
/// # Errors
/// As [`check_plan`].
pub(crate) async fn check_carrier(
    app: &App,
    scope: &Scope,
    before: Option<&Carrier>,
    mut after: Carrier,
) -> Result<(), Error> {
    let mut decks = app.live().config.platform.decks().clone();
    if let Some(used) = &mut after.deck {
        fill(used, &in_force(app, scope).await?, "");
        decks.extend(load(app, scope, [used.hash.clone()]).await?);
    }
    let plans = app.live().config.platform.value.plans.clone();
    let now = app.live().config.platform.value.carriers.clone();
    let mut then = now.clone();
    match before.and_then(|before| then.iter_mut().find(|known| known.id == before.id)) {
        Some(known) => *known = after,
        None => then.push(after),
    }
    judged(plans, move |plan| losses_since(plan, (&now, &then), |hash| decks.get(hash).map(|deck| &**deck)))
        .await
}

/// Refuses a deck, in the place of the one in force, by which a plan that it touches sells below cost.
///
/// # Errors
/// As [`check_plan`].
pub(super) async fn check_deck(app: &App, id: DeckId, hash: &str, deck: Arc<Deck>) -> Result<(), Error> {
    let live = app.live();
    let platform = &live.config.platform;
    let mut carriers = platform.value.carriers.clone();
    let mut is_cost = false;
    for used in carriers.iter_mut().filter_map(|carrier| carrier.deck.as_mut()).filter(|used| used.deck == id)
    {
        hash.clone_into(&mut used.hash);
        is_cost = true;
    }
    let mut plans = platform.value.plans.clone();
    plans.retain_mut(|plan| match plan.deck.as_mut().filter(|used| used.deck == id) {
        Some(used) => {
            hash.clone_into(&mut used.hash);
            true
        }
        None => is_cost,
    });
    let mut decks = platform.decks().clone();
    decks.insert(hash.to_owned(), deck);
    found(plans, carriers, decks).await
}

async fn found(plans: Vec<PricePlan>, carriers: Vec<Carrier>, decks: Decks) -> Result<(), Error> {
    judged(plans, move |plan| losses(plan, &carriers, |hash| decks.get(hash).map(|deck| &**deck))).await
}

async fn judged(
    plans: Vec<PricePlan>,
    losses: impl Fn(&PricePlan) -> Losses + Send + 'static,
) -> Result<(), Error> {
    let work = move || {
        let all = plans.into_iter().map(|plan| {
            let found = losses(&plan);
            (plan, found)
        });
        all.filter(|(_, found)| found.count > 0).collect::<Vec<_>>()
    };
    let found = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    if found.is_empty() { Ok(()) } else { Err(below_cost(&found)) }
}

fn below_cost(found: &[(PricePlan, Losses)]) -> Error {
    let count: u64 = found.iter().map(|(_, losses)| losses.count).sum();
    let named = found.iter().flat_map(|(plan, losses)| {
        losses.listed.iter().map(move |loss| {
            let money = |micros| Money::new(micros, plan.currency);
            format!(
                "plan {} sells +{} at {} and carrier {} asks {}",
                plan.name,
                loss.prefix,
                money(loss.price_micros),
                loss.carrier,
                money(loss.cost_micros)
            )
        })
    });
    let named: Vec<String> = named.take(NAMED_MAX).collect();
    let message = format!(
        "{count} prefixes would be sold below cost: {}. Send it again with ?confirm=belowCost where that is meant",
        named.join("; ")
    );
    Error::Invalid {
        status: 409,
        code: "BelowCost",
        message,
        target: Some("confirm".to_owned()),
        inner: Some(("ConfirmationRequired", "belowCost".to_owned())),
    }
}
