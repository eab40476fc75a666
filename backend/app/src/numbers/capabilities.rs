//! A tenant says what a number of its own is to do, within what such a number can do.

use super::{Operation, rows};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission},
    numbering::{Capabilities, Capability},
    phone::E164,
};
use uuid::Uuid;

/// What is to change; what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wished {
    /// Calls.
    pub calling: Option<Capability>,
    /// Texts.
    pub sms: Option<Capability>,
}

/// Changes what an owned number does. The operation is over when this returns.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for what the number cannot do, or where nothing would be left of it.
pub async fn update_capabilities(
    app: &App,
    actor: &Actor,
    number: E164,
    wished: Wished,
) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = rows::active(app, scope.tenant())?;
    let e164 = number.to_string();
    let done = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let mut row =
                store::leases::get(tx, &scope, &e164).await?.ok_or_else(|| rows::no_number(number))?;
            let before = rows::capabilities(&row.calling, &row.sms)?;
            let after = Capabilities {
                calling: wished.calling.unwrap_or(before.calling),
                sms: wished.sms.unwrap_or(before.sms),
            };
            let able = store::stock::get(tx, &scope, &e164).await?;
            let able = able.map_or(Ok(before), |stock| rows::capabilities(&stock.calling, &stock.sms))?;
            check(able, after)?;
            (row.calling, row.sms) = (after.calling.word().to_owned(), after.sms.word().to_owned());
            store::leases::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "number.capabilities",
                target: &e164,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            let done = rows::Done {
                id: format!("capabilities_{}", Uuid::now_v7()),
                kind: "updatePhoneNumberCapabilities",
                resource: Some(format!("/phoneNumbers/{e164}")),
                error: None,
                tenant,
                at: app.now(),
                tx,
            };
            rows::done(&scope, done).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(done)
}

fn check(able: Capabilities, wanted: Capabilities) -> Result<(), Error> {
    for (field, able, wanted) in [("calling", able.calling, wanted.calling), ("sms", able.sms, wanted.sms)] {
        if !able.covers(wanted) {
            let message =
                format!("Unsupported capabilities requested: {field} of this number can be {}.", able.word());
            return Err(Error::invalid(field, message));
        }
    }
    if wanted.calling == Capability::None && wanted.sms == Capability::None {
        let message = "Unsupported capabilities requested: leave calling or sms, or release the number.";
        return Err(Error::invalid("capabilities", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_does_what_it_can_and_something() {
        use Capability::{Inbound, InboundOutbound, None, Outbound};
        let able = Capabilities { calling: InboundOutbound, sms: Inbound };
        for (calling, sms, fits) in [
            (Inbound, None, true),
            (None, Inbound, true),
            (InboundOutbound, Inbound, true),
            (None, None, false),
            (Inbound, Outbound, false),
            (Inbound, InboundOutbound, false),
        ] {
            assert_eq!(check(able, Capabilities { calling, sms }).is_ok(), fits, "{calling:?} {sms:?}");
        }
    }
}
