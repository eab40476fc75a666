//! The legs of a call that is over: where each peer was, and what its media did. Those of a record are one text.

use super::record::{json, read_json};
use crate::{
    Error,
    bulk::{Bulk, Rows},
    entity::leg,
};
use domain::{access::Scope, ids::CallId};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

const INSERT: Bulk =
    Bulk::new("INSERT INTO legs (call_id, body) SELECT column1, column2 FROM", "WHERE column1 IS NOT NULL");

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LegSide {
    /// The caller's.
    Caller,
    /// The callee's.
    Callee,
}

impl LegSide {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
        }
    }
}

/// One leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// The record it belongs to.
    #[serde(skip, default = "no_call")]
    pub call: CallId,
    /// Which side.
    pub side: LegSide,
    /// Address and port of the peer's signalling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Its transport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Its SIP Call-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// The codec; empty where there was no media.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub codec: String,
    /// Packets that came from the peer and were relayed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub packets: u64,
    /// Their payload bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// Packets of the peer that are missing by sequence number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
    /// Packets from elsewhere, dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub foreign_packets: u64,
    /// Packets without a valid SRTP tag, or that were there before, where the media of this leg is encrypted; dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unauthentic_packets: u64,
    /// Whether the media of this leg is encrypted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_encrypted: bool,
    /// Interarrival jitter, microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jitter_us: u64,
    /// How it sounded.
    #[serde(default, skip_serializing_if = "Quality::is_nothing")]
    pub quality: Quality,
    /// Packets that were sent to the peer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sent_packets: u64,
    /// The verdict word about what came from the peer; empty where there was no media.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verdict: String,
    /// The verdict as a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
}

/// How the media of a leg sounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Quality {
    /// Jitter of what came: its mean, microseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub jitter_mean_us: u64,
    /// What 95 of 100 samples of it do not pass.
    #[serde(skip_serializing_if = "is_zero")]
    pub jitter_p95_us: u64,
    /// Its most.
    #[serde(skip_serializing_if = "is_zero")]
    pub jitter_max_us: u64,
    /// Packets of a codec that was not agreed on.
    #[serde(skip_serializing_if = "is_zero")]
    pub wrong_codec: u64,
    /// To the peer and back: the mean, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_us: Option<u64>,
    /// The most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_max_us: Option<u64>,
    /// The opinion score of what came, in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<u16>,
    /// What the peer said of what it heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
}

impl Quality {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a peer said of the stream that it heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reported {
    /// Packets that it missed.
    pub lost: u64,
    /// Of so many.
    pub of: u64,
    /// Interarrival jitter there, microseconds.
    pub jitter_us: u64,
    /// The opinion score that follows from it, in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<u16>,
    /// The score that the peer gave itself, in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said_mos: Option<u16>,
}

const fn no_call() -> CallId {
    CallId(uuid::Uuid::nil())
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

const fn is_false(word: &bool) -> bool {
    !*word
}

/// Writes legs down, in one statement; those of a record stand together, the caller's first.
///
/// # Errors
/// [`Error`] where a record has legs already, or the database fails.
pub async fn insert_legs<C: ConnectionTrait>(txn: &C, _scope: &Scope, legs: &[Leg]) -> Result<(), Error> {
    let mut rows = Rows::new(2, legs.len());
    for of_one in legs.chunk_by(|leg, next| leg.call == next.call) {
        rows.push([of_one[0].call.0.into(), json(&of_one, "legs.body")?.into()]);
    }
    INSERT.run(txn, rows).await?;
    Ok(())
}

/// The legs of a call, the caller's first; none where the scope does not see the call.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn legs<C: ConnectionTrait>(conn: &C, scope: &Scope, call: CallId) -> Result<Vec<Leg>, Error> {
    if scope.tenant().is_some() && super::get(conn, scope, call).await?.is_none() {
        return Ok(Vec::new());
    }
    let Some(row) = leg::Entity::find_by_id(call.0).one(conn).await? else { return Ok(Vec::new()) };
    let legs: Vec<Leg> = read_json(&row.body, "legs.body")?;
    Ok(legs.into_iter().map(|leg| Leg { call, ..leg }).collect())
}
