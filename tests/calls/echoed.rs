//! The echo: whoever of a tenant calls it hears itself, in its own codec and with its own keys, for no money.

use crate::{
    BINARY, Tenant, dial,
    ends::{End, Form, speak_alone},
    server, talk_to_echo,
};
use media::{
    codec::Coding,
    tone::{level, share_at},
};
use serde_json::{Value, json};
use std::{net::Ipv4Addr, sync::LazyLock};
use testkit::server::{Options, Server};

const SETTINGS: &str = "/api/v1/operator/audio";
/// A number that the operator gives the echo.
const NUMBER: &str = "+4940555000043";

/// A server without a simulated carrier: the echo is there all the same.
static BARE: LazyLock<Server> = LazyLock::new(|| {
    let settings = vec![("DIALTONE_SANDBOX".to_owned(), "off".to_owned())];
    let address = Ipv4Addr::new(127, 22, 74, 1);
    Server::start_with(Options { binary: BINARY.into(), address, settings })
});

/// A tenant without numbers and without money.
fn tenant(name: &str) -> Tenant {
    let email = format!("{}@echo.test", name.to_lowercase().replace(' ', "-"));
    let password = "correct horse battery";
    let body = json!({"organization": name, "email": email, "password": password});
    let _ = BARE.operator().post("/api/v1/operator/tenants", &body).expect(201);
    let api = BARE.anonymous().sign_in(&email, password);
    Tenant { number: "+15550001111".to_owned(), domain: String::new(), edge: BARE.sip(), api }
}

/// What the record says beside the sound: the way, the charge, and both directions as they were heard.
fn assert_free(record: &Value) {
    assert_eq!(record["outcome"]["cause"], "normal-clearing", "{record}");
    assert_eq!(record["total"]["amountMicros"], 0, "{record}");
    assert_eq!(record["charges"].as_array().map(Vec::len), Some(0), "{record}");
    assert_eq!(record["decision"]["plan"][0]["kind"], "echo", "{record}");
    assert_eq!(record["decision"]["maxDurationSeconds"], 300, "{record}");
    assert_eq!(record["legs"].to_string().matches("\"flowing\"").count(), 2, "{record}");
    let mos = |leg: &Value| leg["quality"]["mos"].as_f64().is_some_and(|mos| mos > 2.5);
    assert!(record["legs"].as_array().is_some_and(|legs| legs.iter().all(mos)), "{record}");
}

#[test]
fn a_phone_hears_itself_without_a_carrier_or_money_as_the_dry_run_said() {
    let mut tenant = tenant("Echoed Phone");
    let (phone, account) = tenant.phone("anna", "127.22.74.2");
    let asked = json!({"from": tenant.number, "to": "echo", "source": "app"});
    let dry = tenant.api.post("/api/v1/calls:simulate", &asked).expect(200).body;
    assert_eq!((&dry["verdict"], &dry["plan"][0]["kind"]), (&json!("connect"), &json!("echo")), "{dry}");
    assert_eq!(dry["plan"].as_array().map(Vec::len), Some(1), "{dry}");
    for number in ["echo", "8:echo123"] {
        let call = phone.call(&dial(&account, &tenant.number, &number.replace(':', "%3A"))).expect("a call");
        call.wait_answered().expect("it is answered here");
        talk_to_echo(&call, 50);
        let _ = call.bye().expect("it ends");
        let record = tenant.record(number);
        assert_free(&record);
        let steps = |trace: &Value| trace.as_array().expect("steps").len();
        assert_eq!(steps(&record["decision"]["trace"]), steps(&dry["trace"]), "{record}");
    }
}

#[test]
fn an_sbc_hears_itself_in_its_own_codec_and_with_its_own_keys_at_the_number_that_is_set() {
    let operator = server().operator();
    let owned = json!({"echoNumbers": ["echo", NUMBER, "112"]});
    let refused = operator.patch(SETTINGS, &owned).expect(400);
    assert_eq!(refused.body["error"]["target"], "echoNumbers[2]", "{}", refused.text);
    let _ = operator.patch(SETTINGS, &json!({"echoNumbers": ["echo", NUMBER]})).expect(200);
    let tenant = Tenant::new("Echoed Sbc");
    let before = tenant.available();
    let srtp = json!({"media": {"srtp": "required"}});
    let mut sbc =
        End::new(&tenant, "sbc.echoed.test", "127.22.74.3", Coding::G722, &srtp).with_events().encrypted();
    // What takes every number does not take this one.
    tenant.route(".*", "sbc.echoed.test");
    let request = sbc.invites(&tenant.number, NUMBER);
    assert_eq!(sbc.is_told(&request).0, 200);
    assert_eq!(sbc.answered[0], "G722");
    sbc.hums(1_004.0, 8_000, 1_200);
    sbc.presses("5", Form::Events);
    speak_alone(&mut sbc, |sbc| sbc.keys[Form::Events as usize] == "5");
    let tone = &sbc.heard[1_600..8_000];
    assert!(share_at(tone, 1_004.0, 8_000) > 0.9 && level(tone) > 4_000.0, "{}", level(tone));
    sbc.hangs_up();
    let record = tenant.record(NUMBER);
    assert_free(&record);
    assert_eq!(record["legs"][0]["encrypted"], true, "{record}");
    assert_eq!(record["legs"][0]["codec"], "G722", "{record}");

    let _ = operator.patch(SETTINGS, &json!({"echoNumbers": ["echo"]})).expect(200);
    let asked = json!({"from": tenant.number, "to": NUMBER, "source": {"trunk": "sbc.echoed.test"}});
    let dry = tenant.api.post("/api/v1/calls:simulate", &asked);
    assert!(dry.status != 200 || dry.body["plan"][0]["kind"] != "echo", "{}", dry.text);
    assert_eq!((tenant.available(), tenant.held()), (before, 0));
}
