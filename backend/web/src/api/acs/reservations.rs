//! Reservations: numbers that a tenant chose one by one, held for a while and bought together.

use super::{
    ApiVersion, Paging, VersionParams,
    available::{AvailablePhoneNumber, PhoneNumberCandidate},
    instant, next_link, operations,
};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params, RawBody, from_slice},
};
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, delete, get,
    http::StatusCode,
    patch, post,
    web::{Data, Path},
};
use app::numbers::reservations::{
    self, Reservation, ReservationChange, ReservationStatus, Reserved, WantedNumber,
};
use domain::phone::E164;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_reservations)
        .service(get_reservation)
        .service(create_or_update_reservation)
        .service(delete_reservation)
        .service(purchase_reservation);
}

/// A reservation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumbersReservation {
    id: Uuid,
    /// Until when the numbers are held.
    #[schema(format = DateTime)]
    expires_at: String,
    /// By their digits; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_numbers: Option<BTreeMap<String, AvailablePhoneNumber>>,
    /// `active`, `submitted`, `completed` or `expired`.
    status: &'static str,
}

impl PhoneNumbersReservation {
    /// As lists show it.
    fn head(of: &Reservation) -> Self {
        let status = match of.status {
            ReservationStatus::Active => "active",
            ReservationStatus::Submitted => "submitted",
            ReservationStatus::Completed => "completed",
            ReservationStatus::Expired => "expired",
        };
        Self { id: of.id, expires_at: instant(of.expires_at), phone_numbers: None, status }
    }

    fn whole(of: Reservation) -> Self {
        let head = Self::head(&of);
        let numbers = of.numbers.into_iter().map(|one| (one.number.digits(), one.into()));
        Self { phone_numbers: Some(numbers.collect()), ..head }
    }

    /// With what could not be held.
    fn with_failed(reserved: Reserved) -> Self {
        let mut all = Self::whole(reserved.reservation);
        let failed = reserved.failed.into_iter().map(|one| (one.number.digits(), one.into()));
        all.phone_numbers.get_or_insert_default().extend(failed);
        all
    }
}

/// Reservations, without their numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumbersReservations {
    reservations: Vec<PhoneNumbersReservation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// The tenant's reservations, the newest first, without their numbers.
#[utoipa::path(tag = "numbers", params(VersionParams, Paging),
    responses((status = 200, body = PhoneNumbersReservations)))]
#[get("/availablePhoneNumbers/reservations")]
pub(crate) async fn list_reservations(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    paging: Params<Paging>,
    request: HttpRequest,
) -> ApiResult {
    let list = reservations::list(&app, &caller, paging.0.window()).await?;
    Ok(HttpResponse::Ok().json(PhoneNumbersReservations {
        reservations: list.value.iter().map(PhoneNumbersReservation::head).collect(),
        next_link: next_link(&request, list.next_skip),
    }))
}

/// A reservation with its numbers.
#[utoipa::path(tag = "numbers", params(VersionParams),
    responses((status = 200, body = PhoneNumbersReservation)))]
#[get("/availablePhoneNumbers/reservations/{reservationId}")]
pub(crate) async fn get_reservation(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    reservation_id: Path<String>,
) -> ApiResult {
    let found = reservations::get(&app, &caller, known(&reservation_id)?).await?;
    Ok(HttpResponse::Ok().json(PhoneNumbersReservation::whole(found)))
}

/// A merge-patch: numbers by their digits; `null` takes one out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumbersReservationPatch {
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, PhoneNumberCandidate>>)]
    phone_numbers: Option<BTreeMap<String, Option<PhoneNumberCandidate>>>,
}

