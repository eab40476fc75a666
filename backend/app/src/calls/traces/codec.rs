//! A trace as it is stored: numbers in as few bytes as they need, texts with their length, all of it deflated. The
//! messages of a call repeat one another, so this leaves about a sixth of them.

use bytes::Bytes;
use edge::seam::{Hop, SdpKind, Side, TRACE_CALL_BYTES_MAX, Trace, TraceEntry, TraceEvent, TraceLeg};
use flate2::{Compress, Compression, FlushCompress, Status, read::ZlibDecoder};
use std::{
    cell::RefCell,
    io::Read as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the first byte says; another one is of another version of this program.
const VERSION: u8 = 1;
/// No unpacked trace is longer: both ends of the ring, and room for what is no message.
const UNPACKED_MAX: u64 = 4 * TRACE_CALL_BYTES_MAX as u64;
/// The leg byte of the caller.
const CALLER: u64 = 0;

/// Packs a trace.
pub(super) fn pack(trace: &Trace) -> Vec<u8> {
    let mut out = Out(vec![VERSION]);
    out.bytes(&trace.call.to_be_bytes());
    // Whole microseconds, so that what is counted from it comes back as it was shown.
    let started_at = whole(trace.started_at);
    out.time(UNIX_EPOCH, started_at);
    out.number(u64::from(trace.is_answered) | u64::from(trace.is_ended) << 1);
    out.text(&trace.local.to_string());
    out.number(u64::from(trace.dropped));
    for part in [&trace.first, &trace.last] {
        out.number(part.len() as u64);
        for entry in part {
            out.time(started_at, entry.at);
            out.event(&entry.event);
        }
    }
    deflate(&out.0)
}

thread_local! {
    /// Some hundred kilobytes, which cost more to make than a trace costs to pack.
    static ZIP: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), true));
}

fn deflate(plain: &[u8]) -> Vec<u8> {
    let room = plain.len() / 2 + 64;
    let mut out = Vec::with_capacity(room);
    ZIP.with_borrow_mut(|zip| {
        zip.reset();
        loop {
            let rest = plain.get(zip.total_in() as usize..).unwrap_or_default();
            match zip.compress_vec(rest, &mut out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return,
                Ok(Status::Ok | Status::BufError) => out.reserve(room),
                // Packing what is in memory cannot fail; nothing is what nobody can unpack.
                Err(_) => return out.clear(),
            }
        }
    });
    out
}

/// Unpacks what [`pack`] made; `None` for anything else.
pub(super) fn unpack(packed: &[u8]) -> Option<Trace> {
    let mut plain = Vec::new();
    ZlibDecoder::new(packed).take(UNPACKED_MAX).read_to_end(&mut plain).ok()?;
    let mut from = In(plain.into());
    if from.byte()? != VERSION {
        return None;
    }
    let call = u128::from_be_bytes(from.bytes()?.as_ref().try_into().ok()?);
    let started_at = from.time(UNIX_EPOCH)?;
    let flags = from.number()?;
    let local = from.text()?.parse().ok()?;
    let dropped = u32::try_from(from.number()?).ok()?;
    let first = from.entries(started_at)?;
    let last = from.entries(started_at)?;
    let (is_answered, is_ended) = (flags & 1 != 0, flags & 2 != 0);
    Some(Trace { call, started_at, is_answered, is_ended, local, first, dropped, last })
}

fn whole(at: SystemTime) -> SystemTime {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_micros(u64::try_from(since.as_micros()).unwrap_or_default())
}

struct Out(Vec<u8>);

