//! `dialtone operator create`: the true binary beside a server on the same data.

use crate::BINARY;
use serde_json::json;
use std::{
    io::Write as _,
    net::Ipv4Addr,
    process::{Command, Output, Stdio},
};
use testkit::server::{OPERATOR_EMAIL, Server};

const PASSWORD: &str = "another long password";

/// Runs the command; what is `typed` comes over standard input.
fn create(server: &Server, arguments: &[&str], typed: &str) -> Output {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DIALTONE_")) {
        command.env_remove(name);
    }
    let mut child = command
        .args(["operator", "create"])
        .args(arguments)
        .env("DIALTONE_DATA_DIR", server.data())
        .env("RUST_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is built");
    child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("it reads, or has ended well");
    child.wait_with_output().expect("it ends")
}

/// What it says on the way out, where that is one line.
fn one_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.trim_end().lines().count(), 1, "one line, not more: {text}");
    text
}

#[test]
fn an_operator_is_made_beside_a_running_server_and_signs_in_at_once_and_bad_words_are_refused_in_one_line() {
    let server = Server::start(BINARY, Ipv4Addr::new(127, 20, 9, 15));
    let email = "second@operator.test";
    let made = create(&server, &["--email", email, "--password", PASSWORD], "");
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success() && said.contains("can sign in"), "{made:?}");
    let sign_in = |email: &str, password: &str| {
        server.anonymous().post("/api/v1/tokens", &json!({"email": email, "password": password}))
    };
    let token = sign_in(email, PASSWORD).expect(201).body["token"].as_str().expect("a token").to_owned();
    let _ = server.anonymous().with_token(&token).get("/api/v1/operator/tenants").expect(200);
    let row = server.operator().get("/api/v1/operator/audit?what=operator.create&maxPageSize=1").expect(200);
    assert_eq!(row.body["value"][0]["target"], email);
    let typed = create(&server, &["--email", "third@operator.test"], &format!("{PASSWORD}\n"));
    assert!(typed.status.success(), "the password comes over standard input, too: {typed:?}");
    let _ = sign_in("third@operator.test", PASSWORD).expect(201);
    for (arguments, words) in [
        (["--email", "weak@operator.test", "--password", "short"], ["password", "10"]),
        (["--email", email, "--password", PASSWORD], ["already", "address"]),
        (["--email", OPERATOR_EMAIL, "--password", PASSWORD], ["already", "address"]),
        (["--email", "no address", "--password", PASSWORD], ["address", "mail"]),
    ] {
        let refused = create(&server, &arguments, "");
        assert!(!refused.status.success(), "{arguments:?}");
        let said = one_line(&refused).to_lowercase();
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
    let _ = sign_in("weak@operator.test", "short").expect(401);
    let owner = server.tenant("Has The Address");
    let address = owner.account["email"].as_str().unwrap_or("has-the-address@tenant.test").to_owned();
    let refused = create(&server, &["--email", &address, "--password", PASSWORD], "");
    assert!(!refused.status.success() && one_line(&refused).contains("tenant's owner"), "{refused:?}");
}
