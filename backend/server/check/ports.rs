//! Ports: whether they can be bound, and whether two of ours want the same one.

use super::Finding;
use crate::settings::Settings;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

/// The fewest media ports that make sense: two legs, RTP and RTCP.
const MEDIA_PORTS_MIN: usize = 4;
/// Media ports that one call takes.
const PORTS_A_CALL: usize = 4;

pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let (http, sip, tls) = (settings.http.listen, settings.sip.listen, settings.sip.tls_listen);
    let mut all = vec![
        Finding::of("HTTP port", tcp("http.listen", http)),
        Finding::of("SIP port (UDP)", udp("sip.listen", sip)),
        Finding::of("SIP port (TCP)", tcp("sip.listen", sip)),
        Finding::of("SIP port (TLS)", tcp("sip.tls_listen", tls)),
        media(settings),
    ];
    let pairs = [
        ("http.listen", http, "sip.listen", sip),
        ("http.listen", http, "sip.tls_listen", tls),
        ("sip.listen", sip, "sip.tls_listen", tls),
    ];
    for (one, at, other, too) in pairs {
        if at.port() != 0 && at.port() == too.port() && meet(at.ip(), too.ip()) {
            let text = format!("{one} and {other} are both {at}: give one of them another port");
            all.push(Finding::broken("port conflict", text));
        }
    }
    let range = &settings.media.ports.0;
    if range.contains(&sip.port()) && meet(settings.media.address, sip.ip()) {
        let text = format!(
            "media.ports {}-{} holds SIP's own port {}: move one of them",
            range.start(),
            range.end(),
            sip.port()
        );
        all.push(Finding::broken("port conflict", text));
    }
    all
}

/// Whether sockets at these addresses share ports.
fn meet(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_unspecified() || other.is_unspecified()
}

fn tcp(key: &str, at: SocketAddr) -> Result<String, String> {
    TcpListener::bind(at).map(|_| at.to_string()).map_err(|error| remedy(key, at, &error))
}

fn udp(key: &str, at: SocketAddr) -> Result<String, String> {
    UdpSocket::bind(at).map(|_| at.to_string()).map_err(|error| remedy(key, at, &error))
}

fn remedy(key: &str, at: SocketAddr, error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!(
                "{at} is in use: stop the program that holds it (Dialtone itself, where it runs), or set {key}"
            )
        }
        ErrorKind::AddrNotAvailable => {
            format!("{at} is no address of this machine: set {key} to one that is")
        }
        ErrorKind::PermissionDenied => {
            format!("{at} needs more rights: set {key} to a port above 1023, or grant CAP_NET_BIND_SERVICE")
        }
        _ => format!("{at}: {error}; set {key} to a free address"),
    }
}

fn media(settings: &Settings) -> Finding {
    const WHAT: &str = "media ports";
    let address = settings.media.address;
    let range = settings.media.ports.0.clone();
    let free = range.clone().filter(|port| UdpSocket::bind((address, *port)).is_ok()).count();
    let all = range.clone().count();
    if free < MEDIA_PORTS_MIN {
        let text =
            format!("only {free} of {range:?} are free on {address}: set media.ports or media.address");
        return Finding::broken(WHAT, text);
    }
    let calls = free / PORTS_A_CALL;
    let text = format!("{free} of {all} free on {address}, for about {calls} calls");
    if free * 10 < all * 9 {
        return Finding::warning(
            WHAT,
            format!("{text}; others hold the rest: move media.ports to a quieter range"),
        );
    }
    Finding::ok(WHAT, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::settings::PortRange;

    /// What is found at an address of the test's own: tests run side by side, and take the ports that they ask for.
    fn found(host: u8, change: impl FnOnce(&mut Settings)) -> Vec<Finding> {
        let mut settings = Settings::default();
        settings.media.ports = PortRange(41_000..=41_003);
        let at = |port| SocketAddr::from(([127, 91, 3, host], port));
        (settings.http.listen, settings.sip.listen, settings.sip.tls_listen) = (at(8080), at(5060), at(5061));
        settings.media.address = at(0).ip();
        change(&mut settings);
        findings(&settings).into_iter().filter(|finding| finding.verdict != Verdict::Ok).collect()
    }

    #[test]
    fn free_ports_are_no_matter_and_taken_ones_are_named_with_their_key() {
        assert_eq!(found(7, |_| {}), []);
        let taken = TcpListener::bind(("127.91.3.7", 8181)).expect("a free port");
        let broken = found(7, |settings| settings.http.listen = taken.local_addr().expect("bound"));
        assert_eq!(broken.len(), 1);
        assert!(broken[0].text.contains("in use") && broken[0].text.contains("http.listen"), "{broken:?}");
    }

    #[test]
    fn two_of_ours_on_one_port_are_a_conflict() {
        let broken = found(8, |settings| settings.sip.tls_listen.set_port(8080));
        assert!(
            broken
                .iter()
                .any(|finding| finding.what == "port conflict" && finding.text.contains("sip.tls_listen"))
        );
        let broken = found(8, |settings| settings.media.ports = PortRange(5_000..=5_100));
        assert!(
            broken.iter().any(|finding| finding.text.contains("holds SIP's own port 5060")),
            "{broken:?}"
        );
    }

    #[test]
    fn an_address_of_another_machine_says_so() {
        let broken = found(9, |settings| settings.sip.listen = SocketAddr::from(([203, 0, 113, 9], 5060)));
        assert!(
            broken.iter().all(|finding| finding.text.contains("no address of this machine")),
            "{broken:?}"
        );
        assert_eq!(broken.len(), 2);
    }
}
