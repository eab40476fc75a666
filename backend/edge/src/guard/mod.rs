//! Protection before anything is parsed: who misbehaves is not heard for a while, and who floods is heard in part.
//!
//! An offence gives its address points, which halve with time. At [`Rules::ban_points`] the address is banned: its
//! datagrams and connections are dropped unread. Each further ban lasts twice as long, up to [`Rules::longest_ban`], and
//! the memory of bans fades as well. Addresses of trunks, carriers and the sandbox, and addresses from which somebody has
//! proved a name, are never banned: a forged source address hurts nobody whom we serve. A ban that was earned over UDP,
//! where a source can be forged, is for UDP alone.
//!
//! All of it is a concurrent table of values: no lock, and bounded. [`gate`] is the socket thread's side of it.

pub(crate) mod gate;
pub(crate) mod replay;
pub(crate) mod scanners;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Addresses with offences that are remembered; beyond, those with the fewest points are forgotten.
pub const OFFENDERS_MAX: usize = 65_536;
/// Addresses from which somebody proved a name that are remembered; beyond, no more are until some lapse.
pub const PROVEN_MAX: usize = 262_144;
/// An address that is new here is only banned for questions without proof after this: a site whose phones all come back
/// at once has proved itself by then.
const GRACE: Duration = Duration::from_secs(10);
/// How long an address keeps its standing after somebody proved a name from it, where nothing longer is known.
pub(crate) const PROVEN_FOR: Duration = Duration::from_secs(600);
/// How often the tables may be swept for room, at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Below so many points nothing is remembered.
const FORGOTTEN: f32 = 0.5;

/// What protection allows. Points are relative to [`Rules::ban_points`].
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Whether addresses are banned at all.
    pub bans: bool,
    /// Points at which an address is banned.
    pub ban_points: f32,
    /// After this, points are worth half.
    pub half_life: Duration,
    /// How long the first ban of an address lasts.
    pub first_ban: Duration,
    /// No ban lasts longer.
    pub longest_ban: Duration,
    /// Messages and connections a second that are read from one address of nobody we know.
    pub source_rate: u32,
    /// So many may come at once.
    pub source_burst: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            bans: true,
            ban_points: 100.0,
            half_life: Duration::from_secs(300),
            first_ban: Duration::from_secs(60),
            longest_ban: Duration::from_secs(3_600),
            source_rate: 200,
            source_burst: 1_000,
        }
    }
}

/// What an address did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offence {
    /// It names itself a scanner, or asks as one does.
    Scanner,
    /// A wrong name or password.
    WrongCredentials,
    /// A call or registration of nobody we know.
    Stranger,
    /// Many names asked for and none proved.
    Enumeration,
    /// A question for a challenge that nobody answered.
    Unproven,
    /// Not SIP.
    Malformed,
}

impl Offence {
    const fn points(self) -> f32 {
        match self {
            Self::Scanner => 1_000.0,
            Self::WrongCredentials | Self::Stranger => 10.0,
            Self::Malformed => 2.0,
            Self::Unproven | Self::Enumeration => 1.0,
        }
    }

    /// What phones do too before they have proved themselves.
    const fn is_innocent_at_first(self) -> bool {
        matches!(self, Self::Unproven | Self::Enumeration)
    }

    /// The word for pages and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scanner => "scanner",
            Self::WrongCredentials => "wrong-credentials",
            Self::Stranger => "stranger",
            Self::Enumeration => "enumeration",
            Self::Unproven => "unproven",
            Self::Malformed => "malformed",
        }
    }
}

/// An address that is not heard at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The address; of IPv6 the first of its /64, which is banned whole.
    pub address: IpAddr,
    /// What tipped the scale.
    pub reason: Offence,
    /// Since when.
    pub since: SystemTime,
    /// Until when, if nothing more is done.
    pub until: SystemTime,
    /// Which ban of this address it is, from 1, as far as is remembered.
    pub times: u32,
    /// Whether connections are refused too, not only datagrams.
    pub covers_streams: bool,
}

/// What is remembered of an address. Milliseconds count from the start of the edge.
#[derive(Debug, Clone, Copy)]
struct Offender {
    points: f32,
    /// When `points` was true.
    at: u64,
    first_at: u64,
    /// Bans, fading like points but slower.
    times: f32,
    banned_at: u64,
    datagrams_until: u64,
    streams_until: u64,
    reason: Offence,
    /// One bit for each name that was asked for, by its hash.
    names: u64,
}

/// The memory of offences and proofs. Shared by the socket thread, the shards and the handles.
#[derive(Debug)]
pub(crate) struct Guard {
    rules: Rules,
    origin: Instant,
    offenders: papaya::HashMap<IpAddr, Offender>,
    /// Until when, by full address.
    proven: papaya::HashMap<IpAddr, u64>,
    names: RandomState,
    swept_at: AtomicU64,
}

