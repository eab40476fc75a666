//! The numbers of a reservation as its row keeps them.

use super::{Reservation, ReservationStatus, ReservedNumber, ReservedStatus, WantedNumber};
use crate::{App, Error, numbers::rows, snapshot::load};
use domain::{
    numbering::{AssignmentType, Capabilities, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use store::{reservations, stock::Stock};

/// A number, with what is asked of it and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) number: E164,
    pub(super) country: String,
    pub(super) number_type: NumberType,
    pub(super) assignment: AssignmentType,
    pub(super) capabilities: Capabilities,
    pub(super) monthly_micros: i64,
    pub(super) currency: String,
}

impl Item {
    pub(super) fn new(wanted: &WantedNumber, row: &Stock) -> Self {
        Self {
            number: wanted.number,
            country: row.country.clone(),
            number_type: wanted.number_type,
            assignment: wanted.assignment_type,
            capabilities: wanted.capabilities,
            monthly_micros: row.monthly_micros,
            currency: row.currency.clone(),
        }
    }

    fn view(&self, of: ReservationStatus) -> Result<ReservedNumber, Error> {
        let status = match of {
            ReservationStatus::Active | ReservationStatus::Submitted => ReservedStatus::Reserved,
            ReservationStatus::Completed => ReservedStatus::Purchased,
            ReservationStatus::Expired => ReservedStatus::Expired,
        };
        Ok(ReservedNumber {
            number: self.number,
            country_code: self.country.clone(),
            number_type: self.number_type,
            assignment_type: self.assignment,
            capabilities: self.capabilities,
            monthly: Some(rows::money(self.monthly_micros, &self.currency)?),
            status,
            error: None,
        })
    }
}

pub(super) fn read(row: &reservations::Reservation) -> Result<Vec<Item>, Error> {
    load::read("reservations.items", row.items.clone())
}

pub(super) fn write(row: &mut reservations::Reservation, items: &[Item]) -> Result<(), Error> {
    row.items = serde_json::to_value(items).map_err(Error::internal)?;
    Ok(())
}

/// How far a reservation is at this moment: one whose time is over holds nothing, whether or not a job has said so.
pub(super) fn status(app: &App, row: &reservations::Reservation) -> Result<ReservationStatus, Error> {
    let status = load::word("reservations.state", &row.state)?;
    let over = status == ReservationStatus::Active && row.expires_at <= app.now();
    Ok(if over { ReservationStatus::Expired } else { status })
}

pub(super) fn view(app: &App, row: &reservations::Reservation) -> Result<Reservation, Error> {
    let status = status(app, row)?;
    Ok(Reservation {
        id: row.public_id,
        status,
        created_at: row.created_at,
        expires_at: row.expires_at,
        numbers: read(row)?.iter().map(|item| item.view(status)).collect::<Result<_, _>>()?,
    })
}
