//! Names of countries and states, as far as numbers are sold there.

/// ISO 3166-1 alpha-2 and the English name.
const COUNTRIES: [(&str, &str); 44] = [
    ("AE", "United Arab Emirates"),
    ("AR", "Argentina"),
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("BE", "Belgium"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CL", "Chile"),
    ("CN", "China"),
    ("CO", "Colombia"),
    ("CZ", "Czechia"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("EE", "Estonia"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("HK", "Hong Kong SAR"),
    ("ID", "Indonesia"),
    ("IE", "Ireland"),
    ("IL", "Israel"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("KR", "South Korea"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("MX", "Mexico"),
    ("MY", "Malaysia"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("NZ", "New Zealand"),
    ("PH", "Philippines"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("SE", "Sweden"),
    ("SG", "Singapore"),
    ("SI", "Slovenia"),
    ("SK", "Slovakia"),
    ("TH", "Thailand"),
    ("TW", "Taiwan"),
    ("US", "United States"),
];

/// Country, place, and the state it lies in: name and abbreviation.
const STATES: [(&str, &str, &str, &str); 5] = [
    ("US", "New York City", "New York", "NY"),
    ("US", "San Francisco", "California", "CA"),
    ("US", "Chicago", "Illinois", "IL"),
    ("US", "Boston", "Massachusetts", "MA"),
    ("AU", "Sydney", "New South Wales", "NSW"),
];

/// The English name of a country; its code where it is not known.
pub(super) fn country(code: &str) -> String {
    COUNTRIES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name).to_owned()
}

/// The state in which a place lies, where the country has such.
pub(super) fn state(country: &str, locality: &str) -> Option<(String, String)> {
    let (_, _, name, short) =
        STATES.iter().find(|(land, place, ..)| *land == country && *place == locality)?;
    Some(((*name).to_owned(), (*short).to_owned()))
}

/// The places of a country that lie in a state, by its name or abbreviation.
pub(super) fn of_state(country: &str, state: &str) -> Vec<String> {
    let is = |name: &str| name.eq_ignore_ascii_case(state);
    let found = STATES.iter().filter(|(land, _, name, short)| *land == country && (is(name) || is(short)));
    found.map(|(_, place, ..)| (*place).to_owned()).collect()
}
