//! Which numbers can change their provider.

use crate::{country, numbering::NumberType, phone::E164};

/// Why a number cannot be brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPortable {
    /// It is kept for fiction.
    #[error(
        "this number is kept for fiction, and nobody has it: give the number that is yours at the other provider"
    )]
    Fictional,
    /// It is too short, or has digits that no subscriber's number has.
    #[error(
        "this is a short or service number, not a subscriber's: give the full number, such as +12065550142"
    )]
    Service,
    /// It belongs to no country.
    #[error("satellite and shared numbers belong to no country, and cannot be ported")]
    NoCountry,
    /// It is paid for by its callers.
    #[error("numbers with a premium price are not ported here")]
    Premium,
    /// It belongs to another country than the request.
    #[error(
        "this number belongs to {0}: a request is for numbers of one country, so make another one for it"
    )]
    OtherCountry(&'static str),
    /// It is toll-free, and the request is not, or the other way round.
    #[error("this number is {}toll-free, and the request says otherwise: make one for each type", if *.0 { "" } else { "not " })]
    OtherType(bool),
}

/// Numbers that regulators keep for fiction outside of North America, as prefixes, with the length of the whole number.
const FICTIONAL: [(&str, usize); 18] = [
    ("44207946", 12),
    ("447700900", 12),
    ("44808157", 12),
    ("441134960", 12),
    ("441144960", 12),
    ("441154960", 12),
    ("441164960", 12),
    ("441174960", 12),
    ("441184960", 12),
    ("441214960", 12),
    ("441314960", 12),
    ("441414960", 12),
    ("441514960", 12),
    ("441614960", 12),
    ("441632960", 12),
    ("442890180", 12),
    ("468465004", 11),
    ("46701740", 11),
];
/// Digits after the country's code that a subscriber's number has at least.
const NATIONAL_MIN: usize = 5;
/// Area codes of toll-free numbers of the North American Numbering Plan.
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];

/// Whether a number can be brought by a request for a country and type.
///
/// # Errors
/// [`NotPortable`] says why not.
pub fn portable(number: E164, country: &str, number_type: NumberType) -> Result<(), NotPortable> {
    let digits = number.digits();
    if is_fictional(&digits) {
        return Err(NotPortable::Fictional);
    }
    let found = country::of(number).ok_or(NotPortable::NoCountry)?;
    let code = country::calling_code(found).map_or(0, str::len);
    if digits.len() < code + NATIONAL_MIN {
        return Err(NotPortable::Service);
    }
    if let Some(national) = digits.strip_prefix('1') {
        return north_american(national, found, country, number_type);
    }
    if found == country { Ok(()) } else { Err(NotPortable::OtherCountry(found)) }
}

/// Three digits of area, three of the exchange, four of the line; neither of the first two begins with 0 or 1, or ends
/// with 11.
fn north_american(
    national: &str,
    found: &'static str,
    country: &str,
    number_type: NumberType,
) -> Result<(), NotPortable> {
    let (Some(area), Some(exchange), 10) = (national.get(..3), national.get(3..6), national.len()) else {
        return Err(NotPortable::Service);
    };
    if [area, exchange].iter().any(|part| part.starts_with(['0', '1']) || part.ends_with("11")) {
        return Err(NotPortable::Service);
    }
    if area == "900" {
        return Err(NotPortable::Premium);
    }
    let toll_free = TOLL_FREE.contains(&area);
    if toll_free != (number_type == NumberType::TollFree) {
        return Err(NotPortable::OtherType(toll_free));
    }
    // Toll-free area codes are those of all countries of the plan.
    let shared = toll_free && country::calling_code(country) == Some("1");
    if shared || found == country { Ok(()) } else { Err(NotPortable::OtherCountry(found)) }
}

fn is_fictional(digits: &str) -> bool {
    let north_american = digits.len() == 11 && digits.starts_with('1') && &digits[4..9] == "55501";
    let australian = digits.len() == 11
        && ["2", "3", "7", "8"].iter().any(|area| {
            digits.strip_prefix("61").and_then(|rest| rest.strip_prefix(area)).is_some_and(is_drama)
        });
    north_american
        || australian
        || FICTIONAL.iter().any(|(prefix, length)| digits.len() == *length && digits.starts_with(prefix))
}

/// What the Australian regulator keeps for fiction in each area.
fn is_drama(local: &str) -> bool {
    local.starts_with("5550") || local.starts_with("7010")
}

/// How the code is called that the losing provider wants before it lets such a number go; `None` where it wants none.
#[must_use]
pub fn transfer_code(country: &str, number_type: NumberType) -> Option<&'static str> {
    match (country, number_type) {
        ("US" | "CA", NumberType::Mobile) => Some("number transfer PIN"),
        ("GB", NumberType::Mobile) => Some("PAC"),
        ("FR", _) => Some("RIO"),
        ("IT", NumberType::Mobile) => Some("ICCID of the SIM card"),
        ("IN", NumberType::Mobile) => Some("UPC"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NumberType::{Geographic, Mobile, TollFree};

    #[test]
    fn subscribers_numbers_of_the_country_can_be_brought_and_others_say_why_not() {
        for (number, country, number_type, expected) in [
            ("+12065551234", "US", Geographic, Ok(())),
            ("+18445551234", "US", TollFree, Ok(())),
            ("+18445551234", "CA", TollFree, Ok(())),
            ("+4687901234", "SE", Geographic, Ok(())),
            ("+447911123456", "GG", Mobile, Ok(())),
            ("+3912345678", "IT", Geographic, Ok(())),
            ("+12065550142", "US", Geographic, Err(NotPortable::Fictional)),
            ("+18005550123", "US", TollFree, Err(NotPortable::Fictional)),
            ("+442079460123", "GB", Geographic, Err(NotPortable::Fictional)),
            ("+447700900123", "GB", Mobile, Err(NotPortable::Fictional)),
            ("+46846500423", "SE", Geographic, Err(NotPortable::Fictional)),
            ("+61255501234", "AU", Geographic, Err(NotPortable::Fictional)),
            ("+61370101234", "AU", Geographic, Err(NotPortable::Fictional)),
            ("+12111234567", "US", Geographic, Err(NotPortable::Service)),
            ("+12060551234", "US", Geographic, Err(NotPortable::Service)),
            ("+1206555123", "US", Geographic, Err(NotPortable::Service)),
            ("+3801123", "UA", Geographic, Err(NotPortable::Service)),
            ("+19005551234", "US", Geographic, Err(NotPortable::Premium)),
            ("+14165551234", "US", Geographic, Err(NotPortable::OtherCountry("CA"))),
            ("+4687901234", "NO", Geographic, Err(NotPortable::OtherCountry("SE"))),
            ("+88161234567", "US", Mobile, Err(NotPortable::NoCountry)),
            ("+18445551234", "US", Geographic, Err(NotPortable::OtherType(true))),
            ("+12065551234", "US", TollFree, Err(NotPortable::OtherType(false))),
        ] {
            let number = E164::parse(number).expect("a number");
            assert_eq!(portable(number, country, number_type), expected, "{number}");
        }
    }

    #[test]
    fn a_code_is_wanted_where_the_losing_provider_wants_one() {
        assert_eq!(transfer_code("GB", Mobile), Some("PAC"));
        assert_eq!(transfer_code("US", Geographic), None);
        assert!(transfer_code("US", Mobile).is_some_and(|name| name.contains("PIN")));
    }
}
