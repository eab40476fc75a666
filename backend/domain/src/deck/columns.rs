//! Which column of a file is which, by its heading.

use serde::{Deserialize, Serialize};

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Column {
    /// Digits, with or without `+`; several separated by `;` or `,`; a range `4670-4673`.
    Prefix,
    /// A country's calling code, which goes before each prefix.
    CountryCode,
    /// The destination's name.
    Destination,
    /// `landline`, `mobile`, …
    Kind,
    /// The country.
    Country,
    /// Units of the currency a minute.
    PerMinute,
    /// Units of the currency a call.
    ConnectionFee,
    /// Seconds of the first increment.
    FirstIncrement,
    /// Seconds of each further increment.
    Increment,
    /// Seconds that are billed at least.
    MinimumDuration,
    /// Units of the currency that the time costs at least.
    MinimumCharge,
    /// The currency.
    Currency,
    /// Something else, which is left alone.
    Other,
}

/// Headings, in lower case without anything but letters and digits.
const HEADINGS: [(Column, &[&str]); 12] = [
    (
        Column::Prefix,
        &[
            "prefix",
            "prefixes",
            "code",
            "codes",
            "dialcode",
            "dialcodes",
            "dialingcode",
            "dialprefix",
            "areacode",
            "areacodes",
            "destinationcode",
            "destinationprefix",
            "destinationprefixes",
            "digits",
            "pattern",
            "breakout",
            "numberprefix",
            "e164prefix",
            "dialpattern",
        ],
    ),
    (Column::CountryCode, &["countrycode", "cc", "callingcode", "countrydialcode"]),
    (
        Column::Destination,
        &[
            "destination",
            "destinationname",
            "name",
            "description",
            "comment",
            "area",
            "network",
            "route",
            "zone",
        ],
    ),
    (Column::Kind, &["destinationtype", "type", "kind", "numbertype"]),
    (Column::Country, &["country", "countryiso", "iso", "isocode", "countryname"]),
    (
        Column::PerMinute,
        &[
            "perminute",
            "price",
            "pricemin",
            "priceminute",
            "priceperminute",
            "rate",
            "ratemin",
            "rateperminute",
            "ratepermin",
            "pricepermin",
            "cost",
            "costperminute",
            "costpermin",
            "costmin",
            "tariff",
            "sellrate",
            "buyrate",
            "rateusd",
            "rateeur",
            "priceusd",
            "priceeur",
            "usdmin",
            "eurmin",
            "usdpermin",
            "minuterate",
            "interstaterate",
            "nextrate",
            "callcost",
        ],
    ),
    (
        Column::ConnectionFee,
        &[
            "connectionfee",
            "connectfee",
            "connectionrate",
            "connectioncharge",
            "setupfee",
            "connectcost",
            "connect",
        ],
    ),
    (
        Column::FirstIncrement,
        &[
            "firstincrement",
            "initialincrement",
            "firstinterval",
            "initialinterval",
            "interval1",
            "initialblock",
            "firstblock",
        ],
    ),
    (
        Column::Increment,
        &[
            "increment",
            "nextincrement",
            "nextinterval",
            "intervaln",
            "subsequentincrement",
            "billingincrement",
            "nextblock",
            "increments",
            "billingincrements",
            "interval",
        ],
    ),
    (
        Column::MinimumDuration,
        &["minimumduration", "minduration", "minimumtime", "mintime", "minimumseconds"],
    ),
    (Column::MinimumCharge, &["minimumcharge", "mincharge", "minimumprice"]),
    (Column::Currency, &["currency", "currencycode"]),
];

/// The columns of a file, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// What each column says.
    pub found: Vec<Column>,
    /// The headings as they stand.
    pub headings: Vec<String>,
}

impl Columns {
    /// Recognises headings; of two columns that say the same the first counts.
    #[must_use]
    pub fn detect<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        let mut columns = Self::default();
        for heading in headings {
            let plain: String = heading
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|letter| letter.to_ascii_lowercase())
                .collect();
            let known = HEADINGS.iter().find(|(_, words)| words.contains(&plain.as_str()));
            let known = known.map_or(Column::Other, |(column, _)| *column);
            let known = if columns.found.contains(&known) { Column::Other } else { known };
            columns.found.push(known);
            columns.headings.push(heading.trim().to_owned());
        }
        columns
    }

    /// Where a column is.
    #[must_use]
    pub fn place(&self, column: Column) -> Option<usize> {
        self.found.iter().position(|found| *found == column)
    }

    /// Whether a deck can be made of the file: it has a prefix and a price.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.place(Column::Prefix).is_some() && self.place(Column::PerMinute).is_some()
    }
}
