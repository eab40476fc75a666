//! The Azure Communication Services data plane: numbers for sale, reservations, owned numbers, operations, trunks and routes.
//!
//! Links in answers are relative, long-running calls answer 202 with an empty body, and every call names an
//! `api-version`; any version of the official SDKs is taken.

mod availability;
mod available;
mod browse;
mod identities;
mod operations;
mod operators;
mod owned;
mod reservations;
mod search;
mod sip;
mod version;

pub(crate) use version::{ApiVersion, VersionParams};

use actix_web::HttpRequest;
use app::{ROWS_DEFAULT, ROWS_MAX, Window};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::money::{MICROS_PER_UNIT, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn mount(routes: &mut ServiceConfig<'_>) {
    availability::mount(routes);
    search::mount(routes);
    browse::mount(routes);
    reservations::mount(routes);
    operations::mount(routes);
    operators::mount(routes);
    owned::mount(routes);
    sip::mount(routes);
    identities::mount(routes);
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Items to pass over.
    #[serde(default)]
    pub(crate) skip: u64,
    /// Items wanted, 1 to 1,000; 100 where it is not said.
    pub(crate) max_page_size: Option<u64>,
    /// The same, under its other name.
    pub(crate) top: Option<u64>,
}

impl Paging {
    pub(crate) fn window(self) -> Window {
        Window {
            skip: self.skip,
            limit: self.max_page_size.or(self.top).unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX),
        }
    }
}

/// The relative link to the next page: path and query of this request, with `skip` at another place.
pub(crate) fn next_link(request: &HttpRequest, skip: Option<u64>) -> Option<String> {
    let skip = skip?;
    let pairs = form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name != "skip");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("skip", &skip.to_string())
        .finish();
    Some(format!("{}?{query}", request.path()))
}

/// What a number costs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberCost {
    /// In whole units of the currency, as this protocol has it.
    amount: f64,
    currency_code: String,
    /// `monthly`.
    billing_frequency: &'static str,
}

impl From<Money> for PhoneNumberCost {
    fn from(monthly: Money) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "this protocol writes amounts as floats; they are only shown"
        )]
        let amount = monthly.micros as f64 / MICROS_PER_UNIT as f64;
        Self { amount, currency_code: monthly.currency.to_string(), billing_frequency: "monthly" }
    }
}

/// RFC 3339 with `+00:00`, as this protocol writes it.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}
