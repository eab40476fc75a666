//! A tenant has a token issued for a user.

use super::{
    Order, TOKEN_MINUTES_MAX, TOKEN_MINUTES_MIN, UserToken, no_user, own,
    token::{Claims, fingerprint},
};
use crate::{App, Error};
use chrono::{DateTime, Duration};
use domain::{
    access::{Actor, Permission, Role},
    identity::AppUser,
};

/// Issues a token.
///
/// # Errors
/// [`Error::NotFound`] for the user, [`Error::Invalid`] for scopes and life, [`Error::Denied`].
pub async fn issue(app: &App, actor: &Actor, name: &str, order: &Order) -> Result<UserToken, Error> {
    let scope = actor.scope(Permission::ManageIdentities)?;
    let user = own(&scope, name)?;
    check(order)?;
    let row = store::identities::get(app.db().read(), &scope, user.id).await?.ok_or_else(no_user)?;
    sign(app, actor, user, row.generation, order)
}

pub(super) fn check(order: &Order) -> Result<(), Error> {
    if order.scopes.is_empty() {
        let message = "name at least one of chat, chat.join, chat.join.limited, voip and voip.join";
        return Err(Error::invalid("scopes", message));
    }
    let minutes = order.minutes.unwrap_or(TOKEN_MINUTES_MAX);
    if (TOKEN_MINUTES_MIN..=TOKEN_MINUTES_MAX).contains(&minutes) {
        return Ok(());
    }
    let message = format!("a token lasts {TOKEN_MINUTES_MIN} to {TOKEN_MINUTES_MAX} minutes, not {minutes}");
    Err(Error::invalid("expiresInMinutes", message))
}

/// Signs a token whose order is in order.
pub(super) fn sign(
    app: &App,
    actor: &Actor,
    user: AppUser,
    generation: i32,
    order: &Order,
) -> Result<UserToken, Error> {
    let now = app.now();
    let expires = now + Duration::minutes(order.minutes.unwrap_or(TOKEN_MINUTES_MAX).into());
    let mut claims = Claims::new(user, &order.scopes, now.timestamp(), expires.timestamp());
    claims.generation = generation;
    claims.key = key_of(app, actor);
    let token = app.identities().sign(&claims)?;
    Ok(UserToken { token, expires_on: DateTime::from_timestamp(expires.timestamp(), 0).unwrap_or(expires) })
}

/// The fingerprint of the access key that an actor signs with.
fn key_of(app: &App, actor: &Actor) -> Option<String> {
    let slot = actor.name.strip_prefix("key:").filter(|_| actor.role == Role::Key)?;
    let live = app.live();
    let key = live.tenant(actor.tenant?)?.keys.iter().find(|key| key.slot == slot)?;
    Some(fingerprint(&key.secret))
}
