//! Carriers and inventory.

use crate::house::{operator, start, tenant};
use dialtone_app::{
    App, Error, Password, Window,
    carriers::{self, CarrierView},
    inventory::{self, Imported, NewStock},
    numbers, plans, tenants,
};
use domain::{
    access::Actor,
    config::{CallerIdPolicy, Carrier, CarrierHost, CarrierOrder, CarrierPrefix, Limits, Transport},
};
use serde_json::json;
use testkit::database::TestDb;

fn carrier(name: &str) -> Carrier {
    let host = CarrierHost { address: "127.0.0.8".to_owned(), port: 5080, transport: Transport::Udp };
    let prefix = |prefix: &str, cost_per_minute_micros| CarrierPrefix {
        prefix: prefix.to_owned(),
        cost_per_minute_micros,
        windows: Vec::new(),
    };
    let plain = carriers::plain(name, vec![host], vec![prefix("+1", 5000), prefix("", 0)]);
    let limits = Limits { calls_per_second: 10, max_calls: 20 };
    Carrier { caller_id: CallerIdPolicy::Owned, limits, ..plain }
}

async fn create(app: &App, actor: &Actor, carrier: Carrier) -> Result<CarrierView, Error> {
    carriers::create(app, actor, carrier, Password::Keep, true).await
}

async fn sandbox(app: &App) -> CarrierView {
    let all = carriers::list(app, &operator()).await.unwrap();
    all.into_iter().find(|view| view.carrier.sandbox).unwrap()
}

#[tokio::test]
async fn a_real_carrier_switches_the_sandbox_off_and_what_was_sold_stays_sold() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let request = || {
            serde_json::from_value(json!({
                "country": "US", "phoneNumberType": "tollFree", "assignmentType": "application",
                "capabilities": { "calling": "inbound", "sms": "none" }, "areaCode": "800", "quantity": 1
            }))
            .unwrap()
        };
        let search = numbers::search(&app, &actor, request()).await.unwrap();
        numbers::purchase(&app, &actor, search.subject().parse().unwrap()).await.unwrap();
        assert!(app.sandbox_on() && sandbox(&app).await.carrier.enabled);
        assert_eq!(sandbox(&app).await.carrier.hosts[0].address, "127.0.0.2");
        let made = create(&app, &operator(), carrier("upstream")).await.unwrap().carrier;
        assert_eq!((made.prefixes[0].prefix.as_str(), made.limits.max_calls), ("1", 20));
        assert!(!app.sandbox_on() && !sandbox(&app).await.carrier.enabled);
        assert_eq!(app.live().senders("127.0.0.8".parse().unwrap()).len(), 1);
        assert!(numbers::countries(&app, &actor, Window::default()).await.unwrap().value.is_empty());
        assert_eq!(app.live().tenant(acme.tenant.id).unwrap().piece.piece.value.numbers.len(), 1);
        let held = numbers::search(&app, &actor, request()).await;
        assert!(
            held.unwrap().error.is_some_and(|(code, _)| code == "OutOfStock"),
            "nothing fictional is sold meanwhile"
        );
        let off = |now| Ok((Carrier { enabled: false, ..now }, Password::Keep));
        carriers::change(&app, &operator(), made.id, false, off).await.unwrap();
        assert!(app.sandbox_on());
        assert_eq!(numbers::countries(&app, &actor, Window::default()).await.unwrap().value.len(), 4);
        let overview = tenants::overview(&app, &operator()).await.unwrap();
        assert_eq!((overview.numbers, overview.carriers), (1, 2));
    }
}

