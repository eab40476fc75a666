//! Far ends that a test writes by hand: SBCs with a stream of audio each, in a codec of their own, encrypted or not, and digits as each does
//! them.

use crate::{
    PATIENCE, Tenant,
    attack::tools::{Raw, Sbc},
};
use media::{
    codec::{Coding, Decoder, Encoder},
    dtmf::{Event, Press, Presses},
    inband::{Detector, Pair, frequencies_of},
    rtp,
    sdp::{Crypto, Sdp},
    srtp::{Master, OVERHEAD_MAX, Receiver, Sender, Suite},
};
use serde_json::{Value, json};
use sip::{
    Transport,
    transaction::{Peer, reply},
    wire::{HeaderName, Message},
};
use std::{
    collections::VecDeque,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

/// The packet time of every stream.
const PACKET_MS: u32 = 20;
/// The payload type of telephone-events, where a side has them.
const EVENTS: u8 = 101;
/// A key: for how many packets it is pressed, and how many are between two of them.
const PRESSED: u16 = 5;
const PAUSE: usize = 6;

/// What a side still says.
enum Saying {
    Samples(VecDeque<i16>),
    Event(Press, u32),
    Info(char),
}

/// An SBC in a call, or about to be.
pub(crate) struct End {
    pub(crate) sbc: Sbc,
    audio: UdpSocket,
    coding: Coding,
    has_events: bool,
    key: Option<Master>,
    secrets: Option<(Sender, Receiver)>,
    relay: Option<SocketAddr>,
    dialog: Dialog,
    encoder: Encoder,
    decoder: Decoder,
    next: rtp::Header,
    saying: VecDeque<Saying>,
    presses: Presses,
    detector: Detector,
    /// What was heard, at 8,000 Hz.
    pub(crate) heard: Vec<i16>,
    /// The payload types that came.
    pub(crate) payloads: Vec<u8>,
    /// Keys that came as telephone-events, as tones and as INFO.
    pub(crate) keys: [String; 3],
    /// Datagrams that are no RTP.
    pub(crate) others: Vec<Vec<u8>>,
    version: u32,
    /// The Reason of a BYE that came.
    pub(crate) ended: Option<String>,
    /// The codecs of the answer to its offer.
    pub(crate) answered: Vec<String>,
}

#[derive(Default)]
struct Dialog {
    target: String,
    call_id: String,
    local: String,
    remote: String,
    cseq: u32,
}

impl End {
    /// An SBC of a tenant at an address of its own, that speaks this codec alone. `policy` is added to its trunk.
    pub(crate) fn new(tenant: &Tenant, fqdn: &str, address: &str, coding: Coding, policy: &Value) -> Self {
        let sbc = Sbc::of(tenant, fqdn, address);
        let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), policy).expect(200);
        let audio = UdpSocket::bind((address, 0)).expect("a socket");
        audio.set_nonblocking(true).expect("it is a socket");
        Self {
            sbc,
            audio,
            coding,
            has_events: false,
            key: None,
            secrets: None,
            relay: None,
            dialog: Dialog::default(),
            encoder: Encoder::new(coding, coding.sample_rate()).expect("it is built in"),
            decoder: Decoder::new(coding, 8_000).expect("it is built in"),
            next: rtp::Header { payload_type: coding.row().payload, ssrc: 7, ..rtp::Header::default() },
            saying: VecDeque::new(),
            presses: Presses::default(),
            detector: Detector::default(),
            heard: Vec::new(),
            payloads: Vec::new(),
            keys: [const { String::new() }; 3],
            others: Vec::new(),
            version: 0,
            ended: None,
            answered: Vec::new(),
        }
    }

    /// With telephone-events.
    pub(crate) const fn with_events(mut self) -> Self {
        self.has_events = true;
        self
    }

    /// With SRTP alone.
    pub(crate) fn encrypted(mut self) -> Self {
        self.key = Some(Master::fresh(Suite::ALL[0], &mut |bytes| bytes.fill(9)));
        self
    }

    /// Speaks another codec from now on, and no more of what it was to say.
    pub(crate) fn turns_to(&mut self, coding: Coding) {
        (self.coding, self.next.payload_type) = (coding, coding.row().payload);
        self.encoder = Encoder::new(coding, coding.sample_rate()).expect("it is built in");
        self.decoder = Decoder::new(coding, 8_000).expect("it is built in");
        self.saying.clear();
    }

    /// Its description.
    pub(crate) fn says(&mut self) -> String {
        self.version += 1;
        let (row, at) = (self.coding.row(), self.audio.local_addr().expect("bound"));
        let proto = if self.key.is_some() { "RTP/SAVP" } else { "RTP/AVP" };
        let channels = if row.channels > 1 { "/2" } else { "" };
        let (number, clock) = (row.payload, row.clock_rate);
        let events = if self.has_events { format!(" {EVENTS}") } else { String::new() };
        let mut text = format!(
            "v=0\r\no=- 1 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {proto} {number}{events}\r\n\
             a=rtpmap:{number} {name}/{clock}{channels}\r\na=ptime:{PACKET_MS}\r\n",
            version = self.version,
            ip = at.ip(),
            port = at.port(),
            name = row.name,
        );
        if self.has_events {
            text += &format!("a=rtpmap:{EVENTS} telephone-event/{clock}\r\na=fmtp:{EVENTS} 0-15\r\n");
        }
        if let Some(master) = &self.key {
            text += &format!("{}\r\n", Crypto { tag: 1, master: master.clone() });
        }
        text
    }

    /// The description of fax at the same place.
    pub(crate) fn says_fax(&mut self) -> String {
        self.version += 1;
        let at = self.audio.local_addr().expect("bound");
        let (ip, port, version) = (at.ip(), at.port(), self.version);
        format!(
            "v=0\r\no=- 1 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=image {port} udptl t38\r\n\
             a=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxRateManagement:transferredTCF\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
        )
    }

    /// Takes over where it is to send to, and the keys.
    fn follow(&mut self, description: &[u8]) {
        let sdp = Sdp::parse(description).expect("a description");
        let media = sdp.media.iter().find(|media| media.port != 0).expect("a stream");
        self.relay = Some(SocketAddr::new(sdp.address(media).expect("an address"), media.port));
        let Some(ours) = &mut self.key else { return };
        let lines = media.attributes("crypto").map(|line| Crypto::parse(line).expect("a key of ours"));
        let theirs = lines.into_iter().find(|line| line.master.suite() == ours.suite()).expect("its suite");
        self.secrets = Some((Sender::new(ours), Receiver::new(&theirs.master)));
    }

    /// Where the relay hears it, in a call.
    pub(crate) const fn relay(&self) -> Option<SocketAddr> {
        self.relay
    }

    fn peer(&self) -> Peer {
        Peer::new(self.sbc.raw.edge, Transport::Udp)
    }

    fn contact(&self) -> String {
        format!("<sip:sbc@{}>", self.sbc.raw.addr())
    }

    /// Calls a number with its description.
    pub(crate) fn invites(&mut self, caller: &str, number: &str) -> String {
        let uri = format!("sip:{number}@{}", self.sbc.raw.edge.ip());
        let sdp = self.says();
        let request = self.sbc.raw.request("INVITE", &uri, "Content-Type: application/sdp\r\n");
        let from = format!("<sip:{caller}@{}>;tag=", self.sbc.fqdn);
        let request = request.replace(&format!("<sip:x@{}>;tag=", self.sbc.raw.addr().ip()), &from);
        let length = format!("Content-Length: {}\r\n\r\n{sdp}", sdp.len());
        let request = request.replace("Content-Length: 0\r\n\r\n", &length);
        self.sbc.raw.send(&request);
        request
    }

    /// Waits for the final response to its INVITE, and acknowledges it: the status and the Warning.
    pub(crate) fn is_told(&mut self, request: &str) -> (u16, String) {
        let is_final = |message: &Message| {
            let is_mine = message.call_id().is_some_and(|id| request.contains(&format!("Call-ID: {id}\r\n")));
            is_mine && message.status().is_some_and(|status| status >= 200)
        };
        let answer = self.sbc.raw.wait(PATIENCE, is_final).expect("an answer");
        let line = |name: &str| {
            let found = request.lines().find(|line| line.starts_with(name)).expect("it is there");
            found.to_owned()
        };
        let value = |name: &str| line(name).split_once(": ").expect("a header").1.to_owned();
        let status = answer.status().expect("a response");
        let to = answer.header(HeaderName::To).expect("a To").to_owned();
        let cseq = value("CSeq:").split(' ').next().and_then(|number| number.parse().ok());
        let first = request.split(' ').nth(1).expect("a URI").to_owned();
        let target = contact_of(&answer).unwrap_or_else(|| first.clone());
        let (at, branch) = if status < 300 { (&target, "z9hG4bKk") } else { (&first, "z9hG4bKa") };
        self.sbc.raw.send(format!(
            "ACK {at} SIP/2.0\r\n{}\r\nMax-Forwards: 70\r\n{}\r\nTo: {to}\r\n{}\r\nCSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
            line("Via:").replace("z9hG4bKa", branch),
            line("From:"),
            line("Call-ID:"),
            cseq.unwrap_or(0),
        ));
        if status < 300 {
            let (local, call_id) = (value("From:"), value("Call-ID:"));
            self.dialog = Dialog { target, call_id, local, remote: to, cseq: cseq.unwrap_or(0) };
            self.follow(&answer.body());
            self.answered = named(&answer.body());
        }
        (status, answer.header(HeaderName::Warning).unwrap_or_default().to_owned())
    }

    /// Waits for an INVITE, in its dialog or not.
    pub(crate) fn is_called(&mut self) -> Message {
        let fits = |message: &Message| message.is_request() && message.method().as_str() == "INVITE";
        self.sbc.raw.wait(PATIENCE, fits).expect("an INVITE")
    }

    /// Answers an INVITE with a description.
    pub(crate) fn answers(&mut self, invite: &Message, sdp: &str) {
        self.follow(&invite.body());
        let answer = reply(invite, &self.peer(), 200, "", "callee").header("Contact", self.contact());
        self.sbc.raw.send(answer.body(Some("application/sdp"), sdp.as_bytes()).finish());
        let is_ack = |message: &Message| message.is_request() && message.method().as_str() == "ACK";
        assert!(self.sbc.raw.wait(PATIENCE, is_ack).is_some(), "an ACK comes");
        if self.dialog.call_id.is_empty() {
            let header = |name| invite.header(name).expect("it is there").to_owned();
            self.dialog = Dialog {
                target: contact_of(invite).expect("a Contact"),
                call_id: header(HeaderName::CallId),
                local: format!("{};tag=callee", header(HeaderName::To)),
                remote: header(HeaderName::From),
                cseq: 100,
            };
        }
    }

    /// A request in its dialog, which is sent.
    pub(crate) fn sends(&mut self, method: &str, kind: &str, body: &str) -> String {
        self.dialog.cseq += 1;
        let Dialog { target, call_id, local, remote, cseq } = &self.dialog;
        let (addr, contact) = (self.sbc.raw.addr(), self.contact());
        let kind = if body.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let request = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {addr};rport;branch=z9hG4bKad{cseq}\r\nMax-Forwards: 70\r\n\
             From: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: {contact}\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.sbc.raw.send(&request);
        request
    }

    /// Ends the call.
    pub(crate) fn hangs_up(&mut self) {
        let _ = self.sends("BYE", "", "");
        let is_done = |message: &Message| {
            let of_bye = |cseq: &str| cseq.ends_with("BYE");
            message.status() == Some(200) && message.header(HeaderName::CSeq).is_some_and(of_bye)
        };
        assert!(self.sbc.raw.wait(PATIENCE, is_done).is_some(), "the BYE is answered");
    }

    /// Says a tone of this frequency and amplitude for as long.
    pub(crate) fn hums(&mut self, frequency: f64, amplitude: i16, millis: usize) {
        let rate = self.coding.sample_rate();
        let mut samples = vec![0; millis * rate as usize / 1_000];
        media::tone::Sine::new(frequency, rate, amplitude).fill(&mut samples);
        self.saying.push_back(Saying::Samples(samples.into()));
    }

    /// Presses keys: as telephone-events, as tones, or as INFO.
    pub(crate) fn presses(&mut self, keys: &str, form: Form) {
        let rate = self.coding.sample_rate();
        let samples = |millis: usize| millis * rate as usize / 1_000;
        for key in keys.chars() {
            let pause = VecDeque::from(vec![0; samples(PAUSE * PACKET_MS as usize)]);
            let saying = match form {
                Form::Events => {
                    let step = (self.coding.row().clock_rate / 1_000 * PACKET_MS) as u16;
                    Saying::Event(Press::new(key, step, PRESSED).expect("a key"), 0)
                }
                Form::Tones => {
                    let mut tones = Vec::new();
                    let pair = frequencies_of(key).expect("a key");
                    Pair::new(pair, rate).fill(samples(usize::from(PRESSED) * 20), &mut tones);
                    Saying::Samples(tones.into())
                }
                Form::Info => Saying::Info(key),
            };
            self.saying.extend([saying, Saying::Samples(pause)]);
        }
    }

    /// The time of one packet: something is said, or silence.
    fn speaks(&mut self) {
        let step = PACKET_MS * self.coding.row().clock_rate / 1_000;
        let timestamp = self.next.timestamp;
        let mut packet = None;
        match self.saying.front_mut() {
            Some(Saying::Info(key)) => {
                let body = format!("Signal={key}\r\nDuration=100\r\n");
                self.saying.pop_front();
                let _ = self.sends("INFO", "application/dtmf-relay", &body);
            }
            Some(Saying::Event(press, began)) => {
                let is_first = *began == 0;
                *began = if is_first { timestamp.max(1) } else { *began };
                let header =
                    rtp::Header { payload_type: EVENTS, marker: is_first, timestamp: *began, ..self.next };
                match press.next() {
                    Some(event) => packet = Some(header.packet(&event.payload())),
                    None => drop(self.saying.pop_front()),
                }
            }
            Some(Saying::Samples(_)) | None => {}
        }
        let packet = packet.unwrap_or_else(|| {
            let mut frame = vec![0; self.encoder.samples_in(PACKET_MS)];
            if let Some(Saying::Samples(samples)) = self.saying.front_mut() {
                let count = frame.len().min(samples.len());
                frame.iter_mut().zip(samples.drain(..count)).for_each(|(place, sample)| *place = sample);
                if samples.is_empty() {
                    self.saying.pop_front();
                }
            }
            let mut payload = Vec::new();
            self.encoder.encode(&frame, &mut payload).expect("samples of a frame");
            self.next.packet(&payload)
        });
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.timestamp = timestamp.wrapping_add(step);
        self.throws(&packet);
    }

    /// Sends a datagram of its media.
    pub(crate) fn throws(&mut self, packet: &[u8]) {
        let mut wire = packet.to_vec();
        if let Some((sender, _)) = &mut self.secrets {
            wire.resize(packet.len() + OVERHEAD_MAX, 0);
            let length = sender.protect_rtp(&mut wire, packet.len()).expect("a packet");
            wire.truncate(length);
        }
        let relay = self.relay.expect("it is in a call");
        self.audio.send_to(&wire, relay).expect("it is sent");
    }

    /// Takes what has come, by media and by signalling.
    pub(crate) fn listens(&mut self) {
        let mut room = [0; 4_096];
        while let Ok((length, source)) = self.audio.recv_from(&mut room) {
            assert_eq!(Some(source), self.relay, "audio comes from the relay alone");
            let mut packet = room[..length].to_vec();
            if rtp::is_rtcp(&packet) {
                continue;
            }
            if let Some((_, receiver)) = &mut self.secrets {
                let length = receiver.unprotect_rtp(&mut packet).expect("it is encrypted for this side");
                packet.truncate(length);
            }
            match rtp::Packet::parse(&packet) {
                Ok(parsed) => self.hears(&parsed),
                Err(_) => self.others.push(packet),
            }
        }
        self.sbc.raw.socket.set_nonblocking(true).expect("it is a socket");
        while let Some(message) = self.sbc.raw.receive() {
            match message.method().as_str() {
                "INFO" if message.is_request() => {
                    let body = String::from_utf8_lossy(&message.body()).into_owned();
                    let key = body.split("Signal=").nth(1).and_then(|rest| rest.trim().chars().next());
                    self.keys[Form::Info as usize].extend(key);
                }
                "BYE" if message.is_request() => {
                    let reason = message.header(HeaderName::Reason).unwrap_or_default();
                    self.ended = Some(reason.to_owned());
                }
                _ => continue,
            }
            self.sbc.raw.send(reply(&message, &self.peer(), 200, "", "callee").finish());
        }
        self.sbc.raw.socket.set_nonblocking(false).expect("it is a socket");
    }

    fn hears(&mut self, packet: &rtp::Packet<'_>) {
        let payload_type = packet.header.payload_type;
        if !self.payloads.contains(&payload_type) {
            self.payloads.push(payload_type);
        }
        if payload_type == EVENTS {
            let event = Event::parse(packet.payload).expect("an event");
            let key = self.presses.push(packet.header.timestamp, event).map(|(key, _)| key);
            return self.keys[Form::Events as usize].extend(key);
        }
        let from = self.heard.len();
        self.decoder.decode(packet.payload, &mut self.heard).expect("its own codec");
        let found = self.detector.push(&self.heard[from..]);
        self.keys[Form::Tones as usize].extend(found.map(|found| found.key));
    }
}

