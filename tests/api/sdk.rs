//! The official Python SDK, unmodified, over TLS.

use crate::{server, tenant};
use std::process::Command;

#[test]
fn the_official_sdk_searches_buys_lists_routes_and_releases() {
    let python = std::env::var("TEST_SDK_PYTHON")
        .expect("tests/run installs the SDK and names its python in TEST_SDK_PYTHON");
    let account = tenant("Official SDK").account;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/sdk.py"))
        .env("CONNECTION_STRING", account["connectionString"].as_str().expect("a connection string"))
        .env("REQUESTS_CA_BUNDLE", server().data().join("ca.pem"))
        .output()
        .expect("python can be started");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("released"), "{out}");
}
