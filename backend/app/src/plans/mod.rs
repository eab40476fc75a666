//! Price plans.

mod ensure;
mod list;

pub(crate) use ensure::{default_plan, ensure};
pub use list::list;
