//! Tenants, numbers and trunks as the database keeps them, on SQLite and (where `DIALTONE_TEST_POSTGRES` is set) on
//! PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{DateTime, Duration, SubsecRound, Utc};
use dialtone_store::{
    Db, Error, leases, platform, searches, sip_users,
    stock::{self, FREE, Stock, Wanted},
    tenants, trunks,
};
use domain::{access::Scope, ids::TenantId};
use testkit::database::TestDb;
use uuid::Uuid;

fn system() -> Scope {
    Scope::system("a test")
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

async fn tenant(db: &Db, slug: &str) -> (TenantId, Scope) {
    let id = TenantId(Uuid::now_v7());
    let row = tenants::Tenant {
        id: id.0,
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        status: "active".to_owned(),
        calls_per_second: 100,
        max_calls: 1_000,
        plan_id: Uuid::nil(),
        protection: serde_json::json!({}),
        terms: serde_json::json!({}),
        created_at: now(),
    };
    let written = row.clone();
    db.write::<_, Error, _>(async |tx| tenants::insert(tx, &system(), written.clone()).await).await.unwrap();
    let scope = system().narrow(id).unwrap();
    assert_eq!(
        tenants::get(db.read(), &scope, id).await.unwrap(),
        Some(row),
        "what is read is what was written"
    );
    (id, scope)
}

fn number(index: u64) -> Stock {
    Stock {
        e164: format!("+{}", 12_125_550_100 + index),
        number_type: "geographic".to_owned(),
        country: "US".to_owned(),
        locality: Some("New York City".to_owned()),
        area_code: Some("212".to_owned()),
        calling: "inbound+outbound".to_owned(),
        sms: "none".to_owned(),
        carrier_id: Uuid::nil(),
        monthly_micros: 1_000_000,
        currency: "USD".to_owned(),
        state: FREE.to_owned(),
        held_by: None,
        held_until: None,
        kind_id: 0,
        supplier_id: None,
        cost_micros: 0,
        setup_micros: 0,
        last_tenant_id: None,
    }
}

async fn stocked(db: &Db, count: u64) {
    let rows: Vec<Stock> = (0..count).map(number).collect();
    let add = async |tx: &dialtone_store::Tx| stock::add(tx, &system(), rows.clone()).await;
    assert_eq!(db.write::<_, Error, _>(add).await.unwrap(), count);
    assert_eq!(db.write::<_, Error, _>(add).await.unwrap(), 0, "numbers that are there stay as they are");
}

fn lease(tenant: TenantId, e164: &str) -> leases::Lease {
    leases::Lease {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        e164: e164.to_owned(),
        number_type: "geographic".to_owned(),
        country: "US".to_owned(),
        area_code: None,
        calling: "inbound+outbound".to_owned(),
        sms: "none".to_owned(),
        assignment: "application".to_owned(),
        binding_kind: "user".to_owned(),
        binding_target: Some("anna".to_owned()),
        monthly_micros: 1_000_000,
        currency: "USD".to_owned(),
        purchased_at: now(),
        paid_until: now() + Duration::days(30),
        release_asked_at: None,
        released_at: None,
    }
}

#[tokio::test]
async fn migrations_apply_once_and_a_second_start_finds_nothing_to_do() {
    for test in TestDb::each().await.unwrap() {
        assert_eq!(test.db.pending_migrations().await.unwrap(), 0);
        test.db.migrate().await.unwrap();
        test.db.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing_behind() {
    for test in TestDb::each().await.unwrap() {
        let row = number(0);
        let failed = test
            .db
            .write::<(), Error, _>(async |tx| {
                stock::add(tx, &system(), vec![row.clone()]).await?;
                Err(Error::Missing)
            })
            .await;
        assert!(matches!(failed, Err(Error::Missing)));
        assert_eq!(stock::count_free(test.db.read(), &system()).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_slug_belongs_to_one_tenant() {
    for test in TestDb::each().await.unwrap() {
        let (id, _) = tenant(&test.db, "acme").await;
        let mut twin = tenants::get(test.db.read(), &system(), id).await.unwrap().unwrap();
        twin.id = Uuid::now_v7();
        let second =
            test.db.write::<_, Error, _>(async |tx| tenants::insert(tx, &system(), twin.clone()).await).await;
        assert!(matches!(second, Err(Error::Taken(_))), "{second:?}");
        assert!(tenants::has_slug(test.db.read(), &system(), "acme").await.unwrap());
        assert!(!tenants::has_slug(test.db.read(), &system(), "acme-2").await.unwrap());
    }
}

#[tokio::test]
async fn a_tenants_scope_sees_and_changes_its_own_rows_alone() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (one, ones) = tenant(db, "one").await;
        let (two, twos) = tenant(db, "two").await;
        let row = lease(one, "+12125550100");
        let mut stolen = lease(one, "+12125550101");
        stolen.tenant_id = two.0;
        db.write::<_, Error, _>(async |tx| leases::insert(tx, &ones, vec![row.clone()]).await).await.unwrap();
        let foreign =
            db.write::<_, Error, _>(async |tx| leases::insert(tx, &ones, vec![stolen.clone()]).await).await;
        assert!(matches!(foreign, Err(Error::Missing)), "nobody writes another tenant's rows");
        assert_eq!(leases::get(db.read(), &ones, "+12125550100").await.unwrap(), Some(row));
        assert_eq!(leases::get(db.read(), &twos, "+12125550100").await.unwrap(), None);
        assert_eq!(leases::count(db.read(), &twos).await.unwrap(), 0);
        assert_eq!(leases::count(db.read(), &system()).await.unwrap(), 1);
        let unbound =
            db.write::<_, Error, _>(async |tx| leases::unbind(tx, &twos, "user", "anna").await).await;
        assert_eq!(unbound.unwrap(), 0);
        assert_eq!(tenants::all(db.read(), &ones).await.unwrap().len(), 1);
        assert_eq!(tenants::get(db.read(), &ones, two).await.unwrap(), None);
        assert!(matches!(tenants::has_slug(db.read(), &ones, "two").await, Err(Error::Missing)));
    }
}

#[tokio::test]
async fn a_number_has_one_lease_at_a_time_and_another_after_it() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (one, _) = tenant(db, "one").await;
        let (two, _) = tenant(db, "two").await;
        let first = lease(one, "+12125550100");
        let second = lease(two, "+12125550100");
        let insert = async |row: &leases::Lease| {
            db.write::<_, Error, _>(async |tx| leases::insert(tx, &system(), vec![row.clone()]).await).await
        };
        insert(&first).await.unwrap();
        assert!(matches!(insert(&second).await, Err(Error::Taken(_))));
        let ended = leases::Lease { released_at: Some(now()), ..first.clone() };
        db.write::<_, Error, _>(async |tx| leases::update(tx, &system(), ended.clone()).await).await.unwrap();
        insert(&second).await.unwrap();
        let owner = leases::get(db.read(), &system(), "+12125550100").await.unwrap().unwrap();
        assert_eq!(owner.tenant_id, two.0);
    }
}

#[tokio::test]
async fn searches_that_run_at_the_same_time_never_hold_the_same_number() {
    const NUMBERS: u64 = 12;
    const SEARCHES: usize = 20;
    for test in TestDb::each().await.unwrap() {
        let db = test.db.clone();
        stocked(&db, NUMBERS).await;
        let hold = |search: Uuid| {
            let db = db.clone();
            tokio::task::spawn_local(async move {
                db.write::<_, Error, _>(async |tx| {
                    // All of them go for the same number first.
                    let kinds = stock::kinds(tx, &system(), &Wanted::default()).await?;
                    let Some(kind) = kinds.first() else { return Ok(0) };
                    let found = stock::free(tx, &system(), kind.id, "", 1).await?;
                    let names: Vec<String> = found.into_iter().map(|row| row.e164).collect();
                    stock::hold(tx, &system(), &names, search, now() + Duration::minutes(16)).await
                })
                .await
            })
        };
        let ids: Vec<Uuid> = (0..SEARCHES).map(|_| Uuid::now_v7()).collect();
        let at_once = async {
            let tasks: Vec<_> = ids.iter().map(|id| hold(*id)).collect();
            let mut got = 0;
            for task in tasks {
                got += task.await.unwrap().unwrap();
            }
            got
        };
        let got = tokio::task::LocalSet::new().run_until(at_once).await;
        assert!((1..=NUMBERS).contains(&got), "{got} of {NUMBERS} numbers were held");
        let mut numbers = Vec::new();
        for id in ids {
            numbers.extend(
                stock::held_by(db.read(), &system(), id).await.unwrap().into_iter().map(|row| row.e164),
            );
        }
        let held = numbers.len() as u64;
        numbers.sort();
        numbers.dedup();
        assert_eq!((held, numbers.len() as u64), (got, got), "each held number has one search");
        assert_eq!(
            stock::count_free(db.read(), &system()).await.unwrap(),
            NUMBERS - got,
            "the others are free"
        );
    }
}

#[tokio::test]
async fn a_hold_lapses_at_its_time_and_what_was_sold_stays_sold() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        stocked(db, 3).await;
        let (early, late, sold) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let start = now();
        for (index, (search, minutes)) in [(early, 1), (late, 2), (sold, 1)].into_iter().enumerate() {
            let name = vec![number(index as u64).e164];
            let until = start + Duration::minutes(minutes);
            let hold = async |tx: &dialtone_store::Tx| stock::hold(tx, &system(), &name, search, until).await;
            assert_eq!(db.write::<_, Error, _>(hold).await.unwrap(), 1);
            assert_eq!(db.write::<_, Error, _>(hold).await.unwrap(), 0, "what is held cannot be held again");
        }
        assert_eq!(
            db.write::<_, Error, _>(async |tx| stock::sell(tx, &system(), sold).await).await.unwrap(),
            1
        );
        let at = start + Duration::minutes(1);
        assert_eq!(
            db.write::<_, Error, _>(async |tx| stock::expire(tx, &system(), at).await).await.unwrap(),
            1
        );
        assert!(stock::held_by(db.read(), &system(), early).await.unwrap().is_empty());
        assert_eq!(stock::held_by(db.read(), &system(), late).await.unwrap().len(), 1);
        let free = stock::count_free(db.read(), &system()).await.unwrap();
        assert_eq!(free, 1);
        let back = vec![number(2).e164];
        let taken = db.write::<_, Error, _>(async |tx| stock::take_back(tx, &system(), &back).await).await;
        assert_eq!(taken.unwrap(), 1);
    }
}

