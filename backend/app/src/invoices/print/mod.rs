//! Invoices as files: PDF for people, CSV for programs.

mod csv;
mod layout;
mod pdf;
mod win_ansi;

use super::{InvoiceView, list, profile};
use crate::{App, Error};
use domain::{access::Scope, billing::Zone};
use uuid::Uuid;

/// How an invoice is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Pages for people.
    Pdf,
    /// A table for programs.
    Csv,
}

impl Format {
    /// What comes after the point of the file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Csv => "csv",
        }
    }

    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// Writes an invoice with its lines; its days are those of a zone.
pub(super) fn print(invoice: &InvoiceView, zone: Zone, format: Format) -> Result<Vec<u8>, Error> {
    match format {
        Format::Pdf => Ok(layout::document(invoice, zone)),
        Format::Csv => csv::table(invoice),
    }
}

/// The PDF of an invoice and how it is called, for a mail.
pub(crate) async fn pdf_of(app: &App, id: Uuid) -> Result<(String, Vec<u8>), Error> {
    let scope = Scope::system("an invoice goes by mail to whom it is for");
    let invoice = list::find(app, &scope, id).await?;
    let zone = profile::read(app.db().read(), &scope, invoice.tenant).await?.zone;
    Ok((format!("{}.pdf", invoice.number), print(&invoice, zone, Format::Pdf)?))
}
