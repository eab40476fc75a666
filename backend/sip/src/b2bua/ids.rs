//! Our own identifiers: branches, tags, Call-IDs and Contact users, each with the shard in front.
//!
//! A token is lower-case hexadecimal: four digits of the shard, then random ones. A local tag has the key of its
//! call in the middle, so that an in-dialog request finds its call without a table.

use crate::hash::Key;
use crate::wire::{HeaderName, Message};

use super::api::CallRef;
use super::replaces::Replaces;

/// What every branch of RFC 3261 starts with (§8.1.1.7).
const COOKIE: &str = "z9hG4bK";
/// Shard and 64 random bits: branch (after its cookie) and Contact user.
const SHORT_LEN: usize = 4 + 16;
/// Shard and two more words: a tag (call and randomness) or a Call-ID (128 random bits).
const LONG_LEN: usize = 4 + 16 + 16;

/// Makes identifiers that nobody can guess: a counter under a keyed hash.
#[derive(Debug)]
pub(super) struct Ids {
    shard: u16,
    key: Key,
    counter: u64,
}

impl Ids {
    pub(super) fn new(shard: u16, secret: [u8; 16]) -> Self {
        Self { shard, key: Key::new(secret), counter: 0 }
    }

    fn random(&mut self) -> u128 {
        self.counter += 1;
        self.key.of(&[&self.counter.to_le_bytes(), &self.shard.to_le_bytes()])
    }

    /// Our own shard.
    pub(super) const fn shard(&self) -> u16 {
        self.shard
    }

    /// A number that nobody can foresee; it changes with each identifier that is made.
    pub(super) fn number(&self) -> u64 {
        self.key.of(&[&self.counter.to_le_bytes(), b"number"]) as u64
    }

    pub(super) fn branch(&mut self) -> String {
        let random = self.random() as u64;
        let mut branch = String::with_capacity(COOKIE.len() + SHORT_LEN);
        branch.push_str(COOKIE);
        self.token(branch, &[random])
    }

    pub(super) fn contact_user(&mut self) -> String {
        let random = self.random() as u64;
        self.token(String::with_capacity(SHORT_LEN), &[random])
    }

    pub(super) fn call_id(&mut self) -> String {
        let random = self.random();
        self.token(String::with_capacity(LONG_LEN), &[(random >> 64) as u64, random as u64])
    }

    /// A tag of a leg of this call.
    pub(super) fn tag(&mut self, call: CallRef) -> String {
        let random = self.random() as u64;
        self.token(String::with_capacity(LONG_LEN), &[call, random])
    }

    /// Adds the shard and these words, in hexadecimal.
    fn token(&self, mut text: String, words: &[u64]) -> String {
        push_hex(&mut text, self.shard.into(), 4);
        words.iter().for_each(|word| push_hex(&mut text, *word, 16));
        text
    }

    /// A tag for a response outside any call.
    pub(super) fn loose_tag(&mut self) -> String {
        self.contact_user()
    }
}

/// Adds the lowest so many digits of a number, at most 16.
fn push_hex(text: &mut String, number: u64, digits: usize) {
    let all: [u8; 16] =
        std::array::from_fn(|at| b"0123456789abcdef"[(number >> (60 - 4 * at) & 0xf) as usize]);
    text.push_str(std::str::from_utf8(&all[16 - digits..]).unwrap_or_default());
}

/// The call that a local tag of ours names; whether it is really ours the call's dialogs must say.
#[must_use]
pub fn call_of(tag: &str) -> Option<CallRef> {
    shard_of_token(tag, LONG_LEN)?;
    u64::from_str_radix(tag.get(4..20)?, 16).ok()
}

/// The shard whose call a local tag of ours names.
#[must_use]
pub fn home_of(tag: &str) -> Option<u16> {
    shard_of_token(tag, LONG_LEN)
}

/// The shard that a message belongs to, when the message carries something of ours: the topmost branch of a
/// response; the To tag or the user of the Request-URI of a request; the dialog that an INVITE replaces (RFC 3891).
///
/// `None` for initial requests, which go by the hash of their Call-ID. The number may name a shard that does
/// not exist any more (or never did, in a forged message): the driver treats it like `None` then.
#[must_use]
pub fn shard_of(message: &Message) -> Option<u16> {
    if !message.is_request() {
        let via = message.top_via().ok()?;
        return shard_of_token(via.branch?.strip_prefix(COOKIE)?, SHORT_LEN);
    }
    let Some(to_tag) = message.header(HeaderName::To).and_then(tag_of) else {
        return shard_of_token(Replaces::parse(message.header(HeaderName::Replaces)?)?.to_tag, LONG_LEN);
    };
    shard_of_token(to_tag, LONG_LEN).or_else(|| shard_of_token(to_tag, SHORT_LEN)).or_else(|| {
        let user = crate::uri::Uri::parse(message.request_uri()?).ok()?.user?;
        shard_of_token(user, SHORT_LEN)
    })
}

/// The tag of a From or To value.
fn tag_of(value: &str) -> Option<&str> {
    crate::header::NameAddr::parse(value).ok()?.tag()
}

fn shard_of_token(token: &str, len: usize) -> Option<u16> {
    let is_ours = token.len() == len && token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_ours { u16::from_str_radix(&token[..4], 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_its_call_and_no_two_tags_are_alike() {
        let mut ids = Ids::new(0xbeef, [3; 16]);
        let (first, second) = (ids.tag(77), ids.tag(77));
        assert_ne!(first, second);
        assert_eq!(call_of(&first), Some(77));
        assert_eq!(shard_of_token(&first, LONG_LEN), Some(0xbeef));
        assert_eq!(call_of("0001beef"), None);
        assert_eq!(call_of(&first.to_uppercase()), None);
    }

    #[test]
    fn responses_and_requests_in_dialogs_know_their_shard_and_initial_requests_do_not() {
        let mut ids = Ids::new(513, [9; 16]);
        let head = "From: <sip:a@b>;tag=x\r\nCall-ID: c\r\n";
        let (branch, tag) = (ids.branch(), ids.tag(1));
        let response =
            format!("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch={branch}\r\nTo: <sip:b@b>\r\n{head}\r\n");
        let in_dialog = format!("BYE sip:x@h SIP/2.0\r\nTo: <sip:b@b>;tag={tag}\r\n{head}\r\n");
        let initial = format!("INVITE sip:x@h SIP/2.0\r\nTo: <sip:b@b>\r\n{head}\r\n");
        let replacing = format!(
            "INVITE sip:x@h SIP/2.0\r\nTo: <sip:b@b>\r\nReplaces: c;to-tag={tag};from-tag=x\r\n{head}\r\n"
        );
        let shard = |text: String| shard_of(&Message::parse(text.into()).expect("sound"));
        assert_eq!(shard(response), Some(513));
        assert_eq!(shard(in_dialog), Some(513));
        assert_eq!(shard(initial), None);
        assert_eq!(shard(replacing), Some(513));
    }
}
