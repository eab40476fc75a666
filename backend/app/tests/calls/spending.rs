//! What may be owed at worst and how fast may be spent: capped, stopped, told and lifted.

use crate::house::{House, hangup, operator, start};
use dialtone_app::{
    App, PageRequest, Window,
    audit::{self, AuditFilter},
    calls::{self, Simulation, SimulationSource},
    exposure, outbox,
    protection::{self, Bounds, SpendingDefault, SpendingDefaults},
    velocity,
};
use domain::{
    cause::Cause,
    money::{Currency, Money},
    velocity::{Limits, Pace, Subject},
};
use edge::seam::{End, Extension, Verdict};
use std::time::{Duration, SystemTime};
use testkit::database::TestDb;

/// Calls of the answering range: a minute of the phone's leg and the carrier's.
const ECHO: &str = "+12065550100";
const FIRST_HOLD: i64 = 17_000;
/// A call elsewhere: 0.0200 and 0.0040 a minute.
const SWEDEN: &str = "+46701740605";
/// And another one elsewhere.
const NORWAY: &str = "+4722334455";
const DEADLINE: Duration = Duration::from_secs(20);

async fn bounds(house: &House, edit: impl Fn(Bounds) -> Bounds + Sync) {
    let edit = |bounds| Ok(edit(bounds));
    protection::change_bounds(&house.app, &operator(), house.tenant, edit).await.unwrap();
}

fn hourly(micros: i64) -> Pace {
    Pace { per_hour_micros: Some(micros), per_day_micros: None }
}

async fn dry_run(house: &House, to: &str) -> calls::SimulationView {
    let call =
        Simulation { from: Some(house.number.to_string()), to: to.to_owned(), source: SimulationSource::App };
    calls::simulate(&house.app, &house.actor, &call).await.unwrap()
}

