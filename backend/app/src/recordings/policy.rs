//! What a tenant says of recording its calls.

use super::tenant_of;
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    recording::{RETENTION_DAYS, RecordingMode, RecordingNotice, RecordingPolicy},
};
use std::collections::HashMap;
use store::recordings::{self, Policy as Row};
use uuid::Uuid;

/// What the audit calls a policy.
pub(crate) const TARGET: &str = "recording-policy";

/// What the actor's tenant says of recording its calls; nothing is recorded where it said nothing.
///
/// # Errors
/// [`Error::Denied`].
pub async fn policy(app: &App, actor: &Actor) -> Result<RecordingPolicy, Error> {
    let scope = actor.scope(Permission::ReadRecordings)?;
    read(app.db().read(), &scope, tenant_of(&scope)?).await
}

/// Says it, in the place of what it said. Calls that are decided from then on are recorded by it; recordings that are there are
/// kept for as long as was said when they began.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the days.
pub async fn put_policy(app: &App, actor: &Actor, policy: RecordingPolicy) -> Result<RecordingPolicy, Error> {
    let scope = actor.scope(Permission::ManageRecordings)?;
    let tenant = tenant_of(&scope)?;
    if !RETENTION_DAYS.contains(&policy.retention_days) {
        let (least, most) = (RETENTION_DAYS.start(), RETENTION_DAYS.end());
        return Err(Error::invalid("retentionDays", format!("keep recordings for {least} to {most} days")));
    }
    let row = Row {
        tenant_id: tenant.0,
        mode: policy.mode.word().to_owned(),
        retention_days: i32::from(policy.retention_days),
        notice: policy.notice.word().to_owned(),
        updated_at: app.now(),
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = read(tx, &scope, tenant).await?;
            recordings::put_policy(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "recordingPolicy.update",
                target: TARGET,
                before: seen(&before),
                after: seen(&policy),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(policy)
}

async fn read(on: &impl store::On, scope: &Scope, tenant: TenantId) -> Result<RecordingPolicy, Error> {
    recordings::policy(on, scope, tenant).await?.as_ref().map_or_else(|| Ok(RecordingPolicy::default()), of)
}

/// What the tenants in reach of a scope say, by tenant; those that said nothing are not there.
pub(crate) async fn policies(
    on: &impl store::On,
    scope: &Scope,
) -> Result<HashMap<Uuid, RecordingPolicy>, Error> {
    let rows = recordings::policies(on, scope).await?;
    rows.iter().map(|row| Ok((row.tenant_id, of(row)?))).collect()
}

fn of(row: &Row) -> Result<RecordingPolicy, Error> {
    let unreadable =
        |field: &str| Error::internal(store::Error::Unreadable(format!("recording_policies.{field}")));
    Ok(RecordingPolicy {
        mode: RecordingMode::from_word(&row.mode).ok_or_else(|| unreadable("mode"))?,
        retention_days: u16::try_from(row.retention_days).map_err(|_| unreadable("retention_days"))?,
        notice: RecordingNotice::from_word(&row.notice).ok_or_else(|| unreadable("notice"))?,
    })
}
