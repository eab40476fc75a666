//! The phone's other ways: connections under TLS in both directions, and WebSocket, plain and under TLS.

use crate::tls::Tls;
use actix_codec::{Decoder as _, Encoder as _};
use actix_http::ws::{Codec, Frame as WebFrame, Message as WebMessage};
use bytes::{Bytes, BytesMut};
use mio::{
    Interest, Registry, Token,
    net::{TcpListener, TcpStream},
};
use sandbox::driver::{Received, TOKENS, Wire};
use sip::{
    Transport,
    stream::{Frame, Framer},
};
use std::{
    collections::VecDeque,
    fmt,
    io::{self, Read, Write},
    net::SocketAddr,
};

/// Read at once.
const CHUNK: usize = 16 * 1024;
/// A key of RFC 6455 §4.1 whose accepted answer nobody checks here.
const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What is spoken.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Connections under TLS; a listener where somebody may call us.
    Tls(Tls),
    /// One WebSocket to this address, `/sip/ws`.
    Web { server: SocketAddr, tls: Option<Tls> },
}

/// Connections of one phone.
pub(super) struct Streams {
    kind: Kind,
    local: SocketAddr,
    listener: Option<TcpListener>,
    registry: Option<Registry>,
    next_token: usize,
    open: Vec<Line>,
    inbox: VecDeque<Received>,
}

/// One connection.
struct Line {
    stream: TcpStream,
    /// As it was called, or as it called.
    addr: SocketAddr,
    tls: Option<rustls::Connection>,
    framing: Framing,
    /// Bytes that wait for the connection.
    out: BytesMut,
    is_over: bool,
}

enum Framing {
    Stream(Framer),
    /// A WebSocket: its head is read first.
    Web {
        codec: Codec,
        buffer: BytesMut,
        is_upgraded: bool,
        waiting: Vec<Bytes>,
    },
}

impl Streams {
    pub(super) fn new(address: SocketAddr, kind: Kind) -> io::Result<Self> {
        let listener = match &kind {
            Kind::Tls(_) => Some(TcpListener::bind(address)?),
            Kind::Web { .. } => None,
        };
        let mut local = listener.as_ref().map_or(Ok(address), TcpListener::local_addr)?;
        if local.port() == 0 {
            // Nothing listens there; Via needs a number all the same.
            local.set_port(5060);
        }
        let (open, inbox) = (Vec::new(), VecDeque::new());
        Ok(Self { kind, local, listener, registry: None, next_token: TOKENS.start + 1, open, inbox })
    }

    fn watch(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let registry = self.registry.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        // Which connection it is does not matter: all are looked at.
        registry.register(stream, Token(self.next_token), Interest::READABLE | Interest::WRITABLE)?;
        self.next_token =
            if self.next_token + 1 < TOKENS.end { self.next_token + 1 } else { TOKENS.start + 1 };
        Ok(())
    }

    fn accept(&mut self) {
        let Kind::Tls(tls) = &self.kind else { return };
        let tls = tls.clone();
        while let Some(Ok((mut stream, addr))) = self.listener.as_ref().map(TcpListener::accept) {
            let session = rustls::ServerConnection::new(tls.server());
            if let (Ok(()), Ok(session)) = (self.watch(&mut stream), session) {
                self.open.push(Line::new(stream, addr, Some(session.into()), Framing::Stream(Framer::new())));
            }
        }
    }

    fn connect(&mut self, to: SocketAddr) -> io::Result<usize> {
        // Its own address, so that a test can tell whose connection it is.
        let socket = socket2::Socket::new(socket2::Domain::for_address(to), socket2::Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(self.local.ip(), 0).into())?;
        socket.set_tcp_nodelay(true)?;
        let (tls, framing) = match &self.kind {
            Kind::Tls(tls) => (Some(tls), Framing::Stream(Framer::new())),
            Kind::Web { tls, .. } => {
                let codec = Codec::new().client_mode();
                let (buffer, waiting) = (BytesMut::new(), Vec::new());
                (tls.as_ref(), Framing::Web { codec, buffer, is_upgraded: false, waiting })
            }
        };
        let session = tls.map(Tls::connect).transpose()?;
        // On loopback this does not wait.
        socket.connect(&to.into())?;
        socket.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(socket.into());
        self.watch(&mut stream)?;
        let mut line = Line::new(stream, to, session, framing);
        if let Framing::Web { .. } = line.framing {
            let head = format!(
                "GET /sip/ws HTTP/1.1\r\nHost: {to}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Key: {WEBSOCKET_KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
            );
            line.out.extend_from_slice(head.as_bytes());
        }
        self.open.push(line);
        Ok(self.open.len() - 1)
    }
}

