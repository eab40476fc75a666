//! Two phones, the engine between them, and a wire that may lose, repeat and delay, on one virtual clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::phone::{Act, Phone};
use crate::Transport;
use crate::b2bua::{
    Attempt, CallRef, Config, Digit, Engine, Failure, Input, MediaFailed, MediaNeed, Milestone, Output, Peer,
    Plan, Refusal, Reply, Side, Summary, Verdict,
};
use crate::wire::{Message, Method};

const ENGINE: &str = "127.0.0.1:5060";
/// The first engine's shard; the second's is the next.
const SHARD: u16 = 7;

/// How the wire treats datagrams. Per cent; streams are never touched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    pub(super) lost: u64,
    pub(super) repeated: u64,
    pub(super) delayed: u64,
}

/// A message on its way: when it arrives, its serial, from whom, to whom, and its bytes.
type Flight = (Instant, u64, SocketAddr, SocketAddr, Bytes);

/// The whole scene. The first phone is the caller.
pub(super) struct World {
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) engine: Engine,
    /// A second shard, where there is one: what is new goes there from phones that [`World::at_second`] lists.
    pub(super) second: Option<Engine>,
    pub(super) at_second: Vec<SocketAddr>,
    /// Whether no word reaches the other shard.
    pub(super) is_cut: bool,
    pub(super) phones: Vec<Phone>,
    pub(super) weather: Weather,
    pub(super) plan: Plan,
    /// Instead of the plan.
    pub(super) refusal: Option<Refusal>,
    /// For how long the refusal is announced first.
    pub(super) announced: Option<Duration>,
    /// What was played to whom, from when on and for how long; a duration of zero is where it was ended.
    pub(super) played: Vec<(Duration, Side, Duration)>,
    /// What the media plane says instead of its rewriting.
    pub(super) media_failure: Option<Refusal>,
    /// How long driver and media plane think.
    pub(super) thinking: Duration,
    /// What every [`Output::Extend`] is answered with.
    pub(super) funded: Option<Duration>,
    pub(super) calls: Vec<CallRef>,
    pub(super) milestones: Vec<(Duration, Milestone)>,
    pub(super) needs: Vec<MediaNeed>,
    pub(super) extensions: Vec<Duration>,
    pub(super) ended: Vec<Summary>,
    /// Who asked for which transfers, and where they go.
    pub(super) transfers: Vec<(Side, String)>,
    pub(super) transfer_plan: Plan,
    /// Keys that were pressed by INFO.
    pub(super) digits: Vec<(Side, Digit)>,
    pub(super) originated: Vec<(u64, u32, Result<Message, Failure>)>,
    /// All bytes that crossed the wire towards each phone.
    pub(super) seen: Vec<(SocketAddr, Bytes)>,
    /// Phones whose address refuses packets.
    pub(super) unreachable: Vec<SocketAddr>,
    /// Phones that listen on UDP alone.
    pub(super) without_tcp: Vec<SocketAddr>,
    wire: BinaryHeap<Reverse<Flight>>,
    words: Vec<(Instant, usize, Input)>,
    serial: u64,
    seed: u64,
}

impl World {
    /// A caller at 127.0.0.2, and as many callees at 127.0.0.10 and on, each one attempt of the plan.
    pub(super) fn new(callees: usize) -> Self {
        Self::over(Transport::Udp, callees)
    }

    pub(super) fn over(transport: Transport, callees: usize) -> Self {
        let start = Instant::now();
        let hosts = vec![(Transport::Udp, ENGINE.to_owned()), (Transport::Tcp, ENGINE.to_owned())];
        let mut phones = vec![Phone::new("127.0.0.2:5060", transport)];
        phones
            .extend((0..callees).map(|index| Phone::new(&format!("127.0.0.{}:5060", 10 + index), transport)));
        let attempts = phones[1..].iter().map(|phone| Attempt {
            headers: vec![("P-Asserted-Identity".to_owned(), "<sip:+37061111111@engine>".to_owned())],
            ..Attempt::new(
                Peer::new(phone.addr, transport),
                format!("sip:+37060000001@{}", phone.addr),
                "<sip:+37061111111@engine>",
                "<sip:+37060000001@engine>",
            )
        });
        Self {
            start,
            now: start,
            engine: Engine::new(Config::new(SHARD, [42; 16], hosts)),
            second: None,
            at_second: Vec::new(),
            is_cut: false,
            plan: Plan::new(attempts.collect()),
            phones,
            weather: Weather::default(),
            refusal: None,
            announced: None,
            played: Vec::new(),
            media_failure: None,
            thinking: Duration::ZERO,
            funded: None,
            calls: Vec::new(),
            milestones: Vec::new(),
            needs: Vec::new(),
            extensions: Vec::new(),
            ended: Vec::new(),
            transfers: Vec::new(),
            transfer_plan: Plan::new(Vec::new()),
            digits: Vec::new(),
            originated: Vec::new(),
            seen: Vec::new(),
            unreachable: Vec::new(),
            without_tcp: Vec::new(),
            wire: BinaryHeap::new(),
            words: Vec::new(),
            serial: 0,
            seed: 1,
        }
    }

