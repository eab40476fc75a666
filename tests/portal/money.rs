//! Balance, ledger and invoices, by the pages of a tenant and of the operator.

use crate::{buy, operator, tenant};
use std::time::{Duration, Instant};

/// How long a closed invoice may take: what was charged in the last seconds is for the next period.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_tenant_reads_its_ledger_says_who_pays_and_gets_its_invoice_as_a_file() {
    let browser = tenant("Portal Money");
    let number = buy(&browser, "US", "geographic");
    browser.get("/app/money").expect(200).says("a month of").says("-1.00 USD").says("9.00 USD");
    browser.get("/app/invoices").expect(200).says("No invoice yet");
    let form = |country: &'static str, tax_number: &'static str| {
        [
            ("name", "Åkesson AB"),
            ("address", "Storgatan 1\n111 11 Stockholm"),
            ("country", country),
            ("tax_number", tax_number),
            ("email", ""),
            ("zone", "Europe/Stockholm"),
        ]
    };
    let refused = browser.send("/app/invoices/profile", &form("SE", "DE123456789")).expect(400);
    refused.says("role=\"alert\"").says("value=\"DE123456789\"");
    browser.follow(browser.send("/app/invoices/profile", &form("se", "SE556677889901"))).says("value=\"SE\"");

    let operator = operator();
    let tenants = operator.get("/operator").expect(200);
    let id = tenants.between("<a href=\"/operator/tenants/", "\">Portal Money<");
    let id = id.rsplit("/operator/tenants/").next().expect("an id").to_owned();
    let ledger = format!("/operator/tenants/{id}/ledger");
    operator.get(&ledger).expect(200).says("a month of");
    let end = Instant::now() + PATIENCE;
    let page = loop {
        let page = operator.follow(operator.send(&format!("/operator/tenants/{id}/close"), &[]));
        if page.text.contains("<h1>INV-") {
            break page;
        }
        assert!(Instant::now() < end, "nothing was charged");
        std::thread::sleep(Duration::from_millis(500));
    };
    let title = page.between("<h1>", "</h1>");
    let page = page.says(&number).says("Åkesson AB").says("1.00 USD");
    let invoice = page.between("action=\"/operator/invoices/", "/give/credit");
    browser.get("/app/invoices").expect(200).says(&title).says("paid");
    let own = format!("/app/invoices/{invoice}");
    browser.get(&own).expect(200).says(&title).says(&number);
    assert!(browser.get(&format!("{own}/file.pdf")).expect(200).text.starts_with("%PDF-"));
    browser.get(&format!("{own}/file.csv")).expect(200).says(",lease,");
    browser.get(&format!("{own}/file.exe")).expect(404);
    tenant("Portal No Money").get(&own).expect(404);

    let credit = format!("/operator/invoices/{invoice}/give/credit");
    operator.send(&credit, &[("amount", "2"), ("reason", "too dear")]).expect(400).says("role=\"alert\"");
    let note = operator.follow(operator.send(&credit, &[("amount", "0.25"), ("reason", "too dear")]));
    let note = note.says("Credit note").says("-0.25 USD");
    let of = note.between("<h1>", "</h1>");
    browser.get("/app/invoices").expect(200).says(&of);
    operator.send(&format!("/operator/invoices/{invoice}/pay"), &[]).expect(409);

    let entry = operator.get(&ledger).expect(200).between("name=\"entry\" value=\"", "\"");
    let reverse = format!("{ledger}/reverse");
    let form = [("entry", entry.as_str()), ("reason", "a mistake")];
    operator.follow(operator.send(&reverse, &form)).says("taken back").says("a mistake");
    operator.send(&reverse, &form).expect(409).says("taken back before");
}

#[test]
fn a_tenant_has_its_account_topped_up_and_is_told_what_it_typed_wrong() {
    let browser = tenant("Portal Top Ups");
    browser.get("/app/money").expect(200).says("Automatic top-ups").says("are not offered");
    let form = |amount: &'static str| {
        [
            ("threshold", "5"),
            ("amount", amount),
            ("daily_count", "3"),
            ("daily_amount", ""),
            ("enabled", "on"),
        ]
    };
    let refused = browser.send("/app/money/top-ups", &form("much")).expect(400);
    refused.says("role=\"alert\"").says("much");
    browser.send("/app/money/top-ups", &form("")).expect(400).says("by how much");
    let saved = browser.follow(browser.send("/app/money/top-ups", &form("20")));
    saved.says("badge good").says("value=\"20.00\"").says("value=\"5.00\"");
    let operator = operator();
    let hook = |url: &'static str| [("url", url), ("enabled", "")];
    operator.get("/operator/billing").expect(200).says("Address of the payment system");
    operator
        .send("/operator/billing/top-ups", &hook("https://127.0.0.1/pay"))
        .expect(400)
        .says("role=\"alert\"");
    browser.send("/operator/billing/top-ups", &hook("")).expect(404);
}

#[test]
fn the_operator_sets_who_sells_and_which_taxes_there_are() {
    let operator = operator();
    operator.get("/operator/invoices").expect(200).says("billing");
    operator.get("/operator/invoices?state=overdue").expect(200);
    let form = |rates: &'static str| {
        [
            ("name", "Dialtone AB"),
            ("country", ""),
            ("rates", rates),
            ("due_days", "14"),
            ("reminder_days", "3, 10, 20"),
            ("invoice_series", "INV"),
            ("credit_series", "CRN"),
            ("foot", "Top up the balance."),
        ]
    };
    let refused = operator.send("/operator/billing", &form("SE twenty-five")).expect(400);
    refused.says("role=\"alert\"").says("SE twenty-five");
    operator
        .follow(operator.send("/operator/billing", &form("SE 25 Moms\nFI 25.5 ALV")))
        .says("SE 25.00 Moms");
    tenant("Portal No Billing").get("/operator/billing").expect(404);
}
