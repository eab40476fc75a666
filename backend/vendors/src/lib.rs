//! What the platform asks of the outside world: names, mail, certificates, files over https, and the endpoints that
//! want events. None knows tenants or calls.

#![forbid(unsafe_code)]

mod acme;
mod dns;
mod guard;
mod https;
mod mail;
mod poster;
mod suppliers;

pub use acme::{Acme, AcmeError, Challenge, Issued, Proof, Proofs, validity};
pub use dns::{Dns, DnsError, Found};
pub use https::{FetchError, Https};
pub use mail::{Attachment, Mail, MailError, Mailer};
pub use poster::{Order, PostError, Poster, Reply};
pub use suppliers::{
    SupplierAccount, SupplierAmount, SupplierFault, SupplierHttp, SupplierNumber, SupplierSearch,
    SupplierStep,
};
