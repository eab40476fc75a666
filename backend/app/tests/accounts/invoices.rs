//! Months are closed into invoices, which come to what the ledger says to the micro-unit.

use crate::house::{operator, start, tenant};
use chrono::{DateTime, Duration, Utc};
use dialtone_app::{
    App, Error, PageRequest, Window,
    invoices::{self, BillingSettings, CreditOrder, Filter, Format, InvoiceView, Party},
    money, outbox,
};
use domain::{
    access::{Actor, Scope},
    billing::{Kind, State, Subject, Terms, Zone},
    ids::TenantId,
    ledger::EntryKind,
    money::{Currency, Money},
    tax::{Rate, Treatment},
};
use std::collections::BTreeSet;
use store::ledger::{Cover, Posting};
use testkit::database::TestDb;
use uuid::Uuid;

const SYSTEM: Scope = Scope::system("a test");

/// After the end of this month.
fn next_month() -> DateTime<Utc> {
    Zone::default().month_end(Utc::now()) + Duration::hours(1)
}

/// So that every entry that was written before now counts as settled.
fn now() -> DateTime<Utc> {
    Utc::now() + Duration::seconds(3)
}

fn party(country: &str, number: Option<&str>) -> Party {
    Party {
        name: "Åkesson & Söner AB".to_owned(),
        address: vec!["Storgatan 1".to_owned(), "111 11 Stockholm".to_owned()],
        country: Some(country.to_owned()),
        tax_number: number.map(str::to_owned),
        email: None,
    }
}

fn moms() -> BillingSettings {
    let rate = Rate { country: "SE".to_owned(), name: "Moms".to_owned(), basis_points: 2_500 };
    BillingSettings {
        seller: party("SE", Some("SE556677889901")),
        rates: vec![rate],
        ..BillingSettings::default()
    }
}

async fn house(test: &TestDb, settings: BillingSettings) -> (App, Actor, TenantId) {
    let app = start(test).await;
    invoices::put_settings(&app, &operator(), settings).await.unwrap();
    let (actor, signed_up) = tenant(&app, "Acme").await;
    (app, actor, signed_up.tenant.id)
}

/// A fee of so many micro-units at a time.
async fn fee(test: &TestDb, tenant: TenantId, micros: i64, at: DateTime<Utc>) {
    let posting = Posting {
        kind: EntryKind::Setup,
        amount: Money::new(-micros, Currency::USD),
        cover: Cover::Held,
        key: format!("test:{}", Uuid::now_v7()),
        description: "a fee".to_owned(),
        at,
        call: None,
        number: None,
        invoice: None,
    };
    let tx = test.db.begin().await.unwrap();
    store::ledger::post(&tx, &SYSTEM, tenant, &posting).await.unwrap();
    tx.commit().await.unwrap();
    // Entries are told apart by the milliseconds of their identifiers: what is of this one is not before `now` yet.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
}

/// The tenant was there last month already, and paid a fee then; that month is closed.
async fn last_month(test: &TestDb, app: &App, tenant: TenantId, micros: i64) -> DateTime<Utc> {
    let began = Zone::default().month_start(Utc::now());
    let opened = (began - Duration::days(20)).to_rfc3339();
    let statement = format!("UPDATE accounts SET opened_at = '{opened}' WHERE tenant_id IS NOT NULL");
    test.db.script(&SYSTEM, &statement).await.unwrap();
    fee(test, tenant, micros, began - Duration::hours(2)).await;
    assert_eq!(invoices::close_due(app, now()).await.unwrap().invoices, 1);
    began
}

async fn all(app: &App, actor: &Actor) -> Vec<InvoiceView> {
    let mut page =
        invoices::list(app, actor, Filter::default(), &PageRequest::default()).await.unwrap().value;
    page.reverse();
    page
}

async fn balance(app: &App, actor: &Actor) -> i64 {
    money::balance(app, actor).await.unwrap().balance.micros
}

async fn is_sound(app: &App) {
    let drift = money::drift(app, &operator()).await.unwrap();
    assert_eq!(drift.figure, 0, "{drift:?}");
}

