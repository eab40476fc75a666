//! Where phones are registered: a table in memory, bounded per user and over all. A phone registers again within
//! minutes, so nothing of it is kept over a restart.

use super::State;
use crate::App;
use edge::seam::{Binding, Registrar, TooManyBindings};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::SystemTime,
};

/// Phones that one user may register.
pub const BINDINGS_MAX: usize = 10;
/// Users of this node with a registered phone.
pub const USERS_MAX: usize = 200_000;
/// Places that are remembered as the source of a registration.
const SOURCES_MAX: usize = 2 * USERS_MAX;
/// Parts of the table, each with its own lock.
const PARTS: usize = 16;

/// The registrations of this node, as the edge asks for them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registrations(Arc<Table>);

impl Registrations {
    /// Those of an app that has started.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self(Arc::clone(&app.calls().registrations))
    }

    /// Whose phone registered from this address and port.
    #[must_use]
    pub(super) fn at(&self, source: SocketAddr, now: SystemTime) -> Option<String> {
        self.0.at(source, now)
    }

    /// Forgets what has lapsed. Says how many users are left.
    #[must_use]
    pub fn sweep(&self, now: SystemTime) -> usize {
        self.0.sweep(now)
    }
}

/// The table, in parts with a lock each.
#[derive(Debug)]
pub(super) struct Table {
    hasher: RandomState,
    parts: [Mutex<HashMap<String, Vec<Binding>>>; PARTS],
    /// Whose binding came from where, read without a lock; a place that gave its binding back is found out when asked.
    sources: papaya::HashMap<SocketAddr, String>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            parts: std::array::from_fn(|_| Mutex::default()),
            sources: papaya::HashMap::new(),
        }
    }
}

impl Table {
    fn part(&self, aor: &str) -> &Mutex<HashMap<String, Vec<Binding>>> {
        let place = usize::try_from(self.hasher.hash_one(aor) % PARTS as u64).unwrap_or_default();
        &self.parts[place]
    }

    fn at(&self, source: SocketAddr, now: SystemTime) -> Option<String> {
        let aor = self.sources.pin().get(&source)?.clone();
        let is_there = self.lookup(&aor, now).iter().any(|binding| binding.hop.address == source);
        is_there.then_some(aor)
    }

    fn sweep(&self, now: SystemTime) -> usize {
        self.sources
            .pin()
            .retain(|source, aor| self.lookup(aor, now).iter().any(|binding| binding.hop.address == *source));
        let sweep = |part: &Mutex<HashMap<String, Vec<Binding>>>| {
            let mut table = State::lock(part);
            table.retain(|_, bindings| {
                bindings.retain(|binding| binding.expires_at > now);
                !bindings.is_empty()
            });
            table.len()
        };
        self.parts.iter().map(sweep).sum()
    }

    fn bind_at(&self, aor: &str, binding: Binding, now: SystemTime) -> Result<(), TooManyBindings> {
        let aor = aor.to_ascii_lowercase();
        let mut table = State::lock(self.part(&aor));
        let is_known = table.contains_key(&aor);
        if !is_known && table.len() >= USERS_MAX / PARTS {
            return Err(TooManyBindings);
        }
        let bindings = table.entry(aor.clone()).or_default();
        bindings.retain(|known| known.expires_at > now);
        let source = binding.hop.address;
        let done = replace(bindings, binding, now);
        if done.is_ok()
            && self.sources.len() < SOURCES_MAX
            && bindings.iter().any(|known| known.hop.address == source)
        {
            self.sources.pin().insert(source, aor.clone());
        }
        if bindings.is_empty() {
            table.remove(&aor);
        }
        done
    }

    fn clear(&self, aor: &str) {
        let aor = aor.to_ascii_lowercase();
        State::lock(self.part(&aor)).remove(&aor);
    }

    fn lookup(&self, aor: &str, now: SystemTime) -> Vec<Binding> {
        let aor = aor.to_ascii_lowercase();
        let table = State::lock(self.part(&aor));
        let bindings = table.get(&aor).map_or(&[][..], Vec::as_slice);
        bindings.iter().filter(|binding| binding.expires_at > now).cloned().collect()
    }
}

/// Newest first. A request that is older than what it would replace changes nothing (RFC 3261 §10.3, step 7).
fn replace(bindings: &mut Vec<Binding>, binding: Binding, now: SystemTime) -> Result<(), TooManyBindings> {
    if let Some(place) = bindings.iter().position(|known| known.contact == binding.contact) {
        let known = &bindings[place];
        if known.call_id == binding.call_id && known.cseq > binding.cseq {
            return Ok(());
        }
        bindings.remove(place);
    }
    if binding.expires_at <= now {
        return Ok(());
    }
    if bindings.len() >= BINDINGS_MAX {
        return Err(TooManyBindings);
    }
    bindings.insert(0, binding);
    Ok(())
}

impl Registrar for Registrations {
    fn bind(&self, aor: &str, binding: Binding) -> Result<(), TooManyBindings> {
        self.0.bind_at(aor, binding, SystemTime::now())
    }

    fn clear(&self, aor: &str) {
        self.0.clear(aor);
    }

    fn lookup(&self, aor: &str, now: SystemTime) -> Vec<Binding> {
        self.0.lookup(aor, now)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use edge::seam::Hop;
    use std::time::Duration;

    fn phone(contact: &str, cseq: u32, expires_at: SystemTime) -> Binding {
        Binding {
            contact: contact.to_owned(),
            hop: Hop { address: "127.0.0.1:5062".parse().unwrap(), transport: sip::Transport::Udp },
            flow: None,
            expires_at,
            user_agent: String::new(),
            call_id: "c1".to_owned(),
            cseq,
        }
    }

    #[test]
    fn a_lapsed_binding_is_not_found_and_an_expiry_in_the_past_removes_one() {
        let (table, now) = (Table::default(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000));
        let later = now + Duration::from_secs(60);
        table.bind_at("Anna@Acme.test", phone("sip:a@1", 1, later), now).unwrap();
        assert_eq!(table.lookup("anna@acme.test", now).len(), 1);
        assert_eq!(table.lookup("anna@acme.test", later).len(), 0);
        table.bind_at("anna@acme.test", phone("sip:a@1", 2, now), now).unwrap();
        assert_eq!(table.lookup("anna@acme.test", now).len(), 0);
        assert_eq!(table.sweep(now), 0);
    }

    #[test]
    fn a_user_has_ten_phones_at_most_newest_first_and_an_old_request_changes_nothing() {
        let (table, now) = (Table::default(), SystemTime::UNIX_EPOCH);
        let later = now + Duration::from_secs(60);
        for phone_number in 0..BINDINGS_MAX {
            let contact = format!("sip:a@{phone_number}");
            table.bind_at("a@x", phone(&contact, 5, later), now).unwrap();
        }
        assert_eq!(table.bind_at("a@x", phone("sip:one-more", 5, later), now), Err(TooManyBindings));
        table.bind_at("a@x", phone("sip:a@3", 4, now), now).unwrap();
        let found = table.lookup("a@x", now);
        assert_eq!((found.len(), found[0].contact.as_str()), (BINDINGS_MAX, "sip:a@9"));
    }
}
