//! Changes are written down, and read again after a restart.

use super::state::{Changed, Peer, id_of};
use crate::{
    App, Error, events, outbox,
    snapshot::{Who, load::word},
};
use domain::{
    access::Scope,
    config::OptionsPing,
    events::EventKind,
    health::{Health, Reason, State, Watch},
    ids::{CarrierId, TenantId, TrunkId},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Instant};
use store::{Tx, trunk_health};
use uuid::Uuid;

/// Changes of one transaction.
const BATCH: usize = 200;

/// Writes down what changed since the last time: the state, the history and the event, in one transaction.
pub(super) async fn write(app: &App) -> Result<(), Error> {
    let mut left = app.health().take_changes();
    while !left.is_empty() {
        let later = left.split_off(left.len().min(BATCH));
        let scope = Scope::system("the health of every tenant's trunks is watched");
        let done = app
            .db()
            .write::<_, Error, _>(async |tx| {
                for changed in &left {
                    write_one(app, tx, &scope, changed).await?;
                }
                Ok(())
            })
            .await;
        if let Err(error) = done {
            left.extend(later);
            app.health().put_back(left);
            return Err(error);
        }
        left = later;
    }
    Ok(())
}

async fn write_one(app: &App, tx: &Tx, scope: &Scope, changed: &Changed) -> Result<(), Error> {
    let (tenant, peer) = (tenant_of(changed.who), id_of(changed.who));
    let to = changed.change.to;
    let current = trunk_health::Health {
        peer_id: peer,
        tenant_id: tenant,
        health: text(&to.health),
        reason: text(&to.reason),
        since: to.since,
        heard_at: changed.heard_at,
        certificate_until: changed.certificate_until,
    };
    let row = trunk_health::Change {
        id: Uuid::now_v7(),
        tenant_id: tenant,
        peer_id: peer,
        at: changed.at,
        from_health: text(&changed.change.from.health),
        to_health: text(&to.health),
        reason: text(&to.reason),
    };
    trunk_health::changed(tx, scope, current, row).await?;
    let name = if tenant.is_some() { "fqdn" } else { "carrier" };
    let data = json!({
        name: changed.name,
        "from": changed.change.from.health,
        "to": to.health,
        "reason": to.reason,
        "explanation": to.reason.explain(),
        "since": to.since,
        "at": changed.at,
    });
    if let Who::Trunk(tenant, _) = changed.who {
        let said = (format!("trunk/{}", changed.name), data);
        return Ok(events::raise(app, tx, scope, tenant, EventKind::TrunkHealthChanged, said).await?);
    }
    let row = outbox::message(None, events::CARRIER_HEALTH_CHANGED, data, app.now());
    Ok(store::outbox::insert(tx, scope, row).await?)
}

/// Takes over the states from before the restart.
pub(crate) async fn restore(app: &App) -> Result<(), Error> {
    let scope = Scope::system("the health of every tenant's trunks is watched");
    let rows = trunk_health::all(app.db().read(), &scope).await?;
    let mut peers = HashMap::new();
    for row in rows {
        let health: Health = word("trunk_health.health", &row.health)?;
        let reason: Reason = word("trunk_health.reason", &row.reason)?;
        let policy = OptionsPing::default();
        let state = State { health, reason, since: row.since };
        let watch = Watch::restored(state, policy, row.heard_at, row.certificate_until);
        let who = match row.tenant_id {
            Some(tenant) => Who::Trunk(TenantId(tenant), TrunkId(row.peer_id)),
            None => Who::Carrier(CarrierId(row.peer_id)),
        };
        // Without its name, so that the first look at the configuration takes the peer over with its policy.
        peers.insert(row.peer_id, Arc::new(Peer::new(who, String::new(), policy, watch, Instant::now())));
    }
    app.health().swap(peers);
    app.health().reindex();
    Ok(())
}

const fn tenant_of(who: Who) -> Option<Uuid> {
    match who {
        Who::Trunk(tenant, _) => Some(tenant.0),
        Who::Carrier(_) => None,
    }
}

/// A word as serde writes it.
fn text(word: &impl Serialize) -> String {
    match serde_json::to_value(word) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}
