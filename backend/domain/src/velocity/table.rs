//! The sums of all tenants whose spending is limited.

use super::{Limits, Pace, Span, Subject, Sums};
use crate::ids::TenantId;
use std::collections::HashMap;

/// Tenants that are counted. Beyond, those that spent nothing in the last day are forgotten; where there is none, the newcomer is
/// not counted.
pub const TENANTS_MAX: usize = 50_000;
/// Callers of one tenant that are counted each by itself. Beyond, newcomers count for the tenant and their destination alone: the
/// limit of the tenant is what stops somebody who invents callers.
pub const CALLERS_MAX: usize = 2_000;
/// Callers of all tenants together.
pub const KEYS_MAX: usize = 200_000;

/// Money that is committed to a call, or given back by its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent<'a> {
    /// Where the call goes; `None` for one that comes in.
    pub destination: Option<&'static str>,
    /// Who calls; `None` for a call that comes in.
    pub caller: Option<&'a str>,
    /// How much, micro-units; negative for what is given back.
    pub micros: i64,
    /// When, seconds since 1970.
    pub at: i64,
}

/// A limit that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// Whose.
    pub of: Subject,
    /// In which window.
    pub span: Span,
    /// What was spent in it, micro-units.
    pub spent_micros: i64,
    /// What may be.
    pub limit_micros: i64,
}

/// What was spent on one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Whose.
    pub of: Subject,
    /// In the last hour, micro-units.
    pub hour_micros: i64,
    /// In the last day.
    pub day_micros: i64,
}

/// What a tenant spends: itself first, then those on which it spent most today.
pub type Figures = Vec<Figure>;

#[derive(Debug)]
struct Meter {
    all: Sums,
    /// There are as many as there are countries and ranges of fraud.
    destinations: HashMap<&'static str, Sums>,
    callers: HashMap<Box<str>, Sums>,
}

/// The sums of all tenants whose spending is limited.
#[derive(Debug, Default)]
pub struct Table {
    tenants: HashMap<TenantId, Meter>,
    callers: usize,
    uncounted: u64,
}

impl Table {
    /// Counts what a tenant spends, as far as it is limited, and says which limits it passes: of each subject the first.
    pub fn spend(&mut self, tenant: TenantId, limits: &Limits, spent: Spent<'_>) -> Vec<Trip> {
        let Some(mut meter) = self.meter(tenant, spent.at) else {
            self.uncounted = self.uncounted.saturating_add(1);
            return Vec::new();
        };
        let mut trips = Vec::new();
        if limits.tenant.is_set() {
            trips.extend(over(&mut meter.all, limits.tenant, spent, || Subject::Tenant));
        }
        if let Some(destination) = spent.destination.filter(|_| limits.destination.is_set()) {
            let sums = meter.destinations.entry(destination).or_insert(Sums::NONE);
            let of = || Subject::Destination(destination.to_owned());
            trips.extend(over(sums, limits.destination, spent, of));
        }
        if let Some(caller) = spent.caller.filter(|_| limits.caller.is_set()) {
            let (known, mut in_all) = (meter.callers.len(), self.callers);
            let sums = match meter.callers.get_mut(caller) {
                Some(sums) => Some(sums),
                None => {
                    if known >= CALLERS_MAX || in_all >= KEYS_MAX {
                        meter.callers.retain(|_, sums| !sums.is_idle(spent.at));
                        in_all -= known - meter.callers.len();
                    }
                    let has_room = meter.callers.len() < CALLERS_MAX && in_all < KEYS_MAX;
                    in_all += usize::from(has_room);
                    has_room.then(|| meter.callers.entry(caller.into()).or_insert(Sums::NONE))
                }
            };
            match sums {
                Some(sums) => {
                    trips.extend(over(sums, limits.caller, spent, || Subject::Caller(caller.to_owned())));
                }
                None => self.uncounted = self.uncounted.saturating_add(1),
            }
            self.callers = in_all;
        }
        self.tenants.insert(tenant, meter);
        trips
    }

    /// Takes a tenant's meter out, to be put back.
    fn meter(&mut self, tenant: TenantId, at: i64) -> Option<Meter> {
        if let Some(meter) = self.tenants.remove(&tenant) {
            return Some(meter);
        }
        if self.tenants.len() >= TENANTS_MAX {
            self.tenants.retain(|_, meter| {
                let is_idle = meter.is_idle(at);
                self.callers -= if is_idle { meter.callers.len() } else { 0 };
                !is_idle
            });
        }
        let meter = Meter { all: Sums::NONE, destinations: HashMap::new(), callers: HashMap::new() };
        (self.tenants.len() < TENANTS_MAX).then_some(meter)
    }

    /// Begins to count a subject anew: somebody said that what it spent was meant.
    pub fn forgive(&mut self, tenant: TenantId, of: &Subject) {
        let Some(meter) = self.tenants.get_mut(&tenant) else { return };
        match of {
            Subject::Tenant => meter.all = Sums::NONE,
            Subject::Destination(destination) => {
                meter.destinations.remove(destination.as_str());
            }
            Subject::Caller(caller) => {
                self.callers -= usize::from(meter.callers.remove(caller.as_str()).is_some());
            }
        }
    }

