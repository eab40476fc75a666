//! A deck out of a CSV file.

use super::{
    Builder, Column, Columns, Deck, Destination, Duplicate, ROWS_MAX,
    fields::{increments, micros, milliseconds, prefixes},
};
use crate::rating::RateTerms;
use serde::Serialize;

/// Bytes of a file at most.
pub const READ_MAX_BYTES: usize = 128 * 1024 * 1024;
/// Bad rows that are told at most; the others are counted.
pub const FAULTS_MAX: usize = 1_000;
/// Characters of a name that are kept.
const TEXT_MAX: usize = 120;

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Its line in the file; 1 is the heading.
    pub line: u64,
    /// The heading of the column; empty where it is the row.
    pub column: String,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// Why a file makes no deck.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Faults {
    /// The first of them.
    pub listed: Vec<Fault>,
    /// How many there are.
    pub count: u64,
}

impl Faults {
    fn one(message: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(1, "", message.into());
        faults
    }

    fn add(&mut self, line: u64, column: &str, message: String) {
        self.count += 1;
        if self.listed.len() < FAULTS_MAX {
            self.listed.push(Fault { line, column: column.to_owned(), message });
        }
    }
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The deck.
    pub deck: Deck,
    /// Which column was taken for what.
    pub columns: Columns,
    /// What stands in it twice.
    pub duplicates: Vec<Duplicate>,
    /// The currency, where the file says one.
    pub currency: Option<String>,
}

/// Reads a file: columns by their headings, separated by commas, semicolons or tabs.
///
/// # Errors
/// Every bad row, up to [`FAULTS_MAX`] of them: a file with one makes no deck.
pub fn read(text: &str) -> Result<Read, Faults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > READ_MAX_BYTES {
        return Err(Faults::one(format!("a file is {} MiB at most", READ_MAX_BYTES >> 20)));
    }
    let heading = text.lines().next().unwrap_or_default();
    let count = |letter: char| heading.matches(letter).count();
    let delimiter = [';', '\t', ','].into_iter().max_by_key(|letter| count(*letter)).unwrap_or(',');
    let mut file = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headings = file.headers().map_err(|error| Faults::one(error.to_string()))?.clone();
    let columns = Columns::detect(&headings);
    if !columns.are_enough() {
        let text = format!(
            "there is no column for the prefix and one for the price a minute: the headings are {}. Name them prefix and perMinute",
            columns.headings.join(", ")
        );
        return Err(Faults::one(text));
    }
    let mut reader = Reader::new(columns, text.len());
    let mut record = csv::StringRecord::new();
    loop {
        match file.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => reader.row(&record),
            Err(error) => {
                reader.faults.add(error.position().map_or(1, csv::Position::line), "", error.to_string());
            }
        }
        if reader.builder.len() > ROWS_MAX {
            return Err(Faults::one(format!("a deck has {ROWS_MAX} prefixes at most")));
        }
    }
    reader.finish()
}

/// The places of the columns that a row is read from.
struct Places([Option<usize>; 12]);

impl Places {
    fn cell<'r>(&self, record: &'r csv::StringRecord, column: Column) -> &'r str {
        self.0[column as usize].and_then(|place| record.get(place)).unwrap_or_default()
    }
}

struct Reader {
    columns: Columns,
    places: Places,
    builder: Builder,
    faults: Faults,
    currency: Option<String>,
    /// The last rate: rows beside each other are alike as a rule.
    last: Option<([String; 3], i64, RateTerms, u32)>,
}

/// What is wrong with a cell: its column and why.
type Wrong = (Column, String);

impl Reader {
    fn new(columns: Columns, bytes: usize) -> Self {
        let mut places = [None; 12];
        for (place, column) in columns.found.iter().enumerate() {
            if let Some(known) = places.get_mut(*column as usize) {
                *known = Some(place);
            }
        }
        let builder = Builder::with_capacity((bytes / 30).min(ROWS_MAX));
        Self {
            columns,
            places: Places(places),
            builder,
            faults: Faults::default(),
            currency: None,
            last: None,
        }
    }

    fn row(&mut self, record: &csv::StringRecord) {
        if record.iter().all(str::is_empty) {
            return;
        }
        let line = record.position().map_or(0, csv::Position::line);
        if let Err((column, message)) = self.try_row(record, line) {
            let place = self.columns.place(column);
            let heading =
                place.and_then(|place| self.columns.headings.get(place)).cloned().unwrap_or_default();
            self.faults.add(line, &heading, message);
        }
    }

    fn try_row(&mut self, record: &csv::StringRecord, line: u64) -> Result<(), Wrong> {
        let cell = |column| self.places.cell(record, column);
        let price = micros(cell(Column::PerMinute)).map_err(|text| (Column::PerMinute, text))?;
        let terms = terms(&self.places, record)?;
        let currency = cell(Column::Currency);
        if !currency.is_empty() {
            match &self.currency {
                None => self.currency = Some(currency.to_ascii_uppercase()),
                Some(known) if known.eq_ignore_ascii_case(currency) => {}
                Some(known) => {
                    let text =
                        format!("a deck is in one currency: this is {currency}, and rows before are {known}");
                    return Err((Column::Currency, text));
                }
            }
        }
        let texts = [cell(Column::Destination), cell(Column::Kind), cell(Column::Country)];
        let rate = match &self.last {
            Some((same, micros, by, rate)) if *micros == price && *by == terms && *same == texts => *rate,
            _ => {
                let [name, kind, country] = texts.map(|text| text.chars().take(TEXT_MAX).collect::<String>());
                let destination = Destination { name, kind, country };
                let rate = self.builder.rate(&destination, price, terms);
                self.last = Some((texts.map(str::to_owned), price, terms, rate));
                rate
            }
        };
        let (code, text) = (cell(Column::CountryCode), cell(Column::Prefix));
        let has_codes = self.places.0[Column::CountryCode as usize].is_some();
        let builder = &mut self.builder;
        let code = if has_codes { code } else { "" };
        prefixes(code, text, |prefix| builder.add(prefix, rate, line)).map_err(|text| (Column::Prefix, text))
    }

    fn finish(self) -> Result<Read, Faults> {
        if self.faults.count > 0 {
            return Err(self.faults);
        }
        if self.builder.is_empty() {
            return Err(Faults::one("there is no row below the headings"));
        }
        if self.builder.len() > ROWS_MAX {
            return Err(Faults::one(format!("a deck has {ROWS_MAX} prefixes at most")));
        }
        let (deck, duplicates) = self.builder.build();
        Ok(Read { deck, columns: self.columns, duplicates, currency: self.currency })
    }
}

fn terms(places: &Places, record: &csv::StringRecord) -> Result<RateTerms, Wrong> {
    let cell = |column| Some(places.cell(record, column)).filter(|text| !text.is_empty());
    let money = |column| cell(column).map(|text| micros(text).map_err(|text| (column, text))).transpose();
    let time = |column, least| {
        cell(column).map(|text| milliseconds(text, least).map_err(|text| (column, text))).transpose()
    };
    let next = cell(Column::Increment)
        .map(|text| increments(text).map_err(|text| (Column::Increment, text)))
        .transpose()?;
    let first = time(Column::FirstIncrement, 1)?;
    Ok(RateTerms {
        connection_micros: money(Column::ConnectionFee)?,
        first_ms: first.or_else(|| next.and_then(|(first, _)| first)),
        next_ms: next.map(|(_, next)| next),
        minimum_ms: time(Column::MinimumDuration, 0)?,
        minimum_micros: money(Column::MinimumCharge)?,
    })
}
