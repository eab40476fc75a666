//! Sign-up, sign-in, tokens, keys, sessions, operators.

use crate::house::{PASSWORD, Wish, newcomer, operator, start, tenant, try_start};
use base64::{Engine, engine::general_purpose::STANDARD};
use dialtone_app::{
    App, Error, PageRequest, SandboxMode, SignupMode, Window,
    audit::{self, AuditFilter},
    money, operators, outbox,
    replays::{self, Begun},
    sessions,
    snapshot::{Changed, refresh},
    tenants::{self, NewTenant, TenantPatch, TenantStatus},
};
use domain::access::Role;
use testkit::database::TestDb;

fn field(error: &Error) -> Option<&str> {
    match error {
        Error::Invalid { target, .. } | Error::Conflict { target, .. } => target.as_deref(),
        _ => None,
    }
}

#[tokio::test]
async fn a_newcomer_gets_an_active_tenant_with_play_credit_and_a_connection_string_that_works() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, signed_up) = tenant(&app, "Acme Inc.").await;
        assert_eq!(signed_up.tenant.slug, "acme-inc");
        assert_eq!(signed_up.endpoint, "https://localhost:8080/");
        let expected =
            format!("endpoint=https://localhost:8080/;accesskey={}", signed_up.access_keys.primary);
        assert_eq!(signed_up.connection_string, expected);
        assert_ne!(signed_up.access_keys.primary, signed_up.access_keys.secondary);
        let view = tenants::get(&app, &actor).await.unwrap();
        assert_eq!((view.status, view.balance.micros), (TenantStatus::Active, 10_000_000));
        assert_eq!((view.limits.calls_per_second, view.limits.max_calls), (100, 1_000));
        assert_eq!(view.sip_domain, "acme-inc.localhost");
        let ledger = money::balance(&app, &actor).await.unwrap();
        assert_eq!(ledger.balance.micros, 10_000_000);
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn an_address_signs_up_once_and_organisations_of_one_name_get_their_own_slugs() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    tenant(&app, "Acme").await;
    let twice = tenants::sign_up(&app, newcomer("Acme")).await.err().unwrap();
    assert!(matches!(&twice, Error::Conflict { .. }) && field(&twice) == Some("email"), "{twice:?}");
    let other = NewTenant { email: "Other@Example.test ".to_owned(), ..newcomer("Acme") };
    assert_eq!(tenants::sign_up(&app, other).await.unwrap().tenant.slug, "acme-2");
    let spelled = NewTenant { email: "OTHER@example.TEST".to_owned(), ..newcomer("Third") };
    assert!(tenants::sign_up(&app, spelled).await.is_err(), "addresses are compared without case");
}

#[tokio::test]
async fn a_bad_field_is_named() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let good = || newcomer("Acme");
    for (bad, target) in [
        (NewTenant { organization: " ".to_owned(), ..good() }, "organization"),
        (NewTenant { organization: "x".repeat(101), ..good() }, "organization"),
        (NewTenant { email: "nobody".to_owned(), ..good() }, "email"),
        (NewTenant { email: "a b@example.test".to_owned(), ..good() }, "email"),
        (NewTenant { email: format!("{}@example.test", "a".repeat(250)), ..good() }, "email"),
        (NewTenant { password: "short".to_owned(), ..good() }, "password"),
        (NewTenant { password: "x".repeat(257), ..good() }, "password"),
    ] {
        let error = tenants::sign_up(&app, bad).await.err().unwrap();
        assert_eq!(field(&error), Some(target), "{error:?}");
    }
}

#[tokio::test]
async fn a_password_and_the_token_it_gives_say_who_somebody_is() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (_, acme) = tenant(&app, "Acme").await;
    let actor = tenants::sign_in(&app, " ACME@example.test", PASSWORD).await.unwrap();
    assert_eq!((actor.tenant, actor.role), (Some(acme.tenant.id), Role::Owner));
    let token = tenants::issue_token(&app, "acme@example.test", PASSWORD).await.unwrap();
    assert!(token.expires_on > app.now());
    assert_eq!(tenants::actor_by_token(&app, &token.token).await.unwrap(), actor);
    let changed = format!("{}x", token.token);
    for bad in ["", "a.b.c", changed.as_str()] {
        let error = tenants::actor_by_token(&app, bad).await.unwrap_err();
        assert!(matches!(error, Error::Unauthenticated { .. }));
    }
    for (email, password) in [("acme@example.test", "wrong password"), ("nobody@example.test", PASSWORD)] {
        let error = tenants::sign_in(&app, email, password).await.unwrap_err();
        assert!(matches!(error, Error::Unauthenticated { .. }), "the answer does not say which was wrong");
    }
}