/// Waits for messages of a kind in the outbox: their number.
async fn told(app: &App, kind: &str, wanted: usize) -> usize {
    let started = SystemTime::now();
    loop {
        let rows = outbox::list(app, &operator(), None, Window::default()).await.unwrap().value;
        let found = rows.iter().filter(|message| message.kind == kind).count();
        if found >= wanted || started.elapsed().unwrap() > DEADLINE {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_held_past_the_cap_of_what_may_be_owed_and_the_end_says_so() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        bounds(&house, |bounds| Bounds { max_exposure_micros: Some(2 * FIRST_HOLD + 8_500), ..bounds }).await;
        let (first, _) = house.connects(ECHO).await;
        let (second, _) = house.connects(ECHO).await;
        let facts = house.dials(ECHO);
        let third = facts.call;
        let refusal = house.is_refused(facts).await;
        assert_eq!((refusal.status, refusal.cause.as_ref()), (403, "exposure-cap"));
        let record = house.settled(third).await;
        let trace = record.decision.unwrap().decided.trace;
        let live = trace.last().unwrap().text.clone();
        assert!(live.contains("is the cap"), "{live}");
        let dry = dry_run(&house, ECHO).await;
        assert_eq!(dry.trace.last().map(|step| step.text.clone()), Some(live), "the dry run says the same");
        // Half a step is left; then nothing.
        assert_eq!(house.extends(first).await, Some(Duration::from_secs(90)));
        match house.extension(first).await {
            Extension::Short(refusal) => assert_eq!(refusal.cause, "exposure-cap"),
            Extension::Until(funded) => panic!("{funded:?}"),
        }
        let view = exposure::of_tenant(&house.app, &house.actor).await.unwrap();
        assert_eq!(
            (view.exposure, view.cap, view.room.map(|room| room.micros)),
            (view.held, Some(view.held), Some(0))
        );
        // What ends makes room at once.
        house.ends(second, None, End::Cancelled);
        house.settled(second).await;
        assert_eq!(house.extends(first).await, Some(Duration::from_secs(150)));
        house.ends(first, Some(Duration::from_secs(1)), hangup());
        house.settled(first).await;
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_default_holds_until_a_tenant_has_a_cap_of_its_own() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let default = |micros| {
            SpendingDefaults(vec![SpendingDefault {
                currency: Currency::USD,
                max_exposure_micros: Some(micros),
                velocity: Limits::default(),
            }])
        };
        protection::put_defaults(&house.app, &operator(), default(FIRST_HOLD - 1)).await.unwrap();
        assert_eq!(house.is_refused(house.dials(ECHO)).await.cause, "exposure-cap");
        bounds(&house, |bounds| Bounds { max_exposure_micros: Some(FIRST_HOLD), ..bounds }).await;
        let (call, _) = house.connects(ECHO).await;
        house.ends(call, None, End::Cancelled);
        house.settled(call).await;
        // A tenant may be tighter, and not looser.
        let own = |micros| {
            protection::change(&house.app, &house.actor, move |own| {
                Ok(domain::config::Protection { max_exposure_micros: Some(micros), ..own })
            })
        };
        assert!(own(FIRST_HOLD + 1).await.is_err());
        own(1).await.unwrap();
        assert_eq!(house.is_refused(house.dials(ECHO)).await.cause, "exposure-cap");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_spent_too_fast_is_stopped_told_kept_and_lifted() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let limits =
            Limits { destination: hourly(2 * FIRST_HOLD), release_minutes: Some(0), ..Limits::default() };
        bounds(&house, |bounds| Bounds { velocity: limits, ..bounds }).await;
        let mut up = Vec::new();
        for _ in 0..3 {
            up.push(house.connects(ECHO).await.0);
        }
        // The third went past it: such calls are stopped, and others are not.
        let facts = house.dials(ECHO);
        let stopped = facts.call;
        let refusal = house.is_refused(facts).await;
        assert_eq!((refusal.status, refusal.cause.as_ref()), (403, "velocity-stop"));
        let record = house.settled(stopped).await;
        assert_eq!(record.outcome.unwrap().cause, Cause::VelocityStop);
        let live = record.decision.unwrap().decided.trace.last().unwrap().text.clone();
        assert!(live.starts_with("calls to US are stopped until the stop is lifted"), "{live}");
        assert_eq!(dry_run(&house, ECHO).await.trace.last().map(|step| step.text.clone()), Some(live));
        up.push(house.connects(SWEDEN).await.0);
        assert_eq!(told(&house.app, "spending.stopped", 1).await, 1);
        assert_eq!(told(&house.app, "country.first", 2).await, 2, "the US and Sweden");
        let rows = outbox::list(&house.app, &operator(), None, Window::default()).await.unwrap().value;
        assert_eq!(rows.iter().filter(|row| row.kind == "mail").count(), 3, "besides none of the sandbox");
        let filter = AuditFilter { what: Some("velocity.stop".to_owned()), ..AuditFilter::default() };
        let changes = audit::list(&house.app, &operator(), &filter, &PageRequest::default()).await.unwrap();
        assert_eq!(changes.value.len(), 1);
        for call in up {
            house.ends(call, None, End::Cancelled);
            house.settled(call).await;
        }

        // Another start remembers it.
        let House { app, control, actor, tenant, number } = house;
        drop((app, control));
        let app = start(&test).await;
        let house = House { control: calls::Control::new(&app), app, actor, tenant, number };
        assert_eq!(house.is_refused(house.dials(ECHO)).await.cause, "velocity-stop");
        let view = velocity::spending(&house.app, &house.actor).await.unwrap();
        assert_eq!(view.stops.len(), 1);
        assert_eq!(view.stops[0].of, Subject::Destination("US".to_owned()));
        assert_eq!(view.stops[0].limit, Money::new(2 * FIRST_HOLD, Currency::USD));
        assert_eq!(view.countries.len(), 2);
        let id = view.stops[0].id;
        assert!(velocity::lift(&house.app, &house.actor, id).await.is_err(), "the limit is the operator's");
        velocity::lift(&house.app, &operator(), id).await.unwrap();
        let (call, _) = house.connects(ECHO).await;
        house.ends(call, None, End::Cancelled);
        house.settled(call).await;
        assert!(velocity::lift(&house.app, &operator(), id).await.is_err(), "it is over");
        // A country that is new is told after what an earlier call would have told again.
        let (call, _) = house.connects(NORWAY).await;
        house.ends(call, None, End::Cancelled);
        house.settled(call).await;
        assert_eq!(told(&house.app, "country.first", 3).await, 3);
        let rows = outbox::list(&house.app, &operator(), None, Window::default()).await.unwrap().value;
        let firsts: Vec<String> = rows
            .iter()
            .filter(|row| row.kind == "country.first")
            .map(|row| row.payload.to_string())
            .collect();
        assert!(firsts.iter().any(|row| row.contains("\"NO\"")), "once for each country: {firsts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_counts_the_calls_of_the_last_day_again() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let (call, _) = house.connects(ECHO).await;
        house.ends(call, Some(Duration::from_secs(60)), hangup());
        house.settled(call).await;
        // Nothing was limited, so nothing was counted.
        let limits =
            Limits { caller: hourly(FIRST_HOLD), tenant: hourly(10 * FIRST_HOLD), ..Limits::default() };
        bounds(&house, |bounds| Bounds { velocity: limits, ..bounds }).await;
        assert!(velocity::spending(&house.app, &house.actor).await.unwrap().figures.is_empty());
        let House { app, control, actor, tenant, number } = house;
        drop((app, control));
        let app = start(&test).await;
        let house = House { control: calls::Control::new(&app), app, actor, tenant, number };
        let figures = velocity::spending(&house.app, &house.actor).await.unwrap().figures;
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|figure| figure.hour.micros == FIRST_HOLD), "{figures:?}");
        // The next one goes past it, and is the last.
        let (call, _) = house.connects(ECHO).await;
        assert_eq!(house.is_refused(house.dials(ECHO)).await.cause, "velocity-stop");
        house.ends(call, Some(Duration::from_secs(1)), hangup());
        house.settled(call).await;
        house.is_sound().await;
    }
}

