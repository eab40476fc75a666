//! A small user agent: registers, calls, is called, renegotiates and hangs up. It serves the sandbox PSTN,
//! the test phone and the load tool; the platform itself is [`b2bua`](crate::b2bua).
//!
//! Sans-I/O: call one method, then drain [`Agent::poll_output`], then wait until [`Agent::poll_timeout`] or a
//! packet. It speaks one transport from one address, keeps each dialog's session descriptions opaque, and
//! knows no media. Left out on purpose: reliable provisional responses, session timers, transfer, several
//! registrars per binding.

mod api;
mod call;
mod dialog;
mod incoming;
mod outgoing;
mod registering;
mod request;
mod verbs;

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and its clock starts now"
)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::Instant,
};

use bytes::Bytes;

pub use api::{
    Account, CallId, Config, EndedBy, Event, Invite, Output, Refused, Registration, RegistrationId,
};

use self::{
    call::Call,
    dialog::Dialog,
    registering::Binding,
    request::{ALLOW, Request, SDP},
};
use crate::{
    hash::{HashedMap, Key},
    transaction::{self, Layer, Outgoing, Peer, TimerQueue, Timing, TransactionId},
    wire::{Message, Writer, reason_phrase},
};

/// Most transactions per call that the agent's layer holds: a finished one stays for 32 s.
const TRANSACTIONS_PER_CALL: usize = 16;

/// The agent. One call changes it, then drain [`Agent::poll_output`].
#[derive(Debug)]
pub struct Agent {
    config: Config,
    timing: Timing,
    layer: Layer<Purpose>,
    key: Key,
    counter: u64,
    calls: HashMap<CallId, Call>,
    /// By Call-ID and local tag.
    dialogs: HashedMap<CallId>,
    bindings: HashMap<RegistrationId, Binding>,
    /// Requests of ours that may be challenged.
    sent: HashMap<TransactionId, Sent>,
    timers: TimerQueue<Timer>,
    outputs: VecDeque<Output>,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The INVITE that begins our call, or their CANCEL's target.
    Invite(CallId),
    Reinvite(CallId),
    /// BYE: nobody waits for its answer but a challenge.
    Bye,
    Register(RegistrationId),
    Options(SocketAddr),
}

#[derive(Debug)]
struct Sent {
    request: Request,
    account: Option<Account>,
    is_authorized: bool,
}

#[derive(Debug, Clone, Copy)]
enum Timer {
    /// Send our 2xx again.
    Repeat(CallId, TransactionId),
    /// Stop ignoring.
    Forget(CallId),
    /// Try the re-INVITE again after 491.
    Glare(CallId),
    Refresh(RegistrationId),
}

