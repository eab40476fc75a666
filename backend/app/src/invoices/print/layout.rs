//! Where what stands on an invoice stands: who, for whom, when, the lines, what they come to.

use super::{
    super::{InvoiceView, Party},
    pdf::{self, Font, HEIGHT, Page},
    win_ansi::fit,
};
use domain::{
    billing::{InvoiceLine, Kind, Subject, Zone},
    money::Money,
    tax::Treatment,
};

const LEFT: f32 = 50.0;
const RIGHT: f32 = 545.0;
const MIDDLE: f32 = 320.0;
const TOP: f32 = HEIGHT - 60.0;
const BOTTOM: f32 = 70.0;
const SMALL: f32 = 8.0;
const BODY: f32 = 9.0;
const STEP: f32 = 13.0;
/// Where the columns of the lines are: number, description, quantity, time, amount; the last three end there.
const COLUMNS: [f32; 5] = [LEFT, 135.0, 400.0, 465.0, RIGHT];
/// How wide number and description may be, in thousandths of their size.
const NUMBER_WIDE: u32 = 9_000;
const TEXT_WIDE: u32 = 26_000;
/// How wide a line of the foot may be.
const FOOT_WIDE: u32 = 60_000;

/// Pages under way.
struct Sheet<'a> {
    invoice: &'a InvoiceView,
    pages: Vec<Page>,
    page: Page,
    y: f32,
}

/// The pages of an invoice.
pub(super) fn document(invoice: &InvoiceView, zone: Zone) -> Vec<u8> {
    let mut sheet = Sheet { invoice, pages: Vec::new(), page: Page::default(), y: TOP };
    sheet.head(zone);
    sheet.columns();
    for line in invoice.lines.iter().flatten() {
        sheet.line(line);
    }
    sheet.sums();
    sheet.foot();
    let Sheet { mut pages, page, .. } = sheet;
    pages.push(page);
    let count = pages.len();
    for (place, page) in (1..).zip(&mut pages) {
        let text = format!("{}  ·  page {place} of {count}", invoice.number);
        page.text_to((RIGHT, BOTTOM - 30.0), Font::Regular, SMALL, &text);
    }
    pdf::file(&invoice.number, &pages)
}

fn kind_of(invoice: &InvoiceView) -> &'static str {
    match invoice.kind {
        Kind::Invoice => "Invoice",
        Kind::CreditNote => "Credit note",
    }
}

