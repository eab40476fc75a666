//! What is known of each peer, in memory.

use crate::snapshot::Who;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use domain::{
    config::{OptionsPing, Snapshot},
    decision,
    health::{Change, Event, Health, Watch},
    ids::TenantId,
};
use edge::seam::Hop;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};
use uuid::Uuid;

/// Changes that wait to be written down; each peer changes a few times a minute at most.
const CHANGES_MAX: usize = 65_536;

/// The health of all peers.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Swapped whole when the configuration changes, so that the edge's threads read it without a lock.
    peers: ArcSwap<HashMap<Uuid, Arc<Peer>>>,
    /// The configuration that the peers were made from.
    pub(super) made_from: Mutex<Option<Arc<Snapshot>>>,
    changes: Mutex<Vec<Changed>>,
    /// Who is offline, by tenant; carriers under none. Read for every call, written under `reindexing`.
    offline: papaya::HashMap<Option<TenantId>, Vec<decision::Peer>>,
    reindexing: Mutex<()>,
    pub(super) in_flight: AtomicUsize,
}

/// A trunk or a carrier that is watched.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) who: Who,
    pub(super) name: String,
    pub(super) policy: OptionsPing,
    /// As its state says it; read without its lock, which is held while the index is written.
    is_offline: AtomicBool,
    inner: Mutex<Inner>,
}

/// What changes about a peer.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) watch: Watch,
    /// When it is asked next.
    pub(super) next: Instant,
    /// The questions that are out.
    pub(super) round: Round,
}

/// One interval's questions to the places of a peer.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) number: u64,
    /// Answers that are waited for, until one came.
    pub(super) left: usize,
    /// The places whose answer did not come yet.
    pub(super) silent: Vec<Hop>,
}

/// A change that waits to be written down.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    pub(super) who: Who,
    pub(super) name: String,
    pub(super) change: Change,
    pub(super) at: DateTime<Utc>,
    pub(super) heard_at: Option<DateTime<Utc>>,
    pub(super) certificate_until: Option<DateTime<Utc>>,
}

impl State {
    pub(super) fn peers(&self) -> Arc<HashMap<Uuid, Arc<Peer>>> {
        self.peers.load_full()
    }

