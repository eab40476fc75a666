//! Automatic top-ups: a payment system on loopback that answers well, late, badly, twice, or not at all.

use crate::house::{Wish, operator, start, tenant, try_start};
use chrono::{DateTime, Duration as Span, Utc};
use dialtone_app::{
    App, Error, PageRequest, Window, money, outbox,
    topups::{
        self, ATTEMPTS_MAX, Hook, PAUSE_MINUTES, PENDING_HOURS, Rule, Settlement, TopUpState, TopUpView,
    },
};
use domain::{
    access::{Actor, Scope},
    money::{Currency, Money},
};
use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
};
use testkit::{
    database::TestDb,
    receiver::{Answer, Receiver},
};
use uuid::Uuid;

const UNIT: i64 = 1_000_000;

const fn usd(units: i64) -> Money {
    Money::new(units * UNIT, Currency::USD)
}

const RULE: Rule =
    Rule { enabled: true, threshold: usd(50), amount: usd(20), daily_count: 3, daily_amount: None };

fn says(status: u16, body: &str) -> Answer {
    Answer::Say(status, Vec::new(), body.to_owned())
}

/// A tenant with 10.00 and a rule, and a payment system.
struct Till {
    app: App,
    actor: Actor,
    id: domain::ids::TenantId,
    hook: Receiver,
    secret: String,
}

impl Till {
    async fn new(test: &TestDb, rule: Rule) -> Self {
        let app = start(test).await;
        let (actor, signed_up) = tenant(&app, "Acme").await;
        let hook = Receiver::start(Ipv4Addr::LOCALHOST);
        let set = Hook { url: hook.url(), enabled: true };
        let secret = topups::change_hook(&app, &operator(), set).await.unwrap().secret.unwrap();
        topups::put_rule(&app, &actor, rule).await.unwrap();
        Self { app, actor, id: signed_up.tenant.id, hook, secret }
    }

    async fn run(&self, now: DateTime<Utc>) -> u64 {
        topups::run(&self.app, now).await.unwrap()
    }

    async fn all(&self) -> Vec<TopUpView> {
        topups::list(&self.app, &self.actor, &PageRequest::default()).await.unwrap().value
    }

    async fn last(&self) -> TopUpView {
        self.all().await.remove(0)
    }

    /// The balance, and how often it was topped up.
    async fn money(&self) -> (i64, usize) {
        let balance = money::balance(&self.app, &self.actor).await.unwrap().balance.micros;
        let entries = money::ledger(&self.app, &self.actor, &PageRequest::default()).await.unwrap().value;
        let paid = entries.iter().filter(|entry| entry.kind == domain::ledger::EntryKind::TopUp).count();
        assert_eq!(money::check_drift(&self.app).await.unwrap().figure, 0);
        (balance / UNIT, paid)
    }

    /// Events and mails about top-ups that came to nothing.
    async fn told(&self) -> (usize, usize) {
        let rows = outbox::list(&self.app, &operator(), None, Window::default()).await.unwrap().value;
        let events = rows.iter().filter(|row| row.kind == "topup.failed").count();
        let of_top_up = |row: &&outbox::OutboxView| format!("{row:?}").contains("could not top up");
        (events, rows.iter().filter(|row| row.kind == "mail").filter(of_top_up).count())
    }

