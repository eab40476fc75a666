//! Subscriptions and deliveries, with a receiver on loopback.

use crate::house::{Wish, operator, start, tenant, try_start};
use dialtone_app::{
    App, Error, Page, PageRequest, audit,
    events::{mark, set_mark},
    money, outbox,
    webhooks::{
        self, DeliveryState, DeliveryView, Draft, ValidationState, change, create, deliver, deliveries,
        delivery, get, redeliver, redeliver_dead, rotate_secret, sample, validate,
    },
};
use domain::{
    access::Actor,
    events::{EventKind, Schema},
    money::{Currency, Money},
};
use hmac::{Hmac, KeyInit, Mac};
use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use testkit::{
    database::TestDb,
    dns::FakeDns,
    receiver::{Answer, Received, Receiver},
};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(10);

fn draft(url: &str) -> Draft {
    Draft { name: "main".into(), url: url.into(), ..Draft::default() }
}

/// Delivers beside the test, until it is told to stop.
async fn deliver_for(app: &App, until: impl AsyncFn() -> bool) {
    let watch = async {
        let end = std::time::Instant::now() + SOON;
        while !until().await {
            assert!(std::time::Instant::now() < end, "it did not happen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        webhooks::stop(app);
    };
    let (delivered, ()) = tokio::join!(deliver(app), watch);
    delivered.unwrap();
}

async fn of(app: &App, actor: &Actor, id: Uuid) -> Vec<DeliveryView> {
    let Page { value, .. } = deliveries(app, actor, (id, None), &PageRequest::default()).await.unwrap();
    value
}

/// Checks a body's signature as a receiver does.
pub(crate) fn signed_by(secret: &str, request: &Received) -> bool {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(request.header("webhook-id").as_bytes());
    mac.update(b".");
    mac.update(request.header("webhook-timestamp").as_bytes());
    mac.update(b".");
    mac.update(&request.body);
    let wanted = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    request.header("webhook-signature").split(' ').any(|one| one == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_who_wants_it_signed_and_in_its_schema_and_the_log_says_so() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, signed_up) = tenant(&app, "Acme").await;
        let (grid, cloud) = (Receiver::start(Ipv4Addr::LOCALHOST), Receiver::start(Ipv4Addr::LOCALHOST));
        let one = create(&app, &actor, draft(&grid.url())).await.unwrap();
        assert_eq!(one.webhook.validation.state, ValidationState::Valid);
        let other = Draft {
            name: "cloud".into(),
            schema: Schema::CloudEvents,
            event_types: vec!["Dialtone.BalanceLow".into()],
            ..draft(&cloud.url())
        };
        let other = create(&app, &actor, other).await.unwrap();
        assert_eq!(other.webhook.validation.state, ValidationState::Valid, "{:?}", other.webhook);
        let usd = |micros| Money::new(micros, Currency::USD);
        set_mark(&app, &actor, Some(usd(5_000_000))).await.unwrap();
        assert_eq!(mark(&app, &actor).await.unwrap(), Some(usd(5_000_000)));
        let take = async |micros| {
            money::credit(&app, &operator(), signed_up.tenant.id, usd(micros), "a test").await.unwrap();
        };
        take(-4_000_000).await;
        take(-2_000_000).await;
        take(-1_000_000).await;
        deliver_for(&app, async || !grid.events().is_empty() && !cloud.events().is_empty()).await;
        let (grid, cloud) = (grid.events(), cloud.events());
        assert_eq!((grid.len(), cloud.len()), (1, 1), "one crossing is one event");
        let (event, same) = (&grid[0].json()[0], cloud[0].json());
        assert_eq!(event["eventType"], "Dialtone.BalanceLow");
        assert_eq!(event["data"]["balance"]["amountMicros"], 4_000_000);
        assert_eq!((&event["id"], &event["data"]), (&same["id"], &same["data"]));
        assert_eq!(grid[0].header("aeg-event-type"), "Notification");
        assert_eq!(cloud[0].header("content-type"), "application/cloudevents+json; charset=utf-8");
        assert!(signed_by(&one.secret, &grid[0]) && signed_by(&other.secret, &cloud[0]));
        assert!(!signed_by(&one.secret, &cloud[0]));
        let log = of(&app, &actor, one.webhook.id).await;
        assert_eq!(log.len(), 1);
        assert_eq!(
            (log[0].state, log[0].attempts, log[0].last_status),
            (DeliveryState::Delivered, 1, Some(200))
        );
        let whole = delivery(&app, &actor, one.webhook.id, log[0].id).await.unwrap();
        assert_eq!(whole.body.unwrap(), grid[0].json());
        let signature = whole.log[0].headers.iter().find(|(name, _)| name == "webhook-signature").unwrap();
        assert_eq!(signature.1, "(hidden)");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_fails_is_tried_later_and_a_refused_one_is_a_dead_letter_that_can_be_sent_again() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        let made = create(&app, &actor, draft(&receiver.url())).await.unwrap();
        let id = made.webhook.id;
        receiver.behave(|request| match request.json()[0]["eventType"].as_str() {
            Some("Dialtone.BalanceLow") => {
                let cookie = vec![("set-cookie", "secret=1".to_owned())];
                Answer::Say(400, cookie, "no such thing ".repeat(400))
            }
            _ => Answer::status(500),
        });
        sample(&app, &actor, id, EventKind::BalanceLow).await.unwrap();
        sample(&app, &actor, id, EventKind::CallEnded).await.unwrap();
        let settled = async || of(&app, &actor, id).await.iter().all(|one| one.attempts == 1);
        deliver_for(&app, settled).await;
        let log = of(&app, &actor, id).await;
        let (late, dead) = (&log[0], &log[1]);
        assert_eq!((late.state, late.last_status), (DeliveryState::Pending, Some(500)));
        let pause = late.next_at.unwrap() - app.now();
        assert!((1..=12).contains(&pause.num_seconds()), "{pause}");
        assert_eq!((dead.state, dead.last_status), (DeliveryState::Dead, Some(400)));
        let whole = delivery(&app, &actor, id, dead.id).await.unwrap();
        let tried = &whole.log[0];
        assert_eq!(tried.reply_body.as_ref().map(String::len), Some(2_048), "the answer is cut");
        assert!(tried.is_cut);
        assert!(tried.reply_headers.contains(&("set-cookie".into(), "(hidden)".into())));

        receiver.behave(|_| Answer::Well);
        assert_eq!(redeliver_dead(&app, &actor, id).await.unwrap(), 1);
        redeliver(&app, &actor, id, late.id).await.unwrap();
        // The app was told to stop: as after a restart, another one goes on.
        let app = start(&test).await;
        let arrived =
            async || of(&app, &actor, id).await.iter().all(|one| one.state == DeliveryState::Delivered);
        deliver_for(&app, arrived).await;
        let ids: Vec<_> = receiver.events().iter().map(|one| one.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 4);
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "ids stay");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_a_node_was_killed_is_tried_again_at_its_next_start() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        let id = create(&app, &actor, draft(&receiver.url())).await.unwrap().webhook.id;
        receiver.behave(|_| Answer::Nothing);
        sample(&app, &actor, id, EventKind::CallStarted).await.unwrap();
        deliver_for(&app, async || receiver.events().len() == 1).await;
        let before = of(&app, &actor, id).await;
        assert_eq!((before[0].state, before[0].attempts), (DeliveryState::Pending, 0));
        receiver.behave(|_| Answer::Well);
        let app = start(&test).await;
        deliver_for(&app, async || of(&app, &actor, id).await[0].state == DeliveryState::Delivered).await;
        assert_eq!(receiver.events().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dead_endpoint_does_not_hold_another_one_up() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let (dead, well) = (Receiver::start(Ipv4Addr::LOCALHOST), Receiver::start(Ipv4Addr::LOCALHOST));
    let silent = create(&app, &actor, draft(&dead.url())).await.unwrap().webhook.id;
    let good = Draft { name: "good".into(), ..draft(&well.url()) };
    let good = create(&app, &actor, good).await.unwrap().webhook.id;
    dead.behave(|_| Answer::Nothing);
    for _ in 0..40 {
        sample(&app, &actor, silent, EventKind::CallStarted).await.unwrap();
    }
    for _ in 0..20 {
        sample(&app, &actor, good, EventKind::CallStarted).await.unwrap();
    }
    deliver_for(&app, async || well.events().len() == 20).await;
    assert!(dead.events().len() <= 8, "{} are under way to one endpoint", dead.events().len());
    let counts = webhooks::counts(&app);
    assert!(counts.delivered <= 20 && counts.dead == 0, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_again_and_again_is_left_alone() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
    let id = create(&app, &actor, draft(&receiver.url())).await.unwrap().webhook.id;
    receiver.behave(|_| Answer::status(503));
    for _ in 0..30 {
        sample(&app, &actor, id, EventKind::CallStarted).await.unwrap();
    }
    deliver_for(&app, async || webhooks::counts(&app).resting == 1).await;
    let asked = receiver.events().len();
    assert!((5..=12).contains(&asked), "{asked}");
    let health = webhooks::health(&app, &operator()).await.unwrap();
    assert_eq!((health.waiting, health.dead), (30, 0));
    assert!(health.oldest.is_some() && health.endpoints[0].depth.rests.is_some());
    assert_eq!(health.endpoints[0].host, format!("http://{}", receiver.address));
    assert!(matches!(webhooks::health(&app, &actor).await, Err(Error::Denied { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_prove_itself_gets_no_events_until_somebody_says_so_by_hand() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        receiver.behave(|_| Answer::status(200));
        let made = create(&app, &actor, draft(&receiver.url())).await.unwrap().webhook;
        assert_eq!(made.validation.state, ValidationState::Awaiting);
        assert!(made.validation.error.unwrap().contains("validationResponse"));
        assert!(matches!(
            sample(&app, &actor, made.id, EventKind::CallEnded).await,
            Err(Error::Conflict { .. })
        ));
        let asked = receiver.all()[0].json();
        let url = asked[0]["data"]["validationUrl"].as_str().unwrap().to_owned();
        assert!(url.starts_with("http://localhost:8080/api/v1/webhooks/"), "{url}");
        let code = url.rsplit_once("code=").unwrap().1.to_owned();
        assert_eq!(asked[0]["data"]["validationCode"], code);
        for wrong in ["", "0", &code[1..]] {
            assert!(matches!(webhooks::confirm(&app, made.id, wrong).await, Err(Error::NotFound { .. })));
        }
        assert!(webhooks::confirm(&app, Uuid::now_v7(), &code).await.is_err());
        let proven = webhooks::confirm(&app, made.id, &code).await.unwrap();
        assert_eq!(proven.validation.state, ValidationState::Valid);
        assert!(webhooks::confirm(&app, made.id, &code).await.is_err(), "a code is used once");

        // Another address, and another schema, prove themselves anew.
        let moved = Draft { schema: Schema::CloudEvents, ..draft(&receiver.url()) };
        let moved = change(&app, &actor, made.id, moved).await.unwrap();
        assert_eq!(moved.validation.state, ValidationState::Awaiting);
        receiver.behave(|_| {
            let allowed =
                vec![("WebHook-Allowed-Origin", "*".to_owned()), ("WebHook-Allowed-Rate", "120".to_owned())];
            Answer::Say(200, allowed, String::new())
        });
        let valid = validate(&app, &actor, made.id).await.unwrap();
        assert_eq!((valid.validation.state, valid.allowed_per_minute), (ValidationState::Valid, Some(120)));
        let asked = receiver.all().pop().unwrap();
        assert_eq!((asked.method.as_str(), asked.header("webhook-request-origin")), ("OPTIONS", "localhost"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_hosts_are_refused_at_creation_and_a_name_that_turns_private_at_each_delivery() {
    let test = TestDb::sqlite().await.unwrap();
    let dns = FakeDns::start().await.unwrap();
    dns.set_ttl(0);
    dns.addresses("inside.example.org", &["10.0.0.7"]);
    dns.addresses("v6.inside.example.org", &["fd00::7"]);
    let app = try_start(&test, Wish { dns: dns.address, private: false, ..Wish::default() }).await.unwrap();
    let (actor, _) = tenant(&app, "Acme").await;
    for url in [
        "http://hooks.example.org/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://169.254.169.254/latest/meta-data",
        "https://inside.example.org/a",
        "https://v6.inside.example.org/a",
        "https://nowhere.example.org/a",
    ] {
        let refused = create(&app, &actor, draft(url)).await;
        assert!(
            matches!(&refused, Err(Error::Invalid { target: Some(target), .. }) if target == "url"),
            "{url}: {refused:?}"
        );
    }
    // What was let in once is judged again: the name has another address now.
    let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
    let open = try_start(&test, Wish { dns: dns.address, ..Wish::default() }).await.unwrap();
    dns.addresses("turns.example.org", &["127.0.0.1"]);
    let url = format!("http://turns.example.org:{}/events", receiver.address.port());
    let id = create(&open, &actor, draft(&url)).await.unwrap().webhook.id;
    let script =
        format!("UPDATE webhooks SET url = 'https://turns.example.org:{}/a'", receiver.address.port());
    let scope = domain::access::Scope::system("a test moves an address");
    test.db.script(&scope, &script).await.unwrap();
    let app = try_start(&test, Wish { dns: dns.address, private: false, ..Wish::default() }).await.unwrap();
    sample(&app, &actor, id, EventKind::CallEnded).await.unwrap();
    deliver_for(&app, async || of(&app, &actor, id).await[0].attempts == 1).await;
    let log = of(&app, &actor, id).await;
    let error = log[0].last_error.clone().unwrap();
    assert!(error.contains("private network"), "{error}");
    assert!(receiver.events().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_signs_beside_the_one_before_it() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
    let made = create(&app, &actor, draft(&receiver.url())).await.unwrap();
    let id = made.webhook.id;
    let next = rotate_secret(&app, &actor, id).await.unwrap();
    assert_ne!(made.secret, next.secret);
    assert!(next.webhook.previous_secret_until.is_some());
    sample(&app, &actor, id, EventKind::CallEnded).await.unwrap();
    deliver_for(&app, async || receiver.events().len() == 1).await;
    let event = receiver.events().remove(0);
    assert!(signed_by(&made.secret, &event) && signed_by(&next.secret, &event));
    let kept = audit::list(&app, &actor, &audit::AuditFilter::default(), &PageRequest::default())
        .await
        .unwrap()
        .value;
    let done: Vec<_> = kept.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(done[..3], ["webhook.test", "webhook.rotateSecret", "webhook.create"]);
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains("whsec_"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_finds_no_webhook_and_bad_drafts_are_refused_by_their_field() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let ((actor, _), (stranger, _)) = (tenant(&app, "Acme").await, tenant(&app, "Globex").await);
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
        let id = create(&app, &actor, draft(&receiver.url())).await.unwrap().webhook.id;
        sample(&app, &actor, id, EventKind::CallEnded).await.unwrap();
        let one = of(&app, &actor, id).await[0].id;
        let all = [
            get(&app, &stranger, id).await.map(drop),
            change(&app, &stranger, id, draft(&receiver.url())).await.map(drop),
            validate(&app, &stranger, id).await.map(drop),
            rotate_secret(&app, &stranger, id).await.map(drop),
            sample(&app, &stranger, id, EventKind::CallEnded).await.map(drop),
            deliveries(&app, &stranger, (id, None), &PageRequest::default()).await.map(drop),
            delivery(&app, &stranger, id, one).await.map(drop),
            redeliver(&app, &stranger, id, one).await.map(drop),
            redeliver_dead(&app, &stranger, id).await.map(drop),
            webhooks::delete(&app, &stranger, id).await,
        ];
        for (place, answer) in all.into_iter().enumerate() {
            assert!(matches!(answer, Err(Error::NotFound { .. })), "{place}: {answer:?}");
        }
        let plain = draft(&receiver.url());
        for (field, bad) in [
            ("name", Draft { name: "a b".into(), ..plain.clone() }),
            ("name", Draft { name: "ab".into(), ..plain.clone() }),
            ("url", Draft { url: "mailto:a@b".into(), name: "new".into(), ..plain.clone() }),
            ("eventTypes", Draft { event_types: vec!["X".into()], ..plain.clone() }),
            ("maxDeliveryAttempts", Draft { max_attempts: 31, ..plain.clone() }),
            ("timeToLiveMinutes", Draft { life_minutes: 0, ..plain.clone() }),
            ("subjectBeginsWith", Draft { subject_begins_with: "x".repeat(257), ..plain.clone() }),
        ] {
            let refused = create(&app, &actor, bad).await;
            assert!(
                matches!(&refused, Err(Error::Invalid { target: Some(target), .. }) if target == field),
                "{field}: {refused:?}"
            );
        }
        let twice = create(&app, &actor, plain).await;
        assert!(matches!(&twice, Err(Error::Conflict { .. })), "{twice:?}");
        webhooks::delete(&app, &actor, id).await.unwrap();
        assert!(matches!(get(&app, &actor, id).await, Err(Error::NotFound { .. })));
        assert!(webhooks::sweep(&app).await.unwrap() >= 1, "its log goes with it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_wants_is_kept_for_the_operator_and_old_messages_go() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, signed_up) = tenant(&app, "Acme").await;
        let usd = |micros| Money::new(micros, Currency::USD);
        set_mark(&app, &actor, Some(usd(5_000_000))).await.unwrap();
        money::credit(&app, &operator(), signed_up.tenant.id, usd(-9_000_000), "a test").await.unwrap();
        let kind = Some(EventKind::BalanceLow.word());
        let messages = async || {
            outbox::list(&app, &operator(), kind, dialtone_app::Window::default()).await.unwrap().value
        };
        let written = messages().await;
        assert_eq!((written.len(), written[0].state.as_str()), (1, "kept"));
        let days = |days| app.now() + chrono::Duration::days(days);
        assert_eq!(outbox::sweep(&app, days(6)).await.unwrap(), 0);
        assert!(outbox::sweep(&app, days(8)).await.unwrap() >= 1);
        assert!(messages().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_wants_few_requests_gets_few() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let receiver = Receiver::start(Ipv4Addr::LOCALHOST);
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    receiver.behave(|request| {
        if request.method != "OPTIONS" {
            ASKED.fetch_add(1, Ordering::Relaxed);
        }
        let allowed =
            vec![("WebHook-Allowed-Origin", "*".to_owned()), ("WebHook-Allowed-Rate", "60".to_owned())];
        Answer::Say(200, allowed, String::new())
    });
    let cloud = Draft { schema: Schema::CloudEvents, ..draft(&receiver.url()) };
    let id = create(&app, &actor, cloud).await.unwrap().webhook.id;
    for _ in 0..10 {
        sample(&app, &actor, id, EventKind::CallEnded).await.unwrap();
    }
    let began = std::time::Instant::now();
    deliver_for(&app, async || ASKED.load(Ordering::Relaxed) >= 3).await;
    assert!(began.elapsed() >= Duration::from_millis(1_900), "three requests in {:?}", began.elapsed());
}
