//! Numbers that change their provider. A tenant brings numbers: it writes a draft, adds its papers and sends it; the operator
//! settles it with the losing provider and says a firm date; on that day the numbers become the tenant's, as bought ones do.
//! Numbers leave: a provider asks through the operator, or the tenant asks itself; the tenant is told of every step, and its
//! no stands. Who may do what is the table [`domain::porting::TABLE`]; every step is written down, told as an event and mailed
//! in the transaction that takes it.

mod arrive;
mod check;
mod deliver;
mod documents;
mod draft;
mod guard;
mod leave;
mod read;
mod sweep;
mod tell;
mod turn;
mod view;

pub use arrive::{Acceptance, accept, cancel_in, complete_in, reject_in, revise, submit, withdraw};
pub use documents::{DocumentKind, add_document, document, drop_document};
pub use draft::{Draft, create, edit};
pub use guard::{GuardEdit, GuardView, guard, set_guard};
pub use leave::{
    NewPortOut, ask_in_own_name, cancel_out, complete_out, confirm, object, record, reject_out, schedule,
};
pub use read::{Filter, get, get_as_operator, list, list_as_operator};
pub use sweep::{FORGET_DAYS, forget, forget_at};
pub use view::{
    Details, DocumentView, NumberState, PortingNumber, PortingRequest, PortingWhole, PostalAddress, StepView,
};

/// Numbers of one request at most.
pub const NUMBERS_MAX: usize = 100;
/// Requests of a tenant that are not closed, at most.
pub const OPEN_MAX: u64 = 200;
/// Papers of one request at most.
pub const DOCUMENTS_MAX: u64 = 10;
/// Characters of a reason at most.
pub const REASON_MAX: usize = 500;
/// Characters of a name or a line of an address at most.
pub const LINE_MAX: usize = 120;
/// Lines of a street address at most.
pub const LINES_MAX: usize = 4;
/// Characters of a transfer code at most.
pub const CODE_MAX: usize = 40;
/// Days ahead of which a date may be at most.
pub const DAYS_MAX: i64 = 365;
/// Days that a tenant has to answer where the operator does not say.
pub const ANSWER_DAYS: u32 = 3;
/// Days that a tenant may be given to answer at most.
pub const ANSWER_DAYS_MAX: u32 = 30;
