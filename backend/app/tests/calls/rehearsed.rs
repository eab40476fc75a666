//! Drafts that are tried on past calls: what was live changes nothing, what is dearer earns more, and what is applied can be
//! taken back.

use crate::house::{House, hangup, operator, start};
use chrono::{TimeDelta, Utc};
use dialtone_app::{
    App, Error, Password, carriers, plans,
    rehearsals::{self, Against, Draft, DraftState, New, RehearsalView, State},
    routes,
    trunks::{self, SipPatch},
};
use domain::{
    access::Actor,
    config::{CarrierOrder, Place, Srtp, Transport, Trunk},
    rating::{PricePlan, Rate},
    rehearsal::{Figures, Kind, Unknown},
    routing::{RouteTarget, VoiceRoute},
};
use serde_json::json;
use std::time::Duration;
use testkit::database::TestDb;

const ECHO: &str = "+12065550100";

fn try_out(draft: Draft, against: Against) -> New {
    let now = Utc::now();
    New { draft, against, since: now - TimeDelta::hours(2), until: now + TimeDelta::hours(1) }
}

async fn rehearsed(app: &App, actor: &Actor, draft: Draft, against: Against) -> RehearsalView {
    let queued = rehearsals::create(app, actor, try_out(draft, against)).await.unwrap();
    assert_eq!((queued.state, queued.draft_state), (State::Queued, DraftState::Draft));
    assert!(rehearsals::run_next(app).await.unwrap());
    let done = rehearsals::get(app, actor, queued.id).await.unwrap();
    assert_eq!(done.state, State::Done, "{:?}", done.failure);
    done
}

fn found(view: &RehearsalView) -> &Figures {
    view.figures.as_ref().unwrap()
}

fn plan(app: &App) -> PricePlan {
    app.live().config.platform.value.plans[0].clone()
}