impl Wire for Streams {
    fn transport(&self) -> Transport {
        match &self.kind {
            Kind::Tls(_) => Transport::Tls,
            Kind::Web { tls: None, .. } => Transport::Ws,
            Kind::Web { tls: Some(_), .. } => Transport::Wss,
        }
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn open(&mut self, registry: Registry) -> io::Result<()> {
        if let Some(listener) = &mut self.listener {
            registry.register(listener, Token(TOKENS.start), Interest::READABLE)?;
        }
        self.registry = Some(registry);
        Ok(())
    }

    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        // A browser has one way, whatever the address.
        let to = if let Kind::Web { server, .. } = self.kind { server } else { to };
        let known = self.open.iter().position(|line| line.addr == to && !line.is_over);
        let at = known.map_or_else(|| self.connect(to), Ok)?;
        self.open[at].say(bytes);
        self.open[at].flush();
        Ok(())
    }

    fn receive(&mut self) -> Option<Received> {
        if self.inbox.is_empty() {
            self.accept();
            for line in &mut self.open {
                line.turn(&mut self.inbox);
            }
            self.open.retain(|line| !line.is_over);
        }
        self.inbox.pop_front()
    }
}

impl Line {
    fn new(stream: TcpStream, addr: SocketAddr, tls: Option<rustls::Connection>, framing: Framing) -> Self {
        Self { stream, addr, tls, framing, out: BytesMut::new(), is_over: false }
    }

    /// Queues a message.
    fn say(&mut self, bytes: &[u8]) {
        match &mut self.framing {
            Framing::Stream(_) => self.out.extend_from_slice(bytes),
            Framing::Web { is_upgraded: false, waiting, .. } => waiting.push(Bytes::copy_from_slice(bytes)),
            Framing::Web { codec, .. } => {
                let _ = codec.encode(WebMessage::Binary(Bytes::copy_from_slice(bytes)), &mut self.out);
            }
        }
    }

    /// Reads and writes what can be, and takes out whole messages.
    fn turn(&mut self, inbox: &mut VecDeque<Received>) {
        let mut room = [0; CHUNK];
        loop {
            match self.read(&mut room) {
                Ok(0) => self.is_over = true,
                Ok(read) => self.take(&room[..read], inbox),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.is_over = true,
            }
            if self.is_over {
                inbox.push_back(Received::Unreachable(self.addr));
                return;
            }
        }
        self.flush();
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.stream.read(room) };
        loop {
            match tls.reader().read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            if tls.read_tls(&mut self.stream)? == 0 && tls.is_handshaking() {
                return Ok(0);
            }
            let result = tls.process_new_packets();
            while tls.wants_write() && tls.write_tls(&mut self.stream).is_ok() {}
            result.map_err(io::Error::other)?;
        }
    }

    fn flush(&mut self) {
        while !self.out.is_empty() {
            let written = match &mut self.tls {
                Some(tls) if tls.is_handshaking() => break,
                Some(tls) => tls.writer().write(&self.out),
                None => self.stream.write(&self.out),
            };
            match written {
                Ok(written) if written > 0 => drop(self.out.split_to(written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() && tls.write_tls(&mut self.stream).is_ok() {}
        }
    }

    fn take(&mut self, bytes: &[u8], inbox: &mut VecDeque<Received>) {
        match &mut self.framing {
            Framing::Stream(framer) => {
                framer.push(bytes);
                loop {
                    match framer.next() {
                        Ok(Some(Frame::Message(message))) => {
                            inbox.push_back(Received::Message(self.addr, message))
                        }
                        Ok(Some(Frame::Ping)) => self.out.extend_from_slice(b"\r\n"),
                        Ok(None) => return,
                        Err(_) => {
                            self.is_over = true;
                            return;
                        }
                    }
                }
            }
            Framing::Web { buffer, .. } => {
                buffer.extend_from_slice(bytes);
                self.take_frames(inbox);
            }
        }
    }

    fn take_frames(&mut self, inbox: &mut VecDeque<Received>) {
        let Framing::Web { codec, buffer, is_upgraded, waiting } = &mut self.framing else { return };
        if !*is_upgraded {
            let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return };
            let head = buffer.split_to(end + 4);
            if !head.starts_with(b"HTTP/1.1 101") {
                self.is_over = true;
                return;
            }
            *is_upgraded = true;
            for message in waiting.drain(..) {
                let _ = codec.encode(WebMessage::Binary(message), &mut self.out);
            }
        }
        loop {
            match codec.decode(buffer) {
                Ok(Some(WebFrame::Text(bytes) | WebFrame::Binary(bytes))) => {
                    inbox.push_back(Received::Message(self.addr, bytes));
                }
                Ok(Some(WebFrame::Ping(content))) => {
                    let _ = codec.encode(WebMessage::Pong(content), &mut self.out);
                }
                Ok(Some(WebFrame::Pong(_) | WebFrame::Continuation(_))) => {}
                Ok(None) => return,
                Ok(Some(WebFrame::Close(_))) | Err(_) => {
                    self.is_over = true;
                    return;
                }
            }
        }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams")
            .field("local", &self.local)
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}
