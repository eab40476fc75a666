//! What the settings of a registration may be.

use super::NewRegistration;
use crate::{Error, trunks::is_host_name};
use domain::registration::{EXPIRES_DEFAULT, EXPIRES_MAX, EXPIRES_MIN};
use std::net::IpAddr;

/// Bytes of a username or password at most.
const TEXT_MAX: usize = 128;

/// Settings that were checked.
pub(super) struct Checked {
    pub(super) registrar: String,
    pub(super) domain: String,
    pub(super) username: String,
    pub(super) contact_user: String,
    pub(super) expires: i32,
}

pub(super) fn check(new: &NewRegistration) -> Result<Checked, Error> {
    let registrar = host("registrar", &new.registrar)?;
    let domain = match new.domain.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(domain) => host("domain", domain)?,
        None => registrar.clone(),
    };
    let username = text("username", &new.username)?;
    let contact_user = match new.contact_user.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(user) => text("contactUser", user)?,
        None => username.clone(),
    };
    if !contact_user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte)) {
        return Err(Error::invalid("contactUser", "use letters, digits and + - _ . alone"));
    }
    if new.port == Some(0) {
        return Err(Error::invalid("port", "ports are 1 to 65535; leave it out to have the DNS say it"));
    }
    let expires = new.expires_seconds.unwrap_or(EXPIRES_DEFAULT);
    if !(EXPIRES_MIN..=EXPIRES_MAX).contains(&expires) {
        let message = format!("give a number of seconds from {EXPIRES_MIN} to {EXPIRES_MAX}");
        return Err(Error::invalid("expiresSeconds", message));
    }
    let expires = i32::try_from(expires).map_err(Error::internal)?;
    Ok(Checked { registrar, domain, username, contact_user, expires })
}

pub(super) fn password(text: &str) -> Result<&str, Error> {
    if text.is_empty() || text.len() > TEXT_MAX || text.contains(char::is_control) {
        return Err(Error::invalid(
            "password",
            format!("give the registrar's password, 1 to {TEXT_MAX} bytes"),
        ));
    }
    Ok(text)
}

fn host(field: &str, text: &str) -> Result<String, Error> {
    let name = text.trim().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    if name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && is_host_name(&name)) {
        return Ok(name);
    }
    Err(Error::invalid(field, "name a host such as sip.carrier.example, or give its address"))
}

fn text(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || "\"<>@;:,\\".contains(c);
    if text.is_empty() || text.len() > TEXT_MAX || text.contains(is_bad) {
        let message = format!("give 1 to {TEXT_MAX} bytes without spaces or any of \" < > @ ; : , \\");
        return Err(Error::invalid(field, message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(registrar: &str, username: &str) -> NewRegistration {
        NewRegistration {
            registrar: registrar.to_owned(),
            port: None,
            transport: None,
            domain: None,
            username: username.to_owned(),
            password: None,
            contact_user: None,
            expires_seconds: None,
        }
    }

    #[test]
    fn what_is_left_out_follows_from_the_rest() {
        let checked = check(&new(" SIP.Carrier.Example. ", "acme")).unwrap_or_else(|_| panic!("sound"));
        assert_eq!(
            (checked.registrar.as_str(), checked.domain.as_str()),
            ("sip.carrier.example", "sip.carrier.example")
        );
        assert_eq!((checked.contact_user.as_str(), checked.expires), ("acme", 600));
        assert!(check(&new("192.0.2.1", "+4681234")).is_ok());
        assert!(check(&new("[2001:db8::1]", "acme")).is_ok());
    }

    #[test]
    fn what_cannot_be_is_refused_by_field() {
        let field = |new: &NewRegistration| match check(new) {
            Err(Error::Invalid { target, .. }) => target.unwrap_or_default(),
            _ => String::new(),
        };
        assert_eq!(field(&new("carrier", "acme")), "registrar");
        assert_eq!(field(&new("sip.carrier.example", "a b")), "username");
        assert_eq!(field(&new("sip.carrier.example", "a\r\nX: y")), "username");
        let brief = NewRegistration { expires_seconds: Some(1), ..new("sip.carrier.example", "acme") };
        assert_eq!(field(&brief), "expiresSeconds");
        let contact =
            NewRegistration { contact_user: Some("a%20b".into()), ..new("sip.carrier.example", "acme") };
        assert_eq!(field(&contact), "contactUser");
        assert!(password("").is_err() && password("a\nb").is_err() && password("secret").is_ok());
    }
}
