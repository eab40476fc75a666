//! Peers are asked whether they are there: OPTIONS to their places, once an interval.

use super::{
    record,
    state::{Ask, Peer, State, id_of},
};
use crate::{
    App, Error,
    calls::{credentials, host_and_port},
    names,
    snapshot::Who,
};
use domain::{
    config::{Carrier, OptionsPing, Snapshot, Trunk},
    health::{Event, Watch},
};
use edge::seam::{Hop, Originated, Origination, Reply};
use sip::{Method, locate::Wanted};
use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

/// Questions that are out at the same time, over all peers.
const IN_FLIGHT_MAX: usize = 1_024;
/// Places of one peer that are asked in one interval.
const PLACES_MAX: usize = 4;
/// The longest that the answer to a question takes: timer F (RFC 3261 §17.1.2.2).
const ANSWER_WITHIN: Duration = Duration::from_secs(32);
/// A peer that is new is asked within this time.
const FIRST_WITHIN: Duration = Duration::from_millis(500);

/// Asks whom it is time to ask, and writes down what changed. For the jobs, about once a second.
///
/// # Errors
/// [`Error::Internal`] where the database fails; what changed is written by the next run.
pub async fn tick(app: &App) -> Result<(), Error> {
    follow(app);
    if let Some(edge) = &app.deps().edge {
        ask_all(app, edge);
    }
    record::write(app).await
}

/// Takes over the trunks and carriers of the configuration, where it changed.
fn follow(app: &App) {
    let state = app.health();
    let config = Arc::clone(&app.live().config);
    let mut made_from = state.made_from.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first = made_from.is_none();
    if made_from.as_ref().is_some_and(|known| Arc::ptr_eq(known, &config)) {
        return;
    }
    let (before, now) = (state.peers(), Instant::now());
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut peers = HashMap::new();
    for (who, name, policy) in configured(app, &config) {
        let id = id_of(who);
        let peer = match before.get(&id) {
            Some(known) if known.name == name && known.policy == policy => {
                if !is_first {
                    soon(known, now);
                }
                Arc::clone(known)
            }
            known => {
                let mut watch =
                    known.map_or_else(|| Watch::new(app.now(), policy), |known| known.lock().watch.clone());
                watch.follow(policy);
                let within = if is_first { pause(policy) } else { FIRST_WITHIN };
                let share = u32::try_from(hasher.hash_one(id) % 1_000).unwrap_or_default();
                Arc::new(Peer::new(who, name, policy, watch, now + within * share / 1_000))
            }
        };
        peers.insert(id, peer);
    }
    state.swap(peers);
    state.reindex();
    *made_from = Some(config);
}

/// A peer that is offline is asked at once where the configuration changed: its address may have been corrected.
fn soon(peer: &Peer, now: Instant) {
    let mut inner = peer.lock();
    if inner.watch.missed() > 0 && inner.round.left == 0 {
        inner.next = inner.next.min(now);
    }
}

fn configured<'a>(
    app: &App,
    config: &'a Snapshot,
) -> impl Iterator<Item = (Who, String, OptionsPing)> + use<'a> {
    let usual = app.settings().options_interval_seconds;
    let policy = move |own: OptionsPing| match own.interval_seconds == OptionsPing::default().interval_seconds
    {
        true => OptionsPing { interval_seconds: usual, ..own },
        false => own,
    };
    let carriers = config.platform.value.carriers.iter().filter(|carrier| carrier.enabled);
    let carriers = carriers
        .map(move |carrier| (Who::Carrier(carrier.id), carrier.name.clone(), policy(carrier.policy.options)));
    let trunks = config.tenants().flat_map(move |tenant| {
        let tenant = &tenant.piece.value;
        let trunks = tenant.trunks.iter().filter(|trunk| trunk.enabled);
        trunks.map(move |trunk| {
            (Who::Trunk(tenant.id, trunk.id), trunk.fqdn.clone(), policy(trunk.policy.options))
        })
    });
    carriers.chain(trunks)
}

fn pause(policy: OptionsPing) -> Duration {
    Duration::from_secs(u64::from(policy.interval_seconds.max(1)))
}

/// A place that misses an answer is at the end of the line until the next one may have come.
fn shunned_for(policy: OptionsPing) -> Duration {
    pause(policy) * 2 + ANSWER_WITHIN
}

