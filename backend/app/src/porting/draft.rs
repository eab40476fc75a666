//! A tenant writes what it wants to bring.

use super::{
    Details, OPEN_MAX, PortingRequest, check, read,
    tell::{self, shown, with_numbers},
    turn::{Found, Turn, no_request},
    view,
};
use crate::{App, Error};
use chrono::NaiveDate;
use domain::{
    access::Actor,
    ids::TenantId,
    numbering::NumberType,
    phone::E164,
    porting::{Direction, State, opening},
};
use serde::{Deserialize, Serialize};
use store::porting::{self as rows, Number, Request};
use uuid::Uuid;

/// What a tenant says of the numbers that it wants to bring. What it does not know yet is left empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// The country of the numbers (ISO 3166-1 alpha-2).
    pub country: String,
    /// Their type.
    pub number_type: NumberType,
    /// The numbers, as they were written.
    pub numbers: Vec<String>,
    /// Who provides them now.
    pub provider: String,
    /// The day that is wished for.
    pub wanted_on: Option<NaiveDate>,
    /// Who they belong to there.
    pub details: Details,
}

impl Draft {
    /// What a request says.
    pub(super) fn of(app: &App, found: &Found) -> Result<Self, Error> {
        Ok(Self {
            country: found.row.country.clone(),
            number_type: found.row.number_type.parse().map_err(Error::internal)?,
            numbers: found.numbers.iter().map(|row| row.e164.clone()).collect(),
            provider: found.row.provider.clone(),
            wanted_on: view::day(found.row.wanted_on.as_deref())?,
            details: view::open(app, &found.row)?,
        })
    }

    fn tidy(mut self) -> Self {
        self.country = self.country.trim().to_ascii_uppercase();
        let address = &mut self.details.address;
        let lines = address.lines.iter_mut();
        for text in lines.chain([
            &mut self.provider,
            &mut self.details.account_number,
            &mut self.details.authorised_name,
            &mut address.locality,
            &mut address.region,
            &mut address.postal_code,
        ]) {
            *text = text.trim().to_owned();
        }
        self
    }
}

/// Makes a draft. Nobody but the tenant sees it until it is sent.
///
/// # Errors
/// [`Error::Invalid`] by field; [`Error::Conflict`] where the tenant has too many requests; [`Error::Denied`].
pub async fn create(app: &App, actor: &Actor, draft: Draft) -> Result<PortingRequest, Error> {
    let turn = Turn::tenant(app, actor)?;
    let tenant = turn.scope.tenant().ok_or_else(no_request)?;
    let (draft, now) = (draft.tidy(), app.now());
    let numbers = check::draft(&draft, now)?;
    if rows::count_open(app.db().read(), &turn.scope).await? >= OPEN_MAX {
        let message = format!("{OPEN_MAX} requests are open: finish or cancel some");
        return Err(Error::conflict("numbers", message));
    }
    let id = Uuid::now_v7();
    let row = Request {
        id,
        tenant_id: tenant.0,
        direction: Direction::In.word().to_owned(),
        state: opening(Direction::In, turn.by).word().to_owned(),
        country: draft.country.clone(),
        number_type: draft.number_type.word().to_owned(),
        provider: draft.provider.clone(),
        details: view::seal(app, tenant, id, &draft.details)?,
        wanted_on: draft.wanted_on.map(|day| day.to_string()),
        firm_on: None,
        answer_by: None,
        carrier_id: None,
        monthly_micros: 0,
        setup_micros: 0,
        currency: String::new(),
        reason: None,
        opened_by: turn.by.word().to_owned(),
        created_at: now,
        updated_at: now,
        closed_at: None,
    };
    let found = Found { numbers: number_rows(&row, &numbers), row };
    app.db()
        .write::<_, Error, _>(async |tx| {
            rows::insert(tx, &turn.scope, found.row.clone()).await?;
            rows::put_numbers(tx, &turn.scope, id, found.numbers.clone()).await?;
            tell::step(&turn, tx, None, &found).await
        })
        .await?;
    Ok(read::get(app, actor, Direction::In, id).await?.request)
}

/// Changes a draft: `change` is given what it says, and answers what it is to say.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] by field; [`Error::Conflict`] where it is no draft any more.
pub async fn edit(
    app: &App,
    actor: &Actor,
    id: Uuid,
    change: impl Fn(Draft) -> Result<Draft, Error> + Sync,
) -> Result<PortingRequest, Error> {
    let turn = Turn::tenant(app, actor)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = rows::lock(tx, &turn.scope, Direction::In.word(), id).await?.ok_or_else(no_request)?;
            let mut found = Found { numbers: rows::numbers(tx, &turn.scope, &[id]).await?, row };
            must_be_draft(&found.row)?;
            let (before, tenant) = (shown(&found.row), TenantId(found.row.tenant_id));
            let draft = change(Draft::of(app, &found)?)?.tidy();
            let numbers = check::draft(&draft, app.now())?;
            found.row.details = view::seal(app, tenant, id, &draft.details)?;
            found.row.country = draft.country;
            draft.number_type.word().clone_into(&mut found.row.number_type);
            found.row.provider = draft.provider;
            found.row.wanted_on = draft.wanted_on.map(|day| day.to_string());
            found.row.updated_at = app.now();
            found.numbers = number_rows(&found.row, &numbers);
            rows::update(tx, &turn.scope, found.row.clone()).await?;
            rows::put_numbers(tx, &turn.scope, id, found.numbers.clone()).await?;
            tell::audit(&turn, tx, "porting.update", before, with_numbers(&found)?).await
        })
        .await?;
    Ok(read::get(app, actor, Direction::In, id).await?.request)
}

pub(super) fn must_be_draft(row: &Request) -> Result<(), Error> {
    if view::state(row)? == State::Draft {
        return Ok(());
    }
    let message = format!("this request is {}: only a draft can be changed", row.state);
    Err(Error::conflict("state", message))
}

fn number_rows(row: &Request, numbers: &[E164]) -> Vec<Number> {
    let one = |number: &E164| Number {
        request_id: row.id,
        e164: number.to_string(),
        tenant_id: row.tenant_id,
        state: view::NumberState::Pending.word().to_owned(),
        reason: None,
        lease_id: None,
        holds: false,
    };
    numbers.iter().map(one).collect()
}
