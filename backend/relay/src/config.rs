//! What the relay is told at its start, and why it may not start.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    num::NonZeroUsize,
    ops::RangeInclusive,
    thread,
    time::Duration,
};
use thiserror::Error;

/// How the relay is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address whose ports are bound.
    pub bind: IpAddr,
    /// The address that descriptions name: the same, or the one of a 1:1 NAT before it.
    pub public: IpAddr,
    /// The ports that may be used, both ends included. Two even/odd pairs make a session.
    pub ports: RangeInclusive<u16>,
    /// Worker threads; at least 1, at most what the ports have work for.
    pub workers: usize,
    /// How long a busy worker lets packets gather before it moves them.
    pub tick: Duration,
    /// How long a freed pair of ports rests before it is given to another session.
    pub port_rest: Duration,
    /// The most sessions at a time, beside what the ports allow.
    pub sessions_max: usize,
}

impl Default for Config {
    /// Loopback, the range of the settings' default, a worker for each core, 1 ms, 5 s.
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            public: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: 49_152..=53_247,
            workers: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            tick: Duration::from_millis(1),
            port_rest: Duration::from_secs(5),
            sessions_max: 100_000,
        }
    }
}

/// Why the relay can't start, with what to do about it.
#[derive(Debug, Error)]
pub enum StartError {
    /// A range without room for one session.
    #[error(
        "media ports {first}-{last} hold no session, which takes two even/odd pairs: widen DIALTONE_MEDIA__PORTS"
    )]
    Range {
        /// The first port of the range.
        first: u16,
        /// The last port of the range.
        last: u16,
    },
    /// The address is not one of this machine.
    #[error("media address {address} is not an address of this machine: set DIALTONE_MEDIA__ADDRESS")]
    NotHere {
        /// The address asked for.
        address: IpAddr,
    },
    /// The address that descriptions would name is no address, or of the other family.
    #[error(
        "media address {public} can't stand for {bind} in descriptions: set DIALTONE_MEDIA__PUBLIC_ADDRESS to what callers reach"
    )]
    Public {
        /// The address for descriptions.
        public: IpAddr,
        /// The address bound.
        bind: IpAddr,
    },
    /// Other programs hold the ports.
    #[error(
        "media ports {first}-{last} are in use by other programs: set DIALTONE_MEDIA__PORTS to a free range"
    )]
    InUse {
        /// The first port of the range.
        first: u16,
        /// The last port of the range.
        last: u16,
    },
    /// Ports below 1024 without the right to them.
    #[error("media ports {first}-{last} need more rights: set DIALTONE_MEDIA__PORTS above 1023")]
    Denied {
        /// The first port of the range.
        first: u16,
        /// The last port of the range.
        last: u16,
    },
    /// The system refused a socket, a thread or its readiness queue.
    #[error("the media relay cannot start: raise the limits of open files and threads")]
    System(#[from] io::Error),
}