#[tokio::test]
async fn guessing_passwords_of_one_address_is_stopped_for_that_address() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    tenant(&app, "Acme").await;
    tenant(&app, "Other").await;
    for _ in 0..10 {
        let error = tenants::sign_in(&app, "acme@example.test", "wrong password").await.unwrap_err();
        assert!(matches!(error, Error::Unauthenticated { .. }));
    }
    let stopped = tenants::sign_in(&app, "acme@example.test", PASSWORD).await.unwrap_err();
    assert!(matches!(stopped, Error::TooMany { .. }), "{stopped:?}");
    assert!(tenants::sign_in(&app, "other@example.test", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_token_works_after_a_restart_and_secrets_open_under_their_key_alone() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (_, acme) = tenant(&app, "Acme").await;
        let token = tenants::issue_token(&app, "acme@example.test", PASSWORD).await.unwrap().token;
        let version = app.live().tenant(acme.tenant.id).unwrap().piece.piece.version.clone();
        drop(app);
        let again = start(&test).await;
        assert!(tenants::actor_by_token(&again, &token).await.is_ok());
        assert_eq!(again.live().tenant(acme.tenant.id).unwrap().piece.piece.version, version);
        let stolen = try_start(&test, Wish { vault_key: [8; 32], ..Wish::default() }).await;
        assert!(stolen.is_err(), "a stolen database opens under no other key");
    }
}

#[tokio::test]
async fn the_database_file_holds_no_secret_in_clear() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (_, acme) = tenant(&app, "Acme").await;
    let path = test.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc").to_owned();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"acme@example.test"), "the file is the one that was written");
    let key = STANDARD.decode(&acme.access_keys.primary).unwrap();
    assert!(!holds(&key) && !holds(acme.access_keys.primary.as_bytes()) && !holds(PASSWORD.as_bytes()));
}

fn by_key(app: &App, host: &str, key: &str) -> Result<domain::access::Actor, Error> {
    let key = STANDARD.decode(key).unwrap();
    tenants::actor_by_key(app, host, |candidate| candidate == key)
}

#[tokio::test]
async fn the_host_names_the_tenant_whose_keys_are_tried_and_a_bare_host_tries_them_all() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (_, acme) = tenant(&app, "Acme").await;
    let (_, other) = tenant(&app, "Other").await;
    for host in ["acme.localhost", "ACME.localhost:8080", "localhost:8080", "127.0.0.1", "[::1]:8080"] {
        let actor = by_key(&app, host, &acme.access_keys.primary).unwrap();
        assert_eq!(
            (actor.tenant, actor.role, actor.name.as_str()),
            (Some(acme.tenant.id), Role::Key, "key:primary")
        );
    }
    let second = by_key(&app, "localhost", &acme.access_keys.secondary).unwrap();
    assert_eq!(second.name, "key:secondary");
    let foreign = by_key(&app, "acme.localhost", &other.access_keys.primary).unwrap_err();
    assert!(matches!(foreign, Error::Unauthenticated { .. }), "another tenant's key does not fit");
}

#[tokio::test]
async fn beyond_64_tenants_a_bare_host_is_told_to_use_the_tenants_endpoint() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (_, acme) = tenant(&app, "Acme").await;
    let key = &acme.access_keys.primary;
    for n in 1..64 {
        tenant(&app, &format!("Tenant {n}")).await;
    }
    assert!(by_key(&app, "localhost", key).is_ok(), "64 tenants are tried");
    tenant(&app, "One too many").await;
    let told = by_key(&app, "localhost", key).unwrap_err().to_string();
    assert!(told.contains("https://<your slug>.localhost:8080/"), "{told}");
    assert!(by_key(&app, "acme.localhost:8080", key).is_ok());
}

#[tokio::test]
async fn a_suspended_tenant_is_out_until_the_operator_lets_it_in_again() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, acme) = tenant(&app, "Acme").await;
    let id = acme.tenant.id;
    let set = |status| TenantPatch { status: Some(status), ..TenantPatch::default() };
    let refused = tenants::update(&app, &actor, id, set(TenantStatus::Suspended)).await.unwrap_err();
    assert!(matches!(refused, Error::Denied { .. }), "a tenant does not operate");
    tenants::update(&app, &operator(), id, set(TenantStatus::Suspended)).await.unwrap();
    assert!(!app.live().tenant(id).unwrap().piece.piece.value.active);
    assert!(tenants::sign_in(&app, "acme@example.test", PASSWORD).await.is_err());
    assert!(by_key(&app, "acme.localhost", &acme.access_keys.primary).is_err());
    tenants::update(&app, &operator(), id, set(TenantStatus::Active)).await.unwrap();
    assert!(by_key(&app, "acme.localhost", &acme.access_keys.primary).is_ok());
}

