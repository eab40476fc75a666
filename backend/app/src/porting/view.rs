//! Requests as tenants and the operator see them, and as the database keeps them.

use crate::{App, Error, snapshot::load::word, vault::Place};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{CarrierId, LeaseId, TenantId},
    money::Money,
    numbering::NumberType,
    phone::E164,
    porting::{Action, Direction, Moment, Party, State, allowed},
};
use serde::{Deserialize, Serialize};
use store::porting::{DocumentFacts, Number, Request, Step};
use uuid::Uuid;

/// Where somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PostalAddress {
    /// Street and number, and what else stands above the town.
    pub lines: Vec<String>,
    /// The town.
    pub locality: String,
    /// State or province, where the country has them.
    pub region: String,
    /// The postal code.
    pub postal_code: String,
}

/// Who the numbers belong to at the other provider. It is sealed at rest, and never logged.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// The customer's number there.
    pub account_number: String,
    /// The code that the other provider wants, where it wants one.
    pub pin: Option<String>,
    /// Who may sign for the numbers.
    pub authorised_name: String,
    /// Where the bills go.
    pub address: PostalAddress,
    /// What the other provider calls its own request.
    pub reference: String,
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Details")
    }
}

/// How far a number of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NumberState {
    /// Nothing is said of it yet.
    Pending,
    /// It will move on the firm date.
    Accepted,
    /// It will not.
    Rejected,
    /// It has moved.
    Ported,
}

impl NumberState {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Ported => "ported",
        }
    }
}

/// A number of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortingNumber {
    /// The number.
    pub number: E164,
    /// How far it is.
    pub state: NumberState,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The lease that it became, or was.
    pub lease: Option<LeaseId>,
}

/// A request to port numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortingRequest {
    /// Its identifier.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// Which way the numbers go.
    pub direction: Direction,
    /// How far it is.
    pub state: State,
    /// The country of its numbers.
    pub country: String,
    /// Their type.
    pub number_type: NumberType,
    /// They.
    pub numbers: Vec<PortingNumber>,
    /// The other provider.
    pub provider: String,
    /// Who the numbers belong to there.
    pub details: Details,
    /// The day that is wished for.
    pub wanted_on: Option<NaiveDate>,
    /// The day on which the numbers move.
    pub firm_on: Option<NaiveDate>,
    /// Until when the tenant may answer.
    pub answer_by: Option<DateTime<Utc>>,
    /// The carrier that brings calls to the numbers.
    pub carrier: Option<CarrierId>,
    /// What a month of each number costs, once that is said.
    pub monthly: Option<Money>,
    /// What bringing each number costs once, once that is said.
    pub setup: Option<Money>,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// Who opened it.
    pub opened_by: Party,
    /// What whoever looks may do with it now.
    pub actions: Vec<Action>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When it came to an end.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A paper of a request, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentView {
    /// Its identifier.
    pub id: Uuid,
    /// `letterOfAuthority`, `bill` or `other`.
    pub kind: String,
    /// `application/pdf`, `image/png` or `image/jpeg`.
    pub content_type: String,
    /// How long it is, in bytes.
    pub bytes: i64,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

/// A step that a request took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// Where it was; nothing for the first.
    pub from: Option<State>,
    /// Where it came to.
    pub to: State,
    /// Who took it.
    pub by: Party,
    /// What was said with it.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A request with its papers and steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortingWhole {
    /// The request.
    pub request: PortingRequest,
    /// Its papers.
    pub documents: Vec<DocumentView>,
    /// The steps that it took, in order.
    pub steps: Vec<StepView>,
}

pub(super) fn request(
    app: &App,
    row: Request,
    numbers: Vec<Number>,
    by: Party,
) -> Result<PortingRequest, Error> {
    let details = open(app, &row)?;
    let (direction, state) = (direction(&row)?, state(&row)?);
    let moment = moment(app, &row)?;
    let price = |micros: i64| match row.currency.as_str() {
        "" => Ok(None),
        code => code.parse().map(|currency| Some(Money::new(micros, currency))).map_err(Error::internal),
    };
    Ok(PortingRequest {
        actions: allowed(direction, state, by, moment).collect(),
        numbers: numbers.into_iter().map(number).collect::<Result<_, _>>()?,
        number_type: row.number_type.parse().map_err(Error::internal)?,
        opened_by: row.opened_by.parse().map_err(Error::internal)?,
        wanted_on: day(row.wanted_on.as_deref())?,
        firm_on: moment.firm_on,
        monthly: price(row.monthly_micros)?,
        setup: price(row.setup_micros)?,
        carrier: row.carrier_id.map(CarrierId),
        tenant: TenantId(row.tenant_id),
        id: row.id,
        direction,
        state,
        country: row.country,
        provider: row.provider,
        details,
        answer_by: row.answer_by,
        reason: row.reason,
        created_at: row.created_at,
        updated_at: row.updated_at,
        closed_at: row.closed_at,
    })
}

pub(super) fn number(row: Number) -> Result<PortingNumber, Error> {
    Ok(PortingNumber {
        number: row.e164.parse().map_err(Error::internal)?,
        state: word("porting_numbers.state", &row.state)?,
        reason: row.reason,
        lease: row.lease_id.map(LeaseId),
    })
}

pub(super) fn document(row: DocumentFacts) -> DocumentView {
    DocumentView {
        id: row.id,
        kind: row.kind,
        content_type: row.content_type,
        bytes: row.bytes,
        created_at: row.created_at,
    }
}

pub(super) fn step(row: Step) -> Result<StepView, Error> {
    Ok(StepView {
        from: row.from_state.map(|state| state.parse().map_err(Error::internal)).transpose()?,
        to: row.to_state.parse().map_err(Error::internal)?,
        by: row.party.parse().map_err(Error::internal)?,
        note: row.note,
        at: row.at,
    })
}

pub(super) fn direction(row: &Request) -> Result<Direction, Error> {
    row.direction.parse().map_err(Error::internal)
}

pub(super) fn state(row: &Request) -> Result<State, Error> {
    row.state.parse().map_err(Error::internal)
}

pub(super) fn moment(app: &App, row: &Request) -> Result<Moment, Error> {
    Ok(Moment { now: app.now(), firm_on: day(row.firm_on.as_deref())?, answer_by: row.answer_by })
}

pub(super) fn day(text: Option<&str>) -> Result<Option<NaiveDate>, Error> {
    text.map(|text| text.parse().map_err(Error::internal)).transpose()
}

/// Seals what a request says of its subscriber.
pub(super) fn seal(app: &App, tenant: TenantId, id: Uuid, details: &Details) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(details).map_err(Error::internal)?;
    let (tenant, id) = (tenant.to_string(), id.to_string());
    Ok(app.vault().seal(place(&tenant, &id), &json))
}

/// Opens it; of a request that closed long ago nothing is left.
pub(super) fn open(app: &App, row: &Request) -> Result<Details, Error> {
    if row.details.is_empty() {
        return Ok(Details::default());
    }
    let (tenant, id) = (TenantId(row.tenant_id).to_string(), row.id.to_string());
    let json = app.vault().open(place(&tenant, &id), &row.details)?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "porting_requests", column: "details", id }
}