/// Three answered calls, one that nobody answered, and one that is refused.
async fn some_calls(house: &House) -> i64 {
    let mut charged = 0;
    for seconds in [30, 59, 7] {
        let (call, _) = house.connects(ECHO).await;
        house.ends(call, Some(Duration::from_secs(seconds)), hangup());
        charged += house.settled(call).await.total.micros;
    }
    let (call, _) = house.connects(ECHO).await;
    house.ends(call, None, hangup());
    let _ = house.settled(call).await;
    let refused = house.dials("nobody");
    let call = refused.call;
    let _ = house.is_refused(refused).await;
    let _ = house.settled(call).await;
    charged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_live_changes_nothing_and_what_is_dearer_earns_more() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let charged = some_calls(&house).await;
        let live = plan(&app);
        for against in [Against::Recorded, Against::Today] {
            let draft = Draft::PricePlan { plan: Box::new(live.clone()) };
            let same = rehearsed(&app, &operator(), draft, against).await;
            let figures = found(&same);
            assert_eq!(
                (figures.attempts, figures.replayed, figures.of(Kind::Same)),
                (5, 5, 5),
                "{figures:?}"
            );
            assert!(figures.complete && figures.differences.is_empty() && figures.unreplayed.is_empty());
            let money = figures.money[0];
            assert_eq!([money.revenue_before_micros, money.revenue_after_micros], [charged; 2]);
        }
        // Another price of an app's leg since: what happened is decided on the plan of then.
        plans::change(&app, &operator(), live.id, plans::When::default(), |now| {
            Ok(PricePlan { app_leg_micros: 9_000, ..now })
        })
        .await
        .unwrap();
        let (dear, _) = house.connects(ECHO).await;
        house.ends(dear, Some(Duration::from_secs(60)), hangup());
        let dear = house.settled(dear).await.total.micros;
        let draft = Draft::PricePlan { plan: Box::new(live.clone()) };
        let back = rehearsed(&app, &operator(), draft.clone(), Against::Recorded).await;
        let figures = found(&back);
        assert_eq!((figures.of(Kind::Same), figures.of(Kind::Repriced)), (5, 1), "{figures:?}");
        let money = figures.money[0];
        assert_eq!(money.revenue_before_micros, charged + dear);
        assert_eq!(money.revenue_after_micros, charged + dear - 5_000);
        assert_eq!(figures.differences[0].call.to_string().len(), 36);
        // Against today every connected call is dearer than with the draft.
        let today = rehearsed(&app, &operator(), draft, Against::Today).await;
        assert_eq!(found(&today).of(Kind::Repriced), 5);
        assert!(found(&today).money[0].revenue_before_micros > money.revenue_before_micros);
        // The operator's rehearsals are not the tenant's, nor what it may try.
        let missing = rehearsals::get(&app, &house.actor, today.id).await.unwrap_err();
        assert!(matches!(missing, Error::NotFound { .. }), "{missing:?}");
        let of_tenant = try_out(Draft::CarrierOrder { order: vec![CarrierOrder::Quality] }, Against::Today);
        assert!(rehearsals::create(&app, &house.actor, of_tenant).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_tried_is_applied_scheduled_and_rolled_back() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let _ = some_calls(&house).await;
        let live = plan(&app);
        let unsold = PricePlan { outbound: vec![Rate::new("46", 20_000)], ..live.clone() };
        let draft = Draft::PricePlan { plan: Box::new(unsold) };
        let tried = rehearsed(&app, &operator(), draft.clone(), Against::Recorded).await;
        assert_eq!(found(&tried).of(Kind::Refused), 4, "{:?}", found(&tried));
        assert_eq!(plan(&app).outbound, live.outbound, "a rehearsal changes nothing");
        let now = plans::When { effective_at: None, below_cost: true };
        let applied = rehearsals::apply(&app, &operator(), tried.id, now).await.unwrap();
        assert_eq!(applied.draft_state, DraftState::Applied);
        assert_eq!(plan(&app).outbound.len(), 1);
        assert!(rehearsals::apply(&app, &operator(), tried.id, now).await.is_err(), "once");
        let back = rehearsals::roll_back(&app, &operator(), tried.id, true).await.unwrap();
        assert_eq!(
            (back.draft_state, plan(&app).outbound.clone()),
            (DraftState::RolledBack, live.outbound.clone())
        );
        // It was changed since: what was tried is not what would come.
        let late = rehearsals::apply(&app, &operator(), tried.id, now).await;
        assert!(late.is_ok(), "rolled back by itself: {late:?}");
        let _ = rehearsals::roll_back(&app, &operator(), tried.id, true).await.unwrap();
        let other = rehearsed(&app, &operator(), draft, Against::Recorded).await;
        let rename = |now| Ok(PricePlan { app_leg_micros: 1, ..now });
        plans::change(&app, &operator(), live.id, plans::When::default(), rename).await.unwrap();
        let refused = rehearsals::apply(&app, &operator(), other.id, now).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { status: 412, .. }), "{refused:?}");
        // A plan schedules itself, and is withdrawn with the rehearsal.
        let again = Draft::PricePlan { plan: Box::new(PricePlan { app_leg_micros: 7, ..plan(&app) }) };
        let again = rehearsed(&app, &operator(), again, Against::Today).await;
        let later = plans::When { effective_at: Some(Utc::now() + TimeDelta::days(1)), below_cost: true };
        let waits = rehearsals::apply(&app, &operator(), again.id, later).await.unwrap();
        assert_eq!(waits.draft_state, DraftState::Scheduled);
        assert_eq!(plans::versions(&app, &operator(), live.id).await.unwrap()[0].state, "scheduled");
        assert!(rehearsals::delete(&app, &operator(), again.id).await.is_err());
        let gone = rehearsals::withdraw(&app, &operator(), again.id).await.unwrap();
        assert_eq!(gone.draft_state, DraftState::Withdrawn);
        assert_eq!(plans::versions(&app, &operator(), live.id).await.unwrap()[0].state, "withdrawn");
        rehearsals::delete(&app, &operator(), again.id).await.unwrap();
    }
}