/// How keys are pressed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Events,
    Tones,
    Info,
}

/// The codecs that a description names for its audio.
pub(crate) fn named(sdp: &[u8]) -> Vec<String> {
    let sdp = Sdp::parse(sdp).expect("a description");
    let name = |audio: &media::sdp::Media<'_>, format: &str| {
        let number = format.parse().ok()?;
        let fixed = || media::codec::by_fixed_payload(number).map(|codec| codec.name.to_owned());
        audio.rtpmap(number).map(|map| map.name.to_owned()).or_else(fixed)
    };
    let Some(audio) = sdp.audio() else { return Vec::new() };
    audio.formats.iter().filter_map(|format| name(audio, format)).collect()
}

fn contact_of(message: &Message) -> Option<String> {
    let contact = message.header(HeaderName::Contact)?;
    Some(contact.split_once('<')?.1.split_once('>')?.0.to_owned())
}

/// Puts a caller and a callee into a call over this number, which the tenant's route leads to the callee.
pub(crate) fn talk(tenant: &Tenant, a: &mut End, b: &mut End, number: &str) {
    tenant.route(&format!("^\\{number}$"), &b.sbc.fqdn.clone());
    let request = a.invites(&tenant.number, number);
    let invite = b.is_called();
    let sdp = b.says();
    b.answers(&invite, &sdp);
    assert_eq!(a.is_told(&request).0, 200);
}

