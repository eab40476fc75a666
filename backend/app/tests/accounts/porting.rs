//! Numbers that change their provider, in and out.

use crate::house::{operator, start, tenant};
use chrono::{Datelike, Duration, NaiveDate, Weekday};
use dialtone_app::{
    App, Error, PageRequest, inventory, money, numbers,
    porting::{
        self, Acceptance, Details, DocumentKind, Draft, Filter, GuardEdit, NewPortOut, NumberState,
        PostalAddress,
    },
    regulatory::Document,
};
use domain::{
    access::{Actor, Scope},
    numbering::NumberType,
    phone::E164,
    porting::{Action, Direction, State},
};
use serde_json::json;
use store::outbox::Message;
use testkit::database::TestDb;
use uuid::Uuid;

const ONE: &str = "+12065551201";
const TWO: &str = "+12065551202";
const SECRET: &str = "account 4711-secret";

fn working_day(app: &App) -> NaiveDate {
    let mut day = app.now().date_naive() + Duration::days(7);
    while matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
        day += Duration::days(1);
    }
    day
}

fn draft(app: &App, numbers: &[&str]) -> Draft {
    Draft {
        country: "us".to_owned(),
        number_type: NumberType::Geographic,
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        provider: "Old Telco".to_owned(),
        wanted_on: Some(working_day(app)),
        details: Details {
            account_number: SECRET.to_owned(),
            authorised_name: "Ada Owner".to_owned(),
            address: PostalAddress {
                lines: vec!["1 Main Street".to_owned()],
                locality: "Seattle".to_owned(),
                ..PostalAddress::default()
            },
            ..Details::default()
        },
    }
}

fn pdf() -> Document {
    Document { content_type: "application/pdf".to_owned(), bytes: b"%PDF-1.7 signed".to_vec() }
}

async fn with_papers(app: &App, actor: &Actor, numbers: &[&str]) -> Uuid {
    let id = porting::create(app, actor, draft(app, numbers)).await.unwrap().id;
    for kind in [DocumentKind::LetterOfAuthority, DocumentKind::Bill] {
        porting::add_document(app, actor, id, kind, pdf()).await.unwrap();
    }
    id
}

fn acceptance(app: &App, rejected: &[(&str, &str)]) -> Acceptance {
    Acceptance {
        firm_on: app.now().date_naive(),
        carrier: "sandbox".to_owned(),
        monthly: None,
        setup: Some(usd(500_000)),
        rejected: rejected.iter().map(|(number, why)| ((*number).to_owned(), (*why).to_owned())).collect(),
    }
}

fn usd(micros: i64) -> domain::money::Money {
    domain::money::Money::new(micros, domain::money::Currency::USD)
}

fn code(error: &Error) -> (u16, &str, &str) {
    match error {
        Error::Invalid { status, code, target, .. } => (*status, code, target.as_deref().unwrap_or("")),
        Error::Conflict { target, .. } => (409, "Conflict", target.as_deref().unwrap_or("")),
        Error::NotFound { .. } => (404, "NotFound", ""),
        Error::PaymentRequired { .. } => (402, "PaymentRequired", ""),
        Error::Denied { .. } => (403, "Denied", ""),
        _ => (500, "", ""),
    }
}

async fn balance(app: &App, actor: &Actor) -> i64 {
    money::balance(app, actor).await.unwrap().balance.micros
}

async fn messages(test: &TestDb, kind: &str) -> Vec<Message> {
    let scope = Scope::system("a test looks into the outbox");
    store::outbox::list(test.db.read(), &scope, Some(kind), 0, 100).await.unwrap()
}

