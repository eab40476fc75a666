//! A tenant is founded: its row, its owner, its keys, its account, in one transaction.

use super::{AccessKeys, NewTenant, SignedUp, TenantRef, hash_password, slug, view};
use crate::{
    App, Error, access_keys,
    audit::{self, Change},
    invitations, mails,
    snapshot::{Changed, refresh},
    vault::{Place, Secret},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    access::Scope,
    config::{DEFAULT_CALLS_PER_SECOND, DEFAULT_MAX_CALLS},
    ids::TenantId,
    ledger::EntryKind,
    money::{Currency, Money},
};
use store::{
    Tx,
    access_keys::AccessKey,
    invitations::Invitation,
    ledger::{Cover, Posting},
    tenants::Tenant,
    users::User,
};
use uuid::Uuid;

/// Play credit of a tenant that signs up while the sandbox is on, micro-units.
const PLAY_CREDIT_MICROS: i64 = 10_000_000;
/// Characters of an organisation's name at most.
const NAME_MAX: usize = 100;
/// Characters of an e-mail address at most (RFC 5321 §4.5.3.1).
const EMAIL_MAX: usize = 254;
/// Candidates of a slug that are tried in order; then a random one is taken.
const SLUG_TRIES: u32 = 20;

/// How a tenant begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    /// Who founds it, for the audit.
    pub(super) actor: &'a str,
    /// Whether the owner's address counts as verified.
    pub(super) verified: bool,
    /// The invitation that this uses up.
    pub(super) invitation: Option<&'a Invitation>,
}

/// Founds a tenant.
pub(super) async fn found(app: &App, new: &NewTenant, start: Start<'_>) -> Result<SignedUp, Error> {
    let name = organization(&new.organization)?;
    let email = email(&new.email)?;
    let scope = Scope::system("a tenant that is being founded is in no scope yet");
    if store::users::by_email(app.db().read(), &scope, &email).await?.is_some() {
        return Err(email_taken());
    }
    let password_hash = hash_password(app, &new.password).await?;
    let keys = [access_keys::fresh(), access_keys::fresh()];
    let draft = Draft { id: TenantId(Uuid::now_v7()), name, email, password_hash, keys };
    let slug = app.db().write::<_, Error, _>(async |tx| write(app, tx, &scope, &draft, start).await).await?;
    refresh(app, Changed::Tenant(draft.id)).await?;
    let [primary, secondary] = &draft.keys;
    let keys = AccessKeys { primary: STANDARD.encode(primary), secondary: STANDARD.encode(secondary) };
    let tenant = TenantRef { id: draft.id, slug, name: draft.name };
    Ok(view::signed_up(app, tenant, keys))
}

struct Draft {
    id: TenantId,
    name: String,
    email: String,
    password_hash: String,
    keys: [Secret; 2],
}

async fn write(app: &App, tx: &Tx, scope: &Scope, draft: &Draft, start: Start<'_>) -> Result<String, Error> {
    let slug = free_slug(tx, scope, &draft.name).await?;
    let now = app.now();
    let tenant = Tenant {
        id: draft.id.0,
        slug: slug.clone(),
        name: draft.name.clone(),
        status: if start.verified { "active" } else { "unverified" }.to_owned(),
        calls_per_second: i32::try_from(DEFAULT_CALLS_PER_SECOND).unwrap_or(i32::MAX),
        max_calls: i32::try_from(DEFAULT_MAX_CALLS).unwrap_or(i32::MAX),
        plan_id: crate::plans::default_plan().0,
        protection: serde_json::json!({}),
        terms: serde_json::json!({}),
        created_at: now,
    };
    store::tenants::insert(tx, scope, tenant).await?;
    let user = User {
        id: Uuid::now_v7(),
        tenant_id: Some(draft.id.0),
        email: draft.email.clone(),
        password_hash: draft.password_hash.clone(),
        verified_at: start.verified.then_some(now),
        created_at: now,
    };
    let id = user.id;
    store::users::insert(tx, scope, user).await.map_err(|error| match error {
        store::Error::Taken(_) => email_taken(),
        other => other.into(),
    })?;
    write_keys(app, tx, scope, draft).await?;
    open_account(app, tx, scope, draft.id).await?;
    if let Some(invitation) = start.invitation {
        invitations::take(app, tx, scope, invitation, draft.id).await?;
    }
    if !start.verified {
        mails::verification(app, tx, scope, draft.id, id, &draft.email).await?;
    }
    let invitation = start.invitation.map(|invitation| invitation.id);
    let after = serde_json::json!({
        "slug": slug, "name": draft.name, "owner": draft.email, "invitation": invitation
    });
    let change = Change {
        actor: start.actor,
        tenant: Some(draft.id),
        what: "tenant.create",
        target: &slug,
        before: serde_json::Value::Null,
        after,
    };
    audit::record(app, tx, scope, change).await?;
    Ok(slug)
}

async fn write_keys(app: &App, tx: &Tx, scope: &Scope, draft: &Draft) -> Result<(), Error> {
    let tenant = draft.id.to_string();
    for (slot, secret) in ["primary", "secondary"].into_iter().zip(&draft.keys) {
        let id = Uuid::now_v7();
        let place = Place { tenant: &tenant, table: "access_keys", column: "secret", id: &id.to_string() };
        let row = AccessKey {
            id,
            tenant_id: draft.id.0,
            slot: slot.to_owned(),
            secret: app.vault().seal(place, secret),
            created_at: app.now(),
        };
        store::access_keys::insert(tx, scope, row).await?;
    }
    Ok(())
}

async fn open_account(app: &App, tx: &Tx, scope: &Scope, tenant: TenantId) -> Result<(), Error> {
    let currency =
        app.live().config.plan(crate::plans::default_plan()).map_or(Currency::USD, |plan| plan.currency);
    store::ledger::open_account(tx, scope, tenant, currency, app.now()).await?;
    if !app.sandbox_on() {
        return Ok(());
    }
    let posting = Posting {
        kind: EntryKind::Credit,
        amount: Money::new(PLAY_CREDIT_MICROS, currency),
        cover: Cover::Available,
        key: format!("credit:sign-up:{tenant}"),
        description: "play credit".to_owned(),
        at: app.now(),
        call: None,
        number: None,
        invoice: None,
    };
    store::ledger::post(tx, scope, tenant, &posting).await?;
    Ok(())
}

async fn free_slug(tx: &Tx, scope: &Scope, name: &str) -> Result<String, Error> {
    let wanted = slug::of(name);
    for n in 0..SLUG_TRIES {
        let candidate = slug::candidate(&wanted, n);
        if !store::tenants::has_slug(tx, scope, &candidate).await? {
            return Ok(candidate);
        }
    }
    Ok(format!("{wanted}-{:08x}", rand::random::<u32>()))
}

fn organization(text: &str) -> Result<String, Error> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "organization",
            format!("give the organisation's name in 1 to {NAME_MAX} characters"),
        ));
    }
    Ok(name.to_owned())
}

/// An e-mail address in lower case. Whether it works is found out by a mail, not by its form.
pub(crate) fn email(text: &str) -> Result<String, Error> {
    let address = text.trim().to_lowercase();
    let plausible = address.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    let clean = !address.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    if plausible && clean && address.len() <= EMAIL_MAX {
        return Ok(address);
    }
    Err(Error::invalid("email", "give an e-mail address, such as anna@example.com"))
}

pub(crate) fn email_taken() -> Error {
    Error::conflict("email", "somebody has signed up with this address already: sign in instead")
}