    /// What a tenant spends at a time: itself, and the `most` destinations and callers on which it spent most in a day.
    pub fn read(&mut self, tenant: TenantId, at: i64, most: usize) -> Figures {
        let Some(meter) = self.tenants.get_mut(&tenant) else { return Vec::new() };
        let figure = |of: Subject, sums: &mut Sums| Figure {
            of,
            hour_micros: sums.read(at, Span::Hour),
            day_micros: sums.read(at, Span::Day),
        };
        let of_destination =
            |(name, sums): (&&'static str, &mut Sums)| figure(Subject::Destination((*name).to_owned()), sums);
        let mut parts: Figures = meter.destinations.iter_mut().map(of_destination).collect();
        parts.extend(
            meter.callers.iter_mut().map(|(name, sums)| figure(Subject::Caller(name.to_string()), sums)),
        );
        parts.retain(|figure| figure.day_micros > 0);
        parts.sort_by(|a, b| b.day_micros.cmp(&a.day_micros).then_with(|| a.of.cmp(&b.of)));
        parts.truncate(most);
        std::iter::once(figure(Subject::Tenant, &mut meter.all)).chain(parts).collect()
    }

    /// How often something was not counted for want of room.
    #[must_use]
    pub const fn uncounted(&self) -> u64 {
        self.uncounted
    }
}

impl Meter {
    fn is_idle(&mut self, at: i64) -> bool {
        self.all.is_idle(at)
            && self.destinations.values_mut().all(|sums| sums.is_idle(at))
            && self.callers.values_mut().all(|sums| sums.is_idle(at))
    }
}

/// Adds to sums, and says which limit is passed now.
fn over(sums: &mut Sums, pace: Pace, spent: Spent<'_>, of: impl FnOnce() -> Subject) -> Option<Trip> {
    sums.add(spent.at, spent.micros);
    if spent.micros <= 0 {
        return None;
    }
    let limits = [(Span::Hour, pace.per_hour_micros), (Span::Day, pace.per_day_micros)];
    let passed = limits.into_iter().find_map(|(span, limit)| {
        let (limit, sum) = (limit?, sums.read(spent.at, span));
        (sum > limit).then_some((span, sum, limit))
    });
    let (span, spent_micros, limit_micros) = passed?;
    Some(Trip { of: of(), span, spent_micros, limit_micros })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn tenant(n: u128) -> TenantId {
        TenantId(uuid::Uuid::from_u128(n))
    }

    fn hourly(micros: i64) -> Pace {
        Pace { per_hour_micros: Some(micros), per_day_micros: None }
    }

    fn call<'a>(destination: &'static str, caller: &'a str, micros: i64) -> Spent<'a> {
        Spent { destination: Some(destination), caller: Some(caller), micros, at: NOW }
    }

    #[test]
    fn each_subject_is_counted_by_itself_and_trips_beyond_its_limit() {
        let mut table = Table::default();
        let limits =
            Limits { tenant: hourly(100), destination: hourly(50), caller: hourly(30), ..Limits::default() };
        assert!(table.spend(tenant(1), &limits, call("SE", "+1", 30)).is_empty(), "at a limit is within it");
        let of = |trips: Vec<Trip>| trips.into_iter().map(|trip| trip.of).collect::<Vec<_>>();
        let se = Subject::Destination("SE".into());
        assert_eq!(of(table.spend(tenant(1), &limits, call("SE", "+2", 21))), [se]);
        assert_eq!(of(table.spend(tenant(1), &limits, call("US", "+1", 1))), [Subject::Caller("+1".into())]);
        assert_eq!(
            of(table.spend(tenant(1), &limits, call("GB", "+3", 49))),
            [Subject::Tenant, Subject::Caller("+3".into())]
        );
        assert!(table.spend(tenant(2), &limits, call("SE", "+1", 30)).is_empty(), "another tenant");
        let figures = table.read(tenant(1), NOW, 2);
        assert_eq!(figures.len(), 3);
        assert_eq!((figures[0].hour_micros, figures[1].day_micros), (101, 51));
    }

    #[test]
    fn what_a_call_gives_back_trips_nothing_and_makes_room() {
        let mut table = Table::default();
        let limits = Limits { tenant: hourly(100), ..Limits::default() };
        assert!(table.spend(tenant(1), &limits, call("SE", "+1", 90)).is_empty());
        assert!(table.spend(tenant(1), &limits, call("SE", "+1", -80)).is_empty());
        assert!(table.spend(tenant(1), &limits, call("SE", "+1", 90)).is_empty());
        assert_eq!(table.spend(tenant(1), &limits, call("SE", "+1", 1))[0].spent_micros, 101);
        table.forgive(tenant(1), &Subject::Tenant);
        assert!(table.spend(tenant(1), &limits, call("SE", "+1", 100)).is_empty());
    }

    #[test]
    fn invented_callers_fill_no_memory_and_are_stopped_by_the_tenants_limit() {
        let mut table = Table::default();
        let limits =
            Limits { tenant: hourly(CALLERS_MAX as i64 + 5), caller: hourly(1), ..Limits::default() };
        let mut trips = Vec::new();
        for at in 0..CALLERS_MAX + 10 {
            trips.extend(table.spend(tenant(1), &limits, call("SE", &format!("+{at}"), 1)));
        }
        assert_eq!(table.callers, CALLERS_MAX);
        assert_eq!(table.uncounted(), 10);
        assert!(trips.iter().all(|trip| trip.of == Subject::Tenant) && !trips.is_empty());
        // A day later they have made room.
        let late = Spent { at: NOW + 90_001, ..call("SE", "+new", 1) };
        table.spend(tenant(1), &limits, late);
        assert_eq!(table.callers, 1);
    }
}
