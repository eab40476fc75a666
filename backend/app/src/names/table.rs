//! What is known of names, in memory and within bounds.

use super::{Senders, shunned::Shunned};
use arc_swap::ArcSwap;
use edge::seam::Hop;
use sip::locate::{Family, Located, Wanted};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use vendors::Found;

/// Names that are remembered.
const NAMES_MAX: usize = 32_768;
/// The shortest time that an answer is believed, whatever its TTL: a job must come round.
const FRESH_MIN: Duration = Duration::from_secs(2);
/// The longest.
const FRESH_MAX: Duration = Duration::from_secs(300);
/// For how long an answer is used on while the DNS fails.
const STALE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// For how long a name without an address, or a DNS that fails, is not asked again.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a name is remembered that is neither configured nor asked for.
const UNUSED_MAX: Duration = Duration::from_secs(3_600);
/// How long a place that failed is at the end of the line, where nobody asks it meanwhile.
pub(crate) const SHUNNED_FOR: Duration = Duration::from_secs(30);
/// How long before an answer is old it is asked for again.
const LEAD: Duration = Duration::from_secs(1);

/// What is known of names, and of places that failed.
#[derive(Debug, Default)]
pub(crate) struct Names {
    table: Mutex<HashMap<Wanted, Entry>>,
    shunned: Shunned,
    senders: ArcSwap<Senders>,
}

#[derive(Debug)]
struct Entry {
    located: Arc<Located>,
    ask_at: Instant,
    stale_at: Instant,
    used_at: Instant,
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, HashMap<Wanted, Entry>> {
        // No entry is changed in steps: a thread that panicked leaves whole ones behind.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a name is, in the order of this one try; `None` where it was never seen, or too long ago.
    pub(crate) fn hops(&self, wanted: &Wanted, family: Family, now: Instant) -> Option<Vec<Hop>> {
        let located = self.known(wanted, now)?;
        Some(self.ordered(&located, family, now))
    }

    /// The places in the order of one try.
    pub(crate) fn ordered(&self, located: &Located, family: Family, now: Instant) -> Vec<Hop> {
        let places = located.order(family, |most| rand::random_range(0..=most));
        let hops = places.into_iter().map(|(address, transport)| Hop { address, transport }).collect();
        self.shunned.last(hops, now)
    }

    /// What is known of a name.
    pub(crate) fn known(&self, wanted: &Wanted, now: Instant) -> Option<Arc<Located>> {
        let mut table = self.lock();
        let entry = table.get_mut(wanted).filter(|entry| entry.stale_at > now)?;
        entry.used_at = now;
        Some(Arc::clone(&entry.located))
    }

    /// Keeps what the DNS said, and gives what holds now: an answer that failed leaves the last one in its place.
    pub(crate) fn keep(
        &self,
        wanted: &Wanted,
        answer: Result<Found, impl fmt::Display>,
        now: Instant,
    ) -> Arc<Located> {
        let mut table = self.lock();
        let known = table.get(wanted);
        let entry = match (answer, known) {
            (Ok(found), _) if !found.located.is_empty() => {
                let fresh = found.ttl.clamp(FRESH_MIN, FRESH_MAX);
                Entry::new(Arc::new(found.located), now, fresh, STALE_MAX)
            }
            (Ok(found), _) => Entry::new(Arc::new(found.located), now, PAUSE, PAUSE * 2),
            (Err(error), Some(known)) if known.stale_at > now => {
                tracing::warn!(name = %wanted, %error, "DNS fails: the last answer is used on");
                Entry {
                    located: Arc::clone(&known.located),
                    ask_at: now + PAUSE,
                    stale_at: known.stale_at,
                    used_at: known.used_at,
                }
            }
            (Err(error), _) => {
                tracing::warn!(name = %wanted, %error, "a trunk's or carrier's name has no address");
                Entry::new(Arc::default(), now, PAUSE, PAUSE * 2)
            }
        };
        let located = Arc::clone(&entry.located);
        if known.is_some() || table.len() < NAMES_MAX {
            table.insert(wanted.clone(), entry);
        }
        located
    }

    /// Which of these to ask for now: never seen, or soon old. What is neither configured nor asked for is forgotten.
    pub(super) fn due(&self, configured: &HashSet<Wanted>, most: usize, now: Instant) -> Vec<Wanted> {
        let mut table = self.lock();
        table.retain(|wanted, entry| configured.contains(wanted) || entry.used_at + UNUSED_MAX > now);
        let is_due = |wanted: &&Wanted| table.get(*wanted).is_none_or(|entry| entry.ask_at <= now + LEAD);
        configured.iter().filter(is_due).take(most).cloned().collect()
    }

    /// A place did not answer, could not be reached, or said 503: it goes to the end of the line for so long, unless it
    /// answers before.
    pub(crate) fn shun(&self, hop: Hop, now: Instant, lasts: Duration) {
        self.shunned.add(hop, now, lasts);
    }

    /// A place answered.
    pub(crate) fn trust(&self, hop: &Hop) {
        self.shunned.remove(hop);
    }

    /// Places as they are configured, those that failed a moment ago last.
    pub(crate) fn shunned_last(&self, hops: Vec<Hop>, now: Instant) -> Vec<Hop> {
        self.shunned.last(hops, now)
    }

    /// Who is known by name at the addresses that the names have now.
    pub(crate) fn senders(&self) -> Arc<Senders> {
        self.senders.load_full()
    }

    pub(super) fn swap_senders(&self, senders: Senders) {
        self.senders.store(Arc::new(senders));
    }
}

impl Entry {
    fn new(located: Arc<Located>, now: Instant, fresh: Duration, stale: Duration) -> Self {
        Self { located, ask_at: now + fresh, stale_at: now + stale, used_at: now }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use sip::Transport;

    fn wanted(host: &str) -> Wanted {
        Wanted { host: host.to_owned(), port: None, transport: Some(Transport::Udp) }
    }

    fn found(ip: &str, ttl: u64) -> Result<Found, &'static str> {
        let located = Located::at(vec![ip.parse().unwrap()], 5060, Transport::Udp);
        Ok(Found { located, ttl: Duration::from_secs(ttl) })
    }

