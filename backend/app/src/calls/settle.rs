//! The settlement of a call: its charge, its ledger entry, the end of its hold and its closed record, in one
//! transaction and once.
//!
//! What is billed is the time that was funded, or less. The edge ends a call before its funded time is over, so the
//! two differ by its reaction time at most; that time is the platform's loss and not the tenant's, and a charge can
//! never be more than what was held for it.

use super::{
    outcome::{Rung, outcome},
    record::utc,
    table::Carried,
};
use crate::outbox::{CALL_ENDED, message};
use chrono::{SubsecRound as _, Utc};
use domain::{
    access::Scope,
    cause::Direction,
    ids::{CallId, TenantId},
    ledger::EntryKind,
    money::{Currency, Money},
    rating::{Charge, Quote},
};
use edge::seam::{CallSummary, DirectionStats, Hop, MediaStats};
use store::{
    Error, Tx,
    calls::{Call, Closing, Leg, LegSide},
    holds::Purpose,
    ledger::{Cover, Posting},
    outbox::Message,
};

/// What a duration costs, line by line and in all, of which no more is billed than was funded.
pub(super) fn charge(quote: &Quote, duration_ms: u64, funded_ms: u64) -> (Vec<Charge>, i64) {
    let charges = quote.charges(duration_ms.min(funded_ms));
    let total = charges.iter().fold(0_i64, |sum, charge| sum.saturating_add(charge.amount.micros));
    (charges, total)
}

/// How a call is closed by its summary.
fn closing(carried: &Carried, summary: &CallSummary, funded_ms: u64) -> Closing {
    let duration_ms = u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX);
    let ring =
        summary.attempt.and_then(|attempt| carried.rings.get(attempt)).or_else(|| carried.rings.first());
    let rung = ring.map_or(Rung::Other, |(rung, _)| *rung);
    let (charges, total_micros) = match summary.answered_at {
        Some(_) => charge(&carried.quote, duration_ms, funded_ms),
        None => (Vec::new(), 0),
    };
    Closing {
        call: carried.call,
        answered_at: summary.answered_at.map(utc),
        ended_at: utc(summary.ended_at),
        duration_ms: if summary.answered_at.is_some() { duration_ms } else { 0 },
        outcome: outcome(carried.direction, &summary.end, rung),
        callee_outcome: carried.callee_call.map(|_| outcome(Direction::Inbound, &summary.end, rung)),
        charges,
        total_micros,
        callee_trunk: ring.filter(|_| summary.attempt.is_some()).and_then(|(_, fqdn)| fqdn.clone()),
    }
}

/// Settles a call inside the caller's transaction.
pub(super) async fn settle(
    tx: &Tx,
    scope: &Scope,
    carried: &Carried,
    summary: &CallSummary,
    funded_ms: u64,
) -> Result<(), Error> {
    let closing = closing(carried, summary, funded_ms);
    if !write(tx, scope, carried.payer, carried.quote.currency, &closing).await? {
        return Ok(());
    }
    let sip_call_ids = [Some(carried.sip_call_id.as_str()), summary.callee_call_id.as_deref()];
    let mut all = legs(carried.call, summary.peers, sip_call_ids, summary.media.as_ref());
    if let Some(callee_call) = carried.callee_call {
        let theirs = legs(callee_call, summary.peers, sip_call_ids, summary.media.as_ref());
        // Each tenant sees where its own leg goes, and not the other's.
        for leg in all.iter_mut().filter(|leg| leg.side == LegSide::Callee) {
            (leg.peer, leg.transport, leg.sip_call_id) = (None, None, None);
        }
        all.extend(theirs.into_iter().filter(|leg| leg.side == LegSide::Callee));
    }
    store::calls::insert_legs(tx, scope, &all).await
}

/// Closes the record, ends the hold, posts the charge and writes the message that the call is over. False where the call was settled before: nothing is done.
pub(super) async fn write(
    tx: &Tx,
    scope: &Scope,
    payer: TenantId,
    currency: Currency,
    closing: &Closing,
) -> Result<bool, Error> {
    if !store::calls::close(tx, scope, closing).await? {
        return Ok(false);
    }
    store::holds::release(tx, scope, Purpose::Call, closing.call.0).await?;
    if closing.total_micros > 0 {
        let posting = Posting {
            kind: EntryKind::Usage,
            amount: Money::new(-closing.total_micros, currency),
            cover: Cover::Held,
            key: format!("usage:{}", closing.call),
            description: format!("call {}", closing.call),
            at: closing.ended_at,
            call: Some(closing.call),
            number: None,
            invoice: None,
        };
        store::ledger::post(tx, scope, payer, &posting).await?;
    }
    store::outbox::insert(tx, scope, call_ended(payer, currency, closing)).await?;
    Ok(true)
}

/// What those hear who want to know that a call is over.
fn call_ended(payer: TenantId, currency: Currency, closing: &Closing) -> Message {
    let tenant = Some(payer.0).filter(|tenant| !tenant.is_nil());
    let payload = serde_json::json!({
        "callId": closing.call.to_string(),
        "tenantId": tenant,
        "cause": closing.outcome.cause.word(),
        "total": Money::new(closing.total_micros, currency),
    });
    message(tenant, CALL_ENDED, payload, Utc::now().trunc_subsecs(6))
}

/// The legs of a record: where the peers are, and what the media relay counted.
pub(super) fn legs_of(
    call: &Call,
    peers: [Option<Hop>; 2],
    sip_call_ids: [Option<&str>; 2],
    media: Option<&MediaStats>,
) -> Vec<Leg> {
    let mut all = legs(call.id, peers, sip_call_ids, media);
    all.retain(|leg| call.payer_call.is_none() || leg.side == LegSide::Callee);
    all
}

fn legs(
    call: CallId,
    peers: [Option<Hop>; 2],
    sip_call_ids: [Option<&str>; 2],
    media: Option<&MediaStats>,
) -> Vec<Leg> {
    let nothing = DirectionStats::default();
    let (from_a, from_b) = media.map_or((&nothing, &nothing), |media| (&media.from_a, &media.from_b));
    let leg = |side, place: usize, received: &DirectionStats, sent: &DirectionStats| Leg {
        call,
        side,
        peer: peers[place].map(|hop| hop.address.to_string()),
        transport: peers[place].map(|hop| hop.transport.as_str().to_ascii_lowercase()),
        sip_call_id: sip_call_ids[place].map(ToOwned::to_owned),
        codec: received.codec.clone(),
        packets: received.packets,
        bytes: received.bytes,
        lost: received.lost,
        foreign_packets: received.foreign,
        jitter_us: u64::from(received.jitter_us),
        sent_packets: sent.packets,
        verdict: received.verdict.clone(),
        explanation: received.explanation.clone(),
    };
    vec![leg(LegSide::Caller, 0, from_a, from_b), leg(LegSide::Callee, 1, from_b, from_a)]
}
