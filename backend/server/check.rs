//! `dialtone check`: what will not work, and how to mend it.

use crate::{files, settings::Settings};
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// What was found out about one thing.
struct Finding {
    what: &'static str,
    result: Result<String, String>,
}

/// Checks everything and prints a line each.
///
/// # Errors
/// One line with the number of things that will not work.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let mut findings = vec![
        Finding { what: "data directory", result: data(settings) },
        Finding { what: "database", result: database(settings).await },
        Finding { what: "HTTP port", result: tcp("http.listen", settings.http.listen) },
        Finding { what: "SIP port (UDP)", result: udp("sip.listen", settings.sip.listen) },
        Finding { what: "SIP port (TCP)", result: tcp("sip.listen", settings.sip.listen) },
        Finding { what: "SIP port (TLS)", result: tcp("sip.tls_listen", settings.sip.tls_listen) },
        Finding { what: "certificate of SIP over TLS", result: secure(settings) },
        Finding { what: "media ports", result: media(settings) },
        Finding { what: "resolvers", result: resolvers(settings) },
    ];
    if let Some(certificate) = certificate(settings) {
        findings.push(Finding { what: "certificate", result: certificate });
    }
    let broken = findings.iter().filter(|finding| finding.result.is_err()).count();
    for Finding { what, result } in &findings {
        match result {
            Ok(text) => println!("works   {what}: {text}"),
            Err(remedy) => println!("broken  {what}: {remedy}"),
        }
    }
    if broken == 0 { Ok(()) } else { anyhow::bail!("{broken} of {} things will not work", findings.len()) }
}

fn data(settings: &Settings) -> Result<String, String> {
    files::prepare(&settings.data_dir).map_err(|error| format!("{error:#}"))?;
    Ok(settings.data_dir.display().to_string())
}

async fn database(settings: &Settings) -> Result<String, String> {
    let url = settings.database_url();
    let kind = url.split(':').next().unwrap_or_default().to_owned();
    let remedy = |error: store::Error| format!("{error}: mend database_url, or start the database");
    let db = store::Db::connect(&url, store::Options::default()).await.map_err(remedy)?;
    db.ping().await.map_err(remedy)?;
    Ok(format!("{kind} answers"))
}

fn tcp(key: &str, at: SocketAddr) -> Result<String, String> {
    TcpListener::bind(at)
        .map(|_| at.to_string())
        .map_err(|error| format!("{at}: {error}; set {key} to a free address"))
}

fn udp(key: &str, at: SocketAddr) -> Result<String, String> {
    UdpSocket::bind(at)
        .map(|_| at.to_string())
        .map_err(|error| format!("{at}: {error}; set {key} to a free address"))
}

fn media(settings: &Settings) -> Result<String, String> {
    let address = settings.media.address;
    let range = settings.media.ports.0.clone();
    let free = range.clone().filter(|port| UdpSocket::bind((address, *port)).is_ok()).count();
    if free < 4 {
        return Err(format!(
            "only {free} of {range:?} are free on {address}: set media.ports or media.address"
        ));
    }
    Ok(format!("{free} of {} free on {address}", range.count()))
}

fn resolvers(settings: &Settings) -> Result<String, String> {
    let servers = settings.dns.addresses().map_err(|error| format!("{error:#}"))?;
    vendors::Dns::new(&servers).map_err(|error| format!("{error}: set dns.servers"))?;
    Ok(if servers.is_empty() { "the system's".to_owned() } else { format!("{servers:?}") })
}

fn secure(settings: &Settings) -> Result<String, String> {
    let credentials = crate::secure::credentials(settings).map_err(|error| format!("{error:#}"))?;
    let left = credentials.expires_at().duration_since(std::time::SystemTime::now());
    let days = left.map_or(0, |left| left.as_secs() / (24 * 3600));
    let names = credentials.names().join(", ");
    if days == 0 {
        return Err(format!("it expires within a day, for {names}: renew sip.tls_cert and sip.tls_key"));
    }
    Ok(format!("for {names}, {days} days left"))
}

fn certificate(settings: &Settings) -> Option<Result<String, String>> {
    let (chain, key) = (settings.http.tls_cert.as_ref()?, settings.http.tls_key.as_ref()?);
    let read = |path: &std::path::Path| {
        std::fs::read(path)
            .map_err(|error| format!("{}: {error}; mend http.tls_cert and http.tls_key", path.display()))
    };
    Some(read(chain).and_then(|chain| {
        let key = read(key)?;
        web::tls::Certificates::from_pem(&chain, &key).map_err(|error| format!("{error}"))?;
        Ok("can be used".to_owned())
    }))
}
