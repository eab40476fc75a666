//! The legs of a call that is over: where each peer was, and what its media did.

use crate::{
    Error,
    bulk::{Bulk, Rows},
    entity::leg,
};
use domain::{access::Scope, ids::CallId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

const INSERT: Bulk = Bulk::new(
    "INSERT INTO legs (call_id, side, peer, transport, sip_call_id, codec, packets, bytes, lost, foreign_packets, \
     jitter_us, sent_packets, verdict, explanation) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The record it belongs to.
    pub call: CallId,
    /// Which side.
    pub side: LegSide,
    /// Address and port of the peer's signalling.
    pub peer: Option<String>,
    /// Its transport.
    pub transport: Option<String>,
    /// Its SIP Call-ID.
    pub sip_call_id: Option<String>,
    /// The codec; empty where there was no media.
    pub codec: String,
    /// Packets that came from the peer and were relayed.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Packets of the peer that are missing by sequence number.
    pub lost: u64,
    /// Packets from elsewhere, dropped.
    pub foreign_packets: u64,
    /// Interarrival jitter, microseconds.
    pub jitter_us: u64,
    /// Packets that were sent to the peer.
    pub sent_packets: u64,
    /// The verdict word about what came from the peer; empty where there was no media.
    pub verdict: String,
    /// The verdict as a sentence.
    pub explanation: String,
}

/// Writes legs down, in one statement.
///
/// # Errors
/// [`Error`] where a leg is there already, or the database fails.
pub async fn insert_legs<C: ConnectionTrait>(txn: &C, _scope: &Scope, legs: &[Leg]) -> Result<(), Error> {
    let mut rows = Rows::new(14, legs.len());
    for new in legs {
        rows.push([
            new.call.0.into(),
            new.side.word().into(),
            new.peer.clone().into(),
            new.transport.clone().into(),
            new.sip_call_id.clone().into(),
            new.codec.as_str().into(),
            super::whole(new.packets).into(),
            super::whole(new.bytes).into(),
            super::whole(new.lost).into(),
            super::whole(new.foreign_packets).into(),
            super::whole(new.jitter_us).into(),
            super::whole(new.sent_packets).into(),
            new.verdict.as_str().into(),
            new.explanation.as_str().into(),
        ]);
    }
    INSERT.run(txn, rows).await?;
    Ok(())
}

/// The legs of a call, the caller's first; none where the scope does not see the call.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn legs<C: ConnectionTrait>(conn: &C, scope: &Scope, call: CallId) -> Result<Vec<Leg>, Error> {
    if scope.tenant().is_some() && super::get(conn, scope, call).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = leg::Entity::find()
        .filter(leg::Column::CallId.eq(call.0))
        .order_by_desc(leg::Column::Side)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(read).collect())
}

fn read(row: leg::Model) -> Leg {
    let count = |number: i64| number.max(0).unsigned_abs();
    Leg {
        call: CallId(row.call_id),
        side: if row.side == LegSide::Caller.word() { LegSide::Caller } else { LegSide::Callee },
        peer: row.peer,
        transport: row.transport,
        sip_call_id: row.sip_call_id,
        codec: row.codec,
        packets: count(row.packets),
        bytes: count(row.bytes),
        lost: count(row.lost),
        foreign_packets: count(row.foreign_packets),
        jitter_us: count(row.jitter_us),
        sent_packets: count(row.sent_packets),
        verdict: row.verdict,
        explanation: row.explanation,
    }
}
