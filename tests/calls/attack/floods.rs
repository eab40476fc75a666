//! Much of everything: requests of nobody, connections that say too much or too little, lengths that lie.

use super::tools::Raw;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Addresses that flood in one round.
const ADDRESSES: u8 = 50;
/// Requests of each address and method.
const REQUESTS: u32 = 40;
/// Connections that send a byte now and then.
const TRICKLES: usize = 100;

/// INVITE, REGISTER and OPTIONS from many addresses, each with a Call-ID of its own. No answer is read.
pub(crate) fn from_many(edge: SocketAddr, round: u8) {
    for n in 1..=ADDRESSES {
        let raw = Raw::at(&format!("127.29.{}.{n}", 20 + round), edge);
        for _ in 0..REQUESTS {
            for method in ["INVITE", "REGISTER", "OPTIONS"] {
                let uri = format!("sip:+1206555010{}@{}", n % 10, edge.ip());
                raw.send(raw.request(method, &uri, ""));
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A message without an end, and many that never become whole.
pub(crate) fn trickle_and_oversize(edge: SocketAddr) {
    let mut trickles: Vec<TcpStream> = (0..TRICKLES).filter_map(|_| TcpStream::connect(edge).ok()).collect();
    for turn in 0..10_usize {
        for stream in &mut trickles {
            let _ = stream.write_all(&b"INVITE sip"[turn..=turn]);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut huge = TcpStream::connect(edge).expect("a connection");
    huge.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let _ = huge.write_all(b"INVITE sip:x@y SIP/2.0\r\nX-Long: ");
    let chunk = [b'a'; 16_384];
    let is_cut = (0..64).any(|_| huge.write_all(&chunk).is_err());
    assert!(is_cut || is_closed(&mut huge), "a message beyond its bound ends the connection");
}

/// Content-Length that cannot be, over both transports.
pub(crate) fn wrong_lengths(edge: SocketAddr) {
    let raw = Raw::at("127.29.9.9", edge);
    let sound = raw.request("OPTIONS", "sip:edge.test", "");
    for wrong in ["18446744073709551615", "-1", "99999", "4\r\nContent-Length: 5", "0x10", ""] {
        let text = sound.replace("Content-Length: 0", &format!("Content-Length: {wrong}"));
        raw.send(&text);
        let mut stream = TcpStream::connect(edge).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        stream.write_all(text.as_bytes()).expect("it is sent");
        if wrong != "99999" {
            assert!(is_closed(&mut stream), "framing is lost with Content-Length {wrong:?}");
        }
    }
}

fn is_closed(stream: &mut TcpStream) -> bool {
    let mut room = [0; 4_096];
    loop {
        match stream.read(&mut room) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
            }
        }
    }
}
