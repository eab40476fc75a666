//! How our registrations stand, in memory.

use crate::{names::of_registrar, snapshot::Who, vault::Secret};
use arc_swap::ArcSwap;
use domain::{
    config::Transport,
    registration::{Registration, RegistrationState},
};
use edge::seam::Hop;
use sip::locate::Wanted;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// All registrations of this platform.
#[derive(Debug, Default)]
pub(crate) struct State(ArcSwap<HashMap<Uuid, Arc<Entry>>>);

/// One registration: its settings, and how it stands.
pub(super) struct Entry {
    pub(super) who: Who,
    pub(super) wanted: Wanted,
    pub(super) domain: String,
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) contact_user: String,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) machine: Registration,
    /// All REGISTERs of one binding share it (RFC 3261 §10.2).
    pub(super) call_id: String,
    pub(super) cseq: u32,
    /// Where the last one went.
    pub(super) hop: Option<Hop>,
    /// What the registrar said last: status and reason phrase.
    pub(super) said: Option<(u16, String)>,
}

/// The settings of an entry, opened.
pub(super) struct Opened {
    pub(super) who: Who,
    pub(super) registrar: String,
    pub(super) port: Option<u16>,
    pub(super) transport: Option<Transport>,
    pub(super) domain: String,
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) contact_user: String,
}

impl Entry {
    pub(super) fn new(opened: Opened, machine: Registration) -> Self {
        let wanted = of_registrar(&opened.registrar, opened.port, opened.transport);
        let call_id = Uuid::new_v4().to_string();
        Self {
            who: opened.who,
            wanted,
            domain: opened.domain,
            username: opened.username,
            password: opened.password,
            contact_user: opened.contact_user,
            inner: Mutex::new(Inner { machine, call_id, cseq: 0, hop: None, said: None }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_registered(&self) -> bool {
        self.lock().machine.state() == RegistrationState::Registered
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn entries(&self) -> Arc<HashMap<Uuid, Arc<Entry>>> {
        self.0.load_full()
    }

    pub(super) fn get(&self, peer: Uuid) -> Option<Arc<Entry>> {
        self.0.load().get(&peer).cloned()
    }

    /// Puts an entry in the place of the one that is there, and gives that back.
    pub(super) fn put(&self, peer: Uuid, entry: Option<Entry>) -> Option<Arc<Entry>> {
        let entry = entry.map(Arc::new);
        let before = self.0.rcu(|known| {
            let mut entries = HashMap::clone(known);
            match &entry {
                Some(entry) => entries.insert(peer, Arc::clone(entry)),
                None => entries.remove(&peer),
            };
            entries
        });
        before.get(&peer).cloned()
    }

    /// The registrars, whose names are looked up.
    pub(crate) fn names(&self) -> Vec<(Wanted, Who)> {
        self.entries().values().map(|entry| (entry.wanted.clone(), entry.who)).collect()
    }

    /// The registrars that calls to our contact come from now.
    pub(crate) fn registered(&self) -> Vec<(Wanted, Who)> {
        let entries = self.entries();
        let registered = entries.values().filter(|entry| entry.is_registered());
        registered.map(|entry| (entry.wanted.clone(), entry.who)).collect()
    }

    /// The user part of our Contact with a trunk or carrier, where calls to it arrive.
    pub(crate) fn contact_user(&self, peer: Uuid) -> Option<String> {
        let entry = self.get(peer).filter(|entry| entry.is_registered())?;
        Some(entry.contact_user.clone())
    }

    /// By what we answer a challenge of a peer that we are registered with: its username, password and domain.
    pub(crate) fn credentials(&self, peer: Uuid) -> Option<(String, String, String)> {
        let entry = self.get(peer)?;
        let password = String::from_utf8(entry.password.to_vec()).ok()?;
        Some((entry.username.clone(), password, entry.domain.clone()))
    }
}
