//! The messages of RFC 4475 and mutations of them, from an address that is not banned for them and from many that are.

use super::{
    dice::Dice,
    tools::{Raw, Sbc},
};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

/// Mutations over UDP in one round.
const DATAGRAMS: usize = 4_000;
/// Mutations over TCP in one round, each on a connection of its own.
const CONNECTIONS: usize = 150;
const SEEDS: [&[u8]; 12] = [
    b"Content-Length: 18446744073709551615\r\n",
    b"Content-Length: 4\r\nContent-Length: 5\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\"",
    b"<",
    b"%zz",
    b"\xff\xfe",
    b"99999999999999999999",
    b"X-Thing : x\r\n",
    b"Via: SIP/2.0/UDP [",
];

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("backend/sip/testdata/torture");
    let files = fs::read_dir(folder).expect("the corpus").map(|file| file.expect("a file").path());
    let mut names: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "dat")).collect();
    names.sort();
    names.iter().map(|name| fs::read(name).expect("a message")).collect()
}

fn mutated(dice: &mut Dice, message: &[u8]) -> Vec<u8> {
    if dice.roll(50) == 0 {
        return dice.noise(1_400);
    }
    let mut bytes = message.to_vec();
    dice.mutate(&mut bytes, &SEEDS);
    bytes
}

/// As they are and mutated: from the SBC, which is heard whatever it sends, and from strangers.
pub(crate) fn over_udp(edge: SocketAddr, sbc: &Sbc, seed: u64) {
    let corpus = corpus();
    assert_eq!(corpus.len(), 49, "RFC 4475 has 49 messages");
    let mut dice = Dice(seed);
    let strangers: Vec<Raw> = (1..=40).map(|n| Raw::at(&format!("127.29.10.{n}"), edge)).collect();
    for message in &corpus {
        strangers[0].send(message);
    }
    for n in 0..DATAGRAMS {
        let message = mutated(&mut dice, &corpus[n % corpus.len()]);
        if n % 4 == 0 {
            sbc.raw.send(&message)
        } else {
            strangers[n % strangers.len()].send(&message)
        }
        if n % 100 == 0 {
            // Loopback drops what is not read in time; the edge should see most of it.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// On connections, cut into pieces; the edge closes what it cannot frame.
pub(crate) fn over_tcp(edge: SocketAddr, seed: u64) {
    let corpus = corpus();
    let mut dice = Dice(seed);
    for n in 0..CONNECTIONS {
        let Ok(mut stream) = TcpStream::connect(edge) else { continue };
        stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        let message = mutated(&mut dice, &corpus[n % corpus.len()]);
        for piece in message.chunks(1 + dice.roll(400)) {
            if stream.write_all(piece).is_err() {
                break;
            }
        }
        let _ = stream.read(&mut [0; 512]);
    }
}
