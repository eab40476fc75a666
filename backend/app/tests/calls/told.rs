//! What tenants hear of calls, where they want to.

use crate::house::{House, hangup, operator, start};
use dialtone_app::{
    App, Window,
    events::set_mark,
    outbox::{self, OutboxView},
    webhooks::{self, Draft, ValidationState},
};
use domain::{
    money::{Currency, Money},
    numbering::Binding,
};
use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    time::{Duration, SystemTime},
};
use testkit::{database::TestDb, receiver::Receiver};
use uuid::Uuid;

/// A number that answers.
const ECHO: &str = "+12065550100";

/// Has a tenant listen to these types; to all where there are none.
async fn listens(house: &House, receiver: &Receiver, types: &[&str]) {
    let draft = Draft {
        name: "all".into(),
        url: receiver.url(),
        event_types: types.iter().map(|name| (*name).to_owned()).collect(),
        ..Draft::default()
    };
    let made = webhooks::create(&house.app, &house.actor, draft).await.unwrap();
    assert_eq!(made.webhook.validation.state, ValidationState::Valid);
}

/// The messages about calls and balances, by kind.
async fn told(app: &App) -> BTreeMap<String, Vec<OutboxView>> {
    let all = outbox::list(app, &operator(), None, Window::default()).await.unwrap().value;
    let mut kinds: BTreeMap<String, Vec<OutboxView>> = BTreeMap::new();
    for one in all {
        if one.kind.starts_with("call.") || one.kind == "balance.low" {
            kinds.entry(one.kind.clone()).or_default().push(one);
        }
    }
    kinds
}

fn counts(told: &BTreeMap<String, Vec<OutboxView>>) -> Vec<(&str, usize)> {
    told.iter().map(|(kind, messages)| (kind.as_str(), messages.len())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tenants_of_a_call_hear_of_it_each_with_its_own_record_and_each_event_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (caller, callee) = (House::new(&app, "acme").await, House::new(&app, "zenith").await);
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        listens(&caller, &receiver, &[]).await;
        listens(&callee, &receiver, &[]).await;
        callee.bind(Binding::User("anna".to_owned())).await;
        let (call, _) = caller.connects(&callee.number.to_string()).await;
        edge::seam::CallControl::answered(&caller.control, call, SystemTime::now(), 0);
        caller.ends(call, Some(Duration::from_secs(60)), hangup());
        caller.ends(call, Some(Duration::from_secs(60)), hangup());
        let paid = caller.settled(call).await;
        let told = told(&app).await;
        assert_eq!(
            counts(&told),
            [("call.answered", 2), ("call.ended", 2), ("call.incoming", 1), ("call.started", 2)]
        );
        let incoming = &told["call.incoming"][0].payload;
        let subject = format!("/caller/4:{}/recipient/4:{}", caller.number, callee.number);
        assert_eq!(incoming["subject"], subject);
        assert_eq!(incoming["data"]["correlationId"], paid.id.to_string());
        assert_ne!(incoming["data"]["serverCallId"], paid.id.to_string(), "the callee has its own record");
        let ended: Vec<_> = told["call.ended"].iter().map(|one| &one.payload["data"]).collect();
        let (mine, theirs) = match ended[0]["serverCallId"] == paid.id.to_string() {
            true => (ended[0], ended[1]),
            false => (ended[1], ended[0]),
        };
        assert_eq!((&mine["direction"], &mine["total"]["amountMicros"]), (&"outbound".into(), &8_000.into()));
        assert_eq!((&theirs["direction"], &theirs["total"]["amountMicros"]), (&"inbound".into(), &0.into()));
        assert_eq!(
            (&mine["durationOfCall"], &mine["reason"]["phrase"]),
            (&60.0.into(), &"normal-clearing".into())
        );
        caller.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_wanted_is_written_and_nothing_of_a_refused_call() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let house = House::new(&app, "acme").await;
    let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
    listens(&house, &receiver, &["Microsoft.Communication.CallEnded"]).await;
    let (call, _) = house.connects(ECHO).await;
    house.ends(call, None, edge::seam::End::Cancelled);
    house.settled(call).await;
    house.is_refused(house.dials("112")).await;
    let told = told(&app).await;
    assert_eq!(counts(&told), [("call.ended", 1)]);
    let data = &told["call.ended"][0].payload["data"];
    assert_eq!((&data["durationOfCall"], &data["reason"]["phrase"]), (&0.0.into(), &"cancelled".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_that_calls_bring_below_its_mark_is_told_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        listens(&house, &receiver, &["Dialtone.BalanceLow"]).await;
        house.set_balance(1_000_000).await;
        set_mark(&app, &house.actor, Some(Money::new(999_000, Currency::USD))).await.unwrap();
        for _ in 0..3 {
            let (call, _) = house.connects(ECHO).await;
            house.ends(call, Some(Duration::from_secs(30)), hangup());
            house.settled(call).await;
        }
        let told = told(&app).await;
        assert_eq!(counts(&told), [("balance.low", 1)]);
        let data = &told["balance.low"][0].payload["data"];
        assert_eq!(data["balance"]["amountMicros"], 991_500);
        assert_eq!(data["threshold"]["amountMicros"], 999_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_crash_ended_is_told_after_the_restart_under_an_id_that_follows_from_the_call() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        listens(&house, &receiver, &[]).await;
        let (call, _) = house.connects(ECHO).await;
        // A second app of the same node: the first one was killed.
        let after = start(&test).await;
        let told = told(&after).await;
        assert_eq!(counts(&told), [("call.ended", 1), ("call.started", 1)]);
        let ended = &told["call.ended"][0];
        assert_eq!(ended.payload["data"]["reason"]["phrase"], "platform-stopped");
        let (own, of_call) = (ended.id.as_u128(), Uuid::from_u128(call).as_u128());
        assert_eq!(own >> 8, of_call >> 8);
        assert_ne!(own, of_call);
    }
}
