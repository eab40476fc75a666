//! Puts the floors together, and takes them apart again.

use crate::{
    acme, banner,
    cli::Role,
    files,
    media_pool::{self, Pool},
    metrics, renewal, secure,
    settings::{self, Sandbox, Settings, Signup},
    shutdown, signed, web_phones,
};
use anyhow::{Context, anyhow, bail};
use app::App;
use domain::config::Abilities;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How long calls may go on after Ctrl-C; then they are ended.
const DRAIN: Duration = Duration::from_secs(5);
/// How often the end of the calls is looked for while draining.
const DRAIN_LOOK: Duration = Duration::from_millis(50);
/// How long the ends of the last calls may take to be written.
const SETTLE: Duration = Duration::from_secs(3);

/// What runs beside the HTTP server, in the order in which it is stopped.
struct Telephony {
    edge: edge::Running,
    handle: edge::Handle,
    relay: relay::Running,
    recorder: Arc<relay::Recorder>,
    sandbox: Option<(sandbox::Handle, std::thread::JoinHandle<()>)>,
    echo: (sandbox::echo::Handle, std::thread::JoinHandle<()>),
}

/// Starts everything that the roles ask for, prints the box, and stops on Ctrl-C.
///
/// # Errors
/// One line that names what cannot work and how to mend it.
pub(crate) async fn serve(settings: Settings, roles: &[Role]) -> anyhow::Result<()> {
    let plays = |role| roles.contains(&Role::All) || roles.contains(&role);
    if plays(Role::Edge) != plays(Role::Media) {
        bail!("roles edge and media go together in this version: name both, or neither");
    }
    let keys = {
        files::prepare(&settings.data_dir)?;
        files::keys(&settings.data_dir)?
    };
    let db = database(&settings).await?;
    let (sandbox, edge) = if plays(Role::Edge) {
        (sandbox(&settings)?, Some((edge_of(&settings, keys.edge)?, echo(&settings)?)))
    } else {
        (None, None)
    };
    let echo_at = edge.as_ref().map(|(_, (echo, _))| echo.local_addr());
    let dns = vendors::Dns::new(&settings.dns.addresses()?).context("dns.servers")?;
    let deps = app::Deps {
        db,
        vault: app::Vault::new(&keys.vault),
        settings: app_settings(&settings, sandbox.as_ref().map(|(handle, _)| handle.local_addr()), echo_at),
        edge: edge.as_ref().map(|((handle, _), _)| handle.clone()),
        sandbox: sandbox.as_ref().map(|(handle, _)| handle.clone()),
        https: signed::https(&settings, &dns)?,
        poster: poster(&settings, &dns)?,
        suppliers: suppliers(&settings, &dns)?,
        dns,
        mailer: vendors::Mailer::new(settings.mail.url.as_deref(), &public_host(&settings))
            .context("mail.url")?,
    };
    let app = App::start(deps).await.context("the app cannot start")?;
    if let (Some(email), Some(password)) = (&settings.operator.email, &settings.operator.password) {
        app::operators::ensure(&app, email, password)
            .await
            .context("operator.email and operator.password")?;
    }
    signed::sign_calls(&settings, &app)?;
    let ready = Arc::new(AtomicBool::new(false));
    let edge_handle = edge.as_ref().map(|((handle, _), _)| handle.clone());
    let setup = if app::operators::exists(&app).await? { None } else { Some(files::one_time_token()?) };
    let http = if plays(Role::Portal) {
        Some(http(&settings, &app, &ready, edge_handle, setup.clone())?)
    } else {
        None
    };
    let telephony = match edge {
        Some((edge, echo)) => Some(telephony(&settings, &app, edge, (sandbox, echo))?),
        None => None,
    };
    let jobs = plays(Role::Jobs).then(|| jobs::Runner::start(app.clone()));
    ready.store(true, Ordering::Release);
    print_banner(&settings, http.as_ref(), telephony.as_ref(), setup.as_deref());

    shutdown::asked().await.context("no handler for Ctrl-C can be set")?;
    eprintln!("dialtone: stopping; calls have {} s to end, then they are ended", DRAIN.as_secs());
    ready.store(false, Ordering::Release);
    if let Some(telephony) = telephony {
        drain(telephony, &app).await;
    }
    if let Some(jobs) = jobs {
        jobs.stop().await;
    }
    if let Some(http) = http {
        http.stop().await.context("the HTTP server")?;
    }
    Ok(())
}

