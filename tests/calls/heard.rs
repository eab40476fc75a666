//! What a call's record and its page say of its audio: each verdict is provoked by an SBC whose packets the test makes, and ports that run
//! out are told before they do.

use crate::{
    BINARY, ECHO, PATIENCE, Tenant,
    attack::tools::{Sbc, gauge},
};
use media::{g711::Law, rtp::Header};
use serde_json::{Value, json};
use sip::wire::{HeaderName, Message};
use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::LazyLock,
    time::{Duration, Instant},
};
use testkit::server::{Options, Server};

/// A server that is not on the internet but says so, with ports for five calls.
static SMALL: LazyLock<Server> = LazyLock::new(|| {
    let settings = [
        ("DIALTONE_SANDBOX", "on"),
        ("DIALTONE_MEDIA__PUBLIC_ADDRESS", "203.0.113.7"),
        ("DIALTONE_MEDIA__PORTS", "29000-29019"),
        ("DIALTONE_MEDIA__WORKERS", "1"),
    ];
    let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let address = Ipv4Addr::new(127, 22, 91, 1);
    Server::start_with(Options { binary: BINARY.into(), address, settings })
});

/// An SBC in a call with the echo.
struct Talk<'t> {
    tenant: &'t Tenant,
    sbc: Sbc,
    socket: UdpSocket,
    /// Where the relay hears it.
    relay: SocketAddr,
    id: String,
    sent: u16,
}

/// A number of the sandbox that rings until it is cancelled.
const RINGS: &str = "+12065550170";

/// An INVITE for a number, with this description.
pub(crate) fn invite(tenant: &Tenant, sbc: &Sbc, number: &str, sdp: &str) -> String {
    let uri = format!("sip:{number}@{}", tenant.edge.ip());
    let request = sbc.raw.request("INVITE", &uri, "Content-Type: application/sdp\r\n");
    let from = format!("<sip:{}@{}>;tag=", tenant.number, sbc.fqdn);
    let request = request.replace(&format!("<sip:x@{}>;tag=", sbc.raw.addr().ip()), &from);
    request.replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{sdp}", sdp.len()))
}

pub(crate) fn describe(at: SocketAddr, proto: &str, more: &str) -> String {
    let (ip, port) = (at.ip(), at.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {proto} 8\r\na=rtpmap:8 PCMA/8000\r\n{more}"
    )
}

impl<'t> Talk<'t> {
    /// Calls the echo and takes its answer. `adds` are further lines of the description.
    fn new(tenant: &'t Tenant, fqdn: &str, address: &str, (proto, adds): (&str, &str)) -> Self {
        let sbc = Sbc::of(tenant, fqdn, address);
        if !adds.is_empty() {
            let srtp = json!({"media": {"srtp": "optional"}});
            let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &srtp).expect(200);
        }
        let socket = UdpSocket::bind((address, 0)).expect("a socket");
        let sdp = describe(socket.local_addr().expect("bound"), proto, adds);
        let request = invite(tenant, &sbc, ECHO, &sdp);
        sbc.raw.send(&request);
        let answer = sbc.raw.wait(PATIENCE, |message| message.status().is_some_and(|status| status >= 200));
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), Some(200), "{}", text(&answer));
        acknowledge(&sbc, &request, &answer);
        let body = text(&answer);
        let port = body.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()).expect("audio");
        let relay = SocketAddr::new(tenant.edge.ip(), port.parse().expect("a port"));
        let live = |list: &Value| list["value"].as_array().is_some_and(|calls| !calls.is_empty());
        let list = tenant.api.wait("/api/v1/calls?state=live", PATIENCE, live);
        let id = list["value"][0]["id"].as_str().expect("an id").to_owned();
        Self { tenant, sbc, socket, relay, id, sent: 0 }
    }

    /// Sends so many packets, by this socket.
    fn says(&mut self, by: &UdpSocket, payload_type: u8, payload: &[u8], count: u16) {
        for _ in 0..count {
            self.sent += 1;
            let (sequence, timestamp) = (self.sent, u32::from(self.sent) * 160);
            let packet = Header { marker: false, payload_type, sequence, timestamp, ssrc: 7 }.packet(payload);
            by.send_to(&packet, self.relay).expect("it is sent");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What is said of the SBC's audio while the call is up, and in its record: the same.
    fn heard(self, verdict: &str) -> Value {
        let path = format!("/api/v1/calls/{}", self.id);
        let live = self.tenant.api.wait(&path, PATIENCE, |call| call["legs"][0]["verdict"] == verdict);
        assert_eq!(live["state"], "live", "{live}");
        let answer = self.tenant.api.delete(&path);
        assert!(matches!(answer.status, 202 | 204), "{}", answer.text);
        let record = self.tenant.api.wait(&path, PATIENCE, |call| call["state"] == "ended");
        let leg = &record["legs"][0];
        assert_eq!((&leg["side"], &leg["verdict"]), (&json!("caller"), &json!(verdict)), "{leg}");
        drop(self.sbc);
        leg.clone()
    }
}

pub(crate) fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.body()).into_owned()
}