fn ask_all(app: &App, edge: &edge::Handle) {
    let state = app.health();
    let config = Arc::clone(&app.live().config);
    let now = Instant::now();
    for peer in state.peers().values().filter(|peer| peer.policy.enabled) {
        if state.in_flight.load(Ordering::Relaxed) >= IN_FLIGHT_MAX {
            return;
        }
        let round = {
            let mut inner = peer.lock();
            if inner.next > now {
                continue;
            }
            inner.next = now + pause(peer.policy);
            // The last interval's questions are still out: it is an interval without an answer.
            let is_missed = std::mem::take(&mut inner.round.left) > 0;
            for silent in std::mem::take(&mut inner.round.silent) {
                app.names().shun(silent, now, shunned_for(peer.policy));
            }
            state.on(peer, &mut inner, app.now(), if is_missed { Event::Missed } else { Event::Looked });
            inner.round.number += 1;
            inner.round.number
        };
        ask(app, edge, &config, peer, round);
    }
}

fn ask(app: &App, edge: &edge::Handle, config: &Snapshot, peer: &Arc<Peer>, round: u64) {
    let Some(ask) = where_to(app, config, peer.who) else { return };
    let hops: Vec<Hop> = ask.hops.iter().copied().take(PLACES_MAX).collect();
    {
        let mut inner = peer.lock();
        inner.round.left = hops.len();
        inner.round.silent.clone_from(&hops);
        if hops.is_empty() {
            app.health().on(peer, &mut inner, app.now(), Event::Missed);
        }
    }
    for hop in hops {
        app.health().sent();
        let (app_then, peer_then) = (app.clone(), Arc::clone(peer));
        let reply = Reply::new(move |answer| said(&app_then, &peer_then, round, hop, answer));
        edge.originate(question(app, hop, &ask), reply);
    }
}

/// A place answered, or did not.
fn said(app: &App, peer: &Peer, round: u64, hop: Hop, answer: Option<Originated>) {
    let state: &State = app.health();
    state.done();
    // Without an answer of the edge there was no question: nobody is to blame.
    let Some(answer) = answer else { return };
    let status = answer.is_answered.then_some(answer.status);
    match status {
        Some(status) if status != 503 => app.names().trust(&hop),
        _ => app.names().shun(hop, Instant::now(), shunned_for(peer.policy)),
    }
    peer.place_said(state, (round, hop), status, app.now());
}

fn question(app: &App, hop: Hop, ask: &Ask) -> Origination {
    let host = &ask.host;
    let public = &app.settings().public_host;
    Origination {
        hop,
        method: Method::Options,
        uri: format!("sip:{host}"),
        from: format!("<sip:{public}>"),
        to: format!("<sip:{host}>"),
        call_id: None,
        cseq: 1,
        contact_user: None,
        headers: vec![("Accept".to_owned(), "application/sdp".to_owned())],
        credentials: ask.credentials.clone(),
    }
}

/// `None` where it is gone from the configuration, or its name is not looked up yet.
fn where_to(app: &App, config: &Snapshot, who: Who) -> Option<Ask> {
    match who {
        Who::Trunk(tenant, id) => {
            let tenant = &config.tenant(tenant)?.piece.value;
            let trunk = tenant.trunks.iter().find(|trunk| trunk.id == id)?;
            Some(Ask {
                hops: of_trunk(app, &tenant.sip_domain, trunk)?,
                host: trunk_host(trunk),
                credentials: credentials::to_trunk(app, tenant.id, trunk),
            })
        }
        Who::Carrier(id) => {
            let carrier = config.carrier(id)?;
            Some(Ask {
                hops: of_carrier(app, carrier)?,
                host: carrier_host(carrier)?,
                credentials: credentials::to_carrier(app, carrier),
            })
        }
    }
}

fn of_trunk(app: &App, sip_domain: &str, trunk: &Trunk) -> Option<Vec<Hop>> {
    names::trunk_hops(app, sip_domain, trunk)
}

fn of_carrier(app: &App, carrier: &Carrier) -> Option<Vec<Hop>> {
    let wanted: Vec<Wanted> = carrier.hosts.iter().map(names::of_carrier_host).collect();
    names::all_hops(app, &wanted, carrier.policy.ip_version)
}

fn trunk_host(trunk: &Trunk) -> String {
    host_and_port(&trunk.fqdn, trunk.port, names::transport(trunk.transport))
}

fn carrier_host(carrier: &Carrier) -> Option<String> {
    let first = carrier.hosts.first()?;
    Some(host_and_port(&first.address, first.port, names::transport(first.transport)))
}
