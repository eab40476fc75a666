//! A tenant changes a trunk.

use super::{ADDRESSES_MAX, TrunkPatch, TrunkView, check, get::no_trunk, list::view};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, load, refresh},
    tenants::apply_limits,
};
use domain::access::{Actor, Permission};
use serde::Serialize;
use serde_json::Value;
use store::trunks::Trunk;

/// Codecs of a trunk at most.
const CODECS_MAX: usize = 16;
/// Characters of a codec's name at most.
const CODEC_MAX: usize = 32;

/// Changes a trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`].
pub async fn patch(app: &App, actor: &Actor, fqdn: &str, patch: TrunkPatch) -> Result<TrunkView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(no_trunk)?;
    let fqdn = fqdn.to_ascii_lowercase();
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let known = store::trunks::all(tx, &scope).await?;
            let row = known.into_iter().find(|row| row.fqdn == fqdn).ok_or_else(no_trunk)?;
            let before = view(app, load::trunk(row.clone())?);
            let row = apply(row, &patch)?;
            let after = view(app, load::trunk(row.clone())?);
            store::trunks::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "trunk.update",
                target: &fqdn,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(after)
}

fn apply(mut row: Trunk, patch: &TrunkPatch) -> Result<Trunk, Error> {
    if let Some(port) = patch.sip_signaling_port {
        let port =
            check::port(port).map_err(|_| Error::invalid("sipSignalingPort", "ports are 1 to 65535"))?;
        row.port = i32::from(port);
    }
    if let Some(enabled) = patch.enabled {
        row.enabled = enabled;
    }
    if let Some(transport) = patch.transport {
        row.transport = word(&transport)?;
    }
    if let Some(addresses) = &patch.addresses {
        if addresses.len() > ADDRESSES_MAX {
            return Err(Error::invalid("addresses", format!("give {ADDRESSES_MAX} addresses at most")));
        }
        row.addresses = serde_json::to_value(addresses).map_err(Error::internal)?;
    }
    if let Some(srtp) = patch.media.as_ref().and_then(|media| media.srtp) {
        row.srtp = word(&srtp)?;
    }
    if let Some(codecs) = patch.media.as_ref().and_then(|media| media.codecs.as_ref()) {
        row.codecs = serde_json::to_value(checked(codecs)?).map_err(Error::internal)?;
    }
    if let Some(limits) = patch.limits {
        apply_limits(limits, &mut row.calls_per_second, &mut row.max_calls)?;
    }
    Ok(row)
}

fn checked(codecs: &[String]) -> Result<&[String], Error> {
    let is_name = |name: &String| {
        (1..=CODEC_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte))
    };
    if codecs.len() <= CODECS_MAX && codecs.iter().all(is_name) {
        return Ok(codecs);
    }
    Err(Error::invalid(
        "media.codecs",
        format!("give {CODECS_MAX} codec names at most, such as PCMU or G722"),
    ))
}

/// The word that serde writes for a value of a closed set.
fn word(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value).map_err(Error::internal)? {
        Value::String(word) => Ok(word),
        other => Err(Error::internal(format!("{other} is no word"))),
    }
}
