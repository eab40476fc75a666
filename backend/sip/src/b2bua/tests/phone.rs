//! A scripted phone: its own transaction layer and dialog, told what to do at which time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::Transport;
use crate::dialog::{Dialog, Hop};
use crate::transaction::{Layer, Outgoing, Output, Peer, Timing, TransactionId, reply};
use crate::wire::{HeaderName, Message, Method, Writer, reason_phrase};

/// What a phone does.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Calls through the engine, with or without an offer.
    Invite(Option<&'static str>),
    /// Answers the waiting INVITE; the tag tells forks apart.
    Respond {
        status: u16,
        sdp: Option<&'static str>,
        tag: &'static str,
    },
    Cancel,
    Bye,
    /// Offers again inside the call.
    Reinvite(Option<&'static str>),
    /// Any other request inside the call.
    Ask(Method),
    /// A request inside the call, an early one included, with an offer and further headers.
    Request {
        method: Method,
        sdp: Option<&'static str>,
        extra: &'static str,
    },
    /// A request inside the call with this Content-Type and body.
    Body(Method, &'static str, &'static str),
    /// Answers the waiting INVITE with further headers.
    Say {
        status: u16,
        sdp: Option<&'static str>,
        tag: &'static str,
        extra: &'static str,
    },
}

pub(super) fn say(status: u16, sdp: Option<&'static str>, extra: &'static str) -> Act {
    Act::Say { status, sdp, tag: "callee", extra }
}

pub(super) fn request(method: Method, sdp: Option<&'static str>, extra: &'static str) -> Act {
    Act::Request { method, sdp, extra }
}

pub(super) fn respond(status: u16) -> Act {
    Act::Respond { status, sdp: None, tag: "callee" }
}

pub(super) fn respond_with(status: u16, sdp: &'static str) -> Act {
    Act::Respond { status, sdp: Some(sdp), tag: "callee" }
}

/// One phone.
pub(super) struct Phone {
    pub(super) addr: SocketAddr,
    pub(super) transport: Transport,
    pub(super) layer: Layer<()>,
    pub(super) dialog: Option<Dialog>,
    /// What to do once an INVITE comes, and how long after it.
    pub(super) script: Vec<(Duration, Act)>,
    pub(super) todo: Vec<(Instant, Act)>,
    /// Everything that its transactions handed up, in order.
    pub(super) heard: Vec<Message>,
    pub(super) sent: Vec<(Peer, Bytes)>,
    /// Further headers of its INVITE.
    pub(super) extra: &'static str,
    /// What it answers a re-INVITE with; `None` leaves it without a description.
    pub(super) reanswer: Option<u16>,
    /// Whether it acknowledges 2xx responses, and repeats its own until they are acknowledged.
    pub(super) acknowledges: bool,
    pub(super) record_route: Option<&'static str>,
    pub(super) timeouts: usize,
    /// Further headers of its responses below 300 to INVITE and UPDATE.
    pub(super) says: &'static str,
    /// The Contact of its redirections.
    pub(super) redirects_to: Option<&'static str>,
    /// Further headers of its failures.
    pub(super) fails_with: &'static str,
    /// The dialog before the answer.
    pub(super) early: Option<Dialog>,
    /// Whether it confirms reliable responses.
    pub(super) pracks: bool,
    /// Whether it hears nothing.
    pub(super) is_dead: bool,
    /// With what it answers a request that brings no credentials.
    pub(super) challenge: Option<(u16, &'static str)>,
    /// Whether it takes any credentials for right ones.
    pub(super) believes: bool,
    waiting: Option<(TransactionId, Peer, Message)>,
    invite: Option<TransactionId>,
    unacked: Option<Unacked>,
    serial: u32,
}

struct Unacked {
    transaction: TransactionId,
    bytes: Bytes,
    cseq: u32,
    interval: Duration,
    next: Instant,
    give_up: Instant,
}

impl Phone {
    pub(super) fn new(addr: &str, transport: Transport) -> Self {
        Self {
            addr: addr.parse().expect("an address"),
            transport,
            layer: Layer::new(Timing::default(), 1000, [5; 16]),
            dialog: None,
            script: Vec::new(),
            todo: Vec::new(),
            heard: Vec::new(),
            sent: Vec::new(),
            extra: "",
            reanswer: Some(200),
            acknowledges: true,
            record_route: None,
            timeouts: 0,
            says: "",
            redirects_to: None,
            fails_with: "",
            early: None,
            pracks: true,
            is_dead: false,
            challenge: None,
            believes: true,
            waiting: None,
            invite: None,
            unacked: None,
            serial: 0,
        }
    }

    fn token(&mut self, what: &str) -> String {
        self.serial += 1;
        format!("{what}{}x{}", self.addr.ip().to_string().replace('.', "-"), self.serial)
    }

    fn contact(&self) -> String {
        format!("<sip:phone@{};transport={}>", self.addr, self.transport.as_str().to_ascii_lowercase())
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        let todo = self.todo.iter().map(|(at, _)| *at).min();
        let unacked = self.unacked.as_ref().map(|unacked| unacked.next);
        [self.layer.poll_timeout(), todo, unacked].into_iter().flatten().min()
    }

    pub(super) fn wake(&mut self, now: Instant, engine: Peer) {
        self.layer.handle_timeout(now);
        self.drain(now);
        while let Some(place) = self.todo.iter().position(|(at, _)| *at <= now) {
            let (_, act) = self.todo.remove(place);
            self.act(now, engine, act);
        }
        if let Some(unacked) = self.unacked.as_mut().filter(|unacked| unacked.next <= now) {
            unacked.interval = (unacked.interval * 2).min(Duration::from_secs(4));
            unacked.next = now + unacked.interval;
            let (id, bytes, is_late) = (unacked.transaction, unacked.bytes.clone(), now >= unacked.give_up);
            self.layer.respond(now, id, 200, bytes);
            if is_late {
                self.unacked = None;
                self.timeouts += 1;
            }
        }
        self.drain(now);
    }

    pub(super) fn receive(&mut self, now: Instant, from: Peer, bytes: Bytes) {
        if self.is_dead {
            return;
        }
        let message = Message::parse(bytes).expect("the engine writes what parses");
        message.check().expect("the engine writes what RFC 3261 wants");
        self.layer.handle_packet(now, from, message);
        self.drain(now);
    }

    pub(super) fn act(&mut self, now: Instant, engine: Peer, act: Act) {
        match act {
            Act::Invite(sdp) => self.invite(now, engine, sdp),
            Act::Respond { status, sdp, tag } => self.respond(now, status, sdp, tag),
            Act::Say { status, sdp, tag, extra } => {
                let before = std::mem::replace(&mut self.says, extra);
                self.respond(now, status, sdp, tag);
                self.says = before;
            }
            Act::Request { method, sdp, extra } => self.ask(now, &method, sdp, extra),
            Act::Cancel => {
                if let Some(invite) = self.invite {
                    self.layer.cancel(now, invite, None);
                }
            }
            Act::Bye => {
                self.ask(now, &Method::Bye, None, "");
                self.dialog = None;
            }
            Act::Reinvite(sdp) => self.ask(now, &Method::Invite, sdp, ""),
            Act::Ask(method) => self.ask(now, &method, None, ""),
            Act::Body(method, kind, body) => self.ask_with(now, &method, Some((kind, body)), ""),
        }
        self.drain(now);
    }

    fn invite(&mut self, now: Instant, engine: Peer, sdp: Option<&str>) {
        let (branch, call_id, tag) = (self.token("z9hG4bK"), self.token("call"), self.token("tag"));
        let hop = Hop { sent_by: &self.addr.to_string(), transport: self.transport, branch: &branch };
        let mut writer = Writer::request(&Method::Invite, "sip:+37060000001@engine")
            .header_of(HeaderName::Via, |value| hop.write(value))
            .header_fmt(HeaderName::From, format_args!("\"A\" <sip:a@caller.secret>;tag={tag}"))
            .header(HeaderName::To, "<sip:+37060000001@engine>")
            .header(HeaderName::CallId, call_id)
            .header(HeaderName::CSeq, "10 INVITE")
            .header(HeaderName::Contact, self.contact());
        writer = lines(writer, self.extra);
        if let Some(sdp) = sdp {
            writer = writer.body(Some("application/sdp"), sdp);
        }
        let outgoing =
            Outgoing { peer: engine, method: &Method::Invite, branch: &branch, bytes: writer.finish() };
        self.invite = self.layer.request(now, outgoing, ()).ok();
    }

    fn ask(&mut self, now: Instant, method: &Method, sdp: Option<&str>, extra: &str) {
        self.ask_with(now, method, sdp.map(|sdp| ("application/sdp", sdp)), extra);
    }

    fn ask_with(&mut self, now: Instant, method: &Method, body: Option<(&str, &str)>, extra: &str) {
        let branch = self.token("z9hG4bK");
        let (contact, sent_by) = (self.contact(), self.addr.to_string());
        let Some(dialog) = self.dialog.as_mut().or(self.early.as_mut()) else { return };
        let (number, peer) = (dialog.next_cseq(), dialog.next_hop());
        let hop = Hop { sent_by: &sent_by, transport: self.transport, branch: &branch };
        let mut writer = dialog.request(method, number, hop, 70).header(HeaderName::Contact, contact);
        writer = lines(writer.header("X-Said", "by a phone"), extra);
        if let Some((kind, body)) = body {
            writer = writer.body(Some(kind), body);
        }
        let outgoing = Outgoing { peer, method, branch: &branch, bytes: writer.finish() };
        let _ = self.layer.request(now, outgoing, ());
    }

    fn respond(&mut self, now: Instant, status: u16, sdp: Option<&str>, tag: &str) {
        let Some((transaction, from, request)) = self.waiting.clone() else { return };
        if status >= 200 {
            self.waiting = None;
        }
        self.respond_to(now, transaction, from, &request, status, sdp, tag);
    }

    #[expect(clippy::too_many_arguments, reason = "a test helper")]
    fn respond_to(
        &mut self,
        now: Instant,
        id: TransactionId,
        from: Peer,
        request: &Message,
        status: u16,
        sdp: Option<&str>,
        tag: &str,
    ) {
        let mut writer = reply(request, &from, status, reason_phrase(status), tag);
        if status < 300 {
            writer = writer.header(HeaderName::Contact, self.contact());
        }
        if matches!(request.method(), Method::Invite | Method::Update) && (status < 300 || status == 422) {
            writer = lines(writer, self.says);
        }
        if let Some(contact) = self.redirects_to.filter(|_| (300..400).contains(&status)) {
            writer = lines(writer, contact);
        }
        if status >= 400 {
            writer = lines(writer, self.fails_with);
        }
        if (101..200).contains(&status) && self.early.is_none() {
            self.early = Dialog::answering(request, from, tag);
        }
        if let Some(route) = self.record_route.filter(|_| status < 300) {
            writer = writer.header(HeaderName::RecordRoute, route);
        }
        if let Some(sdp) = sdp {
            writer = writer.body(Some("application/sdp"), sdp);
        }
        let bytes = writer.finish();
        let is_answer = request.method() == Method::Invite && (200..300).contains(&status);
        if is_answer {
            let mut dialog = Dialog::answering(request, from, tag).expect("the engine has a Contact");
            if let Some(early) = self.early.take() {
                dialog.resume(&early);
            }
            let number = request.cseq().expect("a CSeq").0;
            if let Some(old) = &mut self.dialog {
                old.refresh(request);
            } else {
                self.dialog = Some(dialog);
            }
            let interval = Duration::from_millis(500);
            self.unacked = Some(Unacked {
                transaction: id,
                bytes: bytes.clone(),
                cseq: number,
                interval,
                next: now + interval,
                give_up: now + Duration::from_secs(32),
            });
        }
        self.layer.respond(now, id, status, bytes);
    }

    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.layer.poll_output() {
            match output {
                Output::Transmit { peer, bytes } => self.sent.push((peer, bytes)),
                Output::Request { transaction, from, message, .. } => {
                    self.hear(now, transaction, from, message)
                }
                Output::Cancel { transaction, from, message, .. } => {
                    self.heard.push(message.clone());
                    self.respond_to(now, transaction, from, &message, 200, None, "callee");
                    self.respond(now, 487, None, "callee");
                    self.todo.clear();
                }
                Output::Ack { message, .. } => {
                    let number = message.cseq().expect("a CSeq").0;
                    self.unacked.take_if(|unacked| unacked.cseq == number);
                    self.heard.push(message);
                }
                Output::Response { transaction, from, message, .. } => {
                    self.confirm(now, transaction, from, message)
                }
                Output::Failed { .. } => self.timeouts += 1,
            }
        }
    }

    fn hear(&mut self, now: Instant, transaction: TransactionId, from: Peer, message: Message) {
        self.heard.push(message.clone());
        if let Some((status, value)) = self.challenge.filter(|_| !self.is_satisfied(&message)) {
            let name =
                if status == 401 { HeaderName::WwwAuthenticate } else { HeaderName::ProxyAuthenticate };
            let writer =
                reply(&message, &from, status, reason_phrase(status), "challenger").header(name, value);
            return self.layer.respond(now, transaction, status, writer.finish());
        }
        let has_tag = message.to().expect("a To").tag().is_some();
        match message.method() {
            Method::Invite if !has_tag => {
                self.waiting = Some((transaction, from, message));
                self.todo.extend(self.script.iter().map(|(after, act)| (now + *after, act.clone())));
            }
            Method::Invite => {
                let status = self.reanswer.unwrap_or(200);
                let is_success = status < 300;
                let sdp = if is_success { Some("v=0 re-answer") } else { None };
                let number = message.cseq().expect("a CSeq").0;
                assert!(
                    self.dialog.as_mut().is_none_or(|dialog| dialog.take(&message, from)),
                    "CSeq {number} rises"
                );
                self.respond_to(now, transaction, from, &message, status, sdp, "");
            }
            Method::Bye => {
                let is_known = self.dialog.as_ref().is_some_and(|dialog| dialog.is_of(&message));
                self.respond_to(now, transaction, from, &message, if is_known { 200 } else { 481 }, None, "");
                self.dialog = None;
                self.unacked = None;
            }
            Method::Update => {
                let status = self.reanswer.unwrap_or(200);
                let sdp = Some("v=0 update-answer").filter(|_| status < 300 && !message.body().is_empty());
                self.respond_to(now, transaction, from, &message, status, sdp, "");
            }
            _ => self.respond_to(now, transaction, from, &message, 200, None, ""),
        }
    }

    /// Whether a request needs no (further) credentials.
    fn is_satisfied(&self, message: &Message) -> bool {
        let answers = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
        let in_dialog = message.to().is_ok_and(|to| to.tag().is_some());
        self.believes && (in_dialog || answers.iter().any(|name| message.header(*name).is_some()))
    }

    /// A response: a 2xx to an INVITE makes or refreshes the dialog, and is acknowledged.
    fn confirm(&mut self, now: Instant, transaction: TransactionId, from: Peer, message: Message) {
        self.heard.push(message.clone());
        let is_answer =
            message.method() == Method::Invite && message.status().is_some_and(|s| (200..300).contains(&s));
        if message.header(HeaderName::RSeq).is_some() && self.pracks {
            self.prack(now, from, &message);
        }
        if !is_answer {
            return;
        }
        let mut fresh = Dialog::asking(&message, from).expect("the engine has a Contact");
        let invite_number = fresh.local_cseq();
        if let Some(early) = self.early.take() {
            fresh.resume(&early);
        }
        match &mut self.dialog {
            Some(dialog) => dialog.refresh(&message),
            None => self.dialog = Some(fresh.clone()),
        }
        if !self.acknowledges {
            return;
        }
        let branch = self.token("z9hG4bK");
        let hop = Hop { sent_by: &self.addr.to_string(), transport: self.transport, branch: &branch };
        let mut writer = fresh.request(&Method::Ack, invite_number, hop, 70);
        if message.body().starts_with(b"relayed(v=0 late") {
            writer = writer.body(Some("application/sdp"), "v=0 answer in ACK");
        }
        self.layer.ack(transaction, fresh.remote_tag(), fresh.next_hop(), writer.finish());
    }

    /// Confirms a reliable response (RFC 3262).
    fn prack(&mut self, now: Instant, from: Peer, response: &Message) {
        let dialog = Dialog::asking(response, from).expect("the engine has a Contact");
        self.early.get_or_insert(dialog);
        let rack = format!("RAck: {} 10 INVITE", response.header(HeaderName::RSeq).expect("RSeq"));
        self.ask(now, &Method::Prack, None, &rack);
    }

    /// The statuses of the responses to a method, repeats included.
    pub(super) fn statuses(&self, method: &Method) -> Vec<u16> {
        self.heard.iter().filter(|heard| heard.method() == *method).filter_map(Message::status).collect()
    }

    /// The requests of a method that it got.
    pub(super) fn requests(&self, method: &Method) -> Vec<&Message> {
        self.heard.iter().filter(|heard| heard.is_request() && heard.method() == *method).collect()
    }

    /// The bodies of the responses to a method.
    pub(super) fn bodies(&self, method: &Method) -> Vec<String> {
        let of_method = self.heard.iter().filter(|heard| heard.method() == *method);
        of_method
            .map(|heard| String::from_utf8_lossy(&heard.body()).into_owned())
            .filter(|b| !b.is_empty())
            .collect()
    }
}

fn lines(writer: Writer, lines: &str) -> Writer {
    lines.lines().fold(writer, |writer, line| {
        let (name, value) = line.split_once(": ").expect("a header");
        writer.header(name, value)
    })
}
