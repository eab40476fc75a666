//! Kamailio as a tenant's SBC, over TLS with certificates on both sides.

use crate::{
    ECHO, PATIENCE, assert_charged, dial_from_trunk, talk_to_echo,
    tls::{EDGE_NAME, secured, trunk},
};
use serde_json::json;
use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use testkit::phone::{Answering, Phone, Sound};

/// Its address, its name, and the PBX behind it.
const ADDRESS: &str = "127.22.33.1";
const FQDN: &str = "sbc.kamailio.test";
const PBX: &str = "127.22.33.2";
/// How long it may take to start.
const START: Duration = Duration::from_secs(15);

/// Between the PBX, which speaks UDP, and the platform, which is spoken to over TLS with the SBC's name in Contact.
const SCRIPT: &str = r#"
debug=1
log_stderror=yes
children=1
tcp_children=1
enable_tls=yes
auto_aliases=no
listen=udp:@ADDRESS@:5060
listen=tls:@ADDRESS@:5061
mpath="@MODULES@"
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tls", "config", "@FOLDER@/tls.cfg")
request_route {
    if (is_method("INVITE")) record_route();
    if (has_totag()) loose_route();
    if (src_ip == @EDGE@) {
        $du = "sip:@PBX@:5060";
        $fs = "udp:@ADDRESS@:5060";
    } else {
        if (is_method("INVITE")) {
            remove_hf("Contact");
            insert_hf("Contact: <sip:$fU@@FQDN@:5061;transport=tls>\r\n", "Call-ID");
        }
        $du = "sip:@EDGE@:5061;transport=tls";
        $fs = "tls:@ADDRESS@:5061";
    }
    t_relay();
}
onreply_route {
    if (src_ip == @PBX@ && is_method("INVITE") && status =~ "2..") {
        remove_hf("Contact");
        insert_hf("Contact: <sip:pbx@@FQDN@:5061;transport=tls>\r\n", "Call-ID");
    }
}
"#;

/// Both sides show their certificate, and end the handshake where it does not come from the authority.
const TLS: &str = "[server:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n\
    certificate = @FOLDER@/cert.pem\nprivate_key = @FOLDER@/key.pem\nca_list = @FOLDER@/roots.pem\n\
    [client:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n\
    certificate = @FOLDER@/cert.pem\nprivate_key = @FOLDER@/key.pem\nca_list = @FOLDER@/roots.pem\n\
    server_name = @EDGE_NAME@\n";

/// A running Kamailio; killed with its children at the end.
pub(crate) struct Kamailio {
    child: Child,
    folder: PathBuf,
}

impl Kamailio {
    /// Runs a script in which `@ADDRESS@`, `@FOLDER@`, `@MODULES@` and the words of `values` are filled in, beside files in
    /// which the same is done, and waits until it listens over TCP.
    pub(crate) fn run(
        name: &str,
        (address, port): (&str, u16),
        script: &str,
        values: &[(&str, String)],
        files: &[(&str, &str)],
    ) -> Self {
        let folder = std::env::temp_dir().join(format!("dialtone-kamailio-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        let modules =
            ["/usr/lib/x86_64-linux-gnu/kamailio/modules/", "/usr/lib/aarch64-linux-gnu/kamailio/modules/"];
        let modules = modules.into_iter().find(|path| Path::new(path).exists()).unwrap_or_default();
        let own =
            [("@ADDRESS@", address), ("@FOLDER@", &folder.display().to_string()), ("@MODULES@", modules)]
                .map(|(word, value)| (word, value.to_owned()));
        let fill = |text: &str| {
            own.iter().chain(values).fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
        };
        for (name, text) in files {
            fs::write(folder.join(name), fill(text)).expect("a file");
        }
        fs::write(folder.join("kamailio.cfg"), format!("#!KAMAILIO\n{}", fill(script))).expect("a file");
        let log = fs::File::create(folder.join("log")).expect("a file");
        let mut command = Command::new("kamailio");
        command
            .arg("-f")
            .arg(folder.join("kamailio.cfg"))
            .args(["-DD", "-E", "-m", "32", "-M", "8", "-Y"])
            .arg(&folder);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        let child = command.spawn().expect("kamailio is installed by tests/run");
        let mut kamailio = Self { child, folder };
        let end = Instant::now() + START;
        while TcpStream::connect((address, port)).is_err() {
            let is_over = kamailio.child.try_wait().expect("a child can be waited for").is_some();
            assert!(!is_over && Instant::now() < end, "{}", kamailio.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        kamailio
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- kamailio ---\n{}", self.log());
        }
        // SIGTERM has it end its children; it is gone soon after, or at the latest with the kill.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Between the PBX and the platform, with certificates of the authority that both believe.
fn between() -> Kamailio {
    let authority = &secured().authority;
    let identity = authority.identity(&[FQDN]);
    let values = [
        ("@EDGE_NAME@", EDGE_NAME.to_owned()),
        ("@EDGE@", secured().tls().ip().to_string()),
        ("@FQDN@", FQDN.to_owned()),
        ("@PBX@", PBX.to_owned()),
    ];
    let files = [
        ("cert.pem", identity.chain.as_str()),
        ("key.pem", &identity.key),
        ("roots.pem", &authority.pem),
        ("tls.cfg", TLS),
    ];
    Kamailio::run("tls", (ADDRESS, 5061), SCRIPT, &values, &files)
}

#[test]
fn kamailio_as_an_sbc_calls_and_is_called_over_tls_with_certificates_on_both_sides() {
    let tenant = secured().tenant("Kamailio");
    trunk(&tenant, FQDN, ADDRESS);
    tenant.bind("trunk", FQDN);
    let kamailio = between();
    let pbx = Phone::bind(&format!("{PBX}:5060")).expect("a PBX");

    let inside = format!("{ADDRESS}:5060").parse().expect("an address");
    let call = pbx.call(&dial_from_trunk(inside, FQDN, &tenant.number, ECHO)).expect("a call");
    call.wait_answered()
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", kamailio.log(), secured().output()));
    talk_to_echo(&call, 50);
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(ECHO), &[4_000, 13_000]);

    pbx.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo }).expect("the PBX answers");
    let sandbox = json!({"from": "+12065550142", "to": tenant.number});
    let _ = tenant.api.post("/api/v1/sandbox/calls", &sandbox).expect(201);
    let call = pbx
        .wait_incoming(PATIENCE)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", kamailio.log(), secured().output()));
    call.wait_answered().expect("it is answered");
    call.wait_heard("the tone of the sandbox", PATIENCE, |heard| heard.packets >= 50).expect("audio");
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(&tenant.number), &[4_000, 8_500]);
}
