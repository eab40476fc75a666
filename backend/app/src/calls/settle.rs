//! The settlement of a call: its charge, its ledger entry, the end of its hold and its closed record, in one
//! transaction and once.
//!
//! What is billed is the time that was funded, or less. The edge ends a call before its funded time is over, so the
//! two differ by its reaction time at most; that time is the platform's loss and not the tenant's, and a charge can
//! never be more than what was held for it.

use super::{
    news::Told,
    outcome::{Rung, outcome},
    record::utc,
    table::Carried,
};
use crate::events::{self, Interests};
use domain::{
    access::Scope,
    cause::Direction,
    ids::{CallId, TenantId},
    money::{Currency, Money},
    rating::{Charge, Quote},
};
use edge::seam::{CallSummary, DirectionStats, Hop, MediaStats};
use store::{
    Error, Tx,
    calls::{Call, Closing, Leg, LegSide},
    ledger::{Accounts, Usage},
    outbox::News,
    volumes,
};

/// What a duration costs, line by line and in all, of which no more is billed than was funded.
pub(super) fn charge(quote: &Quote, duration_ms: u64, funded_ms: u64) -> (Vec<Charge>, i64) {
    let charges = quote.charges(duration_ms.min(funded_ms));
    let total = charges.iter().fold(0_i64, |sum, charge| sum.saturating_add(charge.amount.micros));
    (charges, total)
}

/// What a call will be charged, micro-units.
pub(super) fn cost(carried: &Carried, summary: &CallSummary) -> i64 {
    let duration_ms = u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX);
    match summary.answered_at {
        Some(_) => charge(&carried.quote, duration_ms, carried.funded_ms()).1,
        None => 0,
    }
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
        callee_call: carried.callee_call,
        held_micros: carried.held_micros(),
    }
}

/// Settles calls inside the caller's transaction, on accounts that it has locked; each call stands there once. What
/// was settled before is passed over. What was charged, by whom.
pub(super) async fn settle(
    tx: &Tx,
    scope: &Scope,
    accounts: &mut Accounts,
    over: &[(&Carried, &CallSummary)],
    news: &mut Vec<News>,
) -> Result<Vec<(TenantId, i64)>, Error> {
    let closings: Vec<Closing> =
        over.iter().map(|(carried, summary)| closing(carried, summary, carried.funded_ms())).collect();
    let closed = store::calls::close_all(tx, scope, &closings).await?;
    let mut now = Vec::with_capacity(over.len());
    let mut used = volumes::Changes::default();
    let mut legs = Vec::with_capacity(2 * over.len());
    for ((carried, summary), closing) in over.iter().zip(&closings) {
        let Some(held) = closed.get(&closing.call) else { continue };
        accounts.release(carried.payer, *held);
        used.end(carried.payer, &carried.quote, billed(closing, carried.funded_ms()));
        now.push(((carried.payer, carried.quote.currency), closing));
        if let Some(told) = &carried.told {
            told.ended(closing, carried.quote.currency, news);
        }
        push_legs(&mut legs, carried, summary);
    }
    finish(tx, scope, accounts, &now).await?;
    used.write(tx, scope).await?;
    store::calls::insert_legs(tx, scope, &legs).await?;
    Ok(now.iter().map(|((payer, _), closing)| (*payer, closing.total_micros)).collect())
}

/// What is billed of a call, milliseconds; `None` where it was not answered.
fn billed(closing: &Closing, funded_ms: u64) -> Option<u64> {
    closing.answered_at.map(|_| closing.duration_ms.min(funded_ms))
}

/// Posts the charges of calls that were closed just now.
async fn finish(
    tx: &Tx,
    scope: &Scope,
    accounts: &mut Accounts,
    closed: &[((TenantId, Currency), &Closing)],
) -> Result<(), Error> {
    let usages: Vec<Usage> = closed
        .iter()
        .filter(|(_, closing)| closing.total_micros > 0)
        .map(|((payer, currency), closing)| Usage {
            tenant: *payer,
            call: closing.call,
            cost: Money::new(closing.total_micros, *currency),
            at: closing.ended_at,
        })
        .collect();
    accounts.charge(tx, scope, &usages).await
}

/// Closes live calls of which no more is known than their records: as [`settle`] does, without legs.
pub(super) async fn close(
    tx: &Tx,
    scope: &Scope,
    interests: &Interests,
    calls: &[(&Call, Closing)],
) -> Result<(), Error> {
    let payer = |call: &Call| call.tenant.unwrap_or(TenantId(uuid::Uuid::nil()));
    let mut accounts =
        Accounts::lock(tx, scope, &calls.iter().map(|(call, _)| payer(call)).collect()).await?;
    let mut closed = Vec::new();
    let mut used = volumes::Changes::default();
    let mut news = Vec::new();
    for (call, closing) in calls {
        // One by one: the records of the callees' tenants have to be looked for.
        if store::calls::close(tx, scope, closing).await? {
            accounts.release(payer(call), closing.held_micros);
            used.end(payer(call), &call.quote, billed(closing, call.funded_ms));
            closed.push(((payer(call), call.currency()), closing));
            let callee = store::calls::callee_of(tx, scope, call.id).await?;
            if let Some(told) = Told::new(interests, std::iter::once(*call).chain(&callee)) {
                told.ended(closing, call.currency(), &mut news);
            }
        }
    }
    finish(tx, scope, &mut accounts, &closed).await?;
    used.write(tx, scope).await?;
    news.extend(events::fallen(interests, &accounts));
    accounts.write(tx, scope).await?;
    store::outbox::insert_all(tx, scope, news).await
}

/// The legs of a call, and of its callee's tenant's record.
fn push_legs(all: &mut Vec<Leg>, carried: &Carried, summary: &CallSummary) {
    let sip_call_ids = [Some(carried.sip_call_id.as_str()), summary.callee_call_id.as_deref()];
    let mut mine = legs(carried.call, summary.peers, sip_call_ids, summary.media.as_ref());
    let Some(callee_call) = carried.callee_call else { return all.append(&mut mine) };
    // Each tenant sees where its own leg goes, and not the other's.
    for leg in mine.iter_mut().filter(|leg| leg.side == LegSide::Callee) {
        (leg.peer, leg.transport, leg.sip_call_id) = (None, None, None);
    }
    all.append(&mut mine);
    let theirs = legs(callee_call, summary.peers, sip_call_ids, summary.media.as_ref());
    all.extend(theirs.into_iter().filter(|leg| leg.side == LegSide::Callee));
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
        unauthentic_packets: received.unauthentic,
        is_encrypted: received.is_encrypted,
        jitter_us: u64::from(received.jitter_us),
        quality: super::quality::of(received),
        sent_packets: sent.packets,
        verdict: received.verdict.clone(),
        explanation: received.explanation.clone(),
    };
    vec![leg(LegSide::Caller, 0, from_a, from_b), leg(LegSide::Callee, 1, from_b, from_a)]
}
