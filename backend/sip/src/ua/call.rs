//! One call of an agent: where it stands, and what is asked and answered in it at the moment.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{api::Account, dialog::Dialog};
use crate::{
    transaction::{Peer, TransactionId},
    wire::Message,
};

/// How far a call has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Our INVITE is out.
    Calling,
    /// Their INVITE waits for our word.
    Deciding,
    /// Their INVITE gets none.
    Ignoring,
    /// Our INVITE was answered with an offer; the ACK waits for our answer.
    Confirming,
    /// Answered.
    Up,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) stage: Stage,
    pub(super) dialog: Dialog,
    pub(super) account: Option<Account>,
    /// Our INVITE or re-INVITE in progress, or the initial one that was answered.
    pub(super) ours: Option<Ours>,
    /// Their INVITE, re-INVITE or UPDATE in progress.
    pub(super) theirs: Option<Theirs>,
    /// We have given up; what is left is to tell the far side when we may.
    pub(super) leaving: bool,
    /// Our offer that met theirs, to be made again after a while (491, RFC 3261 §14.1).
    pub(super) retry: Option<Bytes>,
    is_caller: bool,
}

#[derive(Debug)]
pub(super) struct Ours {
    pub(super) transaction: TransactionId,
    /// Its CSeq number, which the ACK repeats.
    pub(super) cseq: u32,
    /// Its credentials, which the ACK repeats (RFC 3261 §22.1).
    pub(super) credentials: Vec<(String, String)>,
    /// The offer in it.
    pub(super) offer: Option<Bytes>,
    pub(super) is_early: bool,
    /// Whether a final response has come.
    pub(super) is_done: bool,
}

#[derive(Debug)]
pub(super) struct Theirs {
    pub(super) transaction: TransactionId,
    pub(super) from: Peer,
    pub(super) message: Message,
    pub(super) unconfirmed: Option<Unconfirmed>,
}

/// Our 2xx, sent again until its ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
pub(super) struct Unconfirmed {
    pub(super) bytes: Bytes,
    pub(super) interval: Duration,
    pub(super) until: Instant,
}

impl Call {
    pub(super) fn new(stage: Stage, dialog: Dialog, account: Option<Account>) -> Self {
        Self {
            is_caller: stage == Stage::Calling,
            stage,
            dialog,
            account,
            ours: None,
            theirs: None,
            leaving: false,
            retry: None,
        }
    }

    /// Whether this side made the Call-ID.
    pub(super) const fn is_caller(&self) -> bool {
        self.is_caller
    }

    /// Whether a re-INVITE of either side is unfinished (RFC 3261 §14).
    pub(super) fn is_renegotiating(&self) -> bool {
        self.theirs.is_some() || self.ours.as_ref().is_some_and(|ours| !ours.is_done)
    }
}