#[tokio::test]
async fn numbers_that_are_brought_become_the_tenants_and_are_paid_for_as_bought_ones_and_the_rejected_do_not()
{
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let id = with_papers(&app, &actor, &[ONE, TWO]).await;
        let hidden = porting::get_as_operator(&app, &operator(), Direction::In, id).await.unwrap_err();
        assert_eq!(code(&hidden).0, 404, "nobody but the tenant sees a draft");
        porting::submit(&app, &actor, id).await.unwrap();
        let seen = porting::get_as_operator(&app, &operator(), Direction::In, id).await.unwrap();
        assert_eq!((seen.request.state, seen.documents.len()), (State::Submitted, 2));
        assert_eq!(seen.request.details.account_number, SECRET);
        let paper = porting::document(&app, &operator(), id, seen.documents[0].id).await.unwrap();
        assert_eq!(paper, pdf());
        let early = porting::complete_in(&app, &operator(), id).await.unwrap_err();
        assert_eq!(code(&early), (409, "Conflict", "state"));
        porting::accept(&app, &operator(), id, acceptance(&app, &[(TWO, "not with that provider")]))
            .await
            .unwrap();
        let told = porting::get(&app, &actor, Direction::In, id).await.unwrap().request;
        assert_eq!((told.monthly, told.setup), (Some(usd(1_000_000)), Some(usd(500_000))));
        assert!(!told.actions.contains(&Action::Cancel), "its day has come");
        let before = balance(&app, &actor).await;
        porting::complete_in(&app, &operator(), id).await.unwrap();
        assert_eq!(balance(&app, &actor).await, before - 1_500_000);
        let done = porting::get(&app, &actor, Direction::In, id).await.unwrap();
        let of =
            |number: &str| done.request.numbers.iter().find(|row| row.number.to_string() == number).unwrap();
        assert_eq!((of(ONE).state, of(TWO).state), (NumberState::Ported, NumberState::Rejected));
        assert_eq!(of(TWO).reason.as_deref(), Some("not with that provider"));
        let owned = numbers::get(&app, &actor, ONE.parse().unwrap()).await.unwrap();
        assert_eq!((Some(owned.id), owned.monthly), (of(ONE).lease, usd(1_000_000)));
        assert!(app.live().config.owns(acme.tenant.id, ONE.parse().unwrap()));
        assert_eq!(code(&numbers::get(&app, &actor, TWO.parse().unwrap()).await.unwrap_err()).0, 404);
        let states: Vec<State> = done.steps.iter().map(|step| step.to).collect();
        assert_eq!(states, [State::Draft, State::Submitted, State::Accepted, State::Completed]);
        let twice = porting::complete_in(&app, &operator(), id).await.unwrap_err();
        assert_eq!(code(&twice).0, 409);
        assert_eq!(balance(&app, &actor).await, before - 1_500_000);
        let drift = money::check_drift(&app).await.unwrap();
        assert_eq!(drift.figure, 0);
    }
}

