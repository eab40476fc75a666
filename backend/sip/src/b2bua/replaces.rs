//! Replaces (RFC 3891): an INVITE that takes the place of one side of an answered call.

use std::time::Instant;

use crate::dialog::Dialog;
use crate::wire::{HeaderName, Message};

use super::Side;
use super::call::{Call, Stage};
use super::engine::Engine;
use super::io::{Asked, Io};

/// The dialog that a Replaces value names, as seen from who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replaces<'a> {
    pub(super) call_id: &'a str,
    /// The tag of who is asked: ours.
    pub(super) to_tag: &'a str,
    pub(super) from_tag: &'a str,
    pub(super) is_early_only: bool,
}

impl<'a> Replaces<'a> {
    /// Reads `call-id;to-tag=…;from-tag=…[;early-only]`; `None` where a part is missing.
    pub(super) fn parse(value: &'a str) -> Option<Self> {
        let (call_id, params) = value.split_once(';')?;
        let (mut to_tag, mut from_tag, mut is_early_only) = (None, None, false);
        for param in params.split(';') {
            match param
                .split_once('=')
                .map_or_else(|| (param.trim(), ""), |(name, value)| (name.trim(), value.trim()))
            {
                (name, value) if name.eq_ignore_ascii_case("to-tag") => to_tag = Some(value),
                (name, value) if name.eq_ignore_ascii_case("from-tag") => from_tag = Some(value),
                (name, _) if name.eq_ignore_ascii_case("early-only") => is_early_only = true,
                _ => {}
            }
        }
        Some(Self { call_id: call_id.trim(), to_tag: to_tag?, from_tag: from_tag?, is_early_only })
    }
}

impl Engine {
    /// An accepted INVITE with Replaces: it joins the call that it names, or gets why it does not. `false` for one
    /// without Replaces.
    pub(super) fn on_replacing(&mut self, now: Instant, asked: &Asked) -> bool {
        let Some(value) = asked.message.header(HeaderName::Replaces) else { return false };
        let tag = self.io.ids.loose_tag();
        let Some(wanted) = Replaces::parse(value) else {
            self.io.answer(now, asked, 400, &tag);
            return true;
        };
        let Some((key, side)) = self.find_replaced(value) else {
            self.io.answer(now, asked, 481, &tag);
            return true;
        };
        if wanted.is_early_only {
            self.io.answer(now, asked, 486, &tag);
            return true;
        }
        self.with(key, |call, io| call.on_ask(io, now, side, asked.clone(), None));
        true
    }
}

impl Call {
    /// The new dialog takes the place of the old one on this side, which is hung up. `None` where the INVITE makes none.
    pub(super) fn replace(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        asked: &Asked,
        tag: &str,
    ) -> Option<()> {
        let dialog = Dialog::answering(&asked.message, asked.from, tag)?;
        self.hang_up(io, now, side, None, None);
        self.unconfirmed[side as usize] = None;
        self.legs[side as usize] = Some(dialog);
        Some(())
    }

    /// Whether a request is an INVITE that replaces a side of this answered call.
    pub(super) fn is_replacing(&self, message: &Message) -> bool {
        self.stage == Stage::Answered
            && message.header(HeaderName::Replaces).is_some()
            && message.to().is_ok_and(|to| to.tag().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_named_by_call_id_and_both_tags() {
        let wanted = Replaces::parse("a@b;from-tag=1;TO-TAG=2;early-only").expect("whole");
        assert_eq!(
            (wanted.call_id, wanted.to_tag, wanted.from_tag, wanted.is_early_only),
            ("a@b", "2", "1", true)
        );
        for broken in ["a@b", "a@b;to-tag=1", "a@b;from-tag=1", ""] {
            assert_eq!(Replaces::parse(broken), None, "{broken}");
        }
    }
}