    async fn settle(&self, id: Uuid, is_paid: bool, reference: &str) -> Result<TopUpView, Error> {
        let said = Settlement { is_paid, reference: Some(reference.to_owned()), reason: None };
        topups::settle(&self.app, &operator(), id, said).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_balance_is_topped_up_once_by_a_signed_post_and_as_often_as_the_rule_allows() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        till.hook.behave(|_| says(200, r#"{"state": "paid", "reference": "pay-1"}"#));
        let now = Utc::now();
        assert_eq!(till.run(now).await, 1);
        let post = till.hook.all().remove(0);
        let last = till.last().await;
        assert_eq!(
            (last.state, last.reference.as_deref(), last.attempts),
            (TopUpState::Paid, Some("pay-1"), 1)
        );
        assert_eq!(post.json()["id"], last.id.to_string());
        assert_eq!(post.json()["amount"]["amountMicros"], 20 * UNIT);
        assert_eq!(post.json()["tenantId"], till.id.0.to_string());
        assert_eq!(post.header("idempotency-key"), last.id.to_string());
        assert!(crate::webhooks::signed_by(&till.secret, &post));
        assert_eq!(till.money().await, (30, 1));
        // The ledger says what for.
        let entry =
            money::ledger(&till.app, &till.actor, &PageRequest::default()).await.unwrap().value.remove(0);
        assert_eq!(entry.description.as_deref(), Some("Automatic top-up (pay-1)"));
        assert_eq!(till.run(now).await, 1);
        assert_eq!(till.run(now).await, 0, "50.00 is not below 50.00");
        money::credit(&till.app, &operator(), till.id, usd(-40), "a test").await.unwrap();
        assert_eq!((till.run(now).await, till.run(now).await), (1, 0), "three in a day");
        assert_eq!(till.money().await, (30, 3));
        assert_eq!(till.run(now + Span::hours(25)).await, 1, "another day");
        assert_eq!(till.money().await, (50, 4));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_is_posted_again_under_its_id_and_given_up_after_a_while_with_a_word_to_the_tenant()
 {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        till.hook.behave(|_| says(503, ""));
        let mut now = Utc::now();
        for attempt in 1..=ATTEMPTS_MAX {
            assert_eq!(till.run(now).await, 1, "{attempt}");
            assert_eq!(till.run(now).await, 0, "it waits");
            now = till.last().await.next_at.unwrap_or(now);
        }
        let last = till.last().await;
        assert_eq!((last.state, last.attempts), (TopUpState::Failed, ATTEMPTS_MAX.unsigned_abs()));
        assert!(last.problem.unwrap().contains("503"));
        let ids: BTreeSet<String> =
            till.hook.all().iter().map(|post| post.header("idempotency-key").to_owned()).collect();
        let bodies: BTreeSet<Vec<u8>> = till.hook.all().into_iter().map(|post| post.body).collect();
        assert_eq!((ids.len(), bodies.len()), (1, 1), "always the same");
        assert_eq!(till.told().await, (1, 1));
        assert_eq!(till.money().await, (10, 0));
        // No new one before the pause is over; then one anew.
        let over = last.ended_at.unwrap() + Span::minutes(PAUSE_MINUTES);
        assert_eq!(till.run(over - Span::seconds(1)).await, 0);
        till.hook.behave(|_| says(402, r#"{"reason": "the card has expired"}"#));
        assert_eq!(till.run(over + Span::seconds(1)).await, 1);
        let refused = till.last().await;
        assert_eq!(
            (refused.state, refused.problem.as_deref()),
            (TopUpState::Refused, Some("the card has expired"))
        );
        assert_ne!(refused.id, last.id);
        assert_eq!(till.told().await, (2, 2));
        // What was given up may be paid all the same, once; what was refused may not.
        assert_eq!(till.settle(last.id, true, "late").await.unwrap().state, TopUpState::Paid);
        assert_eq!(till.settle(last.id, true, "late").await.unwrap().state, TopUpState::Paid);
        assert!(matches!(till.settle(last.id, true, "other").await, Err(Error::Conflict { .. })));
        assert!(matches!(till.settle(last.id, false, "late").await, Err(Error::Conflict { .. })));
        assert!(matches!(till.settle(refused.id, true, "x").await, Err(Error::Conflict { .. })));
        assert!(matches!(till.settle(Uuid::now_v7(), true, "x").await, Err(Error::NotFound { .. })));
        assert_eq!(till.money().await, (30, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_one_waits_for_the_payment_system_and_is_credited_once_by_many_settlements() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        till.hook.behave(|_| says(202, ""));
        let now = Utc::now();
        assert_eq!(till.run(now).await, 1);
        let pending = till.last().await;
        assert_eq!(pending.state, TopUpState::Pending);
        assert_eq!(till.run(now + Span::hours(1)).await, 0, "one open at a time, and it is not posted again");
        assert_eq!(till.money().await, (10, 0));
        let settle = || till.settle(pending.id, true, "pay-9");
        let all =
            tokio::join!(settle(), settle(), settle(), settle(), till.settle(pending.id, false, "pay-9"));
        let paid = [&all.0, &all.1, &all.2, &all.3].into_iter().filter(|done| done.is_ok()).count();
        // Either the refusal was first, and all others learn it, or it is the one that learns.
        match till.last().await.state {
            TopUpState::Paid => {
                assert_eq!((paid, all.4.is_err()), (4, true));
                assert_eq!(till.money().await, (30, 1));
            }
            state => {
                assert_eq!((state, paid), (TopUpState::Refused, 0));
                assert_eq!(till.money().await, (10, 0));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_one_of_which_nothing_is_heard_is_given_up() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        till.hook.behave(|_| says(200, r#"{"state": "pending", "reference": "pay-2"}"#));
        let now = Utc::now();
        assert_eq!(till.run(now).await, 1);
        till.run(now + Span::hours(PENDING_HOURS) - Span::seconds(1)).await;
        assert_eq!(till.last().await.state, TopUpState::Pending);
        till.run(now + Span::hours(PENDING_HOURS) + Span::seconds(1)).await;
        let failed = till.last().await;
        assert_eq!((failed.state, failed.reference.as_deref()), (TopUpState::Failed, Some("pay-2")));
        assert_eq!((till.told().await, till.all().await.len()), ((1, 1), 1), "told, and it rests");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_at_a_time_make_one_top_up_of_it_and_credit_it_once() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, Rule { daily_count: 1, ..RULE }).await;
        till.hook.behave(|_| says(200, r#"{"state": "paid"}"#));
        let now = Utc::now();
        let run = || topups::run(&till.app, now);
        let all = tokio::join!(run(), run(), run(), run(), run(), run());
        for done in [all.0, all.1, all.2, all.3, all.4, all.5] {
            done.unwrap();
        }
        assert_eq!((till.hook.all().len(), till.all().await.len()), (1, 1));
        assert_eq!(till.money().await, (30, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_answer_and_the_credit_posts_the_same_id_again_and_credits_once() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        static POSTS: AtomicUsize = AtomicUsize::new(0);
        POSTS.store(0, Ordering::SeqCst);
        till.hook.behave(|_| {
            let is_first = POSTS.fetch_add(1, Ordering::SeqCst) == 0;
            if is_first { Answer::Nothing } else { says(200, r#"{"state": "paid", "reference": "one"}"#) }
        });
        let now = Utc::now();
        // The program dies while it waits for the answer: all that is left of it is the claim.
        let died = tokio::time::timeout(std::time::Duration::from_secs(5), async {
            let run = till.run(now);
            let posted = async {
                while POSTS.load(Ordering::SeqCst) == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            };
            tokio::select! { _ = run => true, () = posted => false }
        });
        assert!(!died.await.unwrap(), "it was still waiting");
        let claimed = till.last().await;
        assert_eq!((claimed.state, claimed.attempts), (TopUpState::Requested, 1));
        assert_eq!(till.run(now + Span::seconds(30)).await, 0, "somebody may still have it");
        assert_eq!(till.run(now + Span::seconds(61)).await, 1);
        let posts = till.hook.all();
        assert_eq!(posts.len(), 2);
        assert_eq!(posts[0].header("idempotency-key"), posts[1].header("idempotency-key"));
        assert_eq!(posts[0].body, posts[1].body);
        assert_eq!((till.all().await.len(), till.money().await), (1, (30, 1)));
        // The answer of the dead one is told by hand, too: nothing more comes of it.
        till.settle(claimed.id, true, "one").await.unwrap();
        assert_eq!(till.money().await, (30, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_without_a_hook_a_rule_or_an_active_tenant_and_what_is_open_is_given_up() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        let set = async |url: String, enabled| {
            topups::change_hook(&till.app, &operator(), Hook { url, enabled }).await.unwrap()
        };
        let now = Utc::now();
        assert_eq!(set(till.hook.url(), false).await.secret, None, "it has its secret already");
        assert_eq!((till.run(now).await, till.all().await.len()), (0, 0));
        assert!(!topups::rule(&till.app, &till.actor).await.unwrap().is_offered);
        set(till.hook.url(), true).await;
        topups::put_rule(&till.app, &till.actor, Rule { enabled: false, ..RULE }).await.unwrap();
        assert_eq!((till.run(now).await, till.all().await.len()), (0, 0));
        topups::put_rule(&till.app, &till.actor, RULE).await.unwrap();
        till.hook.behave(|_| says(500, ""));
        assert_eq!(till.run(now).await, 1);
        set(String::new(), false).await;
        for hour in 1..=ATTEMPTS_MAX {
            till.run(now + Span::hours(hour.into())).await;
        }
        assert_eq!((till.last().await.state, till.hook.all().len()), (TopUpState::Failed, 1));
        // A sum in a day bounds them, too; and no stranger sees or sets any of it.
        set(till.hook.url(), true).await;
        till.hook.behave(|_| says(200, r#"{"state": "paid"}"#));
        topups::put_rule(&till.app, &till.actor, Rule { daily_amount: Some(usd(39)), ..RULE }).await.unwrap();
        let later = now + Span::hours(i64::from(ATTEMPTS_MAX) + 2);
        assert_eq!((till.run(later).await, till.run(later).await), (1, 0));
        let (stranger, _) = tenant(&till.app, "Other").await;
        let theirs = topups::list(&till.app, &stranger, &PageRequest::default()).await.unwrap().value;
        assert!(theirs.is_empty());
        assert!(topups::hook(&till.app, &till.actor).await.is_err());
        assert!(topups::all(&till.app, &till.actor, &PageRequest::default()).await.is_err());
        let said = Settlement { is_paid: true, reference: None, reason: None };
        assert!(topups::settle(&till.app, &till.actor, till.last().await.id, said).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn impossible_rules_and_private_hooks_are_refused_with_their_field() {
    for test in TestDb::each().await.unwrap() {
        let app = try_start(&test, Wish { private: false, ..Wish::default() }).await.unwrap();
        let (actor, _) = tenant(&app, "Acme").await;
        let field = |error: Error| match error {
            Error::Invalid { target, .. } => target.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        let eur = Money::new(UNIT, "EUR".parse().unwrap());
        for (rule, at) in [
            (Rule { amount: usd(0), ..RULE }, "amount"),
            (Rule { amount: usd(-1), ..RULE }, "amount"),
            (Rule { amount: usd(1_000_001), ..RULE }, "amount"),
            (Rule { threshold: usd(-1), ..RULE }, "threshold"),
            (Rule { threshold: eur, ..RULE }, "threshold.currency"),
            (Rule { daily_count: 0, ..RULE }, "dailyCount"),
            (Rule { daily_count: 25, ..RULE }, "dailyCount"),
            (Rule { daily_amount: Some(usd(19)), ..RULE }, "dailyAmount"),
        ] {
            assert_eq!(field(topups::put_rule(&app, &actor, rule).await.unwrap_err()), at, "{rule:?}");
        }
        for url in
            ["https://127.0.0.1/pay", "https://10.1.2.3/pay", "http://example.com/pay", "no address", ""]
        {
            let hook = Hook { url: url.to_owned(), enabled: true };
            let refused = topups::change_hook(&app, &operator(), hook).await.unwrap_err();
            assert_eq!(field(refused), "url", "{url}");
        }
        assert!(topups::rotate_secret(&app, &operator()).await.is_err(), "there is none");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sealed_and_signs_beside_its_successor() {
    for test in TestDb::each().await.unwrap() {
        let till = Till::new(&test, RULE).await;
        let fresh = topups::rotate_secret(&till.app, &operator()).await.unwrap();
        assert!(fresh.view.previous_until.is_some());
        till.hook.behave(|_| says(200, r#"{"state": "paid"}"#));
        till.run(Utc::now()).await;
        let post = till.hook.all().remove(0);
        let secret = fresh.secret.unwrap();
        assert!(
            crate::webhooks::signed_by(&till.secret, &post) && crate::webhooks::signed_by(&secret, &post)
        );
        let scope = Scope::system("a test looks at what is kept");
        let kept = store::platform::value(test.db.read(), &scope, "top-up-hook").await.unwrap().unwrap();
        let kept = String::from_utf8(kept).unwrap();
        for secret in [secret, till.secret] {
            assert!(!kept.contains(secret.strip_prefix("whsec_").unwrap()), "{kept}");
        }
    }
}
