//! Certificates of a public authority, by the ACME protocol: Pebble is the authority.

use crate::BINARY;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use testkit::{
    dns::FakeDns,
    server::{Options, Server},
    tls::Authority,
};

const HOST: &str = "voice.acme-door.test";
/// Longer than the pauses after two failed orders: Pebble turns down one nonce in twenty, as authorities may.
const PATIENCE: Duration = Duration::from_secs(120);

/// Pebble on an address of its own; it finds every name at the address of the server under test.
struct Pebble {
    child: Child,
    at: Ipv4Addr,
    folder: PathBuf,
    root: String,
}

impl Pebble {
    fn start(at: Ipv4Addr, dns: SocketAddr) -> Self {
        let folder = std::env::temp_dir().join(format!("dialtone-pebble-{}-{at}", std::process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        let authority = Authority::new();
        let own = authority.identity(&[&at.to_string()]);
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
        write("cert.pem", &own.chain);
        write("key.pem", &own.key);
        write("root.pem", &authority.pem);
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("{at}:14000"), "managementListenAddress": format!("{at}:15000"),
            "certificate": folder.join("cert.pem"), "privateKey": folder.join("key.pem"),
            "httpPort": 8080, "tlsPort": 8080, "ocspResponderURL": "", "externalAccountBindingRequired": false}});
        write("config.json", &config.to_string());
        let child = Command::new("pebble")
            .args(["-config", &folder.join("config.json").display().to_string()])
            .args(["-dnsserver", &dns.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble is installed");
        Self { child, at, folder, root: authority.pem }
    }

    fn directory(&self) -> String {
        format!("https://{}:14000/dir", self.at)
    }

    fn root_file(&self) -> String {
        self.folder.join("root.pem").display().to_string()
    }

    /// The root under which it issues, made anew at each start.
    fn issuer(&self) -> String {
        let asked = client(&self.root, None).get(format!("https://{}:15000/roots/0", self.at)).send();
        asked.and_then(reqwest::blocking::Response::text).expect("pebble hands out its root")
    }

    fn wait(&self) {
        let end = Instant::now() + PATIENCE;
        while client(&self.root, None).get(self.directory()).send().is_err() {
            assert!(Instant::now() < end, "pebble never answers");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A client that believes one root alone, and finds a name where it is told.
fn client(root: &str, at: Option<(&str, SocketAddr)>) -> reqwest::blocking::Client {
    let root = reqwest::Certificate::from_pem(root.as_bytes()).expect("a root");
    let mut builder = reqwest::blocking::Client::builder()
        .tls_certs_only([root])
        .timeout(Duration::from_secs(5))
        .no_proxy();
    if let Some((host, at)) = at {
        builder = builder.resolve(host, at);
    }
    builder.build().expect("a client")
}

/// Asks over TLS until the certificate is believed.
fn believed(issuer: &str, host: &str, at: SocketAddr, server: &Server) {
    let (client, url) = (client(issuer, Some((host, at))), format!("https://{host}:8080/healthz"));
    let end = Instant::now() + PATIENCE;
    loop {
        match client.get(&url).send() {
            Ok(answer) => break assert_eq!(answer.status(), 200),
            Err(error) => assert!(Instant::now() < end, "{error:?}\n{}", server.output()),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn issued(data: &Path, host: &str) -> Vec<u8> {
    fs::read(data.join("acme").join(format!("{host}.pem"))).expect("a certificate is kept")
}

fn walk(at: Ipv4Addr, authority: Ipv4Addr, challenge: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dns = runtime.block_on(FakeDns::start()).expect("a DNS server");
    let tenant_host = format!("door-{challenge}.{HOST}");
    for name in [HOST, &tenant_host] {
        dns.addresses(name, &[&at.to_string()]);
    }
    let pebble = Pebble::start(authority, dns.address);
    pebble.wait();
    let setting = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let settings = vec![
        setting("DIALTONE_HTTP__PUBLIC_URL", &format!("https://{HOST}:8080")),
        setting("DIALTONE_HTTP__ACME_DIRECTORY", &pebble.directory()),
        setting("DIALTONE_HTTP__ACME_ROOT", &pebble.root_file()),
        setting("DIALTONE_HTTP__ACME_CHALLENGE", challenge),
        setting("DIALTONE_HTTP__ACME_CONTACT", "operator@acme-door.test"),
    ];
    let mut server = Server::start_with(Options { binary: BINARY.into(), address: at, settings });
    let (issuer, door) = (pebble.issuer(), SocketAddr::from((at, 8080)));
    believed(&issuer, HOST, door, &server);

    // A tenant's own host gets its certificate when somebody first asks for it; a host of nobody gets none.
    let _ = server.tenant(&format!("Door {challenge}"));
    believed(&issuer, &tenant_host, door, &server);
    let nobody = format!("nobody.{HOST}");
    assert!(
        client(&issuer, Some((&nobody, door))).get(format!("https://{nobody}:8080/healthz")).send().is_err()
    );

    // What was issued is kept: a restart orders nothing.
    let before = issued(server.data(), HOST);
    server.kill();
    drop(pebble);
    server.restart();
    believed(&issuer, HOST, door, &server);
    assert_eq!(issued(server.data(), HOST), before);
    assert!(!server.data().join("acme").join(format!("{nobody}.pem")).exists());
}

#[test]
fn an_authority_issues_for_the_public_host_and_for_tenants_and_looks_for_proofs_over_tls() {
    walk(Ipv4Addr::new(127, 20, 7, 1), Ipv4Addr::new(127, 20, 7, 2), "tls-alpn-01");
}

#[test]
fn an_authority_that_looks_for_a_file_finds_it() {
    walk(Ipv4Addr::new(127, 20, 7, 3), Ipv4Addr::new(127, 20, 7, 4), "http-01");
}
