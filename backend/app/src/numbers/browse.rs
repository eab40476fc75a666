//! A tenant looks at numbers that are for sale, and holds none of them.

use super::{Narrow, Tariff, rows, search};
use crate::{
    App, Error, eligibility,
    suppliers::{self, Query},
};
use domain::{
    access::{Actor, Permission},
    money::Money,
    numbering::{AssignmentType, Capabilities, NumberType},
    phone::E164,
};
use store::stock::{self, Stock, Wanted};

/// Numbers that are shown at most: this list has no pages.
pub const BROWSE_MAX: u32 = 100;
/// Prefixes of one request at most.
const PREFIXES_MAX: usize = 20;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowseRequest {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The kind.
    pub phone_number_type: NumberType,
    /// The use; each that the kind has where it is left out.
    pub assignment_type: Option<AssignmentType>,
    /// What the numbers must be able to do; `none` is anything.
    pub capabilities: Capabilities,
    /// The area code; any where it is left out.
    pub area_code: Option<String>,
    /// With what the numbers begin, after the country's code or the `+`; any where there is none.
    pub prefixes: Vec<String>,
    /// What else narrows it.
    pub narrow: Narrow,
}

/// A number that is for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableNumber {
    /// The number.
    pub number: E164,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// The kind.
    pub number_type: NumberType,
    /// The use.
    pub assignment_type: AssignmentType,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What a month costs.
    pub monthly: Money,
}

/// Some numbers that are for sale, [`BROWSE_MAX`] at most; another time it may be others.
///
/// # Errors
/// [`Error::Invalid`] where no plan sells what is asked for, or a prefix is none.
pub async fn browse(app: &App, actor: &Actor, request: BrowseRequest) -> Result<Vec<AvailableNumber>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let use_ = request.assignment_type.or_else(|| super::catalogue::uses(request.phone_number_type).next());
    let assignment_type = use_.unwrap_or(AssignmentType::Application);
    let wanted = search::wanted(
        &request.country.to_uppercase(),
        (request.phone_number_type, assignment_type),
        request.capabilities,
        request.area_code.clone(),
    )?;
    let locality = request.narrow.locality.clone().filter(|place| !place.is_empty());
    let wanted = Wanted { locality, ..wanted };
    let country = request.country.to_uppercase();
    eligibility::check_numbers(app, &scope, &country).await?;
    let outside = suppliers::serving(app, &country).await?;
    if outside.is_empty() && !stock::is_known(app.db().read(), &scope, &wanted).await? {
        return Err(search::no_plan());
    }
    let mut narrowed = search::pattern(&wanted, &request.narrow)?;
    narrowed.prefixes.extend(prefixes(&request)?);
    let query = Query { wanted, pattern: narrowed, quantity: BROWSE_MAX };
    let mut found = suppliers::offers(app, &scope, outside, &query).await?;
    found.truncate(BROWSE_MAX as usize);
    let found = Tariff::of(app, scope.tenant()).all(found);
    found.into_iter().map(|row| available(row, assignment_type)).collect()
}

fn available(row: Stock, assignment_type: AssignmentType) -> Result<AvailableNumber, Error> {
    Ok(AvailableNumber {
        number: row.e164.parse().map_err(Error::internal)?,
        number_type: row.number_type.parse().map_err(Error::internal)?,
        assignment_type,
        capabilities: rows::capabilities(&row.calling, &row.sms)?,
        monthly: rows::money(row.monthly_micros, &row.currency)?,
        country_code: row.country,
    })
}

/// The prefixes as numbers are kept: with the country's code.
fn prefixes(request: &BrowseRequest) -> Result<Vec<String>, Error> {
    if request.prefixes.len() > PREFIXES_MAX {
        return Err(Error::invalid("phoneNumberPrefixes", format!("give {PREFIXES_MAX} prefixes at most")));
    }
    let country = request.country.to_uppercase();
    let read = |text: &String| {
        search::prefix(&country, text).ok_or_else(|| search::no_prefix("phoneNumberPrefixes", text))
    };
    request.prefixes.iter().map(read).collect()
}
