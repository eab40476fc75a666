//! Transfers (RFC 3515, RFC 5589).

use std::time::Instant;

use super::Side;
use super::call::Call;
use super::io::{Asked, Io};

impl Call {
    pub(super) fn on_refer(&mut self, io: &mut Io, now: Instant, _side: Side, asked: Asked) {
        io.answer(now, &asked, 403, "");
    }
}
