//! One end of the wire: messages in and out over UDP, TCP or TLS, without ever waiting.

use bytes::Bytes;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use sip::stream::{Frame, Framer};
use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::Arc,
};

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Udp,
    Tcp,
    Tls,
}

impl Wire {
    /// As Via says it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// Whether a message may be lost, so that it is sent again.
    pub(crate) const fn is_lossy(self) -> bool {
        matches!(self, Self::Udp)
    }
}

/// What TLS needs at both ends.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
    /// The name that the server's certificate has.
    pub(crate) server_name: String,
    /// The same for programs that read files, and the authority.
    pub(crate) roots_file: std::path::PathBuf,
    pub(crate) certificate_file: std::path::PathBuf,
    pub(crate) key_file: std::path::PathBuf,
}

/// Where a message came from, or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Address(SocketAddr),
    Connection(usize),
}

/// One end.
pub(crate) enum Link {
    Udp(UdpSocket),
    Streams { listener: Option<TcpListener>, keys: Option<Keys>, connections: Vec<Stream> },
}

/// One connection.
pub(crate) struct Stream {
    tcp: TcpStream,
    tls: Option<Connection>,
    framer: Framer,
    out: Vec<u8>,
}

/// Bytes read at once.
const READ: usize = 64 * 1024;

impl Link {
    /// An end that is called: it listens.
    pub(crate) fn listen(wire: Wire, at: SocketAddr, keys: Option<&Keys>) -> io::Result<Self> {
        if wire == Wire::Udp {
            return Self::datagrams(at);
        }
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let keys = keys.filter(|_| wire == Wire::Tls).cloned();
        Ok(Self::Streams { listener: Some(listener), keys, connections: Vec::new() })
    }

    /// An end that calls, over one connection where there are connections.
    pub(crate) fn connect(
        wire: Wire,
        at: SocketAddr,
        to: SocketAddr,
        keys: Option<&Keys>,
    ) -> io::Result<Self> {
        if wire == Wire::Udp {
            return Self::datagrams(at);
        }
        let from = SocketAddr::new(at.ip(), 0);
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.bind(&from.into())?;
        socket.connect(&to.into())?;
        let tls = match keys.filter(|_| wire == Wire::Tls) {
            None => None,
            Some(keys) => {
                let name = keys.server_name.clone().try_into().map_err(io::Error::other)?;
                let client = ClientConnection::new(Arc::clone(&keys.client), name);
                Some(client.map_err(io::Error::other)?.into())
            }
        };
        let stream = Stream::new(socket.into(), tls)?;
        Ok(Self::Streams { listener: None, keys: None, connections: vec![stream] })
    }

    fn datagrams(at: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        let buffers = socket2::SockRef::from(&socket);
        buffers.set_recv_buffer_size(8 << 20)?;
        buffers.set_send_buffer_size(8 << 20)?;
        Ok(Self::Udp(socket))
    }

    /// Reads what has come.
    pub(crate) fn receive(&mut self, mut each: impl FnMut(Via, Bytes)) {
        match self {
            Self::Udp(socket) => {
                let mut buffer = [0; READ];
                while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    each(Via::Address(from), Bytes::copy_from_slice(&buffer[..length]));
                }
            }
            Self::Streams { listener, keys, connections } => {
                while let Some((tcp, _)) = listener.as_ref().and_then(|listener| listener.accept().ok()) {
                    let tls = keys.as_ref().map(|keys| {
                        ServerConnection::new(Arc::clone(&keys.server)).expect("the keys are sound").into()
                    });
                    connections.push(Stream::new(tcp, tls).expect("a connection can be set up"));
                }
                for (id, stream) in connections.iter_mut().enumerate() {
                    stream.receive(|bytes| each(Via::Connection(id), bytes));
                }
            }
        }
    }

    /// Sends a message; a stream keeps what the kernel does not take.
    pub(crate) fn send(&mut self, to: Via, message: &[u8]) {
        match (self, to) {
            (Self::Udp(socket), Via::Address(to)) => {
                // A full buffer is a lossy wire.
                let _ = socket.send_to(message, to);
            }
            (Self::Streams { connections, .. }, Via::Connection(id)) => {
                if let Some(stream) = connections.get_mut(id) {
                    stream.send(message);
                }
            }
            _ => {}
        }
    }

    /// Hands what waits to the kernel.
    pub(crate) fn flush(&mut self) {
        if let Self::Streams { connections, .. } = self {
            connections.iter_mut().for_each(Stream::flush);
        }
    }
}

impl Stream {
    fn new(tcp: TcpStream, mut tls: Option<Connection>) -> io::Result<Self> {
        if let Some(tls) = &mut tls {
            tls.set_buffer_limit(None);
        }
        tcp.set_nonblocking(true)?;
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, tls, framer: Framer::new(), out: Vec::new() })
    }

    fn receive(&mut self, mut each: impl FnMut(Bytes)) {
        let mut buffer = [0; READ];
        loop {
            let read = match &mut self.tls {
                None => self.tcp.read(&mut buffer),
                Some(tls) => read_tls(tls, &mut self.tcp, &mut buffer),
            };
            match read {
                Ok(length) if length > 0 => self.framer.push(&buffer[..length]),
                _ => return,
            }
            while let Ok(Some(frame)) = self.framer.next() {
                match frame {
                    Frame::Message(bytes) => each(bytes),
                    Frame::Ping => self.send(b"\r\n"),
                }
            }
        }
    }

    fn send(&mut self, message: &[u8]) {
        match &mut self.tls {
            None => self.out.extend_from_slice(message),
            Some(tls) => tls.writer().write_all(message).expect("the buffer has no bound"),
        }
    }

    fn flush(&mut self) {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() && tls.write_tls(&mut self.tcp).is_ok() {}
        }
        while !self.out.is_empty() {
            match self.tcp.write(&self.out) {
                Ok(length) if length > 0 => drop(self.out.drain(..length)),
                _ => return,
            }
        }
    }
}

fn read_tls(tls: &mut Connection, tcp: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match tls.reader().read(buffer) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        done => return done,
    }
    if tls.read_tls(tcp)? == 0 {
        return Ok(0);
    }
    tls.process_new_packets().map_err(io::Error::other)?;
    tls.reader().read(buffer)
}
