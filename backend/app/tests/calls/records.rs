//! What calls leave behind: for the payer, for the callee's tenant, and for those that were refused.

use crate::house::{CARRIER, House, hangup, hop, start};
use dialtone_app::{
    Error, PageRequest,
    calls::{self, CallFilter, CallState, VerdictWord},
};
use domain::{
    cause::{Cause, Direction},
    ids::CallId,
    numbering::Binding,
};
use edge::seam::{CallFacts, Party, PartyKind, Target, Verdict};
use std::time::Duration;
use testkit::database::TestDb;
use uuid::Uuid;

const ECHO: &str = "+12065550100";

/// A call of the sandbox carrier to the house's number.
fn from_the_network(house: &House) -> CallFacts {
    let live = house.app.live();
    let carrier = &live.config.platform.value.carriers[0];
    CallFacts {
        party: Party {
            kind: PartyKind::Carrier,
            tenant: None,
            id: carrier.id.0.as_u128(),
            name: carrier.name.as_str().into(),
        },
        source: hop(CARRIER),
        from: Some("anonymous".to_owned()),
        asserted: Some("+12065550123".to_owned()),
        ..house.dials(&house.number.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_the_network_goes_to_the_carrier_with_the_owned_number_asserted() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let (call, plan) = house.connects(ECHO).await;
        let attempt = &plan.attempts[0];
        let Target::Hosts { hops, .. } = &attempt.target else { panic!("{attempt:?}") };
        assert_eq!(hops[0].address.to_string(), CARRIER);
        assert_eq!(attempt.caller_id.as_deref(), Some(house.number.to_string().as_str()));
        let asserted = ("P-Asserted-Identity".to_owned(), format!("<sip:{}@localhost>", house.number));
        assert_eq!(attempt.headers, [asserted]);
        let live = house.record(call).await;
        assert_eq!((live.state, live.total.micros, live.outcome), (CallState::Live, 0, None));
        house.ends(call, Some(Duration::from_secs(3)), hangup());
        let record = house.settled(call).await;
        let legs = record.legs.unwrap();
        assert_eq!(legs.iter().map(|leg| leg.side).collect::<Vec<_>>(), ["caller", "callee"]);
        assert_eq!((legs[0].received.packets, legs[0].sent_packets), (100, 99));
        assert_eq!(
            legs[1].peer.as_deref(),
            Some("carrier.invalid"),
            "where a carrier is, is not a tenant's business"
        );
        let decision = record.decision.unwrap();
        assert_eq!(decision.decided.verdict, VerdictWord::Connect);
        assert!(decision.decided.trace.iter().any(|step| step.rule == "funds"));
        let again = calls::redecide(&house.app, &house.actor, record.id).await.unwrap();
        assert!(again.same, "{again:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_the_network_is_paid_by_the_owner_of_the_number() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let facts = from_the_network(&house);
        let unbound = facts.call;
        assert_eq!(house.is_refused(facts).await.cause, Cause::NumberUnbound.word());
        assert_eq!(house.settled(unbound).await.direction, Direction::Inbound);
        house.bind(Binding::User("anna".to_owned())).await;
        let facts = from_the_network(&house);
        let call = facts.call;
        let Verdict::Connect(plan) = house.decides(facts).await else { panic!("refused") };
        let Target::Registered { aor } = &plan.attempts[0].target else { panic!("{plan:?}") };
        assert_eq!(aor, "anna@acme.localhost");
        house.ends(call, Some(Duration::from_secs(60)), hangup());
        let record = house.settled(call).await;
        // 0.0085 for the number, 0.0040 for the phone
        assert_eq!((record.total.micros, record.from.as_deref()), (12_500, Some("+12065550123")));
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_leaves_a_record_that_says_why() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let mut facts = house.dials(ECHO);
        facts.from = Some("+12125550199".to_owned());
        let call = facts.call;
        let refusal = house.is_refused(facts).await;
        assert_eq!((refusal.status, refusal.cause.as_ref()), (403, "caller-id-not-owned"));
        let record = house.settled(call).await;
        assert_eq!(record.outcome.map(|outcome| outcome.cause), Some(Cause::CallerIdNotOwned));
        assert_eq!(record.total.micros, 0);
        let decision = record.decision.unwrap();
        assert_eq!(decision.decided.cause, Some(Cause::CallerIdNotOwned));
        assert!(!decision.config_version.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_between_tenants_has_a_record_for_each_and_neither_sees_the_others_side() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (caller, callee) = (House::new(&app, "acme").await, House::new(&app, "zenith").await);
        callee.bind(Binding::User("anna".to_owned())).await;
        let (call, plan) = caller.connects(&callee.number.to_string()).await;
        let Target::Registered { aor } = &plan.attempts[0].target else { panic!("{plan:?}") };
        assert_eq!(aor, "anna@zenith.localhost");
        caller.ends(call, Some(Duration::from_secs(60)), hangup());
        let paid = caller.settled(call).await;
        assert_eq!(paid.total.micros, 8_000, "an app leg on each side");
        let decided = paid.decision.unwrap().decided;
        assert_eq!((decided.plan[0].kind, decided.plan[0].name.as_str()), ("onNet", ""));
        assert!(!serde_json::to_string(&decided).unwrap().contains("anna"), "{decided:?}");
        assert_eq!(paid.legs.unwrap()[1].peer, None);

        let page = calls::list(&app, &callee.actor, &CallFilter::default(), &PageRequest::default()).await;
        let theirs = page.unwrap().value.remove(0);
        assert_eq!((theirs.direction, theirs.total.micros), (Direction::Inbound, 0));
        assert_eq!((theirs.duration_ms, theirs.to), (60_000, callee.number.to_string()));
        let theirs = calls::get(&app, &callee.actor, theirs.id).await.unwrap();
        assert_eq!(theirs.legs.unwrap().iter().map(|leg| leg.side).collect::<Vec<_>>(), ["callee"]);
        assert_eq!(theirs.decision, None);
        let foreign = calls::get(&app, &callee.actor, CallId(Uuid::from_u128(call))).await;
        assert!(matches!(foreign, Err(Error::NotFound { .. })));
        caller.is_sound().await;
        callee.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_parallel_calls_counts_calls_that_are_up_and_forgets_those_that_ended() {
    let test = TestDb::sqlite().await.unwrap();
    let house = House::new(&start(&test).await, "acme").await;
    house.set_limits(100, 2).await;
    let (first, _) = house.connects(ECHO).await;
    house.connects(ECHO).await;
    let refusal = house.is_refused(house.dials(ECHO)).await;
    assert_eq!((refusal.status, refusal.cause.as_ref()), (503, "call-limit"));
    house.ends(first, None, edge::seam::End::Cancelled);
    house.connects(ECHO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_to_a_call_is_told_that_there_is_none() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (owner, stranger) = (House::new(&app, "acme").await, House::new(&app, "zenith").await);
    let (call, _) = owner.connects(ECHO).await;
    let id = CallId(Uuid::from_u128(call));
    assert!(matches!(calls::get(&app, &stranger.actor, id).await, Err(Error::NotFound { .. })));
    assert!(matches!(calls::end(&app, &stranger.actor, id).await, Err(Error::NotFound { .. })));
    assert!(matches!(calls::redecide(&app, &stranger.actor, id).await, Err(Error::NotFound { .. })));
    let number = owner.number.to_string();
    let called = calls::sandbox_call(&app, &stranger.actor, ECHO, &number).await;
    assert!(matches!(called, Err(Error::NotFound { .. })));
}
