//! The API as its users meet it: the true binary on a loopback address of its own.

mod access;
mod acme;
mod audited;
mod decks;
mod documented;
mod doors;
mod emergency;
mod errors;
mod hmac;
mod identities;
mod invited;
mod invoices;
mod keys;
mod money;
mod numbers;
mod operator;
mod operator_create;
mod orders;
mod plans;
mod porting;
mod protection;
mod recordings;
mod rehearsals;
mod repeats;
mod routes;
mod sdk;
mod signup;
mod simulate;
mod sip_preview;
mod supplied;
mod topups;
mod trunks;
mod validation;
mod versions;
mod walls;
mod webhooks;

use std::{net::Ipv4Addr, sync::LazyLock};
use testkit::server::{Client, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_dialtone");
const VERSION: &str = "api-version=2025-06-01";

/// One server for the tests that only need some tenant; each takes a tenant of its own.
static SHARED: LazyLock<Server> = LazyLock::new(|| Server::start(BINARY, Ipv4Addr::new(127, 20, 1, 1)));

fn server() -> &'static Server {
    &SHARED
}

fn tenant(organization: &str) -> Client {
    server().tenant(organization)
}

/// Puts back what the process would leave behind: statics are not dropped.
#[test]
fn the_server_is_ready_and_says_so_to_probes() {
    let probe = server().anonymous();
    assert_eq!(probe.get("/healthz").status, 200);
    assert_eq!(probe.get("/readyz").status, 200);
    let metrics = probe.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("# TYPE dialtone_"), "{}", metrics.text);
}
