//! Schemathesis walks the OpenAPI document: whatever it makes up, nothing breaks, and every answer is as documented.

use crate::{BINARY, VERSION};
use serde_json::json;
use std::{fs, net::Ipv4Addr, process::Command};
use testkit::server::{Client, OPERATOR_EMAIL, OPERATOR_PASSWORD, Options, Server};

/// Requests made up for each operation.
const EXAMPLES: &str = "6";
/// What would lock the walker out, or ends what it walks on; and files of sound, which it cannot write.
const LEFT_OUT: &str =
    "^/(api/v1/(signup|tokens|accessTokens)|metrics)|/node:drain$|/announcements/\\{cause\\}";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance";

/// Walks as whoever holds the token; path parameters are those of things that are there.
fn walk(server: &Server, token: &str, paths: &str, known: &[(&str, &str)]) {
    let program = std::env::var("TEST_SCHEMATHESIS")
        .expect("tests/run installs Schemathesis and names its program in TEST_SCHEMATHESIS");
    let folder = server.data().join(format!("schemathesis-{}", token.len()));
    fs::create_dir_all(&folder).expect("a scratch folder");
    let parameters: Vec<String> =
        known.iter().map(|(name, value)| format!("\"path.{name}\" = \"{value}\"")).collect();
    let config = format!("[parameters]\n\"query.api-version\" = \"2025-06-01\"\n{}\n", parameters.join("\n"));
    fs::write(folder.join("schemathesis.toml"), config).expect("a file");
    let output = Command::new(program)
        .current_dir(&folder)
        .args(["run", &format!("{}/openapi.json", server.http())])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES])
        .args(["--seed", "1", "--suppress-health-check", "all", "--no-color"])
        .args(["--include-path-regex", paths, "--exclude-path-regex", LEFT_OUT])
        .output()
        .expect("Schemathesis can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        server.output()
    );
    assert!(text.contains("Tested: "), "{text}");
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

fn token(client: &Client, email: &str, password: &str) -> String {
    let answer = client.post("/api/v1/tokens", &json!({"email": email, "password": password})).expect(201);
    answer.body["token"].as_str().expect("a token").to_owned()
}

/// A server with a tenant and its things.
fn peopled(last: u8) -> (Server, Client, String) {
    let address = Ipv4Addr::new(127, 20, 8, last);
    let server = Server::start_with(Options { binary: BINARY.into(), address, settings: Vec::new() });
    let owner = server.tenant("Made Up");
    let number = owner.buy("US", "geographic");
    let trunk = json!({"trunks": {"sbc.made-up.test": {"sipSignalingPort": 5060}}});
    let _ = owner.patch("/sip?api-version=2023-03-01", &trunk).expect(200);
    let _ = owner.post("/api/v1/sipUsers", &json!({"username": "made-up"})).expect(201);
    let _ = owner.get(&format!("/phoneNumbers?{VERSION}")).expect(200);
    (server, owner, number)
}

#[test]
fn no_request_that_a_tenant_can_make_up_breaks_the_server_or_gets_an_undocumented_answer() {
    let (server, owner, number) = peopled(1);
    let known = [
        ("phoneNumber", number.as_str()),
        ("e164", &number),
        ("fqdn", "sbc.made-up.test"),
        ("username", "made-up"),
        ("countryCode", "US"),
        ("country", "US"),
    ];
    let owner = token(&owner, "made-up@tenant.test", testkit::server::PASSWORD);
    walk(&server, &owner, "^(?!/api/v1/operator/)", &known);
}

#[test]
fn no_request_that_an_operator_can_make_up_breaks_the_server_or_gets_an_undocumented_answer() {
    let (server, ..) = peopled(2);
    let operator = token(&server.anonymous(), OPERATOR_EMAIL, OPERATOR_PASSWORD);
    walk(&server, &operator, "^/api/v1/operator/", &[("country", "US")]);
}
