//! `Idempotency-Key`: a POST that is sent again is answered again and done once.

use crate::{server, tenant};
use serde_json::json;

#[test]
fn the_same_key_gives_the_same_answer_with_its_headers_and_does_nothing_twice() {
    let owner = tenant("Sends Again");
    let key = [("idempotency-key", "order-1")];
    let body = json!({"name": "once", "scopes": ["calls.read"]});
    let send = || owner.send_with("POST", "/api/v1/apiKeys", Some(&body), &key).expect(201);
    let (first, again) = (send(), send());
    assert_eq!(first.text, again.text);
    for header in ["location", "content-type"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
        assert!(first.header(header).is_some(), "{header}");
    }
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    let keys = owner.get("/api/v1/apiKeys").expect(200).body;
    assert_eq!(keys["value"].as_array().map(Vec::len), Some(1));
    let other = json!({"name": "twice", "scopes": ["calls.read"]});
    let refused = owner.send_with("POST", "/api/v1/apiKeys", Some(&other), &key).expect(422);
    assert_eq!(refused.body["error"]["code"], "IdempotencyKeyReused");
    assert_eq!(refused.body["error"]["target"], "Idempotency-Key");
    let stranger = tenant("Same Key Elsewhere");
    let made = stranger.send_with("POST", "/api/v1/apiKeys", Some(&body), &key).expect(201);
    assert_ne!(made.text, first.text, "a key is its tenant's own");
}

#[test]
fn of_many_at_once_with_one_key_one_is_done_and_none_is_done_twice() {
    let owner = tenant("Sends At Once");
    let send = |_| {
        let body = json!({"username": "once"});
        owner.send_with("POST", "/api/v1/sipUsers", Some(&body), &[("idempotency-key", "k")]).status
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|n| scope.spawn(move || send(n))).collect();
        sent.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert!(statuses.contains(&201), "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    let users = owner.get("/api/v1/sipUsers").expect(200).body;
    assert_eq!(users["value"].as_array().map(Vec::len), Some(1));
}

#[test]
fn every_operation_that_makes_something_takes_the_key() {
    let document = server().anonymous().get("/openapi.json").expect(200).body;
    let paths = document["paths"].as_object().expect("paths");
    let mut posts = 0;
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with("/api/v1/")) {
        let Some(parameters) = item["post"].get("parameters").and_then(|all| all.as_array()) else {
            assert!(item.get("post").is_none(), "{path}: POST without parameters");
            continue;
        };
        posts += 1;
        let takes = parameters.iter().any(|one| one["$ref"] == "#/components/parameters/Idempotency-Key");
        assert!(takes, "{path}");
    }
    assert!(posts > 15, "{posts}");
}

#[test]
fn pages_of_numbers_go_on_after_the_last_one_whatever_is_bought_meanwhile() {
    let tenant = tenant("Pages Of Numbers");
    let mut owned: Vec<String> = (0..4).map(|_| tenant.buy("SE", "mobile")).collect();
    owned.sort();
    for (list, rows, field, first) in [
        ("/api/v1/numbers?maxPageSize=2".to_owned(), "value", "number", "/api/v1/numbers"),
        (format!("/phoneNumbers?top=2&{}", crate::VERSION), "phoneNumbers", "phoneNumber", "/phoneNumbers"),
    ] {
        let (mut seen, mut next) = (Vec::new(), Some(list));
        while let Some(path) = next {
            let page = tenant.get(&path).expect(200).body;
            let of = |row: &serde_json::Value| {
                row[field].as_str().or_else(|| row["e164"].as_str()).expect("a number").to_owned()
            };
            seen.extend(page[rows].as_array().expect("rows").iter().map(of));
            next = page["nextLink"].as_str().map(str::to_owned);
            assert!(
                next.as_ref().is_none_or(|next| next.starts_with(first) && !next.contains("skip")),
                "{next:?}"
            );
        }
        assert_eq!(seen, owned, "{first}");
    }
    let _ = tenant.get("/api/v1/numbers?after=nonsense").expect(400);
}
