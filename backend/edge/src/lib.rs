//! The SIP edge: sockets, shards and the registrar's protocol around the sans-I/O core of `sip`.
//!
//! The edge asks and the app answers: the questions stand in [`seam`].

pub mod seam;
