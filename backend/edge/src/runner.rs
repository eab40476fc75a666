//! From configuration to running threads, and back.

use crate::context::{Context, public_name, tls_name};
use crate::handle::Inlets;
use crate::io::{self as sockets_thread, Io, WAKER};
use crate::seam::{CallControl, MediaPool, Registrar};
use crate::shard::Shard;
use crate::{Config, Handle, sockets};
use mio::{Poll, Waker};
use sip::Transport;
use sip::b2bua::{self, Engine};
use sip::digest::NonceMint;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

/// An edge that does not run yet.
#[derive(Debug)]
pub struct Runner {
    config: Config,
    handle: Handle,
    inlets: Inlets,
}

/// A running edge. Dropping it stops it.
pub struct Running {
    /// Where it listens for datagrams.
    pub udp_addr: SocketAddr,
    /// Where it listens for connections.
    pub tcp_addr: SocketAddr,
    /// Where it listens for connections over TLS, where it does.
    pub tls_addr: Option<SocketAddr>,
    handle: Handle,
    context: Arc<Context>,
    shards: Vec<JoinHandle<()>>,
    io: Option<JoinHandle<()>>,
}

/// Why the edge could not start, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("SIP port {address} is in use: set {setting}")]
    InUse {
        /// The address asked for.
        address: SocketAddr,
        /// What to set.
        setting: &'static str,
    },
    /// This machine has no such address.
    #[error("SIP address {address} is not an address of this machine: set {setting}")]
    NotHere {
        /// The address asked for.
        address: SocketAddr,
        /// What to set.
        setting: &'static str,
    },
    /// A port below 1024 without the right to it.
    #[error("SIP port {address} needs more rights: set {setting} to a port above 1023")]
    Denied {
        /// The address asked for.
        address: SocketAddr,
        /// What to set.
        setting: &'static str,
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
    pub(crate) const fn new(config: Config, handle: Handle, inlets: Inlets) -> Self {
        Self { config, handle, inlets }
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
        let tls = self.config.tls.as_ref().map(|tls| sockets::bind_tls(tls.listen)).transpose()?;
        let address = self.config.listen;
        self.launch(Sockets { udp, tcp, tls }, control, registrar, media)
            .map_err(|source| StartError::System { address, source })
    }

    fn launch(
        self,
        Sockets { udp, tcp, tls }: Sockets,
        control: Arc<dyn CallControl>,
        registrar: Arc<dyn Registrar>,
        media: Arc<dyn MediaPool>,
    ) -> io::Result<Running> {
        let Self { config, handle, inlets } = self;
        let shared = Arc::clone(handle.shared());
        let (udp_addr, tcp_addr) = (udp.local_addr()?, tcp.local_addr()?);
        let tls_addr = tls.as_ref().map(TcpListener::local_addr).transpose()?;
        let (public, public_host) = public_name(&config, udp_addr);
        let places = Places { public, tls: tls_addr.map(|addr| tls_name(&config, addr)) };
        let (streams, outbox) = sync_channel(config.limits.tcp_queue_messages);
        let poll = Poll::new()?;
        // Set once: a runner starts once.
        let _ = shared.io_waker.set(Waker::new(poll.registry(), WAKER)?);
        let _ = shared.media.set(Arc::clone(&media));
        let context = Arc::new(Context {
            control,
            registrar,
            media,
            shared,
            mint: NonceMint::new(config.secret),
            hash: RandomState::new(),
            public_host,
            limits: config.limits.clone(),
            udp,
            local: udp_addr,
            streams,
            is_io_stopping: AtomicBool::new(false),
        });
        // From here on a failure drops `running`, which stops the threads that run already.
        let mut running = Running {
            udp_addr,
            tcp_addr,
            tls_addr,
            handle,
            context: Arc::clone(&context),
            shards: Vec::new(),
            io: None,
        };
        let mut queues = Vec::new();
        for (index, inbox) in (0_u16..).zip(inlets.commands) {
            let (queue, packets) = rtrb::RingBuffer::new(config.limits.shard_queue_messages);
            queues.push(queue);
            let engine = Engine::new(engine_config(&config, &places, index));
            let shard = Shard::new(index, Arc::clone(&context), engine, packets, inbox);
            let thread = thread::Builder::new().name(format!("sip-shard-{index}"));
            running.shards.push(thread.spawn(move || shard.run())?);
        }
        let inlets = sockets_thread::Inlets { tcp, tls, outbox, websockets: inlets.websockets };
        let io = Io::new(context, poll, inlets, queues)?;
        running.io = Some(thread::Builder::new().name("sip-io".to_owned()).spawn(move || io.run())?);
        Ok(running)
    }
}

/// The sockets that are listened on.
struct Sockets {
    udp: UdpSocket,
    tcp: TcpListener,
    tls: Option<TcpListener>,
}

/// `host:port` of ours, for Via and Contact.
struct Places {
    public: String,
    tls: Option<String>,
}

/// The settings of one shard's engine, with randomness of its own.
fn engine_config(config: &Config, places: &Places, shard: u16) -> b2bua::Config {
    let random = RandomState::new();
    let mut secret = [0; 16];
    for (at, half) in secret.chunks_exact_mut(8).enumerate() {
        half.copy_from_slice(&random.hash_one((config.secret, shard, at)).to_le_bytes());
    }
    let public = [Transport::Udp, Transport::Tcp].map(|transport| (transport, places.public.clone()));
    let tls = places.tls.iter().map(|name| (Transport::Tls, name.clone()));
    let sent_by = public.into_iter().chain(tls).collect();
    b2bua::Config {
        user_agent: config.user_agent.clone(),
        calls_max: config.limits.calls_max,
        ..b2bua::Config::new(shard, secret, sent_by)
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
        // A thread that panicked has said so already.
        for shard in self.shards.drain(..) {
            let _ = shard.join();
        }
        self.context.shared.websockets.close();
        // The socket thread goes last: the shards' last words pass through it.
        self.context.is_io_stopping.store(true, Ordering::Relaxed);
        self.context.shared.wake_io();
        if let Some(io) = self.io.take() {
            let _ = io.join();
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("udp_addr", &self.udp_addr)
            .field("tcp_addr", &self.tcp_addr)
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        self.wait();
    }
}
