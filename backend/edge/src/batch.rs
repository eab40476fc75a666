//! Datagrams in batches: one system call for many, where the system has such a call.
//!
//! The only unsafe code of the edge. Every pointer handed to the kernel points into a buffer that this module owns
//! or borrows for the length of the call.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "recvmmsg and sendmmsg have no safe form in the libraries we use")
)]

use crate::context::canonical;
use bytes::Bytes;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// The most datagrams that one call receives or sends.
pub(crate) const BATCH: usize = 32;
/// No datagram is longer.
const DATAGRAM_MAX: usize = 65_536;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Batch, send};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Batch, send};

/// What became of a batch of datagrams.
#[derive(Debug)]
pub(crate) struct Sent {
    /// So many were taken by the kernel, from the first on.
    pub(crate) count: usize,
    /// Why the next one was not.
    pub(crate) error: Option<io::Error>,
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{BATCH, Bytes, DATAGRAM_MAX, Sent, SocketAddr, UdpSocket, canonical, io};
    use socket2::{SockAddr, SockAddrStorage};
    use std::os::fd::AsRawFd;
    use std::ptr;

    /// Room for one batch of received datagrams.
    pub(crate) struct Batch {
        buffer: Vec<u8>,
        received: Vec<(usize, Option<SocketAddr>)>,
    }

    impl Batch {
        pub(crate) fn new() -> Self {
            Self { buffer: vec![0; BATCH * DATAGRAM_MAX], received: Vec::with_capacity(BATCH) }
        }

