//! The system calls of the generator that the standard library has no words for: many packets in one call, each with the
//! kernel's own time of its arrival.
#![expect(unsafe_code, reason = "recvmmsg and its timestamps have no safe interface in the standard library")]

use std::{io, mem, net::UdpSocket, os::fd::AsRawFd, ptr};

/// Packets that one call takes.
pub(crate) const BATCH: usize = 64;
/// Bytes of a packet that are kept.
const ROOM: usize = 256;
/// Words of the ancillary data of one packet: a header and a time.
const CONTROL_WORDS: usize = 8;

/// Room for the packets of one call.
pub(crate) struct Inbox {
    packets: Box<[[u8; ROOM]; BATCH]>,
    controls: Box<[[u64; CONTROL_WORDS]; BATCH]>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { packets: Box::new([[0; ROOM]; BATCH]), controls: Box::new([[0; CONTROL_WORDS]; BATCH]) }
    }

    /// Takes what waits in a socket, at most [`BATCH`] packets, each with nanoseconds since 1970; how many there were.
    pub(crate) fn take(&mut self, socket: &UdpSocket, mut each: impl FnMut(&[u8], u64)) -> usize {
        // SAFETY: both structures are plain data for which all zeroes are valid.
        let (mut parts, mut heads): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        for index in 0..BATCH {
            parts[index] = libc::iovec { iov_base: self.packets[index].as_mut_ptr().cast(), iov_len: ROOM };
            let head = &mut heads[index].msg_hdr;
            (head.msg_iov, head.msg_iovlen) = (&raw mut parts[index], 1);
            head.msg_control = self.controls[index].as_mut_ptr().cast();
            head.msg_controllen = size_of::<[u64; CONTROL_WORDS]>() as _;
        }
        // SAFETY: each header points to one part and one control area of this object, which live through the call.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                heads.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        for (head, packet) in heads.iter().zip(self.packets.iter()).take(count) {
            each(&packet[..(head.msg_len as usize).min(ROOM)], arrival(&head.msg_hdr));
        }
        count
    }
}

/// When the kernel took a packet, nanoseconds since 1970; 0 where it does not say.
fn arrival(head: &libc::msghdr) -> u64 {
    // SAFETY: the header was filled by the kernel a moment ago, and its control area is still there.
    let time = unsafe {
        let first = libc::CMSG_FIRSTHDR(head);
        if first.is_null()
            || (*first).cmsg_level != libc::SOL_SOCKET
            || (*first).cmsg_type != libc::SCM_TIMESTAMPNS
        {
            return 0;
        }
        ptr::read_unaligned(libc::CMSG_DATA(first).cast::<libc::timespec>())
    };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Has the kernel note when each packet arrives, and keep many of them.
pub(crate) fn prepare(socket: &UdpSocket, buffer: i32) -> io::Result<()> {
    for (option, value) in
        [(libc::SO_TIMESTAMPNS, 1), (libc::SO_RCVBUF, buffer), (libc::SO_RCVBUFFORCE, buffer)]
    {
        // SAFETY: the value is an int that lives through the call, and the length is its own.
        let done = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const value).cast(),
                size_of::<i32>() as libc::socklen_t,
            )
        };
        // More than the system's limit takes rights that not everyone has.
        if done != 0 && option != libc::SO_RCVBUFFORCE {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
