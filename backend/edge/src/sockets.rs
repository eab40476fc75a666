//! Binds the listening sockets.

use crate::StartError;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// What the kernel may keep for us while the socket thread is busy, in bytes; it grants less where its own limit is
/// lower.
const UDP_BUFFER: usize = 4 << 20;
/// Connections that wait to be accepted.
const TCP_BACKLOG: i32 = 1_024;
/// How often a free port is tried that must be free for both transports.
const PORT_TRIES: usize = 16;

/// Binds UDP and TCP to one address and one port.
pub(crate) fn bind(listen: SocketAddr) -> Result<(UdpSocket, TcpListener), StartError> {
    let mut tries = if listen.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_both(listen) {
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            result => return result.map_err(|source| explain(listen, "DIALTONE_SIP__LISTEN", source)),
        }
    }
}

fn bind_both(listen: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let udp = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    take_both(&udp, listen)?;
    // Best effort: a smaller buffer works too.
    let _ = udp.set_recv_buffer_size(UDP_BUFFER);
    let _ = udp.set_send_buffer_size(UDP_BUFFER);
    udp.set_nonblocking(true)?;
    udp.bind(&SockAddr::from(listen))?;
    let udp = UdpSocket::from(udp);
    let tcp = listen_on(udp.local_addr()?)?;
    Ok((udp, tcp))
}

/// Binds the listener of TLS.
pub(crate) fn bind_tls(listen: SocketAddr) -> Result<TcpListener, StartError> {
    listen_on(listen).map_err(|source| explain(listen, "DIALTONE_SIP__TLS_LISTEN", source))
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let tcp = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    take_both(&tcp, address)?;
    // A restart must not wait for the connections of the last run to be forgotten.
    tcp.set_reuse_address(true)?;
    tcp.set_nonblocking(true)?;
    tcp.bind(&SockAddr::from(address))?;
    tcp.listen(TCP_BACKLOG)?;
    Ok(TcpListener::from(tcp))
}

/// Every address of IPv6 is every address of IPv4 too, whatever the system's setting.
fn take_both(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() && address.ip().is_unspecified() { socket.set_only_v6(false) } else { Ok(()) }
}

fn explain(address: SocketAddr, setting: &'static str, source: io::Error) -> StartError {
    match source.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse { address, setting },
        io::ErrorKind::AddrNotAvailable => StartError::NotHere { address, setting },
        io::ErrorKind::PermissionDenied => StartError::Denied { address, setting },
        _ => StartError::System { address, source },
    }
}
