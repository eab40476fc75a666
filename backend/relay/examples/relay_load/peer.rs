//! The relays that are compared, each a process of its own on a core of its own.

use crate::{cpu, ng::Ng};
use media::{
    sdp::{Crypto, Direction, simple_offer},
    srtp::{Master, Suite},
};
use std::{
    env, fmt,
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The core that relays run on.
const CORE: &str = "1";
/// Where rtpengine is.
const RTPENGINE: &str = "127.24.7.1";
/// Its control port.
const NG: &str = "127.24.7.1:22222";
/// How long a relay may take to start.
const START: Duration = Duration::from_secs(10);

/// Which relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// This crate's.
    Ours,
    /// rtpengine in user space, one thread.
    Rtpengine,
    /// epoll, recv, send.
    Bare,
    /// This crate's, with side B encrypted.
    OursSrtp,
    /// rtpengine, with side B encrypted.
    RtpengineSrtp,
}

impl Kind {
    pub(crate) const fn is_rtpengine(self) -> bool {
        matches!(self, Self::Rtpengine | Self::RtpengineSrtp)
    }

    pub(crate) const fn is_srtp(self) -> bool {
        matches!(self, Self::OursSrtp | Self::RtpengineSrtp)
    }
}

/// The suite of side B, which all relays have.
pub(crate) const SUITE: Suite = Suite::AesCm128Sha1Tag80;

/// The line of side B's key: one for all calls, whose sources differ.
pub(crate) fn far_key(tag: u32) -> Crypto {
    Crypto { tag, master: Master::fresh(SUITE, &mut |bytes| bytes.fill(0x5A)) }
}

/// What side B says, with its key where it is encrypted.
pub(crate) fn far_says(end: SocketAddr, tag: Option<u32>) -> String {
    let plain = simple_offer(end.ip(), end.port(), &[0], Direction::SendRecv);
    match tag {
        None => plain,
        Some(tag) => format!("{}{}\r\n", plain.replace("RTP/AVP", "RTP/SAVP"), far_key(tag)),
    }
}

/// The relay's key of this suite among those that it offers, in lines of text.
pub(crate) fn key_in(sdp: &str) -> Option<Crypto> {
    let lines = sdp.lines().filter_map(|line| line.trim().strip_prefix("a=crypto:"));
    lines.filter_map(|line| Crypto::parse(line.as_bytes()).ok()).find(|line| line.master.suite() == SUITE)
}

/// A call at the relay: where each side's packets go, and the relay's key for side B.
pub(crate) type Opened = ([SocketAddr; 2], Option<Crypto>);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "ours",
            Self::Rtpengine => "rtpengine",
            Self::Bare => "bare",
            Self::OursSrtp => "ours-srtp",
            Self::RtpengineSrtp => "rtpengine-srtp",
        })
    }
}

/// A relay that runs. It ends with this value.
pub(crate) struct Peer {
    child: Child,
    control: Control,
    kind: Kind,
    calls: usize,
}

enum Control {
    Lines(ChildStdin, BufReader<ChildStdout>),
    Ng(Ng),
}

impl Peer {
    /// Starts a relay with room for so many calls.
    pub(crate) fn start(kind: Kind, calls: usize) -> io::Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", CORE]);
        if kind.is_rtpengine() {
            return Self::rtpengine(command, kind);
        }
        command.arg(env::current_exe()?).arg("serve").arg(kind.to_string()).arg(calls.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the relay has no pipes"));
        };
        let mut peer = Self { child, control: Control::Lines(stdin, BufReader::new(stdout)), kind, calls: 0 };
        peer.say("hello")?;
        Ok(peer)
    }

    fn rtpengine(mut command: Command, kind: Kind) -> io::Result<Self> {
        command.args(["rtpengine", "--foreground", "--table=-1", "--num-threads=1", "--log-level=1"]);
        command.args(["--log-stderr", "--port-min=30000", "--port-max=52000"]);
        command.arg(format!("--interface={RTPENGINE}")).arg(format!("--listen-ng={NG}"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut peer = Self { child, control: Control::Ng(Ng::connect(NG)?), kind, calls: 0 };
        let deadline = Instant::now() + START;
        while let Control::Ng(ng) = &mut peer.control
            && let Err(error) = ng.ask(&[("command", "ping")])
        {
            if Instant::now() > deadline {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(peer)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sets up a call between these ends.
    pub(crate) fn open(&mut self, ends: [SocketAddr; 2]) -> io::Result<Opened> {
        self.calls += 1;
        let call = format!("call-{}", self.calls);
        let is_srtp = self.kind.is_srtp();
        let Control::Ng(ng) = &mut self.control else {
            let answer = self.say(&format!("open {} {}", ends[0], ends[1]))?;
            let mut words = answer.splitn(3, ' ');
            let mut place = || words.next().and_then(|word| word.parse().ok());
            let (Some(a), Some(b)) = (place(), place()) else {
                return Err(io::Error::other(format!("the relay says {answer}")));
            };
            return Ok(([a, b], words.next().and_then(key_in)));
        };
        let offer = far_says(ends[0], None);
        let common = [("call-id", call.as_str()), ("from-tag", "a"), ("ICE", "remove")];
        let secure = [("transport-protocol", "RTP/SAVP")];
        let secure = if is_srtp { &secure[..] } else { &[] };
        let offered = [&common[..], &[("command", "offer"), ("sdp", &offer)], secure].concat();
        let (b, key) = ng.describe(&offered)?;
        let answer = far_says(ends[1], key.as_ref().map(|key| key.tag));
        let answered = [&common[..], &[("command", "answer"), ("to-tag", "b"), ("sdp", &answer)]].concat();
        Ok(([ng.describe(&answered)?.0, b], key))
    }

    /// Says one line to a relay of ours, and waits for its answer.
    pub(crate) fn say(&mut self, line: &str) -> io::Result<String> {
        let Control::Lines(to, from) = &mut self.control else {
            return Err(io::Error::other("rtpengine takes no lines"));
        };
        writeln!(to, "{line}")?;
        to.flush()?;
        let mut answer = String::new();
        match from.read_line(&mut answer)? {
            0 => Err(io::Error::other("the relay has ended")),
            _ => Ok(answer.trim().to_owned()),
        }
    }

    /// CPU time of its process so far.
    pub(crate) fn cpu(&self) -> Duration {
        cpu::of(self.pid())
    }

    /// Its memory, KiB.
    pub(crate) fn memory(&self) -> u64 {
        cpu::memory(self.pid())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