#[tokio::test]
async fn the_catalogue_says_what_is_free_by_kind() {
    for test in TestDb::each().await.unwrap() {
        stocked(&test.db, 5).await;
        let wanted =
            Wanted { country: Some("US".into()), area_code: Some("212".into()), ..Wanted::default() };
        let kinds = stock::kinds(test.db.read(), &system(), &wanted).await.unwrap();
        assert_eq!(kinds.len(), 1);
        assert_eq!(kinds[0].locality, "New York City");
        let none = Wanted { calling: vec!["none".into()], ..wanted };
        assert!(stock::kinds(test.db.read(), &system(), &none).await.unwrap().is_empty());
        assert!(!stock::is_known(test.db.read(), &system(), &none).await.unwrap());
    }
}

#[tokio::test]
async fn a_search_moves_on_once() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (id, scope) = tenant(db, "acme").await;
        let row = searches::Search {
            id: Uuid::now_v7(),
            tenant_id: id.0,
            state: searches::HELD.to_owned(),
            request: serde_json::json!({}),
            numbers: serde_json::json!(["+12125550100"]),
            monthly_micros: 1_000_000,
            currency: "USD".to_owned(),
            error: None,
            created_at: now(),
            expires_at: now() + Duration::minutes(16),
        };
        let insert = async |tx: &dialtone_store::Tx| searches::insert(tx, &scope, row.clone()).await;
        db.write::<_, Error, _>(insert).await.unwrap();
        let advance = async |tx: &dialtone_store::Tx| {
            searches::advance(tx, &scope, row.id, searches::HELD, searches::BOUGHT).await
        };
        assert!(db.write::<_, Error, _>(advance).await.unwrap());
        assert!(!db.write::<_, Error, _>(advance).await.unwrap(), "a search is bought once");
        assert_eq!(searches::get(db.read(), &scope, row.id).await.unwrap().unwrap().state, searches::BOUGHT);
    }
}

