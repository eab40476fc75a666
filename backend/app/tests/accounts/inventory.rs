//! Imports with a preview, and quarantine.

use crate::house::{Wish, operator, start, tenant, try_start};
use chrono::Duration;
use dialtone_app::{
    App, Error, PageRequest, Password, SandboxMode,
    inventory::{self, QuarantinePolicy, QuarantineRule},
    numbers::{self, Narrow, SearchRequest},
};
use domain::{
    access::{Actor, Scope},
    numbering::{AssignmentType, Binding, Capabilities, Capability, NumberType},
    phone::E164,
};
use testkit::database::TestDb;

const HEADER: &str =
    "e164,type,country,locality,areaCode,calling,sms,carrier,monthlyMicros,currency,costMicros,setupMicros";

async fn real_carrier(app: &App) -> String {
    // The fictional numbers never rest, so that a carrier of its own is needed.
    let host = domain::config::CarrierHost {
        address: "127.0.0.9".to_owned(),
        port: 5060,
        transport: domain::config::Transport::Udp,
    };
    let prefix = domain::config::CarrierPrefix {
        prefix: String::new(),
        cost_per_minute_micros: 0,
        windows: Vec::new(),
    };
    let carrier = dialtone_app::carriers::plain("Upstream", vec![host], vec![prefix]);
    let made = dialtone_app::carriers::create(app, &operator(), carrier, Password::Keep, true).await.unwrap();
    made.carrier.name
}

fn line(number: &str, carrier: &str, monthly: &str) -> String {
    format!("{number},geographic,SE,Gothenburg,31,inbound+outbound,none,{carrier},{monthly},USD,200000,")
}

#[tokio::test]
async fn a_preview_says_what_each_row_does_and_nothing_is_written_where_one_is_bad() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let carrier = real_carrier(&app).await;
        let good = [
            HEADER.to_owned(),
            line("+4631100001", &carrier, "1000000"),
            line("+4631100002", &carrier, "1000000"),
        ];
        let file = good.join("\n");
        let preview = inventory::preview_csv(&app, &operator(), &file).await.unwrap();
        assert_eq!((preview.rows, preview.added, preview.refused), (2, 2, 0));
        let done = inventory::import_csv(&app, &operator(), &file).await.unwrap();
        assert_eq!((done.added, done.changed, done.skipped), (2, 0, 0));
        let dearer = [
            HEADER.to_owned(),
            line("+4631100001", &carrier, "2000000"),
            line("+4631100002", &carrier, "1000000"),
            line("+4631100003", &carrier, "1000000"),
        ];
        let preview = inventory::preview_csv(&app, &operator(), &dearer.join("\n")).await.unwrap();
        assert_eq!((preview.added, preview.changed, preview.same), (1, 1, 1));
        assert_eq!(preview.changes[0].what, "monthlyMicros: 1000000 becomes 2000000");
        let mut bad = dearer.to_vec();
        bad.push(line("4631", &carrier, "1000000"));
        bad.push(line("+4631100003", &carrier, "1000000"));
        bad.push(line("+4631100004", "nobody", "1000000"));
        bad.push(line("+4631100005", &carrier, "a lot"));
        bad.push("+4631100006,geographic".to_owned());
        bad.push(line("46", "nobody", "-1").replace("inbound", "sometimes"));
        let bad = bad.join("\n");
        let preview = inventory::preview_csv(&app, &operator(), &bad).await.unwrap();
        assert_eq!((preview.rows, preview.refused), (9, 6));
        let told: Vec<(u64, &str)> =
            preview.faults.iter().map(|fault| (fault.line, fault.field.as_str())).collect();
        assert_eq!(
            told,
            [
                (5, "e164"),
                (6, "e164"),
                (7, "carrier"),
                (8, "monthlyMicros"),
                (9, "row"),
                (10, "e164"),
                (10, "calling"),
                (10, "monthlyMicros"),
                (10, "carrier"),
            ],
            "each fault of the last row is told"
        );
        assert!(preview.faults.iter().all(|fault| !fault.message.is_empty()));
        let refused = inventory::import_csv(&app, &operator(), &bad).await;
        assert!(
            matches!(&refused, Err(Error::Invalid { target: Some(at), .. }) if at == "line 5"),
            "{refused:?}"
        );
        let preview = inventory::preview_csv(&app, &operator(), &dearer.join("\n")).await.unwrap();
        assert_eq!((preview.added, preview.changed), (1, 1), "nothing of it was written");
        let done = inventory::import_csv(&app, &operator(), &dearer.join("\n")).await.unwrap();
        assert_eq!((done.added, done.changed, done.skipped), (1, 1, 1));
        for (file, at) in [("", "line 1"), ("a,b\n1,2", "line 1"), (HEADER, "rows")] {
            let refused = inventory::preview_csv(&app, &operator(), file).await;
            assert!(
                matches!(&refused, Err(Error::Invalid { target: Some(target), .. }) if target == at),
                "{refused:?}"
            );
        }
        let (stranger, _) = tenant(&app, "Stranger").await;
        assert!(matches!(inventory::preview_csv(&app, &stranger, &file).await, Err(Error::Denied { .. })));
    }
}

