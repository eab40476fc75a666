//! Searches of a stock of a million numbers, on SQLite, in a scratch directory: how long each kind of search takes while
//! numbers are held, sold and given back beside it.
//!
//! Each search is what the app does: the kinds that will do, then numbers of them; `hold` is the whole transaction of a
//! search that holds ten numbers.

use chrono::{Duration as Days, Utc};
use domain::access::Scope;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};
use store::{
    Db, Error, Options,
    stock::{self, FREE, Pattern, Stock, Wanted},
};
use uuid::Uuid;

/// Numbers of each area code.
const EACH: u64 = 2_000;
/// Rows of one transaction while the stock is filled.
const BATCH: usize = 10_000;
/// What a search may take at the 99th percentile.
const PROMISE: Duration = Duration::from_millis(20);
/// Numbers of a page of results.
const PAGE: u64 = 100;
/// Kinds of which a search without digits chooses, as the app does.
const KINDS: u64 = 256;
/// Numbers of a search that holds.
const HELD: u64 = 10;
/// Pause between two changes beside the searches.
const PACE: Duration = Duration::from_millis(10);

/// Fills a stock with so many numbers and asks each kind of question so many times.
pub(crate) fn run(numbers: u64, questions: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let folder = std::env::temp_dir().join(format!("dialtone-stock-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a scratch directory");
    let scratch = Scratch(folder);
    let url = format!("sqlite://{}/stock.db?mode=rwc", scratch.0.display());
    let slowest = runtime.expect("a runtime").block_on(async {
        let db = Db::connect(&url, Options::default()).await.expect("a database");
        db.migrate().await.expect("its tables");
        fill(&db, numbers).await;
        tokio::task::LocalSet::new().run_until(ask(&db, questions)).await
    });
    assert!(
        slowest < PROMISE,
        "a kind of search took {slowest:?} at the 99th percentile: {PROMISE:?} is promised"
    );
}

/// A directory that goes when the run does.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It lies among the system's temporary files: where it stays, nothing is lost.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn system() -> Scope {
    Scope::system("a load run fills and searches a stock of its own")
}

/// Number, country, type and area code of the number at a place: nine tenths geographic US numbers of 450 area codes.
fn number(place: u64) -> Stock {
    let code = 201 + (place / EACH) % 450;
    let line = 2_000_000 + (place % EACH) * 3_989 % 7_999_999;
    let (e164, country, number_type, code) = match place % 20 {
        0 => (format!("+44{}{:08}", 77, place % 100_000_000), "GB", "mobile", None),
        1 => (format!("+1800{:07}", place / 20 * 7 % 10_000_000), "US", "tollFree", Some("800".to_owned())),
        _ => (format!("+1{code}{line:07}"), "US", "geographic", Some(code.to_string())),
    };
    Stock {
        e164,
        number_type: number_type.to_owned(),
        country: country.to_owned(),
        locality: code.as_ref().map(|code| format!("Place {code}")),
        area_code: code,
        calling: "inbound+outbound".to_owned(),
        sms: if place.is_multiple_of(3) { "inbound+outbound" } else { "none" }.to_owned(),
        carrier_id: Uuid::nil(),
        monthly_micros: if place.is_multiple_of(2) { 1_000_000 } else { 1_500_000 },
        currency: "USD".to_owned(),
        state: FREE.to_owned(),
        held_by: None,
        held_until: None,
        kind_id: 0,
        supplier_id: None,
        cost_micros: 400_000,
        setup_micros: 0,
        last_tenant_id: None,
    }
}

async fn fill(db: &Db, numbers: u64) {
    let began = Instant::now();
    let (mut place, mut there) = (0_u64, 0_u64);
    while there < numbers {
        let rows: Vec<Stock> = (place..place + BATCH as u64).map(number).collect();
        place += BATCH as u64;
        there += db
            .write::<_, Error, _>(async |tx| stock::add(tx, &system(), rows.clone()).await)
            .await
            .expect("a stock");
    }
    println!("\n{there} numbers in {:.1} s", began.elapsed().as_secs_f64());
}

/// One kind of question.
struct Question {
    name: &'static str,
    wanted: fn(u64) -> Wanted,
    pattern: fn(u64) -> Pattern,
}

fn us(number_type: &str, code: Option<u64>) -> Wanted {
    Wanted {
        country: Some("US".to_owned()),
        number_type: Some(number_type.to_owned()),
        area_code: code.map(|code| code.to_string()),
        calling: vec!["inbound+outbound".to_owned()],
        ..Wanted::default()
    }
}

fn code(turn: u64) -> u64 {
    201 + turn * 37 % 450
}

const fn any(_: u64) -> Pattern {
    Pattern { prefixes: Vec::new(), contains: String::new() }
}

const fn contains(digits: String) -> Pattern {
    Pattern { prefixes: Vec::new(), contains: digits }
}