#[tokio::test]
async fn routes_are_replaced_as_a_whole_and_keep_their_order() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (id, scope) = tenant(db, "acme").await;
        let (_, stranger) = tenant(db, "stranger").await;
        let routes = |names: &[&str]| -> Vec<trunks::Route> {
            let row = |(position, name): (usize, &&str)| trunks::Route {
                id: Uuid::now_v7(),
                tenant_id: id.0,
                position: i32::try_from(position).unwrap(),
                name: (*name).to_owned(),
                description: None,
                number_pattern: r"^\+1".to_owned(),
                trunks: serde_json::json!(["sbc.acme.test"]),
                caller_id_override: None,
                settings: serde_json::json!({ "order": position }),
            };
            names.iter().enumerate().map(row).collect()
        };
        for names in [&["b", "a", "c"][..], &["c", "b"], &[]] {
            let rows = routes(names);
            db.write::<_, Error, _>(async |tx| trunks::replace_routes(tx, &scope, id, rows.clone()).await)
                .await
                .unwrap();
            assert_eq!(trunks::routes(db.read(), &scope).await.unwrap(), rows);
        }
        let rows = routes(&["x"]);
        let foreign = db
            .write::<_, Error, _>(async |tx| trunks::replace_routes(tx, &stranger, id, rows.clone()).await)
            .await;
        assert!(matches!(foreign, Err(Error::Missing)));
    }
}

