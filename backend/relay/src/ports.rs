//! Pairs of ports, bound beforehand: the even one for RTP, the odd one after it for RTCP.

use crate::{Config, StartError, batch};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};
use tracing::warn;

/// Open files that are left to the rest of the program.
const FILES_LEFT: u64 = 2048;
/// The kernel's buffer of a socket that no session has: as small as it goes, so that strangers can't fill the machine's memory.
const IDLE_BUFFER: usize = 0;
/// While the far end is not known yet: a third of a second of audio that comes before its description.
const EARLY_BUFFER: usize = 8 * 1024;
/// While a session runs.
const LIVE_BUFFER: usize = 256 * 1024;
/// The most packets of a former session that are drained from a socket before it is used again.
const DRAIN_MAX: usize = 1024;

/// Two sockets on neighbouring ports.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
}

/// What a pair is in, which decides how much the kernel keeps for it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    Idle,
    Early,
    Live,
}

impl Pair {
    fn bind(config: &Config, port: u16) -> io::Result<Self> {
        Ok(Self { rtp: socket(config, port)?, rtcp: socket(config, port + 1)? })
    }

    pub(crate) fn port(&self) -> u16 {
        self.rtp.local_addr().map_or(0, |address| address.port())
    }

    /// Sets the kernel's buffers. A size that the system limits is taken as far as it goes.
    pub(crate) fn keep_for(&self, usage: Use) {
        let size = match usage {
            Use::Idle => IDLE_BUFFER,
            Use::Early => EARLY_BUFFER,
            Use::Live => LIVE_BUFFER,
        };
        for socket in [&self.rtp, &self.rtcp] {
            let _ = SockRef::from(socket).set_recv_buffer_size(size);
        }
    }

    /// Makes the pair a new session's: what has arrived for a former one is thrown away, what comes from now on waits to be read.
    pub(crate) fn hand_out(&self) {
        self.drain();
        self.keep_for(Use::Early);
    }

    fn drain(&self) {
        for socket in [&self.rtp, &self.rtcp] {
            let _ = (0..DRAIN_MAX).try_for_each(|_| socket.recv_from(&mut []).map(drop));
        }
    }
}

fn socket(config: &Config, port: u16) -> io::Result<UdpSocket> {
    let address = SocketAddr::new(config.bind, port);
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    let _ = socket.set_recv_buffer_size(IDLE_BUFFER);
    Ok(socket.into())
}

/// Binds all pairs of the range that are to be had.
pub(crate) fn bind(config: &Config) -> Result<Vec<Pair>, StartError> {
    let (first, last) = (*config.ports.start(), *config.ports.end());
    let evens = config.ports.clone().filter(|port| port % 2 == 0 && *port != 0 && *port < last);
    let wanted = evens.clone().count();
    if wanted < 2 {
        return Err(StartError::Range { first, last });
    }
    if config.public.is_unspecified() || config.public.is_ipv4() != config.bind.is_ipv4() {
        return Err(StartError::Public { public: config.public, bind: config.bind });
    }
    let needed = 2 * wanted as u64;
    let limit = batch::raise_open_files(needed + FILES_LEFT);
    let allowed = (limit.saturating_sub(FILES_LEFT).max(limit / 2) / 2) as usize;
    let (mut pairs, mut held, mut refusal) = (Vec::with_capacity(wanted), 0, None);
    for port in evens {
        if pairs.len() == allowed {
            warn!(
                limit,
                needed,
                sessions = allowed / 2,
                "the limit of open files leaves some media ports unused: raise it"
            );
            break;
        }
        match Pair::bind(config, port) {
            Ok(pair) => pairs.push(pair),
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                return Err(StartError::NotHere { address: config.bind });
            }
            Err(error) => {
                held += 1;
                refusal = Some(error);
            }
        }
    }
    if pairs.len() < 2 {
        return Err(match refusal {
            Some(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                StartError::Denied { first, last }
            }
            Some(error) if error.kind() != io::ErrorKind::AddrInUse => error.into(),
            _ => StartError::InUse { first, last },
        });
    }
    if held > 0 {
        let text = refusal.map(|error| error.to_string()).unwrap_or_default();
        warn!(skipped = held, usable = pairs.len(), ports = %format_args!("{first}-{last}"), "some media ports can't be used: {text}");
    }
    Ok(pairs)
}

/// The pairs of one worker that no session has, the longest rested first.
#[derive(Debug)]
pub(crate) struct FreePairs {
    rest: Duration,
    free: VecDeque<(u32, Option<Instant>)>,
}

impl FreePairs {
    pub(crate) fn new(count: usize, rest: Duration) -> Self {
        Self { rest, free: (0..count as u32).map(|pair| (pair, None)).collect() }
    }

    /// Two pairs that have rested; none if fewer have.
    pub(crate) fn take_two(&mut self, now: Instant) -> Option<[u32; 2]> {
        let (second, freed) = *self.free.get(1)?;
        if freed.is_some_and(|freed| now.saturating_duration_since(freed) < self.rest) {
            return None;
        }
        let (first, _) = self.free.pop_front()?;
        self.free.pop_front();
        Some([first, second])
    }

    /// Puts a session's pairs back, to rest from now.
    pub(crate) fn give_back(&mut self, pairs: [u32; 2], now: Instant) {
        self.free.extend(pairs.map(|pair| (pair, Some(now))));
    }

    /// How many pairs no session has, rested or not.
    pub(crate) fn len(&self) -> usize {
        self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_pair_rests_and_the_longest_rested_is_taken_first() {
        let start = Instant::now();
        let mut free = FreePairs::new(4, Duration::from_secs(5));
        assert_eq!(free.take_two(start), Some([0, 1]));
        free.give_back([0, 1], start);
        assert_eq!(free.take_two(start), Some([2, 3]), "those never used go first");
        assert_eq!(free.take_two(start + Duration::from_millis(4999)), None);
        assert_eq!(free.len(), 2);
        assert_eq!(free.take_two(start + Duration::from_secs(5)), Some([0, 1]));
        assert_eq!(free.take_two(start + Duration::from_secs(60)), None, "none is left");
    }
}
