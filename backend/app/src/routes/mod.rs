//! Voice routes: which trunks a dialled number goes to, in the order in which they are asked. `/sip` shows the same
//! routes with fewer words.

mod change;
mod list;
mod rows;
mod test;

pub use change::change;
pub(crate) use change::checked;
pub use list::list;
pub(crate) use rows::{put, read};
pub use test::{Tested, Verdict, test};

/// Characters of a route's name at most.
pub const NAME_MAX: usize = 256;
/// Characters of a description at most.
pub const DESCRIPTION_MAX: usize = 1_024;