    /// With a second shard, which takes the new calls of these phones.
    pub(super) fn with_second(mut self, phones: &[usize]) -> Self {
        let hosts = vec![(Transport::Udp, ENGINE.to_owned()), (Transport::Tcp, ENGINE.to_owned())];
        self.second = Some(Engine::new(Config::new(SHARD + 1, [24; 16], hosts)));
        self.at_second = phones.iter().map(|phone| self.phones[*phone].addr).collect();
        self
    }

    /// The engine of a shard, by its place.
    fn shard(&mut self, place: usize) -> &mut Engine {
        match (place, &mut self.second) {
            (1, Some(second)) => second,
            _ => &mut self.engine,
        }
    }

    /// The shard that a message is steered to.
    fn steered(&self, from: SocketAddr, message: &Message) -> usize {
        match crate::b2bua::shard_of(message) {
            Some(shard) => usize::from(shard.saturating_sub(SHARD)).min(1),
            None => usize::from(self.at_second.contains(&from)),
        }
    }

    pub(super) fn caller(&mut self) -> &mut Phone {
        &mut self.phones[0]
    }

    pub(super) fn callee(&mut self) -> &mut Phone {
        &mut self.phones[1]
    }

    pub(super) fn weather(mut self, seed: u64, weather: Weather) -> Self {
        self.seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self.weather = weather;
        self
    }

    /// What the callee does after the INVITE has come, in milliseconds.
    pub(super) fn script(mut self, script: &[(u64, Act)]) -> Self {
        self.callee().script =
            script.iter().map(|(ms, act)| (Duration::from_millis(*ms), act.clone())).collect();
        self
    }

    /// Has a phone do something now.
    pub(super) fn act(&mut self, phone: usize, act: Act) {
        let transport = self.phones[phone].transport;
        self.phones[phone].act(self.now, engine(transport), act);
        self.collect();
    }

    /// Tells the engine something now.
    pub(super) fn tell(&mut self, input: Input) {
        self.engine.handle_input(self.now, input);
        self.collect();
    }

    /// Lets virtual time pass.
    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(next) = self.next_event().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    pub(super) fn run_ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    /// Long enough for every transaction to die.
    pub(super) fn run_until_idle(&mut self) {
        self.run(Duration::from_secs(400));
    }

    fn next_event(&self) -> Option<Instant> {
        let wire = self.wire.peek().map(|Reverse((at, ..))| *at);
        let phones = self.phones.iter().filter_map(Phone::next_wake).min();
        let words = self.words.iter().map(|(at, ..)| *at).min();
        let second = self.second.as_ref().and_then(Engine::poll_timeout);
        [wire, phones, words, self.engine.poll_timeout(), second].into_iter().flatten().min()
    }

