//! Drafts that are tried on past calls: what was live changes nothing, what is dearer earns more, and what is applied can be
//! taken back.

use crate::house::{House, hangup, operator, start};
use chrono::{TimeDelta, Utc};
use dialtone_app::{
    App, Error, plans,
    rehearsals::{self, Against, Draft, DraftState, New, RehearsalView, State},
};
use domain::{
    access::Actor,
    config::CarrierOrder,
    rating::{PricePlan, Rate},
    rehearsal::{Figures, Kind},
};
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