    /// Whether the trunks and carriers of the configuration were taken over.
    pub(super) fn is_following(&self) -> bool {
        self.made_from.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn swap(&self, peers: HashMap<Uuid, Arc<Peer>>) {
        self.peers.store(Arc::new(peers));
    }

    /// The carriers and a tenant's trunks that missed their last health checks.
    pub(crate) fn offline(&self, tenant: Option<TenantId>) -> Vec<decision::Peer> {
        let table = self.offline.pin();
        if table.is_empty() {
            return Vec::new();
        }
        let of = |key: Option<TenantId>| table.get(&key).cloned().unwrap_or_default();
        let mut all = of(None);
        if tenant.is_some() {
            all.extend(of(tenant));
        }
        all
    }

    /// Finds out anew who is offline, after peers came or went.
    pub(super) fn reindex(&self) {
        let _alone = self.reindexing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: HashMap<Option<TenantId>, Vec<decision::Peer>> = HashMap::new();
        for peer in self.peers().values() {
            if peer.is_offline.load(Ordering::Relaxed) {
                found.entry(tenant_of(peer.who)).or_default().push(in_decisions(peer.who));
            }
        }
        let table = self.offline.pin();
        table.retain(|key, _| found.contains_key(key));
        for (key, peers) in found {
            table.insert(key, peers);
        }
    }

    /// One peer went offline, or came back.
    fn index(&self, who: Who, is_offline: bool) {
        let _alone = self.reindexing.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.offline.pin();
        let (key, peer) = (tenant_of(who), in_decisions(who));
        let mut peers = table.get(&key).cloned().unwrap_or_default();
        peers.retain(|known| *known != peer);
        if is_offline {
            peers.push(peer);
        }
        if peers.is_empty() {
            table.remove(&key);
        } else {
            table.insert(key, peers);
        }
    }

    /// What is known of a peer.
    pub(crate) fn watch(&self, id: Uuid) -> Option<Watch> {
        self.peers.load().get(&id).map(|peer| peer.lock().watch.clone())
    }

    /// A request of its own arrived from a peer.
    pub(crate) fn heard(&self, id: Uuid, now: DateTime<Utc>) {
        self.tell(id, now, Event::Heard);
    }

    /// A peer showed a certificate.
    pub(crate) fn certificate(&self, id: Uuid, until: DateTime<Utc>, now: DateTime<Utc>) {
        self.tell(id, now, Event::Certificate(until));
    }

    fn tell(&self, id: Uuid, now: DateTime<Utc>, event: Event) {
        if let Some(peer) = self.peers.load().get(&id) {
            let mut inner = peer.lock();
            self.on(peer, &mut inner, now, event);
        }
    }

    /// Takes in what happened to a peer.
    pub(super) fn on(&self, peer: &Peer, inner: &mut Inner, now: DateTime<Utc>, event: Event) {
        let Some(change) = inner.watch.on(now, event) else { return };
        let [was, is] = [change.from, change.to].map(|state| state.health == Health::Offline);
        if was != is {
            peer.is_offline.store(is, Ordering::Relaxed);
            self.index(peer.who, is);
        }
        let changed = Changed {
            who: peer.who,
            name: peer.name.clone(),
            change,
            at: now,
            heard_at: inner.watch.last_word(),
            certificate_until: inner.watch.certificate(),
        };
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if changes.len() < CHANGES_MAX {
            changes.push(changed);
        } else {
            tracing::error!(
                peer = peer.name,
                "a change of health is not written down: the database is behind"
            );
        }
    }

    /// The changes that wait; those that cannot be written come back with [`State::put_back`].
    pub(super) fn take_changes(&self) -> Vec<Changed> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes that could not be written, before those that came since.
    pub(super) fn put_back(&self, mut failed: Vec<Changed>) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        failed.append(&mut changes);
        failed.truncate(CHANGES_MAX);
        *changes = failed;
    }

    /// A question went out.
    pub(super) fn sent(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A question is answered, or given up.
    pub(super) fn done(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Peer {
    pub(super) fn new(who: Who, name: String, policy: OptionsPing, watch: Watch, next: Instant) -> Self {
        let is_offline = AtomicBool::new(watch.state().health == Health::Offline);
        Self {
            who,
            name,
            policy,
            is_offline,
            inner: Mutex::new(Inner { watch, next, round: Round::default() }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in it is changed in steps that could fail.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One place answered, or did not: an answer counts at once, silence once all places are silent.
    pub(super) fn place_said(
        &self,
        state: &State,
        (round, hop): (u64, Hop),
        status: Option<u16>,
        now: DateTime<Utc>,
    ) {
        let mut inner = self.lock();
        if inner.round.number != round {
            return;
        }
        inner.round.silent.retain(|silent| *silent != hop);
        if inner.round.left == 0 {
            return;
        }
        inner.round.left -= 1;
        match status {
            Some(status) => {
                inner.round.left = 0;
                state.on(self, &mut inner, now, Event::Answered(status));
            }
            None if inner.round.left == 0 => state.on(self, &mut inner, now, Event::Missed),
            None => {}
        }
    }
}

const fn tenant_of(who: Who) -> Option<TenantId> {
    match who {
        Who::Trunk(tenant, _) => Some(tenant),
        Who::Carrier(_) => None,
    }
}

/// A peer in the words of decisions.
const fn in_decisions(who: Who) -> decision::Peer {
    match who {
        Who::Trunk(_, trunk) => decision::Peer::Trunk(trunk),
        Who::Carrier(carrier) => decision::Peer::Carrier(carrier),
    }
}

/// The identifier of a peer's trunk or carrier.
pub(super) const fn id_of(who: Who) -> Uuid {
    match who {
        Who::Trunk(_, trunk) => trunk.0,
        Who::Carrier(carrier) => carrier.0,
    }
}

/// Where a peer is asked.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) hops: Vec<Hop>,
    /// Host for the Request-URI.
    pub(super) host: String,
    /// Whom we are, where it challenges us.
    pub(super) credentials: Option<edge::seam::Credentials>,
}
