//! A registrar of somebody else: it challenges, checks the answer, and may want longer bindings.

use bytes::Bytes;
use sip::{
    Method,
    digest::{Algorithm, Challenge, Credentials, ha1, verify},
    wire::{HeaderName, Message},
};
use std::{
    net::UdpSocket,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often the thread looks whether the test is over.
const LOOK: Duration = Duration::from_millis(50);

/// It stops when it is dropped.
pub(crate) struct Registrar {
    state: Arc<Mutex<State>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    username: String,
    realm: String,
    secret: String,
    least: u32,
    bound: Option<u32>,
}

impl Registrar {
    /// Listens over UDP, and knows one user.
    pub(crate) fn start(address: &str, username: &str, password: &str, realm: &str) -> Self {
        let socket = UdpSocket::bind(address).expect("the registrar's address is free");
        socket.set_read_timeout(Some(LOOK)).expect("a timeout");
        let secret = ha1(Algorithm::Md5, username, realm, password);
        let (username, realm) = (username.to_owned(), realm.to_owned());
        let state = Arc::new(Mutex::new(State { username, realm, secret, least: 0, bound: None }));
        let is_over = Arc::new(AtomicBool::new(false));
        let (states, over) = (Arc::clone(&state), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || serve(&socket, &states, &over));
        Self { state, is_over, thread: Some(thread) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shorter bindings get 423 from now on.
    pub(crate) fn want_at_least(&self, seconds: u32) {
        self.lock().least = seconds;
    }

    /// The seconds of the binding, where there is one.
    pub(crate) fn bound(&self) -> Option<u32> {
        self.lock().bound
    }

    /// Loses its bindings.
    pub(crate) fn forget(&self) {
        self.lock().bound = None;
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it panicked with is on the test's output.
            let _ = thread.join();
        }
    }
}

fn serve(socket: &UdpSocket, state: &Mutex<State>, is_over: &AtomicBool) {
    let mut buffer = [0; 4_096];
    while !is_over.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let Ok(request) = Message::parse(Bytes::copy_from_slice(&buffer[..length])) else { continue };
        if !request.is_request() || request.method() == Method::Ack {
            continue;
        }
        let answer = answer(&request, &mut state.lock().unwrap_or_else(PoisonError::into_inner));
        // A test that has gone away needs no answer.
        let _ = socket.send_to(answer.as_bytes(), from);
    }
}

fn answer(request: &Message, state: &mut State) -> String {
    if request.method() != Method::Register {
        return response(request, "200 OK", &[]);
    }
    let credentials =
        request.header(HeaderName::Authorization).and_then(|text| Credentials::parse(text).ok());
    let Some(credentials) = credentials else {
        let challenge = Challenge::new(&state.realm, "nonce".to_owned(), Algorithm::Md5).to_header();
        return response(request, "401 Unauthorized", &[("WWW-Authenticate", &challenge)]);
    };
    let is_right = credentials.username == state.username
        && verify(&credentials, &state.secret, &request.method(), &request.body());
    if !is_right {
        return response(request, "403 Forbidden", &[]);
    }
    let seconds = request.expires().unwrap_or(0);
    if seconds > 0 && seconds < state.least {
        return response(request, "423 Interval Too Brief", &[("Min-Expires", &state.least.to_string())]);
    }
    state.bound = (seconds > 0).then_some(seconds);
    let contact = request.header(HeaderName::Contact).unwrap_or_default();
    response(request, "200 OK", &[("Contact", &format!("{contact};expires={seconds}"))])
}

fn response(request: &Message, status: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\r\n"));
    for (name, header) in [
        ("Via", HeaderName::Via),
        ("From", HeaderName::From),
        ("To", HeaderName::To),
        ("Call-ID", HeaderName::CallId),
        ("CSeq", HeaderName::CSeq),
    ] {
        for value in request.header_lines(header) {
            let tag = if name == "To" { ";tag=registrar" } else { "" };
            line(name, &format!("{value}{tag}"));
        }
    }
    for (name, value) in headers {
        line(name, value);
    }
    line("Content-Length", "0");
    text.push_str("\r\n");
    text
}
