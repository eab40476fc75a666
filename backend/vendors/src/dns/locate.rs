//! The look-ups of RFC 3263; what they mean is [`sip::locate`]'s.

use super::{Dns, DnsError, absolute};
use hickory_resolver::{
    lookup::Lookup,
    proto::rr::{RData, RecordType},
};
use sip::{
    Transport,
    locate::{
        ADDRESSES_MAX, Delegation, First, Located, SERVERS_MAX, Server, Service, Wanted, delegated, first,
        services,
    },
};
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// Names of one answer that are looked up: SRV targets over all services.
const LOOKUPS_MAX: usize = 24;

/// Servers of a host, and how long the DNS says that they are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The servers; none where the name has none.
    pub located: Located,
    /// The shortest time to live of the answers.
    pub ttl: Duration,
}

/// Answers of one walk, and the shortest time that any of them holds.
struct Walk<'a> {
    dns: &'a Dns,
    until: Option<Instant>,
    lookups: usize,
}

impl Dns {
    /// Finds the servers of a host (RFC 3263 §4): NAPTR, SRV, then A and AAAA, as port and transport ask for it, over
    /// the transports that are spoken. What has no servers at all answers none.
    ///
    /// # Errors
    /// [`DnsError::Failed`] where no server answered; a part that fails while another answers is passed over.
    pub async fn locate(&self, wanted: &Wanted, spoken: &[Transport]) -> Result<Found, DnsError> {
        let mut walk = Walk { dns: self, until: None, lookups: 0 };
        let located = match first(wanted) {
            First::Known(located) => located,
            First::Addresses { port, transport } => walk.host(&wanted.host, port, transport).await?,
            First::Services(names) => walk.services(&wanted.host, names).await?,
            First::Delegation => {
                let names = delegated(&self.naptr_of(&wanted.host, &mut walk.until).await?, spoken);
                let names = if names.is_empty() { services(&wanted.host, spoken) } else { names };
                walk.services(&wanted.host, names).await?
            }
        };
        let now = Instant::now();
        let ttl = walk.until.map_or(super::POSITIVE_TTL_MAX, |until| until.saturating_duration_since(now));
        Ok(Found { located, ttl })
    }

    /// The NAPTR records of a name, 32 at most; empty where there are none.
    ///
    /// # Errors
    /// [`DnsError::Failed`] where no server answered.
    pub async fn naptr(&self, name: &str) -> Result<Vec<Delegation>, DnsError> {
        self.naptr_of(name, &mut None).await
    }

    async fn naptr_of(&self, name: &str, until: &mut Option<Instant>) -> Result<Vec<Delegation>, DnsError> {
        let Some(found) = self.ask(name, RecordType::NAPTR).await? else { return Ok(Vec::new()) };
        sooner(until, &found);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = |data: &RData| match data {
            RData::NAPTR(naptr) => Some(Delegation {
                order: naptr.order,
                preference: naptr.preference,
                flags: text(&naptr.flags),
                services: text(&naptr.services),
                replacement: naptr.replacement.to_utf8().trim_end_matches('.').to_owned(),
            }),
            _ => None,
        };
        let records = found.answers().iter().filter_map(|record| read(&record.data));
        Ok(records.take(super::ANSWERS_MAX).collect())
    }

    /// The SRV records of a name as priority, weight, port and target, [`SERVERS_MAX`] at most by priority; empty where
    /// there are none, or where the service is said to be absent (a target of `.`, RFC 2782).
    ///
    /// # Errors
    /// [`DnsError::Failed`] where no server answered.
    pub async fn srv(&self, name: &str) -> Result<Vec<(u16, u16, u16, String)>, DnsError> {
        self.srv_of(name, &mut None).await
    }

    async fn srv_of(
        &self,
        name: &str,
        until: &mut Option<Instant>,
    ) -> Result<Vec<(u16, u16, u16, String)>, DnsError> {
        let Some(found) = self.ask(name, RecordType::SRV).await? else { return Ok(Vec::new()) };
        sooner(until, &found);
        let read = |data: &RData| match data {
            RData::SRV(srv) => {
                let target = srv.target.to_utf8().trim_end_matches('.').to_ascii_lowercase();
                (!target.is_empty() && srv.port > 0).then_some((srv.priority, srv.weight, srv.port, target))
            }
            _ => None,
        };
        let records = found.answers().iter().filter_map(|record| read(&record.data));
        let mut records: Vec<_> = records.take(super::ANSWERS_MAX).collect();
        records.sort();
        records.truncate(SERVERS_MAX);
        Ok(records)
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Option<Lookup>, DnsError> {
        match self.resolver.lookup(absolute(name), kind).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_no_records_found() => Ok(None),
            Err(source) => Err(DnsError::Failed { name: name.to_owned(), source }),
        }
    }
}

impl Walk<'_> {
    /// The servers that SRV records lead to; the host itself where no service has any (RFC 3263 §4.2).
    async fn services(&mut self, host: &str, names: Vec<Service>) -> Result<Located, DnsError> {
        let mut servers = Vec::new();
        let mut failed = None;
        for (rank, service) in (0..).zip(&names) {
            match self.dns.srv_of(&service.name, &mut self.until).await {
                Ok(records) => {
                    for record in records {
                        servers.extend(self.server(rank, record, service.transport, &mut failed).await);
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        match (servers.is_empty(), failed) {
            (false, _) => Ok(Located { servers }),
            (true, Some(error)) => Err(error),
            (true, None) => {
                let transport = names.first().map_or(Transport::Udp, |service| service.transport);
                self.host(host, transport.default_port(), transport).await
            }
        }
    }

    /// A server with its addresses, where it has any.
    async fn server(
        &mut self,
        rank: u16,
        (priority, weight, port, target): (u16, u16, u16, String),
        transport: Transport,
        failed: &mut Option<DnsError>,
    ) -> Option<Server> {
        if self.lookups >= LOOKUPS_MAX {
            return None;
        }
        match self.addresses(&target).await {
            Ok(addresses) if addresses.is_empty() => None,
            Ok(addresses) => Some(Server { rank, priority, weight, port, transport, addresses }),
            Err(error) => {
                *failed = Some(error);
                None
            }
        }
    }

    async fn host(&mut self, host: &str, port: u16, transport: Transport) -> Result<Located, DnsError> {
        let addresses = self.addresses(host).await?;
        if addresses.is_empty() {
            return Ok(Located::default());
        }
        Ok(Located::at(addresses, port, transport))
    }

    async fn addresses(&mut self, name: &str) -> Result<Vec<IpAddr>, DnsError> {
        self.lookups += 1;
        let (addresses, until) = self.dns.addresses_until(name).await?;
        if let Some(until) = until {
            self.until = Some(self.until.map_or(until, |known| known.min(until)));
        }
        Ok(addresses.into_iter().take(ADDRESSES_MAX).collect())
    }
}

fn sooner(until: &mut Option<Instant>, found: &Lookup) {
    *until = Some(until.map_or_else(|| found.valid_until(), |known| known.min(found.valid_until())));
}
