//! What is tried: one thing that would be otherwise.

use crate::{App, Error, carriers, decks, plans, routes, versions::Subject};
use domain::{
    access::{Actor, Scope},
    config::{Carrier, CarrierOrder, Decks, Platform, PlatformPiece, Tenant, TenantPiece},
    ids::{DeckId, TenantId},
    rating::{DeckUse, PricePlan},
    routing::VoiceRoute,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::prices;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Draft {
    /// A price plan as it would be.
    PricePlan {
        /// The plan.
        plan: Box<PricePlan>,
    },
    /// A version of a rate deck, of prices or of a carrier's costs, in the place of the one in force.
    RateDeck {
        /// Which.
        deck: DeckId,
        /// Its version.
        number: i32,
        /// What that says, by its hash.
        #[serde(default)]
        hash: String,
    },
    /// The routes of a tenant, all of them.
    Routes {
        /// Whose.
        tenant: TenantId,
        /// In order.
        routes: Vec<VoiceRoute>,
    },
    /// By what carriers with equally long prefixes are put in order.
    CarrierOrder {
        /// The first that tells two apart decides.
        order: Vec<CarrierOrder>,
    },
    /// A carrier as it would be.
    Carrier {
        /// The carrier.
        carrier: Box<Carrier>,
    },
}

/// A draft that was checked.
#[derive(Debug, Clone)]
pub struct Drafted {
    pub(super) draft: Draft,
    pub(super) title: String,
}

impl Draft {
    /// Its word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::PricePlan { .. } => "pricePlan",
            Self::RateDeck { .. } => "rateDeck",
            Self::Routes { .. } => "routes",
            Self::CarrierOrder { .. } => "carrierOrder",
            Self::Carrier { .. } => "carrier",
        }
    }

    /// What it changes, by the name under which its versions are; a deck has its own.
    pub(super) fn subject(&self, app: &App) -> Option<Subject> {
        match self {
            Self::PricePlan { plan } => Subject::plan(app, plan.id),
            Self::RateDeck { .. } => None,
            Self::Routes { tenant, .. } => Some(Subject::routes(*tenant)),
            Self::CarrierOrder { .. } => Some(Subject::platform(carriers::ORDER)),
            Self::Carrier { carrier } => Subject::carrier(app, carrier.id),
        }
    }

    /// The draft, where it can be, and what it is called. A tenant tries its own routes alone.
    pub(super) async fn checked(self, app: &App, actor: &Actor, scope: &Scope) -> Result<Drafted, Error> {
        let not_yours = || Error::not_found("draft", "a tenant rehearses its own routes, and nothing else");
        let own = scope.tenant();
        let drafted = |draft, title: String| Ok(Drafted { draft, title: title.chars().take(200).collect() });
        match self {
            Self::Routes { tenant, routes } => {
                if own.is_some_and(|own| own != tenant) {
                    return Err(not_yours());
                }
                let of = scope.narrow(tenant)?;
                let live = app.live();
                let known = live.tenant(tenant);
                let known = known.ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))?;
                let routes = routes::checked(app, &of, routes).await?;
                let title = match own {
                    Some(_) => format!("{} routes", routes.len()),
                    None => format!("{} routes of {}", routes.len(), known.slug()),
                };
                drafted(Self::Routes { tenant, routes }, title)
            }
            _ if own.is_some() => Err(not_yours()),
            Self::PricePlan { plan } => {
                let plan = plans::drafted(app, scope, *plan).await?;
                let title = format!("price plan {}", plan.name);
                drafted(Self::PricePlan { plan: Box::new(plan) }, title)
            }
            Self::RateDeck { deck, number, .. } => {
                let view = decks::version(app, actor, deck, number).await?;
                let name = decks::get(app, actor, deck).await?.name;
                let title = format!("rate deck {name}, version {number}");
                drafted(Self::RateDeck { deck, number, hash: view.hash }, title)
            }
            Self::CarrierOrder { order } => {
                carriers::check_order(&order)?;
                let words: Vec<_> = order
                    .iter()
                    .map(serde_json::to_value)
                    .collect::<Result<_, _>>()
                    .map_err(Error::internal)?;
                let words: Vec<&str> = words.iter().filter_map(serde_json::Value::as_str).collect();
                let title = format!("carriers by {}", words.join(", "));
                drafted(Self::CarrierOrder { order }, title)
            }
            Self::Carrier { carrier } => {
                let carrier = carriers::drafted(app, scope, *carrier).await?;
                let title = format!("carrier {}", carrier.name);
                drafted(Self::Carrier { carrier: Box::new(carrier) }, title)
            }
        }
    }

    /// The decks that it brings along: those that are not in force.
    pub(super) async fn decks(&self, app: &App, scope: &Scope) -> Result<Decks, Error> {
        let used = match self {
            Self::RateDeck { hash, .. } => return decks::load(app, scope, [hash.clone()]).await,
            Self::PricePlan { plan } => plan.deck.as_ref().map(|used| used.deck),
            Self::Carrier { carrier } => carrier.deck.as_ref().map(|used| used.deck),
            Self::Routes { .. } | Self::CarrierOrder { .. } => None,
        };
        let Some(used) = used else { return Ok(Decks::new()) };
        let current = prices::current_deck_versions(app.db().read(), scope).await?;
        let hash = current.into_iter().find(|(deck, _)| deck.id == used.0).map(|(_, version)| version.hash);
        decks::load(app, scope, hash).await
    }

    /// A platform with the draft in its place. `brought` are [`Draft::decks`].
    pub(super) fn of_platform(&self, before: &Arc<PlatformPiece>, brought: &Decks) -> Arc<PlatformPiece> {
        let mut value = before.value.clone();
        match self {
            Self::Routes { .. } => return Arc::clone(before),
            Self::CarrierOrder { order } => value.carrier_order.clone_from(order),
            Self::PricePlan { plan } => put_plan(&mut value, plan, brought),
            Self::Carrier { carrier } => put_carrier(&mut value, carrier, brought),
            Self::RateDeck { deck, hash, .. } => {
                let plans = value.plans.iter_mut().filter_map(|plan| plan.deck.as_mut());
                let carriers = value.carriers.iter_mut().filter_map(|carrier| carrier.deck.as_mut());
                for used in plans.chain(carriers).filter(|used| used.deck == *deck) {
                    used.hash.clone_from(hash);
                }
            }
        }
        let mut decks = before.decks().clone();
        decks.extend(brought.iter().map(|(hash, deck)| (hash.clone(), Arc::clone(deck))));
        Arc::new(PlatformPiece::with_decks(value, decks))
    }

    /// A tenant with the draft in its place.
    pub(super) fn of_tenant(&self, before: &Arc<TenantPiece>) -> Arc<TenantPiece> {
        match self {
            Self::Routes { tenant, routes } if before.piece.value.id == *tenant => {
                let value = Tenant { routes: routes.clone(), ..before.piece.value.clone() };
                Arc::new(TenantPiece::changed(value, before))
            }
            _ => Arc::clone(before),
        }
    }
}

