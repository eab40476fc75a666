//! What people type about numbers that change their provider.

use super::day;
use crate::portal::amounts::amount;
use app::{
    Error,
    porting::{Acceptance, Details, Draft, NewPortOut, PortingRequest, PostalAddress},
};
use domain::money::{Currency, Money};
use serde::Deserialize;

/// A draft as somebody types it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DraftForm {
    pub(super) country: String,
    pub(super) number_type: String,
    pub(super) numbers: String,
    pub(super) provider: String,
    pub(super) account_number: String,
    pub(super) pin: String,
    pub(super) authorised_name: String,
    pub(super) lines: String,
    pub(super) locality: String,
    pub(super) region: String,
    pub(super) postal_code: String,
    pub(super) wanted_on: String,
}

impl DraftForm {
    pub(super) fn of(request: &PortingRequest) -> Self {
        let details = &request.details;
        let numbers: Vec<String> = request.numbers.iter().map(|row| row.number.to_string()).collect();
        Self {
            country: request.country.clone(),
            number_type: request.number_type.word().to_owned(),
            numbers: numbers.join("\n"),
            provider: request.provider.clone(),
            account_number: details.account_number.clone(),
            pin: String::new(),
            authorised_name: details.authorised_name.clone(),
            lines: details.address.lines.join("\n"),
            locality: details.address.locality.clone(),
            region: details.address.region.clone(),
            postal_code: details.address.postal_code.clone(),
            wanted_on: request.wanted_on.map(|day| day.to_string()).unwrap_or_default(),
        }
    }

    /// The draft; a code that is left empty stays as it was.
    pub(super) fn draft(&self, known_pin: Option<String>) -> Result<Draft, Error> {
        let numbers = self.numbers.split([',', ';', '\n', '\r', '\t']).map(str::trim);
        let pin = self.pin.trim();
        Ok(Draft {
            country: self.country.clone(),
            number_type: self
                .number_type
                .parse()
                .map_err(|_| Error::invalid("type", "choose the type of the numbers"))?,
            numbers: numbers.filter(|text| !text.is_empty()).map(str::to_owned).collect(),
            provider: self.provider.clone(),
            wanted_on: day("wantedOn", &self.wanted_on)?,
            details: Details {
                account_number: self.account_number.clone(),
                pin: if pin.is_empty() { known_pin } else { Some(pin.to_owned()) },
                authorised_name: self.authorised_name.clone(),
                address: PostalAddress {
                    lines: self
                        .lines
                        .lines()
                        .map(str::trim)
                        .filter(|line| !line.is_empty())
                        .map(str::to_owned)
                        .collect(),
                    locality: self.locality.clone(),
                    region: self.region.clone(),
                    postal_code: self.postal_code.clone(),
                },
                reference: String::new(),
            },
        })
    }
}

/// A number that leaves, as somebody types it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutForm {
    pub(super) number: String,
    pub(super) provider: String,
    pub(super) reference: String,
    pub(super) pin: String,
    pub(super) wanted_on: String,
    pub(super) answer_days: String,
}

impl OutForm {
    pub(super) fn read(&self) -> Result<NewPortOut, Error> {
        let pin = self.pin.trim();
        let days = self.answer_days.trim();
        let days = (!days.is_empty()).then(|| days.parse());
        Ok(NewPortOut {
            number: self.number.trim().parse().map_err(|why| Error::invalid("number", format!("{why}")))?,
            provider: self.provider.clone(),
            reference: self.reference.clone(),
            pin: (!pin.is_empty()).then(|| pin.to_owned()),
            wanted_on: day("wantedOn", &self.wanted_on)?,
            answer_days: days
                .transpose()
                .map_err(|_| Error::invalid("answerDays", "give a whole number of days"))?,
        })
    }
}

/// What somebody does with a request, with what goes with it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct MoveForm {
    pub(super) reason: String,
    pub(super) firm_on: String,
    pub(super) carrier: String,
    pub(super) monthly: String,
    pub(super) setup: String,
    /// `+12065551202 why` a line.
    pub(super) rejected: String,
}

impl MoveForm {
    pub(super) fn acceptance(&self, currency: Currency) -> Result<Acceptance, Error> {
        let price = |field: &str, text: &str| {
            Ok::<_, Error>(amount(field, text)?.map(|micros| Money::new(micros, currency)))
        };
        Ok(Acceptance {
            firm_on: self.day()?,
            carrier: self.carrier.clone(),
            monthly: price("monthly", &self.monthly)?,
            setup: price("setup", &self.setup)?,
            rejected: self.rejected(),
        })
    }

    pub(super) fn day(&self) -> Result<chrono::NaiveDate, Error> {
        day("firmOn", &self.firm_on)?
            .ok_or_else(|| Error::invalid("firmOn", "say on which day the numbers move"))
    }

    pub(super) fn rejected(&self) -> Vec<(String, String)> {
        let line = |line: &str| {
            let (number, reason) =
                line.trim().split_once(char::is_whitespace).unwrap_or_else(|| (line.trim(), ""));
            (number.to_owned(), reason.trim().to_owned())
        };
        self.rejected.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_lines_or_with_commas_and_a_code_that_is_left_empty_stays() {
        let form = DraftForm {
            country: "US".to_owned(),
            number_type: "mobile".to_owned(),
            numbers: "+12065551201, +12065551202\r\n+12065551203\n".to_owned(),
            ..DraftForm::default()
        };
        let draft = form.draft(Some("1234".to_owned())).expect("a draft");
        assert_eq!(draft.numbers, ["+12065551201", "+12065551202", "+12065551203"]);
        assert_eq!(draft.details.pin.as_deref(), Some("1234"));
        let wrong = DraftForm { wanted_on: "tomorrow".to_owned(), ..form };
        assert!(
            matches!(wrong.draft(None), Err(Error::Invalid { target: Some(field), .. }) if field == "wantedOn")
        );
    }

    #[test]
    fn each_number_that_does_not_come_has_its_reason_behind_it() {
        let form = MoveForm {
            rejected: "+12065551201 not there\n\n +12065551202\n".to_owned(),
            ..MoveForm::default()
        };
        let expected = [("+12065551201", "not there"), ("+12065551202", "")];
        assert_eq!(form.rejected(), expected.map(|(number, why)| (number.to_owned(), why.to_owned())));
        assert!(form.day().is_err());
    }
}
