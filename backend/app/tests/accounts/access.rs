//! Access keys, API keys, tokens from keys, invitations and the audit, on both databases.

use crate::house::{PASSWORD, Wish, newcomer, operator, start, tenant, try_start};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{Duration, Utc};
use dialtone_app::{
    App, Error, PageRequest, SignupMode,
    access_keys::{self, Slot},
    api_keys::{self, CreatedApiKey, KeyState, NewApiKey},
    audit::{self, AuditFilter},
    invitations::{self, InvitationState, NewInvitation, Welcome},
    outbox, tenants,
};
use domain::{
    access::{Actor, Permission, Role},
    grants::Grants,
};
use testkit::database::TestDb;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn owner(app: &App, email: &str) -> Actor {
    tenants::sign_in(app, email, PASSWORD).await.unwrap()
}

async fn key(app: &App, actor: &Actor, scopes: &[&str]) -> CreatedApiKey {
    let new = NewApiKey { name: "nightly report".to_owned(), scopes: words(scopes), expires_at: None };
    api_keys::create(app, actor, &new).await.unwrap()
}

fn is_refused<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unauthenticated { .. }))
}

#[tokio::test]
async fn an_access_key_is_replaced_at_once_and_the_other_one_works_on() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (signer, acme) = tenant(&app, "Acme").await;
        let owner = owner(&app, "acme@example.test").await;
        let works = |text: &str| {
            let secret = STANDARD.decode(text).unwrap();
            tenants::actor_by_key(&app, "acme.localhost", |key| key == secret).is_ok()
        };
        let before = access_keys::list(&app, &owner).await.unwrap();
        assert_eq!(before.iter().map(|key| key.slot).collect::<Vec<_>>(), Slot::ALL);
        let shown = access_keys::reveal(&app, &owner, Slot::Primary).await.unwrap();
        assert_eq!(shown.key, acme.access_keys.primary);
        assert_eq!(shown.connection_string, acme.connection_string);
        let token = api_keys::exchange(&app, &signer, None, None, None).await.unwrap();
        assert!(tenants::actor_by_token(&app, &token.token).await.is_ok());
        let made = access_keys::regenerate(&app, &owner, Slot::Primary).await.unwrap();
        assert!(works(&made.key) && works(&acme.access_keys.secondary) && !works(&acme.access_keys.primary));
        assert!(is_refused(&tenants::actor_by_token(&app, &token.token).await), "a token goes with its key");
        let after = access_keys::list(&app, &owner).await.unwrap();
        assert_ne!(after[0].fingerprint, before[0].fingerprint);
        assert_eq!(after[1], before[1]);
        assert!(matches!(
            access_keys::regenerate(&app, &signer, Slot::Secondary).await.err(),
            Some(Error::Denied { .. })
        ));
        let again = start(&test).await;
        let secret = STANDARD.decode(&made.key).unwrap();
        assert!(
            tenants::actor_by_key(&again, "acme.localhost", |key| key == secret).is_ok(),
            "after a restart"
        );
        let filter = AuditFilter { what: Some("accessKey".to_owned()), ..AuditFilter::default() };
        let rows = audit::list(&app, &owner, &filter, &PageRequest::default()).await.unwrap().value;
        let what: Vec<_> = rows.iter().map(|row| row.what.as_str()).collect();
        assert_eq!(what, ["accessKey.regenerate", "accessKey.reveal"]);
        assert!(!format!("{rows:?}").contains(&made.key), "no secret is written down");
    }
}

#[tokio::test]
async fn an_api_key_works_within_its_scopes_until_it_is_revoked_and_is_kept_hashed() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        tenant(&app, "Acme").await;
        let owner = owner(&app, "acme@example.test").await;
        let made = key(&app, &owner, &["numbers.read", "calls.write"]).await;
        let machine = tenants::actor_by_token(&app, &made.key).await.unwrap();
        assert_eq!((machine.tenant, machine.user), (owner.tenant, None));
        assert!(machine.name.contains(&made.view.prefix) && machine.name.len() <= 254);
        assert!(
            machine.scope(Permission::ReadNumbers).is_ok() && machine.scope(Permission::ControlCalls).is_ok()
        );
        assert!(machine.scope(Permission::ManageNumbers).is_err());
        let another = NewApiKey { name: "x".into(), scopes: words(&["calls.read"]), expires_at: None };
        let no_key = api_keys::create(&app, &machine, &another).await;
        assert!(matches!(no_key.err(), Some(Error::Denied { .. })), "no key makes another");
        let mut wrong = made.key.clone();
        wrong.pop();
        for bad in [wrong.as_str(), "dtk_", "dtk_ääääääääääää_x", "dtk_000000000000_aaaa"] {
            assert!(is_refused(&tenants::actor_by_token(&app, bad).await), "{bad}");
        }
        let list = api_keys::list(&app, &owner, &PageRequest::default()).await.unwrap().value;
        assert_eq!((list.len(), list[0].state), (1, KeyState::Active));
        assert!(list[0].last_used_at.is_some_and(|at| Utc::now() - at < Duration::minutes(1)));
        let scope = domain::access::Scope::system("a test");
        let row =
            store::api_keys::by_prefix(test.db.read(), &scope, &made.view.prefix).await.unwrap().unwrap();
        let secret = made.key.rsplit('_').next().unwrap();
        assert!(!format!("{row:?}").contains(secret), "the secret is not kept");
        api_keys::revoke(&app, &owner, made.view.id).await.unwrap();
        api_keys::revoke(&app, &owner, made.view.id).await.unwrap();
        assert!(is_refused(&tenants::actor_by_token(&app, &made.key).await));
        let list = api_keys::list(&app, &owner, &PageRequest::default()).await.unwrap().value;
        assert_eq!(list[0].state, KeyState::Revoked);
    }
}

