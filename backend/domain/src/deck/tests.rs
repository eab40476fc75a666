//! Decks from files, and how they are found, compared and kept.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const AZURE: &str = "Destination Name,Destination Type,Country,Prefix,Price / min\n\
    Argentina,landline,AR,54,0.039\n\
    Argentina-Buenos Aires,landline,AR,5411,0.015\n\
    Argentina - Mobile,mobile,AR,549,0.32\n\
    \"Bonaire, Sint Eustatius\",mixed,BQ,599,0.1476\n";

fn deck_of(text: &str) -> Deck {
    read(text).unwrap().deck
}

fn price(deck: &Deck, number: &str) -> Option<i64> {
    deck.find(E164::parse(number).unwrap()).map(|row| row.rate.per_minute_micros)
}

fn faults(text: &str) -> Vec<(u64, String)> {
    read(text).unwrap_err().listed.into_iter().map(|fault| (fault.line, fault.column)).collect()
}

#[test]
fn the_azure_sheet_reads_as_it_is_and_the_longest_prefix_wins() {
    let sheet = read(AZURE).unwrap();
    assert_eq!(
        sheet.columns.found,
        [Column::Destination, Column::Kind, Column::Country, Column::Prefix, Column::PerMinute]
    );
    let deck = sheet.deck;
    assert_eq!(price(&deck, "+541155501234"), Some(15_000));
    assert_eq!(price(&deck, "+542215501234"), Some(39_000));
    assert_eq!(price(&deck, "+5491155501234"), Some(320_000));
    assert_eq!(price(&deck, "+5997171234"), Some(147_600));
    assert_eq!(price(&deck, "+12065550100"), None);
    assert_eq!(deck.get("599".parse().unwrap()).unwrap().destination.name, "Bonaire, Sint Eustatius");
}

#[test]
fn other_layouts_are_recognised_by_their_headings() {
    let deck = deck_of(
        "\u{feff}Country Code;Codes;Name;Rate;Connect Fee;Billing Increment\n46;70,72-74;Sweden mobile;0,0215;0,05;30/6\n46;;Sweden;0,01;;60\n",
    );
    assert_eq!(deck.len(), 5);
    let mobile = deck.get("4673".parse().unwrap()).unwrap();
    assert_eq!(mobile.rate.per_minute_micros, 21_500);
    assert_eq!(mobile.rate.terms.connection_micros, Some(50_000));
    assert_eq!((mobile.rate.terms.first_ms, mobile.rate.terms.next_ms), (Some(30_000), Some(6_000)));
    assert_eq!(deck.get("46".parse().unwrap()).unwrap().rate.terms.next_ms, Some(60_000));
    let tabs = deck_of("Dial Code\tPrice per Minute\n+1 (206)\t$0.0130\n");
    assert_eq!(price(&tabs, "+12065550100"), Some(13_000));
}

#[test]
fn every_bad_row_is_told_with_its_line_and_column() {
    let text =
        "prefix,perMinute\n46,0.01\n4x,0.01\n47,-1\n48,0.0000001\n49,\n4.67E+10,0.1\n1234567890123456,0.1\n";
    let expected =
        [(3, "prefix"), (4, "perMinute"), (5, "perMinute"), (6, "perMinute"), (7, "prefix"), (8, "prefix")];
    assert_eq!(faults(text), expected.map(|(line, column)| (line, column.to_owned())));
    assert_eq!(faults("a,b\n1,2\n"), [(1, String::new())]);
    assert_eq!(faults("prefix,perMinute\n"), [(1, String::new())]);
    assert_eq!(faults("prefix,rate,currency\n1,1,USD\n2,1,EUR\n"), [(3, "currency".to_owned())]);
    let many = format!("prefix,rate\n{}", "x,1\n".repeat(FAULTS_MAX + 5));
    let all = read(&many).unwrap_err();
    assert_eq!((all.listed.len(), all.count), (FAULTS_MAX, FAULTS_MAX as u64 + 5));
}

#[test]
fn of_a_prefix_that_stands_twice_the_dearer_row_counts() {
    let twice = read("prefix,rate\n46,0.01\n46,0.02\n47,1\n47,1\n").unwrap();
    assert_eq!(price(&twice.deck, "+46812345678"), Some(20_000));
    let told: Vec<_> =
        twice.duplicates.iter().map(|d| (d.prefix.to_string(), d.kept, d.dropped, d.differs)).collect();
    assert_eq!(told, [("46".to_owned(), 3, 2, true), ("47".to_owned(), 4, 5, false)]);
}

