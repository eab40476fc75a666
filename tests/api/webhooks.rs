//! Webhooks: the true binary, and a receiver that answers well, badly, or not at all.

use crate::{BINARY, server};
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    process::Command,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use testkit::{
    receiver::{Answer, Received, Receiver},
    server::{Client, Options, Server},
};

const SOON: Duration = Duration::from_secs(20);
const HERE: Ipv4Addr = Ipv4Addr::new(127, 20, 41, 2);

/// A server that lets events go to loopback.
static OPEN: LazyLock<Server> = LazyLock::new(|| open(Ipv4Addr::new(127, 20, 41, 1)));

fn open(address: Ipv4Addr) -> Server {
    let settings = vec![("DIALTONE_WEBHOOKS__ALLOW_PRIVATE".to_owned(), "true".to_owned())];
    Server::start_with(Options { binary: BINARY.into(), address, settings })
}

fn subscribe(api: &Client, receiver: &Receiver, more: &Value) -> Value {
    let mut body = json!({"name": "main", "url": receiver.url()});
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    api.post("/api/v1/webhooks", &body).expect(201).body
}

fn path(webhook: &Value, rest: &str) -> String {
    format!("/api/v1/webhooks/{}{rest}", webhook["id"].as_str().expect("an id"))
}

/// Waits until the newest delivery says what is looked for.
fn newest(api: &Client, webhook: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let list = api.wait(&path(webhook, "/deliveries"), SOON, |list| wanted(&list["value"][0]));
    list["value"][0].clone()
}

/// The types of events.
fn types(events: &[Received]) -> Vec<String> {
    let kind = |one: &Received| one.json()[0]["eventType"].as_str().unwrap_or_default().to_owned();
    events.iter().map(kind).collect()
}

/// Checks a signature with a program of the README.
fn verified(interpreter: &str, secret: &str, event: &Received) -> bool {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let (fence, flag) = if interpreter == "python3" { ("```python\n", "-c") } else { ("```js\n", "-e") };
    let section = readme.split("## Webhooks").nth(1).expect("the section");
    let program = section.split(fence).nth(1).and_then(|rest| rest.split("```").next()).expect("a program");
    let call = if interpreter == "python3" {
        "\nimport sys\nh = sys.argv[3:6]\nsys.exit(0 if verify(sys.argv[1], dict(zip(['webhook-id', 'webhook-timestamp', 'webhook-signature'], h)), sys.argv[2].encode()) else 1)\n"
    } else {
        "\nconst [secret, body, id, timestamp, signature] = process.argv.slice(1);\nprocess.exit(verify(secret, {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature}, Buffer.from(body)) ? 0 : 1);\n"
    };
    let status = Command::new(interpreter)
        .args([flag, &format!("{program}{call}"), secret])
        .arg(String::from_utf8(event.body.clone()).expect("text"))
        .args(["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| event.header(name)))
        .status();
    status.expect("the interpreter is there").success()
}

#[test]
fn a_number_is_bought_and_called_and_each_step_is_told_in_both_schemas() {
    let api = OPEN.tenant("Hooks Told");
    let (grid, cloud) = (Receiver::start(HERE), Receiver::start(HERE));
    let main = subscribe(&api, &grid, &json!({}));
    assert_eq!(main["validation"]["state"], "valid", "{main}");
    let calls = json!({
        "name": "calls", "schema": "CloudEventSchemaV1_0", "subjectEndsWith": "0100",
        "eventTypes": ["Microsoft.Communication.IncomingCall"],
    });
    let calls = subscribe(&api, &cloud, &calls);
    assert_eq!(calls["validation"]["state"], "valid", "{calls}");
    assert_eq!(cloud.all()[0].method, "OPTIONS");
    let number = api.buy("US", "geographic");
    let bound = json!({"inbound": {"kind": "forward", "target": "+12065550150"}});
    let _ = api.patch(&format!("/api/v1/numbers/{}", number.replace('+', "%2B")), &bound).expect(200);
    // Rings the sandbox's own range, which answers at once, plays a tone and hangs up after ten seconds.
    let call =
        api.post("/api/v1/sandbox/calls", &json!({"from": "+12065550142", "to": number})).expect(201).body;
    let id = call["callId"].as_str().expect("an id").to_owned();
    let told = grid.wait(4, SOON);
    let _ = api.delete(&format!("/api/v1/calls/{id}"));
    let told = if told.len() < 5 { grid.wait(5, SOON) } else { told };
    let mut kinds = types(&told);
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "Dialtone.CallAnswered",
            "Dialtone.NumberPurchased",
            "Microsoft.Communication.CallEnded",
            "Microsoft.Communication.CallStarted",
            "Microsoft.Communication.IncomingCall",
        ]
    );
    let of = |kind: &str| {
        let found = told.iter().find(|one| types(std::slice::from_ref(*one)) == [kind]).expect("told");
        found.json()[0].clone()
    };
    let incoming = of("Microsoft.Communication.IncomingCall");
    assert_eq!(incoming["data"]["to"]["phoneNumber"]["value"], number.as_str());
    assert_eq!(incoming["data"]["from"]["rawId"], "4:+12065550142");
    assert_eq!(incoming["subject"], format!("/caller/4:+12065550142/recipient/4:{number}"));
    let ended = of("Microsoft.Communication.CallEnded");
    assert_eq!(ended["data"]["serverCallId"], id.as_str());
    let record = api.get(&format!("/api/v1/calls/{id}")).expect(200).body;
    assert_eq!(ended["data"]["total"], record["total"]);
    assert_eq!(ended["data"]["reason"]["phrase"], record["outcome"]["cause"]);
    for event in &told {
        assert_eq!(event.header("aeg-event-type"), "Notification");
        assert_eq!(event.header("aeg-subscription-name"), "MAIN");
    }
    let secret = main["secret"].as_str().expect("a secret");
    for interpreter in ["python3", "node"] {
        assert!(verified(interpreter, secret, &told[0]), "{interpreter}");
        let forged = Received { body: b"[]".to_vec(), ..told[0].clone() };
        assert!(!verified(interpreter, secret, &forged), "{interpreter}");
    }
    let wanted = number.ends_with("0100");
    let heard = cloud.events();
    assert_eq!(heard.len(), usize::from(wanted), "only subjects that end so");
}