#[tokio::test]
async fn keys_of_a_tenant_the_operator_and_another_tenant_are_strangers_to_one_another() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        tenant(&app, "Acme").await;
        tenant(&app, "Other").await;
        let (acme, other) = (owner(&app, "acme@example.test").await, owner(&app, "other@example.test").await);
        let made = key(&app, &acme, &["calls.read"]).await;
        let platform = key(&app, &operator(), &["operator.read"]).await;
        for stranger in [&other, &operator()] {
            let gone = api_keys::revoke(&app, stranger, made.view.id).await.err();
            assert!(matches!(gone, Some(Error::NotFound { .. })), "{gone:?}");
        }
        assert!(matches!(
            api_keys::revoke(&app, &acme, platform.view.id).await.err(),
            Some(Error::NotFound { .. })
        ));
        assert!(api_keys::list(&app, &other, &PageRequest::default()).await.unwrap().value.is_empty());
        let runs = tenants::actor_by_token(&app, &platform.key).await.unwrap();
        assert!(runs.operates() && runs.tenant.is_none());
        let tenants = tenants::list(&app, &runs, &PageRequest { after: None, size: 1 }).await.unwrap();
        assert_eq!((tenants.value.len(), tenants.value[0].slug.as_str()), (1, "other"));
        let rest = PageRequest { after: tenants.next, size: 1 };
        let rest = tenants::list(&app, &runs, &rest).await.unwrap();
        assert_eq!((rest.value[0].slug.as_str(), rest.next), ("acme", None), "pages go on after the key");
    }
}

#[tokio::test]
async fn a_token_is_narrower_than_its_key_and_ends_with_it() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (signer, _) = tenant(&app, "Acme").await;
        let acme = owner(&app, "acme@example.test").await;
        let new = NewApiKey {
            name: "ci".to_owned(),
            scopes: words(&["numbers.read", "calls.read"]),
            expires_at: Some(Utc::now() + Duration::minutes(10)),
        };
        let made = api_keys::create(&app, &acme, &new).await.unwrap();
        let machine = tenants::actor_by_token(&app, &made.key).await.unwrap();
        let exchange = async |scopes: &[&str], minutes| {
            api_keys::exchange(&app, &machine, Some(&made.key), Some(&words(scopes)), minutes).await
        };
        let token = exchange(&["calls.read"], Some(60)).await.unwrap();
        assert!(token.expires_on <= Utc::now() + Duration::minutes(10), "it does not outlive its key");
        let narrow = tenants::actor_by_token(&app, &token.token).await.unwrap();
        assert_eq!(narrow.role, Role::Machine("calls.read".parse().unwrap()));
        assert!(exchange(&["money.read"], None).await.is_err(), "the key has no such scope");
        assert!(exchange(&["calls.read"], Some(0)).await.is_err());
        assert!(exchange(&["calls.read"], Some(1_441)).await.is_err());
        let of_people = api_keys::exchange(&app, &acme, None, None, None).await.err();
        assert!(matches!(of_people, Some(Error::Denied { .. })), "people sign in");
        let of_tokens = api_keys::exchange(&app, &narrow, Some(&token.token), None, None).await.err();
        assert!(matches!(of_tokens, Some(Error::Denied { .. })), "no token makes another");
        api_keys::revoke(&app, &acme, made.view.id).await.unwrap();
        assert!(is_refused(&tenants::actor_by_token(&app, &token.token).await));
        let signed = api_keys::exchange(&app, &signer, None, None, Some(5)).await.unwrap();
        assert_eq!(signed.scopes, Grants::of_tenant());
        let forged = format!("{}x", signed.token);
        assert!(is_refused(&tenants::actor_by_token(&app, &forged).await));
    }
}

