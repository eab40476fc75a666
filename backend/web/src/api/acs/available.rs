//! A number that is for sale, or was wanted.

use super::PhoneNumberCost;
use crate::{
    api::schema::{PhoneNumberAssignmentType, PhoneNumberCapabilities, PhoneNumberType},
    error::ErrorDetail,
};
use app::numbers::{
    AvailableNumber,
    reservations::{ReservedNumber, ReservedStatus},
};
use domain::numbering::{AssignmentType, Capabilities, NumberType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A number that is for sale, is held, or could not be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AvailablePhoneNumber {
    /// The digits.
    id: String,
    country_code: String,
    phone_number: String,
    #[schema(value_type = PhoneNumberCapabilities)]
    capabilities: Capabilities,
    #[schema(value_type = PhoneNumberType)]
    phone_number_type: NumberType,
    #[schema(value_type = PhoneNumberAssignmentType)]
    assignment_type: AssignmentType,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<PhoneNumberCost>,
    /// `available`, `reserved`, `expired`, `error` or `purchased`.
    status: &'static str,
    is_agreement_to_not_resell_required: bool,
    /// Why it could not be held or bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// A number that is to be held, as it was shown; what the platform itself says of it may be sent along, and is passed
/// over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberCandidate {
    /// ISO 3166-1 alpha-2.
    pub(super) country_code: String,
    #[schema(value_type = PhoneNumberCapabilities)]
    pub(super) capabilities: Capabilities,
    #[schema(value_type = PhoneNumberType)]
    pub(super) phone_number_type: NumberType,
    #[schema(value_type = PhoneNumberAssignmentType)]
    pub(super) assignment_type: AssignmentType,
}

impl From<AvailableNumber> for AvailablePhoneNumber {
    fn from(found: AvailableNumber) -> Self {
        Self {
            id: found.number.digits(),
            country_code: found.country_code,
            phone_number: found.number.to_string(),
            capabilities: found.capabilities,
            phone_number_type: found.number_type,
            assignment_type: found.assignment_type,
            cost: Some(found.monthly.into()),
            status: "available",
            is_agreement_to_not_resell_required: false,
            error: None,
        }
    }
}

impl From<ReservedNumber> for AvailablePhoneNumber {
    fn from(reserved: ReservedNumber) -> Self {
        let status = match reserved.status {
            ReservedStatus::Reserved => "reserved",
            ReservedStatus::Expired => "expired",
            ReservedStatus::Error => "error",
            ReservedStatus::Purchased => "purchased",
        };
        Self {
            id: reserved.number.digits(),
            country_code: reserved.country_code,
            phone_number: reserved.number.to_string(),
            capabilities: reserved.capabilities,
            phone_number_type: reserved.number_type,
            assignment_type: reserved.assignment_type,
            cost: reserved.monthly.map(Into::into),
            status,
            is_agreement_to_not_resell_required: false,
            error: reserved.error.map(|(code, message)| ErrorDetail::new(code, message)),
        }
    }
}
