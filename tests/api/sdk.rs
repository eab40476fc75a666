//! The official SDKs, unmodified: every method of their clients, over TLS and in the clear on the same port.

use crate::BINARY;
use std::{net::Ipv4Addr, process::Command, sync::LazyLock};
use testkit::server::Server;

/// A server of their own: a bare address serves 64 tenants at most.
static HERE: LazyLock<Server> = LazyLock::new(|| Server::start(BINARY, Ipv4Addr::new(127, 20, 13, 1)));

fn run(script: &str, arguments: &[&str], organization: &str) -> String {
    let python = std::env::var("TEST_SDK_PYTHON")
        .expect("tests/run installs the SDK and names its python in TEST_SDK_PYTHON");
    let account = HERE.tenant(organization).account;
    let ca = HERE.data().join("ca.pem");
    let output = Command::new(python)
        .arg(format!("{}/tests/api/{script}", env!("CARGO_MANIFEST_DIR")))
        .args(arguments)
        .env("CONNECTION_STRING", account["connectionString"].as_str().expect("a connection string"))
        .env("REQUESTS_CA_BUNDLE", &ca)
        .env("SSL_CERT_FILE", &ca)
        .output()
        .expect("python can be started");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn the_official_identity_sdk_makes_users_and_tokens_both_ways() {
    let out = run("sdk_identity.py", &[], "Official Identity SDK");
    assert!(out.contains("sync: deleted") && out.contains("async: deleted"), "{out}");
}

/// The SDKs of JavaScript, at this endpoint.
fn run_node(organization: &str, endpoint: impl Fn(&str) -> String) -> String {
    let packages = std::env::var("TEST_SDK_NODE")
        .expect("tests/run installs the SDKs of JavaScript and names their place in TEST_SDK_NODE");
    let account = HERE.tenant(organization).account;
    let connection = account["connectionString"].as_str().expect("a connection string");
    let output = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/sdk.mjs"))
        .env("TEST_SDK_NODE", packages)
        .env("CONNECTION_STRING", endpoint(connection))
        .env("NODE_EXTRA_CA_CERTS", HERE.data().join("ca.pem"))
        .output()
        .expect("node can be started");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn every_method_of_the_javascript_clients_runs_over_tls() {
    let out = run_node("Official Js Tls", str::to_owned);
    assert!(out.contains("done"), "{out}");
}

#[test]
fn every_method_of_the_javascript_clients_runs_in_the_clear_on_the_same_port() {
    let out = run_node("Official Js Plain", |connection| connection.replace("=https:", "=http:"));
    assert!(out.contains("done"), "{out}");
}

fn run_python(flow: &str, mode: &str) {
    let out = run("sdk.py", &[flow, mode], &format!("Official Python {flow} {mode}"));
    assert!(out.contains("every method was called"), "{out}");
}

#[test]
fn every_method_of_the_python_clients_runs_over_tls() {
    run_python("sync", "tls");
}

#[test]
fn every_method_of_the_python_clients_runs_in_the_clear_on_the_same_port() {
    run_python("sync", "plain");
}

#[test]
fn every_method_of_the_asynchronous_python_clients_runs_over_tls() {
    run_python("async", "tls");
}

#[test]
fn every_method_of_the_asynchronous_python_clients_runs_in_the_clear_on_the_same_port() {
    run_python("async", "plain");
}
