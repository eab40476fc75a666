//! The registrar's protocol (RFC 3261 §10.3). Where the bindings live is the app's business.

use super::facts::hop;
use crate::seam::{Binding, Registrar};
use sip::b2bua::Reply;
use sip::transaction::Peer;
use sip::uri::Uri;
use sip::wire::{HeaderName, Message};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

/// How long a registration lasts when the phone does not say, and at most, in seconds.
const EXPIRES_MAX: u32 = 3_600;
/// The shortest that is granted, in seconds: below, phones would do nothing but register.
const EXPIRES_MIN: u32 = 60;
/// Contacts in one REGISTER.
const CONTACTS_MAX: usize = 10;
/// Longest Contact URI that is kept, in bytes.
const CONTACT_MAX: usize = 512;
/// How much of User-Agent is kept, in characters.
const USER_AGENT_MAX: usize = 80;
/// Longest Call-ID that is kept, in bytes.
const CALL_ID_MAX: usize = 256;

/// Serves a REGISTER of a user that proved its name in a realm.
pub(super) fn register(
    registrar: &dyn Registrar,
    from: Peer,
    message: &Message,
    (realm, username): (&str, &str),
    wall: SystemTime,
) -> Reply {
    let Some((user, host)) = address(message) else { return Reply::new(400) };
    if !host.eq_ignore_ascii_case(realm) {
        return Reply::new(404);
    }
    // A user registers its own phones only (RFC 3261 §10.3 step 4).
    if !user.eq_ignore_ascii_case(username) {
        return Reply::new(403);
    }
    let aor = format!("{}@{}", username.to_lowercase(), realm.to_lowercase());
    match contacts(message) {
        Err(reply) => reply,
        Ok(Contacts::All) => {
            registrar.clear(&aor);
            bindings(registrar, &aor, wall)
        }
        Ok(Contacts::Some(contacts)) => bind(registrar, from, message, &aor, &contacts, wall),
    }
}

/// User and host of To.
fn address(message: &Message) -> Option<(String, String)> {
    let to = message.to().ok()?;
    let uri = Uri::parse(to.uri).ok()?;
    Some((uri.user_decoded()?.into_owned(), uri.host.to_owned()))
}

/// What a REGISTER wants changed.
enum Contacts {
    /// All bindings removed: the lone star.
    All,
    /// These, with their seconds; none is a question.
    Some(Vec<(String, u32)>),
}

fn contacts(message: &Message) -> Result<Contacts, Reply> {
    let default = message.expires().unwrap_or(EXPIRES_MAX);
    let mut wanted = Vec::new();
    for contact in message.contacts() {
        let contact = contact.map_err(|_| Reply::new(400))?;
        if contact.uri == "*" {
            let is_alone = message.contacts().nth(1).is_none() && message.expires() == Some(0);
            return if is_alone { Ok(Contacts::All) } else { Err(Reply::new(400)) };
        }
        let is_sound = Uri::parse(contact.uri).is_ok_and(|uri| !uri.host.is_empty());
        if !is_sound || contact.uri.len() > CONTACT_MAX || wanted.len() >= CONTACTS_MAX {
            return Err(Reply::new(400));
        }
        // A number that cannot be read counts as none (RFC 3261 §10.3 step 6).
        let seconds = contact.param("expires").map_or(default, |text| text.parse().unwrap_or(default));
        if (1..EXPIRES_MIN).contains(&seconds) {
            return Err(Reply::new(423).with("Min-Expires", EXPIRES_MIN.to_string()));
        }
        wanted.push((contact.uri.to_owned(), seconds.min(EXPIRES_MAX)));
    }
    Ok(Contacts::Some(wanted))
}

fn bind(
    registrar: &dyn Registrar,
    from: Peer,
    message: &Message,
    aor: &str,
    contacts: &[(String, u32)],
    wall: SystemTime,
) -> Reply {
    let call_id = message.call_id().unwrap_or_default();
    let cseq = message.cseq().map_or(0, |(number, _)| number);
    if call_id.len() > CALL_ID_MAX {
        return Reply::new(400);
    }
    let known = registrar.lookup(aor, wall);
    let is_late = |binding: &&Binding| binding.call_id == call_id && binding.cseq > cseq;
    if known.iter().filter(is_late).any(|binding| contacts.iter().any(|(uri, _)| *uri == binding.contact)) {
        // A REGISTER overtaken by a younger one changes nothing (RFC 3261 §10.3 step 7).
        return Reply::new(500);
    }
    let user_agent = message.header(HeaderName::UserAgent).unwrap_or_default();
    for (contact, seconds) in contacts {
        let binding = Binding {
            contact: contact.clone(),
            hop: hop(from),
            flow: from.flow,
            expires_at: wall + Duration::from_secs(u64::from(*seconds)),
            user_agent: user_agent.chars().take(USER_AGENT_MAX).collect(),
            call_id: call_id.to_owned(),
            cseq,
        };
        if registrar.bind(aor, binding).is_err() {
            return Reply { reason: "Too Many Phones".into(), ..Reply::new(403) };
        }
    }
    bindings(registrar, aor, wall)
}

/// 200 with what is bound now.
fn bindings(registrar: &dyn Registrar, aor: &str, wall: SystemTime) -> Reply {
    registrar.lookup(aor, wall).iter().fold(Reply::new(200), |reply, binding| {
        let left = binding.expires_at.duration_since(wall).unwrap_or_default();
        let mut value = String::with_capacity(binding.contact.len() + 16);
        // Writing into a String cannot fail. Half a second more makes 3599.9 the 3600 that was asked for.
        let _ =
            write!(value, "<{}>;expires={}", binding.contact, (left + Duration::from_millis(500)).as_secs());
        reply.with("Contact", value)
    })
}
