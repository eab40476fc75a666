//! The file of a carrier's bill: its columns are found by their heads.

use crate::Error;
use chrono::{DateTime, NaiveDateTime, Utc};
use domain::reconciliation::BillRow;

/// Rows of a bill at most.
pub const BILL_ROWS_MAX: usize = 50_000;
/// Digits of a fraction that count: a micro-unit.
const DECIMALS: usize = 6;

/// The heads by which columns are known, in small letters.
const TO: [&str; 9] = [
    "to",
    "called",
    "callee",
    "called_number",
    "destination",
    "destination_number",
    "dst",
    "b_number",
    "number",
];
const AT: [&str; 11] = [
    "answered_at",
    "answer_time",
    "connect_time",
    "started_at",
    "start_time",
    "start",
    "time",
    "date_time",
    "datetime",
    "call_date",
    "date",
];
const LASTED: [&str; 8] = [
    "duration_ms",
    "billed_seconds",
    "billsec",
    "duration_seconds",
    "duration_sec",
    "seconds",
    "duration",
    "billed_duration",
];
const PRICE: [&str; 6] = ["price", "cost", "amount", "charge", "total", "total_price"];

/// Where the columns are.
#[derive(Debug, PartialEq, Eq)]
struct Columns {
    to: usize,
    at: usize,
    lasted: usize,
    in_ms: bool,
    price: Option<usize>,
}

impl Columns {
    fn of(heads: &csv::StringRecord) -> Result<Self, Error> {
        let known: Vec<String> = heads.iter().map(plain).collect();
        let find = |names: &[&str]| names.iter().find_map(|name| known.iter().position(|head| head == name));
        let wanted = |what: &str, names: &[&str]| {
            let message = format!("there is no column with {what}: its head is one of {}", names.join(", "));
            find(names).ok_or_else(|| Error::invalid("body", message))
        };
        let lasted = wanted("the duration", &LASTED)?;
        Ok(Self {
            to: wanted("the called number", &TO)?,
            at: wanted("the time", &AT)?,
            lasted,
            in_ms: known[lasted].ends_with("_ms"),
            price: find(&PRICE),
        })
    }
}

/// The rows of a bill.
///
/// # Errors
/// [`Error::Invalid`] for a file that is no such table: which line, and why.
pub(super) fn rows(text: &str) -> Result<Vec<BillRow>, Error> {
    let head = text.lines().next().unwrap_or_default();
    let count = |mark: u8| head.bytes().filter(|byte| *byte == mark).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|mark| count(*mark)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| Error::invalid("body", format!("this is no table: {error}"));
    let columns = Columns::of(reader.headers().map_err(unreadable)?)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() == BILL_ROWS_MAX {
            return Err(Error::invalid(
                "body",
                format!("a bill has {BILL_ROWS_MAX} rows at most: send it in parts"),
            ));
        }
        rows.push(row(&record, &columns, line)?);
    }
    Ok(rows)
}

fn row(record: &csv::StringRecord, columns: &Columns, line: u64) -> Result<BillRow, Error> {
    let field = |column: usize| record.get(column).unwrap_or_default().trim();
    let wrong =
        |what: &str, text: &str| Error::invalid("body", format!("line {line}: {text:?} is no {what}"));
    let to: String = field(columns.to).chars().filter(char::is_ascii_digit).collect();
    let to = to.strip_prefix("00").unwrap_or(&to).to_owned();
    if to.is_empty() {
        return Err(wrong("number", field(columns.to)));
    }
    let at_ms = time(field(columns.at))
        .ok_or_else(|| wrong("time such as 2026-11-23 09:00:00", field(columns.at)))?;
    let lasted = field(columns.lasted);
    let duration_ms = duration(lasted, columns.in_ms).ok_or_else(|| wrong("duration", lasted))?;
    let price = columns.price.map(field).filter(|text| !text.is_empty());
    let price_micros = price.map(|text| decimal(text).ok_or_else(|| wrong("price", text))).transpose()?;
    Ok(BillRow { line, to, at_ms, duration_ms, price_micros })
}

/// A head in small letters, with `_` between its words.
fn plain(head: &str) -> String {
    let head = head.trim_start_matches('\u{feff}').trim().to_ascii_lowercase();
    head.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

/// RFC 3339, the same without a zone (UTC), or seconds since 1970.
fn time(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<DateTime<Utc>>() {
        return Some(at.timestamp_millis());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y/%m/%d %H:%M:%S"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Some(at.and_utc().timestamp_millis());
        }
    }
    decimal(text).map(|micros| micros / 1_000)
}

/// Seconds, `minutes:seconds`, `hours:minutes:seconds`, or milliseconds where the head says so.
fn duration(text: &str, in_ms: bool) -> Option<i64> {
    let mut micros = 0_i64;
    for part in text.split(':') {
        micros = micros.checked_mul(60)?.checked_add(decimal(part)?)?;
    }
    if micros < 0 {
        return None;
    }
    Some(if in_ms { micros / 1_000_000 } else { micros / 1_000 })
}

/// A decimal number in millionths; what is smaller is cut off.
fn decimal(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !are_digits(whole) || !are_digits(part) {
        return None;
    }
    let part = format!("{:0<DECIMALS$}", &part[..part.len().min(DECIMALS)]);
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let micros = whole.checked_mul(1_000_000)?.checked_add(part.parse().ok()?)?;
    Some(sign * micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_heads_whatever_separates_them() {
        let want = [(2, "46701740605", 1_795_424_400_000, 61_500, Some(13_000))];
        for text in [
            "Called Number,Start Time,Duration (sec),Price\n+46701740605,2026-11-23 09:00:00,61.5,0.013\n",
            "price;to;billsec;datetime\n0.0130009;0046701740605;00:01:01.5;2026-11-23T09:00:00Z\n",
            "\u{feff}to\tanswered_at\tduration_ms\tcost\n46 701 740 605\t1795424400\t61500\t0.013\n",
        ] {
            let found = rows(text).expect(text);
            let shown: Vec<_> = found
                .iter()
                .map(|row| (row.line, row.to.as_str(), row.at_ms, row.duration_ms, row.price_micros))
                .collect();
            assert_eq!(shown, want, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        for (text, words) in [
            ("a,b\n1,2\n", "there is no column with the duration"),
            ("to,time,seconds\n46,2026-11-23 09:00:00,5\n46,yesterday,5\n", "line 3"),
            ("to,time,seconds\n46,2026-11-23 09:00:00,-5\n", "is no duration"),
            ("to,time,seconds,price\n46,2026-11-23 09:00:00,5,much\n", "is no price"),
            ("to,time,seconds\nnobody,2026-11-23 09:00:00,5\n", "is no number"),
        ] {
            let error = rows(text).expect_err(text);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