async fn owned(app: &App, actor: &Actor) -> E164 {
    let request = SearchRequest {
        country: "SE".to_owned(),
        phone_number_type: NumberType::Geographic,
        assignment_type: AssignmentType::Application,
        capabilities: Capabilities { calling: Capability::InboundOutbound, sms: Capability::None },
        area_code: Some("31".to_owned()),
        quantity: 1,
        narrow: Narrow::default(),
    };
    let search = numbers::search(app, actor, request).await.unwrap().subject().parse().unwrap();
    let number = numbers::search_result(app, actor, search).await.unwrap().phone_numbers[0];
    numbers::purchase(app, actor, search).await.unwrap();
    number
}

/// Releases a number and lets its month pass.
async fn ended(test: &TestDb, app: &App, actor: &Actor, number: E164) {
    numbers::release(app, actor, number).await.unwrap();
    let scope = Scope::system("a test");
    let mut lease = store::leases::get(test.db.read(), &scope, &number.to_string()).await.unwrap().unwrap();
    lease.paid_until = app.now() - Duration::minutes(1);
    test.db
        .write::<_, store::Error, _>(async |tx| store::leases::update(tx, &scope, lease.clone()).await)
        .await
        .unwrap();
    numbers::renew(app).await.unwrap();
}

#[tokio::test]
async fn a_number_that_is_given_back_rests_and_its_last_tenant_can_have_it_back_as_it_was() {
    for test in TestDb::each().await.unwrap() {
        let wish = Wish { sandbox: SandboxMode::On, ..Wish::default() };
        let app = try_start(&test, wish).await.unwrap();
        let carrier = real_carrier(&app).await;
        let file = format!("{HEADER}\n{}", line("+4631100001", &carrier, "1000000"));
        inventory::import_csv(&app, &operator(), &file).await.unwrap();
        let (actor, signed_up) = tenant(&app, "Acme").await;
        let number = owned(&app, &actor).await;
        let to: E164 = "+46846500401".parse().unwrap();
        numbers::bind(&app, &actor, number, Binding::Forward(to)).await.unwrap();
        ended(&test, &app, &actor, number).await;
        let page = PageRequest::default();
        let resting = inventory::quarantined(&app, &operator(), &page).await.unwrap().value;
        assert_eq!(resting.len(), 1);
        assert_eq!(resting[0].last_tenant, Some(signed_up.tenant.id));
        let days = (resting[0].until - app.now()).num_days();
        assert!((29..=30).contains(&days), "{days} days, as nobody said otherwise");
        numbers::expire(&app).await.unwrap();
        assert_eq!(inventory::quarantined(&app, &operator(), &page).await.unwrap().value.len(), 1);
        assert!(matches!(inventory::reassign(&app, &actor, number).await, Err(Error::Denied { .. })));
        assert_eq!(inventory::reassign(&app, &operator(), number).await.unwrap(), signed_up.tenant.id);
        let back = numbers::get(&app, &actor, number).await.unwrap();
        assert_eq!((back.inbound, back.is_released), (Binding::Forward(to), false));
        assert!(matches!(inventory::reassign(&app, &operator(), number).await, Err(Error::NotFound { .. })));
        // Again, and this time its days pass.
        let rule = QuarantineRule { country: Some("SE".to_owned()), number_type: None, days: 1 };
        let policy = QuarantinePolicy { default_days: 30, rules: vec![rule] };
        inventory::put_quarantine_policy(&app, &operator(), policy.clone()).await.unwrap();
        assert_eq!(inventory::quarantine_policy(&app, &operator()).await.unwrap(), policy);
        ended(&test, &app, &actor, number).await;
        let until = inventory::quarantined(&app, &operator(), &page).await.unwrap().value[0].until;
        assert!(until - app.now() <= Duration::days(1));
        inventory::end_quarantine(&app, &operator(), number).await.unwrap();
        assert!(inventory::quarantined(&app, &operator(), &page).await.unwrap().value.is_empty());
        let (next, _) = tenant(&app, "Next").await;
        assert_eq!(owned(&app, &next).await, number, "it is for sale again");
        let free: QuarantinePolicy = QuarantinePolicy { default_days: 0, rules: Vec::new() };
        inventory::put_quarantine_policy(&app, &operator(), free).await.unwrap();
        ended(&test, &app, &next, number).await;
        assert!(
            inventory::quarantined(&app, &operator(), &page).await.unwrap().value.is_empty(),
            "no days, no rest"
        );
    }
}