#[test]
fn a_failed_delivery_is_tried_again_after_its_pause_and_the_log_shows_both_tries() {
    let api = OPEN.tenant("Hooks Again");
    let receiver = Receiver::start(HERE);
    let webhook = subscribe(&api, &receiver, &json!({}));
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    receiver.behave(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::Say(500, vec![("set-cookie", "a=b".to_owned())], "try later".to_owned()),
        _ => Answer::Well,
    });
    let order = json!({"eventType": "Dialtone.BalanceLow"});
    let sent = api.post(&path(&webhook, ":test"), &order).expect(202).body;
    let events = receiver.wait(2, SOON);
    assert_eq!(events[0].header("webhook-id"), events[1].header("webhook-id"));
    assert_eq!((events[0].header("aeg-delivery-count"), events[1].header("aeg-delivery-count")), ("0", "1"));
    let done = newest(&api, &webhook, |one| one["state"] == "delivered");
    assert_eq!((&done["id"], &done["attempts"], &done["lastStatus"]), (&sent["id"], &json!(2), &json!(200)));
    let one = path(&webhook, &format!("/deliveries/{}", sent["id"].as_str().expect("an id")));
    let whole = api.get(&one).expect(200).body;
    assert_eq!(whole["body"], events[1].json());
    assert_eq!(whole["log"][0]["responseBody"], "try later");
    let cookie = json!({"name": "set-cookie", "value": "(hidden)"});
    assert!(whole["log"][0]["responseHeaders"].as_array().expect("headers").contains(&cookie));
    let pause = |place: usize| {
        let at = whole["log"][place]["at"].as_str().expect("a time");
        chrono::DateTime::parse_from_rfc3339(at).expect("a time").timestamp_millis()
    };
    assert!(pause(1) - pause(0) >= 10_000, "{whole}");
    // Again, by hand: the same event.
    let _ = api.send("POST", &format!("{one}:redeliver"), None).expect(202);
    assert_eq!(receiver.wait(3, SOON)[2].header("webhook-id"), events[0].header("webhook-id"));
}

