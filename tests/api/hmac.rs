//! Requests signed with an access key.

use crate::{VERSION, server, tenant};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

struct Signed {
    date: String,
    hash: String,
    authorization: String,
}

fn sign(key: &str, method: &str, path: &str, host: &str, date: &str, body: &[u8]) -> Signed {
    let hash = STANDARD.encode(Sha256::digest(body));
    let text = format!("{method}\n{path}\n{date};{host};{hash}");
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(key).expect("base64")).expect("any length");
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let authorization =
        format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
    Signed { date: date.to_owned(), hash, authorization }
}

fn send(path: &str, signed: &Signed) -> u16 {
    let request = reqwest::blocking::Client::new().get(format!("{}{path}", server().http()));
    let request = request
        .header("x-ms-date", &signed.date)
        .header("x-ms-content-sha256", &signed.hash)
        .header("authorization", &signed.authorization);
    request.send().expect("an answer").status().as_u16()
}

/// The status of a GET that is signed with a key.
pub(crate) fn get(key: &str, path: &str) -> u16 {
    send(path, &sign(key, "GET", path, "127.20.1.1:8080", &now(0), b""))
}

fn now(offset_minutes: i64) -> String {
    let at = chrono::Utc::now() + chrono::Duration::minutes(offset_minutes);
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[test]
fn both_keys_sign_with_and_without_the_port_and_a_wrong_key_does_not() {
    let account = tenant("Signs").account;
    let path = format!("/phoneNumbers?{VERSION}");
    for key in ["primary", "secondary"] {
        let key = account["accessKeys"][key].as_str().expect("a key");
        for host in ["127.20.1.1:8080", "127.20.1.1", "127.20.1.1:8080/"] {
            assert_eq!(send(&path, &sign(key, "GET", &path, host, &now(0), b"")), 200, "{host}");
        }
    }
    let wrong = STANDARD.encode([7; 32]);
    assert_eq!(send(&path, &sign(&wrong, "GET", &path, "127.20.1.1:8080", &now(0), b"")), 401);
}

#[test]
fn an_old_date_another_path_and_another_body_are_refused() {
    let account = tenant("Signs Badly").account;
    let key = account["accessKeys"]["primary"].as_str().expect("a key");
    let (path, host) = (format!("/phoneNumbers?{VERSION}"), "127.20.1.1:8080");
    assert_eq!(send(&path, &sign(key, "GET", &path, host, &now(-20), b"")), 401);
    assert_eq!(send(&path, &sign(key, "GET", &path, host, &now(20), b"")), 401);
    assert_eq!(send(&path, &sign(key, "GET", &path, host, &now(-10), b"")), 200);
    assert_eq!(send(&path, &sign(key, "GET", "/phoneNumbers", host, &now(0), b"")), 401);
    assert_eq!(send(&path, &sign(key, "GET", &path, host, &now(0), b"another body")), 401);
    assert_eq!(send(&path, &sign(key, "DELETE", &path, host, &now(0), b"")), 401);
}
