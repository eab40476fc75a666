//! The whole HTTP door: routes behind the gate, on the port.

use crate::{
    auth::heard::Heard,
    cors,
    door::{self, Door, Metrics, Ready},
    error::ApiError,
    gate,
    limits::{Limiter, Limits},
    openapi,
    portal::Portal,
    replay, routes,
    server::{self, Server},
    tls::Certificates,
    versions,
    websocket::SipDoor,
};
use actix_web::{
    middleware::{NormalizePath, TrailingSlash, from_fn},
    web::{Data, PathConfig},
};
use std::{fmt, io, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc};
use utoipa_actix_web::AppExt as _;

/// The settings of the HTTP door.
#[derive(Clone)]
pub struct Config {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Threads that serve requests.
    pub workers: NonZeroUsize,
    /// What links and connection strings say: `https://voice.example`.
    pub public_url: String,
    /// What TLS clients are shown.
    pub certificates: Arc<Certificates>,
    /// Whether everything else serves: `/readyz` asks it and the database.
    pub ready: Ready,
    /// Further metrics for `/metrics`, in Prometheus' text format.
    pub metrics: Metrics,
    /// Opens the one-time set-up of the first operator, `/operator/setup?token=…`, as long as there is none.
    pub setup_token: Option<String>,
    /// What clients must trust, where the certificates are of the local CA; pages name it and hand it out.
    pub ca_file: Option<PathBuf>,
    /// Pages of which origins may read the answers of the identity calls.
    pub cors_origins: cors::Origins,
    /// Who takes the phones that connect to `/sip/ws`; nobody where no phones are served here.
    pub sip_sockets: SipDoor,
    /// Where phones and trunks reach the platform; pages name it.
    pub sip_address: SocketAddr,
    /// How often somebody may ask.
    pub limits: Limits,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("workers", &self.workers)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

/// Serves portal and API. Returns once the port is bound; must be called inside the runtime.
///
/// # Errors
/// Where the port can't be bound, or the certificates are of no use.
pub fn serve(app: app::App, config: Config) -> io::Result<Server> {
    let (document, map) = openapi::document_and_map();
    let door = Door {
        strict_transport: !door::is_loopback(door::host_of(&config.public_url)),
        ready: config.ready,
        metrics: config.metrics,
        openapi: document.into(),
        map: Arc::new(map),
        answers: Arc::default(),
    };
    let origins = config.cors_origins;
    let portal = Data::new(Portal::new(config.setup_token, config.ca_file, config.sip_address));
    let heard = Data::new(Heard::new());
    let limiter = Data::new(Limiter::new(config.limits));
    let (app, door, sockets) = (Data::new(app), Data::new(door), Data::new(config.sip_sockets));
    let certificates = Data::from(Arc::clone(&config.certificates));
    server::start(config.listen, config.workers.get(), config.certificates, move || {
        actix_web::App::new()
            .app_data(app.clone())
            .app_data(door.clone())
            .app_data(portal.clone())
            .app_data(sockets.clone())
            .app_data(limiter.clone())
            .app_data(heard.clone())
            .app_data(certificates.clone())
            .app_data(PathConfig::default().error_handler(|error, _| {
                ApiError::invalid("path", format!("the path can't be read: {error}")).into()
            }))
            .into_utoipa_app()
            .configure(routes::mount)
            .into_app()
            .configure(routes::mount_pages)
            .wrap(from_fn(versions::pass))
            .wrap(from_fn(replay::pass))
            .wrap(cors::middleware(&origins))
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
            .wrap(from_fn(gate::pass))
    })
}
