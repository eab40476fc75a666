//! The JSON surfaces: `acs`, the Azure Communication Services data plane; `v1`, everything that protocol has no words
//! for; `platform`, health and metrics. Handlers are thin: who asks, what is asked, the use case, the answer.

pub(crate) mod acs;
mod meters;
pub(crate) mod platform;
pub(crate) mod schema;
pub(crate) mod v1;

use crate::error::ApiError;
use domain::phone::E164;

/// A number out of a path or field.
pub(crate) fn number(text: &str, target: &str) -> Result<E164, ApiError> {
    E164::parse(text).map_err(|error| ApiError::invalid(target, format!("{target}: {error}")))
}
