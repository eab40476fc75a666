//! A small writer of PDF (ISO 32000-1): pages of text and lines, in the fonts that every reader has. It knows nothing
//! of invoices.

use super::win_ansi::{encode, width};
use std::fmt::Write as _;

/// The width of A4, in points.
pub(super) const WIDTH: f32 = 595.0;
/// The height of A4, in points.
pub(super) const HEIGHT: f32 = 842.0;

/// A typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Font {
    Regular,
    Bold,
}

/// A page, drawn from the lower left corner in points.
#[derive(Debug, Default)]
pub(super) struct Page(Vec<u8>);

impl Page {
    /// Writes a text that begins at a place.
    pub(super) fn text(&mut self, (x, y): (f32, f32), font: Font, size: f32, text: &str) {
        let name = match font {
            Font::Regular => "F1",
            Font::Bold => "F2",
        };
        self.put(&format!("BT /{name} {size:.1} Tf {x:.2} {y:.2} Td ("));
        for byte in encode(text) {
            if matches!(byte, b'(' | b')' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
        self.put(") Tj ET\n");
    }

    /// Writes a text that ends at a place.
    pub(super) fn text_to(&mut self, (x, y): (f32, f32), font: Font, size: f32, text: &str) {
        // A line is at most some hundred letters wide: far below what an f32 counts exactly.
        let wide = f32::from(u16::try_from(width(text)).unwrap_or(u16::MAX)) * size / 1_000.0;
        self.text((x - wide, y), font, size, text);
    }

    /// Draws a thin line from left to right.
    pub(super) fn rule(&mut self, (x, y): (f32, f32), to: f32) {
        self.put(&format!("0.75 G 0.5 w {x:.2} {y:.2} m {to:.2} {y:.2} l S\n"));
    }

    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// A file under way: what was written, and where each object begins.
struct File {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl File {
    /// Writes the next object, which is numbered from 1.
    fn object(&mut self, body: &[u8]) {
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(format!("{} 0 obj\n", self.starts.len()).as_bytes());
        self.bytes.extend_from_slice(body);
        self.bytes.extend_from_slice(b"\nendobj\n");
    }
}

/// A file of these pages.
pub(super) fn file(title: &str, pages: &[Page]) -> Vec<u8> {
    // The second line tells programs that move files that this one is not text (§7.5.2).
    let mut file = File { bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), starts: Vec::new() };
    let kids = (0..pages.len()).fold(String::new(), |mut kids, page| {
        // Writing to a text does not fail.
        let _ = write!(kids, "{} 0 R ", 6 + 2 * page);
        kids
    });
    file.object(
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) /ViewerPreferences << /DisplayDocTitle true >> >>",
    );
    file.object(format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).as_bytes());
    for font in ["Helvetica", "Helvetica-Bold"] {
        let font = format!("<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>");
        file.object(font.as_bytes());
    }
    let units = title.encode_utf16().fold("FEFF".to_owned(), |mut hex, unit| {
        let _ = write!(hex, "{unit:04X}");
        hex
    });
    file.object(format!("<< /Title <{units}> /Producer (Dialtone) >>").as_bytes());
    for (place, page) in pages.iter().enumerate() {
        let content = 7 + 2 * place;
        let object = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {content} 0 R \
             /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        );
        file.object(object.as_bytes());
        let head = format!("<< /Length {} >>\nstream\n", page.0.len());
        file.object(&[head.as_bytes(), &page.0, b"\nendstream"].concat());
    }
    end(file)
}

/// The table of where objects begin, each row of exactly twenty bytes (§7.5.4), and the trailer.
fn end(mut file: File) -> Vec<u8> {
    let table = file.bytes.len();
    let count = file.starts.len() + 1;
    let mut tail = format!("xref\n0 {count}\n0000000000 65535 f \n");
    for start in &file.starts {
        let _ = writeln!(tail, "{start:010} 00000 n ");
    }
    let _ = write!(tail, "trailer\n<< /Size {count} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.bytes.extend_from_slice(tail.as_bytes());
    file.bytes
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
        bytes.windows(what.len()).position(|part| part == what)
    }

    #[test]
    fn every_object_begins_where_the_table_says_and_streams_are_as_long_as_they_say() {
        let mut page = Page::default();
        page.text((50.0, 800.0), Font::Bold, 20.0, "Söhne (& Co) \\");
        page.rule((50.0, 790.0), 545.0);
        let bytes = file("INV-000001", &[page, Page::default()]);
        let table = find(&bytes, b"xref\n0 ").unwrap();
        let text = String::from_utf8(bytes[table..].to_vec()).unwrap();
        let said: usize =
            text.lines().skip_while(|line| *line != "startxref").nth(1).unwrap().parse().unwrap();
        assert_eq!(said, table);
        let rows: Vec<&str> =
            text.split_inclusive('\n').skip(3).take_while(|row| row.contains(" n ")).collect();
        assert_eq!(rows.len(), 9);
        for (number, row) in (1..).zip(rows) {
            assert_eq!(row.len(), 20);
            let start: usize = row[..10].parse().unwrap();
            assert!(bytes[start..].starts_with(format!("{number} 0 obj\n").as_bytes()), "object {number}");
        }
        let stream = find(&bytes, b"stream\n").unwrap() + 7;
        let end = find(&bytes, b"\nendstream").unwrap();
        assert!(find(&bytes, format!("/Length {} ", end - stream).as_bytes()).is_some());
        assert!(find(&bytes, b"(S\xF6hne \\(& Co\\) \\\\) Tj").is_some());
    }
}
