//! What calls and numbers cost: a tenant's prices, and those that everybody may see.

use super::starting;
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    config::{Snapshot, TenantPiece},
    deck::Row,
    money::{Currency, Money},
    phone::E164,
    rating::{Line, PricePlan, Quote, month_of},
};

/// Destinations of a deck that are shown at once.
pub const DESTINATIONS_MAX: usize = 500;

/// One way on which a call can go, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePrice {
    /// `onNet`, `trunk` or `carrier`.
    pub via: &'static str,
    /// The route's name; empty for what is no route of the tenant.
    pub route: String,
    /// The lines, for a call of an app or a SIP user.
    pub quote: Quote,
    /// What a minute costs.
    pub minute: Money,
    /// What ten minutes cost.
    pub ten_minutes: Money,
}

/// What calls to a number cost a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberPrices {
    /// The number.
    pub to: E164,
    /// The plan's name.
    pub plan: String,
    /// The version of the plan.
    pub version: String,
    /// `exclusive` or `inclusive`.
    pub tax: &'static str,
    /// Each way that a call can take, in the order in which it would be tried.
    pub routes: Vec<RoutePrice>,
}

/// What a call to a number costs the actor's tenant at this moment, per route; free minutes and volume counted.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the number, [`Error::NotFound`] for operators.
pub async fn prices(app: &App, actor: &Actor, to: &str) -> Result<NumberPrices, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(|| Error::not_found("tenant", "prices are a tenant's"))?;
    let number: E164 =
        to.trim().replacen(' ', "+", usize::from(to.starts_with(' '))).parse().map_err(|_| {
            Error::invalid(
                "to",
                "give a full international number such as +4687654321; in a URL, + is written %2B",
            )
        })?;
    let live = app.live();
    let piece = live.tenant(tenant).ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))?;
    let piece = &piece.piece;
    let plan = live.config.plan(piece.piece.value.plan);
    let plan = plan.ok_or_else(|| Error::not_found("pricePlan", "the tenant's price plan is missing"))?;
    let now = app.now();
    let used = store::volumes::used(app.db().read(), &scope, tenant, &month_of(now)).await?;
    let price = |via, route: &str, leg: Line| {
        let mut lines = vec![plan.app_leg(now), leg];
        plan.at_volumes(&mut lines, &used, now);
        let quote = Quote { currency: plan.currency, lines };
        RoutePrice {
            via,
            route: route.to_owned(),
            minute: quote.price(60_000),
            ten_minutes: quote.price(600_000),
            quote,
        }
    };
    let mut routes = Vec::new();
    if live.config.owner(number).is_some() {
        routes.push(price("onNet", "", plan.app_leg(now)));
    } else {
        let matching = matching(piece, number);
        routes.extend(matching.into_iter().map(|name| price("trunk", name, plan.trunk_leg(now))));
        let carried = carried(&live.config, number);
        if let (true, Some(line)) = (carried, live.config.outbound(plan, number, now)) {
            routes.push(price("carrier", "", line));
        }
    }
    Ok(NumberPrices {
        to: number,
        plan: plan.name.clone(),
        version: plan.version.clone(),
        tax: plan.tax.word(),
        routes,
    })
}

fn matching(piece: &TenantPiece, number: E164) -> Vec<&str> {
    let places = piece.routes.matches(&number.to_string());
    places.into_iter().filter_map(|place| Some(piece.piece.value.routes.get(place)?.name.as_str())).collect()
}

/// Whether a carrier that is switched on has a prefix of a number.
fn carried(config: &Snapshot, number: E164) -> bool {
    let platform = &config.platform;
    let enabled = |place: usize| platform.value.carriers.get(place).is_some_and(|carrier| carrier.enabled);
    platform.prefixes(number).any(|(_, place, _)| enabled(place))
        || platform.deck_costs(number).any(|(place, ..)| enabled(place))
}

/// A destination of the public price list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DestinationPrice {
    /// Its name, or `+` and the prefix.
    pub name: String,
    /// `landline`, `mobile`, …; empty where it is not said.
    pub kind: String,
    /// Its country; empty where it is not said.
    pub country: String,
    /// A minute.
    pub per_minute_micros: i64,
    /// The first prefix of it.
    pub prefix: String,
}

/// What everybody may see: the plan of tenants that sign up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPrices {
    /// The plan.
    pub plan: PricePlan,
    /// Where calls go, by name.
    pub destinations: Vec<DestinationPrice>,
    /// Whether there are more than [`DESTINATIONS_MAX`] that match: ask more narrowly.
    pub is_cut: bool,
}

impl PublicPrices {
    /// The currency of the prices.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.plan.currency
    }
}

/// The public price list: the plan that tenants start with. `query` is part of a destination's name, a country's code or
/// the beginning of a number; empty is everything. `None` while there is no plan.
#[must_use]
pub fn public(app: &App, query: &str) -> Option<PublicPrices> {
    let live = app.live();
    let plan = starting(&live.config)?;
    let query = query.trim().trim_start_matches('+').to_lowercase();
    let own = plan.outbound.iter().filter(|rate| rate.windows.is_empty()).map(|rate| DestinationPrice {
        name: if rate.prefix.is_empty() { "Everywhere else".to_owned() } else { format!("+{}", rate.prefix) },
        kind: String::new(),
        country: String::new(),
        per_minute_micros: rate.per_minute_micros,
        prefix: rate.prefix.clone(),
    });
    let mut destinations: Vec<DestinationPrice> = own.filter(|found| matches(found, &query)).collect();
    let mut is_cut = false;
    let deck = plan.deck.as_ref().and_then(|used| live.config.platform.deck(&used.hash));
    let mut seen = std::collections::HashSet::new();
    for row in deck.into_iter().flat_map(|deck| deck.rows()) {
        let found = destination(&row);
        let key = (found.name.clone(), found.kind.clone(), found.per_minute_micros);
        if !matches(&found, &query) || seen.contains(&key) {
            continue;
        }
        if seen.len() == DESTINATIONS_MAX {
            is_cut = true;
            break;
        }
        seen.insert(key);
        destinations.push(found);
    }
    destinations.sort();
    Some(PublicPrices { plan: plan.clone(), destinations, is_cut })
}

fn destination(row: &Row<'_>) -> DestinationPrice {
    let prefix = row.prefix.to_string();
    let named = &row.destination.name;
    DestinationPrice {
        name: if named.is_empty() { format!("+{prefix}") } else { named.clone() },
        kind: row.destination.kind.clone(),
        country: row.destination.country.clone(),
        per_minute_micros: row.rate.per_minute_micros,
        prefix,
    }
}

fn matches(found: &DestinationPrice, query: &str) -> bool {
    query.is_empty()
        || found.name.to_lowercase().contains(query)
        || found.country.eq_ignore_ascii_case(query)
        || (!found.prefix.is_empty() && (found.prefix.starts_with(query) || query.starts_with(&found.prefix)))
}
