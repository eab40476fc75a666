//! What we protect is read by libsrtp2, and what it protects is read by us: each suite, RTP and RTCP, through the wrap of the numbers.
//! A small program (`libsrtp.c`) is compiled for it; `tests/run` installs the library and the compiler.

use dialtone_media::{
    rtp::Header,
    srtp::{Master, OVERHEAD_MAX, Receiver, Sender, SrtpError, Suite},
};
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// libsrtp2 at the other end of two pipes.
struct Libsrtp {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    program: PathBuf,
}

impl Libsrtp {
    fn start(name: &str) -> Self {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/libsrtp.c");
        let program = std::env::temp_dir().join(format!("dialtone-libsrtp-{name}-{}", std::process::id()));
        let compiled = Command::new("cc").args(["-O1", source, "-lsrtp2", "-o"]).arg(&program).output();
        let compiled = compiled.expect("cc is installed by tests/run");
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "libsrtp2-dev is installed by tests/run: {said}");
        let mut command = Command::new(&program);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, to, from, program }
    }

    /// What it makes of a packet, or its error.
    fn ask(&mut self, master: &Master, way: &str, kind: &str, packet: &[u8]) -> Result<Vec<u8>, String> {
        let (suite, keying) = (master.suite().name(), hex::encode(master.keying()));
        writeln!(self.to, "{suite} {way} {kind} {keying} {}", hex::encode(packet)).expect("it reads");
        let mut line = String::new();
        let _ = self.from.read_line(&mut line).expect("it answers");
        hex::decode(line.trim()).map_err(|_| line)
    }
}

impl Drop for Libsrtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.program);
    }
}

fn master(suite: Suite, seed: u8) -> Master {
    let mut next = seed;
    Master::fresh(suite, &mut |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(37).wrapping_add(11);
            *byte = next;
        }
    })
}

fn rtp(sequence: u16, bytes: usize) -> Vec<u8> {
    let header =
        Header { sequence, timestamp: u32::from(sequence) * 160, ssrc: 0xCAFE_BABE, ..Header::default() };
    header.packet(&(0..bytes).map(|at| at as u8 ^ sequence as u8).collect::<Vec<u8>>())
}

fn rtcp(number: u8) -> Vec<u8> {
    [&[0x80, 200, 0, 6, 0xCA, 0xFE, 0xBA, 0xBE][..], &[number; 20]].concat()
}

fn with_room(packet: &[u8]) -> Vec<u8> {
    let mut room = packet.to_vec();
    room.resize(packet.len() + OVERHEAD_MAX, 0);
    room
}

#[test]
fn libsrtp2_reads_what_we_protect_and_we_read_what_it_protects() {
    let mut library = Libsrtp::start("reads");
    for suite in Suite::ALL {
        let (ours, theirs) = (master(suite, 1), master(suite, 2));
        let (mut sender, mut receiver) = (Sender::new(&ours), Receiver::new(&theirs));
        // From before a wrap to behind it, in all lengths around a block of the cipher.
        for at in 0..40_000_u32 {
            let (sequence, bytes) = (30_000_u16.wrapping_add(at as u16), (at % 40) as usize * 5);
            if at % 1_000 > 2 && !(35_500..35_600).contains(&at) {
                continue;
            }
            let clear = rtp(sequence, bytes);
            let mut packet = with_room(&clear);
            let length = sender.protect_rtp(&mut packet, clear.len()).expect("a new number");
            let read = library.ask(&ours, "unprotect", "rtp", &packet[..length]);
            assert_eq!(read, Ok(clear.clone()), "{suite:?} {sequence}");
            let mut packet = library.ask(&theirs, "protect", "rtp", &clear).expect("a new number");
            assert_eq!(packet.len(), length);
            let length = receiver.unprotect_rtp(&mut packet).expect("a valid tag");
            assert_eq!(&packet[..length], clear, "{suite:?} {sequence}");
        }
        for number in 0..20 {
            let clear = rtcp(number);
            let mut packet = with_room(&clear);
            let length = sender.protect_rtcp(&mut packet, clear.len()).expect("a new number");
            let read = library.ask(&ours, "unprotect", "rtcp", &packet[..length]);
            assert_eq!(read, Ok(clear.clone()), "{suite:?} report {number}");
            let mut packet = library.ask(&theirs, "protect", "rtcp", &clear).expect("a new number");
            let length = receiver.unprotect_rtcp(&mut packet).expect("a valid tag");
            assert_eq!(&packet[..length], clear, "{suite:?} report {number}");
        }
    }
}

#[test]
fn libsrtp2_and_we_refuse_the_same_packets() {
    let mut library = Libsrtp::start("refuses");
    for suite in Suite::ALL {
        let key = master(suite, 3);
        let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key));
        let mut sent = Vec::new();
        for sequence in 0..300 {
            let clear = rtp(sequence, 160);
            let mut packet = with_room(&clear);
            let length = sender.protect_rtp(&mut packet, clear.len()).expect("a new number");
            packet.truncate(length);
            sent.push(packet);
        }
        // Out of order, with repetitions, damage, and what fell behind the window.
        let order = [10, 12, 11, 10, 140, 13, 12, 139, 11, 299, 171, 172, 173, 299, 170, 250, 250, 0];
        for (step, at) in order.into_iter().enumerate() {
            let mut packet = sent[at].clone();
            if step % 5 == 4 {
                let last = packet.len() - 1;
                packet[last] ^= 1;
            }
            let theirs = library.ask(&key, "unprotect", "rtp", &packet).is_ok();
            let ours = receiver.unprotect_rtp(&mut packet);
            assert_eq!(ours.is_ok(), theirs, "{suite:?}, step {step}: {ours:?}");
            assert!(!matches!(ours, Err(SrtpError::Malformed)));
        }
    }
}