/// Parallel calls, extensions and ends in an order that nobody chose, on little money and under a cap: at no time is more held or
/// spent than there is, and all of it adds up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_interleaving_of_parallel_calls_overspends() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_limits(10_000, 10_000).await;
        let money = 7 * FIRST_HOLD + 4_321;
        house.set_balance(money).await;
        let cap = 5 * FIRST_HOLD + 1_234;
        bounds(&house, |bounds| Bounds { max_exposure_micros: Some(cap), ..bounds }).await;
        let caller = async |seed: u64| {
            let mut draw = seed;
            let mut next = move |below: u64| {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (draw >> 33) % below
            };
            for _ in 0..12 {
                let facts = house.dials(if next(3) == 0 { SWEDEN } else { ECHO });
                let call = facts.call;
                let Verdict::Connect(_) = house.decides(facts).await else { continue };
                let mut funded = Duration::from_secs(60);
                for _ in 0..next(3) {
                    funded = house.extends(call).await.unwrap_or(funded);
                }
                let balance = house.balance().await;
                assert!(balance.balance.micros >= 0 && balance.available.micros >= 0, "{balance:?}");
                assert!(balance.exposure.micros <= cap, "{balance:?}");
                // The edge may be a little late; that is not the tenant's.
                let lasted = Duration::from_millis(next(funded.as_millis() as u64 + 500));
                house.ends(call, (next(4) > 0).then_some(lasted), hangup());
            }
        };
        tokio::join!(caller(1), caller(2), caller(3), caller(4), caller(5), caller(6), caller(7), caller(8));
        let started = SystemTime::now();
        while house.balance().await.held.micros > 0 {
            assert!(started.elapsed().unwrap() < DEADLINE, "a hold stays");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let left = house.balance().await.balance.micros;
        assert!((0..=money).contains(&left), "{left}");
        house.is_sound().await;
    }
}