    fn all(hosts: &[&str]) -> HashSet<Wanted> {
        hosts.iter().map(|host| wanted(host)).collect()
    }

    fn after(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    #[test]
    fn a_name_is_asked_for_before_its_answer_is_old_and_not_sooner() {
        let (names, now) = (Names::default(), Instant::now());
        assert_eq!(names.due(&all(&["a.test"]), 9, now), [wanted("a.test")]);
        names.keep(&wanted("a.test"), found("192.0.2.1", 60), now);
        assert_eq!(names.due(&all(&["a.test"]), 9, after(now, 50)), []);
        assert_eq!(names.due(&all(&["a.test"]), 9, after(now, 59)), [wanted("a.test")]);
    }

    #[test]
    fn a_ttl_is_believed_within_bounds() {
        let (names, now) = (Names::default(), Instant::now());
        names.keep(&wanted("brief.test"), found("192.0.2.1", 0), now);
        names.keep(&wanted("long.test"), found("192.0.2.1", 1_000_000), now);
        assert_eq!(names.due(&all(&["brief.test"]), 9, now), []);
        assert_eq!(names.due(&all(&["long.test"]), 9, now + FRESH_MAX), [wanted("long.test")]);
    }

    #[test]
    fn the_last_answer_is_used_while_the_dns_fails_for_a_day() {
        let (names, now) = (Names::default(), Instant::now());
        names.keep(&wanted("a.test"), found("192.0.2.1", 60), now);
        let failed = || Err("no answer");
        names.keep(&wanted("a.test"), failed(), after(now, 60));
        let hops = names.hops(&wanted("a.test"), Family::V4, after(now, 3_600)).unwrap();
        assert_eq!(hops[0].address, "192.0.2.1:5060".parse().unwrap());
        assert_eq!(names.hops(&wanted("a.test"), Family::V4, now + STALE_MAX), None);
    }

    #[test]
    fn a_name_without_an_address_is_known_to_have_none_for_a_moment() {
        let (names, now) = (Names::default(), Instant::now());
        let none: Result<Found, &str> =
            Ok(Found { located: Located::default(), ttl: Duration::from_secs(300) });
        names.keep(&wanted("a.test"), none, now);
        assert_eq!(names.hops(&wanted("a.test"), Family::V4, now), Some(Vec::new()));
        assert_eq!(names.hops(&wanted("a.test"), Family::V4, now + PAUSE * 2), None);
    }

    #[test]
    fn a_name_that_nobody_configures_or_asks_for_is_forgotten() {
        let (names, now) = (Names::default(), Instant::now());
        names.keep(&wanted("a.test"), found("192.0.2.1", 60), now);
        names.due(&HashSet::new(), 9, now + UNUSED_MAX / 2);
        assert!(names.known(&wanted("a.test"), now + UNUSED_MAX / 2).is_some());
        names.due(&HashSet::new(), 9, now + UNUSED_MAX * 2);
        assert!(names.known(&wanted("a.test"), now).is_none());
    }
}
