//! Invoices over the API: closed, issued, read as a file, credited; and what is in the ledger about them.

use crate::{BINARY, server, tenant};
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::server::{Client, OPERATOR_EMAIL, OPERATOR_PASSWORD, Options, PASSWORD, Server};

/// How long a closed invoice may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn id_of(tenant: &Client) -> String {
    tenant.account["tenant"]["id"].as_str().expect("an id").to_owned()
}

/// Closes what a tenant was charged. What was charged in the last seconds is for the next period.
fn close(tenant: &Client) -> String {
    close_at(server(), tenant)
}

/// The same at another server.
pub(crate) fn close_at(server: &Server, tenant: &Client) -> String {
    let operator = server.operator();
    let path = format!("/api/v1/operator/tenants/{}:closePeriod", id_of(tenant));
    let end = Instant::now() + PATIENCE;
    loop {
        let closed = operator.post(&path, &json!({})).expect(200).body;
        if let Some(id) = closed["invoiceId"].as_str() {
            return id.to_owned();
        }
        assert!(Instant::now() < end, "nothing was charged");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn micros(amount: &Value) -> i64 {
    amount["amountMicros"].as_i64().expect("an amount")
}

#[test]
fn what_was_charged_becomes_an_invoice_that_the_tenant_reads_and_nobody_else() {
    let tenant = tenant("Invoiced");
    let number = tenant.buy("US", "geographic");
    let profile = json!({"name": "Åkesson AB", "address": ["Storgatan 1"], "country": "SE", "zone": "Europe/Stockholm"});
    let kept = tenant.send("PUT", "/api/v1/billingProfile", Some(&profile)).expect(200).body;
    assert_eq!(
        (kept["name"].as_str(), kept["zone"].as_str()),
        (Some("Åkesson AB"), Some("Europe/Stockholm"))
    );
    let id = close(&tenant);
    let invoice = tenant.get(&format!("/api/v1/invoices/{id}")).expect(200).body;
    assert_eq!(
        (invoice["state"].as_str(), invoice["kind"].as_str()),
        (Some("paid"), Some("invoice")),
        "{invoice}"
    );
    assert_eq!(micros(&invoice["charges"]), 1_000_000);
    let lines = invoice["lines"].as_array().expect("lines");
    assert_eq!(
        (lines[0]["subject"].as_str(), lines[0]["number"].as_str()),
        (Some("lease"), Some(number.as_str()))
    );
    assert_eq!(lines.iter().map(|line| micros(&line["amount"])).sum::<i64>(), micros(&invoice["charges"]));
    let pdf = tenant.get(&format!("/api/v1/invoices/{id}.pdf"));
    assert!(pdf.status == 200 && pdf.text.starts_with("%PDF-1.7"), "{}", pdf.status);
    let csv = tenant.get(&format!("/api/v1/invoices/{id}.csv"));
    assert!(csv.status == 200 && csv.text.contains(",lease,") && csv.text.contains(&number), "{}", csv.text);
    let listed = tenant.get("/api/v1/invoices").expect(200).body;
    assert_eq!(listed["value"].as_array().map(Vec::len), Some(1), "{listed}");
    let stranger = crate::tenant("Not Invoiced");
    for suffix in ["", ".pdf", ".csv"] {
        assert_eq!(stranger.get(&format!("/api/v1/invoices/{id}{suffix}")).status, 404);
    }
    assert_eq!(stranger.post(&format!("/api/v1/operator/invoices/{id}:pay"), &json!({})).status, 404);
}

#[test]
fn a_credit_note_and_a_reversal_give_money_back_once_and_the_drift_stays_zero() {
    let tenant = tenant("Given Back");
    let _ = tenant.buy("US", "geographic");
    let operator = server().operator();
    let id = close(&tenant);
    let credit = |amount: i64| {
        let body = json!({"amount": {"amountMicros": amount, "currency": "USD"}, "reason": "too dear"});
        operator.post(&format!("/api/v1/operator/invoices/{id}:credit"), &body)
    };
    let note = credit(400_000).expect(201).body;
    assert_eq!(
        (note["kind"].as_str(), note["creditsInvoiceId"].as_str()),
        (Some("creditNote"), Some(id.as_str()))
    );
    assert_eq!(credit(700_000).expect(400).body["error"]["target"], "amount");
    let ledger = tenant.get("/api/v1/ledger").expect(200).body;
    let lease = ledger["value"].as_array().expect("entries").iter().find(|entry| entry["kind"] == "lease");
    let entry = lease.expect("a lease")["id"].as_str().expect("an id").to_owned();
    let reverse = || {
        let path = format!("/api/v1/operator/ledger/{entry}:reverse");
        operator.post(&path, &json!({"reason": "never used"}))
    };
    assert_eq!(micros(&reverse().expect(201).body["amount"]), 1_000_000);
    assert_eq!(reverse().status, 409);
    assert_eq!(
        tenant.post(&format!("/api/v1/operator/ledger/{entry}:reverse"), &json!({"reason": "mine"})).status,
        404
    );
    assert_eq!(micros(&tenant.get("/api/v1/balance").expect(200).body["balance"]), 10_400_000);
    let drift = operator.get("/api/v1/operator/drift").expect(200).body;
    assert_eq!(drift["figure"], 0, "{drift}");
}

#[test]
fn of_many_who_close_at_once_one_bills_what_was_charged() {
    let tenant = tenant("Closed At Once");
    let _ = tenant.buy("US", "geographic");
    let operator = server().operator();
    // What was charged in the last seconds is for the next period: so long nobody gets an invoice.
    let end = Instant::now() + PATIENCE;
    let path = format!("/api/v1/operator/tenants/{}:closePeriod", id_of(&tenant));
    let listed = format!("/api/v1/operator/invoices?tenant={}", id_of(&tenant));
    let invoices = || operator.get(&listed).expect(200).body["value"].as_array().expect("invoices").clone();
    while invoices().is_empty() {
        assert!(Instant::now() < end, "nothing was charged");
        std::thread::sleep(Duration::from_millis(100));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| assert!(matches!(operator.post(&path, &json!({})).status, 200 | 409 | 503)));
            }
        });
    }
    let billed: Vec<i64> = invoices().iter().map(|invoice| micros(&invoice["charges"])).collect();
    assert_eq!(billed, [1_000_000], "it is billed once");
}

