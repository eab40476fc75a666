//! What is looked at before a request is written down or sent. Every refusal names the field and what to do.

use super::{CODE_MAX, DAYS_MAX, Details, Draft, LINE_MAX, LINES_MAX, NUMBERS_MAX, REASON_MAX};
use crate::Error;
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use domain::{
    country,
    phone::E164,
    porting::{portable, transfer_code},
};
use std::collections::BTreeSet;

/// The draft with its numbers read, or what is wrong with it. A draft may lack things; what it says must be right.
pub(super) fn draft(draft: &Draft, now: DateTime<Utc>) -> Result<Vec<E164>, Error> {
    if !country::is_known(&draft.country) {
        return Err(Error::invalid(
            "country",
            "say the country of the numbers by its two letters (ISO 3166-1), such as SE",
        ));
    }
    let read = numbers(draft)?;
    line("provider", &draft.provider)?;
    line("accountNumber", &draft.details.account_number)?;
    line("authorisedName", &draft.details.authorised_name)?;
    address(&draft.details)?;
    if let Some(code) = &draft.details.pin
        && (code.is_empty() || code.chars().count() > CODE_MAX || code.chars().any(char::is_control))
    {
        return Err(Error::invalid(
            "pin",
            format!("give the code in 1 to {CODE_MAX} characters, or leave it out"),
        ));
    }
    draft.wanted_on.map_or(Ok(()), |day| wanted_on(day, now))?;
    Ok(read)
}

fn numbers(draft: &Draft) -> Result<Vec<E164>, Error> {
    if draft.numbers.is_empty() || draft.numbers.len() > NUMBERS_MAX {
        return Err(Error::invalid("numbers", format!("give 1 to {NUMBERS_MAX} numbers of one country")));
    }
    let mut seen = BTreeSet::new();
    let read = draft.numbers.iter().enumerate().map(|(index, text)| {
        let field = format!("numbers.{index}");
        let number: E164 =
            text.trim().parse().map_err(|why| Error::invalid(&field, format!("{:?}: {why}", shown(text))))?;
        portable(number, &draft.country, draft.number_type)
            .map_err(|why| Error::invalid(&field, format!("{number}: {why}")))?;
        if seen.insert(number) {
            Ok(number)
        } else {
            Err(Error::invalid(&field, format!("{number} stands here twice: give each number once")))
        }
    });
    read.collect()
}

fn shown(text: &str) -> String {
    text.chars().take(30).collect()
}

fn address(details: &Details) -> Result<(), Error> {
    let address = &details.address;
    if address.lines.len() > LINES_MAX {
        return Err(Error::invalid("address.lines", format!("give {LINES_MAX} lines at most")));
    }
    for one in &address.lines {
        line("address.lines", one)?;
    }
    line("address.locality", &address.locality)?;
    line("address.region", &address.region)?;
    line("address.postalCode", &address.postal_code)
}

/// One line of text, which may be empty.
pub(super) fn line(field: &str, text: &str) -> Result<(), Error> {
    if text.chars().count() > LINE_MAX || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, format!("give one line of {LINE_MAX} characters at most")));
    }
    Ok(())
}

/// A reason, tidied.
pub(super) fn reason(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > REASON_MAX {
        let message = format!("say why in 1 to {REASON_MAX} characters: the other side reads it");
        return Err(Error::invalid(field, message));
    }
    Ok(text.to_owned())
}

/// Providers move numbers on working days, and not at once.
fn wanted_on(day: NaiveDate, now: DateTime<Utc>) -> Result<(), Error> {
    within("wantedOn", day, now)?;
    if day == now.date_naive() {
        return Err(Error::invalid(
            "wantedOn",
            "no provider lets a number go at once: give tomorrow or later",
        ));
    }
    if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
        let message =
            format!("{day} is a {}: providers move numbers from Monday to Friday", day.format("%A"));
        return Err(Error::invalid("wantedOn", message));
    }
    Ok(())
}

/// A day from today on, within a year.
pub(super) fn within(field: &str, day: NaiveDate, now: DateTime<Utc>) -> Result<(), Error> {
    let today = now.date_naive();
    if day < today {
        return Err(Error::invalid(field, format!("{day} is over: today is {today}, give a day to come")));
    }
    if (day - today).num_days() > DAYS_MAX {
        return Err(Error::invalid(
            field,
            format!("{day} is too far ahead: give a day within {DAYS_MAX} days"),
        ));
    }
    Ok(())
}

/// What a draft still lacks before it can be sent.
pub(super) fn whole(draft: &Draft, papers: &[String], now: DateTime<Utc>) -> Result<(), Error> {
    let details = &draft.details;
    let lacks = |field: &str, what: &str| Err(Error::invalid(field, format!("{what} before it is sent")));
    for (field, text, what) in [
        ("provider", draft.provider.as_str(), "say who provides the numbers now"),
        ("accountNumber", &details.account_number, "give your account number there"),
        ("authorisedName", &details.authorised_name, "say who may sign for the numbers there"),
        ("address.locality", &details.address.locality, "give the town of the billing address"),
    ] {
        if text.trim().is_empty() {
            return lacks(field, what);
        }
    }
    if details.address.lines.iter().all(|line| line.trim().is_empty()) {
        return lacks("address.lines", "give the street of the billing address");
    }
    if let (Some(code), None) = (transfer_code(&draft.country, draft.number_type), &details.pin) {
        return lacks("pin", &format!("ask the other provider for the {code}, and give it"));
    }
    match draft.wanted_on {
        None => return lacks("wantedOn", "say on which day the numbers shall move"),
        Some(day) => wanted_on(day, now)?,
    }
    for (kind, what) in [
        ("letterOfAuthority", "add the signed letter of authority"),
        ("bill", "add a recent bill of the other provider"),
    ] {
        if !papers.iter().any(|paper| paper == kind) {
            return lacks("documents", what);
        }
    }
    Ok(())
}
