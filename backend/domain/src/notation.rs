//! How a number is written for people (ITU-T E.123), as far as its country's plan is known here: the North American one,
//! and those of the United Kingdom, Sweden and Australia. What is not known is left out.

use crate::{country, numbering::NumberType, phone::E164};

/// A number as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notation {
    /// As at home: `(212) 555-0100`. `None` where the country's way is not known here.
    pub national: Option<String>,
    /// As from abroad: `+1 212-555-0100`.
    pub international: String,
}

/// How a number is written.
#[must_use]
pub fn of(number: E164) -> Notation {
    let digits = number.digits();
    let Some(code) = country::of(number).and_then(country::calling_code) else {
        return Notation { national: None, international: number.to_string() };
    };
    let rest = digits.strip_prefix(code).unwrap_or(&digits);
    let written = match code {
        "1" => north_american(rest),
        "44" => british(rest),
        "46" => swedish(rest),
        "61" => australian(rest),
        _ => None,
    };
    match written {
        Some((national, abroad)) => {
            Notation { national: Some(national), international: format!("+{code} {abroad}") }
        }
        None => Notation { national: None, international: format!("+{code} {rest}") },
    }
}

/// What kind a number is by its country's plan alone; `None` where the plan does not tell.
#[must_use]
pub fn kind(number: E164) -> Option<NumberType> {
    let digits = number.digits();
    let rest = digits.get(2..)?;
    let first = |length: usize| rest.get(..length).unwrap_or_default();
    let north_american_toll_free =
        ["1800", "1833", "1844", "1855", "1866", "1877", "1888"].iter().any(|code| digits.starts_with(code));
    match (digits.get(..2)?, first(1), first(2), first(3)) {
        _ if digits.starts_with('1') => north_american_toll_free.then_some(NumberType::TollFree),
        ("44", "1" | "2", ..) | ("61", "2" | "3" | "7" | "8", ..) => Some(NumberType::Geographic),
        ("44", _, "71" | "72" | "73" | "74" | "75" | "77" | "78" | "79", _) => Some(NumberType::Mobile),
        ("44", _, _, "800" | "808") => Some(NumberType::TollFree),
        ("46", _, "70" | "72" | "73" | "76" | "79", _) | ("61", "4", ..) => Some(NumberType::Mobile),
        ("46", "8", ..) => Some(NumberType::Geographic),
        ("46", _, "20", _) | ("61", _, _, "180") => Some(NumberType::TollFree),
        _ => None,
    }
}

/// National, and what stands after the country's code.
type Written = Option<(String, String)>;

fn north_american(rest: &str) -> Written {
    let parts = split(rest, &[3, 3, 4])?;
    let [area, exchange, line] = parts.as_slice() else { return None };
    Some((format!("({area}) {exchange}-{line}"), format!("{area}-{exchange}-{line}")))
}

/// Area codes of two digits (20, 23, 24, 28, 29), of three (11x, 1x1) and of four (Ofcom's plan).
fn british(rest: &str) -> Written {
    let second = rest.as_bytes().get(1).copied();
    let third = rest.as_bytes().get(2).copied();
    let groups: &[usize] = match (rest.as_bytes().first()?, second, third) {
        (b'2', ..) => &[2, 4, 4],
        (b'1', Some(b'1'), _) | (b'1', _, Some(b'1')) => &[3, 3, 4],
        (b'3' | b'8' | b'9', ..) => &[3, 3, 4],
        (b'1' | b'7', ..) => &[4, 6],
        _ => return None,
    };
    let abroad = split(rest, groups)?.join(" ");
    Some((format!("0{abroad}"), abroad))
}

/// Stockholm and mobile numbers; the length of the other area codes is not known here.
fn swedish(rest: &str) -> Written {
    let (area, groups): (usize, &[usize]) = match (rest.get(..1)?, rest.len()) {
        ("8", 7) => (1, &[2, 2, 2]),
        ("8", 8) => (1, &[3, 2, 2]),
        ("8", 9) => (1, &[3, 3, 2]),
        ("7", 9) => (2, &[3, 2, 2]),
        _ => return None,
    };
    let (area, line) = rest.split_at_checked(area)?;
    let line = split(line, groups)?.join(" ");
    Some((format!("0{area}-{line}"), format!("{area} {line}")))
}

fn australian(rest: &str) -> Written {
    match rest.get(..1)? {
        "4" => {
            let abroad = split(rest, &[3, 3, 3])?.join(" ");
            Some((format!("0{abroad}"), abroad))
        }
        "2" | "3" | "7" | "8" => {
            let parts = split(rest, &[1, 4, 4])?;
            let [area, head, tail] = parts.as_slice() else { return None };
            Some((format!("(0{area}) {head} {tail}"), format!("{area} {head} {tail}")))
        }
        _ => None,
    }
}

/// Digits in groups of these lengths; `None` where they are more or fewer.
fn split<'a>(mut digits: &'a str, groups: &[usize]) -> Option<Vec<&'a str>> {
    let mut parts = Vec::with_capacity(groups.len());
    for length in groups {
        let (head, tail) = digits.split_at_checked(*length)?;
        parts.push(head);
        digits = tail;
    }
    digits.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_their_country_does_and_plainly_where_that_is_not_known() {
        for (number, national, international) in [
            ("+12125550100", Some("(212) 555-0100"), "+1 212-555-0100"),
            ("+18005550100", Some("(800) 555-0100"), "+1 800-555-0100"),
            ("+442079460000", Some("020 7946 0000"), "+44 20 7946 0000"),
            ("+447700900123", Some("07700 900123"), "+44 7700 900123"),
            ("+448081570000", Some("0808 157 0000"), "+44 808 157 0000"),
            ("+441174960123", Some("0117 496 0123"), "+44 117 496 0123"),
            ("+441514960123", Some("0151 496 0123"), "+44 151 496 0123"),
            ("+441632960123", Some("01632 960123"), "+44 1632 960123"),
            ("+46846500400", Some("08-465 004 00"), "+46 8 465 004 00"),
            ("+46701740605", Some("070-174 06 05"), "+46 70 174 06 05"),
            ("+46313900600", None, "+46 313900600"),
            ("+61255500000", Some("(02) 5550 0000"), "+61 2 5550 0000"),
            ("+61491570006", Some("0491 570 006"), "+61 491 570 006"),
            ("+4930123456", None, "+49 30123456"),
            ("+1212555", None, "+1 212555"),
            ("+8831000000000", None, "+8831000000000"),
        ] {
            let number = E164::parse(number).expect("a number");
            let written = of(number);
            assert_eq!(written.national.as_deref(), national, "{number}");
            assert_eq!(written.international, international, "{number}");
        }
    }

    #[test]
    fn the_plan_tells_some_kinds_and_is_silent_on_others() {
        use NumberType::{Geographic, Mobile, TollFree};
        for (number, expected) in [
            ("+12125550100", None),
            ("+18445550100", Some(TollFree)),
            ("+442079460000", Some(Geographic)),
            ("+447700900123", Some(Mobile)),
            ("+447624000000", None),
            ("+448081570000", Some(TollFree)),
            ("+46846500400", Some(Geographic)),
            ("+46701740605", Some(Mobile)),
            ("+46313900600", None),
            ("+61255500000", Some(Geographic)),
            ("+61491570006", Some(Mobile)),
            ("+4930123456", None),
        ] {
            assert_eq!(kind(E164::parse(number).expect("a number")), expected, "{number}");
        }
    }
}