impl Guard {
    /// Nobody has done anything yet.
    pub(crate) fn new(rules: Rules, origin: Instant) -> Self {
        Self {
            rules,
            origin,
            offenders: papaya::HashMap::new(),
            proven: papaya::HashMap::new(),
            names: RandomState::new(),
            swept_at: AtomicU64::new(0),
        }
    }

    pub(crate) const fn rules(&self) -> &Rules {
        &self.rules
    }

    fn millis(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.origin))
    }

    /// Whether an address is banned. One look where nobody is.
    pub(crate) fn is_banned(&self, ip: IpAddr, is_stream: bool, now: Instant) -> bool {
        if self.offenders.is_empty() {
            return false;
        }
        let now = self.millis(now);
        let offenders = self.offenders.pin();
        offenders.get(&key(ip)).is_some_and(|offender| offender.until(is_stream) > now)
    }

    /// Whether somebody has proved a name from this address lately.
    pub(crate) fn is_proven(&self, ip: IpAddr, now: Instant) -> bool {
        self.proven.pin().get(&ip.to_canonical()).is_some_and(|until| *until > self.millis(now))
    }

    /// Somebody proved a name from this address: it is forgiven, and not banned for a while.
    pub(crate) fn prove(&self, ip: IpAddr, lasts: Duration, now: Instant) {
        let at = self.millis(now);
        let until = at.saturating_add(millis(lasts));
        let proven = self.proven.pin();
        if proven.len() >= PROVEN_MAX && self.may_sweep(at) {
            proven.retain(|_, until| *until > at);
        }
        if proven.len() < PROVEN_MAX {
            proven.update_or_insert(ip.to_canonical(), |known| until.max(*known), until);
        }
        if !self.offenders.is_empty() {
            self.offenders.pin().remove(&key(ip));
        }
    }

    /// Notes an offence. `is_known` says whether the address is a trunk's, a carrier's or the sandbox's, and is asked
    /// only where there would be a ban.
    pub(crate) fn offend(
        &self,
        (ip, is_stream): (IpAddr, bool),
        offence: Offence,
        now: Instant,
        is_known: impl FnOnce() -> bool,
    ) {
        self.note((ip, is_stream), offence, 0, now, is_known);
    }

    /// Notes that an address asked for a name without proving one: each new name weighs more than the same again.
    pub(crate) fn asked(
        &self,
        (ip, is_stream): (IpAddr, bool),
        name: &str,
        now: Instant,
        is_known: impl FnOnce() -> bool,
    ) {
        let bit = 1_u64 << (self.names.hash_one(name) % 64);
        self.note((ip, is_stream), Offence::Unproven, bit, now, is_known);
    }

    fn note(
        &self,
        (ip, is_stream): (IpAddr, bool),
        offence: Offence,
        name: u64,
        now: Instant,
        is_known: impl FnOnce() -> bool,
    ) {
        if !self.rules.bans || self.is_proven(ip, now) {
            return;
        }
        let (at, key) = (self.millis(now), key(ip));
        let offenders = self.offenders.pin();
        let fresh = || Offender::new(offence, at).plus(&self.rules, offence, name, at);
        let known = offenders.get(&key).copied();
        if known.is_none() && offenders.len() >= OFFENDERS_MAX && !self.make_room(at) {
            return;
        }
        let next = known.map_or_else(fresh, |known| known.plus(&self.rules, offence, name, at));
        let is_guilty = next.is_guilty(&self.rules, offence, at);
        if is_guilty && (next.until(is_stream) > at || is_known()) {
            return;
        }
        offenders.update_or_insert_with(
            key,
            |known| {
                let next = known.plus(&self.rules, offence, name, at);
                if is_guilty { next.banned(&self.rules, is_stream, offence, at) } else { next }
            },
            || if is_guilty { fresh().banned(&self.rules, is_stream, offence, at) } else { fresh() },
        );
    }

    /// Forgets those with little on them; `false` where there is no room even so.
    fn make_room(&self, at: u64) -> bool {
        if !self.may_sweep(at) {
            return false;
        }
        let offenders = self.offenders.pin();
        offenders.retain(|_, offender| {
            offender.datagrams_until.max(offender.streams_until) > at
                || offender.faded(&self.rules, at) >= self.rules.ban_points / 2.0
        });
        offenders.len() < OFFENDERS_MAX
    }

    /// At most one thread at a time and one sweep a second: a sweep looks at the whole table.
    fn may_sweep(&self, at: u64) -> bool {
        let swept_at = self.swept_at.load(Ordering::Relaxed);
        at >= swept_at.saturating_add(millis(SWEEP_EVERY))
            && self.swept_at.compare_exchange(swept_at, at, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Forgets what has faded. For the socket thread, now and then.
    pub(crate) fn sweep(&self, now: Instant) {
        let at = self.millis(now);
        if !self.offenders.is_empty() {
            self.offenders.pin().retain(|_, offender| {
                offender.datagrams_until.max(offender.streams_until) > at
                    || offender.faded(&self.rules, at) >= FORGOTTEN
                    || offender.times_left(&self.rules, at) >= FORGOTTEN
            });
        }
        if !self.proven.is_empty() {
            self.proven.pin().retain(|_, until| *until > at);
        }
    }

    /// Who is banned at this moment, the newest ban first.
    pub(crate) fn bans(&self, now: Instant, wall: SystemTime) -> Vec<Ban> {
        let at = self.millis(now);
        let time = |millis: u64| {
            let ago = Duration::from_millis(at.saturating_sub(millis));
            let ahead = Duration::from_millis(millis.saturating_sub(at));
            wall.checked_sub(ago).unwrap_or(wall) + ahead
        };
        let offenders = self.offenders.pin();
        let mut bans: Vec<Ban> = offenders
            .iter()
            .filter(|(_, offender)| offender.datagrams_until.max(offender.streams_until) > at)
            .map(|(address, offender)| Ban {
                address: *address,
                reason: offender.reason,
                since: time(offender.banned_at),
                until: time(offender.datagrams_until.max(offender.streams_until)),
                times: offender.times.round().max(1.0) as u32,
                covers_streams: offender.streams_until > at,
            })
            .collect();
        bans.sort_by(|a, b| b.since.cmp(&a.since).then(a.address.cmp(&b.address)));
        bans
    }

    /// How many addresses are banned, and how many are remembered for something.
    pub(crate) fn sizes(&self, now: Instant) -> (usize, usize) {
        let at = self.millis(now);
        let offenders = self.offenders.pin();
        let is_banned = |offender: &Offender| offender.datagrams_until.max(offender.streams_until) > at;
        (offenders.values().filter(|offender| is_banned(offender)).count(), offenders.len())
    }

    /// Lifts the ban of an address and forgets what it did; `false` where there is nothing to forget.
    pub(crate) fn clear(&self, ip: IpAddr) -> bool {
        self.offenders.pin().remove(&key(ip)).is_some()
    }

    /// Lifts all bans and forgets all offences. Says how many addresses were remembered.
    pub(crate) fn clear_all(&self) -> usize {
        let offenders = self.offenders.pin();
        let count = offenders.len();
        offenders.clear();
        count
    }
}

impl Offender {
    const fn new(reason: Offence, at: u64) -> Self {
        Self {
            points: 0.0,
            at,
            first_at: at,
            times: 0.0,
            banned_at: 0,
            datagrams_until: 0,
            streams_until: 0,
            reason,
            names: 0,
        }
    }

    const fn until(&self, is_stream: bool) -> u64 {
        if is_stream { self.streams_until } else { self.datagrams_until }
    }

    /// What the points are worth now.
    fn faded(&self, rules: &Rules, at: u64) -> f32 {
        self.points * half(at.saturating_sub(self.at), rules.half_life)
    }

    /// How many bans are remembered: half of them after the longest ban.
    fn times_left(&self, rules: &Rules, at: u64) -> f32 {
        let over = self.datagrams_until.max(self.streams_until);
        self.times * half(at.saturating_sub(over), rules.longest_ban)
    }

    fn plus(self, rules: &Rules, offence: Offence, name: u64, at: u64) -> Self {
        let new_name = if name != 0 && self.names & name == 0 { Offence::Enumeration.points() } else { 0.0 };
        let points = self.faded(rules, at) + offence.points() + new_name;
        // One who has paid and begun anew has a new first time.
        let first_at = if self.faded(rules, at) < FORGOTTEN { at } else { self.first_at };
        Self { points, at, first_at, names: self.names | name, ..self }
    }

    fn is_guilty(&self, rules: &Rules, offence: Offence, at: u64) -> bool {
        let is_new = at.saturating_sub(self.first_at) < millis(GRACE);
        self.points >= rules.ban_points && !(offence.is_innocent_at_first() && is_new)
    }

    /// Banned, with half of the points left: a relapse is found out sooner.
    fn banned(self, rules: &Rules, is_stream: bool, offence: Offence, at: u64) -> Self {
        let times = self.times_left(rules, at) + 1.0;
        let lasts = rules.first_ban.mul_f32((times - 1.0).min(16.0).exp2()).min(rules.longest_ban);
        let until = at.saturating_add(millis(lasts));
        let is_many = self.names.count_ones() > 16 && offence.is_innocent_at_first();
        Self {
            points: rules.ban_points / 2.0,
            at,
            times,
            banned_at: at,
            datagrams_until: until,
            streams_until: if is_stream { until } else { self.streams_until },
            reason: if is_many { Offence::Enumeration } else { offence },
            names: 0,
            ..self
        }
    }
}

/// What is left of one after `passed` milliseconds.
fn half(passed: u64, half_life: Duration) -> f32 {
    (-(passed as f32) / (millis(half_life).max(1) as f32)).exp2()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A /64 of IPv6 is one customer's, who may use all of it.
fn key(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V6(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
    }
}
