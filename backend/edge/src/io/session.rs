//! TLS over one connection, without ever waiting: what the system has is fed in, and what TLS wants said goes out when
//! the system takes it.

use crate::seam::PeerCertificate;
use crate::tls::{Credentials, Trust};
use mio::net::TcpStream;
use rustls::{ClientConnection, Connection, ServerConnection};
use rustls_pki_types::{ServerName, UnixTime};
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

/// Bytes that wait to be put into records, and records that wait to be sent, each.
const BUFFER_BYTES: usize = 64 * 1024;
/// Records without a byte for us that are read before the others have their turn.
const SILENT_READS: usize = 16;

/// TLS over a connection.
pub(super) struct Session {
    tls: Connection,
    trust: Arc<Trust>,
}

impl Session {
    /// The side that was called.
    ///
    /// # Errors
    /// When the credentials are of no use.
    pub(super) fn accept(credentials: &Credentials) -> io::Result<Self> {
        let tls = ServerConnection::new(Arc::clone(&credentials.server)).map_err(io::Error::other)?;
        Ok(Self::new(tls.into(), credentials))
    }

    /// The side that calls: the peer's certificate must cover `name`.
    ///
    /// # Errors
    /// When `name` is neither a host name nor an address.
    pub(super) fn connect(credentials: &Credentials, name: &str) -> io::Result<Self> {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(&credentials.client), name).map_err(io::Error::other)?;
        Ok(Self::new(tls.into(), credentials))
    }

    fn new(mut tls: Connection, credentials: &Credentials) -> Self {
        tls.set_buffer_limit(Some(BUFFER_BYTES));
        Self { tls, trust: Arc::clone(&credentials.trust) }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// What the peer showed, and what it is worth now.
    pub(super) fn certificate(&self) -> Option<PeerCertificate> {
        self.trust.judge(self.tls.peer_certificates()?, UnixTime::now())
    }

    /// Reads what was said to us, as [`Read::read`] does.
    ///
    /// # Errors
    /// `WouldBlock` where nothing more waits, `Interrupted` where it is others' turn; else the connection is over, and
    /// the text says why.
    pub(super) fn read(&mut self, stream: &mut TcpStream, room: &mut [u8]) -> io::Result<usize> {
        for _ in 0..SILENT_READS {
            match self.tls.reader().read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            let is_over = self.tls.read_tls(stream)? == 0;
            let result = self.tls.process_new_packets();
            // What TLS answers: a handshake's next step, or the alert that says what is wrong.
            let flushed = self.flush(stream);
            result.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            flushed?;
            if is_over && self.tls.is_handshaking() {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the peer closed it during the handshake",
                ));
            }
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    /// Takes bytes to be said, as many as there is room for; [`Session::flush`] sends them.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room.
    pub(super) fn write(&mut self, burst: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.tls.writer().write_vectored(burst)? {
            0 if burst.iter().any(|bytes| !bytes.is_empty()) => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }

    /// Sends what TLS has to say; `false` where the system takes no more now.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn flush(&mut self, stream: &mut TcpStream) -> io::Result<bool> {
        while self.tls.wants_write() {
            match self.tls.write_tls(stream) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Says goodbye, as far as the system takes it.
    pub(super) fn close(&mut self, stream: &mut TcpStream) {
        self.tls.send_close_notify();
        // The connection is dropped next; whoever missed the word sees that.
        let _ = self.flush(stream);
    }
}
