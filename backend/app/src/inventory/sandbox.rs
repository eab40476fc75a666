//! The fictional numbers of the simulated PSTN: ranges that regulators keep for fiction, so that nobody's phone rings.
//! The answering range +1 206 555 01xx is never for sale.

use crate::{App, Error, carriers::sandbox_id};
use domain::{
    access::Scope,
    money::Currency,
    numbering::{
        Capability::{self, InboundOutbound, None as Neither},
        NumberType::{self, Geographic, Mobile, TollFree},
    },
};
use std::ops::RangeInclusive;
use store::stock::{FREE, Stock, add, shelve};

/// A range of fictional numbers.
struct Range {
    numbers: RangeInclusive<u64>,
    number_type: NumberType,
    country: &'static str,
    locality: Option<&'static str>,
    area_code: Option<&'static str>,
    sms: Capability,
}

const fn geographic(
    numbers: RangeInclusive<u64>,
    country: &'static str,
    locality: &'static str,
    area_code: &'static str,
) -> Range {
    let (locality, area_code) = (Some(locality), Some(area_code));
    Range { numbers, number_type: Geographic, country, locality, area_code, sms: Neither }
}

const fn elsewhere(
    numbers: RangeInclusive<u64>,
    number_type: NumberType,
    country: &'static str,
    area_code: Option<&'static str>,
    sms: Capability,
) -> Range {
    Range { numbers, number_type, country, locality: None, area_code, sms }
}

/// What regulators keep for fiction, as far as it is sold here.
const RANGES: [Range; 11] = [
    geographic(12125550100..=12125550199, "US", "New York City", "212"),
    geographic(14155550100..=14155550199, "US", "San Francisco", "415"),
    geographic(13125550100..=13125550199, "US", "Chicago", "312"),
    geographic(16175550100..=16175550199, "US", "Boston", "617"),
    elsewhere(18005550100..=18005550149, TollFree, "US", Some("800"), InboundOutbound),
    geographic(442079460000..=442079460999, "GB", "London", "20"),
    elsewhere(447700900000..=447700900999, Mobile, "GB", None, Neither),
    elsewhere(448081570000..=448081570999, TollFree, "GB", Some("808"), Neither),
    geographic(46846500400..=46846500449, "SE", "Stockholm", "8"),
    elsewhere(46701740605..=46701740699, Mobile, "SE", None, Neither),
    geographic(61255500000..=61255500999, "AU", "Sydney", "2"),
];

/// Puts the fictional numbers up for sale while the sandbox is on, and takes those that are free off the shelf while
/// it is off. What was sold stays sold.
pub(crate) async fn ensure(app: &App) -> Result<(), Error> {
    let scope = Scope::system("the fictional numbers are the platform's");
    let on = app.sandbox_on();
    app.db()
        .write::<_, Error, _>(async |tx| {
            shelve(tx, &scope, sandbox_id().0, on).await?;
            if on {
                add(tx, &scope, RANGES.iter().flat_map(rows).collect()).await?;
            }
            Ok(())
        })
        .await
}

fn rows(range: &Range) -> impl Iterator<Item = Stock> + '_ {
    range.numbers.clone().map(|number| Stock {
        e164: format!("+{number}"),
        number_type: range.number_type.word().to_owned(),
        country: range.country.to_owned(),
        locality: range.locality.map(str::to_owned),
        area_code: range.area_code.map(str::to_owned),
        calling: InboundOutbound.word().to_owned(),
        sms: range.sms.word().to_owned(),
        carrier_id: sandbox_id().0,
        monthly_micros: monthly(range.number_type),
        currency: Currency::USD.code().to_owned(),
        state: FREE.to_owned(),
        held_by: None,
        held_until: None,
        kind_id: 0,
        supplier_id: None,
        cost_micros: 0,
        setup_micros: 0,
        last_tenant_id: None,
    })
}

/// What a month costs, micro-units.
const fn monthly(number_type: NumberType) -> i64 {
    match number_type {
        Geographic | Mobile => 1_000_000,
        TollFree => 2_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::phone::E164;

    #[test]
    fn the_fictional_numbers_are_those_of_the_contract_and_the_answering_range_is_not_among_them() {
        let all: Vec<Stock> = RANGES.iter().flat_map(rows).collect();
        assert!(all.iter().all(|row| E164::parse(&row.e164).is_ok()));
        assert!(!all.iter().any(|row| row.e164.starts_with("+1206")));
        for number in [
            "+12125550100",
            "+12125550199",
            "+18005550100",
            "+442079460000",
            "+442079460999",
            "+447700900000",
            "+448081570999",
            "+46846500400",
            "+46846500449",
            "+46701740605",
            "+46701740699",
            "+61255500000",
        ] {
            assert!(all.iter().any(|row| row.e164 == number), "{number} is for sale");
        }
        assert_eq!(all.len(), 4 * 100 + 50 + 1_000 + 1_000 + 1_000 + 50 + 95 + 1_000);
    }
}
