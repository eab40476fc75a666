//! Which connection a message takes: the one that it names, one that was opened to its destination, one that the peer
//! offers for that (RFC 5923), or a new one.

use super::connection::Connection;
use crate::destinations::Destinations;
use sip::Transport;
use sip::transaction::Peer;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// Closed connections whose peers said where they listen, kept for what their calls still have to say.
const HEIRS_MAX: usize = 8_192;

/// Indexes over the connections.
pub(super) struct Pool {
    destinations: Arc<Destinations>,
    /// Plain connections by their peer's address.
    by_address: HashMap<SocketAddr, u64>,
    /// Connections that we opened, by their destination.
    by_destination: HashMap<u64, u64>,
    /// Connections that a peer offers for requests to where it listens.
    offered: HashMap<SocketAddr, u64>,
    /// Destinations in the place of connections that the peer closed, with the order in which they came.
    heirs: HashMap<u64, u64>,
    heirs_in_order: VecDeque<u64>,
}

/// The way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Over this connection.
    Over(u64),
    /// Over a new one to this address.
    Open(Peer),
    /// There is none: a connection that the peer opened cannot be opened from here, since it would end at its NAT.
    Closed,
}

impl Pool {
    pub(super) fn new(destinations: Arc<Destinations>) -> Self {
        Self {
            destinations,
            by_address: HashMap::new(),
            by_destination: HashMap::new(),
            offered: HashMap::new(),
            heirs: HashMap::new(),
            heirs_in_order: VecDeque::new(),
        }
    }

    /// Takes a new connection; one with a destination is found by it, a plain one by its address.
    pub(super) fn enter(&mut self, id: u64, connection: &Connection) {
        if Destinations::is_one(connection.flow) {
            self.by_destination.insert(connection.flow, id);
        } else if connection.transport() == Transport::Tcp {
            self.by_address.insert(connection.addr, id);
        }
    }

    /// Takes a peer's word that requests to where it listens may come over this connection (RFC 5923 §8.1).
    pub(super) fn offer(&mut self, id: u64, place: SocketAddr) {
        self.offered.insert(place, id);
    }

    /// Forgets a connection; what its calls still have to say goes to where its peer listens.
    pub(super) fn leave(&mut self, id: u64, connection: &Connection) {
        let own = |known: &mut HashMap<SocketAddr, u64>, place: SocketAddr| {
            if known.get(&place) == Some(&id) {
                known.remove(&place);
            }
        };
        own(&mut self.by_address, connection.addr);
        if self.by_destination.get(&connection.flow) == Some(&id) {
            self.by_destination.remove(&connection.flow);
        }
        let Some((place, name)) = &connection.home else { return };
        own(&mut self.offered, *place);
        if !Destinations::is_one(connection.flow) {
            let heir = self.destinations.flow(*place, name);
            if self.heirs_in_order.len() >= HEIRS_MAX
                && let Some(oldest) = self.heirs_in_order.pop_front()
            {
                self.heirs.remove(&oldest);
            }
            self.heirs.insert(id, heir);
            self.heirs_in_order.push_back(id);
        }
    }

    /// The way of a message to a peer.
    pub(super) fn way(&self, peer: Peer, open: &HashMap<u64, Connection>) -> Way {
        match peer.flow {
            Some(flow) if Destinations::is_one(flow) => self.to_destination(peer, flow, open),
            Some(flow) if open.contains_key(&flow) => Way::Over(flow),
            Some(flow) if self.heirs.contains_key(&flow) => {
                self.to_destination(peer, self.heirs[&flow], open)
            }
            Some(flow) if !is_ours(flow) => Way::Closed,
            _ if peer.transport == Transport::Tls => self.to_address(peer, open),
            _ => self.by_address.get(&peer.addr).map_or(Way::Open(peer), |id| Way::Over(*id)),
        }
    }

    /// Nobody said the name of the peer: its certificate must cover its address.
    fn to_address(&self, peer: Peer, open: &HashMap<u64, Connection>) -> Way {
        let flow = self.destinations.flow(peer.addr, &peer.addr.ip().to_string());
        self.to_destination(peer, flow, open)
    }

    fn to_destination(&self, peer: Peer, flow: u64, open: &HashMap<u64, Connection>) -> Way {
        if let Some(id) = self.by_destination.get(&flow) {
            return Way::Over(*id);
        }
        let Some(destination) = self.destinations.get(flow) else { return Way::Closed };
        let offered = self.offered.get(&destination.addr).filter(|id| {
            let certificate = open.get(id).and_then(|connection| connection.certificate.as_ref());
            certificate.is_some_and(|certificate| certificate.covers(&destination.name))
        });
        match offered {
            Some(id) => Way::Over(*id),
            None => Way::Open(Peer { addr: destination.addr, flow: Some(flow), ..peer }),
        }
    }
}

/// Whether we opened a connection ourselves: its id says so, also when the connection is gone.
const fn is_ours(id: u64) -> bool {
    id & 1 == 1
}
