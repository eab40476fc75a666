//! Fakes of what the app and the relay answer. They follow the seam's contract and nothing more.

use super::DOMAIN;
use crate::seam::{
    Approach, Binding, CallControl, CallFacts, CallId, CallSummary, DigestAlgorithm, Extension, Identity,
    LossListener, MediaError, MediaId, MediaLoss, MediaPool, MediaRules, MediaStats, Party, PartyKind,
    Refusal, Registrar, Reply, SdpKind, Side, TooManyBindings, Trace, Verdict,
};
use bytes::Bytes;
use sip::digest::{Algorithm, ha1};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// The one user of the fake tenant.
pub(super) const USER: &str = "alice";
/// Her password.
pub(super) const PASSWORD: &str = "wonder";
/// A domain whose tenant is suspended.
pub(super) const SUSPENDED: &str = "suspended.test";

type Decide = Box<dyn Fn(CallFacts, Reply<Verdict>) + Send>;

/// A fake business: one tenant, one user, trunks by their address, and a decision that the test sets.
#[derive(Default)]
pub(super) struct Business {
    trunks: Mutex<HashSet<SocketAddr>>,
    /// Names whose certificates are trusted.
    names: Mutex<HashSet<String>>,
    decide: Mutex<Option<Decide>>,
    pub(super) decided: Mutex<Vec<CallFacts>>,
    pub(super) answered: Mutex<Vec<(CallId, usize)>>,
    pub(super) ended: Mutex<Vec<CallSummary>>,
    traced: Mutex<Vec<Trace>>,
    /// Answers to the questions for more money, first to last; then no more.
    pub(super) extensions: Mutex<Vec<Duration>>,
}

impl Business {
    pub(super) fn trust(&self, trunk: SocketAddr) {
        self.trunks.lock().unwrap().insert(trunk);
    }

    /// Whoever shows a certificate of this name is the trunk.
    pub(super) fn trust_name(&self, name: &str) {
        self.names.lock().unwrap().insert(name.to_owned());
    }

    pub(super) fn decide_by(&self, decide: impl Fn(CallFacts, Reply<Verdict>) + Send + 'static) {
        *self.decide.lock().unwrap() = Some(Box::new(decide));
    }

    /// Every call gets this verdict.
    pub(super) fn always(&self, verdict: Verdict) {
        self.decide_by(move |_, reply| reply.send(verdict.clone()));
    }

    pub(super) fn traced(&self) -> Vec<Trace> {
        self.traced.lock().unwrap().clone()
    }

    pub(super) fn ended(&self) -> Vec<CallSummary> {
        self.ended.lock().unwrap().clone()
    }

    pub(super) fn assert_each_decided_call_ended_once(&self) {
        let mut decided: Vec<CallId> = self.decided.lock().unwrap().iter().map(|facts| facts.call).collect();
        let mut ended: Vec<CallId> = self.ended().iter().map(|summary| summary.call).collect();
        decided.sort_unstable();
        ended.sort_unstable();
        assert_eq!(decided, ended);
    }
}

impl CallControl for Business {
    fn identify(&self, approach: &Approach<'_>) -> Identity {
        let is_named = |name: &String| approach.certificate.is_some_and(|shown| shown.covers(name));
        let is_named = self.names.lock().unwrap().iter().any(is_named);
        if is_named || self.trunks.lock().unwrap().contains(&approach.source.address) {
            let party = Party { kind: PartyKind::Trunk, tenant: Some(1), id: 2, name: Arc::from("sbc.test") };
            return Identity::Known(party);
        }
        let hosts = [approach.request_host, approach.from_host, approach.to_host];
        if hosts.contains(&DOMAIN) {
            return Identity::Challenge { realm: Arc::from(DOMAIN) };
        }
        if hosts.contains(&SUSPENDED) {
            let cause = "tenant-suspended".into();
            return Identity::Refused(Refusal { status: 403, q850: 21, cause, retry_after: None });
        }
        Identity::Stranger
    }

    fn is_known_address(&self, ip: std::net::IpAddr) -> bool {
        self.trunks.lock().unwrap().iter().any(|trunk| trunk.ip() == ip)
    }

    fn digest_secret(&self, realm: &str, username: &str, algorithm: DigestAlgorithm) -> Option<String> {
        let algorithm = match algorithm {
            DigestAlgorithm::Md5 => Algorithm::Md5,
            DigestAlgorithm::Sha256 => Algorithm::Sha256,
        };
        (username == USER).then(|| ha1(algorithm, username, realm, PASSWORD))
    }

