//! Inventory: the numbers that the platform has for sale.

use super::{Operator, created};
use crate::{
    api::schema::{Amount, PhoneNumberCapabilities, PhoneNumberType},
    error::{ApiError, ApiResult},
    extract::{Body, RawBody},
};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, post, web::Data};
use app::inventory::{self, NewStock};
use domain::{
    money::Money,
    numbering::{Capabilities, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(import_numbers).service(preview_import);
}

/// Numbers to sell.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    numbers: Vec<StockNumber>,
}

/// A number to sell.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StockNumber {
    #[schema(value_type = String)]
    e164: E164,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    /// ISO 3166-1 alpha-2.
    country: String,
    locality: Option<String>,
    area_code: Option<String>,
    #[schema(value_type = PhoneNumberCapabilities)]
    capabilities: Capabilities,
    /// The carrier that it comes from, by name or identifier.
    carrier: String,
    /// What a month costs the tenant.
    #[schema(value_type = Amount)]
    monthly: Money,
}

impl From<StockNumber> for NewStock {
    fn from(number: StockNumber) -> Self {
        Self {
            e164: number.e164,
            number_type: number.number_type,
            country: number.country,
            locality: number.locality,
            area_code: number.area_code,
            capabilities: number.capabilities,
            carrier: number.carrier,
            monthly: number.monthly,
        }
    }
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    /// Numbers that are for sale now.
    added: u64,
    /// Numbers that were there and are changed; CSV alone changes numbers.
    changed: u64,
    /// Numbers that were there already; they stay as they are.
    skipped: u64,
}

/// What a file would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InventoryPreview)]
pub(crate) struct Preview {
    rows: u64,
    /// Numbers that are new.
    added: u64,
    /// Numbers that are there and change.
    changed: u64,
    /// Numbers that are there as the file has them.
    same: u64,
    /// Rows that are bad: with one, nothing is written.
    refused: u64,
    /// The first 100 bad rows.
    faults: Vec<Fault>,
    /// The first 20 changes.
    changes: Vec<NumberChange>,
}

/// A bad row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InventoryFault)]
pub(crate) struct Fault {
    /// The line of the file; the header is line 1.
    line: u64,
    /// The column.
    field: String,
    /// What is wrong, and how to mend it.
    message: String,
}

/// A number that changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InventoryChange)]
pub(crate) struct NumberChange {
    line: u64,
    number: String,
    /// Which columns, and how they were and will be.
    what: String,
}

impl From<inventory::ImportPreview> for Preview {
    fn from(preview: inventory::ImportPreview) -> Self {
        let fault = |fault: inventory::RowFault| Fault {
            line: fault.line,
            field: fault.field,
            message: fault.message,
        };
        let change = |change: inventory::RowChange| NumberChange {
            line: change.line,
            number: change.number,
            what: change.what,
        };
        Self {
            rows: preview.rows,
            added: preview.added,
            changed: preview.changed,
            same: preview.same,
            refused: preview.refused,
            faults: preview.faults.into_iter().map(fault).collect(),
            changes: preview.changes.into_iter().map(change).collect(),
        }
    }
}

/// A file as it came.
pub(crate) struct Csv(pub(super) String);

impl FromRequest for Csv {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
        let text = String::from_utf8(body.to_vec());
        ready(text.map(Self).map_err(|_| ApiError::invalid("body", "the CSV must be UTF-8")))
    }
}

/// Says what a file would do, line by line where a row is bad, and does nothing.
#[utoipa::path(tag = "operator", request_body(content((String = "text/csv"))),
    responses((status = 200, body = Preview)))]
#[post("/api/v1/operator/inventory:preview")]
pub(crate) async fn preview_import(app: Data<app::App>, operator: Operator, csv: Csv) -> ApiResult {
    super::ok(&Preview::from(inventory::preview_csv(&app, &operator, &csv.0).await?))
}

/// The import as it came: JSON, or CSV.
pub(crate) enum Load {
    Json(Vec<NewStock>),
    Csv(String),
}

impl FromRequest for Load {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !request.content_type().eq_ignore_ascii_case("text/csv") {
            let json = Body::<Import>::from_request(request, payload).into_inner();
            return ready(json.map(|body| Self::Json(body.0.numbers.into_iter().map(Into::into).collect())));
        }
        let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
        let text = String::from_utf8(body.to_vec());
        ready(text.map(Self::Csv).map_err(|_| ApiError::invalid("body", "the CSV must be UTF-8")))
    }
}

/// Puts numbers up for sale; none where one is bad. As CSV (`text/csv`, a million rows at most) the header is
/// `e164,type,country,locality,areaCode,calling,sms,carrier,monthlyMicros,currency,costMicros,setupMicros`, and numbers that
/// are there change to what the file says.
#[utoipa::path(tag = "operator",
    request_body(content((Import = "application/json"), (String = "text/csv"))), responses((status = 201, body = Imported)))]
#[post("/api/v1/operator/inventory")]
pub(crate) async fn import_numbers(app: Data<app::App>, operator: Operator, load: Load) -> ApiResult {
    let done = match load {
        Load::Json(numbers) => inventory::import(&app, &operator, numbers).await?,
        Load::Csv(text) => inventory::import_csv(&app, &operator, &text).await?,
    };
    Ok(created(
        "/availablePhoneNumbers/countries",
        &Imported { added: done.added, changed: done.changed, skipped: done.skipped },
    ))
}
