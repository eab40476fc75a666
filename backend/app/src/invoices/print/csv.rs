//! An invoice as a table: its lines, then what came on top. The amounts sum to the total.

use super::super::InvoiceView;
use crate::Error;
use domain::money::{MICROS_PER_UNIT, Money};

const HEAD: [&str; 9] = [
    "invoice",
    "subject",
    "number",
    "description",
    "rate_version",
    "quantity",
    "billed_ms",
    "amount",
    "currency",
];

/// The table, with a head.
pub(super) fn table(invoice: &InvoiceView) -> Result<Vec<u8>, Error> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let failed = |error: ::csv::Error| Error::internal(error);
    writer.write_record(HEAD).map_err(failed)?;
    let currency = invoice.total.currency;
    for line in invoice.lines.iter().flatten() {
        writer
            .write_record([
                invoice.number.as_str(),
                line.key.subject.word(),
                &line.key.number,
                &harmless(&line.key.description),
                &harmless(&line.key.rate_version),
                &line.quantity.to_string(),
                &line.billed_ms.to_string(),
                &decimal(Money::new(line.amount_micros, currency)),
                currency.code(),
            ])
            .map_err(failed)?;
    }
    let tax = invoice.tax.as_ref().map_or("", |tax| tax.name.as_str());
    let beyond = [("tax", tax, invoice.tax_amount), ("rounding", "", invoice.rounding)];
    for (subject, text, amount) in beyond
        .into_iter()
        .filter(|(subject, _, amount)| amount.micros != 0 && (*subject != "tax" || !invoice.tax_included))
    {
        let amount = decimal(amount);
        let number = invoice.number.as_str();
        let row = [number, subject, "", &harmless(text), "", "1", "0", &amount, currency.code()];
        writer.write_record(row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}

/// An amount with six decimals, for programs.
fn decimal(amount: Money) -> String {
    let sign = if amount.micros < 0 { "-" } else { "" };
    let (unit, micros) = (MICROS_PER_UNIT.unsigned_abs(), amount.micros.unsigned_abs());
    format!("{sign}{}.{:06}", micros / unit, micros % unit)
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;

    #[test]
    fn amounts_have_six_decimals_and_no_cell_is_a_formula() {
        let of = |micros| decimal(Money::new(micros, Currency::USD));
        assert_eq!([of(1), of(-12_345_678), of(2_000_000)], ["0.000001", "-12.345678", "2.000000"]);
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("call to +46"), "call to +46");
    }
}
