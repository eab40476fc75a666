//! A receiver of webhooks for tests: an HTTP server that keeps what it is sent, takes part in both handshakes, and otherwise
//! answers as the test says.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Bytes of a request's body at most.
const BODY_MAX: usize = 1 << 20;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// `POST`, `OPTIONS`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// A header's value; empty where it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON; `Null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether it is a handshake.
    #[must_use]
    pub fn is_handshake(&self) -> bool {
        self.method == "OPTIONS" || self.header("aeg-event-type") == "SubscriptionValidation"
    }
}

/// What the receiver does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Answers a status, with these headers and this body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Says nothing, and keeps the connection.
    Nothing,
    /// Takes part in a handshake, and answers 200 to all else.
    Well,
}

impl Answer {
    /// A status alone.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Say(status, Vec::new(), String::new())
    }
}

type Behaviour = Box<dyn Fn(&Received) -> Answer + Send + Sync>;

struct Inner {
    received: Mutex<Vec<Received>>,
    news: Condvar,
    behaviour: Mutex<Behaviour>,
    is_over: AtomicBool,
}

/// A running receiver; it stops when it is dropped.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    inner: Arc<Inner>,
}

impl Receiver {
    /// Starts on a free port of an address, and does well.
    ///
    /// # Panics
    /// Where no socket is to be had.
    #[must_use]
    pub fn start(ip: impl Into<IpAddr>) -> Self {
        let listener = TcpListener::bind(SocketAddr::new(ip.into(), 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            received: Mutex::default(),
            news: Condvar::new(),
            behaviour: Mutex::new(Box::new(|_| Answer::Well)),
            is_over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.is_over.load(Ordering::Acquire) {
                    return;
                }
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serve(&stream, &serving));
            }
        });
        Self { address, inner }
    }

    /// Its address as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// From now on it answers events so; handshakes still go well where this says so of them.
    pub fn behave(&self, behaviour: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
        *self.inner.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(behaviour);
    }

    /// The events so far, without handshakes.
    #[must_use]
    pub fn events(&self) -> Vec<Received> {
        self.lock().iter().filter(|request| !request.is_handshake()).cloned().collect()
    }

    /// All requests so far.
    #[must_use]
    pub fn all(&self) -> Vec<Received> {
        self.lock().clone()
    }

    /// Waits until so many events are there, and returns all of them.
    ///
    /// # Panics
    /// Where they do not come in time.
    #[must_use]
    pub fn wait(&self, many: usize, within: Duration) -> Vec<Received> {
        let end = Instant::now() + within;
        let mut received = self.lock();
        loop {
            let events: Vec<_> = received.iter().filter(|request| !request.is_handshake()).cloned().collect();
            if events.len() >= many {
                return events;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {many} events came: {received:?}", events.len());
            let waited = self.inner.news.wait_timeout(received, left);
            received = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Received>> {
        self.inner.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.inner.is_over.store(true, Ordering::Release);
        // Wakes the listener, which then ends; where it has ended already there is nobody to wake.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, inner: &Inner) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let behaviour = inner.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = behaviour(&request);
        drop(behaviour);
        if answer == Answer::Well {
            answer = well(&request);
        }
        let mut received = inner.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.push(request);
        drop(received);
        inner.news.notify_all();
        let Answer::Say(status, headers, body) = answer else {
            while !inner.is_over.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return;
        };
        let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = stream;
        if stream.write_all(format!("{text}\r\n{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// Both handshakes, and 200.
fn well(request: &Received) -> Answer {
    if request.method == "OPTIONS" {
        let origin = request.header("webhook-request-origin").to_owned();
        return Answer::Say(200, vec![("WebHook-Allowed-Origin", origin)], String::new());
    }
    let body = match request.json()[0]["data"]["validationCode"].as_str() {
        Some(code) if request.is_handshake() => format!("{{\"validationResponse\":\"{code}\"}}"),
        _ => String::new(),
    };
    Answer::Say(200, vec![("content-type", "application/json".to_owned())], body)
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut words = line.split_whitespace().map(ToOwned::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = vec![0; length.min(BODY_MAX)];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, target, headers, body })
}
