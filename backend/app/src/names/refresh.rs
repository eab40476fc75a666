//! The names of the configuration are looked up before anybody asks for them.

use super::{Senders, of_carrier_host, of_trunk};
use crate::{
    App, Error,
    snapshot::{Live, Sender, Who},
};
use domain::config::Transport;
use sip::locate::{Located, Wanted};
use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Instant};
use tokio::task::JoinSet;

/// Look-ups of one round.
const ROUND_MAX: usize = 512;
/// Look-ups at the same time.
const PARALLEL_MAX: usize = 32;
/// What the edge speaks, in the order in which it is preferred where the DNS leaves the choice (RFC 3263 §4.1).
const SPOKEN: [sip::Transport; 3] = [sip::Transport::Tls, sip::Transport::Tcp, sip::Transport::Udp];

/// Asks for the names that are due, and says how many were asked for. For the jobs.
///
/// # Errors
/// None: a name that cannot be found is tried again.
pub async fn refresh(app: &App) -> Result<u64, Error> {
    let live = app.live();
    let configured: HashSet<Wanted> = configured(app, &live).map(|(wanted, _)| wanted).collect();
    let due = app.names().due(&configured, ROUND_MAX, Instant::now());
    let asked = due.len() as u64;
    let mut running = JoinSet::new();
    for wanted in due {
        while running.len() >= PARALLEL_MAX {
            // A look-up that panicked has said so.
            let _ = running.join_next().await;
        }
        let app = app.clone();
        running.spawn(async move { find(&app, &wanted).await });
    }
    while running.join_next().await.is_some() {}
    app.names().swap_senders(senders(app, &live));
    Ok(asked)
}

/// Asks for a name now, and keeps the answer.
pub(crate) async fn find(app: &App, wanted: &Wanted) -> Arc<Located> {
    let spoken: &[sip::Transport] = if app.settings().abilities.sip_tls { &SPOKEN } else { &SPOKEN[1..] };
    let answer = app.deps().dns.locate(wanted, spoken).await;
    app.names().keep(wanted, answer, Instant::now())
}

/// Every name of the configuration, and whose it is.
fn configured<'a>(app: &App, live: &'a Live) -> impl Iterator<Item = (Wanted, Who)> + use<'a> {
    let carriers = live.config.platform.value.carriers.iter().filter(|carrier| carrier.enabled);
    let hosts = carriers.flat_map(|carrier| {
        carrier.hosts.iter().map(|host| (of_carrier_host(host), Who::Carrier(carrier.id)))
    });
    let trunks = live.tenants().flat_map(|tenant| {
        let id = tenant.id();
        let trunks = tenant.piece.piece.value.trunks.iter();
        let named = trunks.filter(|trunk| trunk.enabled && trunk.addresses.is_empty());
        named.map(move |trunk| (of_trunk(trunk), Who::Trunk(id, trunk.id)))
    });
    let registrars = app.registrars().names();
    hosts.chain(trunks).chain(registrars).filter(|(wanted, _)| wanted.host.parse::<IpAddr>().is_err())
}

/// Carriers and registrars at the addresses that their names have now. Trunks are not among them: a tenant's own word
/// in its own DNS must not make it the caller at somebody else's address.
fn senders(app: &App, live: &Live) -> Senders {
    let mut senders = Senders::new();
    let now = Instant::now();
    let carriers = configured(app, live).filter(|(_, who)| matches!(who, Who::Carrier(_)));
    for (wanted, who) in carriers.chain(app.registrars().registered()) {
        let located = app.names().known(&wanted, now).unwrap_or_else(|| literal(&wanted));
        for (address, transport) in located.places() {
            let sender = Sender { port: address.port(), transport: configured_as(transport), who };
            let known = senders.entry(address.ip().to_canonical()).or_default();
            if !known.contains(&sender) {
                known.push(sender);
            }
        }
    }
    senders
}

fn literal(wanted: &Wanted) -> Arc<Located> {
    match sip::locate::first(wanted) {
        sip::locate::First::Known(located) => Arc::new(located),
        _ => Arc::default(),
    }
}

const fn configured_as(transport: sip::Transport) -> Transport {
    match transport {
        sip::Transport::Udp => Transport::Udp,
        sip::Transport::Tcp | sip::Transport::Ws => Transport::Tcp,
        sip::Transport::Tls | sip::Transport::Wss => Transport::Tls,
    }
}