fn to(fqdn: &str) -> Vec<VoiceRoute> {
    vec![VoiceRoute {
        name: "all".to_owned(),
        number_pattern: r"^\+".to_owned(),
        targets: vec![RouteTarget::new(fqdn)],
        ..VoiceRoute::default()
    }]
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_were_tried_come_into_force_at_their_time_unless_they_were_changed_since() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let trunks: SipPatch = serde_json::from_value(json!({
            "domains": {"acme.example": {"enabled": true}},
            "trunks": {"sbc.acme.example": {"sipSignalingPort": 5060}, "two.acme.example": {"sipSignalingPort": 5061}},
        }))
        .unwrap();
        trunks::sip_patch(&app, &house.actor, trunks).await.unwrap();
        for (fqdn, place) in [("sbc.acme.example", "127.0.0.9:5070"), ("two.acme.example", "127.0.0.9:5071")]
        {
            let plain = |now| {
                let addresses = vec![Place::try_from(place.to_owned()).unwrap()];
                let changed = Trunk { transport: Transport::Udp, srtp: Srtp::Off, addresses, ..now };
                Ok((changed, Password::Keep))
            };
            let _ = trunks::change(&app, &house.actor, fqdn, plain).await.unwrap();
        }
        let charged = some_calls(&house).await;
        let draft = |fqdn: &str| Draft::Routes { tenant: house.tenant, routes: to(fqdn) };
        let tried = rehearsed(&app, &house.actor, draft("sbc.acme.example"), Against::Recorded).await;
        let figures = found(&tried);
        assert_eq!(figures.of(Kind::Rerouted), 4, "{figures:?}");
        assert!(
            figures.ways[0].from.starts_with("carrier ") && figures.ways[0].to == "trunk sbc.acme.example"
        );
        assert!(figures.unknown.iter().any(|unknown| unknown.what == Unknown::Load));
        assert_eq!(figures.money[0].revenue_before_micros, charged);
        assert!(
            figures.money[0].cost_before_micros == 0
                && figures.differences.iter().all(|of| of.before.cost.is_none())
        );

        let soon =
            || plans::When { effective_at: Some(Utc::now() + TimeDelta::seconds(1)), below_cost: false };
        let waits = rehearsals::apply(&app, &house.actor, tried.id, soon()).await.unwrap();
        assert_eq!(waits.draft_state, DraftState::Scheduled);
        assert_eq!(rehearsals::apply_due(&app).await.unwrap(), 0, "not yet");
        due(&app).await;
        assert_eq!(routes::list(&app, &house.actor).await.unwrap(), to("sbc.acme.example"));
        let applied = rehearsals::get(&app, &house.actor, tried.id).await.unwrap();
        assert_eq!(applied.draft_state, DraftState::Applied);
        let _ = rehearsals::roll_back(&app, &house.actor, tried.id, false).await.unwrap();
        assert!(routes::list(&app, &house.actor).await.unwrap().is_empty());

        let other = rehearsed(&app, &house.actor, draft("two.acme.example"), Against::Today).await;
        let _ = rehearsals::apply(&app, &house.actor, other.id, soon()).await.unwrap();
        routes::change(&app, &house.actor, |_| Ok(to("sbc.acme.example"))).await.unwrap();
        due(&app).await;
        let refused = rehearsals::get(&app, &house.actor, other.id).await.unwrap();
        assert_eq!(refused.draft_state, DraftState::Refused);
        assert!(refused.refusal.unwrap().contains("changed since"));
        assert_eq!(
            routes::list(&app, &house.actor).await.unwrap(),
            to("sbc.acme.example"),
            "nothing was overwritten"
        );
        let late = rehearsals::apply(&app, &house.actor, other.id, plans::When::default()).await.unwrap_err();
        assert!(matches!(late, Error::Invalid { status: 412, .. }), "{late:?}");

        // The operator may look at it as well; the tenant alone applies it.
        let of_operator = rehearsed(&app, &operator(), draft("two.acme.example"), Against::Today).await;
        assert!(rehearsals::apply(&app, &operator(), of_operator.id, plans::When::default()).await.is_err());
        let nowhere = try_out(draft("three.acme.example"), Against::Today);
        assert!(rehearsals::create(&app, &house.actor, nowhere).await.is_err(), "no such trunk");
    }
}