        /// Receives what waits, up to [`BATCH`] datagrams; fewer than that means that no more wait.
        pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
            let mut names: [SockAddrStorage; BATCH] = std::array::from_fn(|_| SockAddrStorage::zeroed());
            let mut slots = self.buffer.chunks_exact_mut(DATAGRAM_MAX);
            let mut parts: [libc::iovec; BATCH] = std::array::from_fn(|_| {
                let slot = slots.next().expect("the buffer has one slot for each datagram of a batch");
                libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: slot.len() }
            });
            let mut heads: [libc::mmsghdr; BATCH] = std::array::from_fn(|at| {
                let name = ptr::from_mut(&mut names[at]).cast();
                message(name, size_of::<SockAddrStorage>() as libc::socklen_t, &mut parts[at])
            });
            // SAFETY: the headers point to names, parts and slots that outlive the call and overlap nowhere.
            let count = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    heads.as_mut_ptr(),
                    BATCH as libc::c_uint,
                    libc::MSG_DONTWAIT,
                    ptr::null_mut(),
                )
            };
            let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
            self.received.clear();
            for (head, name) in heads.iter().zip(names).take(count) {
                // SAFETY: the kernel has written an address of this length into the storage.
                let source = unsafe { SockAddr::new(name, head.msg_hdr.msg_namelen) };
                self.received.push((head.msg_len as usize, source.as_socket().map(canonical)));
            }
            Ok(count)
        }

        /// The datagrams of the last call, with their sources.
        pub(crate) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
            let slots = self.buffer.chunks_exact(DATAGRAM_MAX).zip(&self.received);
            slots.filter_map(|(slot, (len, source))| Some(((*source)?, slot.get(..*len)?)))
        }
    }

    fn message(name: *mut libc::c_void, name_len: libc::socklen_t, part: &mut libc::iovec) -> libc::mmsghdr {
        // SAFETY: a header of zeroes is a header without name, parts and control data.
        let mut head: libc::mmsghdr = unsafe { std::mem::zeroed() };
        head.msg_hdr.msg_name = name;
        head.msg_hdr.msg_namelen = name_len;
        head.msg_hdr.msg_iov = part;
        head.msg_hdr.msg_iovlen = 1;
        head
    }

    /// Sends up to [`BATCH`] datagrams.
    pub(crate) fn send(socket: &UdpSocket, datagrams: &[(SocketAddr, Bytes)]) -> Sent {
        let datagrams = &datagrams[..datagrams.len().min(BATCH)];
        let names: Vec<SockAddr> = datagrams.iter().map(|(to, _)| SockAddr::from(*to)).collect();
        let mut parts: Vec<libc::iovec> = datagrams
            .iter()
            .map(|(_, bytes)| libc::iovec {
                iov_base: bytes.as_ptr().cast_mut().cast(),
                iov_len: bytes.len(),
            })
            .collect();
        let mut heads: Vec<libc::mmsghdr> = names
            .iter()
            .zip(&mut parts)
            .map(|(name, part)| message(name.as_ptr().cast_mut().cast(), name.len(), part))
            .collect();
        let flags = libc::MSG_DONTWAIT;
        // SAFETY: the headers point to names and bytes that outlive the call; sending does not write to them.
        let count = unsafe {
            libc::sendmmsg(socket.as_raw_fd(), heads.as_mut_ptr(), heads.len() as libc::c_uint, flags)
        };
        match usize::try_from(count) {
            Ok(count) => Sent { count, error: None },
            Err(_) => Sent { count: 0, error: Some(io::Error::last_os_error()) },
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::{BATCH, Bytes, DATAGRAM_MAX, Sent, SocketAddr, UdpSocket, canonical, io};

    /// Received datagrams, one call for each.
    pub(crate) struct Batch {
        buffer: Vec<u8>,
        received: Vec<(SocketAddr, Vec<u8>)>,
    }

    impl Batch {
        pub(crate) fn new() -> Self {
            Self { buffer: vec![0; DATAGRAM_MAX], received: Vec::with_capacity(BATCH) }
        }

        /// Receives what waits, up to [`BATCH`] datagrams; fewer than that means that no more wait.
        pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
            self.received.clear();
            while self.received.len() < BATCH {
                match socket.recv_from(&mut self.buffer) {
                    Ok((len, source)) => self.received.push((canonical(source), self.buffer[..len].to_vec())),
                    Err(_) if !self.received.is_empty() => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(self.received.len())
        }

        /// The datagrams of the last call, with their sources.
        pub(crate) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
            self.received.iter().map(|(source, bytes)| (*source, bytes.as_slice()))
        }
    }

    /// Sends up to [`BATCH`] datagrams.
    pub(crate) fn send(socket: &UdpSocket, datagrams: &[(SocketAddr, Bytes)]) -> Sent {
        for (count, (to, bytes)) in datagrams.iter().take(BATCH).enumerate() {
            if let Err(error) = socket.send_to(bytes, to) {
                return Sent { count, error: Some(error) };
            }
        }
        Sent { count: datagrams.len().min(BATCH), error: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_arrives_whole_with_its_sources() {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let here = UdpSocket::bind(any).expect("loopback has a free port");
        let there = UdpSocket::bind(any).expect("loopback has a free port");
        let (to, from) = (here.local_addr().expect("bound"), there.local_addr().expect("bound"));
        let texts: Vec<Bytes> = (0..40).map(|n| Bytes::from(format!("datagram {n}"))).collect();
        let batch: Vec<_> = texts.iter().map(|text| (to, text.clone())).collect();
        assert_eq!(send(&there, &batch).count, BATCH);
        assert_eq!(send(&there, &batch[BATCH..]).count, 40 - BATCH);

        let mut room = Batch::new();
        let mut seen = Vec::new();
        // Loopback delivers within the call that sends.
        while room.receive(&here).is_ok() {
            seen.extend(room.datagrams().map(|(source, bytes)| (source, Bytes::copy_from_slice(bytes))));
        }
        let expected: Vec<_> = texts.into_iter().map(|text| (from, text)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_datagram_that_cannot_be_sent_says_why() {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let socket = UdpSocket::bind(any).expect("loopback has a free port");
        let too_large = Bytes::from(vec![0; 70_000]);
        let sent = send(&socket, &[(any, too_large)]);
        assert_eq!(sent.count, 0);
        assert!(sent.error.is_some());
    }
}
