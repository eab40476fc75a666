//! A fake DNS server for tests: it knows the records that the test gives it, and says of all else that there is none
//! (RFC 1035, RFC 2782, RFC 3403).

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// Bytes of a question at most.
const QUESTION_MAX: usize = 512;
/// Bytes of a header.
const HEADER: usize = 12;
/// How long answers hold, in seconds, unless the test says otherwise.
const TTL_SECONDS: u32 = 60;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// One text, of 255 bytes at most.
    Txt(String),
    /// A, or AAAA by its family.
    Address(IpAddr),
    /// Priority, weight, port and target.
    Srv(u16, u16, u16, String),
    /// Order, preference, flags, services and replacement; the regular expression is empty.
    Naptr(u16, u16, String, String, String),
}

/// A running server; it stops when it is dropped.
#[derive(Debug)]
pub struct FakeDns {
    /// Where it listens, over UDP.
    pub address: SocketAddr,
    zone: Arc<Zone>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Zone {
    records: Mutex<HashMap<String, Vec<Record>>>,
    ttl: AtomicU32,
    asked: AtomicU64,
    is_silent: AtomicBool,
}

impl FakeDns {
    /// Starts on a free port of 127.0.0.1, without records.
    ///
    /// # Errors
    /// Where no socket is to be had.
    pub async fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let zone = Arc::new(Zone {
            records: Mutex::default(),
            ttl: AtomicU32::new(TTL_SECONDS),
            asked: AtomicU64::new(0),
            is_silent: AtomicBool::new(false),
        });
        let task = tokio::spawn(serve(socket, Arc::clone(&zone)));
        Ok(Self { address, zone, task })
    }

    /// Publishes the TXT records of a name, in the place of all that it had.
    pub fn publish(&self, name: &str, texts: &[&str]) {
        self.put(name, texts.iter().map(|text| Record::Txt((*text).to_owned())));
    }

    /// Publishes the addresses of a name, in the place of all that it had.
    ///
    /// # Panics
    /// Where one is no address.
    pub fn addresses(&self, name: &str, addresses: &[&str]) {
        let address = |text: &&str| Record::Address(text.parse().expect("the test names addresses"));
        self.put(name, addresses.iter().map(address));
    }

    /// Publishes any records of a name, in the place of all that it had.
    pub fn put(&self, name: &str, records: impl IntoIterator<Item = Record>) {
        self.zone.lock().insert(name.to_lowercase(), records.into_iter().collect());
    }

    /// Forgets a name.
    pub fn remove(&self, name: &str) {
        self.zone.lock().remove(&name.to_lowercase());
    }

    /// How long answers hold from now on, in seconds.
    pub fn set_ttl(&self, seconds: u32) {
        self.zone.ttl.store(seconds, Ordering::Relaxed);
    }

    /// Whether questions stay without an answer.
    pub fn set_silent(&self, is_silent: bool) {
        self.zone.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Questions so far, answered or not.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.zone.asked.load(Ordering::Relaxed)
    }
}

impl Drop for FakeDns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Zone {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Record>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(socket: UdpSocket, zone: Arc<Zone>) {
    let mut buffer = [0; QUESTION_MAX];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        zone.asked.fetch_add(1, Ordering::Relaxed);
        if zone.is_silent.load(Ordering::Relaxed) {
            continue;
        }
        let answer = {
            let records = zone.lock();
            answer(&buffer[..length], &records, zone.ttl.load(Ordering::Relaxed))
        };
        if let Some(answer) = answer {
            // A test that has gone away needs no answer.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

fn answer(question: &[u8], zone: &HashMap<String, Vec<Record>>, ttl: u32) -> Option<Vec<u8>> {
    let (name, end) = read_name(question)?;
    let kind = u16::from_be_bytes(question.get(end..end + 2)?.try_into().ok()?);
    let known = zone.get(&name);
    let records: Vec<&Record> = known.into_iter().flatten().filter(|record| record.kind() == kind).collect();
    let mut answer = question.get(..2)?.to_vec();
    // A response with recursion; "no such name" where the name is unknown.
    answer.extend([0x81, if known.is_some() { 0x80 } else { 0x83 }]);
    answer.extend([0, 1]);
    answer.extend(u16::try_from(records.len()).ok()?.to_be_bytes());
    answer.extend([0, 0, 0, 0]);
    answer.extend(question.get(HEADER..end + 4)?);
    for record in records {
        let data = record.data()?;
        // The name by pointer, then type, class, time to live and length.
        answer.extend([0xc0, 0x0c]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1]);
        answer.extend(ttl.to_be_bytes());
        answer.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        answer.extend(data);
    }
    Some(answer)
}

impl Record {
    const fn kind(&self) -> u16 {
        match self {
            Self::Txt(_) => 16,
            Self::Address(IpAddr::V4(_)) => 1,
            Self::Address(IpAddr::V6(_)) => 28,
            Self::Srv(..) => 33,
            Self::Naptr(..) => 35,
        }
    }

    fn data(&self) -> Option<Vec<u8>> {
        let mut data = Vec::new();
        match self {
            Self::Txt(text) => string(&mut data, text)?,
            Self::Address(IpAddr::V4(ip)) => data.extend(ip.octets()),
            Self::Address(IpAddr::V6(ip)) => data.extend(ip.octets()),
            Self::Srv(priority, weight, port, target) => {
                [priority, weight, port].iter().for_each(|number| data.extend(number.to_be_bytes()));
                write_name(&mut data, target)?;
            }
            Self::Naptr(order, preference, flags, services, replacement) => {
                [order, preference].iter().for_each(|number| data.extend(number.to_be_bytes()));
                string(&mut data, flags)?;
                string(&mut data, services)?;
                string(&mut data, "")?;
                write_name(&mut data, replacement)?;
            }
        }
        Some(data)
    }
}

/// A character string: its length, and its bytes.
fn string(data: &mut Vec<u8>, text: &str) -> Option<()> {
    data.push(u8::try_from(text.len()).ok()?);
    data.extend(text.as_bytes());
    Some(())
}

fn write_name(data: &mut Vec<u8>, name: &str) -> Option<()> {
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        string(data, label)?;
    }
    data.push(0);
    Some(())
}

/// The name that is asked for, in lower case, and where it ends.
fn read_name(question: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).to_lowercase());
        at += length;
    }
}
