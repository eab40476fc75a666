//! REGISTERs go out when they are due, and their answers come in.

use super::state::{Entry, Inner};
use crate::{App, Error, names, snapshot::Who};
use domain::{
    config::IpVersion,
    registration::{Answer, EXPIRES_DEFAULT},
};
use edge::seam::{Credentials, Hop, Originated, Origination, Reply, Secret};
use sip::Method;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use uuid::Uuid;

/// REGISTERs that one round sends at most; the rest follow a second later.
const ROUND_MAX: usize = 200;

/// Sends the REGISTERs that are due. Registrations of what is switched off or gone are taken back. For the jobs, about
/// once a second.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn tick(app: &App) -> Result<(), Error> {
    let Some(edge) = &app.deps().edge else { return Ok(()) };
    let sent = AtomicUsize::new(0);
    for (id, entry) in app.registrars().entries().iter() {
        match presence(app, entry.who) {
            Presence::On if sent.load(Ordering::Relaxed) < ROUND_MAX => {
                if ask(app, edge, entry) {
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            }
            Presence::On => {}
            Presence::Off => pause(app, entry),
            Presence::Gone => {
                super::set::forget(app, *id).await?;
                take_back(app, entry);
            }
        }
    }
    Ok(())
}

enum Presence {
    On,
    Off,
    Gone,
}

fn presence(app: &App, who: Who) -> Presence {
    let live = app.live();
    let enabled = match who {
        Who::Trunk(tenant, id) => live.config.tenant(tenant).and_then(|tenant| {
            let tenant = &tenant.piece.value;
            let trunk = tenant.trunks.iter().find(|trunk| trunk.id == id)?;
            Some(trunk.enabled && tenant.active)
        }),
        Who::Carrier(id) => live.config.carrier(id).map(|carrier| carrier.enabled),
    };
    match enabled {
        Some(true) => Presence::On,
        Some(false) => Presence::Off,
        None => Presence::Gone,
    }
}

/// What is switched off is not registered; it is again as soon as it is on.
fn pause(app: &App, entry: &Arc<Entry>) {
    if entry.is_registered() {
        take_back(app, entry);
        entry.lock().machine.dropped(app.now());
    }
}

/// Sends a REGISTER where one is due, and says whether it did.
fn ask(app: &App, edge: &edge::Handle, entry: &Arc<Entry>) -> bool {
    let Some(hops) = names::all_hops(app, std::slice::from_ref(&entry.wanted), IpVersion::Ipv4) else {
        // Its name is being looked up.
        return false;
    };
    let mut inner = entry.lock();
    let Some(expires) = inner.machine.due(app.now()) else { return false };
    let Some(hop) = hops.first().copied() else {
        inner.machine.answered(app.now(), Answer::Silence, rand::random());
        return false;
    };
    let request = register(entry, &mut inner, hop, expires);
    drop(inner);
    let (app_then, entry_then) = (app.clone(), Arc::clone(entry));
    let reply = Reply::new(move |answer| said(&app_then, &entry_then, hop, answer));
    edge.originate(request, reply);
    true
}

/// Takes a binding back, where it stands; nobody waits for the answer.
pub(super) fn take_back(app: &App, entry: &Arc<Entry>) {
    let Some(edge) = &app.deps().edge else { return };
    let mut inner = entry.lock();
    let (Some(hop), true) = (inner.hop, inner.machine.until().is_some()) else { return };
    let request = register(entry, &mut inner, hop, 0);
    drop(inner);
    edge.originate(request, Reply::new(|_| ()));
}

fn register(entry: &Entry, inner: &mut Inner, hop: Hop, expires: u32) -> Origination {
    inner.cseq = inner.cseq.saturating_add(1);
    inner.hop = Some(hop);
    let host = match entry.domain.parse::<std::net::Ipv6Addr>() {
        Ok(ip) => format!("[{ip}]"),
        Err(_) => entry.domain.clone(),
    };
    let address = format!("<sip:{}@{host}>", sip::uri::encode_user(&entry.username));
    Origination {
        hop,
        method: Method::Register,
        uri: format!("sip:{host}"),
        from: address.clone(),
        to: address,
        call_id: Some(inner.call_id.clone()),
        cseq: inner.cseq,
        contact_user: Some(entry.contact_user.clone()),
        headers: vec![("Expires".to_owned(), expires.to_string())],
        credentials: Some(Credentials {
            username: entry.username.clone(),
            secret: Secret::Password(String::from_utf8_lossy(&entry.password).into_owned()),
            realm: None,
        }),
    }
}