#[tokio::test]
async fn every_step_is_an_event_and_a_mail_and_what_is_secret_is_in_none_of_them_nor_in_the_database() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let id = with_papers(&app, &actor, &[ONE]).await;
        porting::submit(&app, &actor, id).await.unwrap();
        porting::reject_in(&app, &operator(), id, "the account number is wrong", &[]).await.unwrap();
        porting::revise(&app, &actor, id).await.unwrap();
        porting::submit(&app, &actor, id).await.unwrap();
        porting::withdraw(&app, &actor, id).await.unwrap();
        let events = messages(&test, "porting.changed").await;
        let states: Vec<_> = events.iter().rev().map(|row| row.payload["data"]["to"].clone()).collect();
        assert_eq!(states, [json!("submitted"), json!("rejected"), json!("submitted"), json!("cancelled")]);
        assert_eq!(events[2].payload["data"]["reason"], "the account number is wrong");
        let mails: Vec<_> = messages(&test, "mail").await;
        let mails: Vec<_> = mails
            .iter()
            .filter(|row| row.payload["subject"].as_str().unwrap_or("").starts_with("Porting"))
            .collect();
        assert_eq!(mails.len(), 4, "one for each, to the one person of the tenant");
        assert!(
            mails
                .iter()
                .any(|row| row.payload["text"].as_str().unwrap().contains("the account number is wrong"))
        );
        let everything = format!("{events:?} {mails:?}");
        let page = PageRequest { size: 1_000, ..PageRequest::default() };
        let filter = dialtone_app::audit::AuditFilter::default();
        let audit = dialtone_app::audit::list(&app, &operator(), &filter, &page).await.unwrap();
        let audit = format!("{:?}", audit.value);
        assert!(audit.contains("porting.document.add") && audit.contains("porting.move"));
        assert!(!everything.contains(SECRET) && !audit.contains(SECRET), "the account number is sealed");
        let system = Scope::system("a test looks into the table");
        let row = store::porting::get(test.db.read(), &system, "in", id).await.unwrap().unwrap();
        assert!(!row.details.windows(6).any(|part| part == b"secret"));
        assert_eq!(porting::forget(&app).await.unwrap(), 0, "it has only just ended");
        let later = app.now() + Duration::days(porting::FORGET_DAYS + 1);
        assert_eq!(porting::forget_at(&app, later).await.unwrap(), 1);
        let left = porting::get(&app, &actor, Direction::In, id).await.unwrap();
        assert_eq!((left.request.details, left.documents.len()), (Details::default(), 0));
        assert_eq!(porting::forget_at(&app, later).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_draft_is_said_by_field() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let wrong = |change: &dyn Fn(&mut Draft)| {
            let mut wrong = draft(&app, &[ONE]);
            change(&mut wrong);
            wrong
        };
        let mut saturday = app.now().date_naive() + Duration::days(2);
        while saturday.weekday() != Weekday::Sat {
            saturday += Duration::days(1);
        }
        let numbers = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        for (bad, field, word) in [
            (wrong(&|d| d.numbers = numbers(&[ONE, "2065551203"])), "numbers.1", "leading +"),
            (wrong(&|d| d.numbers = numbers(&["+12065550142"])), "numbers.0", "fiction"),
            (wrong(&|d| d.numbers = numbers(&["+12111234567"])), "numbers.0", "service number"),
            (wrong(&|d| d.numbers = numbers(&["+4687901234"])), "numbers.0", "belongs to SE"),
            (wrong(&|d| d.numbers = numbers(&[ONE, ONE])), "numbers.1", "twice"),
            (wrong(&|d| d.numbers = Vec::new()), "numbers", "1 to 100"),
            (wrong(&|d| d.country = "XX".to_owned()), "country", "two letters"),
            (
                wrong(&|d| d.wanted_on = Some(app.now().date_naive() - Duration::days(1))),
                "wantedOn",
                "is over",
            ),
            (wrong(&|d| d.wanted_on = Some(app.now().date_naive())), "wantedOn", "at once"),
            (wrong(&|d| d.wanted_on = Some(saturday)), "wantedOn", "Monday to Friday"),
            (wrong(&|d| d.provider = "x".repeat(500)), "provider", "characters"),
            (wrong(&|d| d.details.pin = Some(String::new())), "pin", "characters"),
        ] {
            let error = porting::create(&app, &actor, bad).await.unwrap_err();
            assert_eq!(code(&error), (400, "InvalidInput", field), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
        let mobile =
            Draft { number_type: NumberType::Mobile, provider: String::new(), ..draft(&app, &[ONE]) };
        let id = porting::create(&app, &actor, mobile).await.unwrap().id;
        for field in ["provider", "pin", "documents", "documents"] {
            let error = porting::submit(&app, &actor, id).await.unwrap_err();
            assert_eq!(code(&error), (400, "InvalidInput", field), "{error}");
            match field {
                "provider" => {
                    let named = |draft: Draft| Ok(Draft { provider: "Old Telco".to_owned(), ..draft });
                    porting::edit(&app, &actor, id, named).await.unwrap();
                }
                "pin" => {
                    let with = |mut draft: Draft| {
                        draft.details.pin = Some("123456".to_owned());
                        Ok(draft)
                    };
                    porting::edit(&app, &actor, id, with).await.unwrap();
                }
                _ => {
                    let has = porting::get(&app, &actor, Direction::In, id).await.unwrap().documents.len();
                    let kind = if has == 0 { DocumentKind::LetterOfAuthority } else { DocumentKind::Bill };
                    porting::add_document(&app, &actor, id, kind, pdf()).await.unwrap();
                }
            }
        }
        porting::submit(&app, &actor, id).await.unwrap();
        let error = porting::edit(&app, &actor, id, Ok).await.unwrap_err();
        assert_eq!(code(&error), (409, "Conflict", "state"));
        let more = porting::add_document(&app, &actor, id, DocumentKind::Other, pdf()).await.unwrap_err();
        assert_eq!(code(&more), (409, "Conflict", "state"));
        let page = Document { content_type: "text/html".to_owned(), bytes: b"<script>".to_vec() };
        let error = porting::add_document(&app, &actor, id, DocumentKind::Other, page).await.unwrap_err();
        assert_eq!(code(&error), (400, "InvalidInput", "document"));
    }
}

#[tokio::test]
async fn a_number_that_is_here_or_in_another_request_is_refused_when_it_is_sent_and_walls_stand() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let stock = json!({ "e164": TWO, "type": "geographic", "country": "US", "carrier": "sandbox",
            "capabilities": { "calling": "inbound+outbound", "sms": "none" },
            "monthly": { "amountMicros": 1_000_000, "currency": "USD" } });
        inventory::import(&app, &operator(), vec![serde_json::from_value(stock).unwrap()]).await.unwrap();
        let here = with_papers(&app, &actor, &[ONE, TWO]).await;
        let error = porting::submit(&app, &actor, here).await.unwrap_err();
        assert_eq!(code(&error), (409, "NumberAlreadyHere", "numbers.1"), "{error}");
        let mine = with_papers(&app, &actor, &[ONE]).await;
        let theirs = with_papers(&app, &other, &[ONE]).await;
        porting::submit(&app, &actor, mine).await.unwrap();
        let error = porting::submit(&app, &other, theirs).await.unwrap_err();
        assert_eq!(code(&error), (409, "NumberInOtherRequest", "numbers.0"), "{error}");
        assert_eq!(code(&porting::get(&app, &other, Direction::In, mine).await.unwrap_err()).0, 404);
        assert_eq!(code(&porting::withdraw(&app, &other, mine).await.unwrap_err()).0, 404);
        assert_eq!(
            code(&porting::accept(&app, &other, mine, acceptance(&app, &[])).await.unwrap_err()).0,
            403
        );
        let paper = porting::get(&app, &actor, Direction::In, mine).await.unwrap().documents[0].id;
        assert_eq!(code(&porting::document(&app, &other, mine, paper).await.unwrap_err()).0, 404);
        let filter = Filter { direction: Direction::In, state: Some(State::Submitted) };
        let page = PageRequest::default();
        assert!(porting::list(&app, &other, filter, &page).await.unwrap().value.is_empty());
        let all = porting::list_as_operator(&app, &operator(), Filter { state: None, ..filter }, &page)
            .await
            .unwrap();
        assert_eq!(all.value.len(), 1, "drafts are their tenants'");
        porting::withdraw(&app, &actor, mine).await.unwrap();
        porting::submit(&app, &other, theirs).await.unwrap();
    }
}