impl PhoneNumbersReservationPatch {
    fn change(self) -> Result<ReservationChange, ApiError> {
        let mut change = ReservationChange::default();
        for (digits, wanted) in self.phone_numbers.unwrap_or_default() {
            let number = number(&digits)?;
            match wanted {
                Some(wanted) => change.add.push(WantedNumber {
                    number,
                    country: wanted.country_code.to_ascii_uppercase(),
                    number_type: wanted.phone_number_type,
                    assignment_type: wanted.assignment_type,
                    capabilities: wanted.capabilities,
                }),
                None => change.remove.push(number),
            }
        }
        Ok(change)
    }
}

/// Makes a reservation under an identifier of the caller's choice, puts numbers into it and takes some out. Each change
/// holds the numbers for 15 minutes more, two hours at most in all. 207 where some could not be held: their status is
/// `error`, and the others are held.
#[utoipa::path(tag = "numbers", params(VersionParams),
    request_body(content = PhoneNumbersReservationPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "It was changed", body = PhoneNumbersReservation),
        (status = 201, description = "It was made", body = PhoneNumbersReservation),
        (status = 207, description = "Some numbers could not be held", body = PhoneNumbersReservation)))]
#[patch("/availablePhoneNumbers/reservations/{reservationId}")]
pub(crate) async fn create_or_update_reservation(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    reservation_id: Path<String>,
    body: Body<PhoneNumbersReservationPatch>,
) -> ApiResult {
    let id = Uuid::parse_str(&reservation_id).map_err(|_| {
        ApiError::invalid("reservationId", format!("{reservation_id:?} is no UUID: choose one"))
    })?;
    let reserved = reservations::reserve(&app, &caller, id, body.0.change()?).await?;
    let status = match (reserved.failed.is_empty(), reserved.created) {
        (false, _) => StatusCode::MULTI_STATUS,
        (true, true) => StatusCode::CREATED,
        (true, false) => StatusCode::OK,
    };
    Ok(HttpResponse::build(status).json(PhoneNumbersReservation::with_failed(reserved)))
}

/// Deletes an active reservation: its numbers are for sale again. 409 where it is not active.
#[utoipa::path(tag = "numbers", params(VersionParams),
    responses((status = 204, description = "It is gone")))]
#[delete("/availablePhoneNumbers/reservations/{reservationId}")]
pub(crate) async fn delete_reservation(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    reservation_id: Path<String>,
) -> ApiResult {
    reservations::delete(&app, &caller, known(&reservation_id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How a reservation is bought; an official SDK sends nothing at all.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumbersReservationPurchaseRequest {
    /// Taken, and never required here.
    #[serde(default)]
    #[expect(dead_code, reason = "no country of this platform's stock asks for it")]
    agree_to_not_resell: Option<bool>,
}

/// Buys all numbers of a reservation, or none of them. 402 where the balance does not cover the first month.
#[utoipa::path(tag = "numbers", params(VersionParams), request_body = Option<PhoneNumbersReservationPurchaseRequest>,
    responses((status = 202, description = "The purchase runs: see Operation-Location")))]
#[post("/availablePhoneNumbers/reservations/{reservationId}/:purchase")]
pub(crate) async fn purchase_reservation(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    reservation_id: Path<String>,
    request: HttpRequest,
) -> ApiResult {
    let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
    if !body.is_empty() {
        let _: PhoneNumbersReservationPurchaseRequest = from_slice(&body)?;
    }
    let operation = reservations::purchase(&app, &caller, known(&reservation_id)?).await?;
    Ok(operations::accepted(&operation, &version))
}

/// A reservation's identifier; what is none is no reservation either.
fn known(id: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(id)
        .map_err(|_| ApiError::not_found(format!("there is no reservation {id:?}")).at("reservationId"))
}

/// A number by its digits, with or without `+`.
fn number(digits: &str) -> Result<E164, ApiError> {
    let text = if digits.starts_with('+') { digits.to_owned() } else { format!("+{digits}") };
    E164::parse(&text).map_err(|error| {
        let shown: String = digits.chars().take(40).collect();
        ApiError::invalid(format!("phoneNumbers.{shown}"), format!("{shown:?} is no number: {error}"))
    })
}
