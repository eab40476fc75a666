//! Numbers that change their provider: which state a request is in, who may move it on and when ([`step`]), and which
//! numbers can be brought at all ([`portable`]). Pure tables: today is an argument.

mod number;
mod state;

pub use number::{NotPortable, portable, transfer_code};
pub use state::{Action, Direction, Moment, Party, Refusal, Row, State, TABLE, allowed, opening, step};
