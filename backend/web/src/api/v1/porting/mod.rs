//! Numbers that change their provider: the words that the tenant's and the operator's side share.

mod operator;
mod tenant;

use super::PageParams;
use crate::{
    api::schema::{Amount, PhoneNumberType},
    error::ApiError,
};
use actix_web::web::Path;
use app::porting::{
    self, DocumentView, PortingNumber, PortingRequest, PortingWhole, PostalAddress, StepView,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    money::Money,
    numbering::NumberType,
    porting::{Action, Direction, Party, State},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    tenant::mount(routes);
    operator::mount(routes);
}

/// Which requests.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfState {
    /// One of the states; all where it is left out.
    state: Option<String>,
}

impl OfState {
    fn filter(&self, direction: Direction) -> Result<porting::Filter, ApiError> {
        let read = |word: &String| {
            word.parse::<State>().map_err(|error| ApiError::invalid("state", format!("state: {error}")))
        };
        Ok(porting::Filter { direction, state: self.state.as_ref().map(read).transpose()? })
    }
}

/// Where somebody is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(as = PostalAddress)]
pub(crate) struct Address {
    /// Street and number; four lines at most.
    lines: Vec<String>,
    locality: String,
    /// State or province, where the country has them.
    region: String,
    postal_code: String,
}

impl From<PostalAddress> for Address {
    fn from(address: PostalAddress) -> Self {
        let PostalAddress { lines, locality, region, postal_code } = address;
        Self { lines, locality, region, postal_code }
    }
}

impl From<Address> for PostalAddress {
    fn from(address: Address) -> Self {
        let Address { lines, locality, region, postal_code } = address;
        Self { lines, locality, region, postal_code }
    }
}

/// A number of a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PortingNumber)]
pub(crate) struct Number {
    #[schema(value_type = String)]
    number: domain::phone::E164,
    /// `pending`, `accepted`, `rejected` or `ported`.
    #[schema(value_type = String)]
    state: porting::NumberState,
    /// Why it was rejected.
    reason: Option<String>,
    /// The lease that it became, or was.
    number_id: Option<Uuid>,
}

impl From<PortingNumber> for Number {
    fn from(row: PortingNumber) -> Self {
        Self { number: row.number, state: row.state, reason: row.reason, number_id: row.lease.map(|id| id.0) }
    }
}

/// A paper of a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PortingDocument)]
pub(crate) struct Document {
    id: Uuid,
    /// `letterOfAuthority`, `bill` or `other`.
    kind: String,
    content_type: String,
    bytes: i64,
    created_at: DateTime<Utc>,
}

impl From<DocumentView> for Document {
    fn from(view: DocumentView) -> Self {
        let DocumentView { id, kind, content_type, bytes, created_at } = view;
        Self { id, kind, content_type, bytes, created_at }
    }
}

/// A step that a request took.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PortingStep)]
pub(crate) struct Step {
    #[schema(value_type = Option<String>)]
    from: Option<State>,
    #[schema(value_type = String)]
    to: State,
    /// `tenant` or `operator`.
    #[schema(value_type = String)]
    by: Party,
    /// What was said with it.
    note: Option<String>,
    at: DateTime<Utc>,
}

impl From<StepView> for Step {
    fn from(view: StepView) -> Self {
        let StepView { from, to, by, note, at } = view;
        Self { from, to, by, note, at }
    }
}

/// A request to bring numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortIn {
    id: Uuid,
    tenant: Uuid,
    /// `draft`, `submitted`, `rejected`, `accepted`, `completed` or `cancelled`.
    #[schema(value_type = String)]
    state: State,
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    numbers: Vec<Number>,
    /// Who provides them now.
    provider: String,
    account_number: String,
    /// Whether the code of the other provider was given; the operator alone reads it.
    has_pin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    authorised_name: String,
    address: Address,
    /// The day that is wished for.
    wanted_on: Option<NaiveDate>,
    /// The day on which the numbers move.
    firm_on: Option<NaiveDate>,
    /// The carrier that will bring calls to them; the operator alone reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<Uuid>,
    /// What a month of each number will cost.
    #[schema(value_type = Option<Amount>)]
    monthly: Option<Money>,
    /// What bringing each number will cost once.
    #[schema(value_type = Option<Amount>)]
    setup: Option<Money>,
    reason: Option<String>,
    /// What can be done with it now: the verbs after the colon.
    #[schema(value_type = Vec<String>)]
    actions: Vec<Action>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
}

