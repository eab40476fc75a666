//! A tenant makes a SIP user.

use super::{CreatedSipUser, NewSipUser, USERS_MAX, password};
use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Changed, refresh},
    vault::Place,
};
use domain::{
    access::{Actor, Permission},
    ids::TenantId,
};
use serde_json::Value;
use sip::digest::{Algorithm, ha1};
use store::sip_users::{self, SipUser};
use uuid::Uuid;

/// Characters of a username at most.
const USERNAME_MAX: usize = 64;
/// Characters of a display name at most.
const DISPLAY_NAME_MAX: usize = 100;

/// Makes a SIP user with a strong password.
///
/// # Errors
/// [`Error::Invalid`] for a bad name, [`Error::Conflict`] where there is one of that name.
pub async fn create(app: &App, actor: &Actor, new: NewSipUser) -> Result<CreatedSipUser, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let no_tenant = || Error::not_found("tenant", "there is no such tenant");
    let tenant = scope.tenant().ok_or_else(no_tenant)?;
    let domain = app.live().tenant(tenant).ok_or_else(no_tenant)?.piece.piece.value.sip_domain.clone();
    let username = username(&new.username)?;
    let display_name =
        new.display_name.map(|name| display_name(&name)).transpose()?.filter(|name| !name.is_empty());
    let created = CreatedSipUser { username, domain, password: password::generate() };
    let row = row(app, tenant, &created, display_name);
    app.db()
        .write::<_, Error, _>(async |tx| {
            if sip_users::count(tx, &scope).await? >= USERS_MAX {
                return Err(Error::conflict("username", format!("there are {USERS_MAX} SIP users already")));
            }
            sip_users::insert(tx, &scope, row.clone()).await.map_err(|error| match error {
                store::Error::Taken(_) => {
                    Error::conflict("username", "there is a SIP user of that name already")
                }
                other => other.into(),
            })?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "sipUser.create",
                target: &created.username,
                before: Value::Null,
                after: serde_json::json!({ "username": created.username, "displayName": row.display_name }),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(created)
}

/// What is kept: not the password, but what digest needs of it, sealed.
fn row(app: &App, tenant: TenantId, made: &CreatedSipUser, display_name: Option<String>) -> SipUser {
    let id = Uuid::now_v7();
    let (tenant_text, id_text) = (tenant.to_string(), id.to_string());
    let sealed = |column, algorithm| {
        let place = Place { tenant: &tenant_text, table: "sip_users", column, id: &id_text };
        let hash = zeroize::Zeroizing::new(ha1(algorithm, &made.username, &made.domain, &made.password));
        app.vault().seal(place, hash.as_bytes())
    };
    SipUser {
        id,
        tenant_id: tenant.0,
        username: made.username.clone(),
        display_name,
        realm: made.domain.clone(),
        ha1_md5: sealed("ha1_md5", Algorithm::Md5),
        ha1_sha256: sealed("ha1_sha256", Algorithm::Sha256),
        created_at: app.now(),
    }
}

fn username(text: &str) -> Result<String, Error> {
    let name = text.trim().to_lowercase();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= USERNAME_MAX && name.bytes().all(fits) {
        return Ok(name);
    }
    Err(Error::invalid(
        "username",
        format!(
            "choose 1 to {USERNAME_MAX} of a-z, 0-9, dot, hyphen and underscore, the first a letter or digit"
        ),
    ))
}

fn display_name(text: &str) -> Result<String, Error> {
    let name = text.trim();
    if name.chars().count() > DISPLAY_NAME_MAX || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "displayName",
            format!("give {DISPLAY_NAME_MAX} characters at most, on one line"),
        ));
    }
    Ok(name.to_owned())
}