#[tokio::test]
async fn a_balance_that_is_too_low_leaves_everything_as_it_was_until_there_is_money() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let id = with_papers(&app, &actor, &[ONE, TWO]).await;
        porting::submit(&app, &actor, id).await.unwrap();
        let dear = Acceptance { monthly: Some(usd(8_000_000)), ..acceptance(&app, &[]) };
        porting::accept(&app, &operator(), id, dear).await.unwrap();
        let before = balance(&app, &actor).await;
        let error = porting::complete_in(&app, &operator(), id).await.unwrap_err();
        assert_eq!(code(&error).0, 402, "{error}");
        assert_eq!(balance(&app, &actor).await, before);
        let system = Scope::system("a test looks into the stock");
        assert!(store::stock::get(test.db.read(), &system, ONE).await.unwrap().is_none());
        money::credit(&app, &operator(), acme.tenant.id, usd(10_000_000), "for the numbers").await.unwrap();
        porting::complete_in(&app, &operator(), id).await.unwrap();
        assert_eq!(balance(&app, &actor).await, before + 10_000_000 - 17_000_000);
    }
}

async fn owned(app: &App, actor: &Actor) -> E164 {
    let id = with_papers(app, actor, &[ONE]).await;
    porting::submit(app, actor, id).await.unwrap();
    porting::accept(app, &operator(), id, acceptance(app, &[])).await.unwrap();
    porting::complete_in(app, &operator(), id).await.unwrap();
    ONE.parse().unwrap()
}

fn wanted(number: E164, pin: Option<&str>) -> NewPortOut {
    NewPortOut {
        number,
        provider: "New Telco".to_owned(),
        reference: "NT-1".to_owned(),
        pin: pin.map(str::to_owned),
        wanted_on: None,
        answer_days: None,
    }
}

#[tokio::test]
async fn a_number_leaves_once_its_tenant_agreed_and_is_no_number_of_the_platform_any_more() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let number = owned(&app, &actor).await;
        let id = porting::record(&app, &operator(), wanted(number, None)).await.unwrap();
        let again = porting::record(&app, &operator(), wanted(number, None)).await.unwrap_err();
        assert_eq!(code(&again), (409, "NumberInOtherRequest", "numbers"), "{again}");
        let today = app.now().date_naive();
        let early = porting::schedule(&app, &operator(), id, today).await.unwrap_err();
        assert!(early.to_string().contains("may answer until"), "{early}");
        assert_eq!(code(&porting::object(&app, &other, id, "mine").await.unwrap_err()).0, 404);
        porting::object(&app, &actor, id, "we did not ask for it").await.unwrap();
        let stands = porting::schedule(&app, &operator(), id, today).await.unwrap_err();
        assert_eq!(code(&stands), (409, "Conflict", "state"), "its no stands: {stands}");
        porting::confirm(&app, &actor, id).await.unwrap();
        porting::schedule(&app, &operator(), id, today).await.unwrap();
        let before = balance(&app, &actor).await;
        porting::complete_out(&app, &operator(), id).await.unwrap();
        assert_eq!(balance(&app, &actor).await, before, "there is no refund");
        assert!(app.live().config.owner(number).is_none());
        let system = Scope::system("a test looks into the stock");
        assert!(store::stock::get(test.db.read(), &system, ONE).await.unwrap().is_none());
        assert_eq!(code(&numbers::get(&app, &actor, number).await.unwrap_err()).0, 404);
        let released = messages(&test, "number.released").await;
        assert_eq!(released[0].payload["data"]["reason"], "portedOut");
        let done = porting::get(&app, &actor, Direction::Out, id).await.unwrap().request;
        assert_eq!((done.state, done.numbers[0].state), (State::Completed, NumberState::Ported));
        assert_eq!(owned(&app, &actor).await, number, "it may come back");
    }
}

