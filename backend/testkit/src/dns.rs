//! A fake DNS server for tests: it knows the TXT records that the test gives it, and says of all else that there is
//! none (RFC 1035).

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// Bytes of a question at most.
const QUESTION_MAX: usize = 512;
/// Bytes of a header.
const HEADER: usize = 12;
/// The type of a TXT record.
const TXT: [u8; 2] = [0, 16];

/// A running server; it stops when it is dropped.
#[derive(Debug)]
pub struct FakeDns {
    /// Where it listens, over UDP.
    pub address: SocketAddr,
    records: Arc<Mutex<HashMap<String, Vec<String>>>>,
    task: JoinHandle<()>,
}

impl FakeDns {
    /// Starts on a free port of 127.0.0.1, without records.
    ///
    /// # Errors
    /// Where no socket is to be had.
    pub async fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let records: Arc<Mutex<HashMap<String, Vec<String>>>> = Arc::default();
        let task = tokio::spawn(serve(socket, Arc::clone(&records)));
        Ok(Self { address, records, task })
    }

    /// Publishes the TXT records of a name, in the place of those that it had.
    pub fn publish(&self, name: &str, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_lowercase(), texts);
    }
}

impl Drop for FakeDns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, records: Arc<Mutex<HashMap<String, Vec<String>>>>) {
    let mut buffer = [0; QUESTION_MAX];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let answer = {
            let records = records.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&buffer[..length], &records)
        };
        if let Some(answer) = answer {
            // A test that has gone away needs no answer.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

fn answer(question: &[u8], records: &HashMap<String, Vec<String>>) -> Option<Vec<u8>> {
    let (name, end) = read_name(question)?;
    let kind = question.get(end..end + 2)?;
    let none = Vec::new();
    let texts = if kind == TXT { records.get(&name).unwrap_or(&none) } else { &none };
    let mut answer = question.get(..2)?.to_vec();
    // A response with recursion; "no such name" where the name is unknown.
    answer.extend([0x81, if records.contains_key(&name) { 0x80 } else { 0x83 }]);
    answer.extend([0, 1, 0, u8::try_from(texts.len()).ok()?, 0, 0, 0, 0]);
    answer.extend(question.get(HEADER..end + 4)?);
    for text in texts {
        let length = u8::try_from(text.len()).ok()?;
        // The name by pointer, type, class, a minute, and the text as one string.
        answer.extend([0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 0, 60, 0, length + 1, length]);
        answer.extend(text.as_bytes());
    }
    Some(answer)
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
