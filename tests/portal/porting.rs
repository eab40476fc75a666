//! The pages of numbers that change their provider.

use crate::{browser::Browser, operator, tenant};

/// `data:` addresses as a browser reads files.
const PDF: &str = "data:application/pdf;base64,JVBERi0xLjcKc2lnbmVk";
const PAGE: &str = "data:text/html;base64,PHNjcmlwdD4=";

fn draft(number: &str) -> Vec<(&str, &str)> {
    vec![
        ("country", "us"),
        ("number_type", "geographic"),
        ("numbers", number),
        ("provider", "Old Telco"),
        ("account_number", "acct-4711"),
        ("pin", ""),
        ("authorised_name", "Ada Owner"),
        ("lines", "1 Main Street\r\nSuite 2"),
        ("locality", "Seattle"),
        ("region", "WA"),
        ("postal_code", "98101"),
        ("wanted_on", ""),
    ]
}

fn set<'a>(mut form: Vec<(&'a str, &'a str)>, name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    for field in form.iter_mut().filter(|(known, _)| *known == name) {
        field.1 = value;
    }
    form
}

fn working_day() -> String {
    use chrono::Datelike as _;
    let mut day = chrono::Utc::now().date_naive() + chrono::Duration::days(7);
    while matches!(day.weekday(), chrono::Weekday::Sat | chrono::Weekday::Sun) {
        day += chrono::Duration::days(1);
    }
    day.to_string()
}

/// A draft with its papers, sent by the forms: the end of its path.
pub(crate) fn sent(member: &Browser, number: &str) -> String {
    member.get("/app/porting/new").expect(200);
    let day = working_day();
    let made = member.send("/app/porting/new", &set(draft(number), "wanted_on", &day)).expect(303).location;
    member.get(&made).expect(200).says("draft");
    for kind in ["letterOfAuthority", "bill"] {
        member.send(&format!("{made}/documents"), &[("kind", kind), ("document", PDF)]).expect(303);
    }
    member.follow(member.send(&format!("{made}/move/submit"), &[])).says("with the operator");
    made.strip_prefix("/app/porting/").expect("a request").to_owned()
}

#[test]
fn a_tenant_writes_a_draft_mends_it_adds_papers_and_sends_it() {
    let member = tenant("Portal Ports In");
    member.get("/app/porting").expect(200).says("No requests yet");
    member.get("/app/porting/new").expect(200);
    for (name, value, words) in [
        ("numbers", "2065551601", "leading +"),
        ("numbers", "+12065550142", "fiction"),
        ("country", "zz", "two letters"),
        ("wanted_on", "2020-01-06", "is over"),
        ("wanted_on", "soon", "2026-12-14"),
    ] {
        let page = member.send("/app/porting/new", &set(draft("+12065551601"), name, value));
        assert!((400..500).contains(&page.status), "{words}: {}", page.status);
        assert!(page.between("role=\"alert\"", "</div>").contains(words), "{words}: {}", page.text);
        page.says("Old Telco");
    }
    let made = member.send("/app/porting/new", &draft("+12065551601")).expect(303).location;
    member.get(&made).expect(200).says("+12065551601").says("acct-4711").says("None yet");
    let early = member.send(&format!("{made}/move/submit"), &[]);
    assert_eq!(early.status, 400);
    assert!(early.between("role=\"alert\"", "</div>").contains("which day"));
    let day = working_day();
    let form = set(draft("+12065551601, +12065551602"), "wanted_on", &day);
    member.follow(member.send(&made, &form)).says("+12065551602");
    let papers = format!("{made}/documents");
    let bad = member.send(&papers, &[("kind", "bill"), ("document", PAGE)]);
    assert!(bad.status == 400 && bad.text.contains("PNG"), "{}", bad.status);
    for kind in ["letterOfAuthority", "bill", "other"] {
        member.send(&papers, &[("kind", kind), ("document", PDF)]).expect(303);
    }
    let page = member.get(&made).expect(200).says("letter of authority");
    let paper = page.between(&format!("{papers}/"), "\" download").to_owned();
    let read = member.get(&format!("{papers}/{paper}")).expect(200);
    assert_eq!(read.headers.get("content-disposition").map(String::as_str), Some("attachment"));
    member.send(&format!("{papers}/{paper}/delete"), &[]).expect(303);
    let lacks = member.send(&format!("{made}/move/submit"), &[]);
    assert!(lacks.text.contains("letter of authority before"), "{}", lacks.text);
    member.send(&papers, &[("kind", "letterOfAuthority"), ("document", PDF)]).expect(303);
    member.follow(member.send(&format!("{made}/move/submit"), &[])).says("with the operator");
    member.get("/app/porting").expect(200).says("+12065551601 and 1 more");
    let stranger = tenant("Portal Ports Nothing");
    assert_eq!(stranger.get(&made).status, 404);
    assert_eq!(stranger.get(&format!("{papers}/{paper}")).status, 404);
    member.follow(member.send(&format!("{made}/move/cancel"), &[])).says("given up");
}