/// `dialtone migrate`.
///
/// # Errors
/// What the database says.
pub(crate) async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    files::prepare(&settings.data_dir)?;
    database(settings).await?;
    println!("The database is up to date.");
    Ok(())
}

/// The app without telephony, for commands.
///
/// # Errors
/// As [`serve`].
pub(crate) async fn app_alone(settings: &Settings) -> anyhow::Result<App> {
    files::prepare(&settings.data_dir)?;
    let keys = files::keys(&settings.data_dir)?;
    let dns = vendors::Dns::new(&settings.dns.addresses()?).context("dns.servers")?;
    let deps = app::Deps {
        db: database(settings).await?,
        vault: app::Vault::new(&keys.vault),
        settings: app_settings(settings, None, None),
        edge: None,
        sandbox: None,
        https: signed::https(settings, &dns)?,
        poster: poster(settings, &dns)?,
        suppliers: suppliers(settings, &dns)?,
        dns,
        mailer: vendors::Mailer::new(settings.mail.url.as_deref(), &public_host(settings))
            .context("mail.url")?,
    };
    App::start(deps).await.context("the app cannot start")
}

/// The way to the endpoints of tenants.
fn poster(settings: &Settings, dns: &vendors::Dns) -> anyhow::Result<vendors::Poster> {
    let roots = match &settings.webhooks.ca {
        Some(file) => files::pem(file, "webhooks.ca")?,
        None => Vec::new(),
    };
    vendors::Poster::new(dns.clone(), &roots, settings.webhooks.allow_private).context("webhooks.ca")
}

/// The way to suppliers of numbers.
fn suppliers(settings: &Settings, dns: &vendors::Dns) -> anyhow::Result<vendors::SupplierHttp> {
    let https = vendors::Https::new(dns.clone(), &[], settings.suppliers.allow_private);
    Ok(vendors::SupplierHttp::new(https.context("suppliers")?))
}

async fn database(settings: &Settings) -> anyhow::Result<store::Db> {
    let remedy = "the database cannot be used: mend database_url, or start the database";
    let db = store::Db::connect(&settings.database_url(), store::Options::default()).await.context(remedy)?;
    db.migrate().await.context("the database cannot be migrated")?;
    Ok(db)
}

/// Binds the simulated PSTN beside the edge: on its address, or on loopback where the edge is on every address.
fn sandbox(settings: &Settings) -> anyhow::Result<Option<(sandbox::Handle, sandbox::Runner)>> {
    if settings.sandbox == Sandbox::Off {
        return Ok(None);
    }
    let edge = edge_nearby(settings);
    let config = sandbox::Config { bind: SocketAddr::new(edge.ip(), 0), edge, stray_ip: None };
    Ok(Some(sandbox::new(config)?))
}

