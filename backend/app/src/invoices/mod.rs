//! Invoices: a tenant's month is closed, what it was charged becomes lines, tax and rounding are posted, and the document
//! gets the next number of its series, all in one transaction. Then it is paid from the balance, reminded of, credited or
//! written off.
//!
//! Start reading at [`close_due`].

mod act;
mod close;
mod credit;
mod dunning;
mod gather;
mod issue;
mod list;
mod party;
mod print;
mod profile;
mod settings;
mod view;

pub use act::{issue, pay, write_off};
pub use close::{Closed, close_due, close_now};
pub use credit::{CreditOrder, credit};
pub use dunning::{Dunned, dun};
pub use list::{Filter, file, get, list};
pub use party::{ADDRESS_LINES_MAX, Party, Profile, TEXT_MAX};
pub use print::Format;
pub(crate) use print::pdf_of;
pub use profile::{profile, profile_of, put_profile, set_exemption};
pub use settings::{BillingSettings, put_settings, settings};
pub use view::InvoiceView;
