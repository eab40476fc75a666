//! The stock: each search answers what a look at every number would answer, on both databases.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{Duration, Utc};
use dialtone_store::{
    Db, Error, Options,
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
    let mut pattern = Pattern::default();
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
            let found = stock::matching(on, &system(), &wanted, &pattern, 10_000).await.unwrap();
            let names: BTreeSet<&str> = found.iter().map(|row| row.e164.as_str()).collect();
            assert_eq!(names, right, "{wanted:?} {pattern:?}");
            assert_eq!(names.len(), found.len(), "nothing comes twice");
            let few = stock::matching(on, &system(), &wanted, &pattern, 3).await.unwrap();
            assert!(few.iter().all(|row| right.contains(row.e164.as_str())));
            assert_eq!(few.len(), right.len().min(3));
            let mut prices: Vec<i64> = found.iter().map(|row| row.monthly_micros).collect();
            prices.sort_unstable();
            let paid: Vec<i64> = few.iter().map(|row| row.monthly_micros).collect();
            assert_eq!(paid, prices[..few.len()], "the cheapest come first: {wanted:?} {pattern:?}");
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

/// One of the things that move numbers of the stock, with numbers by chance.
async fn something(db: &Db, dice: &mut StdRng, rows: &[Stock]) -> Result<(), Error> {
    let some: Vec<Stock> =
        (0..dice.random_range(1..12)).map(|_| rows.choose(dice).unwrap().clone()).collect();
    let names: Vec<String> = some.iter().map(|row| row.e164.clone()).collect();
    let search = Uuid::from_u128(dice.random_range(0..20));
    let (now, dear) = (Utc::now(), dice.random_range(1..4) * 1_000_000);
    let until = now + Duration::minutes(dice.random_range(-1..2));
    let (what, carrier) = (dice.random_range(0..14), Uuid::from_u128(dice.random_range(0..2)));
    let outside: Vec<Stock> = (0..3)
        .map(|_| Stock {
            e164: format!("+4670{}", dice.random_range(10_000_000..99_999_999_u64)),
            supplier_id: Some(Uuid::max()),
            state: stock::HELD.to_owned(),
            held_by: Some(search),
            held_until: Some(until),
            ..some[0].clone()
        })
        .collect();
    db.write::<_, Error, _>(async |tx| {
        let scope = &system();
        match what {
            0..4 => stock::hold(tx, scope, &names, search, until).await.map(drop),
            4 => stock::sell(tx, scope, search).await.map(drop),
            5 => stock::let_go(tx, scope, search).await.map(drop),
            6 => stock::let_some_go(tx, scope, search, &names).await.map(drop),
            7 => stock::expire(tx, scope, now).await.map(drop),
            8 => stock::take_back(tx, scope, &names).await.map(drop),
            9 => stock::quarantine(tx, scope, &names[0], search, until).await.map(drop),
            10 => stock::end_quarantines(tx, scope, now).await.map(drop),
            11 => stock::shelve(tx, scope, carrier, dear > 1_000_000).await.map(drop),
            12 => {
                // Other prices are other kinds.
                let there = stock::some(tx, scope, &names).await?;
                let dearer = there.into_iter().map(|row| Stock { monthly_micros: dear, ..row });
                stock::change(tx, scope, dearer.collect()).await
            }
            _ => {
                stock::add(tx, scope, some.clone()).await?;
                stock::put(tx, scope, outside.clone()).await?;
                stock::drop_held(tx, scope, (Uuid::max(), search)).await.map(drop)
            }
        }
    })
    .await
}

/// How many of the numbers are free, where one looks at each.
async fn looked_at(db: &Db, rows: &[Stock]) -> u64 {
    let names: Vec<String> = rows.iter().map(|row| row.e164.clone()).collect();
    let there = stock::some(db.read(), &system(), &names).await.unwrap();
    there.iter().filter(|row| row.state == FREE).count() as u64
}

/// Each kind says how many of its numbers are free and between which ones they lie; what has none is not for sale.
async fn check_counts(db: &Db, rows: &[Stock]) -> u64 {
    let (on, scope) = (db.read(), system());
    let kinds = stock::kinds(on, &scope, &Wanted::default()).await.unwrap();
    let mut all = 0;
    for kind in &kinds {
        let free = stock::free(on, &scope, kind.id, "", 10_000).await.unwrap();
        assert_eq!(kind.free, i64::try_from(free.len()).unwrap(), "{kind:?}");
        assert!(free.iter().all(|row| kind.lowest <= row.e164 && row.e164 <= kind.highest), "{kind:?}");
        all += free.len() as u64;
    }
    assert_eq!(stock::count_free(on, &scope).await.unwrap(), all);
    let found: u64 = looked_at(db, rows).await;
    assert_eq!(found, all, "every free number is of a kind that is for sale");
    all
}

#[tokio::test]
async fn what_is_counted_as_free_is_free_after_whatever_two_writers_did() {
    for test in TestDb::each().await.unwrap() {
        let dice = &mut StdRng::seed_from_u64(323);
        let rows = stocked(&test.db, dice).await;
        let other = Db::connect(&test.url, Options::default()).await.unwrap();
        let mut counts = BTreeSet::new();
        for _ in 0..5 {
            let work = |db: &Db, seed: u64| {
                let (db, rows, mut dice) = (db.clone(), rows.clone(), StdRng::seed_from_u64(seed));
                tokio::task::spawn_local(async move {
                    for _ in 0..60 {
                        something(&db, &mut dice, &rows).await.unwrap();
                    }
                })
            };
            let (one, two) = (dice.random(), dice.random());
            let both = async { tokio::join!(work(&test.db, one), work(&other, two)) };
            let (one, two) = tokio::task::LocalSet::new().run_until(both).await;
            one.unwrap();
            two.unwrap();
            counts.insert(check_counts(&test.db, &rows).await);
        }
        assert!(counts.len() > 3, "numbers came and went: {counts:?}");
    }
}
