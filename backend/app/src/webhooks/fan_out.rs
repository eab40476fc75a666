//! Each event becomes a delivery for each subscription that wants it, in one transaction with the word that it did.

use super::{check::filter, view::view};
use crate::{App, Error, outbox::MAIL};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::Scope,
    events::{EventKind, Filter},
};
use std::collections::HashMap;
use store::{
    Tx,
    deliveries::{Delivery, PENDING},
    outbox::{DONE, KEPT, Message},
    webhooks::Webhook,
};
use uuid::Uuid;

/// Events that one round spreads at most.
const BATCH: u64 = 200;
/// Deliveries that wait for one subscription at most; what comes then is counted and not queued.
const QUEUE_MAX: u64 = 20_000;

/// A subscription, with what it wants.
struct Wanting {
    row: Webhook,
    filter: Filter,
    /// How many more fit into its queue; not counted yet where it is `None`.
    room: Option<u64>,
    dropped: u64,
}

/// Spreads the events that wait, and says how many they were.
pub(super) async fn fan_out(app: &App) -> Result<usize, Error> {
    let scope = Scope::system("events of all tenants are told to whoever wants them");
    let now = app.now();
    if store::outbox::due_others(app.db().read(), &scope, MAIL, now, 1).await?.is_empty() {
        return Ok(0);
    }
    let rows = store::webhooks::active(app.db().read(), &scope).await?;
    let (spread, dropped) = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let mut wanting = by_tenant(&rows, now)?;
            let events = store::outbox::due_others(tx, &scope, MAIL, now, BATCH).await?;
            let spread = spread(tx, &scope, &mut wanting, &events, now).await?;
            let mut dropped = 0;
            for one in wanting.values().flatten().filter(|one| one.dropped > 0) {
                dropped += one.dropped;
                let many = i64::try_from(one.dropped).unwrap_or(i64::MAX);
                store::webhooks::dropped(tx, &scope, one.row.id, many).await?;
            }
            Ok((spread, dropped))
        })
        .await?;
    app.webhooks().count_dropped(dropped);
    Ok(spread)
}

fn by_tenant(rows: &[Webhook], now: DateTime<Utc>) -> Result<HashMap<Uuid, Vec<Wanting>>, Error> {
    let mut all: HashMap<Uuid, Vec<Wanting>> = HashMap::new();
    for row in rows {
        let seen = view(row, now)?;
        let filter = filter(&seen.kinds, &seen.subject_begins_with, &seen.subject_ends_with);
        let one = Wanting { row: row.clone(), filter, room: None, dropped: 0 };
        all.entry(row.tenant_id).or_default().push(one);
    }
    Ok(all)
}

async fn spread(
    tx: &Tx,
    scope: &Scope,
    wanting: &mut HashMap<Uuid, Vec<Wanting>>,
    events: &[Message],
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let mut deliveries = Vec::new();
    let (mut done, mut kept) = (Vec::new(), Vec::new());
    for event in events {
        let before = deliveries.len();
        let kind = EventKind::from_word(&event.kind);
        let subject = event.payload["subject"].as_str().unwrap_or_default();
        let of_tenant = event.tenant_id.and_then(|tenant| wanting.get_mut(&tenant));
        for one in of_tenant.into_iter().flatten() {
            if !kind.is_some_and(|kind| one.filter.wants(kind, subject)) {
                continue;
            }
            let room = match one.room {
                Some(room) => room,
                None => {
                    let waiting = store::deliveries::count_waiting(tx, scope, one.row.id).await?;
                    QUEUE_MAX.saturating_sub(waiting)
                }
            };
            one.room = Some(room.saturating_sub(1));
            if room == 0 {
                one.dropped += 1;
            } else {
                deliveries.push(delivery(&one.row, event, now));
            }
        }
        if deliveries.len() > before { done.push(event.id) } else { kept.push(event.id) }
    }
    store::deliveries::insert(tx, scope, deliveries).await?;
    store::outbox::settle(tx, scope, done, DONE).await?;
    store::outbox::settle(tx, scope, kept, KEPT).await?;
    Ok(events.len())
}

/// A new delivery of an event, to be tried at once.
pub(super) fn delivery(webhook: &Webhook, event: &Message, now: DateTime<Utc>) -> Delivery {
    Delivery {
        id: Uuid::now_v7(),
        tenant_id: webhook.tenant_id,
        webhook_id: webhook.id,
        event_id: event.id,
        kind: event.kind.clone(),
        payload: event.payload.to_string(),
        event_at: event.created_at,
        state: PENDING.to_owned(),
        attempts: 0,
        next_at: now,
        expires_at: now + Duration::minutes(webhook.life_minutes.into()),
        claimed_by: None,
        last_status: None,
        last_error: None,
        log: "[]".to_owned(),
        created_at: now,
        done_at: None,
    }
}
