//! How fast may be spent, as the API says it.

use crate::api::schema::Amount;
use app::Error;
use domain::{
    money::{Currency, Money},
    velocity::{Limits, Pace},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What may be spent in the last hour and the last 24 hours; `null` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SpendingPace)]
pub(crate) struct PaceBody {
    #[schema(value_type = Option<Amount>)]
    per_hour: Option<Money>,
    #[schema(value_type = Option<Amount>)]
    per_day: Option<Money>,
}

/// How fast may be spent. What goes past it is stopped: new calls are refused with `velocity-stop` until the stop ends or is
/// lifted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SpendingVelocity)]
pub(crate) struct Velocity {
    /// All of it.
    tenant: PaceBody,
    /// Each destination: a country, or a range of the list of high-risk destinations.
    destination: PaceBody,
    /// Each caller id.
    caller: PaceBody,
    /// Whether a stop ends the calls that are up, too.
    ends_calls: bool,
    /// After how many minutes a stop ends by itself; 0 is never, `null` is 60.
    release_minutes: Option<u32>,
}

/// Micro-units of an amount that must be in a currency.
pub(super) fn in_currency(
    field: &str,
    amount: Option<Money>,
    currency: Currency,
) -> Result<Option<i64>, Error> {
    match amount {
        Some(amount) if amount.currency != currency => {
            let message = format!("the account is in {currency}, not in {}", amount.currency);
            Err(Error::invalid(field, message))
        }
        amount => Ok(amount.map(|amount| amount.micros)),
    }
}

impl PaceBody {
    fn of(pace: Pace, currency: Currency) -> Self {
        let amount = |micros: Option<i64>| micros.map(|micros| Money::new(micros, currency));
        Self { per_hour: amount(pace.per_hour_micros), per_day: amount(pace.per_day_micros) }
    }

    fn into_pace(self, of: &str, currency: Currency) -> Result<Pace, Error> {
        Ok(Pace {
            per_hour_micros: in_currency(&format!("velocity.{of}.perHour"), self.per_hour, currency)?,
            per_day_micros: in_currency(&format!("velocity.{of}.perDay"), self.per_day, currency)?,
        })
    }
}

impl Velocity {
    pub(super) fn of(limits: &Limits, currency: Currency) -> Self {
        Self {
            tenant: PaceBody::of(limits.tenant, currency),
            destination: PaceBody::of(limits.destination, currency),
            caller: PaceBody::of(limits.caller, currency),
            ends_calls: limits.ends_calls,
            release_minutes: limits.release_minutes,
        }
    }

    pub(super) fn into_limits(self, currency: Currency) -> Result<Limits, Error> {
        Ok(Limits {
            tenant: self.tenant.into_pace("tenant", currency)?,
            destination: self.destination.into_pace("destination", currency)?,
            caller: self.caller.into_pace("caller", currency)?,
            ends_calls: self.ends_calls,
            release_minutes: self.release_minutes,
        })
    }
}
