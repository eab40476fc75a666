//! Requests are looked at.

use super::{PortingRequest, PortingWhole, turn::no_request, view};
use crate::{App, Error, Page, PageRequest};
use domain::{
    access::{Actor, Permission, Scope},
    porting::{Direction, Party, State},
};
use std::collections::BTreeMap;
use store::porting::{self as rows, Number, Wanted};
use uuid::Uuid;

/// Which requests are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Which way the numbers go.
    pub direction: Direction,
    /// In which state; all where it is `None`.
    pub state: Option<State>,
}

/// The requests of the actor's tenant, youngest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: Filter,
    page: &PageRequest,
) -> Result<Page<PortingRequest>, Error> {
    page_of(app, &actor.scope(Permission::ReadNumbers)?, Party::Tenant, filter, page).await
}

/// The requests of all tenants, youngest first, without drafts that were never sent. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list_as_operator(
    app: &App,
    actor: &Actor,
    filter: Filter,
    page: &PageRequest,
) -> Result<Page<PortingRequest>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    page_of(app, &scope, Party::Operator, filter, page).await
}

async fn page_of(
    app: &App,
    scope: &Scope,
    by: Party,
    filter: Filter,
    page: &PageRequest,
) -> Result<Page<PortingRequest>, Error> {
    let on = app.db().read();
    let wanted = Wanted {
        direction: filter.direction.word().to_owned(),
        state: filter.state.map(|state| state.word().to_owned()),
        sent: by == Party::Operator,
    };
    let found = rows::list(on, scope, &wanted, page.key()?, page.limit()).await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.id).collect();
    let mut numbers: BTreeMap<Uuid, Vec<Number>> = BTreeMap::new();
    for number in rows::numbers(on, scope, &ids).await? {
        numbers.entry(number.request_id).or_default().push(number);
    }
    let view = |row: rows::Request| {
        let numbers = numbers.remove(&row.id).unwrap_or_default();
        view::request(app, row, numbers, by)
    };
    let all = found.into_iter().map(view).collect::<Result<Vec<_>, Error>>()?;
    Ok(page.cut(all, |request| request.id.to_string()))
}

/// A request of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, direction: Direction, id: Uuid) -> Result<PortingWhole, Error> {
    whole(app, &actor.scope(Permission::ReadNumbers)?, Party::Tenant, direction, id).await
}

/// A request of any tenant that was sent. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get_as_operator(
    app: &App,
    actor: &Actor,
    direction: Direction,
    id: Uuid,
) -> Result<PortingWhole, Error> {
    whole(app, &actor.scope(Permission::Operate)?, Party::Operator, direction, id).await
}

async fn whole(
    app: &App,
    scope: &Scope,
    by: Party,
    direction: Direction,
    id: Uuid,
) -> Result<PortingWhole, Error> {
    let on = app.db().read();
    let row = rows::get(on, scope, direction.word(), id).await?.ok_or_else(no_request)?;
    if by == Party::Operator && view::state(&row)? == State::Draft {
        return Err(no_request());
    }
    let numbers = rows::numbers(on, scope, &[id]).await?;
    let documents = rows::documents(on, scope, id).await?;
    let steps = rows::steps(on, scope, id).await?;
    Ok(PortingWhole {
        request: view::request(app, row, numbers, by)?,
        documents: documents.into_iter().map(view::document).collect(),
        steps: steps.into_iter().map(view::step).collect::<Result<_, _>>()?,
    })
}
