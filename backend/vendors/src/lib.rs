//! What the platform asks of the outside world: names and mail. Neither knows tenants or calls.

#![forbid(unsafe_code)]

mod dns;
mod mail;

pub use dns::{Dns, DnsError, Found};
pub use mail::{Mail, MailError, Mailer};
