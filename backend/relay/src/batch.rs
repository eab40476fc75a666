//! The system calls of the packet path that the standard library has no words for: which of many sockets hold a packet, in one
//! call; a wake-up for a worker that waits; and the limit of open files.
//!
//! Each session has its own sockets, so what is batched is the question which of them hold a packet: each is reported once when
//! something arrives (edge-triggered), and emptied then by a receive that takes two, which almost always finds one and no more.
#![expect(
    unsafe_code,
    reason = "epoll, eventfd, recvmmsg and rlimit have no safe interface in the standard library"
)]

use std::{
    io::{self, Read, Write},
    mem,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket},
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

    /// Adds a descriptor; as long as it can be read, it is reported with this token.
    pub(crate) fn add(&self, source: &impl AsFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        self.control(libc::EPOLL_CTL_ADD, source, &raw mut event)
    }

    /// Adds a socket that is emptied whenever it is reported: once for what it holds now, and once for what arrives after that.
    pub(crate) fn add_emptied(&self, socket: &impl AsFd, token: u64) -> io::Result<()> {
        let events = (libc::EPOLLIN | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event { events, u64: token };
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

    /// How many one wait reports at most: after so many there may be more.
    pub(crate) const fn most(&self) -> usize {
        EVENTS
    }

    /// The token of one of those that the last wait found.
    pub(crate) fn token(&self, index: usize) -> Option<u64> {
        self.events[..self.ready].get(index).map(|event| event.u64)
    }
}

/// Packets that one receive takes.
pub(crate) const BURST: usize = 2;

/// Room for the packets of one receive.
#[derive(Debug)]
pub(crate) struct Inbox<const ROOM: usize> {
    packets: Box<[[u8; ROOM]; BURST]>,
    names: [libc::sockaddr_storage; BURST],
    lengths: [usize; BURST],
}

impl<const ROOM: usize> Inbox<ROOM> {
    pub(crate) fn new() -> Self {
        // SAFETY: an address is plain data for which all zeroes are valid: one of no family.
        let names = unsafe { mem::zeroed() };
        Self { packets: Box::new([[0; ROOM]; BURST]), names, lengths: [0; BURST] }
    }

    /// Takes one packet, where one waits: at half the cost of asking for two. How many there were.
    pub(crate) fn take_one(&mut self, socket: &UdpSocket) -> usize {
        let mut receive = || {
            let mut room = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            // SAFETY: packet and address are places of this object, valid for the lengths that are given, through the call.
            unsafe {
                libc::syscall(
                    libc::SYS_recvfrom,
                    socket.as_raw_fd(),
                    self.packets[0].as_mut_ptr(),
                    ROOM,
                    libc::MSG_DONTWAIT,
                    &raw mut self.names[0],
                    &raw mut room,
                )
            }
        };
        let mut length = receive();
        if length < 0 && io::Error::last_os_error().kind() == io::ErrorKind::ConnectionRefused {
            length = receive();
        }
        let Ok(length) = usize::try_from(length) else { return 0 };
        self.lengths[0] = length.min(ROOM);
        1
    }

    /// Takes what waits in a socket, at most [`BURST`] packets; how many there were.
    pub(crate) fn take(&mut self, socket: &UdpSocket) -> usize {
        // SAFETY: both structures are plain data for which all zeroes are valid.
        let (mut parts, mut heads): ([libc::iovec; BURST], [libc::mmsghdr; BURST]) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        for index in 0..BURST {
            parts[index] = libc::iovec { iov_base: self.packets[index].as_mut_ptr().cast(), iov_len: ROOM };
            let head = &mut heads[index].msg_hdr;
            (head.msg_iov, head.msg_iovlen) = (&raw mut parts[index], 1);
            head.msg_name = (&raw mut self.names[index]).cast();
            head.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        }
        let mut receive = || {
            // SAFETY: each header points to one part and one address of this object, with their true lengths; all live through the
            // call. The plain system call is made: the C library's would prepare each time for a cancellation that never comes.
            unsafe {
                libc::syscall(
                    libc::SYS_recvmmsg,
                    socket.as_raw_fd(),
                    heads.as_mut_ptr(),
                    BURST,
                    libc::MSG_DONTWAIT,
                    ptr::null_mut::<libc::timespec>(),
                )
            }
        };
        let mut count = receive();
        // A connected socket says first that the far end refused a packet; what it holds comes after that.
        if count < 0 && io::Error::last_os_error().kind() == io::ErrorKind::ConnectionRefused {
            count = receive();
        }
        let count = usize::try_from(count).unwrap_or(0).min(BURST);
        for (length, head) in self.lengths.iter_mut().zip(&heads).take(count) {
            *length = (head.msg_len as usize).min(ROOM);
        }
        count
    }

    /// A packet of the last receive, and where it came from.
    pub(crate) fn packet(&mut self, index: usize) -> (&mut [u8], SocketAddr) {
        let source = address(&self.names[index]);
        (&mut self.packets[index][..self.lengths[index]], source)
    }
}

/// A socket address as the kernel wrote it; one of no family is the unspecified one.
fn address(name: &libc::sockaddr_storage) -> SocketAddr {
    let pointer: *const libc::sockaddr_storage = name;
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the storage is larger than, and aligned for, an address of the family that it says.
            let v4 = unsafe { &*pointer.cast::<libc::sockaddr_in>() };
            SocketAddr::from((Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*pointer.cast::<libc::sockaddr_in6>() };
            let (ip, port) = (Ipv6Addr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port));
            SocketAddrV6::new(ip, port, 0, v6.sin6_scope_id).into()
        }
        _ => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
    }
}