impl Out {
    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Microseconds since `zero`; the lowest bit says whether they count backwards.
    fn time(&mut self, zero: SystemTime, at: SystemTime) {
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX >> 1) << 1;
        self.number(match at.duration_since(zero) {
            Ok(after) => micros(after),
            Err(before) => micros(before.duration()) | 1,
        });
    }

    fn side(&mut self, side: Side) {
        self.number(u64::from(side == Side::B));
    }

    fn event(&mut self, event: &TraceEvent) {
        match event {
            TraceEvent::Message { leg, is_received, peer, bytes } => {
                self.number(0);
                match leg {
                    TraceLeg::Caller => self.number(CALLER),
                    TraceLeg::Callee { place, attempt } => {
                        self.number(u64::from(*place) + 1);
                        self.number(u64::from(*attempt));
                    }
                }
                self.number(u64::from(*is_received));
                self.text(&peer.address.to_string());
                self.text(peer.transport.as_str());
                self.bytes(bytes);
            }
            TraceEvent::Decided { connects } => {
                self.number(1);
                self.number(u64::from(*connects));
            }
            TraceEvent::MediaOpened => self.number(2),
            TraceEvent::Played { to, seconds } => {
                self.number(12);
                self.side(*to);
                self.number(u64::from(*seconds));
            }
            TraceEvent::LargeOverUdp { bytes } => {
                self.number(11);
                self.number(u64::from(*bytes));
            }
            TraceEvent::Described { from, kind } => {
                self.number(3);
                self.side(*from);
                self.number(u64::from(*kind == SdpKind::Answer));
            }
            TraceEvent::MediaFailed { why } => {
                self.number(4);
                self.text(why);
            }
            TraceEvent::Ringing => self.number(5),
            TraceEvent::EarlyMedia => self.number(6),
            TraceEvent::Answered { attempt } => {
                self.number(7);
                self.number(u64::from(*attempt));
            }
            TraceEvent::FirstPacket { from } => {
                self.number(8);
                self.side(*from);
            }
            TraceEvent::Heard { from, verdict, explanation, packets } => {
                self.number(9);
                self.side(*from);
                self.text(verdict);
                self.text(explanation);
                self.number(*packets);
            }
            TraceEvent::Ended { cause } => {
                self.number(10);
                self.text(cause.as_deref().unwrap_or_default());
            }
        }
    }
}

struct In(Bytes);

