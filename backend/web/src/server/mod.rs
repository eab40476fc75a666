//! The port: one TCP listener that speaks TLS and plain HTTP.
//!
//! The first byte of a connection tells them apart: 0x16 is a TLS handshake record, and no HTTP method begins with it.
//! Both kinds end in the same HTTP service; a handler learns from [`Connection`] over which one its request came.
//! HTTP/2 is spoken over TLS alone, chosen by ALPN.

mod wire;

pub(crate) use wire::Connection;

use crate::tls::Certificates;
use actix_http::{HttpService, Request};
use actix_server::{Server as Acceptor, ServerHandle};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    Error,
    dev::{AppConfig, ServiceResponse},
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio_rustls::TlsAcceptor;
use wire::Wire;

/// Connections that one worker serves at a time; more wait in the listener's backlog.
const CONNECTIONS_PER_WORKER: usize = 2_000;
/// How long a client may take to send the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long requests that have begun may go on after a graceful stop.
const STOP_TIMEOUT_SECONDS: u64 = 10;
/// Most workers: the HTTP side is not where this program spends its time.
const WORKERS_MAX: usize = 8;

/// A running HTTP server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Server {
    /// The bound address: with port 0 in the settings, the port that the system chose.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting; lets requests that have begun end, for at most ten seconds.
    ///
    /// # Errors
    /// What made the server end before it was stopped.
    pub async fn stop(self) -> io::Result<()> {
        self.handle.stop(true).await;
        self.task.await.map_err(io::Error::other)?
    }
}

/// Serves what `app` makes on `listen`, plain and over TLS. Returns once the port is bound and listening.
pub(crate) fn start<F, A, B>(
    listen: SocketAddr,
    workers: usize,
    certificates: Arc<Certificates>,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> A + Send + Clone + 'static,
    A: IntoServiceFactory<B, Request>,
    B: ServiceFactory<Request, Config = AppConfig, Error = Error, InitError = ()> + 'static,
    B::Response: Into<ServiceResponse> + 'static,
    <B::Service as actix_service::Service<Request>>::Future: 'static,
{
    let listener = bind(listen)?;
    let address = listener.local_addr()?;
    let tls = TlsAcceptor::from(Arc::new(certificates.server_config().map_err(io::Error::other)?));
    let builder = Acceptor::build()
        .workers(workers.clamp(1, WORKERS_MAX))
        .max_concurrent_connections(CONNECTIONS_PER_WORKER)
        .shutdown_timeout(STOP_TIMEOUT_SECONDS)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let server = builder
        .listen("http", listener, move || {
            let (tls, stopping) = (tls.clone(), stopping.clone());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .client_request_timeout(HEAD_TIMEOUT)
                .keep_alive(KEEP_ALIVE)
                .local_addr(address)
                .on_connect_ext(|io: &Wire, extensions| {
                    extensions.insert(io.connection());
                })
                .finish(map_config(app().into_factory().map(Into::into), |()| AppConfig::default()));
            fn_service(move |io| wire::open(io, tls.clone())).and_then(http)
        })?
        .run();
    let handle = server.handle();
    Ok(Server { address, handle, task: tokio::spawn(server) })
}

/// Binds, with address reuse where the system has it, so that lingering connections of a former run are no obstacle.
fn bind(listen: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests;
