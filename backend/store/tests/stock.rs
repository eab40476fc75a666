//! The stock: each search answers what a look at every number would answer, on both databases.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{Duration, Utc};
use dialtone_store::{
    Db, Error,
    stock::{self, FREE, Pattern, Stock, Wanted},
};
use domain::access::Scope;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::collections::BTreeSet;
use testkit::database::TestDb;
use uuid::Uuid;

/// Numbers in the stock.
const NUMBERS: usize = 1_500;
/// Searches of each kind.
const SEARCHES: usize = 120;

fn system() -> Scope {
    Scope::system("a test")
}

/// A number of one of a few countries, types, codes, places and prices.
fn number(dice: &mut StdRng) -> Stock {
    let (country, number_type, code, locality) = *[
        ("US", "geographic", Some("212"), Some("New York City")),
        ("US", "geographic", Some("21"), Some("Nowhere")),
        ("US", "geographic", Some("415"), None),
        ("US", "tollFree", Some("800"), None),
        ("GB", "geographic", Some("20"), Some("London")),
        ("GB", "mobile", None, None),
    ]
    .choose(dice)
    .unwrap();
    let calling_code = if country == "US" { "1" } else { "44" };
    let area = code.unwrap_or("7700");
    let rest: u64 = dice.random_range(100_000..999_999);
    Stock {
        e164: format!("+{calling_code}{area}{rest}"),
        number_type: number_type.to_owned(),
        country: country.to_owned(),
        locality: locality.map(str::to_owned),
        area_code: code.map(str::to_owned),
        calling: ["inbound", "inbound+outbound"].choose(dice).unwrap().to_string(),
        sms: "none".to_owned(),
        carrier_id: Uuid::nil(),
        monthly_micros: *[1_000_000, 2_000_000].choose(dice).unwrap(),
        currency: "USD".to_owned(),
        state: FREE.to_owned(),
        held_by: None,
        held_until: None,
        kind_id: 0,
        supplier_id: None,
        cost_micros: 0,
        setup_micros: 0,
        last_tenant_id: None,
    }
}

async fn stocked(db: &Db, dice: &mut StdRng) -> Vec<Stock> {
    let mut rows: Vec<Stock> = (0..NUMBERS).map(|_| number(dice)).collect();
    rows.sort_by(|one, other| one.e164.cmp(&other.e164));
    rows.dedup_by(|one, other| one.e164 == other.e164);
    db.write::<_, Error, _>(async |tx| stock::add(tx, &system(), rows.clone()).await).await.unwrap();
    rows
}

/// Holds, sells and lets go of some, as a day does; `rows` follows.
async fn live(db: &Db, dice: &mut StdRng, rows: &mut [Stock]) {
    for round in 0..60 {
        let search = Uuid::now_v7();
        let picked: BTreeSet<usize> = (0..5).map(|_| dice.random_range(0..rows.len())).collect();
        let names: Vec<String> =
            picked.iter().filter(|at| rows[**at].state == FREE).map(|at| rows[*at].e164.clone()).collect();
        let until = Utc::now() + Duration::minutes(16);
        let all = names.len() as u64;
        let held = db
            .write::<_, Error, _>(async |tx| {
                let held = stock::hold(tx, &system(), &names, search, until).await?;
                match round % 3 {
                    0 => stock::sell(tx, &system(), search).await?,
                    1 => stock::let_go(tx, &system(), search).await?,
                    _ => held,
                };
                Ok(held)
            })
            .await
            .unwrap();
        assert_eq!(held, all);
        if round % 3 != 1 {
            for row in rows.iter_mut().filter(|row| names.contains(&row.e164)) {
                row.state = "gone".to_owned();
            }
        }
    }
}

/// Something to search for, with digits of a number that is there more often than not.
fn question(dice: &mut StdRng, rows: &[Stock]) -> (Wanted, Pattern) {
    let model = rows.choose(dice).unwrap();
    let mut wanted = Wanted {
        country: Some(model.country.clone()),
        number_type: Some(model.number_type.clone()),
        ..Wanted::default()
    };
    if dice.random_bool(0.4) {
        wanted.area_code = model.area_code.clone();
    }
    if dice.random_bool(0.2) {
        wanted.locality = model.locality.clone();
    }
    if dice.random_bool(0.3) {
        wanted.calling = vec!["inbound+outbound".to_owned()];
    }
    let other = rows.choose(dice).unwrap();
    let digits = if dice.random_bool(0.7) { &model.e164[1..] } else { &other.e164[1..] };
    let mut pattern = Pattern {
        kind: format!(
            "{}{}{}",
            model.country,
            &model.number_type[..1],
            wanted.area_code.as_deref().unwrap_or_default()
        ),
        ..Pattern::default()
    };
    if dice.random_bool(0.6) {
        let length = dice.random_range(3..7);
        let start = dice.random_range(0..digits.len() - length);
        pattern.contains = digits[start..start + length].to_owned();
    }
    for _ in 0..dice.random_range(0..3) {
        let from = rows.choose(dice).unwrap();
        pattern.prefixes.push(from.e164[1..dice.random_range(2..8)].to_owned());
    }
    (wanted, pattern)
}