#[test]
fn a_comparison_names_what_is_new_gone_changed_and_suspicious() {
    let before = deck_of("prefix,rate\n1,0.01\n46,0.02\n44,0.03\n");
    let after = deck_of("prefix,rate\n1,0.01\n46,0.05\n4670,0.06\n4671,0.02\n47,1\n");
    let found = Comparison::of(&before, &after);
    let prefixes =
        |changes: &Changes| changes.listed.iter().map(|c| c.prefix.to_string()).collect::<Vec<_>>();
    assert_eq!(prefixes(&found.added), ["4670", "4671", "47"]);
    assert_eq!(prefixes(&found.changed), ["46"]);
    assert_eq!(prefixes(&found.removed), ["44"]);
    assert_eq!(prefixes(&found.jumps), ["46", "4670"]);
    assert_eq!(found.unchanged, 1);
    assert!(Comparison::of(&after, &after).is_nothing());
}

#[test]
fn a_survey_names_what_is_covered_twice_and_what_is_not_covered() {
    let survey = survey(&deck_of("prefix,rate\n1,0.01\n1206,0.01\n4670,0.02\n49,0\n"));
    assert_eq!(survey.overlaps_listed, ["1206".parse().unwrap()]);
    assert_eq!(survey.free_listed, ["49".parse().unwrap()]);
    let gap = |country: &str| survey.gaps.iter().find(|gap| gap.country == country).map(|gap| gap.is_partial);
    assert_eq!((gap("US"), gap("SE"), gap("NO"), gap("DE")), (None, Some(true), Some(false), None));
}

#[test]
fn bytes_that_are_no_deck_make_none() {
    let bytes = pack(&deck_of(AZURE));
    assert_eq!(unpack(&bytes).unwrap(), deck_of(AZURE));
    for cut in 0..bytes.len() {
        assert!(unpack(&bytes[..cut]).is_err());
    }
    assert!(unpack(b"deck\x001\xff\xff\xff\xff\xff\xff\xff\xff\x7f").is_err());
}

fn rows() -> impl Strategy<Value = BTreeMap<String, (i64, String, RateTerms)>> {
    let terms = (
        proptest::option::of(0_i64..9_000_000),
        proptest::option::of(1_u32..90_000),
        proptest::option::of(1_u32..90_000),
    )
        .prop_map(|(connection_micros, first_ms, next_ms)| RateTerms {
            connection_micros,
            first_ms,
            next_ms,
            ..RateTerms::default()
        });
    proptest::collection::btree_map(
        "[0-9]{0,5}",
        (0_i64..9_000_000_000, "[a-z,\"; ]{0,6}[a-z]", terms),
        1..60,
    )
}

fn built(rows: &BTreeMap<String, (i64, String, RateTerms)>) -> Deck {
    let mut builder = Builder::default();
    for (line, (prefix, (micros, name, terms))) in (2..).zip(rows) {
        let destination = Destination { name: name.trim().to_owned(), ..Destination::default() };
        let rate = builder.rate(&destination, *micros, *terms);
        builder.add(prefix.parse().unwrap(), rate, line);
    }
    builder.build().0
}

proptest! {
    #[test]
    fn it_finds_what_looking_at_each_prefix_finds(rows in rows(), digits in "[1-9][0-9]{6,14}") {
        let deck = built(&rows);
        let longest = rows.iter().filter(|(prefix, _)| digits.starts_with(prefix.as_str())).max_by_key(|(prefix, _)| prefix.len());
        let found = deck.find(E164::parse(&format!("+{digits}")).unwrap());
        prop_assert_eq!(
            found.map(|row| (row.prefix.to_string(), row.rate.per_minute_micros)),
            longest.map(|(prefix, (micros, ..))| (prefix.clone(), *micros))
        );
    }

    #[test]
    fn what_is_exported_and_what_is_packed_is_the_same_deck(rows in rows()) {
        let deck = built(&rows);
        let again = read(&write(&deck, "EUR")).unwrap();
        prop_assert_eq!(&again.deck, &deck);
        prop_assert_eq!(again.currency.as_deref(), Some("EUR"));
        prop_assert_eq!(write(&again.deck, "EUR"), write(&deck, "EUR"));
        prop_assert_eq!(unpack(&pack(&deck)).unwrap(), deck);
    }

    #[test]
    fn nothing_that_is_read_panics(text in "\\PC{0,200}", rows in proptest::collection::vec("[0-9+;,.\\-/eE ]{0,20}", 0..20)) {
        let _ = read(&text);
        let _ = read(&format!("prefix,rate,increment\n{}", rows.join("\n")));
    }
}
