//! A tenant changes a trunk.

use super::{ADDRESSES_MAX, TrunkView, get::no_trunk, rows};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    error::faulty,
    secret::Password,
    snapshot::{Changed, load, refresh},
    tenants::check_limits,
};
use domain::{
    access::{Actor, Permission, Scope},
    config::{Authentication, Trunk},
};
use store::Tx;

/// Codecs of a trunk at most.
const CODECS_MAX: usize = 16;
/// Characters of a codec's name at most.
const CODEC_MAX: usize = 32;
/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 1_024;

/// Changes a trunk of the actor's tenant: `edit` is given the trunk as it is and answers it as it is to be, with what
/// becomes of its password. It may be asked more than once. Identifier, name and health stay whatever it says.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] by field; what `edit` answers.
pub async fn change(
    app: &App,
    actor: &Actor,
    fqdn: &str,
    edit: impl Fn(Trunk) -> Result<(Trunk, Password), Error>,
) -> Result<TrunkView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(no_trunk)?;
    let fqdn = fqdn.to_ascii_lowercase();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let known = store::trunks::all(tx, &scope).await?;
            let row = known.into_iter().find(|row| row.fqdn == fqdn).ok_or_else(no_trunk)?;
            let before = load::trunk(row.clone())?;
            let (after, password) = edit(before.clone())?;
            let after = Trunk { id: before.id, fqdn: before.fqdn.clone(), ..after };
            check(&after)?;
            check_user(tx, &scope, &after).await?;
            let mut row = rows::with(row, &after)?;
            let has_username = after.policy.credentials.is_some();
            let secret = row.outbound_secret.take();
            row.outbound_secret =
                password.apply(has_username, secret, |password| rows::seal(app, &row, password))?;
            store::trunks::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "trunk.update",
                target: &fqdn,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    super::get(app, actor, &fqdn).await
}

/// What a trunk may be told.
fn check(trunk: &Trunk) -> Result<(), Error> {
    if trunk.port == 0 {
        return Err(Error::invalid("sipSignalingPort", "ports are 1 to 65535"));
    }
    if trunk.addresses.len() > ADDRESSES_MAX {
        return Err(Error::invalid("addresses", format!("give {ADDRESSES_MAX} addresses at most")));
    }
    if trunk.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_MAX) {
        return Err(Error::invalid("description", format!("give {DESCRIPTION_MAX} characters at most")));
    }
    check_codecs(&trunk.codecs)?;
    check_limits(trunk.limits)?;
    trunk.check().map_err(faulty)
}

fn check_codecs(codecs: &[String]) -> Result<(), Error> {
    let is_name = |name: &String| {
        (1..=CODEC_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte))
    };
    if codecs.len() <= CODECS_MAX && codecs.iter().all(is_name) {
        return Ok(());
    }
    Err(Error::invalid(
        "media.codecs",
        format!("give {CODECS_MAX} codec names at most, such as PCMU or G722"),
    ))
}

/// Digest and registration go by the secret of a SIP user of the tenant.
async fn check_user(tx: &Tx, scope: &Scope, trunk: &Trunk) -> Result<(), Error> {
    let (Authentication::Digest { username } | Authentication::Registration { username }) =
        trunk.authentication()
    else {
        return Ok(());
    };
    let users = store::sip_users::all(tx, scope).await?;
    if users.iter().any(|user| user.username == username) {
        return Ok(());
    }
    Err(Error::invalid(
        "sipUser",
        format!(
            "there is no SIP user {username:?}: POST /api/v1/sipUsers makes one, and answers its password"
        ),
    ))
}