#[tokio::test]
async fn limits_and_plans_are_checked_before_they_are_set() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (_, acme) = tenant(&app, "Acme").await;
    let id = acme.tenant.id;
    let patch = |json: serde_json::Value| serde_json::from_value::<TenantPatch>(json).unwrap();
    let good = patch(
        serde_json::json!({ "limits": { "callsPerSecond": 5, "maxCalls": 7 }, "pricePlan": "sandbox" }),
    );
    let view = tenants::update(&app, &operator(), id, good).await.unwrap();
    assert_eq!((view.limits.calls_per_second, view.limits.max_calls), (5, 7));
    assert_eq!(app.live().tenant(id).unwrap().piece.piece.value.limits.max_calls, 7);
    for (json, target) in [
        (serde_json::json!({ "limits": { "maxCalls": 0 } }), "limits.maxCalls"),
        (serde_json::json!({ "limits": { "callsPerSecond": 10_001 } }), "limits.callsPerSecond"),
        (serde_json::json!({ "pricePlan": "gold" }), "pricePlan"),
    ] {
        let error = tenants::update(&app, &operator(), id, patch(json)).await.unwrap_err();
        assert_eq!(field(&error), Some(target));
    }
}

#[tokio::test]
async fn a_session_lasts_until_it_is_closed() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    tenant(&app, "Acme").await;
    let session = sessions::open(&app, "acme@example.test", PASSWORD).await.unwrap();
    assert_eq!(sessions::actor(&app, &session.token).await.unwrap(), session.actor);
    assert!(sessions::actor(&app, "another").await.is_err());
    assert_eq!(sessions::sweep(&app).await.unwrap(), 0);
    sessions::close(&app, &session.token).await.unwrap();
    let ended = sessions::actor(&app, &session.token).await.unwrap_err();
    assert!(matches!(ended, Error::Unauthenticated { .. }));
}

#[tokio::test]
async fn without_the_sandbox_a_newcomer_first_follows_the_link_of_a_mail() {
    for test in TestDb::each().await.unwrap() {
        let app = try_start(&test, Wish { sandbox: SandboxMode::Off, ..Wish::default() }).await.unwrap();
        let (actor, acme) = tenant(&app, "Acme").await;
        let view = tenants::get(&app, &actor).await.unwrap();
        assert_eq!((view.status, view.balance.micros), (TenantStatus::Unverified, 0));
        assert!(!app.live().tenant(acme.tenant.id).unwrap().piece.piece.value.active);
        assert_eq!(outbox::deliver(&app).await.unwrap(), 0, "there is no mail server");
        let mails =
            outbox::list(&app, &operator(), Some(outbox::MAIL), Window::default()).await.unwrap().value;
        assert_eq!((mails.len(), mails[0].state.as_str()), (1, "kept"));
        let text = mails[0].payload["text"].as_str().unwrap();
        let token = text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
        assert!(tenants::actor_by_token(&app, token).await.is_err(), "a mailed token signs nobody in");
        assert!(tenants::verify_email(&app, "no.such.token").await.is_err());
        tenants::verify_email(&app, token).await.unwrap();
        tenants::verify_email(&app, token).await.unwrap();
        assert_eq!(tenants::get(&app, &actor).await.unwrap().status, TenantStatus::Active);
        assert!(app.live().tenant(acme.tenant.id).unwrap().piece.piece.value.active);
    }
}

#[tokio::test]
async fn where_sign_up_is_closed_only_the_operator_makes_tenants() {
    let test = TestDb::sqlite().await.unwrap();
    let app = try_start(&test, Wish { signup: SignupMode::Closed, loopback: false, ..Wish::default() })
        .await
        .unwrap();
    assert!(matches!(tenants::sign_up(&app, newcomer("Acme")).await.err(), Some(Error::Denied { .. })));
    let made = tenants::create(&app, &operator(), newcomer("Acme")).await.unwrap();
    assert_eq!(made.endpoint, "https://acme.voice.example:8080/");
    let owner = tenants::sign_in(&app, "acme@example.test", PASSWORD).await.unwrap();
    assert!(matches!(
        tenants::create(&app, &owner, newcomer("Other")).await.err(),
        Some(Error::Denied { .. })
    ));
    let all = tenants::list(&app, &operator(), &PageRequest::default()).await.unwrap().value;
    assert_eq!(all.len(), 1);
    assert!(tenants::list(&app, &owner, &PageRequest::default()).await.is_err());
    assert_eq!(tenants::overview(&app, &operator()).await.unwrap().tenants, 1);
}