#[tokio::test]
async fn a_tenant_neither_sees_nor_makes_carriers_inventory_or_plans() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let denied = |error: Error| assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    denied(create(&app, &actor, carrier("upstream")).await.unwrap_err());
    denied(carriers::list(&app, &actor).await.unwrap_err());
    denied(inventory::import(&app, &actor, Vec::new()).await.unwrap_err());
    denied(inventory::import_csv(&app, &actor, "").await.unwrap_err());
    denied(plans::list(&app, &actor).unwrap_err());
    assert_eq!(plans::list(&app, &operator()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_field_of_a_carrier_is_named_with_its_place() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    create(&app, &operator(), carrier("upstream")).await.unwrap();
    let change = |change: &dyn Fn(&mut Carrier)| {
        let mut new = carrier("another");
        change(&mut new);
        new
    };
    for (bad, field) in [
        (change(&|new| new.name = " ".to_owned()), "name"),
        (change(&|new| new.hosts.clear()), "hosts"),
        (change(&|new| new.hosts[0].address = "no host".to_owned()), "hosts[0].address"),
        (change(&|new| new.hosts[0].port = 0), "hosts[0].port"),
        (change(&|new| new.prefixes.clear()), "prefixes"),
        (change(&|new| new.prefixes[1].prefix = "12a".to_owned()), "prefixes[1].prefix"),
        (change(&|new| new.prefixes[1].prefix = "1".to_owned()), "prefixes[1].prefix"),
        (change(&|new| new.quality = 101), "quality"),
        (change(&|new| new.capacity = Some(0)), "capacity"),
        (change(&|new| new.emergency_countries = vec!["XX".to_owned()]), "emergencyCountries"),
        (carrier("upstream"), "name"),
    ] {
        let error = create(&app, &operator(), bad).await.unwrap_err();
        let target = match &error {
            Error::Invalid { target, .. } | Error::Conflict { target, .. } => target.as_deref(),
            _ => None,
        };
        assert_eq!(target, Some(field), "{error:?}");
    }
    assert_eq!(carriers::list(&app, &operator()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn imported_numbers_are_for_sale_and_a_bad_one_stops_them_all() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        create(&app, &operator(), carrier("upstream")).await.unwrap();
        let stock = |number: &str, carrier: &str| -> NewStock {
            serde_json::from_value(json!({
                "e164": number, "type": "geographic", "country": "dk", "locality": "Aarhus", "areaCode": "86",
                "capabilities": { "calling": "inbound", "sms": "none" }, "carrier": carrier,
                "monthly": { "amountMicros": 700_000, "currency": "USD" }
            }))
            .unwrap()
        };
        let bad = vec![stock("+4586000001", "upstream"), stock("+4586000002", "nobody")];
        let error = inventory::import(&app, &operator(), bad).await.unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { target: Some(t), .. } if t == "numbers[1].carrier"),
            "{error:?}"
        );
        let good = vec![stock("+4586000001", "upstream"), stock("+4586000002", "upstream")];
        let first = inventory::import(&app, &operator(), good.clone()).await.unwrap();
        assert_eq!(first, Imported { added: 2, changed: 0, skipped: 0 });
        let text = "e164,type,country,locality,areaCode,calling,sms,carrier,monthlyMicros,currency\n\
            +4586000002,geographic,DK,Aarhus,86,inbound,none,upstream,700000,USD\n\
            +4520000003,mobile,DK,,,inbound+outbound,none,upstream,900000,USD\n";
        let second = inventory::import_csv(&app, &operator(), text).await.unwrap();
        assert_eq!(second, Imported { added: 1, changed: 0, skipped: 1 });
        let torn = text.replace("mobile", "satellite");
        let error = inventory::import_csv(&app, &operator(), &torn).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid { target: Some(t), .. } if t == "line 3"), "{error:?}");
        let (actor, _) = tenant(&app, "Acme").await;
        let countries = numbers::countries(&app, &actor, Window::default()).await.unwrap().value;
        assert_eq!(countries.len(), 1, "the sandbox's are not for sale beside a real carrier's");
        assert_eq!(countries[0].localized_name, "Denmark");
    }
}

#[tokio::test]
async fn a_carrier_keeps_all_that_it_was_told_and_the_order_of_carriers_is_the_operators() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let told = Carrier {
            quality: 80,
            capacity: Some(300),
            weight: 3,
            emergency_countries: vec!["US".to_owned()],
            ..carrier("upstream")
        };
        let made = create(&app, &operator(), told.clone()).await.unwrap().carrier;
        let prefixes = vec![
            CarrierPrefix { prefix: "1".to_owned(), ..told.prefixes[0].clone() },
            told.prefixes[1].clone(),
        ];
        assert_eq!(made, Carrier { id: made.id, prefixes, ..told });
        assert_eq!(app.live().config.carrier(made.id), Some(&made), "calls are decided on it");
        let order = vec![CarrierOrder::Quality, CarrierOrder::Cost];
        carriers::put_order(&app, &operator(), order.clone()).await.unwrap();
        assert_eq!(app.live().config.platform.value.carrier_order, order);
        assert_eq!(carriers::order(&app, &operator()).await.unwrap(), order);
        for bad in [vec![], vec![CarrierOrder::Cost, CarrierOrder::Cost]] {
            let error = carriers::put_order(&app, &operator(), bad).await.unwrap_err();
            assert!(
                matches!(&error, Error::Invalid { target: Some(t), .. } if t == "carrierOrder"),
                "{error:?}"
            );
        }
        let simulated = sandbox(&app).await.carrier.id;
        let moved = |mut now: Carrier| {
            now.quality = 10;
            now.prefixes[0].prefix = "46".to_owned();
            Ok((now, Password::Keep))
        };
        assert!(carriers::change(&app, &operator(), simulated, false, moved).await.is_err());
    }
}
