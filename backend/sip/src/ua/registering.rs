//! Bindings at a registrar: made, refreshed, taken back (RFC 3261 §10.2).

use std::time::{Duration, Instant};

use super::{Agent, Event, Purpose, Refused, Registration, RegistrationId, Timer, request::Request};
use crate::{
    uri::Uri,
    wire::{HeaderName, Message, Method},
};

/// A binding is refreshed when this part of its life, in percent, is over.
const REFRESH_PERCENT: u32 = 80;
/// The shortest lifetime that is kept to; a shorter one would be a storm of refreshes.
const EXPIRES_MIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Binding {
    pub(super) registration: Registration,
    pub(super) cseq: u32,
    call_id: String,
    from_tag: String,
    contact: String,
    leaving: bool,
}

impl Agent {
    /// Registers, and keeps the binding alive until [`Agent::unregister`].
    ///
    /// # Errors
    /// [`Refused::Full`].
    pub fn register(&mut self, now: Instant, registration: Registration) -> Result<RegistrationId, Refused> {
        if self.bindings.len() >= self.config.calls_max {
            return Err(Refused::Full);
        }
        self.counter += 1;
        let id = RegistrationId(self.counter);
        let call_id = format!("{:016x}@{}", self.token(), self.config.local.ip());
        let (from_tag, contact) = (self.tag(), self.contact(&registration.account.username));
        self.bindings
            .insert(id, Binding { registration, cseq: 0, call_id, from_tag, contact, leaving: false });
        self.refresh(now, id);
        self.drain(now);
        Ok(id)
    }

    /// Takes the binding back.
    ///
    /// # Errors
    /// When there is no such binding.
    pub fn unregister(&mut self, now: Instant, id: RegistrationId) -> Result<(), Refused> {
        let binding = self.bindings.get_mut(&id).ok_or(Refused::Unknown)?;
        binding.leaving = true;
        self.refresh(now, id);
        self.drain(now);
        Ok(())
    }

    pub(super) fn refresh(&mut self, now: Instant, id: RegistrationId) {
        let branch = self.branch();
        let Some(binding) = self.bindings.get_mut(&id) else { return };
        binding.cseq += 1;
        let Registration { registrar, domain, account, expires } = &binding.registration;
        let record = format!("<sip:{}@{domain}>", crate::uri::encode_user(&account.username));
        let seconds = if binding.leaving { 0 } else { expires.as_secs() };
        let request = Request {
            method: Method::Register,
            peer: *registrar,
            uri: format!("sip:{domain}"),
            from: format!("{record};tag={}", binding.from_tag),
            to: record,
            call_id: binding.call_id.clone(),
            cseq: binding.cseq,
            branch,
            contact: Some(binding.contact.clone()),
            routes: Vec::new(),
            headers: vec![("Expires".to_owned(), seconds.to_string())],
            credentials: Vec::new(),
            sdp: None,
        };
        let account = Some(account.clone());
        if self.send(now, request, Purpose::Register(id), account, false).is_none() {
            self.on_register_failure(id, 503);
        }
    }

    pub(super) fn on_register_failure(&mut self, id: RegistrationId, status: u16) {
        if self.bindings.remove(&id).is_some() {
            self.event(Event::RegisterFailed { registration: id, status });
        }
    }

    pub(super) fn on_register_response(&mut self, now: Instant, id: RegistrationId, message: &Message) {
        let Some(binding) = self.bindings.get_mut(&id) else { return };
        match message.status() {
            Some(200..=299) if binding.leaving => {
                self.bindings.remove(&id);
                self.event(Event::Unregistered { registration: id });
            }
            Some(200..=299) => {
                let expires = granted(message, &binding.contact).unwrap_or(binding.registration.expires);
                let expires = expires.max(EXPIRES_MIN);
                self.timers.set(now + expires * REFRESH_PERCENT / 100, Timer::Refresh(id));
                self.event(Event::Registered { registration: id, expires });
            }
            // RFC 3261 §10.2.8: too brief; ask for what the registrar wants, when that is longer indeed.
            Some(423) => {
                let least =
                    message.number(HeaderName::MinExpires).map(|secs| Duration::from_secs(secs.into()));
                match least.filter(|least| *least > binding.registration.expires) {
                    Some(least) => {
                        binding.registration.expires = least;
                        self.refresh(now, id);
                    }
                    None => self.on_register_failure(id, 423),
                }
            }
            Some(status @ 300..) => self.on_register_failure(id, status),
            _ => {}
        }
    }
}

/// The lifetime that the registrar states for our Contact, or for all.
fn granted(message: &Message, contact: &str) -> Option<Duration> {
    let own = Uri::parse(contact.trim_matches(['<', '>'])).ok();
    let of_contact = message.contacts().filter_map(Result::ok).find_map(|other| {
        let is_own = own.is_some_and(|own| Uri::parse(other.uri).is_ok_and(|other| own.is_equal(&other)));
        other.param("expires").filter(|_| is_own)?.parse::<u32>().ok()
    });
    of_contact.or_else(|| message.expires()).map(|seconds| Duration::from_secs(seconds.into()))
}
