//! What the platform says of the spending of tenants for which the operator set nothing of their own: by currency.

use super::change::faulty;
use crate::{
    App, Error,
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission, Scope},
    config::Protection,
    money::Currency,
    velocity::Limits,
};
use serde::{Deserialize, Serialize};
use store::platform;

/// The name under which it is kept, and what the audit calls it.
const NAME: &str = "spending-defaults";
/// Currencies with defaults at most.
const CURRENCIES_MAX: usize = 200;

/// Of tenants whose account is in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpendingDefault {
    /// The currency of their accounts.
    pub currency: Currency,
    /// The most that one of them may owe at worst, micro-units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_exposure_micros: Option<i64>,
    /// How fast one of them may spend.
    #[serde(default)]
    pub velocity: Limits,
}

/// Of all tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpendingDefaults(pub Vec<SpendingDefault>);

impl SpendingDefaults {
    /// Of accounts in a currency: nothing is limited where nothing is said.
    #[must_use]
    pub fn of(&self, currency: Currency) -> SpendingDefault {
        let nothing = SpendingDefault { currency, max_exposure_micros: None, velocity: Limits::default() };
        self.0.iter().find(|default| default.currency == currency).copied().unwrap_or(nothing)
    }

    fn check(&self) -> Result<(), Error> {
        for (place, default) in self.0.iter().enumerate() {
            if self.0[..place].iter().any(|other| other.currency == default.currency) {
                let message = format!("{} stands there twice", default.currency);
                return Err(Error::invalid("currency", message));
            }
            let as_set = Protection {
                max_exposure_micros: default.max_exposure_micros,
                velocity: default.velocity,
                ..Protection::default()
            };
            as_set.check().map_err(faulty)?;
        }
        if self.0.len() > CURRENCIES_MAX {
            return Err(Error::invalid("value", format!("give at most {CURRENCIES_MAX} currencies")));
        }
        Ok(())
    }
}

pub(crate) async fn read_defaults(on: &impl store::On) -> Result<SpendingDefaults, Error> {
    let scope = Scope::system("the defaults of spending are the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(SpendingDefaults::default()),
    }
}

/// The defaults of all currencies. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn defaults(app: &App, actor: &Actor) -> Result<SpendingDefaults, Error> {
    actor.scope(Permission::Operate)?;
    read_defaults(app.db().read()).await
}

/// Puts other defaults into their place: the next call of each tenant is held to them. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn put_defaults(
    app: &App,
    actor: &Actor,
    defaults: SpendingDefaults,
) -> Result<SpendingDefaults, Error> {
    let scope = actor.scope(Permission::Operate)?;
    defaults.check()?;
    crate::platform::put(app, (actor, &scope), (NAME, "spending.defaults"), &defaults, async |tx| {
        read_defaults(tx).await
    })
    .await?;
    refresh(app, Changed::Everything).await?;
    Ok(defaults)
}