async fn due(app: &App) {
    let began = std::time::Instant::now();
    while rehearsals::apply_due(app).await.unwrap() == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "its time never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn carriers_are_tried_by_their_order_and_costs_and_what_becomes_a_loss_asks_first() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let host = domain::config::CarrierHost {
            address: "127.0.0.3".to_owned(),
            port: 5060,
            transport: Transport::Udp,
        };
        let with = |name: &str, micros, quality| domain::config::Carrier {
            quality,
            ..carriers::plain(
                name,
                vec![host.clone()],
                vec![domain::config::CarrierPrefix {
                    prefix: String::new(),
                    cost_per_minute_micros: micros,
                    windows: Vec::new(),
                }],
            )
        };
        let add = async |carrier, confirmed| {
            carriers::create(&app, &operator(), carrier, Password::Keep, confirmed).await
        };
        let refused = add(with("loss", 14_000, 50), false).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { status: 409, code: "BelowCost", message, .. } if message.contains("loss asks")),
            "{refused:?}"
        );
        let cheap = add(with("cheap", 3_000, 10), false).await.unwrap().carrier;
        let _ = add(with("good", 6_000, 90), false).await.unwrap();
        let _ = some_calls(&house).await;
        let order = Draft::CarrierOrder { order: vec![CarrierOrder::Quality] };
        let tried = rehearsed(&app, &operator(), order, Against::Recorded).await;
        let figures = found(&tried);
        assert_eq!(figures.of(Kind::Rerouted), 4, "{figures:?}");
        assert!(figures.ways[0].from.starts_with("carrier cheap, then carrier good"), "{:?}", figures.ways);
        let money = figures.money[0];
        // 96 s at 0.003, then at 0.006; each call is rounded by itself.
        assert_eq!((money.cost_before_micros, money.cost_after_micros), (4_800, 9_600));
        assert_eq!(money.revenue_before_micros, money.revenue_after_micros);
        let _ = rehearsals::apply(&app, &operator(), tried.id, plans::When::default()).await.unwrap();
        assert_eq!(carriers::order(&app, &operator()).await.unwrap(), [CarrierOrder::Quality]);
        let _ = rehearsals::roll_back(&app, &operator(), tried.id, false).await.unwrap();
        assert_eq!(carriers::order(&app, &operator()).await.unwrap()[0], CarrierOrder::Cost);

        // Nobody cheaper is left where both ask more than calls are sold for.
        let dearer = |carrier: &domain::config::Carrier| with(&carrier.name, 21_000, carrier.quality);
        let edit = |now: domain::config::Carrier| {
            Ok((domain::config::Carrier { id: now.id, ..dearer(&now) }, Password::Keep))
        };
        let changed = carriers::change(&app, &operator(), cheap.id, false, edit).await;
        assert!(changed.is_ok(), "the other one is cheap still: {changed:?}");
        let good = carriers::list(&app, &operator()).await.unwrap();
        let good = good.into_iter().find(|view| view.carrier.name == "good").unwrap().carrier;
        let refused = carriers::change(&app, &operator(), good.id, false, edit).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { code: "BelowCost", .. }), "{refused:?}");
        let draft =
            Draft::Carrier { carrier: Box::new(domain::config::Carrier { id: good.id, ..dearer(&good) }) };
        let tried = rehearsed(&app, &operator(), draft, Against::Today).await;
        // Nothing is sold below cost: what is left is the sandbox, which asks for nothing.
        assert_eq!(found(&tried).of(Kind::Rerouted), 4, "{:?}", found(&tried));
        let unconfirmed =
            rehearsals::apply(&app, &operator(), tried.id, plans::When::default()).await.unwrap_err();
        assert!(matches!(&unconfirmed, Error::Invalid { code: "BelowCost", .. }), "{unconfirmed:?}");
        let confirmed = plans::When { effective_at: None, below_cost: true };
        let _ = rehearsals::apply(&app, &operator(), tried.id, confirmed).await.unwrap();
        let note = |now: domain::config::Carrier| {
            Ok((domain::config::Carrier { quality: 91, ..now }, Password::Keep))
        };
        let _ = carriers::change(&app, &operator(), good.id, false, note)
            .await
            .expect("what was a loss before is not asked again");
    }
}