/// Sends one packet; whether the system took it whole.
pub(crate) fn send(socket: &UdpSocket, packet: &[u8], to: SocketAddr) -> bool {
    let sent = named(to, |name, length| throw(socket, packet, name, length));
    usize::try_from(sent).is_ok_and(|sent| sent == packet.len())
}

/// Sends one packet to where the socket is connected; whether the system took it whole. That the far end refused an earlier one is no
/// reason not to try this one.
pub(crate) fn send_connected(socket: &UdpSocket, packet: &[u8]) -> bool {
    let is_sent =
        || usize::try_from(throw(socket, packet, ptr::null(), 0)).is_ok_and(|sent| sent == packet.len());
    is_sent() || (io::Error::last_os_error().kind() == io::ErrorKind::ConnectionRefused && is_sent())
}

/// Connects a socket, so that it hears nobody else and the way is looked up once; whether it is connected. Packets from elsewhere that it
/// holds already are still read.
pub(crate) fn connect(socket: &UdpSocket, to: SocketAddr) -> bool {
    // SAFETY: the address is valid for the length that is given, through the call.
    let connect =
        |name, length| unsafe { libc::connect(socket.as_raw_fd(), name, length as libc::socklen_t) };
    named(to, |name, length| connect(name.cast(), length)) == 0
}

/// Ends that: the socket hears everybody again, at the port that it was bound to.
pub(crate) fn disconnect(socket: &UdpSocket) {
    // SAFETY: an address is plain data for which all zeroes are valid: one of no family.
    let nobody: libc::sockaddr = unsafe { mem::zeroed() };
    // SAFETY: the address is valid for the length that is given, through the call.
    unsafe {
        libc::connect(socket.as_raw_fd(), &raw const nobody, size_of::<libc::sockaddr>() as libc::socklen_t);
    }
}

fn throw(socket: &UdpSocket, packet: &[u8], name: *const libc::c_void, length: usize) -> i64 {
    // SAFETY: the packet and the address are valid for the lengths that are given, through the call; an address of no length is not
    // looked at. For the plain system call see above.
    unsafe {
        libc::syscall(
            libc::SYS_sendto,
            socket.as_raw_fd(),
            packet.as_ptr(),
            packet.len(),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            name,
            length,
        )
    }
}

/// Hands an address out as the system wants it.
fn named<T>(to: SocketAddr, hand: impl FnOnce(*const libc::c_void, usize) -> T) -> T {
    match to {
        SocketAddr::V4(v4) => {
            let name = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                sin_zero: [0; 8],
            };
            hand((&raw const name).cast(), size_of::<libc::sockaddr_in>())
        }
        SocketAddr::V6(v6) => {
            let name = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                sin6_scope_id: v6.scope_id(),
            };
            hand((&raw const name).cast(), size_of::<libc::sockaddr_in6>())
        }
    }
}

/// Has the processor fetch something that will be read soon, where it knows how: what lies in the memory of one call is cold when the
/// packets of a thousand others have come in between.
pub(crate) fn fetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of::<T>()).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the line is within the place; a prefetch reads nothing that the program sees, and faults never.
        unsafe { _mm_prefetch::<_MM_HINT_T0>((&raw const *place).cast::<i8>().byte_add(line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
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
