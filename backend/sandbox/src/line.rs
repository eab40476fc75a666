//! The audio of one call: its RTP socket, what is said into it, and what is heard.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    io,
    net::{IpAddr, SocketAddr},
};

use media::{
    dtmf::Press,
    g711::Law,
    rtp::{Header, Packet, is_rtcp},
    tone::Sine,
};

use crate::sound::{Ear, Heard, PACKET_SAMPLES, Sound, numbered_payload};

/// The pitch of the tone, Hz.
pub const TONE_HERTZ: f64 = 440.0;
/// Most keys that wait to be sent on one call.
pub const KEYS_MAX: usize = 64;
/// Packet times that a key press lasts: 100 ms.
const KEY_PACKETS: u16 = 5;
/// Packet times of silence between two key presses.
const KEY_GAP: u8 = 3;
/// Packet times without a packet to echo after which [`Sound::ToneAndEcho`] plays its tone again.
const ECHO_HOLD: u8 = 5;
/// Most packets read from one socket in one go, so that a flood on one call starves no other.
const READ_BATCH: usize = 64;
/// The longest packet that is read; RTP on Ethernet is shorter.
const PACKET_BYTES_MAX: usize = 2048;
/// Packets that may be echoed per packet time, and saved up: two echoes that hear each other stay below a
/// storm.
const ECHOES_PER_TICK: u8 = 2;
const ECHOES_MAX: u8 = 100;
const LOUDNESS: i16 = 8_000;
const STEP: u32 = PACKET_SAMPLES as u32;

/// Where the audio goes, as the latest offer and answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talk {
    /// Where the far side wants its RTP.
    pub remote: SocketAddr,
    /// The payload type of what we send.
    pub payload_type: u8,
    /// Its G.711 law.
    pub law: Law,
    /// Telephone-events: the payload type towards the far side and the one towards us.
    pub events: Option<(u8, u8)>,
    /// Whether we may send.
    pub may_send: bool,
}

/// The audio of one call.
#[derive(Debug)]
pub struct Line {
    socket: mio::net::UdpSocket,
    stray: Option<std::net::UdpSocket>,
    local: SocketAddr,
    talk: Option<Talk>,
    sound: Sound,
    numbered: u32,
    stream: u32,
    sine: Sine,
    next: Header,
    sent: u64,
    echo: Option<Echo>,
    since_echo: u8,
    echoes_left: u8,
    keys: VecDeque<char>,
    press: Option<(Press, u32)>,
    key_gap: u8,
    ear: Ear,
}

/// The fixed distance between the timestamps that come in and those that go out.
#[derive(Debug, Clone, Copy)]
struct Echo {
    ssrc: u32,
    shift: u32,
}

impl Line {
    /// Binds an RTP socket on any free port of `ip`.
    ///
    /// # Errors
    /// When the system has no port or file left.
    pub fn open(ip: IpAddr) -> io::Result<Self> {
        let socket = mio::net::UdpSocket::bind(SocketAddr::new(ip, 0))?;
        let local = socket.local_addr()?;
        let random = RandomState::new().hash_one(local);
        let (ssrc, stream) = (random as u32, (random >> 32) as u32);
        Ok(Self {
            socket,
            stray: None,
            local,
            talk: None,
            sound: Sound::Nothing,
            numbered: 0,
            stream,
            sine: Sine::new(TONE_HERTZ, 8_000, LOUDNESS),
            next: Header {
                marker: true,
                payload_type: 0,
                sequence: random as u16 >> 1,
                timestamp: stream,
                ssrc,
            },
            sent: 0,
            echo: None,
            since_echo: ECHO_HOLD,
            echoes_left: ECHOES_MAX,
            keys: VecDeque::new(),
            press: None,
            key_gap: 0,
            ear: Ear::default(),
        })
    }

    /// The address that goes into our SDP.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The socket, for registering it with a poll.
    pub const fn socket(&mut self) -> &mut mio::net::UdpSocket {
        &mut self.socket
    }

    /// Sends from this socket from now on, against what our SDP says.
    pub fn stray_over(&mut self, socket: std::net::UdpSocket) {
        self.stray = Some(socket);
    }

    /// Takes what offer and answer have agreed on.
    pub const fn steer(&mut self, talk: Talk) {
        self.talk = Some(talk);
    }

    /// What was agreed last; `None` before the first answer.
    #[must_use]
    pub const fn talk(&self) -> Option<Talk> {
        self.talk
    }

    /// Plays from the next packet on.
    pub const fn play(&mut self, sound: Sound) {
        self.sound = sound;
        self.next.marker = true;
    }

