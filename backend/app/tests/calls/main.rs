//! Calls and their money through the seam of the edge, on every database that there is.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod announced;
mod audio;
mod billed;
mod burst;
mod crash;
mod house;
mod money;
mod overload;
mod pool;
mod recorded;
mod records;
mod rehearsed;
mod signed;
mod spending;
mod told;
mod traces;