/// Binds the echo on loopback, where nobody but this machine gets to.
fn echo(settings: &Settings) -> anyhow::Result<(sandbox::echo::Handle, sandbox::echo::Runner)> {
    let edge = edge_nearby(settings).ip();
    let ip = match edge {
        IpAddr::V4(ip) if ip.is_loopback() => edge,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    Ok(sandbox::echo::new(ip, edge)?)
}

/// Where the edge is for whoever is on this machine.
fn edge_nearby(settings: &Settings) -> SocketAddr {
    let listen = settings.sip.listen;
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    SocketAddr::new(ip, listen.port())
}

fn edge_of(settings: &Settings, secret: [u8; 32]) -> anyhow::Result<(edge::Handle, edge::Runner)> {
    let mut config = edge::Config::new(settings.sip.listen, secret);
    config.public_host = settings.sip.public_host.clone().unwrap_or_default();
    config.shards =
        u16::try_from(settings.sip.shards.unwrap_or_else(settings::cores).get()).unwrap_or(u16::MAX);
    let credentials = secure::credentials(settings)?;
    config.tls = Some(edge::TlsConfig { listen: settings.sip.tls_listen, credentials });
    let (handle, runner) = edge::new(config);
    tokio::spawn(secure::watch(settings.clone(), handle.clone()));
    Ok((handle, runner))
}

fn telephony(
    settings: &Settings,
    app: &App,
    (handle, runner): (edge::Handle, edge::Runner),
    (sandbox, (echo, echo_runner)): (
        Option<(sandbox::Handle, sandbox::Runner)>,
        (sandbox::echo::Handle, sandbox::echo::Runner),
    ),
) -> anyhow::Result<Telephony> {
    let media = &settings.media;
    let (relay, relay_runner) = relay::new(relay::Config {
        bind: media.address,
        public: media.public_address.unwrap_or(media.address),
        ports: media.ports.0.clone(),
        workers: media.workers.unwrap_or_else(settings::cores).get(),
        ..relay::Config::default()
    })?;
    tokio::spawn(media_pool::watch(relay.clone(), app.clone()));
    let recorder = Arc::new(relay::Recorder::start(relay.clone())?);
    let pool = Arc::new(Pool::new(relay, Arc::clone(&recorder)));
    let relay = relay_runner.start()?;
    let edge = runner.start(
        Arc::new(app::calls::Control::new(app)),
        Arc::new(app::calls::registrations(app)),
        pool,
    )?;
    let sandbox = match sandbox {
        Some((handle, runner)) => {
            let thread = std::thread::Builder::new().name("sandbox".into()).spawn(move || runner.run())?;
            Some((handle, thread))
        }
        None => None,
    };
    let echo_thread = std::thread::Builder::new().name("echo".into()).spawn(move || echo_runner.run())?;
    Ok(Telephony { edge, handle, relay, recorder, sandbox, echo: (echo, echo_thread) })
}

/// Lets calls end by themselves for a while, ends the rest, waits until all are written, and stops the threads.
async fn drain(telephony: Telephony, app: &App) {
    telephony.handle.drain(DRAIN);
    let end = Instant::now() + DRAIN + SETTLE;
    while (telephony.handle.count() > 0 || is_writing(app)) && Instant::now() < end {
        tokio::time::sleep(DRAIN_LOOK).await;
    }
    let stopped = tokio::task::spawn_blocking(move || {
        if let Some((handle, thread)) = telephony.sandbox {
            handle.stop();
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        let (echo, thread) = telephony.echo;
        echo.stop();
        let _ = thread.join();
        telephony.edge.stop();
        telephony.edge.join();
        telephony.recorder.stop();
        telephony.relay.stop();
    });
    if stopped.await.is_err() {
        tracing::error!("a telephony thread panicked while it stopped");
    }
    // The shards hand in the traces of their last calls when they stop.
    app::calls::traces_written(app, SETTLE).await;
    app::recordings::written(app, SETTLE).await;
}

/// Whether ends of calls still wait to be written.
fn is_writing(app: &App) -> bool {
    let load = app::calls::load(app);
    load.live_calls + load.waiting > 0
}

fn http(
    settings: &Settings,
    app: &App,
    ready: &Arc<AtomicBool>,
    edge: Option<edge::Handle>,
    setup: Option<String>,
) -> anyhow::Result<web::Server> {
    let mut wanted = None;
    let certificates = match (&settings.http.tls_cert, &settings.http.tls_key) {
        (Some(chain), Some(key)) => {
            let (chain, key) = (files::pem(chain, renewal::REMEDY)?, files::pem(key, renewal::REMEDY)?);
            web::tls::Certificates::from_pem(&chain, &key).context(renewal::REMEDY)?
        }
        _ if settings.http.acme_directory.is_some() => {
            let ca = files::local_ca(&settings.data_dir)?;
            let (certificates, names) = web::tls::Certificates::public(ca, &public_host(settings))?;
            wanted = Some(names);
            certificates
        }
        _ => web::tls::Certificates::local(files::local_ca(&settings.data_dir)?, &public_host(settings))?,
    };
    let sockets =
        edge.clone().map(|edge| Arc::new(web_phones::Sockets::new(edge)) as Arc<dyn web::SipSockets>);
    let (is_ready, for_metrics) = (Arc::clone(ready), app.clone());
    let certificates = Arc::new(certificates);
    if let (Some(chain), Some(key)) = (&settings.http.tls_cert, &settings.http.tls_key) {
        tokio::spawn(renewal::watch(chain.clone(), key.clone(), Arc::clone(&certificates)));
    }
    let for_orders = Arc::clone(&certificates);
    let config = web::Config {
        listen: settings.http.listen,
        workers: settings::cores(),
        public_url: settings.public_url(settings.http.listen),
        certificates,
        ready: Arc::new(move || is_ready.load(Ordering::Acquire)),
        metrics: Arc::new(move || metrics::text(&for_metrics, edge.as_ref())),
        setup_token: setup,
        ca_file: has_own_authority(settings).then(|| files::ca_file(&settings.data_dir)),
        cors_origins: origins(settings)?,
        sip_sockets: sockets,
        sip_address: settings.sip.listen,
        limits: limits(settings.limits),
    };
    let remedy = || format!("HTTP port {} cannot be used: set DIALTONE_HTTP__LISTEN", settings.http.listen);
    let server = web::serve(app.clone(), config).with_context(remedy)?;
    // Only now: the authority looks at this port as soon as a certificate is ordered.
    if let Some(wanted) = wanted {
        tokio::spawn(acme::run(settings.clone(), app.clone(), for_orders, wanted));
    }
    Ok(server)
}

/// Requests of so many seconds may come at once.
const LIMIT_WINDOW_SECONDS: u32 = 10;

fn limits(settings: settings::Limits) -> web::Limits {
    let per_second = |requests: u32| web::Rate {
        requests: requests.saturating_mul(LIMIT_WINDOW_SECONDS),
        seconds: LIMIT_WINDOW_SECONDS,
    };
    web::Limits {
        tenant: per_second(settings.tenant_requests_per_second),
        key: per_second(settings.key_requests_per_second),
        address: web::Rate { requests: settings.sign_ins_per_minute, seconds: 60 },
    }
}

/// Whether the HTTP port's certificate is of the local authority.
fn has_own_authority(settings: &Settings) -> bool {
    settings.http.tls_cert.is_none() && settings.http.acme_directory.is_none()
}

fn origins(settings: &Settings) -> anyhow::Result<web::Origins> {
    web::Origins::read(&settings.http.cors_origins).map_err(|error| anyhow!("http.cors_origins: {error}"))
}

fn app_settings(
    settings: &Settings,
    sandbox_carrier: Option<SocketAddr>,
    echo: Option<SocketAddr>,
) -> app::Settings {
    let public_url = settings.public_url(settings.http.listen);
    let (host, port) = host_and_port(&public_url);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    app::Settings {
        public_host: host,
        public_port: port,
        loopback,
        public_url,
        sandbox: match settings.sandbox {
            Sandbox::Auto => app::SandboxMode::Auto,
            Sandbox::On => app::SandboxMode::On,
            Sandbox::Off => app::SandboxMode::Off,
        },
        sandbox_carrier,
        echo,
        sip_listen: Some(settings.sip.listen),
        signup: match settings.signup {
            Signup::Open => app::SignupMode::Open,
            Signup::Invite => app::SignupMode::Invite,
            Signup::Closed => app::SignupMode::Closed,
        },
        trace_days: settings.traces.keep_days,
        recordings_dir: Some(settings.data_dir.join("recordings")),
        recordings_bytes_max: settings.recordings.bytes_max(),
        options_interval_seconds: settings.sip.options_interval_seconds.clamp(1, 3_600),
        node: format!("sip-{}", settings.sip.listen),
        abilities: Abilities { sip_tls: true, srtp: true },
    }
}

/// The host of the public URL.
pub(crate) fn public_host(settings: &Settings) -> String {
    host_and_port(&settings.public_url(settings.http.listen)).0
}

/// Host without brackets, and the port where one is named, of a URL.
pub(crate) fn host_and_port(url: &str) -> (String, Option<u16>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    if let Some((ip, port)) = authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return (ip.to_owned(), port.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().ok()),
        None => (authority.to_owned(), None),
    }
}

fn print_banner(
    settings: &Settings,
    http: Option<&web::Server>,
    telephony: Option<&Telephony>,
    setup: Option<&str>,
) {
    let portal = http.map(|server| settings.public_url(server.address()));
    let operator = match (&portal, setup, &settings.operator.email) {
        (Some(portal), Some(token), _) => format!("{portal}/operator/setup?token={token} (once)"),
        (Some(portal), None, Some(email)) => format!("{portal}/signin as {email}"),
        (Some(portal), None, None) => format!("{portal}/signin"),
        (None, ..) => String::new(),
    };
    let ca_file = files::ca_file(&settings.data_dir);
    let facts = banner::Facts {
        portal,
        operator,
        sip: telephony.map(|telephony| telephony.edge.udp_addr),
        sip_tls: telephony.and_then(|telephony| telephony.edge.tls_addr),
        sandbox: telephony
            .and_then(|telephony| telephony.sandbox.as_ref().map(|(handle, _)| handle.local_addr())),
        data_dir: &settings.data_dir,
        ca_file: (has_own_authority(settings) && ca_file.exists()).then_some(ca_file.as_path()),
    };
    println!("{}", banner::draw(&facts));
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn a_urls_host_and_port_are_told_apart() {
        assert_eq!(host_and_port("http://localhost:8080"), ("localhost".into(), Some(8080)));
        assert_eq!(host_and_port("https://voice.example/x"), ("voice.example".into(), None));
        assert_eq!(host_and_port("http://[::1]:8080"), ("::1".into(), Some(8080)));
    }
}