#[tokio::test]
async fn an_invitation_lets_one_organization_in_once() {
    for test in TestDb::each().await.unwrap() {
        let wish = Wish { signup: SignupMode::Invite, ..Wish::default() };
        let app = try_start(&test, wish).await.unwrap();
        let with = |organization: &str, token: Option<&str>| {
            let new = newcomer(organization);
            tenants::NewTenant { invitation: token.map(str::to_owned), ..new }
        };
        let refused = tenants::sign_up(&app, with("Acme", None)).await.err();
        assert!(matches!(refused, Some(Error::Denied { .. })), "{refused:?}");
        assert!(tenants::sign_up(&app, with("Acme", Some("guessed"))).await.is_err());
        let new = NewInvitation { email: Some("Acme@Example.test".to_owned()), ..NewInvitation::default() };
        let made = invitations::create(&app, &operator(), &new).await.unwrap();
        assert!(made.link.ends_with(&format!("/signup?invitation={}", made.token)));
        let mail = outbox::list(&app, &operator(), Some(outbox::MAIL), dialtone_app::Window::default())
            .await
            .unwrap();
        assert!(format!("{:?}", mail.value[0].payload).contains(&made.token), "the link was mailed");
        let welcome = invitations::look(&app, Some(&made.token)).await.unwrap();
        assert_eq!(welcome, Welcome::Open { email: Some("acme@example.test".to_owned()) });
        let stranger = tenants::sign_up(&app, with("Other", Some(&made.token))).await.err();
        assert!(
            matches!(&stranger, Some(Error::Invalid { target: Some(field), .. }) if field == "email"),
            "{stranger:?}"
        );
        let both = tokio::join!(
            tenants::sign_up(&app, with("Acme", Some(&made.token))),
            tenants::sign_up(&app, with("Acme", Some(&made.token)))
        );
        assert_eq!(usize::from(both.0.is_ok()) + usize::from(both.1.is_ok()), 1, "of two at once one wins");
        assert!(tenants::sign_up(&app, with("Third", Some(&made.token))).await.is_err(), "it is used up");
        let list = invitations::list(&app, &operator(), &PageRequest::default()).await.unwrap().value;
        assert_eq!((list[0].state, list[0].tenant.is_some()), (InvitationState::Used, true));
        assert!(invitations::withdraw(&app, &operator(), made.view.id).await.is_err(), "it was used");
        let open = invitations::create(&app, &operator(), &NewInvitation::default()).await.unwrap();
        invitations::withdraw(&app, &operator(), open.view.id).await.unwrap();
        assert!(tenants::sign_up(&app, with("Fourth", Some(&open.token))).await.is_err());
        let acme = owner(&app, "acme@example.test").await;
        assert!(invitations::create(&app, &acme, &NewInvitation::default()).await.is_err());
        assert!(invitations::list(&app, &acme, &PageRequest::default()).await.is_err());
    }
}

#[tokio::test]
async fn the_audit_is_filtered_and_paged_and_each_tenant_sees_its_own() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        tenant(&app, "Acme").await;
        tenant(&app, "Other").await;
        let (acme, other) = (owner(&app, "acme@example.test").await, owner(&app, "other@example.test").await);
        for _ in 0..5 {
            key(&app, &acme, &["calls.read"]).await;
        }
        key(&app, &other, &["calls.read"]).await;
        let find = async |actor: &Actor, filter: AuditFilter, page: PageRequest| {
            audit::list(&app, actor, &filter, &page).await.unwrap()
        };
        let noun = |noun: &str| AuditFilter { what: Some(noun.to_owned()), ..AuditFilter::default() };
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = find(&acme, noun("apiKey"), PageRequest { after, size: 2 }).await;
            seen.extend(page.value);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|a, b| a.id > b.id), "newest first, each once");
        let whole = PageRequest::default;
        assert_eq!(find(&operator(), noun("apiKey"), whole()).await.value.len(), 6);
        assert_eq!(find(&operator(), noun("apiKey.create"), whole()).await.value.len(), 6);
        assert!(find(&operator(), noun("api"), whole()).await.value.is_empty());
        let by = AuditFilter { tenant: other.tenant, actor: Some(other.name.clone()), ..noun("apiKey") };
        assert_eq!(find(&operator(), by, whole()).await.value.len(), 1);
        let foreign = AuditFilter { tenant: other.tenant, ..noun("apiKey") };
        assert!(find(&acme, foreign, whole()).await.value.is_empty());
        let later = AuditFilter { since: Some(Utc::now() + Duration::minutes(1)), ..AuditFilter::default() };
        assert!(find(&acme, later, whole()).await.value.is_empty());
        let of_other = find(&other, noun("apiKey"), whole()).await.value.remove(0);
        assert!(matches!(audit::get(&app, &acme, of_other.id).await.err(), Some(Error::NotFound { .. })));
        assert_eq!(audit::get(&app, &operator(), of_other.id).await.unwrap(), of_other);
        let bad = AuditFilter { what: Some("%".to_owned()), ..AuditFilter::default() };
        assert!(audit::list(&app, &acme, &bad, &whole()).await.is_err());
    }
}