#[test]
fn the_operator_accepts_and_completes_and_the_number_can_be_locked_and_let_go() {
    let member = tenant("Portal Ported");
    let own = sent(&member, "+12065551611");
    let operator = operator();
    let path = format!("/operator/porting/{own}");
    operator.get("/operator/porting").expect(200).says("+12065551611");
    operator.get(&path).expect(200).says("acct-4711").says("bill");
    let today = chrono::Utc::now().date_naive().to_string();
    let accept = |carrier: &'static str| {
        vec![
            ("firm_on", today.as_str()),
            ("carrier", carrier),
            ("monthly", "1.25"),
            ("setup", ""),
            ("rejected", ""),
        ]
    };
    let bad = operator.send(&format!("{path}/move/accept"), &accept("nobody.test"));
    assert!(
        bad.status == 400 && bad.between("role=\"alert\"", "</div>").contains("carrier"),
        "{}",
        bad.status
    );
    operator
        .follow(operator.send(&format!("{path}/move/accept"), &accept("sandbox")))
        .says("accepted")
        .says("1.25");
    operator.follow(operator.send(&format!("{path}/move/complete"), &[])).says("has moved");
    member.get(&format!("/app/porting/{own}")).expect(200).says("done");
    let number = "/app/numbers/+12065551611";
    member.get(number).expect(200).says("Taking it to another provider");
    let guard = format!("{number}/port-out");
    let bad = member.send(&guard, &[("locked", "yes"), ("pin", "12")]);
    assert!(bad.status == 400 && bad.text.contains("4 to 10 digits"), "{}", bad.status);
    member.follow(member.send(&guard, &[("locked", "yes"), ("pin", "")])).says("locked");
    operator.get("/operator/porting/out").expect(200);
    let ask = [
        ("number", "+12065551611"),
        ("provider", "New Telco"),
        ("reference", "NT-1"),
        ("pin", ""),
        ("answer_days", ""),
    ];
    let locked = operator.send("/operator/porting/out", &ask);
    assert!(locked.status == 409 && locked.text.contains("is locked"), "{}", locked.status);
    member.get(number).expect(200);
    member.follow(member.send(&guard, &[("pin", "")])).says("open");
    operator.get("/operator/porting/out").expect(200);
    let asked = operator.send("/operator/porting/out", &ask).expect(303).location;
    let leaving = asked.replace("/operator/", "/app/");
    member.get("/app/porting/out").expect(200).says("asks the tenant");
    member.get(&leaving).expect(200).says("New Telco");
    member
        .follow(member.send(&format!("{leaving}/move/object"), &[("reason", "nobody asked us")]))
        .says("nobody asked us");
    member.follow(member.send(&format!("{leaving}/move/confirm"), &[])).says("confirmed");
    operator.get(&asked).expect(200);
    operator
        .follow(operator.send(&format!("{asked}/move/schedule"), &[("firm_on", &today)]))
        .says("has its day");
    operator.follow(operator.send(&format!("{asked}/move/complete"), &[])).says("done");
    assert_eq!(member.get(number).status, 404);
}