impl From<PortingRequest> for PortIn {
    fn from(request: PortingRequest) -> Self {
        Self {
            id: request.id,
            tenant: request.tenant.0,
            state: request.state,
            country: request.country,
            number_type: request.number_type,
            numbers: request.numbers.into_iter().map(Number::from).collect(),
            provider: request.provider,
            account_number: request.details.account_number,
            has_pin: request.details.pin.is_some(),
            pin: None,
            authorised_name: request.details.authorised_name,
            address: request.details.address.into(),
            wanted_on: request.wanted_on,
            firm_on: request.firm_on,
            carrier: None,
            monthly: request.monthly,
            setup: request.setup,
            reason: request.reason,
            actions: request.actions,
            created_at: request.created_at,
            updated_at: request.updated_at,
            closed_at: request.closed_at,
        }
    }
}

impl PortIn {
    /// With what the operator alone reads.
    fn for_operator(request: PortingRequest) -> Self {
        let (pin, carrier) = (request.details.pin.clone(), request.carrier.map(|id| id.0));
        Self { pin, carrier, ..Self::from(request) }
    }
}

/// A request to bring numbers, with its papers and steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortInWhole {
    #[serde(flatten)]
    request: PortIn,
    documents: Vec<Document>,
    steps: Vec<Step>,
}

impl PortInWhole {
    fn of(whole: PortingWhole, request: impl FnOnce(PortingRequest) -> PortIn) -> Self {
        Self {
            request: request(whole.request),
            documents: whole.documents.into_iter().map(Document::from).collect(),
            steps: whole.steps.into_iter().map(Step::from).collect(),
        }
    }
}

/// A request to take a number away.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortOut {
    id: Uuid,
    tenant: Uuid,
    /// `requested`, `confirmed`, `objected`, `scheduled`, `completed`, `rejected` or `cancelled`.
    #[schema(value_type = String)]
    state: State,
    number: Option<Number>,
    country: String,
    /// Where it goes.
    provider: String,
    /// What that provider calls its request.
    reference: String,
    /// `tenant` or `operator`.
    #[schema(value_type = String)]
    opened_by: Party,
    /// Until when the tenant may answer; after that, silence counts as a yes.
    answer_by: Option<DateTime<Utc>>,
    wanted_on: Option<NaiveDate>,
    /// The day on which it leaves.
    firm_on: Option<NaiveDate>,
    reason: Option<String>,
    /// What can be done with it now: the verbs after the colon.
    #[schema(value_type = Vec<String>)]
    actions: Vec<Action>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
}

impl From<PortingRequest> for PortOut {
    fn from(request: PortingRequest) -> Self {
        Self {
            id: request.id,
            tenant: request.tenant.0,
            state: request.state,
            number: request.numbers.into_iter().next().map(Number::from),
            country: request.country,
            provider: request.provider,
            reference: request.details.reference,
            opened_by: request.opened_by,
            answer_by: request.answer_by,
            wanted_on: request.wanted_on,
            firm_on: request.firm_on,
            reason: request.reason,
            actions: request.actions,
            created_at: request.created_at,
            updated_at: request.updated_at,
            closed_at: request.closed_at,
        }
    }
}

/// A request to take a number away, with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortOutWhole {
    #[serde(flatten)]
    request: PortOut,
    steps: Vec<Step>,
}

impl From<PortingWhole> for PortOutWhole {
    fn from(whole: PortingWhole) -> Self {
        Self { request: whole.request.into(), steps: whole.steps.into_iter().map(Step::from).collect() }
    }
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PortingReason, example = json!({"reason": "the account number is not known there"}))]
pub(crate) struct Why {
    /// The other side reads it.
    reason: String,
}

fn read(id: &Path<String>) -> Result<Uuid, ApiError> {
    parse(id)
}

fn parse(id: &str) -> Result<Uuid, ApiError> {
    id.parse().map_err(|_| ApiError::not_found("there is no such porting request or document"))
}
