//! What can be said without a database.

use super::{check, secret};
use domain::events::EventKind;
use zeroize::Zeroizing;

#[test]
fn a_signature_is_that_of_the_specifications_own_example() {
    // https://github.com/standard-webhooks/standard-webhooks: the vector of its reference libraries.
    let key = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    );
    let secrets = [Zeroizing::new(key.expect("base64"))];
    let body = br#"{"test": 2432232314}"#;
    let signed = secret::signature(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn two_secrets_give_two_signatures() {
    let secrets = [Zeroizing::new(vec![1; 32]), Zeroizing::new(vec![2; 32])];
    let both = secret::signature(&secrets, "id", 1, b"{}");
    let each: Vec<_> =
        secrets.iter().map(|one| secret::signature(std::slice::from_ref(one), "id", 1, b"{}")).collect();
    assert_eq!(both, each.join(" "));
    assert_ne!(each[0], each[1]);
}

#[test]
fn types_are_named_without_case_and_once() {
    let named =
        |names: &[&str]| check::kinds(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let twice =
        named(&["dialtone.balancelow", "Microsoft.Communication.IncomingCall", "Dialtone.BalanceLow"]);
    assert_eq!(twice.expect("known"), [EventKind::IncomingCall, EventKind::BalanceLow]);
    assert!(named(&["Microsoft.Communication.SMSReceived"]).is_err());
}

#[test]
fn what_stands_in_a_query_is_not_kept() {
    assert_eq!(check::without_query("https://a.example/b?token=c"), "https://a.example/b?…");
    assert_eq!(check::without_query("https://a.example/b"), "https://a.example/b");
}
