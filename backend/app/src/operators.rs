//! Operators: the people who run the platform.

use crate::{
    App, Error,
    audit::{self, Change},
    tenants::{email_address, hash_password},
};
use domain::access::Scope;
use serde_json::Value;
use store::users::User;
use uuid::Uuid;

/// Whether there is an operator already.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn exists(app: &App) -> Result<bool, Error> {
    let scope = Scope::system("the start asks whether there is an operator");
    Ok(store::users::has_operator(app.db().read(), &scope).await?)
}

/// Makes an operator where there is none with this address yet; whether it made one. An operator that is there keeps
/// its password.
///
/// # Errors
/// [`Error::Invalid`] for a bad address or password, [`Error::Conflict`] where a tenant's owner has the address.
pub async fn ensure(app: &App, email: &str, password: &str) -> Result<bool, Error> {
    let email = email_address(email)?;
    let scope = Scope::system("operators are made by whoever runs the program");
    match store::users::by_email(app.db().read(), &scope, &email).await? {
        Some(user) if user.tenant_id.is_none() => return Ok(false),
        Some(_) => {
            return Err(Error::conflict(
                "email",
                "a tenant's owner has this address: take another one for the operator",
            ));
        }
        None => {}
    }
    let now = app.now();
    let row = User {
        id: Uuid::now_v7(),
        tenant_id: None,
        email: email.clone(),
        password_hash: hash_password(app, password).await?,
        verified_at: Some(now),
        created_at: now,
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            store::users::insert(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: "system",
                tenant: None,
                what: "operator.create",
                target: &email,
                before: Value::Null,
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    Ok(true)
}

/// Makes an operator, who must be new.
///
/// # Errors
/// As [`ensure`], and [`Error::Conflict`] where an operator has the address already.
pub async fn create(app: &App, email: &str, password: &str) -> Result<(), Error> {
    if ensure(app, email, password).await? {
        return Ok(());
    }
    Err(Error::conflict("email", "an operator has this address already: sign in with it"))
}
