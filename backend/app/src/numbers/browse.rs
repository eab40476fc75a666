//! A tenant looks at numbers that are for sale, and holds none of them.

use super::{rows, search};
use crate::{App, Error, eligibility};
use domain::{
    access::{Actor, Permission},
    money::Money,
    numbering::{AssignmentType, Capabilities, NumberType},
    phone::E164,
};
use store::stock::{self, Stock};

/// Numbers that are shown at most: this list has no pages.
pub const BROWSE_MAX: u64 = 100;
/// Prefixes of one request at most.
const PREFIXES_MAX: usize = 20;
/// Digits of a prefix at most.
const PREFIX_DIGITS: usize = 15;

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
    /// With what the numbers begin, after the country's code or the `+`; any where there is none.
    pub prefixes: Vec<String>,
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
        None,
    )?;
    eligibility::check_numbers(app, &scope, &request.country.to_uppercase()).await?;
    if !stock::is_known(app.db().read(), &scope, &wanted).await? {
        return Err(search::no_plan());
    }
    let on = app.db().read();
    let prefixes = prefixes(&request)?;
    let free = stock::count_free(on, &scope, &wanted).await?;
    let found = if prefixes.is_empty() && free > BROWSE_MAX {
        let from = stock::nth_free(on, &scope, &wanted, rand::random_range(0..free)).await?;
        stock::free(on, &scope, &wanted, &from.unwrap_or_default(), BROWSE_MAX).await?
    } else {
        stock::beginning(on, &scope, &wanted, &prefixes, BROWSE_MAX).await?
    };
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

/// The prefixes as numbers are kept: with `+` and the country's code.
fn prefixes(request: &BrowseRequest) -> Result<Vec<String>, Error> {
    if request.prefixes.len() > PREFIXES_MAX {
        return Err(Error::invalid("phoneNumberPrefixes", format!("give {PREFIXES_MAX} prefixes at most")));
    }
    let code = domain::country::calling_code(&request.country.to_uppercase());
    let read = |text: &String| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_sound =
            (1..=PREFIX_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        match (is_sound, text.starts_with('+'), code) {
            (true, true, _) => Ok(text.clone()),
            (true, false, Some(code)) => Ok(format!("+{code}{digits}")),
            _ => Err(Error::invalid(
                "phoneNumberPrefixes",
                format!("{text:?} is no prefix: give digits such as 212, or with the country's code +1212"),
            )),
        }
    };
    request.prefixes.iter().map(read).collect()
}