/// A use of a deck as it was where it is the same deck, else the version in force.
fn same_deck(used: &mut Option<DeckUse>, before: Option<&DeckUse>, brought: &Decks) {
    let Some(used) = used else { return };
    match before.filter(|before| before.deck == used.deck) {
        Some(before) => *used = before.clone(),
        None => used.hash = brought.keys().next().cloned().unwrap_or_default(),
    }
}

fn put_plan(platform: &mut Platform, plan: &PricePlan, brought: &Decks) {
    let mut plan = plan.clone();
    match platform.plans.iter_mut().find(|known| known.id == plan.id) {
        Some(known) => {
            same_deck(&mut plan.deck, known.deck.as_ref(), brought);
            known.clone_from(&plan);
        }
        None => {
            same_deck(&mut plan.deck, None, brought);
            platform.plans.push(plan.clone());
        }
    }
    let builds_on_it =
        |other: &&mut PricePlan| other.base.as_deref().is_some_and(|base| base.plan == plan.id);
    for other in platform.plans.iter_mut().filter(builds_on_it) {
        let before = other.deck.take();
        *other = other.over(&plan);
        same_deck(&mut other.deck, before.as_ref(), brought);
    }
}

/// The simulated carrier stays as it was: it comes and goes by itself.
fn put_carrier(platform: &mut Platform, carrier: &Carrier, brought: &Decks) {
    let mut carrier = carrier.clone();
    match platform.carriers.iter_mut().find(|known| known.id == carrier.id) {
        Some(known) => {
            same_deck(&mut carrier.deck, known.deck.as_ref(), brought);
            *known = carrier;
        }
        None => {
            same_deck(&mut carrier.deck, None, brought);
            platform.carriers.push(carrier);
        }
    }
}