#[test]
fn what_was_under_way_when_the_server_was_killed_arrives_after_its_next_start() {
    let mut server = open(Ipv4Addr::new(127, 20, 41, 3));
    let api = server.tenant("Hooks Killed");
    let receiver = Receiver::start(HERE);
    let webhook = subscribe(&api, &receiver, &json!({}));
    receiver.behave(|_| Answer::Nothing);
    let _ = api.post(&path(&webhook, ":test"), &json!({"eventType": "Dialtone.CallAnswered"})).expect(202);
    assert_eq!(receiver.wait(1, SOON).len(), 1);
    let number = api.buy("US", "geographic");
    server.kill();
    receiver.behave(|_| Answer::Well);
    server.restart();
    // At least once, in no promised order: one that was under way may come twice before the other comes.
    let expected = ["Dialtone.CallAnswered", "Dialtone.NumberPurchased"].map(str::to_owned);
    let mut wanted = 3;
    loop {
        let kinds = types(&receiver.wait(wanted, SOON)[1..]);
        if expected.iter().all(|kind| kinds.contains(kind)) {
            break;
        }
        assert!(kinds.iter().all(|kind| expected.contains(kind)), "{number}: {kinds:?}");
        wanted += 1;
    }
    newest(&api, &webhook, |one| one["state"] == "delivered");
}

