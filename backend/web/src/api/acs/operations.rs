//! Long-running calls: the 202 that begins one, and the operation that is polled.

use super::{ApiVersion, VersionParams, instant};
use crate::{
    auth::Caller,
    error::{ApiResult, ErrorDetail},
};
use actix_web::{
    HttpResponse, HttpResponseBuilder, delete, get,
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, LOCATION},
    web::{Data, Path},
};
use app::numbers::{self, Operation, OperationKind, OperationStatus};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");
const OPERATION_ID: HeaderName = HeaderName::from_static("operation-id");

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_operation).service(cancel_operation);
}

/// An operation of the long-running kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberOperation {
    /// `search`, `purchase`, `reservationPurchase`, `releasePhoneNumber` or `updatePhoneNumberCapabilities`.
    operation_type: &'static str,
    /// `notStarted`, `running`, `succeeded` or `failed`.
    status: &'static str,
    /// Where what it made is to be seen.
    resource_location: Option<String>,
    #[schema(format = DateTime)]
    created_date_time: String,
    id: String,
    #[schema(format = DateTime)]
    last_action_date_time: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// 202 with an empty body, and everything else in headers; links are relative.
pub(super) fn accepted(operation: &Operation, version: &ApiVersion) -> HttpResponse {
    let mut response = HttpResponse::Accepted();
    let subject_header = match operation.kind {
        OperationKind::Search => "search-id",
        OperationKind::Purchase => "purchase-id",
        OperationKind::ReleasePhoneNumber => "release-id",
        OperationKind::UpdatePhoneNumberCapabilities => "capabilities-id",
        OperationKind::ReservationPurchase => "reservation-purchase-id",
    };
    locate(&mut response, operation, version);
    response
        .insert_header((
            OPERATION_LOCATION,
            format!("/phoneNumbers/operations/{}?api-version={version}", operation.id),
        ))
        .insert_header((OPERATION_ID, operation.id.as_str()))
        .insert_header((HeaderName::from_static(subject_header), operation.subject()))
        .insert_header((
            ACCESS_CONTROL_EXPOSE_HEADERS,
            format!("Location,Operation-Location,operation-id,{subject_header}"),
        ))
        .finish()
}

/// A search and a change of capabilities lead somewhere; purchase and release have no Location.
fn locate(response: &mut HttpResponseBuilder, operation: &Operation, version: &ApiVersion) {
    let leads =
        matches!(operation.kind, OperationKind::Search | OperationKind::UpdatePhoneNumberCapabilities);
    if leads && let Some(path) = &operation.resource {
        response.insert_header((LOCATION, format!("{path}?api-version={version}")));
    }
}

/// How far an operation is.
#[utoipa::path(tag = "numbers", params(VersionParams), responses((status = 200, body = PhoneNumberOperation)))]
#[get("/phoneNumbers/operations/{operationId}")]
pub(crate) async fn get_operation(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    operation_id: Path<String>,
) -> ApiResult {
    let operation = numbers::operation(&app, &caller, &operation_id).await?;
    let mut response = HttpResponse::Ok();
    locate(&mut response, &operation, &version);
    let resource = operation.resource.map(|path| format!("{path}?api-version={version}"));
    Ok(response.json(PhoneNumberOperation {
        operation_type: kind_word(operation.kind),
        status: status_word(operation.status),
        resource_location: resource,
        created_date_time: instant(operation.created_at),
        id: operation.id,
        last_action_date_time: instant(operation.updated_at),
        error: operation.error.map(|(code, message)| ErrorDetail::new(code, message)),
    }))
}

/// Gives an operation up: a search lets go of its numbers.
#[utoipa::path(tag = "numbers", params(VersionParams), responses((status = 204, description = "It was given up")))]
#[delete("/phoneNumbers/operations/{operationId}")]
pub(crate) async fn cancel_operation(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    operation_id: Path<String>,
) -> ApiResult {
    numbers::cancel(&app, &caller, &operation_id).await?;
    Ok(HttpResponse::NoContent().finish())
}

const fn kind_word(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Search => "search",
        OperationKind::Purchase => "purchase",
        OperationKind::ReleasePhoneNumber => "releasePhoneNumber",
        OperationKind::UpdatePhoneNumberCapabilities => "updatePhoneNumberCapabilities",
        OperationKind::ReservationPurchase => "reservationPurchase",
    }
}

const fn status_word(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::NotStarted => "notStarted",
        OperationStatus::Running => "running",
        OperationStatus::Succeeded => "succeeded",
        OperationStatus::Failed => "failed",
        OperationStatus::Canceled => "canceled",
    }
}