#[tokio::test]
async fn the_first_operator_is_made_once_and_keeps_its_password() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    assert!(!operators::exists(&app).await.unwrap());
    assert!(tenants::ensure_operator(&app, "op@example.test", PASSWORD).await.unwrap());
    assert!(!tenants::ensure_operator(&app, "op@example.test", "another password").await.unwrap());
    assert!(operators::exists(&app).await.unwrap());
    let actor = tenants::sign_in(&app, "op@example.test", PASSWORD).await.unwrap();
    assert_eq!((actor.role, actor.tenant), (Role::Operator, None));
    assert!(tenants::get(&app, &actor).await.is_err(), "an operator is in no tenant");
}

#[tokio::test]
async fn the_audit_says_who_changed_what_and_no_secret() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, acme) = tenant(&app, "Acme").await;
    let (stranger, _) = tenant(&app, "Other").await;
    let patch = TenantPatch { status: Some(TenantStatus::Suspended), ..TenantPatch::default() };
    tenants::update(&app, &operator(), acme.tenant.id, patch).await.unwrap();
    let rows =
        audit::list(&app, &actor, &AuditFilter::default(), &PageRequest::default()).await.unwrap().value;
    let done: Vec<(&str, &str)> = rows.iter().map(|row| (row.actor.as_str(), row.what.as_str())).collect();
    assert_eq!(done, [("operator@example.test", "tenant.update"), ("acme@example.test", "tenant.create")]);
    assert_eq!(rows[0].before.as_ref().unwrap()["status"], "active");
    assert_eq!(rows[0].after.as_ref().unwrap()["status"], "suspended");
    let text = serde_json::to_string(&rows).unwrap();
    assert!(!text.contains(&acme.access_keys.primary) && !text.contains(PASSWORD));
    let foreign =
        audit::list(&app, &stranger, &AuditFilter::default(), &PageRequest::default()).await.unwrap().value;
    assert!(foreign.iter().all(|row| row.tenant == stranger.tenant));
    assert_eq!(
        audit::list(&app, &operator(), &AuditFilter::default(), &PageRequest::default())
            .await
            .unwrap()
            .value
            .len(),
        3
    );
}

#[tokio::test]
async fn a_request_with_a_key_is_answered_once_and_the_same_way_again() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let begin = async |key: &str, request: &[u8]| replays::begin(&app, "acme", key, request).await;
        let Begun::Fresh(ticket) = begin("k1", b"POST /a").await.unwrap() else { panic!("it is new") };
        assert!(matches!(begin("k1", b"POST /a").await, Err(Error::Conflict { .. })), "it is being answered");
        replays::finish(&app, ticket, 201, "location: /x\n", b"{\"secret\":1}").await.unwrap();
        let again = Begun::Replay {
            status: 201,
            headers: "location: /x\n".to_owned(),
            body: b"{\"secret\":1}".to_vec(),
        };
        assert_eq!(begin("k1", b"POST /a").await.unwrap(), again);
        assert!(
            matches!(begin("k1", b"POST /b").await, Err(Error::Invalid { status: 422, .. })),
            "another request"
        );
        let other = replays::begin(&app, "other", "k1", b"POST /a").await.unwrap();
        let Begun::Fresh(ticket) = other else { panic!("another caller's key is another key") };
        replays::abandon(&app, ticket).await.unwrap();
        assert!(matches!(replays::begin(&app, "other", "k1", b"POST /a").await, Ok(Begun::Fresh(_))));
        assert_eq!(replays::sweep(&app).await.unwrap(), 0);
        assert!(begin("", b"").await.is_err());
    }
}

#[tokio::test]
async fn a_refresh_of_everything_changes_nothing_that_is_current_already() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (_, acme) = tenant(&app, "Acme").await;
    let version = |app: &App| app.live().tenant(acme.tenant.id).unwrap().piece.piece.version.clone();
    let before = version(&app);
    refresh(&app, Changed::Everything).await.unwrap();
    assert_eq!(version(&app), before);
    let scope = domain::access::Scope::system("a test");
    let kept = store::platform::config(test.db.read(), &scope, &before).await.unwrap().unwrap();
    let tenant: domain::config::Tenant = serde_json::from_str(&kept.body).unwrap();
    assert_eq!(
        (kept.kind.as_str(), tenant.slug.as_str()),
        ("tenant", "acme"),
        "what decided a call can be read again"
    );
}
