//! How long it takes to read a deck of a million rows, and to rate a million calls against one of 500,000.
//!
//! `cargo run --release -p dialtone-domain --example deck_bench`

#![expect(clippy::disallowed_methods, reason = "it measures time, which the rules themselves never read")]

use dialtone_domain::{
    config::{Abilities, Platform, PlatformPiece, Snapshot},
    deck::{Comparison, Deck, pack, read, survey, unpack, write},
    ids::{DeckId, PlanId},
    money::Currency,
    phone::E164,
    rating::{DeckUse, Quote, sandbox_plan},
};
use std::{fmt::Write as _, hint::black_box, sync::Arc, time::Instant};
use uuid::Uuid;

/// The server's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: u64 = 1_000_000;

/// A spread that is the same each time.
const fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A file with so many rows of five to nine digits, as carriers send them.
fn file(rows: u64) -> String {
    let mut text = String::from("Destination Name,Destination Type,Country,Prefix,Price / min\n");
    for row in 0..rows {
        let digits = 5 + mixed(row) % 5;
        let span = 9 * 10_u64.pow(u32::try_from(digits).expect("small") - 1);
        let prefix = span / 9 + mixed(row * 7 + 1) % span;
        let price = 1_000 + mixed(prefix) % 400 * 100;
        let _ = writeln!(text, "Place {},mobile,XX,{prefix},0.{price:06}", prefix / 10_000);
    }
    text
}

fn took(what: &str, begun: Instant) {
    println!("{what:<60} {:8.0} ms", begun.elapsed().as_secs_f64() * 1_000.0);
}

fn main() {
    for rows in [500_000, 1_000_000] {
        let text = file(rows);
        let begun = Instant::now();
        let deck = read(&text).expect("it is a deck").deck;
        took(&format!("read {rows} rows ({} MiB), {} prefixes", text.len() >> 20, deck.len()), begun);
        println!("{:<60} {:8.1} bytes a row", "in memory", deck.row_bytes() as f64 / deck.len() as f64);
        let begun = Instant::now();
        let found = (Comparison::of(&Deck::default(), &deck), survey(&deck));
        took("compared and looked over", begun);
        black_box(found);
        let begun = Instant::now();
        let packed = pack(&deck);
        took(&format!("packed into {} MiB", packed.len() >> 20), begun);
        let begun = Instant::now();
        let again = unpack(&packed).expect("it was packed");
        took("unpacked and indexed", begun);
        let begun = Instant::now();
        black_box(write(&again, "USD"));
        took("exported", begun);
        rate(again);
    }
}

/// Finds the price of a call and charges for it.
fn rate(deck: Deck) {
    let mut plan = sandbox_plan(PlanId(Uuid::from_u128(9)));
    let hash = "deck".to_owned();
    let rate_version = "sandbox-1+deck-1".to_owned();
    plan.deck = Some(DeckUse { deck: DeckId(Uuid::nil()), hash: hash.clone(), rate_version });
    let prefixes = deck.len();
    let decks = [(hash, Arc::new(deck))].into();
    let platform = Platform::new(Vec::new(), vec![plan], Abilities { sip_tls: true, srtp: true });
    let snapshot = Snapshot::new(Arc::new(PlatformPiece::with_decks(platform, decks)), []);
    let plan = &snapshot.platform.value.plans[0];
    let numbers: Vec<E164> = (0..CALLS)
        .map(|n| {
            let number = 10_000_000_000 + mixed(n) % 989_999_999_999;
            E164::parse(&format!("+{number}")).expect("a number")
        })
        .collect();
    let at = chrono::DateTime::UNIX_EPOCH;
    let begun = Instant::now();
    let (mut sum, mut by_deck) = (0_i64, 0_u64);
    for (number, n) in numbers.iter().zip(0..) {
        let line = snapshot.outbound(plan, *number, at).expect("the plan sells everything");
        by_deck += u64::from(line.rate_version.len() > 10);
        let quote = Quote { currency: Currency::USD, lines: vec![line] };
        sum = sum.wrapping_add(quote.price(mixed(n) % 600_000).micros);
    }
    black_box(sum);
    let each = begun.elapsed().as_secs_f64() * 1e9 / CALLS as f64;
    let share = by_deck * 100 / CALLS;
    took(&format!("rated {CALLS} calls against {prefixes} prefixes, {share} % by it"), begun);
    println!("{:<60} {each:8.0} ns", "each");
}
