//! The charges of a period become lines.

use crate::{App, Error};
use domain::{
    access::Scope,
    billing::{InvoiceLine, LineKey, Lines, Subject},
    cause::Direction,
    ledger::EntryKind,
};
use store::{
    calls::Call,
    invoices::{Charged, Span, charges},
};

/// Entries that are read at a time.
const BATCH: u64 = 1_000;

/// What a period's entries charge, micro-units, and the lines about it.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) charges_micros: i64,
    pub(super) lines: Vec<InvoiceLine>,
}

/// Gathers the lines of a period. Nothing is changed meanwhile: its entries stay.
///
/// # Errors
/// [`Error::Internal`] where a call's record and its entry differ (the drift check says which), or the database fails.
pub(super) async fn gather(app: &App, scope: &Scope, span: &Span) -> Result<Gathered, Error> {
    let (mut lines, mut sum, mut after) = (Lines::new(), 0_i128, None);
    loop {
        let some = charges(app.db().read(), scope, span, after, BATCH).await?;
        let Some(last) = some.last() else { break };
        after = Some(last.entry);
        for charged in &some {
            sum -= i128::from(charged.amount_micros);
            add(&mut lines, charged)?;
        }
    }
    let charges_micros = i64::try_from(sum).map_err(Error::internal)?;
    let lines = lines.finish().ok_or_else(|| differs("a line is beyond what an amount can be"))?;
    if lines.iter().map(|line| i128::from(line.amount_micros)).sum::<i128>() != sum {
        return Err(differs("lines and entries of a period differ"));
    }
    Ok(Gathered { charges_micros, lines })
}

fn differs(what: &'static str) -> Error {
    tracing::error!(what, "a period cannot be closed: money does not add up");
    Error::internal(what)
}

/// Adds what one entry is for.
fn add(lines: &mut Lines, charged: &Charged) -> Result<(), Error> {
    let owed = charged.amount_micros.saturating_neg();
    let number = charged.number.clone().unwrap_or_default();
    let key = |subject, number: String, description: &str| LineKey {
        subject,
        number,
        description: description.to_owned(),
        rate_version: String::new(),
    };
    match (charged.kind, &charged.call) {
        (EntryKind::Usage, Some(call)) => return add_call(lines, call, owed),
        (EntryKind::Usage, None) => lines.add(key(Subject::Usage, number, "calls"), 0, owed),
        (EntryKind::Setup, _) => lines.add(key(Subject::Setup, number, "set-up fee"), 0, owed),
        (EntryKind::Lease, _) => lines.add(key(Subject::Lease, number, &charged.description), 0, owed),
        (_, call) => {
            let number = call.as_ref().map_or(number, number_of);
            lines.add(key(Subject::Reversal, number, &charged.description), 0, owed);
        }
    }
    Ok(())
}

/// Adds the charges of a call. They are those of its record, and sum to its entry.
fn add_call(lines: &mut Lines, call: &Call, owed: i64) -> Result<(), Error> {
    let sum = call.charges.iter().fold(0_i64, |sum, charge| sum.saturating_add(charge.amount.micros));
    if sum != owed {
        return Err(differs("the charges of a call differ from its entry"));
    }
    for charge in domain::rating::told(call.charges.clone()) {
        let key = LineKey {
            subject: Subject::from(charge.line.kind),
            number: number_of(call),
            description: charge.line.description.clone().into_owned(),
            rate_version: charge.line.rate_version.clone(),
        };
        lines.add(key, charge.billed_ms, charge.amount.micros);
    }
    Ok(())
}

/// The tenant's number on a call: the one that was called, or from which it was made.
fn number_of(call: &Call) -> String {
    match call.direction {
        Direction::Inbound => call.to.clone(),
        Direction::Outbound => call.from.clone().unwrap_or_default(),
    }
}