fn will_do(row: &Stock, wanted: &Wanted, pattern: &Pattern) -> bool {
    let is = |wanted: &Option<String>, value: Option<&String>| wanted.is_none() || wanted.as_ref() == value;
    row.state == FREE
        && is(&wanted.country, Some(&row.country))
        && is(&wanted.number_type, Some(&row.number_type))
        && is(&wanted.area_code, row.area_code.as_ref())
        && is(&wanted.locality, row.locality.as_ref())
        && (wanted.calling.is_empty() || wanted.calling.contains(&row.calling))
        && pattern.fits(&row.e164)
}

#[tokio::test]
async fn every_search_answers_what_a_look_at_every_number_would() {
    for test in TestDb::each().await.unwrap() {
        let dice = &mut StdRng::seed_from_u64(20_261_123);
        let mut rows = stocked(&test.db, dice).await;
        live(&test.db, dice, &mut rows).await;
        let on = test.db.read();
        let mut found_some = 0;
        for _ in 0..SEARCHES {
            let (wanted, pattern) = question(dice, &rows);
            let right: BTreeSet<&str> = rows
                .iter()
                .filter(|row| will_do(row, &wanted, &pattern))
                .map(|row| row.e164.as_str())
                .collect();
            let kinds = stock::kinds(on, &system(), &wanted).await.unwrap();
            let ids: Vec<i64> = kinds.iter().map(|kind| kind.id).collect();
            let found = stock::matching(on, &system(), &ids, &pattern, 10_000).await.unwrap();
            let names: BTreeSet<&str> = found.iter().map(|row| row.e164.as_str()).collect();
            assert_eq!(names, right, "{wanted:?} {pattern:?}");
            assert_eq!(names.len(), found.len(), "nothing comes twice");
            let few = stock::matching(on, &system(), &ids, &pattern, 3).await.unwrap();
            assert!(few.len() <= 3 && few.iter().all(|row| right.contains(row.e164.as_str())));
            assert_eq!(few.is_empty(), right.is_empty());
            found_some += usize::from(!right.is_empty());
        }
        assert!(found_some > SEARCHES / 3, "{found_some} of {SEARCHES} searches found something");
    }
}

#[tokio::test]
async fn kinds_say_what_is_free_cheapest_first_and_their_numbers_are_walked_from_any_place() {
    for test in TestDb::each().await.unwrap() {
        let dice = &mut StdRng::seed_from_u64(7);
        let mut rows = stocked(&test.db, dice).await;
        live(&test.db, dice, &mut rows).await;
        let on = test.db.read();
        let wanted = Wanted { country: Some("GB".to_owned()), ..Wanted::default() };
        let kinds = stock::kinds(on, &system(), &wanted).await.unwrap();
        assert!(kinds.is_sorted_by_key(|kind| kind.monthly_micros) && kinds.len() > 3);
        for kind in kinds {
            let mut right: Vec<&str> = rows
                .iter()
                .filter(|row| {
                    row.state == FREE
                        && row.country == kind.country
                        && row.number_type == kind.number_type
                        && row.area_code.as_deref().unwrap_or_default() == kind.area_code
                        && row.calling == kind.calling
                        && row.monthly_micros == kind.monthly_micros
                })
                .map(|row| row.e164.as_str())
                .collect();
            right.sort_unstable();
            let ends = stock::ends(on, &system(), kind.id).await.unwrap().unwrap();
            assert_eq!((ends.0.as_str(), ends.1.as_str()), (right[0], right[right.len() - 1]));
            let from = right[right.len() / 2];
            let all = stock::free(on, &system(), kind.id, from, 10_000).await.unwrap();
            assert_eq!(all[0].e164, from, "it begins where it is told to");
            assert_eq!(all.len(), right.len(), "and goes round");
        }
    }
}

#[tokio::test]
async fn a_kind_without_free_numbers_is_known_and_not_for_sale() {
    for test in TestDb::each().await.unwrap() {
        let db = &test.db;
        let row = number(&mut StdRng::seed_from_u64(1));
        let name = vec![row.e164.clone()];
        let wanted = Wanted { country: Some(row.country.clone()), ..Wanted::default() };
        let search = Uuid::now_v7();
        db.write::<_, Error, _>(async |tx| {
            stock::add(tx, &system(), vec![row.clone()]).await?;
            stock::hold(tx, &system(), &name, search, Utc::now()).await?;
            stock::sell(tx, &system(), search).await
        })
        .await
        .unwrap();
        assert!(stock::kinds(db.read(), &system(), &wanted).await.unwrap().is_empty());
        assert!(stock::is_known(db.read(), &system(), &wanted).await.unwrap());
        let other = Wanted { country: Some("SE".to_owned()), ..Wanted::default() };
        assert!(!stock::is_known(db.read(), &system(), &other).await.unwrap());
    }
}
