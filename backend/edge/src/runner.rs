//! From configuration to running threads, and back.

use crate::inbox::Command;
use crate::seam::{CallControl, MediaPool, Registrar};
use crate::{Config, Handle, sockets};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

/// An edge that does not run yet.
#[derive(Debug)]
pub struct Runner {
    config: Config,
    handle: Handle,
    inboxes: Vec<Receiver<Command>>,
}

/// A running edge. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    /// Where it listens for datagrams.
    pub udp_addr: SocketAddr,
    /// Where it listens for connections.
    pub tcp_addr: SocketAddr,
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
}

/// Why the edge could not start, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("SIP port {address} is in use: set DIALTONE_SIP__LISTEN")]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// This machine has no such address.
    #[error("SIP address {address} is not an address of this machine: set DIALTONE_SIP__LISTEN")]
    NotHere {
        /// The address asked for.
        address: SocketAddr,
    },
    /// A port below 1024 without the right to it.
    #[error("SIP port {address} needs more rights: set DIALTONE_SIP__LISTEN to a port above 1023")]
    Denied {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The system refused a socket or a thread.
    #[error("the SIP edge cannot start on {address}: raise the limits of open files and threads")]
    System {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Runner {
    pub(crate) const fn new(config: Config, handle: Handle, inboxes: Vec<Receiver<Command>>) -> Self {
        Self { config, handle, inboxes }
    }

    /// Binds the sockets and starts the threads.
    ///
    /// # Errors
    /// [`StartError`], whose text is one line with its remedy.
    pub fn start(
        self,
        control: Arc<dyn CallControl>,
        registrar: Arc<dyn Registrar>,
        media: Arc<dyn MediaPool>,
    ) -> Result<Running, StartError> {
        let (udp, tcp) = sockets::bind(self.config.listen)?;
        let _ = (control, registrar, media, self.inboxes);
        let system = |source| StartError::System { address: self.config.listen, source };
        let (udp_addr, tcp_addr) = (udp.local_addr().map_err(system)?, tcp.local_addr().map_err(system)?);
        Ok(Running { udp_addr, tcp_addr, handle: self.handle, threads: Vec::new() })
    }
}

impl Running {
    /// Has the edge stop: calls that are up are ended, and said to be. Returns at once.
    pub fn stop(&self) {
        self.handle.shared().stop();
    }

    /// Waits until the edge has stopped.
    pub fn join(mut self) {
        self.wait();
    }

    fn wait(&mut self) {
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        self.wait();
    }
}