    /// Whether a numbered sound or key presses are still to be sent.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.sound, Sound::Numbered(_)) || self.press.is_some() || !self.keys.is_empty()
    }

    /// Presses the keys one after the other, 100 ms each. False when the far side takes no telephone-events,
    /// or when a key is none or [`KEYS_MAX`] keys are waiting: then nothing of it is sent.
    pub fn press(&mut self, keys: &str) -> bool {
        let known = keys.chars().all(|key| media::dtmf::code_of(key).is_some());
        let room = self.keys.len() + keys.len() <= KEYS_MAX;
        let can = known && room && self.talk.is_some_and(|talk| talk.events.is_some());
        if can {
            self.keys.extend(keys.chars());
        }
        can
    }

    /// The counters of what came in.
    #[must_use]
    pub fn heard(&self) -> Heard {
        self.ear.heard()
    }

    /// RTP packets sent, echoes included.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Sends what is due in this packet time, 20 ms.
    pub fn tick(&mut self) {
        self.since_echo = self.since_echo.saturating_add(1);
        self.echoes_left = self.echoes_left.saturating_add(ECHOES_PER_TICK).min(ECHOES_MAX);
        let Some(talk) = self.talk.filter(|talk| talk.may_send) else { return };
        self.next.timestamp = self.next.timestamp.wrapping_add(STEP);
        if self.tick_keys(talk) {
            return;
        }
        match self.sound {
            Sound::Nothing | Sound::Echo | Sound::Mirror => {}
            Sound::ToneAndEcho if self.since_echo < ECHO_HOLD => {}
            Sound::Tone | Sound::ToneAndEcho => self.send_tone(talk),
            Sound::Numbered(0) => self.sound = Sound::Nothing,
            Sound::Numbered(left) => {
                let payload = numbered_payload(self.stream, self.numbered, talk.law.silence());
                self.numbered += 1;
                self.sound = if left == 1 { Sound::Nothing } else { Sound::Numbered(left - 1) };
                self.send_audio(talk, &payload);
            }
        }
    }

    fn send_tone(&mut self, talk: Talk) {
        let mut samples = [0; PACKET_SAMPLES];
        self.sine.fill(&mut samples);
        let mut payload = Vec::with_capacity(PACKET_SAMPLES);
        talk.law.encode_into(&samples, &mut payload);
        self.echo = None;
        self.send_audio(talk, &payload);
    }

    /// One packet of a key press, or one of the gap after it; false when there is neither.
    fn tick_keys(&mut self, talk: Talk) -> bool {
        if self.press.is_none() {
            if self.key_gap > 0 {
                self.key_gap -= 1;
                return false;
            }
            let key = self.keys.pop_front();
            let press = key.and_then(|key| Press::new(key, PACKET_SAMPLES as u16, KEY_PACKETS));
            self.press = press.map(|press| (press, self.next.timestamp));
        }
        let (Some((press, timestamp)), Some((event_type, _))) = (&mut self.press, talk.events) else {
            return false;
        };
        let timestamp = *timestamp;
        let Some(event) = press.next() else {
            self.press = None;
            self.key_gap = KEY_GAP;
            return false;
        };
        let header = Header { payload_type: event_type, timestamp, ..self.next };
        self.transmit(talk, header, &event.payload());
        true
    }

    fn send_audio(&mut self, talk: Talk, payload: &[u8]) {
        let header = Header { payload_type: talk.payload_type, ..self.next };
        self.transmit(talk, header, payload);
    }

    fn transmit(&mut self, talk: Talk, mut header: Header, payload: &[u8]) {
        header.sequence = self.next.sequence;
        header.ssrc = self.next.ssrc;
        let bytes = header.packet(payload);
        // A full send buffer or an ICMP error loses a packet, as the network may: the counters of the far end
        // say so.
        let _ = match &self.stray {
            Some(stray) => stray.send_to(&bytes, talk.remote),
            None => self.socket.send_to(&bytes, talk.remote),
        };
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.marker = false;
        self.sent += 1;
    }

    /// Takes what has arrived, counts it, and echoes it when that is the sound. True when there may be more.
    pub fn read(&mut self) -> bool {
        let mut buffer = [0; PACKET_BYTES_MAX];
        for _ in 0..READ_BATCH {
            let Ok((length, source)) = self.socket.recv_from(&mut buffer) else { return false };
            let bytes = &buffer[..length];
            match Packet::parse(bytes) {
                Ok(packet) if !is_rtcp(bytes) => self.take(source, &packet),
                _ => self.ear.push_noise(),
            }
        }
        true
    }

    fn take(&mut self, source: SocketAddr, packet: &Packet<'_>) {
        let events = self.talk.and_then(|talk| talk.events);
        self.ear.push(source, packet, self.stream, events.map(|(_, ours)| ours));
        if self.sound == Sound::Mirror {
            return self.mirror(source, packet);
        }
        let Some(talk) =
            self.talk.filter(|talk| talk.may_send && self.sound.echoes() && self.echoes_left > 0)
        else {
            return;
        };
        let header = packet.header;
        let echo = match self.echo {
            Some(echo) if echo.ssrc == header.ssrc => echo,
            _ => Echo {
                ssrc: header.ssrc,
                shift: self.next.timestamp.wrapping_add(STEP).wrapping_sub(header.timestamp),
            },
        };
        self.echo = Some(echo);
        self.since_echo = 0;
        self.echoes_left -= 1;
        let payload_type = match events {
            Some((theirs, ours)) if ours == header.payload_type => theirs,
            _ => talk.payload_type,
        };
        let timestamp = header.timestamp.wrapping_add(echo.shift);
        let marker = header.marker || self.next.marker;
        self.transmit(talk, Header { marker, payload_type, timestamp, ..self.next }, packet.payload);
        self.next.timestamp = timestamp;
    }

    fn mirror(&mut self, source: SocketAddr, packet: &Packet<'_>) {
        let is_theirs = |talk: &Talk| talk.may_send && source.port() == talk.remote.port();
        let Some(talk) = self.talk.filter(|talk| is_theirs(talk) && self.echoes_left > 0) else { return };
        self.echoes_left -= 1;
        let marker = packet.header.marker || self.next.marker;
        let header = Header { marker, sequence: self.next.sequence, ssrc: self.next.ssrc, ..packet.header };
        self.transmit(Talk { remote: source, ..talk }, header, packet.payload);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn line(sound: Sound) -> Line {
        let mut line = Line::open("127.0.39.1".parse().unwrap()).unwrap();
        line.play(sound);
        line
    }

    fn join(one: &mut Line, other: &mut Line) {
        let talk =
            |remote| Talk { remote, payload_type: 0, law: Law::Mu, events: Some((101, 101)), may_send: true };
        one.steer(talk(other.local_addr()));
        other.steer(talk(one.local_addr()));
    }

    /// Reads until so many packets have come in, or the socket has been empty for a while.
    fn read_until(line: &mut Line, packets: u64) {
        for _ in 0..1_000 {
            line.read();
            if line.heard().packets >= packets {
                return;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn two_echoes_that_hear_each_other_run_dry() {
        let (mut one, mut other) = (line(Sound::Echo), line(Sound::Echo));
        join(&mut one, &mut other);
        let stone = std::net::UdpSocket::bind("127.0.39.1:0").unwrap();
        let packet = Header { payload_type: 0, ..Header::default() }.packet(&[0xff; PACKET_SAMPLES]);
        stone.send_to(&packet, one.local_addr()).unwrap();
        for _ in 0..1_000 {
            one.read();
            other.read();
        }
        assert!(one.sent() > 1, "the echo must have begun");
        assert!(one.sent() <= u64::from(ECHOES_MAX) && other.sent() <= u64::from(ECHOES_MAX));
    }

    #[test]
    fn the_tone_gives_way_to_the_echo_and_comes_back() {
        let (mut one, mut other) = (line(Sound::ToneAndEcho), line(Sound::Nothing));
        join(&mut one, &mut other);
        one.tick();
        assert_eq!(one.sent(), 1);
        other.play(Sound::Numbered(1));
        other.tick();
        read_until(&mut one, 1);
        assert_eq!(one.sent(), 2);
        (1..ECHO_HOLD).for_each(|_| one.tick());
        assert_eq!(one.sent(), 2, "no tone over the echo");
        one.tick();
        assert_eq!(one.sent(), 3);
        read_until(&mut other, 3);
        assert_eq!((other.heard().own_echo, other.heard().lost), (1, 0));
    }

    #[test]
    fn nobody_sends_before_the_answer_or_on_hold() {
        let (mut one, mut other) = (line(Sound::Tone), line(Sound::Nothing));
        one.tick();
        assert_eq!(one.sent(), 0);
        join(&mut one, &mut other);
        let held = Talk { may_send: false, ..one.talk().unwrap() };
        one.steer(held);
        one.tick();
        assert_eq!(one.sent(), 0);
        assert!(!one.press("12x") && one.press("12"));
    }
}
