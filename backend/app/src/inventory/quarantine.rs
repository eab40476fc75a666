//! Quarantine: a number that was given back rests before it is sold again, so that its next owner is not called by the
//! acquaintances of the last one; and until then that one can have it back.

use crate::{
    App, Error, Page, PageRequest,
    audit::{self, Change},
    carriers::sandbox_id,
    snapshot::{Changed, refresh},
    suppliers,
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    country,
    ids::TenantId,
    numbering::NumberType,
    phone::E164,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Tx, leases::Lease, platform, stock};

/// Days of quarantine at most.
pub const DAYS_MAX: u32 = 3_650;
/// Days where the operator said nothing.
const DAYS_DEFAULT: u32 = 30;
/// Rules at most.
const RULES_MAX: usize = 500;
/// The name under which the policy is kept.
const NAME: &str = "quarantine";

/// How long numbers rest: the first rule that fits decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QuarantinePolicy {
    /// Days where no rule fits; 0 is none.
    pub default_days: u32,
    /// The rules, in order.
    pub rules: Vec<QuarantineRule>,
}

impl Default for QuarantinePolicy {
    fn default() -> Self {
        Self { default_days: DAYS_DEFAULT, rules: Vec::new() }
    }
}

/// How long some numbers rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuarantineRule {
    /// Their country (ISO 3166-1 alpha-2); any where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Their type; any where it is left out.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub number_type: Option<NumberType>,
    /// Days; 0 is none.
    pub days: u32,
}

impl QuarantinePolicy {
    fn days(&self, country: &str, number_type: &str) -> u32 {
        let fits = |rule: &&QuarantineRule| {
            rule.country.as_deref().is_none_or(|code| code == country)
                && rule.number_type.is_none_or(|kind| kind.word() == number_type)
        };
        self.rules.iter().find(fits).map_or(self.default_days, |rule| rule.days)
    }

    fn check(&self) -> Result<(), Error> {
        if self.rules.len() > RULES_MAX {
            return Err(Error::invalid("rules", format!("give {RULES_MAX} rules at most")));
        }
        let all = std::iter::once(("defaultDays".to_owned(), self.default_days)).chain(
            self.rules.iter().enumerate().map(|(index, rule)| (format!("rules.{index}.days"), rule.days)),
        );
        for (field, days) in all {
            if days > DAYS_MAX {
                return Err(Error::invalid(&field, format!("give 0 to {DAYS_MAX} days")));
            }
        }
        for (index, rule) in self.rules.iter().enumerate() {
            if let Some(code) = rule.country.as_deref().filter(|code| !country::is_known(code)) {
                let message = format!("{code:?} is no country: give an ISO 3166-1 code such as SE");
                return Err(Error::invalid(&format!("rules.{index}.country"), message));
            }
        }
        Ok(())
    }
}

/// A number in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedNumber {
    /// The number.
    pub number: E164,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its kind.
    pub number_type: NumberType,
    /// Whose it was.
    pub last_tenant: Option<TenantId>,
    /// When it is for sale again.
    pub until: DateTime<Utc>,
}

/// The policy. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn quarantine_policy(app: &App, actor: &Actor) -> Result<QuarantinePolicy, Error> {
    actor.scope(Permission::Operate)?;
    read(app.db().read()).await
}

/// Puts a policy into the place of the one that was there; numbers that are in quarantine stay as they are. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn put_quarantine_policy(
    app: &App,
    actor: &Actor,
    policy: QuarantinePolicy,
) -> Result<QuarantinePolicy, Error> {
    let scope = actor.scope(Permission::Operate)?;
    policy.check()?;
    crate::platform::put(app, (actor, &scope), (NAME, "quarantine.update"), &policy, async |tx| {
        read(tx).await
    })
    .await?;
    Ok(policy)
}

async fn read(on: &impl store::On) -> Result<QuarantinePolicy, Error> {
    let scope = Scope::system("how long numbers rest is the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(QuarantinePolicy::default()),
    }
}