/// The registrar answered, or did not.
fn said(app: &App, entry: &Entry, hop: Hop, answer: Option<Originated>) {
    let mut inner = entry.lock();
    let Some(answer) = answer else {
        return inner.machine.answered(app.now(), Answer::Silence, rand::random());
    };
    inner.cseq = inner.cseq.max(answer.cseq);
    if answer.is_answered && answer.status != 503 {
        app.names().trust(&hop);
    } else {
        app.names().shun(hop, Instant::now(), names::SHUNNED_FOR);
    }
    inner.said = Some(if answer.is_answered {
        (answer.status, answer.reason.clone())
    } else {
        (answer.status, "no answer".to_owned())
    });
    let was = inner.machine.state();
    inner.machine.answered(app.now(), read(&answer, &entry.contact_user), rand::random());
    let is = inner.machine.state();
    if was != is {
        tracing::info!(registrar = %entry.wanted, username = entry.username, ?was, ?is, status = answer.status,
            "a registration changed");
    }
}

fn read(answer: &Originated, contact_user: &str) -> Answer {
    let seconds = |name: &str| {
        let value = answer.header(name)?;
        value.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()
    };
    match answer.status {
        _ if !answer.is_answered => Answer::Silence,
        200..=299 => Answer::Granted(
            granted(answer, contact_user).or_else(|| seconds("Expires")).unwrap_or(EXPIRES_DEFAULT),
        ),
        423 => Answer::TooBrief(seconds("Min-Expires").unwrap_or(0)),
        status => Answer::Refused(status, seconds("Retry-After")),
    }
}

/// The `expires` of our own Contact among those that the registrar names (RFC 3261 §10.2.4).
fn granted(answer: &Originated, contact_user: &str) -> Option<u32> {
    let contacts = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Contact") || name.eq_ignore_ascii_case("m"));
    let ours = format!("sip:{contact_user}@");
    let values = contacts.flat_map(|(_, value)| value.split(','));
    let ours = values.filter(|value| value.contains(&ours));
    let expires = ours.filter_map(|value| {
        let parameter = value.split(';').map(str::trim).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("expires").then_some(value)
        })?;
        parameter.trim().parse::<u32>().ok()
    });
    expires.max()
}

/// The identifier of a peer's trunk or carrier.
pub(super) const fn id_of(who: Who) -> Uuid {
    match who {
        Who::Trunk(_, trunk) => trunk.0,
        Who::Carrier(carrier) => carrier.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answered(status: u16, headers: &[(&str, &str)]) -> Originated {
        Originated {
            status,
            is_answered: true,
            reason: String::new(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            cseq: 1,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn what_was_granted_stands_at_our_own_contact_or_in_expires() {
        let of_ours = [
            ("Contact", "<sip:other@192.0.2.9>;expires=3600, <sip:acme@192.0.2.1:5060>;q=1;expires=90"),
            ("Expires", "600"),
        ];
        assert_eq!(read(&answered(200, &of_ours), "acme"), Answer::Granted(90));
        assert_eq!(read(&answered(200, &[("expires", "120")]), "acme"), Answer::Granted(120));
        assert_eq!(read(&answered(200, &[]), "acme"), Answer::Granted(EXPIRES_DEFAULT));
    }

    #[test]
    fn refusals_say_when_to_come_again() {
        assert_eq!(read(&answered(423, &[("Min-Expires", "1800")]), "acme"), Answer::TooBrief(1_800));
        assert_eq!(
            read(&answered(503, &[("Retry-After", "30 (busy)")]), "acme"),
            Answer::Refused(503, Some(30))
        );
        assert_eq!(read(&answered(403, &[]), "acme"), Answer::Refused(403, None));
        let silent = Originated { is_answered: false, ..answered(408, &[]) };
        assert_eq!(read(&silent, "acme"), Answer::Silence);
    }
}