impl Sheet<'_> {
    /// Who sells, who buys, and what this is.
    fn head(&mut self, zone: Zone) {
        let invoice = self.invoice;
        self.page.text((LEFT, TOP), Font::Bold, 20.0, kind_of(invoice));
        self.page.text_to((RIGHT, TOP), Font::Bold, 14.0, &invoice.number);
        let day = |at| zone.day(at);
        let last = invoice.ends_at - chrono::Duration::microseconds(1);
        let mut facts = vec![("Period", format!("{} to {}", day(invoice.starts_at), day(last)))];
        facts.extend(invoice.issued_at.map(|at| ("Issued", day(at))));
        facts.extend(invoice.due_at.filter(|_| invoice.kind == Kind::Invoice).map(|at| ("Due", day(at))));
        facts.push(("Currency", invoice.total.currency.to_string()));
        let mut y = TOP - 40.0;
        for (name, value) in facts {
            self.page.text((MIDDLE, y), Font::Regular, BODY, name);
            self.page.text((MIDDLE + 60.0, y), Font::Regular, BODY, &value);
            y -= STEP;
        }
        let after_from = self.party(TOP - 40.0, "From", invoice.seller.as_ref());
        let after_to = self.party(after_from - 8.0, "To", invoice.buyer.as_ref());
        self.y = y.min(after_to) - 18.0;
    }

    /// A party from a height down; the height after it.
    fn party(&mut self, mut y: f32, role: &str, party: Option<&Party>) -> f32 {
        self.page.text((LEFT, y), Font::Regular, SMALL, role);
        let Some(party) = party else { return y - STEP };
        let rest = party.address.iter().cloned().chain(party.country.clone()).chain(party.tax_number.clone());
        for (place, text) in std::iter::once(party.name.clone()).chain(rest).enumerate() {
            let font = if place == 0 { Font::Bold } else { Font::Regular };
            self.page.text((LEFT + 35.0, y), font, BODY, &fit(&text, TEXT_WIDE));
            y -= STEP;
        }
        y
    }

    fn columns(&mut self) {
        let y = self.y;
        self.page.text((COLUMNS[0], y), Font::Bold, SMALL, "Number");
        self.page.text((COLUMNS[1], y), Font::Bold, SMALL, "Description");
        for (column, text) in [(2, "Quantity"), (3, "Time"), (4, "Amount")] {
            self.page.text_to((COLUMNS[column], y), Font::Bold, SMALL, text);
        }
        self.page.rule((LEFT, y - 4.0), RIGHT);
        self.y -= STEP + 3.0;
    }

    /// Begins another page where so much does not fit on this one.
    fn room(&mut self, height: f32) {
        if self.y - height < BOTTOM {
            self.pages.push(std::mem::take(&mut self.page));
            self.y = TOP;
        }
    }

    fn line(&mut self, line: &InvoiceLine) {
        if self.y - STEP < BOTTOM {
            self.room(STEP);
            self.columns();
        }
        let y = self.y;
        let text = if line.key.rate_version.is_empty() {
            line.key.description.clone()
        } else {
            format!("{}  (rates {})", line.key.description, line.key.rate_version)
        };
        self.page.text((COLUMNS[0], y), Font::Regular, BODY, &fit(&line.key.number, NUMBER_WIDE));
        self.page.text((COLUMNS[1], y), Font::Regular, BODY, &fit(&text, TEXT_WIDE));
        self.page.text_to((COLUMNS[2], y), Font::Regular, BODY, &line.quantity.to_string());
        if !matches!(line.key.subject, Subject::Setup | Subject::Lease | Subject::Reversal) {
            self.page.text_to((COLUMNS[3], y), Font::Regular, BODY, &clock(line.billed_ms));
        }
        self.page.text_to((COLUMNS[4], y), Font::Regular, BODY, &amount(self.money(line.amount_micros)));
        self.y -= STEP;
    }

    fn money(&self, micros: i64) -> Money {
        Money::new(micros, self.invoice.total.currency)
    }

    /// What the lines come to.
    fn sums(&mut self) {
        self.room(6.0 * STEP);
        self.page.rule((MIDDLE, self.y + 6.0), RIGHT);
        self.y -= 6.0;
        let invoice = self.invoice;
        self.sum("Charges", invoice.net(), Font::Regular);
        if let Some(tax) = invoice.tax.as_ref().filter(|tax| tax.treatment == Treatment::Taxed) {
            let rate = super::super::issue::f_percent(tax.basis_points);
            let name = format!("{} {rate} ({})", tax.name, tax.country.as_deref().unwrap_or_default());
            self.sum(&name, invoice.tax_amount, Font::Regular);
        }
        if invoice.rounding.micros != 0 {
            self.sum("Rounding", invoice.rounding, Font::Regular);
        }
        self.sum("Total", invoice.total, Font::Bold);
    }

    fn sum(&mut self, name: &str, sum: Money, font: Font) {
        self.page.text((MIDDLE, self.y), font, BODY, name);
        self.page.text_to((RIGHT, self.y), font, BODY, &amount(sum));
        self.y -= STEP;
    }

    /// What must be said about the tax, and what the operator says.
    fn foot(&mut self) {
        let tax = self.invoice.tax.as_ref().map(|tax| tax.note.clone()).unwrap_or_default();
        self.y -= STEP;
        for text in [tax, self.invoice.note.clone()] {
            for line in text.lines().flat_map(wrapped) {
                self.room(STEP);
                self.page.text((LEFT, self.y), Font::Regular, SMALL, &line);
                self.y -= STEP;
            }
        }
    }
}

/// A text in lines that fit.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if super::win_ansi::width(line) + super::win_ansi::width(word) + 278 <= FOOT_WIDE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, FOOT_WIDE)),
        }
    }
    lines
}

/// An amount without its currency, which stands above.
fn amount(money: Money) -> String {
    money.to_string().split(' ').next().unwrap_or_default().to_owned()
}

/// Milliseconds as hours, minutes and seconds; what is below a second is rounded up.
fn clock(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