/// Has both sides speak and hear, packet by packet, until something is so; at least for `at_least`.
pub(crate) fn speak(a: &mut End, b: &mut End, at_least: Duration, is_so: impl Fn(&End, &End) -> bool) {
    speak_all(&mut [a, b], at_least, |ends| is_so(ends[0], ends[1]));
}

/// Has one side speak and hear, until something is so.
pub(crate) fn speak_alone(end: &mut End, is_so: impl Fn(&End) -> bool) {
    speak_all(&mut [end], Duration::ZERO, |ends| is_so(ends[0]));
}

fn speak_all(ends: &mut [&mut End], at_least: Duration, is_so: impl Fn(&[&mut End]) -> bool) {
    let (begin, step) = (Instant::now(), Duration::from_millis(PACKET_MS.into()));
    let mut due = begin;
    loop {
        ends.iter_mut().for_each(|end| end.speaks());
        due += step;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        ends.iter_mut().for_each(|end| end.listens());
        if begin.elapsed() >= at_least && is_so(ends) {
            return;
        }
        let keys = || ends.iter().map(|end| &end.keys).collect::<Vec<_>>();
        assert!(begin.elapsed() < at_least + 2 * PATIENCE, "{:?}", keys());
    }
}

/// What a trunk's policy says of digits.
pub(crate) fn dtmf(word: &str) -> Value {
    json!({"signaling": {"dtmf": word}})
}

/// A second socket where an end is: whoever else is at its address.
pub(crate) fn neighbour(end: &End) -> Raw {
    Raw::at(&end.sbc.raw.addr().ip().to_string(), end.sbc.raw.edge)
}
