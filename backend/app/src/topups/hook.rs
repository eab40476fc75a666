//! Where the operator's payment system is asked.

use crate::{
    App, Error,
    audit::{self, Change},
    vault::{Place, Secret},
    webhooks::{check_url, fresh_at, without_query},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Duration, Utc};
use domain::access::{Actor, Permission, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::platform;

/// The name under which it is kept, and which the audit has.
pub(super) const NAME: &str = "top-up-hook";

/// Where the payment system is asked, as the operator writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hook {
    /// Its address; empty for none.
    pub url: String,
    /// Whether it is asked.
    pub enabled: bool,
}

/// Where the payment system is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookView {
    /// What the operator set.
    pub hook: Hook,
    /// Whether there is a secret that signs.
    pub has_secret: bool,
    /// Until when the secret before it signs too.
    pub previous_until: Option<DateTime<Utc>>,
}

/// A hook that was changed, and its secret where a new one was made: it is shown this once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookChanged {
    /// The hook.
    pub view: HookView,
    /// Its secret.
    pub secret: Option<String>,
}

/// What is kept: secrets are sealed, and in Base64.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Kept {
    pub(super) url: String,
    pub(super) enabled: bool,
    secret: Option<String>,
    previous: Option<(String, DateTime<Utc>)>,
}

impl Kept {
    pub(super) async fn read(on: &impl store::On) -> Result<Self, Error> {
        let scope = Scope::system("the hook of top-ups is the platform's");
        match platform::value(on, &scope, NAME).await? {
            Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
            None => Ok(Self::default()),
        }
    }

    /// The secrets that sign at a time, the current one first.
    pub(super) fn signing(&self, app: &App, now: DateTime<Utc>) -> Result<Vec<Secret>, Error> {
        let previous = self.previous.iter().filter(|(_, until)| *until > now).map(|(sealed, _)| sealed);
        let open = |sealed: &String| {
            let sealed = STANDARD.decode(sealed).map_err(Error::internal)?;
            Ok(app.vault().open(place(), &sealed)?)
        };
        self.secret.iter().chain(previous).map(open).collect()
    }

    fn view(&self, now: DateTime<Utc>) -> HookView {
        let until = self.previous.as_ref().map(|(_, until)| *until);
        HookView {
            hook: Hook { url: self.url.clone(), enabled: self.enabled },
            has_secret: self.secret.is_some(),
            previous_until: until.filter(|until| *until > now),
        }
    }

    fn audited(&self) -> Value {
        json!({ "url": without_query(&self.url), "enabled": self.enabled, "hasSecret": self.secret.is_some() })
    }
}

const fn place() -> Place<'static> {
    Place { tenant: "platform", table: "platform_values", column: "value", id: NAME }
}

/// A new secret, sealed and as it is shown.
fn fresh(app: &App) -> (String, String) {
    let (sealed, shown) = fresh_at(app, place());
    (STANDARD.encode(sealed), shown)
}

/// Where the payment system is asked. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn hook(app: &App, actor: &Actor) -> Result<HookView, Error> {
    actor.scope(Permission::Operate)?;
    Ok(Kept::read(app.db().read()).await?.view(app.now()))
}

/// Says where the payment system is asked, and whether it is. The first address gets a secret, which is shown this once.
/// Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for an address that is not asked, or for none where it is to be asked.
pub async fn change_hook(app: &App, actor: &Actor, hook: Hook) -> Result<HookChanged, Error> {
    actor.scope(Permission::Operate)?;
    let url = hook.url.trim().to_owned();
    if url.is_empty() && hook.enabled {
        return Err(Error::invalid("url", "write the address that is asked for payments, or switch it off"));
    }
    if !url.is_empty() {
        check_url(app, &url).await?;
    }
    let fresh = fresh(app);
    edit(app, actor, "topUpHook.update", |before| {
        let needs = !url.is_empty() && before.secret.is_none();
        let secret = if needs { Some(fresh.0.clone()) } else { before.secret.clone() };
        let after = Kept { url: url.clone(), enabled: hook.enabled, secret, ..before.clone() };
        Ok((after, needs.then(|| fresh.1.clone())))
    })
    .await
}

/// Gives the hook a new secret, shown this once. The one before it signs beside it for a day. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Conflict`] where there is no hook yet.
pub async fn rotate_secret(app: &App, actor: &Actor) -> Result<HookChanged, Error> {
    actor.scope(Permission::Operate)?;
    let (fresh, now) = (fresh(app), app.now());
    let until = now + Duration::hours(crate::webhooks::PREVIOUS_HOURS);
    edit(app, actor, "topUpHook.rotateSecret", |before| {
        let Some(old) = before.secret.clone() else {
            return Err(Error::conflict("url", "there is no hook yet: its first address makes a secret"));
        };
        let (secret, previous) = (Some(fresh.0.clone()), Some((old, until)));
        Ok((Kept { secret, previous, ..before.clone() }, Some(fresh.1.clone())))
    })
    .await
}

/// Changes what is kept; what is answered beside it is a new secret as it is shown.
async fn edit(
    app: &App,
    actor: &Actor,
    what: &'static str,
    edit: impl Fn(&Kept) -> Result<(Kept, Option<String>), Error>,
) -> Result<HookChanged, Error> {
    let scope = actor.scope(Permission::Operate)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = Kept::read(tx).await?;
            let (after, secret) = edit(&before)?;
            let json = serde_json::to_vec(&after).map_err(Error::internal)?;
            platform::put_value(tx, &scope, NAME, json).await?;
            let (was, is) = (before.audited(), after.audited());
            let change =
                Change { actor: &actor.name, tenant: None, what, target: NAME, before: was, after: is };
            audit::record(app, tx, &scope, change).await?;
            Ok(HookChanged { view: after.view(app.now()), secret })
        })
        .await
}