#[tokio::test]
async fn silence_counts_as_a_yes_once_the_time_to_answer_is_over_and_the_tenants_own_wish_at_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let number = owned(&app, &actor).await;
        let id = porting::record(&app, &operator(), wanted(number, None)).await.unwrap();
        let system = Scope::system("a test lets time pass");
        let mut row = store::porting::get(test.db.read(), &system, "out", id).await.unwrap().unwrap();
        row.answer_by = Some(app.now() - Duration::seconds(1));
        test.db
            .write::<_, store::Error, _>(async |tx| store::porting::update(tx, &system, row.clone()).await)
            .await
            .unwrap();
        porting::schedule(&app, &operator(), id, app.now().date_naive() + Duration::days(2)).await.unwrap();
        let early = porting::complete_out(&app, &operator(), id).await.unwrap_err();
        assert!(early.to_string().contains("firm date"), "{early}");
        porting::object(&app, &actor, id, "no, really").await.unwrap();
        porting::reject_out(&app, &operator(), id, "the tenant says no").await.unwrap();
        let own = porting::ask_in_own_name(&app, &actor, wanted(number, None)).await.unwrap();
        let own = porting::get(&app, &actor, Direction::Out, own).await.unwrap().request;
        assert_eq!((own.state, own.answer_by), (State::Confirmed, None));
        let (other, _) = tenant(&app, "Other").await;
        assert_eq!(
            code(&porting::ask_in_own_name(&app, &other, wanted(number, None)).await.unwrap_err()).0,
            404
        );
    }
}

#[tokio::test]
async fn a_lock_or_a_wrong_code_keeps_a_number_and_its_tenant_reads_who_tried() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let number = owned(&app, &actor).await;
        let edit = |locked: Option<bool>, pin: Option<Option<&str>>| GuardEdit {
            locked,
            pin: pin.map(|pin| pin.map(str::to_owned)),
        };
        let bad = porting::set_guard(&app, &actor, number, edit(None, Some(Some("12ab")))).await.unwrap_err();
        assert_eq!(code(&bad), (400, "InvalidInput", "pin"));
        let set =
            porting::set_guard(&app, &actor, number, edit(Some(true), Some(Some("493817")))).await.unwrap();
        assert!(set.locked && set.has_pin);
        let locked = porting::record(&app, &operator(), wanted(number, Some("493817"))).await.unwrap_err();
        assert_eq!(code(&locked), (409, "PortOutLocked", "number"));
        let own = porting::ask_in_own_name(&app, &actor, wanted(number, None)).await.unwrap_err();
        assert_eq!(code(&own), (409, "PortOutLocked", "number"));
        porting::set_guard(&app, &actor, number, edit(Some(false), None)).await.unwrap();
        for pin in [None, Some("493818")] {
            let wrong = porting::record(&app, &operator(), wanted(number, pin)).await.unwrap_err();
            assert_eq!(code(&wrong), (409, "PortOutPinMismatch", "pin"));
        }
        let filter = dialtone_app::audit::AuditFilter {
            tenant: Some(acme.tenant.id),
            what: Some("porting.refuse".to_owned()),
            ..Default::default()
        };
        let tried =
            dialtone_app::audit::list(&app, &operator(), &filter, &PageRequest::default()).await.unwrap();
        assert_eq!(tried.value.len(), 4);
        assert!(!format!("{tried:?}").contains("49381"), "the code is in no log");
        porting::record(&app, &operator(), wanted(number, Some("493817"))).await.unwrap();
    }
}
