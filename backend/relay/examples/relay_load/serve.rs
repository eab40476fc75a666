//! The relays of our own as processes: this crate's through its true worker thread, and a forwarder that does nothing else.
//!
//! They are told what to do by lines on the standard input, and answer each with one.

use crate::{
    peer::{self, Opened, far_says, key_in},
    ready::ReadySet,
};
use dialtone_relay::{Bridge, Config, Encryption, Kind, Side};
use media::sdp::Sdp;
use std::{
    error::Error,
    io::{self, BufRead},
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

/// Where our relay is.
const OURS: &str = "127.24.6.1";
/// Where the forwarder is.
const BARE: &str = "127.24.6.2";
/// The first port of our relay.
const FIRST_PORT: u16 = 20_000;
/// How often the forwarder looks for new calls while nothing else happens.
const LOOK: Duration = Duration::from_millis(50);

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Runs until the standard input ends.
pub(crate) fn run(kind: &str, calls: usize) -> Outcome<()> {
    crate::ready::raise_open_files(200_000);
    let mut relay: Box<dyn Relay> = match kind {
        "bare" => Box::new(Bare::start()),
        kind => Box::new(Ours::start(calls, kind == peer::Kind::OursSrtp.to_string())?),
    };
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["open", a, b] => {
                let ([a, b], key) = relay.open([a.parse()?, b.parse()?])?;
                println!("{a} {b} {}", key.map(|key| key.to_string()).unwrap_or_default());
            }
            ["churn", count] => {
                relay.churn(count.parse()?)?;
                println!("done");
            }
            _ => println!("ready"),
        }
    }
    Ok(())
}

trait Relay {
    fn open(&mut self, ends: [SocketAddr; 2]) -> Outcome<Opened>;
    /// Has so many calls come and go.
    fn churn(&mut self, count: usize) -> Outcome<()>;
}

struct Ours {
    bridge: Bridge,
    is_srtp: bool,
    _running: dialtone_relay::Running,
}

impl Ours {
    fn start(calls: usize, is_srtp: bool) -> Outcome<Self> {
        let address: IpAddr = OURS.parse()?;
        let last = FIRST_PORT as usize + 4 * (calls + 8) - 1;
        let config = Config {
            bind: address,
            public: address,
            ports: FIRST_PORT..=last.min(usize::from(u16::MAX)) as u16,
            workers: 1,
            port_rest: Duration::ZERO,
            ..Config::default()
        };
        let (handle, runner) = dialtone_relay::new(config)?;
        Ok(Self { bridge: Bridge::new(handle), is_srtp, _running: runner.start()? })
    }

    fn talk(&self, ends: [SocketAddr; 2]) -> Outcome<(u64, Opened)> {
        let id = self.bridge.open()?;
        let of_b = if self.is_srtp { Encryption::Required } else { Encryption::Off };
        self.bridge.encrypt(id, [Encryption::Off, of_b]);
        let to_b = self.bridge.update(id, Side::A, Kind::Offer, far_says(ends[0], None).as_bytes())?;
        let key = key_in(str::from_utf8(&to_b)?);
        let answer = far_says(ends[1], key.as_ref().map(|key| key.tag));
        let to_a = self.bridge.update(id, Side::B, Kind::Answer, answer.as_bytes())?;
        self.bridge.join(id);
        Ok((id, ([audio(&to_a)?, audio(&to_b)?], key)))
    }
}

/// Where a description wants its audio.
fn audio(sdp: &[u8]) -> Outcome<SocketAddr> {
    let sdp = Sdp::parse(sdp)?;
    let audio = sdp.audio().ok_or("no audio")?;
    Ok(SocketAddr::new(sdp.address(audio).ok_or("no address")?, audio.port))
}

impl Relay for Ours {
    fn open(&mut self, ends: [SocketAddr; 2]) -> Outcome<Opened> {
        Ok(self.talk(ends)?.1)
    }

    fn churn(&mut self, count: usize) -> Outcome<()> {
        let end: SocketAddr = "127.24.5.8:9".parse()?;
        for _ in 0..count {
            let (id, _) = self.talk([end, end])?;
            self.bridge.close(id)?;
        }
        Ok(())
    }
}

/// A thread that waits with epoll, and moves each packet by one receive and one send over connected sockets.
struct Bare(Sender<[UdpSocket; 2]>);

impl Bare {
    fn start() -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            if let Err(error) = forward(&receiver) {
                eprintln!("the forwarder has ended: {error}");
            }
        });
        Self(sender)
    }
}

impl Relay for Bare {
    fn open(&mut self, ends: [SocketAddr; 2]) -> Outcome<Opened> {
        let socket = |end: SocketAddr| -> io::Result<UdpSocket> {
            let socket = UdpSocket::bind((BARE, 0))?;
            socket.connect(end)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let sockets = [socket(ends[0])?, socket(ends[1])?];
        let local = [sockets[0].local_addr()?, sockets[1].local_addr()?];
        self.0.send(sockets)?;
        Ok((local, None))
    }

    fn churn(&mut self, _: usize) -> Outcome<()> {
        Err("the forwarder keeps its calls".into())
    }
}

fn forward(calls: &Receiver<[UdpSocket; 2]>) -> io::Result<()> {
    let (mut ready, mut sockets, mut packet) = (ReadySet::new()?, Vec::new(), [0; 2048]);
    loop {
        let count = ready.wait(Some(LOOK))?;
        for token in (0..count).filter_map(|index| ready.token(index)) {
            let index = token as usize;
            let from: &UdpSocket = &sockets[index];
            if let Ok(length) = from.recv(&mut packet) {
                let _ = sockets[index ^ 1].send(&packet[..length]);
            }
        }
        while let Ok(pair) = calls.try_recv() {
            for socket in pair {
                ready.add(&socket, sockets.len() as u64)?;
                sockets.push(socket);
            }
        }
    }
}
