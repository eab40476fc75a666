//! The far ends of all calls: one thread that sends by the clock and reads by the clock.
//!
//! It never waits for a packet, so a relay is not charged for waking it; how long a packet took is told by the kernel's own time
//! of its arrival.

use crate::{
    batch::{self, BATCH, Inbox},
    cpu,
    peer::{Opened, far_key},
};
use media::srtp::{OVERHEAD_MAX, Receiver, Sender};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Sockets of each side, shared by its calls.
const SOCKETS: usize = 8;
/// What the kernel keeps for each, bytes.
const BUFFER: i32 = 16 << 20;
/// The time between two packets of a stream.
const PACKET_TIME: Duration = Duration::from_millis(20);
/// In how many slices of it the calls send.
const SLICES: usize = 80;
/// Slices between two looks at what has arrived: a millisecond.
const READ_EVERY: usize = 4;
/// Bytes of a packet: a header and 160 samples.
pub(crate) const PACKET: usize = 172;
/// What is sent before counting begins.
const WARM: Duration = Duration::from_millis(500);
/// How long the last packets are waited for.
const LAST: Duration = Duration::from_millis(300);

/// The far ends.
pub(crate) struct Generator {
    far: [Vec<UdpSocket>; 2],
    calls: Vec<Call>,
    inbox: Inbox,
}

/// A call: where each side's packets go, and the keys of side B where it is encrypted.
struct Call {
    to: [SocketAddr; 2],
    keys: Option<Box<(Sender, Receiver)>>,
}

/// What a run showed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) sent: u64,
    pub(crate) arrived: u64,
    /// Packets that came to another call or side than theirs.
    pub(crate) astray: u64,
    /// Relayed packets in a second.
    pub(crate) rate: f64,
    /// Microseconds of the relay's CPU for one of them.
    pub(crate) cpu: f64,
    /// From sending to arrival at the median, the 99th percentile and the longest, microseconds.
    pub(crate) delay: [u32; 3],
}

#[derive(Default)]
struct Tally {
    arrived: u64,
    astray: u64,
    counts_from: u64,
    delays: Vec<u32>,
}

impl Generator {
    pub(crate) fn new() -> io::Result<Self> {
        let side = |address: &str| -> io::Result<Vec<UdpSocket>> {
            (0..SOCKETS)
                .map(|_| {
                    let socket = UdpSocket::bind((address, 0))?;
                    socket.set_nonblocking(true)?;
                    batch::prepare(&socket, BUFFER)?;
                    Ok(socket)
                })
                .collect()
        };
        Ok(Self { far: [side("127.24.5.1")?, side("127.24.5.2")?], calls: Vec::new(), inbox: Inbox::new() })
    }

    /// Where both ends of the call of this number are.
    pub(crate) fn ends(&self, call: usize) -> io::Result<[SocketAddr; 2]> {
        let [a, b] = [0, 1].map(|side: usize| self.far[side][call % SOCKETS].local_addr());
        Ok([a?, b?])
    }

    /// Has these calls talk from now on.
    pub(crate) fn set_calls(&mut self, calls: Vec<Opened>) {
        let call = |(to, key): Opened| {
            let keys = key.map(|key| Box::new((Sender::new(&far_key(1).master), Receiver::new(&key.master))));
            Call { to, keys }
        };
        self.calls = calls.into_iter().map(call).collect();
    }

    /// Talks for so long, and reads the CPU time of the relay's process meanwhile.
    pub(crate) fn run(&mut self, time: Duration, pid: u32) -> io::Result<Figures> {
        let slice = PACKET_TIME / SLICES as u32;
        let slices = |time: Duration| (time.as_micros() / slice.as_micros()) as usize;
        let (warm, all) = (slices(WARM), slices(WARM + time));
        let (mut tally, mut sent) = (Tally { counts_from: u64::MAX, ..Tally::default() }, 0);
        let mut started = (Instant::now(), Duration::ZERO, 0);
        let begin = Instant::now();
        for step in 0..all {
            if step == warm {
                self.read(&mut tally);
                tally.counts_from = stamp();
                started = (Instant::now(), cpu::of(pid), tally.arrived);
            }
            sent += self.send(step)?;
            if step % READ_EVERY == 0 {
                self.read(&mut tally);
            }
            thread::sleep((begin + slice * (step as u32 + 1)).saturating_duration_since(Instant::now()));
        }
        self.read(&mut tally);
        let (took, used) = (started.0.elapsed(), cpu::of(pid).saturating_sub(started.1));
        let relayed = tally.arrived - started.2;
        let deadline = Instant::now() + LAST;
        while Instant::now() < deadline {
            self.read(&mut tally);
            thread::sleep(Duration::from_millis(1));
        }
        Ok(Figures {
            sent,
            arrived: tally.arrived,
            astray: tally.astray,
            rate: relayed as f64 / took.as_secs_f64(),
            cpu: cpu::micros(used, relayed),
            delay: percentiles(tally.delays),
        })
    }