    fn step(&mut self) {
        while let Some(Reverse((at, ..))) = self.wire.peek() {
            if *at > self.now {
                break;
            }
            let Some(Reverse((_, _, from, to, bytes))) = self.wire.pop() else { break };
            self.deliver(from, to, bytes);
        }
        while let Some(place) = self.words.iter().position(|(at, ..)| *at <= self.now) {
            let (_, shard, input) = self.words.remove(place);
            let now = self.now;
            self.shard(shard).handle_input(now, input);
        }
        self.engine.handle_timeout(self.now);
        if let Some(second) = &mut self.second {
            second.handle_timeout(self.now);
        }
        for phone in &mut self.phones {
            phone.wake(self.now, engine(phone.transport));
        }
        self.collect();
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let transport = self.phones[0].transport;
        let flow =
            |addr: SocketAddr| transport.is_reliable().then(|| u64::from(addr.port()) + addr_number(addr));
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.addr == to) {
            self.seen.push((to, bytes.clone()));
            phone.receive(self.now, Peer { addr: from, transport, flow: None }, bytes);
        } else if let Ok(message) = Message::parse(bytes) {
            let from = Peer { addr: from, transport, flow: flow(from) };
            let (now, steered) = (self.now, self.steered(from.addr, &message));
            // As the driver does: what has moved to another shard is handed on.
            let moved = self.shard(steered).elsewhere(&from, &message);
            let place = moved.map_or(steered, |shard| usize::from(shard - SHARD));
            self.shard(place).handle_input(now, Input::Packet { from, message });
        }
        self.collect();
    }

    /// Puts on the wire what was sent, and lets the driver do what the engine wants.
    fn collect(&mut self) {
        for index in 0..self.phones.len() {
            let from = self.phones[index].addr;
            for (peer, bytes) in std::mem::take(&mut self.phones[index].sent) {
                self.send(from, peer.addr, &bytes);
            }
        }
        loop {
            let mut is_idle = true;
            for shard in 0..2 {
                while let Some(output) = self.shard(shard).poll_output() {
                    is_idle = false;
                    self.drive(shard, output);
                }
            }
            if is_idle {
                return;
            }
        }
    }

    fn drive(&mut self, shard: usize, output: Output) {
        let think = self.now + self.thinking;
        match output {
            Output::Transmit { peer, .. } if self.unreachable.contains(&peer.addr) => {
                self.words.push((think, shard, Input::TransportFailed { peer }));
            }
            Output::Transmit { peer, .. }
                if peer.transport == Transport::Tcp && self.without_tcp.contains(&peer.addr) =>
            {
                self.words.push((think, shard, Input::TransportFailed { peer }));
            }
            Output::Transmit { peer, bytes } => self.send(engine(peer.transport).addr, peer.addr, &bytes),
            Output::Request { request, message, .. } => {
                let input = match message.method() {
                    Method::Invite => Input::Accept { request },
                    _ => Input::Answer { request, reply: Reply::new(200).with("X-Hello", "you") },
                };
                self.words.push((think, shard, input));
            }
            Output::Accepted { call, .. } => {
                self.calls.push(call);
                let verdict = match (self.refusal.clone(), self.announced) {
                    (None, _) => Verdict::Connect(self.plan.clone()),
                    (Some(refusal), None) => Verdict::Refuse(refusal),
                    (Some(refusal), Some(lasts)) => Verdict::Announce { refusal, lasts },
                };
                self.words.push((think, shard, Input::Verdict { call, verdict }));
            }
            Output::Play { to, lasts, .. } => self.played.push((self.now - self.start, to, lasts)),
            Output::Hush { to, .. } => self.played.push((self.now - self.start, to, Duration::ZERO)),
            Output::Media { call, need } => {
                if let MediaNeed::Rewrite { sdp, .. } | MediaNeed::Announce { sdp } = &need {
                    let rewritten = Bytes::from([b"relayed(", &sdp[..], b")"].concat());
                    let answer =
                        self.media_failure.clone().map_or(Ok(rewritten), |refusal| Err(MediaFailed(refusal)));
                    self.words.push((think, shard, Input::Media { call, answer }));
                }
                self.needs.push(need);
            }
            Output::Progress { at, event, .. } => self.milestones.push((at - self.start, event)),
            Output::Extend { call } => {
                self.extensions.push(self.now - self.start);
                self.words.push((think, shard, Input::Funded { call, funded: self.funded }));
            }
            Output::Transfer { transfer, by, target, .. } => {
                self.transfers.push((by, target));
                self.calls.push(transfer);
                let verdict = self
                    .refusal
                    .clone()
                    .map_or_else(|| Verdict::Connect(self.transfer_plan.clone()), Verdict::Refuse);
                self.words.push((think, shard, Input::Verdict { call: transfer, verdict }));
            }
            Output::Tell { shard: to, word } if self.is_cut || usize::from(to - SHARD) > 1 => {
                self.words.push((think, shard, Input::Untold { word }));
            }
            Output::Tell { shard: to, word } => {
                self.words.push((think, usize::from(to - SHARD), Input::Told { word }));
            }
            Output::Digit { from, digit, .. } => self.digits.push((from, digit)),
            Output::Originated { origin, cseq, result } => self.originated.push((origin, cseq, result)),
            Output::Ended(summary) => self.ended.push(summary),
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: &Bytes) {
        let is_datagram = self.phones[0].transport == Transport::Udp;
        if is_datagram && self.chance(self.weather.lost) {
            return;
        }
        let copies = if is_datagram && self.chance(self.weather.repeated) { 2 } else { 1 };
        for _ in 0..copies {
            let late = if is_datagram && self.chance(self.weather.delayed) { self.random() % 900 } else { 0 };
            let at = self.now + Duration::from_millis(5 + late);
            self.serial += 1;
            self.wire.push(Reverse((at, self.serial, from, to, bytes.clone())));
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.random() % 100 < percent
    }

    /// xorshift64: the same seed gives the same weather.
    pub(super) fn random(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }

    /// The one end that there must be.
    pub(super) fn summary(&self) -> &Summary {
        assert_eq!(self.ended.len(), 1, "a call ends exactly once: {:?}", self.ended);
        &self.ended[0]
    }

    /// Nothing is left in the engine.
    pub(super) fn assert_clean(&self) {
        for engine in [Some(&self.engine), self.second.as_ref()].into_iter().flatten() {
            assert_eq!(engine.live_calls(), 0);
            assert_eq!(engine.transactions(), 0, "every transaction has ended");
            assert_eq!(engine.calls.len(), 0, "every call has been let go");
            assert_eq!(engine.requests.len(), 0);
            assert_eq!(engine.origins.len(), 0);
            assert_eq!((engine.io.adopted.len(), engine.io.away), (0, 0), "no dialog is kept track of");
        }
    }
}

fn addr_number(addr: SocketAddr) -> u64 {
    match addr.ip() {
        std::net::IpAddr::V4(ip) => u64::from(u32::from(ip)),
        std::net::IpAddr::V6(_) => 0,
    }
}

pub(super) fn engine(transport: Transport) -> Peer {
    Peer::new(ENGINE.parse().expect("an address"), transport)
}
