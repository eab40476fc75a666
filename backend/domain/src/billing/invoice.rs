//! What an invoice is, and what becomes of it.

use serde::{Deserialize, Serialize};

/// Steps of reminders at most.
pub const REMINDERS_MAX: usize = 10;
/// Days of a term or a step at most.
pub const DAYS_MAX: u32 = 365;
/// Letters of a series at most.
const SERIES_MAX: usize = 12;
/// Digits that a number is filled up to.
const DIGITS: usize = 6;

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Something is to be paid.
    Invoice,
    /// Something is given back.
    CreditNote,
}

/// Where an invoice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Its lines stand, it has no number yet, and nobody owes it.
    Draft,
    /// It is to be paid.
    Open,
    /// It is paid.
    Paid,
    /// It should have been paid.
    Overdue,
    /// Nobody expects it to be paid any more.
    WrittenOff,
}

/// What may be done to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It gets its number, and is to be paid.
    Issue,
    /// It was paid.
    Settle,
    /// Its day has passed.
    FallDue,
    /// What paid it went away again.
    Reopen,
    /// It is not expected any more.
    WriteOff,
}

/// What cannot be done to an invoice in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that cannot be done to an invoice that is {}", self.0.word())]
pub struct NotNow(pub State);

impl Kind {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "creditNote",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Invoice, Self::CreditNote].into_iter().find(|kind| kind.word() == word)
    }
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Open, Self::Paid, Self::Overdue, Self::WrittenOff];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Overdue => "overdue",
            Self::WrittenOff => "writtenOff",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Where an action brings it.
    ///
    /// # Errors
    /// [`NotNow`].
    pub const fn after(self, action: Action) -> Result<Self, NotNow> {
        match (self, action) {
            (Self::Draft, Action::Issue) | (Self::Paid, Action::Reopen) => Ok(Self::Open),
            (Self::Open | Self::Overdue, Action::Settle) => Ok(Self::Paid),
            (Self::Open, Action::FallDue) => Ok(Self::Overdue),
            (Self::Open | Self::Overdue, Action::WriteOff) => Ok(Self::WrittenOff),
            (state, _) => Err(NotNow(state)),
        }
    }

    /// Whether somebody still owes it.
    #[must_use]
    pub const fn is_owed(self) -> bool {
        matches!(self, Self::Open | Self::Overdue)
    }
}

/// When invoices are to be paid, and what happens when they are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Terms {
    /// Days from the issue to the day of payment, 0 to 365.
    pub due_days: u32,
    /// Days after that day on which a reminder is sent, ascending.
    pub reminder_days: Vec<u32>,
    /// The series of invoices: capital letters and digits.
    pub invoice_series: String,
    /// The series of credit notes: another one.
    pub credit_series: String,
    /// Whether the operator looks at each before it is issued.
    pub review: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            due_days: 14,
            reminder_days: vec![3, 10, 20],
            invoice_series: "INV".to_owned(),
            credit_series: "CRN".to_owned(),
            review: false,
        }
    }
}

impl Terms {
    /// Whether these can be used: the field that cannot, and why.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.due_days > DAYS_MAX {
            return Err(("dueDays", format!("give 0 to {DAYS_MAX} days")));
        }
        let ascends = self.reminder_days.windows(2).all(|pair| pair[0] < pair[1]);
        if self.reminder_days.len() > REMINDERS_MAX
            || !ascends
            || self.reminder_days.iter().any(|days| *days > DAYS_MAX)
        {
            let message =
                format!("give {REMINDERS_MAX} numbers of days at most, ascending, none over {DAYS_MAX}");
            return Err(("reminderDays", message));
        }
        for (field, series) in
            [("invoiceSeries", &self.invoice_series), ("creditSeries", &self.credit_series)]
        {
            let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            if series.is_empty() || series.len() > SERIES_MAX || !series.bytes().all(fits) {
                return Err((field, format!("a series is 1 to {SERIES_MAX} capital letters and digits")));
            }
        }
        if self.invoice_series == self.credit_series {
            return Err(("creditSeries", "credit notes are numbered in a series of their own".to_owned()));
        }
        Ok(())
    }

    /// The series of a kind of document.
    #[must_use]
    pub fn series(&self, kind: Kind) -> &str {
        match kind {
            Kind::Invoice => &self.invoice_series,
            Kind::CreditNote => &self.credit_series,
        }
    }

    /// How many reminders are to have been sent so many days after the day of payment.
    #[must_use]
    pub fn reminders_after(&self, days: i64) -> usize {
        self.reminder_days.iter().filter(|step| i64::from(**step) <= days).count()
    }
}

/// How a document is called: `INV-000042`; a draft has no number.
#[must_use]
pub fn title(series: &str, number: Option<i64>) -> String {
    match number {
        Some(number) => format!("{series}-{number:0DIGITS$}"),
        None => "draft".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_goes_only_where_its_state_lets_it() {
        assert_eq!(State::Draft.after(Action::Issue), Ok(State::Open));
        assert_eq!(State::Open.after(Action::FallDue), Ok(State::Overdue));
        assert_eq!(State::Overdue.after(Action::Settle), Ok(State::Paid));
        assert_eq!(State::Overdue.after(Action::WriteOff), Ok(State::WrittenOff));
        for (state, action) in [
            (State::Draft, Action::Settle),
            (State::Draft, Action::WriteOff),
            (State::Open, Action::Issue),
            (State::Paid, Action::WriteOff),
            (State::Paid, Action::FallDue),
            (State::WrittenOff, Action::Settle),
        ] {
            assert_eq!(state.after(action), Err(NotNow(state)), "{action:?}");
        }
        assert!(State::ALL.into_iter().all(|state| State::from_word(state.word()) == Some(state)));
    }

    #[test]
    fn reminders_are_due_by_their_days() {
        let terms = Terms::default();
        let due: Vec<_> =
            [-1, 0, 2, 3, 9, 10, 400].into_iter().map(|days| terms.reminders_after(days)).collect();
        assert_eq!(due, [0, 0, 0, 1, 1, 2, 3]);
    }

    #[test]
    fn terms_that_cannot_be_are_refused_by_field() {
        let field = |terms: Terms| terms.check().err().map(|(field, _)| field);
        assert_eq!(field(Terms::default()), None);
        assert_eq!(field(Terms { due_days: 366, ..Terms::default() }), Some("dueDays"));
        assert_eq!(field(Terms { reminder_days: vec![3, 3], ..Terms::default() }), Some("reminderDays"));
        assert_eq!(field(Terms { invoice_series: "a b".into(), ..Terms::default() }), Some("invoiceSeries"));
        assert_eq!(field(Terms { credit_series: "INV".into(), ..Terms::default() }), Some("creditSeries"));
        assert_eq!((title("INV", Some(42)), title("INV", None)), ("INV-000042".into(), "draft".into()));
    }
}
