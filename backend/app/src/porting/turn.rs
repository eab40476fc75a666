//! What all steps have in common: who takes it, the request under a lock, the table of moves, and what is written with it.

use super::{tell, view};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    porting::{Action, Direction, Party, State, step},
};
use store::{
    Tx,
    porting::{self as rows, Number, Request},
};
use uuid::Uuid;

/// Somebody who takes a step.
pub(super) struct Turn<'a> {
    pub(super) app: &'a App,
    pub(super) actor: &'a Actor,
    pub(super) by: Party,
    pub(super) scope: Scope,
}

/// A request that is locked, with its numbers.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) row: Request,
    pub(super) numbers: Vec<Number>,
}

impl<'a> Turn<'a> {
    /// A tenant's, which must be active.
    pub(super) fn tenant(app: &'a App, actor: &'a Actor) -> Result<Self, Error> {
        let scope = actor.scope(Permission::ManageNumbers)?;
        crate::numbers::active(app, scope.tenant())?;
        Ok(Self { app, actor, by: Party::Tenant, scope })
    }

    /// The operator's.
    pub(super) fn operator(app: &'a App, actor: &'a Actor) -> Result<Self, Error> {
        let scope = actor.scope(Permission::Operate)?;
        Ok(Self { app, actor, by: Party::Operator, scope })
    }

    /// The request under a lock, and where the action leads.
    pub(super) async fn begin(
        &self,
        tx: &Tx,
        (direction, id): (Direction, Uuid),
        action: Action,
    ) -> Result<(Found, State), Error> {
        let row = rows::lock(tx, &self.scope, direction.word(), id).await?.ok_or_else(no_request)?;
        let numbers = rows::numbers(tx, &self.scope, &[id]).await?;
        let (from, moment) = (view::state(&row)?, view::moment(self.app, &row)?);
        let to = step(direction, from, action, self.by, &moment)
            .map_err(|refusal| Error::conflict("state", refusal.to_string()))?;
        Ok((Found { row, numbers }, to))
    }

    /// Writes the step down: the request as it is now, its numbers, the step, the audit, the event and the mail.
    pub(super) async fn end(
        &self,
        tx: &Tx,
        before: &Request,
        mut after: Found,
        to: State,
    ) -> Result<(), Error> {
        let now = self.app.now();
        let direction = view::direction(&after.row)?;
        to.word().clone_into(&mut after.row.state);
        after.row.updated_at = now;
        after.row.closed_at = to.is_final(direction).then_some(now);
        for number in &mut after.numbers {
            number.holds = to.holds_numbers() && number.state != view::NumberState::Rejected.word();
        }
        rows::update(tx, &self.scope, after.row.clone()).await?;
        rows::put_numbers(tx, &self.scope, after.row.id, after.numbers.clone()).await.map_err(taken)?;
        tell::step(self, tx, Some(before), &after).await
    }

    /// Takes a step within a transaction of its own; `change` says what else changes with it.
    pub(super) async fn take(
        &self,
        (direction, id): (Direction, Uuid),
        action: Action,
        change: impl Fn(&mut Found) -> Result<(), Error> + Sync,
    ) -> Result<TenantId, Error> {
        self.app
            .db()
            .write::<_, Error, _>(async |tx| {
                let (mut found, to) = self.begin(tx, (direction, id), action).await?;
                let before = found.row.clone();
                change(&mut found)?;
                self.end(tx, &before, found, to).await?;
                Ok(TenantId(before.tenant_id))
            })
            .await
    }
}

/// 409 where another request has one of the numbers.
pub(super) fn taken(error: store::Error) -> Error {
    match error {
        store::Error::Taken(_) => in_other_request("numbers", "one of these numbers"),
        other => other.into(),
    }
}

pub(super) fn in_other_request(field: &str, number: &str) -> Error {
    Error::Invalid {
        status: 409,
        code: "NumberInOtherRequest",
        message: format!("{number} is in another porting request that is still open: end that one first"),
        target: Some(field.to_owned()),
        inner: None,
    }
}

pub(super) fn no_request() -> Error {
    Error::not_found("id", "there is no such porting request")
}