const QUESTIONS: [Question; 9] = [
    Question { name: "country and type", wanted: |_| us("geographic", None), pattern: any },
    Question { name: "area code", wanted: |turn| us("geographic", Some(code(turn))), pattern: any },
    Question {
        name: "prefix of 6 digits",
        wanted: |_| us("geographic", None),
        pattern: |turn| Pattern {
            prefixes: vec![format!("1{}{}", code(turn), 20 + turn % 70)],
            ..Pattern::default()
        },
    },
    Question {
        name: "prefix of 2 digits",
        wanted: |_| us("geographic", None),
        pattern: |turn| Pattern { prefixes: vec![format!("1{}", 2 + turn % 4)], ..Pattern::default() },
    },
    Question {
        name: "contains 3 digits",
        wanted: |_| us("geographic", None),
        pattern: |turn| contains(format!("{:03}", turn * 7 % 1_000)),
    },
    Question {
        name: "contains 4 digits",
        wanted: |_| us("geographic", None),
        pattern: |turn| contains(format!("{:04}", turn * 97 % 10_000)),
    },
    Question {
        name: "contains 6 digits",
        wanted: |_| us("geographic", None),
        pattern: |turn| contains(format!("{:06}", turn * 7_919 % 1_000_000)),
    },
    Question {
        name: "code and 3 digits",
        wanted: |turn| us("geographic", Some(code(turn))),
        pattern: |turn| contains(format!("{:03}", turn * 7 % 1_000)),
    },
    Question {
        name: "digits of another country",
        wanted: |_| us("tollFree", None),
        pattern: |turn| contains(format!("447{}", 7 + turn % 2)),
    },
];

/// Asks, and answers the slowest 99th percentile.
async fn ask(db: &Db, questions: usize) -> Duration {
    let (stop, changes) = (AtomicBool::new(false), AtomicU64::new(0));
    let beside = async {
        let mut turn = 0;
        while !stop.load(Ordering::Relaxed) {
            change(db, turn).await;
            turn += 1;
            changes.store(turn, Ordering::Relaxed);
            tokio::time::sleep(PACE).await;
        }
    };
    let asked = async {
        println!("{:>28} {:>9} {:>9} {:>9} {:>9}", "search", "p50 ms", "p99 ms", "most ms", "found");
        let mut slowest = Duration::ZERO;
        for question in &QUESTIONS {
            let (mut times, mut found) = (Vec::with_capacity(questions), 0);
            for turn in 0..questions as u64 {
                let began = Instant::now();
                found += look(db, question, turn).await;
                times.push(began.elapsed());
            }
            slowest = slowest.max(print(question.name, times, found / questions));
        }
        let mut times = Vec::with_capacity(questions);
        for turn in 0..questions as u64 {
            let began = Instant::now();
            hold(db, turn).await;
            times.push(began.elapsed());
        }
        // No search: it waits for the disk, and for whoever writes beside it.
        let _ = print("hold of ten, committed", times, HELD as usize);
        let mut times = Vec::with_capacity(questions);
        for _ in 0..questions {
            let began = Instant::now();
            let wanted = Wanted { country: Some("US".to_owned()), ..Wanted::default() };
            std::hint::black_box(stock::area_codes(db.read(), &system(), &wanted).await.expect("codes"));
            std::hint::black_box(stock::offers(db.read(), &system(), &wanted).await.expect("offers"));
            times.push(began.elapsed());
        }
        slowest = slowest.max(print("area codes and offerings", times, 0));
        stop.store(true, Ordering::Relaxed);
        slowest
    };
    let (slowest, ()) = tokio::join!(asked, beside);
    println!("{} numbers were held, sold or given back beside it", changes.load(Ordering::Relaxed) * HELD);
    slowest
}

fn print(name: &str, mut times: Vec<Duration>, found: usize) -> Duration {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("{name:>28} {:>9.2} {:>9.2} {:>9.2} {found:>9}", ms(at(50)), ms(at(99)), ms(at(100)));
    at(99)
}

/// Finds a page of numbers, and says how many there were.
async fn look(db: &Db, question: &Question, turn: u64) -> usize {
    let (wanted, pattern, scope) = ((question.wanted)(turn), (question.pattern)(turn), system());
    if !pattern.is_any() {
        return stock::matching(db.read(), &scope, &wanted, &pattern, PAGE).await.expect("numbers").len();
    }
    let kinds = stock::cheapest(db.read(), &scope, &wanted, (0, KINDS)).await.expect("kinds");
    let Some(kind) = kinds.get(turn as usize % kinds.len().max(1)) else { return 0 };
    let ends = stock::ends(db.read(), &scope, kind.id).await.expect("ends");
    let from = ends.map(|(low, _)| low).unwrap_or_default();
    stock::free(db.read(), &scope, kind.id, &from, PAGE).await.expect("numbers").len()
}

/// Holds ten numbers of an area code for a search.
async fn hold(db: &Db, turn: u64) -> Uuid {
    let (search, scope) = (Uuid::now_v7(), system());
    db.write::<_, Error, _>(async |tx| {
        let wanted = us("geographic", Some(code(turn)));
        let kinds = stock::cheapest(tx, &scope, &wanted, (0, KINDS)).await?;
        let Some(kind) = kinds.first() else { return Ok(()) };
        let found = stock::free(tx, &scope, kind.id, "", HELD).await?;
        let names: Vec<String> = found.into_iter().map(|row| row.e164).collect();
        stock::hold(tx, &scope, &names, search, Utc::now() + Days::minutes(16)).await.map(drop)
    })
    .await
    .expect("a hold");
    search
}

/// What goes on beside the searches: numbers are held; a third is sold, a third let go, a third waits for its end.
async fn change(db: &Db, turn: u64) {
    let search = hold(db, turn * 13).await;
    let done = db.write::<_, Error, _>(async |tx| match turn % 3 {
        0 => stock::sell(tx, &system(), search).await,
        1 => stock::let_go(tx, &system(), search).await,
        _ => Ok(0),
    });
    done.await.expect("a change");
}