#[tokio::test]
async fn a_sip_users_name_is_unique_in_its_tenant_only() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (one, ones) = tenant(db, "one").await;
        let (two, twos) = tenant(db, "two").await;
        let user = |tenant: TenantId| sip_users::SipUser {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            username: "anna".to_owned(),
            display_name: None,
            realm: "one.localhost".to_owned(),
            ha1_md5: vec![1, 2, 3],
            ha1_sha256: vec![4, 5, 6],
            created_at: now(),
        };
        let insert = async |scope: &Scope, row: sip_users::SipUser| {
            db.write::<_, Error, _>(async |tx| sip_users::insert(tx, scope, row.clone()).await).await
        };
        insert(&ones, user(one)).await.unwrap();
        insert(&twos, user(two)).await.unwrap();
        assert!(matches!(insert(&ones, user(one)).await, Err(Error::Taken(_))));
        let deleted = db.write::<_, Error, _>(async |tx| sip_users::delete(tx, &twos, "anna").await).await;
        assert!(deleted.unwrap());
        assert_eq!(
            sip_users::all(db.read(), &system()).await.unwrap().len(),
            1,
            "the other tenant's user stays"
        );
    }
}

#[tokio::test]
async fn the_first_of_two_nodes_sets_a_platforms_value() {
    for test in TestDb::each().await.unwrap() {
        let keep = async |value: &[u8]| {
            test.db
                .write::<_, Error, _>(async |tx| {
                    platform::keep_value(tx, &system(), "token-key", value.to_vec()).await
                })
                .await
                .unwrap()
        };
        assert_eq!(keep(b"first").await, b"first");
        assert_eq!(keep(b"second").await, b"first");
    }
}

