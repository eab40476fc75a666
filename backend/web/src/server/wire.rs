//! One accepted connection, plain or TLS, as the HTTP service sees it.

use actix_http::{Protocol, error::DispatchError};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The first byte of a TLS connection: the record type "handshake" (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// How long a client may stay silent, and how long it may take for its TLS handshake.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    /// Over TLS.
    pub(crate) secure: bool,
    /// The peer.
    pub(crate) peer: Option<SocketAddr>,
}

/// An accepted connection.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// What handlers may know of it.
    pub(super) fn connection(&self) -> Connection {
        match self {
            Self::Plain(io) => Connection { secure: false, peer: io.peer_addr().ok() },
            Self::Tls(io) => Connection { secure: true, peer: io.get_ref().0.peer_addr().ok() },
        }
    }
}

/// Looks at the first byte, and opens TLS where it begins a handshake.
pub(super) async fn open(
    io: TcpStream,
    tls: TlsAcceptor,
) -> Result<(Wire, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = io.peer_addr().ok();
    match timeout(OPEN_TIMEOUT, handshake(io, tls)).await {
        Ok(Ok((wire, protocol))) => Ok((wire, protocol, peer)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection ended before its first request");
            Err(DispatchError::Io(error))
        }
        Err(_) => Err(DispatchError::SlowRequestTimeout),
    }
}

async fn handshake(io: TcpStream, tls: TlsAcceptor) -> io::Result<(Wire, Protocol)> {
    let mut first = [0; 1];
    if io.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    io.set_nodelay(true)?;
    if first[0] != TLS_HANDSHAKE {
        return Ok((Wire::Plain(io), Protocol::Http1));
    }
    let stream = tls.accept(io).await?;
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Ok((Wire::Tls(Box::new(stream)), protocol))
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