impl In {
    fn byte(&mut self) -> Option<u8> {
        let first = *self.0.first()?;
        let _ = self.0.split_to(1);
        Some(first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u8> {
        u8::try_from(self.number()?).ok()
    }

    fn bytes(&mut self) -> Option<Bytes> {
        let len = usize::try_from(self.number()?).ok()?;
        (len <= self.0.len()).then(|| self.0.split_to(len))
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn time(&mut self, zero: SystemTime) -> Option<SystemTime> {
        let number = self.number()?;
        let span = Duration::from_micros(number >> 1);
        if number & 1 == 0 { zero.checked_add(span) } else { zero.checked_sub(span) }
    }

    fn side(&mut self) -> Option<Side> {
        Some(if self.number()? == 0 { Side::A } else { Side::B })
    }

    fn entries(&mut self, zero: SystemTime) -> Option<Vec<TraceEntry>> {
        let count = self.number()?;
        (0..count).map(|_| Some(TraceEntry { at: self.time(zero)?, event: self.event()? })).collect()
    }

    fn event(&mut self) -> Option<TraceEvent> {
        Some(match self.number()? {
            0 => TraceEvent::Message {
                leg: match self.small()? {
                    0 => TraceLeg::Caller,
                    place => TraceLeg::Callee { place: place - 1, attempt: self.small()? },
                },
                is_received: self.number()? != 0,
                peer: Hop {
                    address: self.text()?.parse().ok()?,
                    transport: sip::Transport::from_name(&self.text()?)?,
                },
                bytes: self.bytes()?,
            },
            1 => TraceEvent::Decided { connects: self.number()? != 0 },
            2 => TraceEvent::MediaOpened,
            3 => TraceEvent::Described {
                from: self.side()?,
                kind: if self.number()? == 0 { SdpKind::Offer } else { SdpKind::Answer },
            },
            4 => TraceEvent::MediaFailed { why: self.text()? },
            5 => TraceEvent::Ringing,
            6 => TraceEvent::EarlyMedia,
            7 => TraceEvent::Answered { attempt: self.small()? },
            8 => TraceEvent::FirstPacket { from: self.side()? },
            9 => TraceEvent::Heard {
                from: self.side()?,
                verdict: self.text()?,
                explanation: self.text()?,
                packets: self.number()?,
            },
            10 => TraceEvent::Ended { cause: Some(self.text()?).filter(|cause| !cause.is_empty()) },
            11 => TraceEvent::LargeOverUdp { bytes: u32::try_from(self.number()?).ok()? },
            12 => TraceEvent::Played { to: self.side()?, seconds: u16::try_from(self.number()?).ok()? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Trace {
        let started_at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let at = |millis: u64| started_at + Duration::from_millis(millis);
        let peer = Hop {
            address: "[2001:db8::7]:5061".parse().expect("an address"),
            transport: sip::Transport::Tls,
        };
        let message = |leg, is_received, bytes: &'static [u8]| TraceEvent::Message {
            leg,
            is_received,
            peer,
            bytes: Bytes::from_static(bytes),
        };
        let events = [
            message(TraceLeg::Caller, true, b"INVITE sip:b SIP/2.0\r\n\r\n\xff\x00"),
            TraceEvent::Decided { connects: true },
            TraceEvent::LargeOverUdp { bytes: 1_832 },
            TraceEvent::MediaOpened,
            TraceEvent::Described { from: Side::B, kind: SdpKind::Answer },
            TraceEvent::MediaFailed { why: "no port".to_owned() },
            TraceEvent::Played { to: Side::A, seconds: 7 },
            TraceEvent::Ringing,
            TraceEvent::EarlyMedia,
            message(TraceLeg::Callee { place: 3, attempt: 1 }, false, b"SIP/2.0 200 OK\r\n\r\n"),
            TraceEvent::Answered { attempt: 1 },
            TraceEvent::FirstPacket { from: Side::A },
        ];
        let entry = |(millis, event)| TraceEntry { at: at(millis), event };
        let heard = TraceEvent::Heard {
            from: Side::A,
            verdict: "flowing".to_owned(),
            explanation: "Audio arrived.".to_owned(),
            packets: 70_000,
        };
        let ended = TraceEvent::Ended { cause: Some("ended-by-command".to_owned()) };
        Trace {
            call: 7 << 100,
            started_at,
            is_answered: true,
            is_ended: true,
            local: ([127, 0, 0, 1], 5060).into(),
            first: (0..).zip(events).map(entry).collect(),
            dropped: 300,
            last: vec![
                TraceEntry { at: started_at - Duration::from_micros(5), event: heard },
                TraceEntry { at: at(9), event: ended },
                TraceEntry { at: at(9), event: TraceEvent::Ended { cause: None } },
            ],
        }
    }

    #[test]
    fn what_is_packed_is_unpacked_as_it_was() {
        assert_eq!(unpack(&pack(&trace())), Some(trace()));
    }

    #[test]
    fn what_is_cut_or_changed_is_nothing_and_never_a_panic() {
        let whole = pack(&trace());
        assert!((0..whole.len()).all(|len| unpack(&whole[..len]).is_none_or(|read| read == trace())));
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x55;
            let _ = unpack(&bent);
        }
        assert_eq!(unpack(b""), None);
    }

    #[test]
    fn the_messages_of_a_call_shrink_to_less_than_a_third() {
        let mut trace = trace();
        let text = "INVITE sip:+12065550100@edge.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\r\n\
            From: <sip:+12125550100@edge.test>;tag=1\r\nTo: <sip:+12065550100@edge.test>\r\nCall-ID: abc\r\n\r\n";
        let TraceEvent::Message { leg, peer, .. } = trace.first[0].event.clone() else { panic!("a message") };
        for _ in 0..14 {
            let event = TraceEvent::Message { leg, is_received: true, peer, bytes: text.into() };
            trace.first.push(TraceEntry { at: trace.started_at, event });
        }
        assert!(pack(&trace).len() * 3 < text.len() * 14);
    }
}
