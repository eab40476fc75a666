//! The operator's policy.

use super::Policy;
use crate::{
    App, Error,
    snapshot::{Changed, refresh},
};
use domain::access::{Actor, Permission, Scope};
use store::platform;

/// The name under which it is kept.
const NAME: &str = "eligibility";

/// The policy. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn policy(app: &App, actor: &Actor) -> Result<Policy, Error> {
    actor.scope(Permission::Operate)?;
    read_policy(app.db().read()).await
}

/// Puts a policy into the place of the one that was there. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn put_policy(app: &App, actor: &Actor, policy: Policy) -> Result<Policy, Error> {
    let scope = actor.scope(Permission::Operate)?;
    policy.check()?;
    crate::platform::put(app, (actor, &scope), (NAME, "eligibility.update"), &policy, async |tx| {
        read_policy(tx).await
    })
    .await?;
    refresh(app, Changed::Everything).await?;
    Ok(policy)
}

pub(crate) async fn read_policy(on: &impl store::On) -> Result<Policy, Error> {
    let scope = Scope::system("the policy of eligibility is the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(Policy::default()),
    }
}
