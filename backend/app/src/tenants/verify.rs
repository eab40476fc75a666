//! A newcomer shows that the e-mail address is theirs.

use super::token::{Purpose, read};
use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Changed, refresh},
};
use domain::{access::Scope, ids::TenantId};
use serde_json::Value;

/// Takes the token of the mailed link, and switches the tenant on.
///
/// # Errors
/// [`Error::Invalid`] where the token is not ours or too old.
pub async fn verify_email(app: &App, token: &str) -> Result<(), Error> {
    let old = || {
        Error::invalid("token", "this link is not valid here, or too old: sign up again, or ask the operator")
    };
    let id = read(app, token, Purpose::Verification).map_err(|_| old())?;
    let scope = Scope::system("whoever follows the link of a mail is in no scope yet");
    let user = store::users::get(app.db().read(), &scope, id).await?.ok_or_else(old)?;
    if user.verified_at.is_some() {
        return Ok(());
    }
    let tenant = user.tenant_id.map(TenantId).ok_or_else(old)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            store::users::set_verified(tx, &scope, id, app.now()).await?;
            let mut row = store::tenants::get(tx, &scope, tenant).await?.ok_or_else(old)?;
            if row.status == "unverified" {
                row.status = "active".to_owned();
                store::tenants::update(tx, &scope, row).await?;
            }
            let change = Change {
                actor: &user.email,
                tenant: Some(tenant),
                what: "user.verify",
                target: &user.email,
                before: Value::Null,
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await
}