#[tokio::test]
async fn an_emergency_address_is_replaced_whole_and_no_strangers() {
    use dialtone_store::emergency;
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (id, scope) = tenant(db, "acme").await;
        let (_, stranger) = tenant(db, "stranger").await;
        for street in ["Main Street 1", "Main Street 2"] {
            let row = emergency::Address {
                id: Uuid::now_v7(),
                tenant_id: id.0,
                e164: "+12065550100".to_owned(),
                body: serde_json::json!({ "street": street }),
                updated_at: now(),
            };
            let put = async |tx: &dialtone_store::Tx| emergency::put_address(tx, &scope, row.clone()).await;
            db.write::<_, Error, _>(put).await.unwrap();
            let steal =
                async |tx: &dialtone_store::Tx| emergency::put_address(tx, &stranger, row.clone()).await;
            assert!(matches!(db.write::<_, Error, _>(steal).await, Err(Error::Missing)));
            assert_eq!(emergency::addresses(db.read(), &scope).await.unwrap(), [row]);
        }
        assert!(emergency::addresses(db.read(), &stranger).await.unwrap().is_empty());
        let away =
            async |tx: &dialtone_store::Tx| emergency::delete_address(tx, &stranger, "+12065550100").await;
        assert!(!db.write::<_, Error, _>(away).await.unwrap(), "a stranger deletes nothing");
        let away =
            async |tx: &dialtone_store::Tx| emergency::delete_address(tx, &scope, "+12065550100").await;
        assert!(db.write::<_, Error, _>(away).await.unwrap());
    }
}

#[tokio::test]
async fn an_emergency_country_is_the_platforms_to_write_and_everybodys_to_read() {
    use dialtone_store::emergency;
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let (_, scope) = tenant(db, "acme").await;
        for numbers in [&["911"][..], &["911", "112"]] {
            let row = emergency::Country {
                country: "US".to_owned(),
                body: serde_json::json!({ "numbers": numbers }),
                updated_at: now(),
            };
            let put =
                async |tx: &dialtone_store::Tx| emergency::put_country(tx, &system(), row.clone()).await;
            db.write::<_, Error, _>(put).await.unwrap();
            assert!(emergency::put_country(db.read(), &scope, row.clone()).await.is_err());
            assert_eq!(emergency::countries(db.read(), &scope).await.unwrap(), [row]);
        }
        assert!(emergency::delete_country(db.read(), &scope, "US").await.is_err());
        let away = async |tx: &dialtone_store::Tx| emergency::delete_country(tx, &system(), "US").await;
        assert!(db.write::<_, Error, _>(away).await.unwrap());
        assert!(emergency::countries(db.read(), &system()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_named_value_of_the_platform_is_kept_once_and_put_as_often_as_wanted() {
    use dialtone_store::platform;
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let keep = async |value: &[u8]| {
            let value = value.to_vec();
            let keep = async |tx: &dialtone_store::Tx| {
                platform::keep_value(tx, &system(), "policy", value.clone()).await
            };
            db.write::<_, Error, _>(keep).await.unwrap()
        };
        assert_eq!(keep(b"first").await, b"first");
        assert_eq!(keep(b"second").await, b"first");
        let put = async |tx: &dialtone_store::Tx| {
            platform::put_value(tx, &system(), "policy", b"third".to_vec()).await
        };
        db.write::<_, Error, _>(put).await.unwrap();
        assert_eq!(
            platform::value(db.read(), &system(), "policy").await.unwrap().as_deref(),
            Some(&b"third"[..])
        );
    }
}

/// With as many such transactions at once as there are connections, none would ever go on.
#[tokio::test]
#[cfg(debug_assertions)]
#[should_panic(expected = "asks for a second connection")]
async fn a_transaction_that_asks_for_a_second_connection_is_found_out() {
    let test = TestDb::sqlite().await.unwrap();
    let db = &test.db;
    let asked: Result<(), Error> = db
        .write(async |_| {
            let _ = db.read();
            Ok(())
        })
        .await;
    asked.unwrap();
}
