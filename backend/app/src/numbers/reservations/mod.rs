//! Reservations: numbers that a tenant chose one by one, and holds until it buys all of them together.

mod change;
mod end;
mod items;
mod list;
mod purchase;

pub use change::{ReservationChange, Reserved, WantedNumber, reserve};
pub use end::delete;
pub(super) use end::{complete, submit};
pub use list::{candidate, get, list};
pub use purchase::purchase;

use crate::Error;
use chrono::{DateTime, Utc};
use domain::{
    money::Money,
    numbering::{AssignmentType, Capabilities, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Minutes that a reservation holds its numbers after it was changed.
pub const RESERVATION_MINUTES: i64 = 15;
/// Minutes that it holds them at most, from when it was made.
pub const RESERVATION_MINUTES_MAX: i64 = 120;
/// Numbers of one reservation at most.
pub const RESERVATION_NUMBERS_MAX: usize = 100;
/// Reservations of a tenant that hold numbers at the same time.
pub const RESERVATIONS_ACTIVE_MAX: u64 = 50;
/// Days after which a reservation that is over is forgotten.
pub(super) const KEPT_DAYS: i64 = 30;

/// How far a reservation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReservationStatus {
    /// It holds its numbers, and may be changed.
    Active,
    /// It is being bought.
    Submitted,
    /// Its numbers were bought.
    Completed,
    /// It let go of its numbers.
    Expired,
}

/// How far a number of a reservation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReservedStatus {
    /// It is held.
    Reserved,
    /// It is not held any more.
    Expired,
    /// It could not be held.
    Error,
    /// It is the tenant's.
    Purchased,
}

/// A number of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservedNumber {
    /// The number.
    pub number: E164,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// Its kind.
    pub number_type: NumberType,
    /// Its use.
    pub assignment_type: AssignmentType,
    /// What it is to do.
    pub capabilities: Capabilities,
    /// What a month costs; `None` where it is not for sale.
    pub monthly: Option<Money>,
    /// How far it is.
    pub status: ReservedStatus,
    /// Code and message, where it failed.
    pub error: Option<(String, String)>,
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The tenant's name for it.
    pub id: Uuid,
    /// How far it is.
    pub status: ReservationStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it holds its numbers.
    pub expires_at: DateTime<Utc>,
    /// Its numbers, in order.
    pub numbers: Vec<ReservedNumber>,
}

fn no_reservation(id: Uuid) -> Error {
    Error::not_found("reservationId", format!("there is no reservation {id}"))
}

fn over(status: ReservationStatus) -> Error {
    let text = match status {
        ReservationStatus::Submitted => "this reservation is being bought",
        ReservationStatus::Completed => "this reservation was bought: make another one",
        ReservationStatus::Active | ReservationStatus::Expired => {
            "this reservation holds no numbers any more: make another one, and buy in time"
        }
    };
    Error::conflict("reservationId", text)
}
