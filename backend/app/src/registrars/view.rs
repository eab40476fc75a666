//! A registration as doors show it: its settings without the password, and how it stands.

use super::set::carrier_name;
use crate::{App, Error, trunks};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    config::Transport,
    ids::CarrierId,
    registration::RegistrationState,
};
use serde::Serialize;
use uuid::Uuid;

/// A registration of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationView {
    /// The registrar.
    pub registrar: String,
    /// Its port, where it is set.
    pub port: Option<u16>,
    /// Its transport, where it is set.
    pub transport: Option<Transport>,
    /// The domain of the address of record.
    pub domain: String,
    /// The digest username.
    pub username: String,
    /// The user part of our Contact.
    pub contact_user: String,
    /// `waiting`, `registering`, `registered` or `failed`.
    pub state: RegistrationState,
    /// Until when calls to our contact arrive.
    pub registered_until: Option<DateTime<Utc>>,
    /// What the registrar said last, such as `403 Forbidden`.
    pub last_answer: Option<String>,
    /// When it said so, or was found silent.
    pub last_answer_at: Option<DateTime<Utc>>,
    /// When the next REGISTER is due.
    pub next_try_at: DateTime<Utc>,
    /// Failures in a row.
    pub failures: u32,
}

/// The registration of a trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`] where there is no such trunk, or it has none.
pub async fn get(app: &App, actor: &Actor, fqdn: &str) -> Result<RegistrationView, Error> {
    actor.scope(Permission::ReadRouting)?;
    let id = trunks::id_of(app, actor, fqdn).await?;
    of(app, id.0).ok_or_else(no_registration)
}

/// The registration of a carrier. Operators only.
///
/// # Errors
/// [`Error::NotFound`] where there is no such carrier, or it has none.
pub fn get_of_carrier(app: &App, actor: &Actor, id: CarrierId) -> Result<RegistrationView, Error> {
    actor.scope(Permission::Operate)?;
    carrier_name(app, id)?;
    of(app, id.0).ok_or_else(no_registration)
}

pub(super) fn of(app: &App, peer: Uuid) -> Option<RegistrationView> {
    let entry = app.registrars().get(peer)?;
    let inner = entry.lock();
    let said = inner.said.as_ref().map(|(status, reason)| format!("{status} {reason}").trim().to_owned());
    Some(RegistrationView {
        registrar: entry.wanted.host.clone(),
        port: entry.wanted.port,
        transport: entry.wanted.transport.and_then(configured),
        domain: entry.domain.clone(),
        username: entry.username.clone(),
        contact_user: entry.contact_user.clone(),
        state: inner.machine.state(),
        registered_until: inner.machine.until(),
        last_answer: said,
        last_answer_at: inner.machine.last().map(|(at, _)| at),
        next_try_at: inner.machine.next(),
        failures: inner.machine.failures(),
    })
}

const fn configured(transport: sip::Transport) -> Option<Transport> {
    match transport {
        sip::Transport::Udp => Some(Transport::Udp),
        sip::Transport::Tcp => Some(Transport::Tcp),
        sip::Transport::Tls => Some(Transport::Tls),
        sip::Transport::Ws | sip::Transport::Wss => None,
    }
}

pub(super) fn no_registration() -> Error {
    Error::not_found("registration", "we are not registered there: PUT makes a registration")
}