    fn user(&self, _realm: &str, username: &str) -> Option<Party> {
        let party = Party { kind: PartyKind::User, tenant: Some(1), id: 0, name: Arc::from(username) };
        (username == USER).then_some(party)
    }

    fn decide(&self, facts: CallFacts, reply: Reply<Verdict>) {
        self.decided.lock().unwrap().push(facts.clone());
        let decide = self.decide.lock().unwrap();
        decide.as_ref().expect("a test that calls sets a decision")(facts, reply);
    }

    fn answered(&self, call: CallId, _at: SystemTime, attempt: usize) {
        self.answered.lock().unwrap().push((call, attempt));
    }

    fn extend(&self, _call: CallId, reply: Reply<Extension>) {
        let mut extensions = self.extensions.lock().unwrap();
        reply.send(if extensions.is_empty() {
            Extension::Short(Refusal {
                status: 403,
                q850: 21,
                cause: "out-of-funds".into(),
                retry_after: None,
            })
        } else {
            Extension::Until(extensions.remove(0))
        });
    }

    fn ended(&self, summary: CallSummary) {
        self.ended.lock().unwrap().push(summary);
    }

    fn traced(&self, trace: Trace) {
        self.traced.lock().unwrap().push(trace);
    }
}

/// A fake registrar: a map behind a lock, two bindings for each user.
#[derive(Default)]
pub(super) struct Phonebook(Mutex<HashMap<String, Vec<Binding>>>);

impl Registrar for Phonebook {
    fn bind(&self, aor: &str, binding: Binding) -> Result<(), TooManyBindings> {
        let mut book = self.0.lock().unwrap();
        let bindings = book.entry(aor.to_owned()).or_default();
        bindings.retain(|other| other.contact != binding.contact);
        if binding.expires_at <= SystemTime::now() {
            return Ok(());
        }
        if bindings.len() >= 2 {
            return Err(TooManyBindings);
        }
        bindings.insert(0, binding);
        Ok(())
    }

    fn clear(&self, aor: &str) {
        self.0.lock().unwrap().remove(aor);
    }

    fn lookup(&self, aor: &str, now: SystemTime) -> Vec<Binding> {
        let book = self.0.lock().unwrap();
        book.get(aor).into_iter().flatten().filter(|binding| binding.expires_at > now).cloned().collect()
    }
}

/// A fake relay: marks each description with the side that it came from.
#[derive(Default)]
pub(super) struct FakeRelay {
    next: AtomicU64,
    open: Mutex<HashSet<MediaId>>,
    pub(super) joined: Mutex<Vec<MediaId>>,
    pub(super) is_full: std::sync::atomic::AtomicBool,
    /// Who hears of the loss of which session.
    listeners: Mutex<HashMap<MediaId, LossListener>>,
}

impl FakeRelay {
    pub(super) fn open(&self) -> usize {
        self.open.lock().unwrap().len()
    }

    /// Says of a session that its worker has died, as a relay does: on a thread of its own, and whether or not it is over.
    pub(super) fn die(&self, id: MediaId) {
        let listener = Arc::clone(&self.listeners.lock().unwrap()[&id]);
        std::thread::spawn(move || listener(MediaLoss::WorkerDied)).join().unwrap();
    }
}

impl MediaPool for FakeRelay {
    fn open(&self) -> Result<MediaId, MediaError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(MediaError::NoPorts);
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.lock().unwrap().insert(id);
        Ok(id)
    }

    fn update(&self, id: MediaId, from: Side, kind: SdpKind, sdp: &[u8]) -> Result<Bytes, MediaError> {
        if !self.open.lock().unwrap().contains(&id) {
            return Err(MediaError::Gone);
        }
        if !sdp.starts_with(b"v=0") {
            return Err(MediaError::BadSdp("no version".to_owned()));
        }
        Ok([sdp, format!("a=relayed:{from:?}-{kind:?}\r\n").as_bytes()].concat().into())
    }

    fn govern(&self, id: MediaId, _sides: [MediaRules; 2], listener: LossListener) {
        self.listeners.lock().unwrap().insert(id, listener);
    }

    fn join(&self, id: MediaId) {
        self.joined.lock().unwrap().push(id);
    }

    fn stats(&self, id: MediaId) -> Option<MediaStats> {
        self.open.lock().unwrap().contains(&id).then(MediaStats::default)
    }

    fn close(&self, id: MediaId) -> Option<MediaStats> {
        self.open.lock().unwrap().remove(&id).then(MediaStats::default)
    }
}