#[test]
fn a_dead_letter_is_sent_again_when_its_owner_says_so_and_a_silent_endpoint_holds_nobody_up() {
    let api = OPEN.tenant("Hooks Dead");
    let (receiver, silent) = (Receiver::start(HERE), Receiver::start(HERE));
    let webhook = subscribe(&api, &receiver, &json!({}));
    let other = subscribe(&api, &silent, &json!({"name": "silent"}));
    silent.behave(|_| Answer::Nothing);
    receiver.behave(|_| Answer::status(413));
    let order = json!({"eventType": "Dialtone.NumberReleased"});
    for _ in 0..12 {
        let _ = api.post(&path(&other, ":test"), &order).expect(202);
    }
    let _ = api.post(&path(&webhook, ":test"), &order).expect(202);
    let dead = newest(&api, &webhook, |one| one["state"] == "dead");
    assert_eq!((&dead["attempts"], &dead["lastStatus"]), (&json!(1), &json!(413)));
    let listed = api.get(&path(&webhook, "/deliveries?state=dead")).expect(200).body;
    assert_eq!(listed["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(api.get(&path(&webhook, "")).expect(200).body["deadLetters"], 1);
    receiver.behave(|_| Answer::Well);
    let again = api.send("POST", &path(&webhook, ":redeliver"), None).expect(202).body;
    assert_eq!(again, json!({"deliveries": 1}));
    newest(&api, &webhook, |one| one["state"] == "delivered");
    let health = OPEN.operator().get("/api/v1/operator/deliveries").expect(200).body;
    assert!(health["waiting"].as_u64() >= Some(12) && health["oldest"].is_string(), "{health}");
    assert!(health["endpoints"].as_array().expect("endpoints").iter().all(|one| one.get("url").is_none()));
    assert_eq!(api.get("/api/v1/operator/deliveries").status, 404);
    let metrics = OPEN.anonymous().get("/metrics").text;
    assert!(metrics.contains("dialtone_webhook_deliveries_total "), "{metrics}");
}

#[test]
fn an_endpoint_without_a_handshake_is_proven_by_the_address_that_it_was_sent() {
    let api = OPEN.tenant("Hooks By Hand");
    let receiver = Receiver::start(HERE);
    receiver.behave(|_| Answer::status(202));
    let webhook = subscribe(&api, &receiver, &json!({}));
    assert_eq!(webhook["validation"]["state"], "awaiting");
    let error = webhook["validation"]["error"].as_str().expect("why");
    assert!(error.contains("202"), "{error}");
    assert_eq!(api.post(&path(&webhook, ":test"), &json!({"eventType": "Dialtone.BalanceLow"})).status, 409);
    let asked = receiver.all().remove(0);
    assert_eq!(asked.header("aeg-event-type"), "SubscriptionValidation");
    assert_eq!(asked.json()[0]["eventType"], "Microsoft.EventGrid.SubscriptionValidationEvent");
    let url = asked.json()[0]["data"]["validationUrl"].as_str().expect("an address").to_owned();
    let opened = url.strip_prefix(&OPEN.http()).expect("an address of this server");
    let nobody = OPEN.anonymous();
    assert_eq!(nobody.get(&opened.replace("code=", "code=0")).status, 404);
    assert_eq!(nobody.get(opened).expect(200).body["validation"]["state"], "valid");
    assert_eq!(nobody.get(opened).status, 404, "it works once");
    assert_eq!(api.get(&path(&webhook, "")).expect(200).body["validation"]["state"], "valid");
}

#[test]
fn private_targets_are_refused_unless_the_operator_allows_them() {
    let api = server().tenant("Hooks Private");
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://2130706433/",
        "https://0x7f.1/",
    ] {
        let refused = api.post("/api/v1/webhooks", &json!({"name": "private", "url": url})).expect(400).body;
        assert_eq!(refused["error"]["target"], "url", "{url}: {refused}");
    }
    assert_eq!(api.get("/api/v1/webhooks").expect(200).body["value"], json!([]));
}

#[test]
fn a_webhook_is_read_changed_and_deleted_and_strangers_find_none() {
    let (api, stranger) = (OPEN.tenant("Hooks Kept"), OPEN.tenant("Hooks Stranger"));
    let receiver = Receiver::start(HERE);
    let made = subscribe(&api, &receiver, &json!({}));
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let one = path(&made, "");
    assert!(api.get(&one).expect(200).body.get("secret").is_none());
    let types = json!(["Dialtone.BalanceLow"]);
    let change = json!({"eventTypes": types, "timeToLiveMinutes": 60, "enabled": false});
    let changed = api.patch(&one, &change).expect(200).body;
    assert_eq!((&changed["eventTypes"], &changed["timeToLiveMinutes"]), (&types, &json!(60)));
    assert_eq!((&changed["enabled"], &changed["url"]), (&json!(false), &json!(receiver.url())));
    for (body, target) in [
        (json!({"eventTypes": ["Nothing"]}), "eventTypes"),
        (json!({"schema": "Custom"}), "schema"),
        (json!({"maxDeliveryAttempts": 0}), "maxDeliveryAttempts"),
        (json!({"colour": "red"}), "colour"),
        (json!({"name": "x"}), "name"),
    ] {
        assert_eq!(api.patch(&one, &body).expect(400).body["error"]["target"], target);
    }
    assert_eq!(api.post("/api/v1/webhooks", &json!({"name": "main", "url": receiver.url()})).status, 409);
    let rotated = api.send("POST", &path(&made, ":rotateSecret"), None).expect(200).body;
    assert_ne!(rotated["secret"], made["secret"]);
    for (method, rest) in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/deliveries"),
        ("POST", ":validate"),
        ("POST", ":rotateSecret"),
        ("POST", ":redeliver"),
    ] {
        assert_eq!(stranger.send(method, &path(&made, rest), None).status, 404, "{method} {rest}");
    }
    let kinds = api.get("/api/v1/eventTypes").expect(200).body;
    let kinds = kinds["value"].as_array().expect("a list");
    assert!(kinds.iter().all(|kind| kind["sample"].as_object().is_some_and(|sample| !sample.is_empty())));
    for known in ["Microsoft.Communication.IncomingCall", "Dialtone.BalanceLow", "Dialtone.InvoiceReady"] {
        assert!(kinds.iter().any(|kind| kind["eventType"] == known), "{known}: {kinds:?}");
    }
    let mark = json!({"threshold": {"amountMicros": 2_000_000, "currency": "USD"}});
    assert_eq!(api.send("PUT", "/api/v1/balanceAlert", Some(&mark)).expect(200).body, mark);
    assert_eq!(api.get("/api/v1/balanceAlert").expect(200).body, mark);
    let other = json!({"threshold": {"amountMicros": 1, "currency": "EUR"}});
    assert_eq!(api.send("PUT", "/api/v1/balanceAlert", Some(&other)).status, 400);
    assert_eq!(api.delete(&one).status, 204);
    assert_eq!(api.get(&one).status, 404);
}
