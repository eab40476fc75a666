//! What the two cards of the page show.

use crate::portal::words::{self, At, Badge};
use app::{
    health::{HealthChangeView, HealthView},
    registrars::{NewRegistration, RegistrationView},
};
use domain::{config::Transport, registration::RegistrationState};
use serde::Deserialize;

/// How a peer is doing.
pub(crate) struct HealthCard {
    pub(crate) state: Badge,
    pub(crate) explanation: &'static str,
    pub(crate) since: Option<At>,
    pub(crate) answered_at: Option<At>,
    pub(crate) answer: u16,
    pub(crate) missed: u32,
    pub(crate) heard_at: Option<At>,
    pub(crate) certificate: Option<At>,
    pub(crate) changes: Vec<ChangeRow>,
}

/// One change.
pub(crate) struct ChangeRow {
    pub(crate) at: At,
    pub(crate) from: Badge,
    pub(crate) to: Badge,
    pub(crate) explanation: &'static str,
}

impl HealthCard {
    pub(crate) fn new(view: HealthView, changes: Vec<HealthChangeView>) -> Self {
        let row = |change: HealthChangeView| ChangeRow {
            at: change.at.into(),
            from: words::health(change.from, None),
            to: words::health(change.to, None),
            explanation: change.explanation,
        };
        Self {
            state: words::health(view.status, None),
            explanation: view.explanation,
            since: view.since.map(At::from),
            answered_at: view.ping.answered_at.map(At::from),
            answer: view.ping.answer.unwrap_or_default(),
            missed: view.ping.missed,
            heard_at: view.ping.heard_at.map(At::from),
            certificate: view.tls.expires_on.map(At::from),
            changes: changes.into_iter().map(row).collect(),
        }
    }
}

/// Our registration with a peer.
pub(crate) struct RegistrationCard {
    pub(crate) is_set: bool,
    pub(crate) state: Badge,
    pub(crate) until: Option<At>,
    pub(crate) said: Option<String>,
    pub(crate) said_at: Option<At>,
    pub(crate) next: At,
    pub(crate) form: RegistrationForm,
}

/// What somebody types about a registration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegistrationForm {
    pub(crate) registrar: String,
    pub(crate) port: String,
    pub(crate) transport: String,
    pub(crate) domain: String,
    pub(crate) username: String,
    password: String,
    pub(crate) contact_user: String,
    pub(crate) expires: String,
}

impl RegistrationCard {
    /// The registration as it stands, with a form that was not taken or its own settings in the fields.
    pub(crate) fn new(view: Option<RegistrationView>, form: Option<RegistrationForm>) -> Self {
        let Some(view) = view else {
            return Self {
                is_set: false,
                state: Badge::new("", "not registered"),
                until: None,
                said: None,
                said_at: None,
                next: At { iso: String::new(), text: String::new() },
                form: form.map(RegistrationForm::without_password).unwrap_or_default(),
            };
        };
        let settings = || RegistrationForm {
            registrar: view.registrar.clone(),
            port: view.port.map(|port| port.to_string()).unwrap_or_default(),
            transport: view.transport.map(|known| words::transport(known).to_lowercase()).unwrap_or_default(),
            domain: view.domain.clone(),
            username: view.username.clone(),
            password: String::new(),
            contact_user: view.contact_user.clone(),
            expires: String::new(),
        };
        Self {
            is_set: true,
            form: form.map_or_else(settings, RegistrationForm::without_password),
            state: match view.state {
                RegistrationState::Registered => Badge::new("good", "registered"),
                RegistrationState::Failed => Badge::new("bad", "failed"),
                RegistrationState::Registering => Badge::new("warn", "registering"),
                RegistrationState::Waiting => Badge::new("", "waiting"),
            },
            until: view.registered_until.map(At::from),
            said: view.last_answer,
            said_at: view.last_answer_at.map(At::from),
            next: view.next_try_at.into(),
        }
    }
}

impl RegistrationForm {
    fn without_password(self) -> Self {
        Self { password: String::new(), ..self }
    }

    /// The settings that it asks for.
    pub(crate) fn read(&self) -> Result<NewRegistration, app::Error> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let number = |field: &str, text: &str| match given(text) {
            None => Ok(None),
            Some(text) => {
                text.parse().map(Some).map_err(|_| app::Error::invalid(field, "give a whole number"))
            }
        };
        let port = number("port", &self.port)?
            .map(|port: u32| {
                u16::try_from(port).map_err(|_| app::Error::invalid("port", "ports are 1 to 65535"))
            })
            .transpose()?;
        Ok(NewRegistration {
            registrar: self.registrar.clone(),
            port,
            transport: match self.transport.as_str() {
                "udp" => Some(Transport::Udp),
                "tcp" => Some(Transport::Tcp),
                "tls" => Some(Transport::Tls),
                _ => None,
            },
            domain: given(&self.domain),
            username: self.username.clone(),
            password: Some(self.password.clone()).filter(|text| !text.is_empty()),
            contact_user: given(&self.contact_user),
            expires_seconds: number("expires", &self.expires)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_empty_is_not_said() {
        let form = RegistrationForm {
            registrar: "sip.carrier.example".into(),
            username: "acme".into(),
            port: " ".into(),
            expires: "300".into(),
            ..RegistrationForm::default()
        };
        let read = form.read().unwrap_or_else(|_| panic!("a good form"));
        assert_eq!(
            (read.port, read.transport, read.password, read.expires_seconds),
            (None, None, None, Some(300))
        );
        assert!(RegistrationForm { port: "70000".into(), ..form.clone() }.read().is_err());
        assert!(RegistrationForm { expires: "soon".into(), ..form }.read().is_err());
    }
}