impl Agent {
    /// An agent without calls and bindings.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let timing = Timing::default();
        let transactions = config.calls_max.saturating_mul(TRANSACTIONS_PER_CALL).max(TRANSACTIONS_PER_CALL);
        Self {
            layer: Layer::new(timing, transactions.min(transaction::TRANSACTIONS_MAX), config.secret),
            key: Key::new(config.secret),
            config,
            timing,
            counter: 0,
            calls: HashMap::new(),
            dialogs: HashedMap::default(),
            bindings: HashMap::new(),
            sent: HashMap::new(),
            timers: TimerQueue::new(),
            outputs: VecDeque::new(),
        }
    }

    /// How many calls there are, ringing ones included.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.calls.len()
    }

    /// Takes a datagram, or one message cut from a stream. What is no sane SIP is dropped: saying 400 to the
    /// world is the edge's task.
    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, bytes: Bytes) {
        if let Ok(message) = Message::parse(bytes)
            && message.check().is_ok()
        {
            self.layer.handle_packet(now, self.peer(from), message);
            self.drain(now);
        }
    }

    /// Nothing can be sent to this address: requests that wait for it fail with 503.
    pub fn handle_transport_failed(&mut self, now: Instant, to: SocketAddr) {
        let peer = self.peer(to);
        self.layer.handle_transport_failed(now, &peer);
        self.drain(now);
    }

    /// Fires the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.layer.handle_timeout(now);
        self.drain(now);
        while let Some((_, timer)) = self.timers.pop(now) {
            match timer {
                Timer::Repeat(call, transaction) => self.repeat_answer(now, call, transaction),
                Timer::Forget(call) => self.forget(call),
                Timer::Glare(call) => self.retry_reinvite(now, call),
                Timer::Refresh(registration) => self.refresh(now, registration),
            }
            self.drain(now);
        }
    }

    /// The next thing the driver must do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Agent::handle_timeout`] wants to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.layer.poll_timeout(), self.timers.next()].into_iter().flatten().min()
    }

    /// Moves what the layer wants to our own outputs and states, until it wants nothing more.
    fn drain(&mut self, now: Instant) {
        use transaction::Output as From;
        while let Some(output) = self.layer.poll_output() {
            match output {
                From::Transmit { peer, bytes } => {
                    self.outputs.push_back(Output::Transmit { to: peer.addr, bytes });
                }
                From::Request { transaction, from, message, is_merged } => {
                    let request = incoming::Received { transaction, from, message };
                    if is_merged { self.reply(now, &request, 482) } else { self.on_request(now, request) }
                }
                From::Cancel { transaction, invite, context, from, message } => {
                    let cancel = incoming::Received { transaction, from, message };
                    self.on_cancel(now, &cancel, invite.and(context));
                }
                From::Ack { message, .. } => self.on_ack(now, &message),
                From::Response { transaction, context, message, .. } => {
                    self.on_response(now, transaction, context, &message);
                }
                From::Failed { transaction, context, failure } => {
                    self.on_failure(now, transaction, context, failure.status());
                }
            }
        }
    }

    /// Sends a request in a transaction; `None` when the layer is full.
    fn send(
        &mut self,
        now: Instant,
        request: Request,
        purpose: Purpose,
        account: Option<Account>,
        is_authorized: bool,
    ) -> Option<TransactionId> {
        let outgoing = Outgoing {
            peer: self.peer(request.peer),
            method: &request.method,
            branch: &request.branch,
            bytes: request.to_bytes(&self.config),
        };
        let transaction = self.layer.request(now, outgoing, purpose).ok()?;
        self.sent.insert(transaction, Sent { request, account, is_authorized });
        Some(transaction)
    }

    /// A final response without a body or headers of its own.
    fn reply(&mut self, now: Instant, request: &incoming::Received, status: u16) {
        let writer = self.response(request, status, &self.fresh_tag_of(&request.message));
        let writer = if matches!(status, 200 | 405) { writer.header("Allow", ALLOW) } else { writer };
        self.layer.respond(now, request.transaction, status, writer.finish());
    }

    fn response(&self, request: &incoming::Received, status: u16, tag: &str) -> Writer {
        transaction::reply(&request.message, &request.from, status, reason_phrase(status), tag)
            .header("Server", &self.config.user_agent)
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    const fn peer(&self, addr: SocketAddr) -> Peer {
        Peer::new(addr, self.config.transport)
    }

    fn token(&mut self) -> u64 {
        self.counter += 1;
        self.key.of(&[b"token", &self.counter.to_le_bytes()]) as u64
    }

    fn branch(&mut self) -> String {
        format!("z9hG4bK{:016x}", self.token())
    }

    fn tag(&mut self) -> String {
        format!("{:016x}", self.token())
    }

    /// The tag of a response outside any call: the same for copies of the same request, without memory.
    fn fresh_tag_of(&self, message: &Message) -> String {
        let call_id = message.call_id().unwrap_or_default();
        let cseq = message.cseq().map_or(0, |(number, _)| number);
        format!("{:016x}", self.key.of(&[b"tag", call_id.as_bytes(), &cseq.to_le_bytes()]) as u64)
    }

    fn dialog_key(&self, call_id: &str, local_tag: &str) -> u128 {
        self.key.of(&[call_id.as_bytes(), local_tag.as_bytes()])
    }

    fn contact(&self, user: &str) -> String {
        let user = crate::uri::encode_user(user);
        let host = &self.config.contact_host;
        match self.config.transport {
            crate::Transport::Udp => format!("<sip:{user}@{host}>"),
            // One word for both kinds of WebSocket (RFC 7118 §5.2.1).
            crate::Transport::Ws | crate::Transport::Wss => format!("<sip:{user}@{host};transport=ws>"),
            other => format!("<sip:{user}@{host};transport={}>", other.as_str().to_ascii_lowercase()),
        }
    }

    fn insert(&mut self, call: Call) -> CallId {
        self.counter += 1;
        let id = CallId(self.counter);
        self.dialogs.insert(self.dialog_key(&call.dialog.call_id, &call.dialog.local_tag), id);
        self.calls.insert(id, call);
        id
    }

    fn remove(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.dialogs.remove(&self.dialog_key(&call.dialog.call_id, &call.dialog.local_tag));
        if let Some(ours) = &call.ours {
            self.sent.remove(&ours.transaction);
        }
        Some(call)
    }

    /// The call of an in-dialog message from the far side (RFC 3261 §12.2.2).
    fn call_of(&self, message: &Message) -> Option<CallId> {
        let tag = message.to().ok()?.tag()?;
        let id = self.dialogs.get(&self.dialog_key(message.call_id()?, tag))?;
        let dialog: &Dialog = &self.calls.get(id)?.dialog;
        (dialog.remote_tag.as_deref() == message.from().ok()?.tag()).then_some(*id)
    }
}

/// The session description of a message, if it has one.
fn sdp_of(message: &Message) -> Option<Bytes> {
    let body = message.body();
    let content_type = message.header(crate::wire::HeaderName::ContentType)?;
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    (!body.is_empty() && kind.eq_ignore_ascii_case(SDP)).then_some(body)
}

fn reason_of(message: &Message) -> Option<String> {
    message.header(crate::wire::HeaderName::Reason).map(str::to_owned)
}
