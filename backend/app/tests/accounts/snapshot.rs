//! The configuration in memory, where what the database holds cannot be built.

use crate::house::{operator, start, tenant};
use dialtone_app::{
    App,
    snapshot::{self, Changed},
    trunks::{self, SipPatch},
};
use domain::{access::Scope, config::Transport, ids::TenantId};
use serde_json::json;
use store::trunks::Trunk;
use testkit::database::TestDb;

async fn write(test: &TestDb, row: Trunk) {
    let scope = Scope::system("a test breaks a row");
    let done: Result<(), store::Error> =
        test.db.write(async |tx| store::trunks::update(tx, &scope, row.clone()).await).await;
    done.unwrap();
}

fn serving(app: &App, id: TenantId) -> Option<Transport> {
    let live = app.live();
    live.tenant(id).and_then(|tenant| tenant.piece.piece.value.trunks.first().map(|trunk| trunk.transport))
}

#[tokio::test]
async fn a_tenant_that_cannot_be_built_serves_as_it_was_says_so_and_holds_no_other_up() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (acme, signed_up) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let id = signed_up.tenant.id;
        let made: SipPatch =
            serde_json::from_value(json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } }))
                .unwrap();
        trunks::sip_patch(&app, &acme, made).await.unwrap();
        let scope = Scope::system("a test looks");
        let row = store::trunks::all(test.db.read(), &scope).await.unwrap().remove(0);
        assert_eq!(snapshot::stale(&app, &operator()).unwrap(), None);

        write(&test, Trunk { transport: "pigeon".to_owned(), ..row.clone() }).await;
        assert!(snapshot::refresh(&app, Changed::Tenant(id)).await.is_err());
        assert_eq!(serving(&app, id), Some(Transport::Tls), "the last one serves");
        let stale = snapshot::stale(&app, &operator()).unwrap().unwrap();
        assert_eq!(stale.tenants, std::slice::from_ref(&signed_up.tenant.slug));
        assert!(stale.why.contains("trunks.transport"), "{}", stale.why);
        assert!(snapshot::stale(&app, &acme).is_err(), "for operators alone");

        // Another tenant's change is served all the same, and what failed is still owed.
        let also: SipPatch =
            serde_json::from_value(json!({ "trunks": { "sbc.other.test": { "sipSignalingPort": 5062 } } }))
                .unwrap();
        trunks::sip_patch(&app, &other, also).await.unwrap();
        assert_eq!(serving(&app, other.tenant.unwrap()), Some(Transport::Tls));
        assert_eq!(serving(&app, id), Some(Transport::Tls));
        assert!(snapshot::stale_counts(&app).0);

        write(&test, Trunk { transport: "udp".to_owned(), ..row }).await;
        snapshot::retry(&app).await.unwrap();
        assert_eq!(serving(&app, id), Some(Transport::Udp));
        assert_eq!(snapshot::stale(&app, &operator()).unwrap(), None);
    }
}

#[tokio::test]
async fn a_change_that_leaves_the_routes_alone_compiles_none_of_them_again() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (acme, signed_up) = tenant(&app, "Acme").await;
        let patch = |json| serde_json::from_value::<SipPatch>(json).unwrap();
        let route = json!([{ "name": "us", "numberPattern": r"^\+1", "trunks": ["sbc.acme.test"] }]);
        let trunk = |port: u16| json!({ "sbc.acme.test": { "sipSignalingPort": port } });
        trunks::sip_patch(&app, &acme, patch(json!({ "trunks": trunk(5061), "routes": route })))
            .await
            .unwrap();
        let compiled =
            |app: &App| app.live().tenant(signed_up.tenant.id).map(|t| t.piece.routes.clone()).unwrap();
        let first = compiled(&app);
        trunks::sip_patch(&app, &acme, patch(json!({ "trunks": trunk(5062) }))).await.unwrap();
        assert!(std::sync::Arc::ptr_eq(&first, &compiled(&app)));
        trunks::sip_patch(&app, &acme, patch(json!({ "routes": [] }))).await.unwrap();
        assert!(!std::sync::Arc::ptr_eq(&first, &compiled(&app)));
    }
}