pub(crate) fn acknowledge(sbc: &Sbc, request: &str, answer: &Message) {
    let to = answer.header(HeaderName::To).expect("a To");
    let line =
        |name: &str| request.lines().find(|line| line.starts_with(name)).expect("it is there").to_owned();
    let uri = request.split(' ').nth(1).expect("a URI");
    let (via, from, id, cseq) = (line("Via:"), line("From:"), line("Call-ID:"), line("CSeq:"));
    let (via, cseq) = (via.replace("z9hG4bKa", "z9hG4bKk"), cseq.replace("INVITE", "ACK"));
    sbc.raw.send(format!(
        "ACK {uri} SIP/2.0\r\n{via}\r\nMax-Forwards: 70\r\n{from}\r\nTo: {to}\r\n{id}\r\n{cseq}\r\nContent-Length: 0\r\n\r\n"
    ));
}

/// What the outbox says to the operator under this kind. It is read in the server's own database, beside it.
fn events(server: &Server, kind: &str) -> Vec<String> {
    let url = format!("sqlite://{}", server.data().join("dialtone.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(async {
        let db = store::Db::connect(&url, store::Options::default()).await.expect("the database opens");
        let scope = domain::access::Scope::system("a test reads the outbox of its own server");
        let rows = store::outbox::list(db.read(), &scope, Some(kind), 0, 10).await.expect("messages");
        db.close().await.expect("it closes");
        rows
    });
    rows.into_iter().filter(|row| row.tenant_id.is_none()).map(|row| row.payload.to_string()).collect()
}