#[test]
fn billing_that_cannot_be_is_refused_by_field() {
    let operator = server().operator();
    let put = |body: Value| operator.send("PUT", "/api/v1/operator/billing", Some(&body));
    let before = operator.get("/api/v1/operator/billing").expect(200).body;
    for (body, target) in [
        (json!({"rates": [{"country": "XX", "name": "VAT", "basisPoints": 100}]}), "rates.0.country"),
        (json!({"rates": [{"country": "SE", "name": "VAT", "basisPoints": 10_001}]}), "rates.0.basisPoints"),
        (json!({"terms": {"dueDays": 1_000}}), "terms.dueDays"),
        (json!({"terms": {"creditSeries": "INV"}}), "terms.creditSeries"),
        (json!({"seller": {"country": "SE", "taxNumber": "12"}}), "seller.taxNumber"),
    ] {
        assert_eq!(put(body).expect(400).body["error"]["target"], target);
    }
    assert_eq!(operator.get("/api/v1/operator/billing").expect(200).body, before);
    let tenant = tenant("Bad Profile");
    let profile = json!({"name": "X", "country": "SE", "taxNumber": "DE123456789"});
    let refused = tenant.send("PUT", "/api/v1/billingProfile", Some(&profile)).expect(400).body;
    assert_eq!(refused["error"]["target"], "taxNumber");
    assert_eq!(tenant.get("/api/v1/invoices?state=lost").expect(400).body["error"]["target"], "state");
}