    /// Sends the packets of one slice; how many.
    fn send(&mut self, step: usize) -> io::Result<u64> {
        let (round, mut sent, mut room) = ((step / SLICES) as u32, 0, [0x55_u8; PACKET + OVERHEAD_MAX]);
        let packet = &mut room[..PACKET];
        (packet[0], packet[1]) = (0x80, 0);
        packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(round * 160).to_be_bytes());
        let clear: [u8; PACKET] = std::array::from_fn(|at| packet[at]);
        for (index, call) in self.calls.iter_mut().enumerate().skip(step % SLICES).step_by(SLICES) {
            for (side, to) in call.to.iter().enumerate() {
                let packet = &mut room[..PACKET];
                packet.copy_from_slice(&clear);
                let mark = (index as u32) << 1 | side as u32;
                packet[8..12].copy_from_slice(&(mark + 1).to_be_bytes());
                packet[12..20].copy_from_slice(&stamp().to_be_bytes());
                packet[20..24].copy_from_slice(&mark.to_be_bytes());
                let keys = call.keys.as_mut().filter(|_| side == 1);
                let sealed = keys.map(|keys| keys.0.protect_rtp(&mut room, PACKET));
                let length = sealed.transpose().map_err(io::Error::other)?.unwrap_or(PACKET);
                match self.far[side][index % SOCKETS].send_to(&room[..length], to) {
                    Ok(_) => sent += 1,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(sent)
    }

    /// Takes all that has arrived.
    fn read(&mut self, tally: &mut Tally) {
        let Self { far, calls, inbox } = self;
        for (side, sockets) in far.iter().enumerate() {
            for (number, socket) in sockets.iter().enumerate() {
                let mut each = |packet: &[u8], at: u64| match opened(packet, side, calls) {
                    Some((opened, length)) => tally.take(&opened[..length], at, side, number),
                    None => tally.take(packet, at, side, number),
                };
                while inbox.take(socket, &mut each) == BATCH {}
            }
        }
    }
}

impl Tally {
    fn take(&mut self, packet: &[u8], at: u64, side: usize, number: usize) {
        let (Some(sent), Some(mark)) = (packet.get(12..20), packet.get(20..24)) else {
            // A report of the relay's own, or no packet of ours.
            return;
        };
        if packet.len() != PACKET {
            return;
        }
        let mark = u32::from_be_bytes([mark[0], mark[1], mark[2], mark[3]]) as usize;
        self.arrived += 1;
        self.astray += u64::from(mark & 1 == side || (mark >> 1) % SOCKETS != number);
        let sent = u64::from_be_bytes(sent.try_into().unwrap_or_default());
        if sent >= self.counts_from {
            self.delays.push((at.saturating_sub(sent) / 1000).min(u64::from(u32::MAX)) as u32);
        }
    }
}

/// A packet for an encrypted side B without its encryption, and its length: none where it is plain or forged.
fn opened(packet: &[u8], side: usize, calls: &mut [Call]) -> Option<([u8; PACKET + OVERHEAD_MAX], usize)> {
    let source = packet.get(8..12).filter(|_| side == 1 && packet.len() <= PACKET + OVERHEAD_MAX)?;
    let source = u32::from_be_bytes([source[0], source[1], source[2], source[3]]);
    let keys = calls.get_mut((source.checked_sub(1)? >> 1) as usize)?.keys.as_mut()?;
    let mut room = [0; PACKET + OVERHEAD_MAX];
    room[..packet.len()].copy_from_slice(packet);
    let length = keys.1.unprotect_rtp(&mut room[..packet.len()]).ok()?;
    Some((room, length))
}

fn stamp() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

fn percentiles(mut delays: Vec<u32>) -> [u32; 3] {
    delays.sort_unstable();
    let last = delays.len().saturating_sub(1);
    [last / 2, last * 99 / 100, last].map(|index| delays.get(index).copied().unwrap_or_default())
}
