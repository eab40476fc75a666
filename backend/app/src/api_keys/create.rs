//! Somebody makes a key.

use super::{
    CreatedApiKey, DAYS_MAX, KEYS_MAX, PREFIX_DIGITS, SCHEME, SECRET_BYTES, SHOWN_DAYS, hashed, owner_of,
    view,
};
use crate::{
    App, Error,
    audit::{self, Change},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::Actor,
    grants::{Grant, Grants},
};
use serde_json::Value;
use store::api_keys::{self, ApiKey};
use uuid::Uuid;

/// Characters of a name at most.
const NAME_MAX: usize = 100;

/// A key to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// For people, 1 to 100 characters.
    pub name: String,
    /// What it may do: words such as `numbers.read`; one at least.
    pub scopes: Vec<String>,
    /// Until when; without an end where it is not said.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a key of the actor's tenant, or of the operator.
///
/// # Errors
/// [`Error::Denied`] for keys and machines, [`Error::Invalid`] for a field, [`Error::Conflict`] where there are too many.
pub async fn create(app: &App, actor: &Actor, new: &NewApiKey) -> Result<CreatedApiKey, Error> {
    let (scope, owner) = owner_of(actor)?;
    let now = app.now();
    let (prefix, key) = fresh();
    let row = ApiKey {
        id: Uuid::now_v7(),
        tenant_id: owner.map(|tenant| tenant.0),
        name: name(&new.name)?,
        hash: hex::encode(hashed(&key)),
        grants: scopes(&new.scopes, owner.is_none())?.to_string(),
        created_by: actor.name.clone(),
        created_at: now,
        expires_at: expiry(new.expires_at, now)?,
        last_used_at: None,
        revoked_at: None,
        prefix,
    };
    let made = view(&row, now)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            api_keys::sweep(tx, &scope, owner, now - Duration::days(SHOWN_DAYS)).await?;
            if api_keys::count(tx, &scope, owner).await? >= KEYS_MAX {
                let message = format!(
                    "there are {KEYS_MAX} keys already; revoked ones count until they are {SHOWN_DAYS} days old"
                );
                return Err(Error::conflict("name", message));
            }
            api_keys::insert(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: owner,
                what: "apiKey.create",
                target: &made.prefix,
                before: Value::Null,
                after: audit::seen(&made),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    Ok(CreatedApiKey { view: made, key })
}

/// How a new key begins, and the whole of it.
fn fresh() -> (String, String) {
    let digits = hex::encode(rand::random::<[u8; PREFIX_DIGITS / 2]>());
    let prefix = format!("{SCHEME}{digits}");
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>());
    let key = format!("{prefix}_{secret}");
    (prefix, key)
}

fn name(text: &str) -> Result<String, Error> {
    let name = text.trim();
    let fits = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        return Ok(name.to_owned());
    }
    Err(Error::invalid("name", format!("say in 1 to {NAME_MAX} characters what the key is for")))
}

/// The scopes by their words, where they are for this kind of owner.
pub(super) fn scopes(words: &[String], operator: bool) -> Result<Grants, Error> {
    let fits = |grant: &Grant| grant.is_operators() == operator;
    let known = || {
        let words: Vec<_> = Grant::ALL.into_iter().filter(fits).map(Grant::word).collect();
        words.join(", ")
    };
    if words.is_empty() {
        return Err(Error::invalid("scopes", format!("name at least one of {}", known())));
    }
    let grant = |word: &String| {
        let grant = Grant::from_word(word.trim()).filter(fits);
        grant.ok_or_else(|| {
            Error::invalid("scopes", format!("there is no scope {word:?} here; there are {}", known()))
        })
    };
    words.iter().map(grant).collect()
}

fn expiry(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    let Some(end) = wanted else { return Ok(None) };
    if end <= now || end > now + Duration::days(i64::from(DAYS_MAX)) {
        let message = format!("let it expire in the future, within {DAYS_MAX} days, or leave it out");
        return Err(Error::invalid("expiresAt", message));
    }
    Ok(Some(end))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_key_begins_with_what_finds_it_and_no_two_are_alike() {
        let (prefix, key) = fresh();
        assert!(key.starts_with(&prefix) && key.len() > prefix.len() + 40, "{key}");
        assert_ne!(fresh().1, key);
    }

    #[test]
    fn scopes_of_the_operator_are_not_for_tenants_nor_the_other_way_round() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            scopes(&words(&["calls.read", "money.read"]), false).unwrap().to_string(),
            "calls.read money.read"
        );
        assert!(scopes(&words(&["operator.read"]), true).is_ok());
        for (wrong, operator) in
            [(&["operator.read"], false), (&["calls.read"], true), (&["everything"], false)]
        {
            let error = scopes(&words(wrong), operator).unwrap_err().to_string();
            assert!(error.contains("there are "), "{error}");
        }
        assert!(scopes(&[], false).is_err());
    }

    #[test]
    fn an_end_is_in_the_future_and_not_too_far() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(expiry(None, now).unwrap(), None);
        assert!(expiry(Some(now + Duration::days(1)), now).is_ok());
        assert!(expiry(Some(now), now).is_err());
        assert!(expiry(Some(now + Duration::days(i64::from(DAYS_MAX) + 1)), now).is_err());
    }
}