#[test]
fn calls_of_a_period_are_rated_again() {
    let tenant = tenant("Rated Again");
    let body = json!({"since": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"});
    let path = format!("/api/v1/operator/tenants/{}:rerate", id_of(&tenant));
    let rated = server().operator().post(&path, &body).expect(200).body;
    assert_eq!(
        (&rated["calls"], &rated["differing"], &rated["complete"]),
        (&json!(0), &json!(0), &json!(true))
    );
    let wrong = json!({"since": "2026-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"});
    assert_eq!(server().operator().post(&path, &wrong).expect(400).body["error"]["target"], "until");
    let unknown = "/api/v1/operator/calls/01940000-0000-7000-8000-000000000001:rerate";
    assert_eq!(server().operator().post(unknown, &json!({})).status, 404);
}

#[test]
fn a_carriers_bill_is_compared_with_what_was_sent_to_it() {
    let operator = server().operator();
    let carriers = operator.get("/api/v1/operator/carriers").expect(200).body;
    let id = carriers["value"][0]["id"].as_str().expect("a carrier").to_owned();
    let path = format!("/api/v1/operator/carriers/{id}:reconcile");
    let token = operator_token(server());
    let send = |csv: &str| {
        let request = reqwest::blocking::Client::new().post(format!("{}{path}", server().http()));
        let request = request.bearer_auth(&token).header("content-type", "text/csv").body(csv.to_owned());
        let answer = request.send().expect("the server answers");
        (answer.status().as_u16(), answer.json::<Value>().expect("JSON"))
    };
    let bill = "to,answered_at,duration,price\n+46701740605,2020-01-01T00:00:00Z,61,0.02\n";
    let (status, view) = send(bill);
    assert_eq!(status, 200, "{view}");
    assert_eq!(
        (&view["matched"], &view["extraCount"], &view["missingCount"]),
        (&json!(0), &json!(1), &json!(0))
    );
    assert_eq!(micros(&view["billed"]), 20_000);
    assert_eq!(view["extra"][0]["durationMs"], 61_000);
    let wrong = send("to,answered_at,duration\n+46701740605,some day,61\n");
    assert!(wrong.0 == 400 && wrong.1.to_string().contains("line 2"), "{wrong:?}");
}

/// A token of the operator, which a restart does not void.
fn operator_token(server: &Server) -> String {
    let body = json!({"email": OPERATOR_EMAIL, "password": OPERATOR_PASSWORD});
    let made = server.anonymous().post("/api/v1/tokens", &body).expect(201).body;
    made["token"].as_str().expect("a token").to_owned()
}

/// Tenants of the test that kills.
const TENANTS: usize = 3;
/// How often it kills, where `CLOSE_KILLS` does not say otherwise; `tests/calls/killed.rs` kills more often.
const KILLS: u32 = 3;

/// Has months closed until it is told to stop, or the server is gone.
fn closes(base: String, token: String, ids: Vec<String>, stop: &AtomicBool) {
    let http = reqwest::blocking::Client::new();
    for id in ids.iter().cycle() {
        let url = format!("{base}/api/v1/operator/tenants/{id}:closePeriod");
        let sent = http.post(url).bearer_auth(&token).json(&json!({})).send();
        if stop.load(Ordering::Relaxed) || sent.is_err() {
            return;
        }
    }
}

#[test]
fn after_kill_9_in_the_middle_of_closing_what_is_billed_is_what_the_ledger_says_and_no_number_is_missing() {
    let kills = std::env::var("CLOSE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let address = Ipv4Addr::new(127, 20, 2, 2);
    let mut server = Server::start_with(Options { binary: BINARY.into(), address, settings: Vec::new() });
    let tax = json!({"seller": {"country": "SE"}, "rates": [{"country": "SE", "name": "Moms", "basisPoints": 2500}]});
    let _ = server.operator().send("PUT", "/api/v1/operator/billing", Some(&tax)).expect(200);
    let names: Vec<String> = (0..TENANTS).map(|n| format!("Closed {n}")).collect();
    let ids: Vec<String> = names.iter().map(|name| id_of(&server.tenant(name))).collect();
    for round in 0..kills {
        let token = operator_token(&server);
        let operator = server.anonymous().with_token(&token);
        for id in &ids {
            let body = json!({"amount": {"amountMicros": 5_000_000, "currency": "USD"}, "reason": "a test"});
            assert!(operator.post(&format!("/api/v1/operator/tenants/{id}:credit"), &body).status < 300);
        }
        for name in &names {
            let email = format!("{}@tenant.test", name.to_lowercase().replace(' ', "-"));
            let _ = server.anonymous().sign_in(&email, PASSWORD).buy("US", "geographic");
        }
        // What was charged is old enough to be closed about now.
        std::thread::sleep(Duration::from_secs(3));
        let stop = Arc::new(AtomicBool::new(false));
        let closers: Vec<_> = (0..2)
            .map(|_| {
                let (base, token, ids, stop) = (server.http(), token.clone(), ids.clone(), Arc::clone(&stop));
                std::thread::spawn(move || closes(base, token, ids, &stop))
            })
            .collect();
        let moment = uuid::Uuid::new_v4().as_u128() % 300;
        std::thread::sleep(Duration::from_millis(u64::try_from(moment).expect("short")));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for closer in closers {
            closer.join().expect("it only asks");
        }
        server.restart();
        let drift = server.anonymous().with_token(&operator_token(&server)).get("/api/v1/operator/drift");
        assert_eq!(drift.expect(200).body["figure"], 0, "round {round}");
    }
    let operator = server.anonymous().with_token(&operator_token(&server));
    std::thread::sleep(Duration::from_secs(4));
    for id in &ids {
        let _ = operator.post(&format!("/api/v1/operator/tenants/{id}:closePeriod"), &json!({})).expect(200);
        let invoices =
            operator.get(&format!("/api/v1/operator/invoices?tenant={id}&maxPageSize=1000")).expect(200).body;
        let invoices = invoices["value"].as_array().expect("invoices").clone();
        let billed: i64 = invoices.iter().map(|invoice| micros(&invoice["charges"])).sum();
        assert_eq!(billed, i64::from(kills) * 1_000_000, "each month of a number is on one invoice");
        let taxed: i64 = invoices.iter().map(|invoice| micros(&invoice["taxAmount"])).sum();
        assert_eq!(taxed * 4, billed);
    }
    let drift = operator.get("/api/v1/operator/drift").expect(200).body;
    assert_eq!(drift["figure"], 0, "{drift}");
}
