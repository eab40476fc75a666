//! Rows of the database as the views of this area.

use super::{Operation, OwnedNumber};
use crate::{App, Error, snapshot::load};
use chrono::{DateTime, Utc};
use domain::{
    ids::{LeaseId, TenantId},
    money::Money,
    numbering::{Capabilities, Capability},
    phone::E164,
};
use store::{Tx, leases::Lease, searches};
use uuid::Uuid;

pub(super) fn owned(row: &Lease) -> Result<OwnedNumber, Error> {
    Ok(OwnedNumber {
        id: LeaseId(row.id),
        number: row.e164.parse().map_err(Error::internal)?,
        country_code: row.country.clone(),
        number_type: row.number_type.parse().map_err(Error::internal)?,
        capabilities: capabilities(&row.calling, &row.sms)?,
        assignment_type: row.assignment.parse().map_err(Error::internal)?,
        inbound: load::binding(row)?,
        monthly: money(row.monthly_micros, &row.currency)?,
        purchased_at: row.purchased_at,
        paid_until: row.paid_until,
        is_released: row.release_asked_at.is_some(),
    })
}

pub(super) fn capabilities(calling: &str, sms: &str) -> Result<Capabilities, Error> {
    let read = |word: &str| word.parse::<Capability>().map_err(Error::internal);
    Ok(Capabilities { calling: read(calling)?, sms: read(sms)? })
}

pub(super) fn money(micros: i64, currency: &str) -> Result<Money, Error> {
    Ok(Money::new(micros, currency.parse().map_err(Error::internal)?))
}

pub(super) fn operation(row: searches::Operation) -> Result<Operation, Error> {
    Ok(Operation {
        kind: load::word("operations.kind", &row.kind)?,
        status: load::word("operations.status", &row.status)?,
        error: row.error_code.map(|code| (code, row.error_message.unwrap_or_default())),
        id: row.id,
        resource: row.resource,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// An operation that is over when it is written down.
pub(super) struct Done<'a> {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) resource: Option<String>,
    /// Code and message, where it failed.
    pub(super) error: Option<(&'static str, String)>,
    pub(super) tenant: TenantId,
    pub(super) at: DateTime<Utc>,
    pub(super) tx: &'a Tx,
}

/// Writes an operation down that is over.
pub(super) async fn done(scope: &domain::access::Scope, done: Done<'_>) -> Result<Operation, Error> {
    let status = if done.error.is_some() { "failed" } else { "succeeded" };
    let (error_code, error_message) = done.error.unzip();
    let row = searches::Operation {
        id: done.id,
        tenant_id: done.tenant.0,
        kind: done.kind.to_owned(),
        status: status.to_owned(),
        resource: done.resource,
        error_code: error_code.map(str::to_owned),
        error_message,
        created_at: done.at,
        updated_at: done.at,
    };
    searches::put_operation(done.tx, scope, row.clone()).await?;
    operation(row)
}

/// The actor's tenant, which may buy and change numbers.
///
/// # Errors
/// [`Error::Denied`] where it is not active.
pub(crate) fn active(app: &App, tenant: Option<TenantId>) -> Result<TenantId, Error> {
    use crate::tenants::TenantStatus;
    let live = app.live();
    let tenant = tenant.and_then(|id| live.tenant(id)).ok_or_else(no_tenant)?;
    match tenant.status {
        TenantStatus::Active => Ok(tenant.id()),
        TenantStatus::Unverified => Err(Error::Denied {
            message: "open the link in the mail that was sent at sign-up, then try again".to_owned(),
        }),
        TenantStatus::Suspended => {
            Err(Error::Denied { message: "this tenant is suspended: ask the operator".to_owned() })
        }
    }
}

pub(super) fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}

pub(super) fn no_number(number: E164) -> Error {
    Error::not_found("phonenumber", format!("Input phoneNumber {number} cannot be found."))
}

pub(super) fn no_search(id: Uuid) -> Error {
    Error::not_found("searchId", format!("there is no search {id}"))
}