#[tokio::test]
async fn a_month_becomes_an_invoice_with_its_tax_once_and_the_ledger_says_the_same() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, moms()).await;
        invoices::put_profile(&app, &actor, party("SE", None), Zone::default()).await.unwrap();
        fee(&test, tenant, 1_234_567, Utc::now()).await;
        assert_eq!(invoices::close_due(&app, Utc::now()).await.unwrap().periods, 0, "the month is not over");
        let closed = invoices::close_due(&app, next_month()).await.unwrap();
        assert_eq!((closed.periods, closed.invoices, closed.failed), (1, 1, 0));
        assert_eq!(invoices::close_due(&app, next_month()).await.unwrap().periods, 0, "it is closed once");
        // 1.234567 and 25 % of it, 0.308642, are 1.543209: 1.54 is paid.
        let invoice = all(&app, &actor).await.remove(0);
        let figures =
            [invoice.charges, invoice.tax_amount, invoice.rounding, invoice.total].map(|sum| sum.micros);
        assert_eq!(figures, [1_234_567, 308_642, -3_209, 1_540_000]);
        assert_eq!(
            (invoice.number.as_str(), invoice.state, invoice.open.micros),
            ("INV-000001", State::Paid, 0)
        );
        assert_eq!(
            balance(&app, &actor).await,
            10_000_000 - 1_540_000,
            "what it comes to is gone, to the micro-unit"
        );
        let ledger = money::ledger(&app, &actor, &PageRequest::default()).await.unwrap().value;
        let of_invoice: BTreeSet<_> = ledger
            .iter()
            .filter(|entry| entry.invoice_id == Some(invoice.id))
            .map(|entry| (entry.kind.word(), entry.amount.micros))
            .collect();
        assert_eq!(of_invoice, BTreeSet::from([("tax", -308_642), ("credit", 3_209)]));
        let kinds: Vec<String> = outbox::list(&app, &operator(), None, Window::default())
            .await
            .unwrap()
            .value
            .into_iter()
            .map(|message| message.kind)
            .collect();
        assert!(kinds.iter().any(|kind| kind == "invoice.ready"), "{kinds:?}");
        assert!(kinds.iter().filter(|kind| *kind == "mail").count() >= 1, "{kinds:?}");
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn a_charge_that_is_settled_after_the_close_is_on_the_next_invoice() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, BillingSettings::default()).await;
        let began = last_month(&test, &app, tenant, 1_000_000).await;
        let first = all(&app, &actor).await.remove(0);
        assert_eq!((first.charges.micros, first.ends_at), (1_000_000, began));
        // It happened in the month that is closed, and nobody knew.
        fee(&test, tenant, 500_000, began - Duration::hours(1)).await;
        fee(&test, tenant, 250_000, Utc::now()).await;
        assert_eq!(invoices::close_due(&app, now()).await.unwrap().periods, 0);
        is_sound(&app).await;
        assert_eq!(invoices::close_due(&app, next_month()).await.unwrap().invoices, 1);
        let both = all(&app, &actor).await;
        assert_eq!(both.len(), 2);
        assert_eq!(
            invoices::get(&app, &actor, first.id).await.unwrap().charges,
            first.charges,
            "it is as it was"
        );
        assert_eq!((both[1].starts_at, both[1].charges.micros), (began, 750_000));
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn numbers_have_no_gaps_however_many_close_at_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        for name in ["Ada", "Bob", "Cyd", "Dan"] {
            let (_, signed_up) = tenant(&app, name).await;
            fee(&test, signed_up.tenant.id, 1_000_000, Utc::now()).await;
        }
        let at = next_month();
        let (one, two) = tokio::join!(invoices::close_due(&app, at), invoices::close_due(&app, at));
        assert_eq!(one.unwrap().invoices + two.unwrap().invoices, 4);
        let numbers: BTreeSet<_> =
            all(&app, &operator()).await.into_iter().map(|invoice| invoice.number).collect();
        let expected = ["INV-000001", "INV-000002", "INV-000003", "INV-000004"].map(str::to_owned);
        assert_eq!(numbers, BTreeSet::from(expected));
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn a_credit_note_gives_back_a_part_or_the_whole_and_never_more() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, moms()).await;
        fee(&test, tenant, 1_234_567, Utc::now()).await;
        invoices::close_due(&app, next_month()).await.unwrap();
        let invoice = all(&app, &actor).await.remove(0);
        let order = |charges_micros| CreditOrder { charges_micros, reason: "a wrong price".to_owned() };
        let part = invoices::credit(&app, &operator(), invoice.id, &order(Some(200_000))).await.unwrap();
        assert_eq!(
            (part.kind, part.number.as_str(), part.total.micros),
            (Kind::CreditNote, "CRN-000001", -250_000)
        );
        assert_eq!(balance(&app, &actor).await, 10_000_000 - 1_540_000 + 250_000);
        let more = invoices::credit(&app, &operator(), invoice.id, &order(Some(1_100_000))).await;
        assert!(matches!(more, Err(Error::Invalid { .. })), "{more:?}");
        let rest = invoices::credit(&app, &operator(), invoice.id, &order(None)).await.unwrap();
        assert_eq!(rest.charges.micros, -1_034_567);
        let nothing = invoices::credit(&app, &operator(), invoice.id, &order(None)).await;
        assert!(matches!(nothing, Err(Error::Conflict { .. })), "{nothing:?}");
        assert!(
            invoices::credit(&app, &actor, invoice.id, &order(None)).await.is_err(),
            "tenants give themselves none"
        );
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn an_invoice_about_the_whole_is_mirrored_to_the_micro_unit() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, moms()).await;
        fee(&test, tenant, 1_234_567, Utc::now()).await;
        invoices::close_due(&app, next_month()).await.unwrap();
        let invoice = all(&app, &actor).await.remove(0);
        let order = CreditOrder { charges_micros: None, reason: "all of it".to_owned() };
        invoices::credit(&app, &operator(), invoice.id, &order).await.unwrap();
        assert_eq!(balance(&app, &actor).await, 10_000_000);
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn an_invoice_that_the_balance_does_not_cover_is_reminded_of_paid_or_written_off() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, BillingSettings::default()).await;
        money::set_credit_limit(&app, &operator(), tenant, 100_000_000).await.unwrap();
        last_month(&test, &app, tenant, 15_000_000).await;
        let state = async || {
            let invoice = all(&app, &actor).await.remove(0);
            (invoice.state, invoice.open.micros, invoice.reminders)
        };
        assert_eq!(state().await, (State::Open, 5_000_000, 0), "10.00 of play credit paid a part");
        // What is charged since then is not owed by this invoice.
        fee(&test, tenant, 1_000_000, Utc::now()).await;
        let due = Utc::now() + Duration::days(i64::from(Terms::default().due_days));
        for (days, reminders, expected) in
            [(0, 0, 0), (2, 0, 0), (3, 1, 1), (3, 0, 1), (12, 1, 2), (30, 1, 3), (300, 0, 3)]
        {
            let dunned =
                invoices::dun(&app, due + Duration::days(days) + Duration::minutes(1)).await.unwrap();
            assert_eq!(
                (dunned.reminders, state().await),
                (reminders, (State::Overdue, 5_000_000, expected)),
                "{days}"
            );
        }
        money::credit(&app, &operator(), tenant, Money::new(2_000_000, Currency::USD), "paid").await.unwrap();
        invoices::dun(&app, Utc::now()).await.unwrap();
        assert_eq!(state().await.1, 3_000_000);
        let id = all(&app, &actor).await[0].id;
        let paid = invoices::pay(&app, &operator(), id).await.unwrap();
        assert_eq!((paid.state, paid.open.micros), (State::Paid, 0));
        let again = invoices::pay(&app, &operator(), id).await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
        assert_eq!(balance(&app, &actor).await, -1_000_000);
        is_sound(&app).await;
        invoices::close_due(&app, next_month()).await.unwrap();
        let second = all(&app, &actor).await.remove(1);
        let given_up = invoices::write_off(&app, &operator(), second.id).await.unwrap();
        assert_eq!((given_up.state, balance(&app, &actor).await), (State::WrittenOff, 0));
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn an_entry_is_taken_back_once_and_stands_on_the_next_invoice() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, moms()).await;
        last_month(&test, &app, tenant, 3_000_000).await;
        let entries = money::ledger(&app, &actor, &PageRequest::default()).await.unwrap().value;
        let entry = entries.iter().find(|entry| entry.kind == EntryKind::Setup).unwrap().id;
        assert!(money::reverse(&app, &operator(), entry, " ").await.is_err(), "it wants a reason");
        assert!(matches!(money::reverse(&app, &actor, entry, "mine").await, Err(Error::Denied { .. })));
        let back = money::reverse(&app, &operator(), entry, "billed by mistake").await.unwrap();
        assert_eq!(
            (back.kind, back.amount.micros, back.reverses),
            (EntryKind::Reversal, 3_000_000, Some(entry))
        );
        for refused in [entry, back.id] {
            let error = money::reverse(&app, &operator(), refused, "again").await;
            assert!(matches!(error, Err(Error::Conflict { .. })), "{error:?}");
        }
        let entries = money::ledger(&app, &actor, &PageRequest::default()).await.unwrap().value;
        let original = entries.iter().find(|row| row.id == entry).unwrap();
        assert_eq!(original.reversed_by, Some(back.id));
        is_sound(&app).await;
        // More is given back than was charged: that is a credit note, with its tax.
        invoices::close_due(&app, next_month()).await.unwrap();
        let documents = all(&app, &actor).await;
        let note = invoices::get(&app, &actor, documents[1].id).await.unwrap();
        assert_eq!((note.kind, note.total.micros), (Kind::CreditNote, -3_750_000));
        let lines = note.lines.unwrap();
        assert_eq!((lines[0].key.subject, lines[0].amount_micros), (Subject::Reversal, -3_000_000));
        assert_eq!(lines[0].key.description, "billed by mistake");
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn what_is_billed_is_not_changed_and_what_is_changed_is_found() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, moms()).await;
        fee(&test, tenant, 1_000_000, Utc::now()).await;
        invoices::close_due(&app, next_month()).await.unwrap();
        for statement in [
            "UPDATE invoices SET total_micros = 0",
            "UPDATE invoices SET buyer = '{}'",
            "UPDATE invoices SET number = 7",
            "UPDATE invoice_lines SET amount_micros = 0",
            "UPDATE billing_periods SET charges_micros = 0",
            "UPDATE entries SET amount_micros = 0",
            "DELETE FROM invoices",
            "DELETE FROM invoice_lines",
            "DELETE FROM billing_periods",
            "DELETE FROM journals",
        ] {
            assert!(test.db.script(&SYSTEM, statement).await.is_err(), "{statement}");
        }
        is_sound(&app).await;
        let drop = if test.db.is_sqlite() {
            "DROP TRIGGER invoice_lines_no_update"
        } else {
            "DROP TRIGGER invoice_lines_no_update ON invoice_lines"
        };
        test.db.script(&SYSTEM, drop).await.unwrap();
        test.db.script(&SYSTEM, "UPDATE invoice_lines SET amount_micros = amount_micros + 5").await.unwrap();
        test.db.script(&SYSTEM, "UPDATE invoice_series SET last = last + 1").await.unwrap();
        let drift = money::drift(&app, &operator()).await.unwrap();
        assert_eq!((drift.invoices_micros, drift.number_gaps), (5, 2), "{drift:?}");
        assert_eq!(all(&app, &actor).await.len(), 1);
    }
}