/// Takes the number of a lease that ended back: into quarantine, back to its supplier, or (fictional ones, and where the
/// policy says no days) up for sale.
pub(crate) async fn take_back(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(row) = stock::get(tx, scope, &lease.e164).await? else { return Ok(()) };
    if suppliers::return_leased(app, tx, &row).await? {
        return Ok(());
    }
    let days = match row.carrier_id == sandbox_id().0 {
        true => 0,
        false => read(tx).await?.days(&row.country, &row.number_type),
    };
    if days == 0 {
        stock::take_back(tx, scope, std::slice::from_ref(&lease.e164)).await?;
    } else {
        let until = now + Duration::days(i64::from(days));
        stock::quarantine(tx, scope, &lease.e164, lease.tenant_id, until).await?;
    }
    Ok(())
}

/// The numbers in quarantine, by number. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn quarantined(
    app: &App,
    actor: &Actor,
    page: &PageRequest,
) -> Result<Page<QuarantinedNumber>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let after: Option<E164> = page.key()?;
    let after = after.map(|number| number.to_string());
    let rows = stock::quarantined(app.db().read(), &scope, after.as_deref(), page.limit()).await?;
    let rows = rows.into_iter().map(|row| {
        Ok(QuarantinedNumber {
            number: row.e164.parse().map_err(Error::internal)?,
            country: row.country,
            number_type: row.number_type.parse().map_err(Error::internal)?,
            last_tenant: row.last_tenant_id.map(TenantId),
            until: row.held_until.unwrap_or_else(|| app.now()),
        })
    });
    Ok(page.cut(rows.collect::<Result<_, Error>>()?, |row| row.number.to_string()))
}

/// Ends the quarantine of a number before its time: it is for sale. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where it is in none.
pub async fn end_quarantine(app: &App, actor: &Actor, number: E164) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let e164 = number.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            if !stock::end_quarantine(tx, &scope, &e164, false).await? {
                return Err(not_there(number));
            }
            record(app, tx, &scope, (actor, "quarantine.end", None), &e164).await
        })
        .await
}

/// Gives a number in quarantine back to whom it was last, as it was: its lease goes on, and what was not paid meanwhile is
/// charged by the next renewal. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where it is in none; [`Error::Conflict`] where its lease is gone.
pub async fn reassign(app: &App, actor: &Actor, number: E164) -> Result<TenantId, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let e164 = number.to_string();
    let tenant = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let row = stock::get(tx, &scope, &e164).await?.ok_or_else(|| not_there(number))?;
            let last = row.last_tenant_id.ok_or_else(|| not_there(number))?;
            let lease = store::leases::last_ended(tx, &scope, &e164, last).await?;
            let lease = lease.ok_or_else(|| Error::conflict("number", "nobody had this number"))?;
            if !stock::end_quarantine(tx, &scope, &e164, true).await? {
                return Err(not_there(number));
            }
            let lease = Lease { released_at: None, release_asked_at: None, ..lease };
            store::leases::update(tx, &scope, lease).await?;
            record(app, tx, &scope, (actor, "quarantine.reassign", Some(TenantId(last))), &e164).await?;
            Ok(TenantId(last))
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(tenant)
}

async fn record(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    (actor, what, tenant): (&Actor, &'static str, Option<TenantId>),
    target: &str,
) -> Result<(), Error> {
    let change = Change { actor: &actor.name, tenant, what, target, before: Value::Null, after: Value::Null };
    audit::record(app, tx, scope, change).await
}

fn not_there(number: E164) -> Error {
    Error::not_found("number", format!("{number} is not in quarantine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_says_how_long_a_number_rests() {
        let rule = |country: Option<&str>, number_type, days| QuarantineRule {
            country: country.map(str::to_owned),
            number_type,
            days,
        };
        let rules = vec![
            rule(Some("US"), Some(NumberType::TollFree), 0),
            rule(Some("US"), None, 45),
            rule(None, Some(NumberType::Mobile), 90),
        ];
        let policy = QuarantinePolicy { default_days: 10, rules };
        assert!(policy.check().is_ok());
        for (country, number_type, days) in
            [("US", "tollFree", 0), ("US", "mobile", 45), ("SE", "mobile", 90), ("SE", "geographic", 10)]
        {
            assert_eq!(policy.days(country, number_type), days, "{country} {number_type}");
        }
        let wrong = QuarantinePolicy { default_days: 1, rules: vec![rule(Some("XX"), None, 1)] };
        assert!(
            matches!(wrong.check(), Err(Error::Invalid { target: Some(field), .. }) if field == "rules.0.country")
        );
        let wrong = QuarantinePolicy { default_days: DAYS_MAX + 1, rules: Vec::new() };
        assert!(wrong.check().is_err());
    }
}
