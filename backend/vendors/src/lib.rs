//! What the platform asks of the outside world: names, mail, and files over https. None knows tenants or calls.

#![forbid(unsafe_code)]

mod dns;
mod https;
mod mail;

pub use dns::{Dns, DnsError, Found};
pub use https::{FetchError, Https};
pub use mail::{Mail, MailError, Mailer};