#[tokio::test]
async fn a_draft_waits_for_the_operator_and_is_nobody_elses() {
    for test in TestDb::each().await.unwrap() {
        let review = Terms { review: true, ..Terms::default() };
        let (app, actor, tenant) = house(&test, BillingSettings { terms: review, ..moms() }).await;
        fee(&test, tenant, 2_000_000, Utc::now()).await;
        invoices::close_due(&app, next_month()).await.unwrap();
        assert!(all(&app, &actor).await.is_empty());
        let draft = all(&app, &operator()).await.remove(0);
        assert_eq!((draft.state, draft.number.as_str()), (State::Draft, "draft"));
        assert!(matches!(invoices::get(&app, &actor, draft.id).await, Err(Error::NotFound { .. })));
        is_sound(&app).await;
        // What is known of the buyer when it is issued counts.
        invoices::put_profile(&app, &actor, party("DE", Some("DE123456789")), Zone::default()).await.unwrap();
        let issued = invoices::issue(&app, &operator(), draft.id).await.unwrap();
        assert_eq!(issued.tax.as_ref().unwrap().treatment, Treatment::ReverseCharge);
        assert_eq!((issued.total.micros, issued.state), (2_000_000, State::Paid));
        assert!(matches!(invoices::issue(&app, &operator(), draft.id).await, Err(Error::Conflict { .. })));
        assert_eq!(invoices::get(&app, &actor, draft.id).await.unwrap().number, "INV-000001");
        is_sound(&app).await;
    }
}

