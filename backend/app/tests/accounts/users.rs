//! SIP users.

use crate::house::{start, tenant};
use dialtone_app::{
    Error, PageRequest,
    users::{self, NewSipUser},
};
use sip::digest::{Algorithm, ha1};
use testkit::database::TestDb;

fn named(username: &str) -> NewSipUser {
    NewSipUser { username: username.to_owned(), display_name: Some("Anna".to_owned()) }
}

#[tokio::test]
async fn a_phone_can_register_with_the_password_that_is_shown_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let made = users::create(&app, &actor, named("Anna")).await.unwrap();
        assert_eq!((made.username.as_str(), made.domain.as_str()), ("anna", "acme.localhost"));
        assert!(made.password.len() >= 20);
        let live = app.live();
        let secret = &live.by_sip_domain("ACME.localhost").unwrap().credentials["anna"];
        let expected = |algorithm| ha1(algorithm, "anna", "acme.localhost", &made.password).into_bytes();
        assert_eq!(secret.ha1_md5.to_vec(), expected(Algorithm::Md5));
        assert_eq!(secret.ha1_sha256.to_vec(), expected(Algorithm::Sha256));
        assert_eq!(live.tenant(acme.tenant.id).unwrap().piece.piece.value.users, ["anna"]);
        let again = start(&test).await;
        let kept = again.live();
        let kept = &kept.by_sip_domain("acme.localhost").unwrap().credentials["anna"];
        assert_eq!(kept.ha1_md5, secret.ha1_md5, "it works after a restart");
        let list = users::list(&app, &actor, &PageRequest::default()).await.unwrap().value;
        assert_eq!((list.len(), list[0].display_name.as_deref()), (1, Some("Anna")));
    }
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_tenant_and_bad_names_are_refused() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let (other, _) = tenant(&app, "Other").await;
    users::create(&app, &actor, named("anna")).await.unwrap();
    assert!(matches!(users::create(&app, &actor, named("ANNA")).await.err(), Some(Error::Conflict { .. })));
    assert!(users::create(&app, &other, named("anna")).await.is_ok());
    for bad in ["", "anna smith", "anna@acme", "\"anna\"", "-anna", "ä", &"x".repeat(65)] {
        let error = users::create(&app, &actor, named(bad)).await.err();
        assert!(
            matches!(&error, Some(Error::Invalid { target: Some(field), .. }) if field == "username"),
            "{bad:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_deleted_user_is_gone_at_once_and_a_stranger_deletes_nobody() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, acme) = tenant(&app, "Acme").await;
    let (stranger, _) = tenant(&app, "Other").await;
    users::create(&app, &actor, named("anna")).await.unwrap();
    assert!(matches!(users::delete(&app, &stranger, "anna").await, Err(Error::NotFound { .. })));
    users::delete(&app, &actor, "Anna").await.unwrap();
    assert!(app.live().tenant(acme.tenant.id).unwrap().credentials.is_empty());
    assert!(matches!(users::delete(&app, &actor, "anna").await, Err(Error::NotFound { .. })));
}
