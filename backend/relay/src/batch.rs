//! The system calls of the packet path that the standard library has no words for: which of many sockets hold a packet, in one
//! call; a wake-up for a worker that waits; and the limit of open files.
//!
//! Each session has its own sockets, so packets can't be received or sent many in one call; what is batched is the question which
//! sockets are ready. A packet is then one receive and one send, both through the standard library.
#![expect(unsafe_code, reason = "epoll, eventfd and rlimit have no safe interface in the standard library")]

use std::{
    io::{self, Read, Write},
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    ptr,
    time::Duration,
};

/// The most sockets that one call reports.
const EVENTS: usize = 512;

/// A set of sockets, each with a token, that can be asked which are ready to be read.
#[derive(Debug)]
pub(crate) struct ReadySet {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
    ready: usize,
}

impl ReadySet {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer; a result that is not negative is a new descriptor that nobody else owns.
        let epoll = unsafe {
            let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            check(fd)?;
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Self { epoll, events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS], ready: 0 })
    }

    /// Adds a socket; as long as it holds a packet, it is reported with this token.
    pub(crate) fn add(&self, socket: &impl AsFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        self.control(libc::EPOLL_CTL_ADD, socket, &raw mut event)
    }

    /// Takes a socket out.
    pub(crate) fn remove(&self, socket: &impl AsFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, socket, ptr::null_mut())
    }

    fn control(&self, what: i32, socket: &impl AsFd, event: *mut libc::epoll_event) -> io::Result<()> {
        // SAFETY: both descriptors are borrowed from open owners; the event lives through the call, and removal takes none.
        check(unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), what, socket.as_fd().as_raw_fd(), event) })
    }

    /// Waits until a socket is ready, at most so long (`None`: for ever); how many are. An interrupted wait is 0.
    pub(crate) fn wait(&mut self, at_most: Option<Duration>) -> io::Result<usize> {
        let millis = at_most.map_or(-1, |time| i32::try_from(time.as_millis()).unwrap_or(i32::MAX));
        // SAFETY: the pointer and the length are those of one vector of events, which the kernel fills from its beginning.
        let count = unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), EVENTS as i32, millis)
        };
        match check(count) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.ready = 0,
            Err(error) => return Err(error),
            Ok(()) => self.ready = (count as usize).min(EVENTS),
        }
        Ok(self.ready)
    }

    /// The token of one of those that the last wait found.
    pub(crate) fn token(&self, index: usize) -> Option<u64> {
        self.events[..self.ready].get(index).map(|event| event.u64)
    }
}

/// Wakes a worker that waits for packets.
#[derive(Debug)]
pub(crate) struct Wake(std::fs::File);

impl Wake {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer; a result that is not negative is a new descriptor that nobody else owns.
        let owned = unsafe {
            let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            check(fd)?;
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Self(owned.into()))
    }

    /// Makes the descriptor readable. A counter that is full is readable already, so no error matters.
    pub(crate) fn ring(&self) {
        let _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    /// Makes it unreadable again.
    pub(crate) fn quieten(&self) {
        let _ = (&self.0).read(&mut [0; 8]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Raises the limit of open files as far as it may go, at most to what is wanted; the limit that holds afterwards.
pub(crate) fn raise_open_files(wanted: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is valid and writable through the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return u64::MAX;
    }
    let raised = libc::rlimit { rlim_cur: wanted.min(limit.rlim_max), rlim_max: limit.rlim_max };
    if raised.rlim_cur <= limit.rlim_cur {
        return limit.rlim_cur;
    }
    // SAFETY: the structure is valid through the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0 {
        raised.rlim_cur
    } else {
        limit.rlim_cur
    }
}

fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