#[tokio::test]
async fn an_invoice_is_a_file_for_people_and_one_for_programs() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, tenant) = house(&test, moms()).await;
        fee(&test, tenant, 1_234_567, Utc::now()).await;
        invoices::close_due(&app, next_month()).await.unwrap();
        let id = all(&app, &actor).await[0].id;
        let (_, pdf) = invoices::file(&app, &actor, id, Format::Pdf).await.unwrap();
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF\n"));
        for text in
            [&b"(INV-000001) Tj"[..], b"(1.54) Tj", b"(Moms 25 % \\(SE\\)) Tj", b"\xC5kesson & S\xF6ner AB"]
        {
            assert!(pdf.windows(text.len()).any(|part| part == text), "{}", String::from_utf8_lossy(text));
        }
        let (_, csv) = invoices::file(&app, &actor, id, Format::Csv).await.unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let sum: f64 =
            csv.lines().skip(1).map(|row| row.split(',').nth(7).unwrap().parse::<f64>().unwrap()).sum();
        assert!((sum - 1.54).abs() < 1e-9, "{csv}");
        let (stranger, _) = crate::house::tenant(&app, "Stranger").await;
        assert!(matches!(
            invoices::file(&app, &stranger, id, Format::Pdf).await,
            Err(Error::NotFound { .. })
        ));
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_field() {
    let test = TestDb::sqlite().await.unwrap();
    let (app, actor, tenant) = house(&test, BillingSettings::default()).await;
    let field =
        async |settings: BillingSettings| match invoices::put_settings(&app, &operator(), settings).await {
            Err(Error::Invalid { target, .. }) => target,
            _ => None,
        };
    let with = |rate: Rate| BillingSettings { rates: vec![rate], ..BillingSettings::default() };
    let rate = Rate { country: "SE".to_owned(), name: "Moms".to_owned(), basis_points: 2_500 };
    assert_eq!(
        field(with(Rate { country: "XX".into(), ..rate.clone() })).await.as_deref(),
        Some("rates.0.country")
    );
    assert_eq!(
        field(with(Rate { basis_points: 10_001, ..rate.clone() })).await.as_deref(),
        Some("rates.0.basisPoints")
    );
    assert_eq!(field(with(Rate { name: " ".into(), ..rate.clone() })).await.as_deref(), Some("rates.0.name"));
    let twice = BillingSettings { rates: vec![rate.clone(), rate], ..BillingSettings::default() };
    assert_eq!(field(twice).await.as_deref(), Some("rates.1.country"));
    assert!(matches!(invoices::put_settings(&app, &actor, moms()).await, Err(Error::Denied { .. })));
    assert!(invoices::set_exemption(&app, &operator(), tenant, Some(" ".into())).await.is_err());
    let exempt = invoices::set_exemption(&app, &operator(), tenant, Some("a charity".into())).await.unwrap();
    assert_eq!(exempt.exemption.as_deref(), Some("a charity"));
    let profile = invoices::put_profile(&app, &actor, party("SE", None), Zone::default()).await.unwrap();
    assert_eq!(profile.exemption.as_deref(), Some("a charity"), "a tenant does not change it");
}