fn explained(leg: &Value, words: &[&str]) {
    let text = leg["explanation"].as_str().expect("a sentence");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

fn tone() -> Vec<u8> {
    (0..160).map(|at| Law::A.encode(if at % 20 < 10 { 6000 } else { -6000 })).collect()
}

#[test]
fn audio_that_flows_is_rated_while_the_call_is_up_and_in_its_record() {
    let tenant = Tenant::new("Heard Well");
    let mut talk = Talk::new(&tenant, "sbc.well.test", "127.22.92.1", ("RTP/AVP", ""));
    let socket = talk.socket.try_clone().expect("a socket");
    talk.says(&socket, 8, &tone(), 100);
    let leg = talk.heard("flowing");
    let quality = &leg["quality"];
    assert!(quality["mos"].as_f64().is_some_and(|mos| mos > 2.5), "{leg}");
    assert_eq!((&leg["received"]["lost"], &quality["wrongCodec"]), (&json!(0), &json!(0)));
    assert!(quality["jitterMaxUs"].as_u64() >= quality["jitterP95Us"].as_u64(), "{leg}");
}

#[test]
fn audio_that_is_not_heard_is_explained_while_the_call_is_up_and_in_its_record() {
    let tenant = Tenant::new("Heard Badly");
    let plain = ("RTP/AVP", "");

    let talk = Talk::new(&tenant, "sbc.mute.test", "127.22.93.1", plain);
    explained(&talk.heard("nothing-arrived"), &["No audio arrived from 127.22.93.1", "firewall"]);

    let mut talk = Talk::new(&tenant, "sbc.elsewhere.test", "127.22.93.2", plain);
    let other = UdpSocket::bind("127.22.93.2:0").expect("a socket");
    talk.says(&other, 8, &tone(), 20);
    let other = other.local_addr().expect("bound").to_string();
    explained(&talk.heard("wrong-source"), &[&other, "from the address and port that it advertises"]);

    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n";
    let mut talk = Talk::new(&tenant, "sbc.clear.test", "127.22.93.3", ("RTP/SAVP", key));
    let socket = talk.socket.try_clone().expect("a socket");
    talk.says(&socket, 8, &tone(), 20);
    explained(&talk.heard("srtp-failed"), &["valid SRTP tag", "a=crypto"]);

    let mut talk = Talk::new(&tenant, "sbc.codec.test", "127.22.93.4", plain);
    let socket = talk.socket.try_clone().expect("a socket");
    talk.says(&socket, 18, &[1; 20], 60);
    explained(&talk.heard("wrong-codec"), &["18 (G729)", "agreed on PCMA"]);

    let mut talk = Talk::new(&tenant, "sbc.quiet.test", "127.22.93.5", plain);
    let socket = talk.socket.try_clone().expect("a socket");
    talk.says(&socket, 8, &[0xD5; 160], 320);
    explained(&talk.heard("silence"), &["no sound", "microphone"]);
}

#[test]
fn a_private_address_is_named_and_ports_that_run_out_are_told_before_they_do() {
    let tenant = Tenant::on(&SMALL, "Small Relay");
    let talk = Talk::new(&tenant, "sbc.private.test", "127.22.94.1", ("RTP/AVP", ""));
    explained(&talk.heard("private-address"), &["127.22.94.1", "private address"]);

    let sbc = Sbc::of(&tenant, "sbc.many.test", "127.22.94.2");
    let sdp = describe(sbc.raw.addr(), "RTP/AVP", "");
    // The ports of the call before rest for a while.
    let capacity = gauge(&SMALL, "dialtone_media_capacity");
    assert_eq!((capacity, gauge(&SMALL, "dialtone_media_ports_scarce")), (5, 0));
    let call = || {
        let request = invite(&tenant, &sbc, RINGS, &sdp);
        sbc.raw.send(&request);
        let is_told = |message: &Message| {
            let is_mine = message.call_id().is_some_and(|id| request.contains(&format!("Call-ID: {id}\r\n")));
            is_mine && message.status().is_some_and(|status| status >= 180)
        };
        sbc.raw.wait(PATIENCE, is_told).expect("an answer")
    };
    let (mut up, end) = (0, Instant::now() + 3 * PATIENCE);
    while up < 5 {
        let answer = call();
        match answer.status() {
            Some(status) if status < 300 => up += 1,
            Some(503) => std::thread::sleep(Duration::from_millis(200)),
            status => panic!("{status:?}"),
        }
        assert!(Instant::now() < end, "the ports have rested");
    }
    let refused = call();
    assert_eq!(refused.status(), Some(503));
    let seconds = refused.header(HeaderName::RetryAfter).and_then(|seconds| seconds.trim().parse().ok());
    assert!(seconds.is_some_and(|seconds: u32| seconds > 0), "503 says when to come back");
    let node =
        SMALL.operator().wait("/api/v1/operator/node", PATIENCE, |node| node["media"]["sessions"] == 5);
    assert_eq!((&node["media"]["scarce"], &node["media"]["capacity"]), (&json!(true), &json!(5)), "{node}");
    assert_eq!(gauge(&SMALL, "dialtone_media_ports_scarce"), 1);
    let told = events(&SMALL, "media.ports.scarce");
    assert!(told.len() == 1 && told[0].contains("widen media.ports"), "{told:?}");
}

#[test]
fn a_description_that_cannot_be_served_gets_488_and_a_warning_that_says_what_is_wrong() {
    let tenant = Tenant::new("Bad Descriptions");
    let sbc = Sbc::of(&tenant, "sbc.bad-descriptions.test", "127.22.95.1");
    let good = describe(sbc.raw.addr(), "RTP/AVP", "");
    let without_address = good.replace("c=IN IP4 127.22.95.1\r\n", "");
    let swapped = |from: &str, to: &str| good.replace(from, to);
    let table = [
        (without_address, "no address (c=)"),
        (swapped("c=IN IP4 127.22.95.1", "c=IN IP4 phone.example.com"), "phone.example.com"),
        (swapped("c=IN IP4 127.22.95.1", "c=IN IP4 224.2.1.1/127"), "224.2.1.1"),
        (swapped("c=IN IP4 127.22.95.1", "c=IN IP6 2001:db8::1"), "one is IPv4, one IPv6"),
        (swapped("m=audio", "m=video"), "no audio"),
        (swapped("RTP/AVP", "RTP/SAVP"), "RTP/SAVP"),
        (swapped("RTP/AVP", "UDP/TLS/RTP/SAVP"), "DTLS (a=fingerprint)"),
        (swapped("RTP/AVP", "TCP/MSRP"), "no audio"),
        (swapped("m=audio ", "m=audio 99999"), "line 6"),
        (format!("{good}{}", "a=x\r\n".repeat(1100)), "more than 1024 lines"),
        (format!("{good}{}", "m=audio 9 RTP/AVP 0\r\n".repeat(16)), "more than 16 media"),
    ];
    for (sdp, says) in table {
        let request = invite(&tenant, &sbc, ECHO, &sdp);
        sbc.raw.send(&request);
        let is_final = |message: &Message| {
            let is_mine = message.call_id().is_some_and(|id| request.contains(&format!("Call-ID: {id}\r\n")));
            is_mine && message.status().is_some_and(|status| status >= 200)
        };
        let answer = sbc.raw.wait(PATIENCE, is_final).expect("an answer");
        acknowledge(&sbc, &request, &answer);
        assert_eq!(answer.status(), Some(488), "{sdp}");
        let warning = answer.header(HeaderName::Warning).unwrap_or_default();
        assert!(warning.starts_with("399 ") && warning.contains(says), "{warning} for {says}");
    }
}
