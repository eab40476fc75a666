//! Carriers by name: SRV with a dead first server, and AAAA, with SIPp behind the names.

use crate::{
    BINARY, PATIENCE, Tenant, dial,
    digest::{scenario, wait_over},
    health::NAMES,
    peers::{Peer, Scratch, quiet, sipp},
};
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use testkit::{
    dns::Record,
    server::{Options, Server},
};

/// Nobody is asked with OPTIONS while these tests run: the call itself finds out who is there.
fn start(address: Ipv4Addr, more: &[(&str, String)]) -> Server {
    let settings = [
        ("DIALTONE_SIP__OPTIONS_INTERVAL_SECONDS", "300".to_owned()),
        ("DIALTONE_DNS__SERVERS", NAMES.dns.address.to_string()),
        ("DIALTONE_SANDBOX", "on".to_owned()),
    ];
    let all = settings.iter().chain(more).map(|(key, value)| ((*key).to_owned(), value.clone()));
    Server::start_with(Options { binary: BINARY.into(), address, settings: all.collect() })
}

fn carrier(server: &Server, name: &str, transport: &str, port: u16, ip_version: &str) {
    let made = json!({"name": name, "hosts": [{"address": name, "port": port, "transport": transport}],
        "callerId": "any", "limits": {"callsPerSecond": 10, "maxCalls": 10}, "prefixes": [{"prefix": "46"}],
        "signaling": {"ipAddressVersion": ip_version}});
    let _ = server.operator().post("/api/v1/operator/carriers", &made).expect(201);
}

fn answers(scratch: &Scratch, address: &str, port: &str, transport: &str, media: &str) -> Peer {
    let scenario = scenario("uas").display().to_string();
    let arguments = [
        ["-sf", &scenario],
        ["-i", address],
        ["-p", port],
        ["-t", transport],
        ["-mi", media],
        ["-m", "1"],
        ["-timeout", "30"],
    ];
    let mut arguments = arguments.concat();
    arguments.push("-timeout_error");
    quiet(sipp(scratch, &arguments))
}

#[test]
fn a_call_to_a_named_carrier_goes_to_the_second_server_of_its_srv_records_where_the_first_is_dead() {
    let server = start(Ipv4Addr::new(127, 22, 52, 1), &[]);
    let srv = |priority, weight, host: &str| Record::Srv(priority, weight, 5080, host.to_owned());
    // The one that is alive stands first in the answer, and is weightier: its priority says that it comes last.
    NAMES.dns.put(
        "_sip._tcp.carrier.named.test",
        [srv(20, 100, "live.named.test"), srv(10, 0, "dead.named.test")],
    );
    NAMES.dns.addresses("dead.named.test", &["127.22.52.2"]);
    NAMES.dns.addresses("live.named.test", &["127.22.52.3"]);
    carrier(&server, "carrier.named.test", "tcp", 5060, "ipv4");
    let scratch = Scratch::new("named");
    let mut sipp = answers(&scratch, "127.22.52.3", "5080", "t1", "127.22.52.3");
    // Whoever connects to the first is left at once. The thread ends with the first one.
    let dead = TcpListener::bind("127.22.52.2:5080").expect("the first server's port");
    let tried = std::thread::spawn(move || dead.accept().is_ok());
    let mut tenant = Tenant::on(&server, "Named Carrier");
    let (phone, account) = tenant.phone("anna", "127.22.52.4");
    let call = phone.call(&dial(&account, &tenant.number, "+4684650010")).expect("a call");
    call.wait_answered().expect("the second server answers");
    assert!(tried.is_finished(), "the first server was tried before");
    let _ = call.bye().expect("it ends");
    assert!(wait_over(&mut sipp.0, PATIENCE).success(), "SIPp had its call");
    assert_eq!(tenant.record("+4684650010")["outcome"]["cause"], "normal-clearing");
}

#[test]
fn a_carrier_with_an_ipv6_address_alone_is_called_there() {
    let listen = ("DIALTONE_SIP__LISTEN", "[::]:5960".to_owned());
    let host = ("DIALTONE_SIP__PUBLIC_HOST", "127.0.0.1".to_owned());
    let server = start(Ipv4Addr::new(127, 22, 53, 1), &[listen, host]);
    NAMES.dns.put("_sip._udp.six.named.test", [Record::Srv(1, 1, 5970, "host.six.named.test".into())]);
    NAMES.dns.addresses("host.six.named.test", &["::1"]);
    carrier(&server, "six.named.test", "udp", 5060, "ipv6");
    let scratch = Scratch::new("six");
    let mut sipp = answers(&scratch, "::1", "5970", "u1", "127.22.53.2");
    let mut tenant = Tenant::on(&server, "Carrier Six");
    tenant.edge = "127.0.0.1:5960".parse().expect("an address");
    let (phone, account) = tenant.phone("anna", "127.22.53.3");
    let call = phone.call(&dial(&account, &tenant.number, "+4684650011")).expect("a call");
    call.wait_answered().expect("the carrier answers");
    let _ = call.bye().expect("it ends");
    assert!(wait_over(&mut sipp.0, PATIENCE).success(), "SIPp had its call");
    assert_eq!(tenant.record("+4684650011")["outcome"]["cause"], "normal-clearing");
}
