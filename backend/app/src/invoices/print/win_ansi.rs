//! The letters that every reader of PDF has a font for (ISO 32000-1, annex D.2: WinAnsiEncoding), and their widths in
//! Helvetica. What is not among them is written as `?`, so that a loss can be seen.

/// Widths of the letters from space to `~` in Helvetica, in thousandths of the size (Adobe Font Metrics).
#[rustfmt::skip]
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
/// The width of what is not in the table: that of most letters with an accent.
const WIDTH_OTHER: u16 = 611;
/// Where Windows-1252 differs from Unicode.
const SPECIAL: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8A),
    ('‹', 0x8B),
    ('Œ', 0x8C),
    ('Ž', 0x8E),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9A),
    ('›', 0x9B),
    ('œ', 0x9C),
    ('ž', 0x9E),
    ('Ÿ', 0x9F),
];

/// A text in that encoding.
pub(super) fn encode(text: &str) -> Vec<u8> {
    text.chars().map(byte_of).collect()
}

fn byte_of(letter: char) -> u8 {
    match u32::from(letter) {
        code @ (0x20..=0x7E | 0xA0..=0xFF) => u8::try_from(code).unwrap_or(b'?'),
        _ => SPECIAL.iter().find(|(special, _)| *special == letter).map_or(b'?', |(_, byte)| *byte),
    }
}

/// How wide a text is in Helvetica, in thousandths of the size.
pub(super) fn width(text: &str) -> u32 {
    let of = |byte: u8| WIDTHS.get(usize::from(byte.wrapping_sub(b' '))).copied().unwrap_or(WIDTH_OTHER);
    encode(text).into_iter().map(|byte| u32::from(of(byte))).sum()
}

/// A text cut to a width in thousandths of the size, with dots where it was cut.
pub(super) fn fit(text: &str, most: u32) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut cut: Vec<char> = text.chars().collect();
    while !cut.is_empty() {
        cut.pop();
        let short: String = cut.iter().chain(&['…']).collect();
        if width(&short) <= most {
            return short;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_western_europe_are_there_and_others_are_seen_to_be_lost() {
        assert_eq!(encode("Åsa Ö & Söhne 5 €"), b"\xC5sa \xD6 & S\xF6hne 5 \x80");
        assert_eq!(encode("Łódź 東京"), b"?\xF3d? ??");
        assert_eq!(encode("a\nb"), b"a?b");
    }

    #[test]
    fn digits_are_all_as_wide_and_a_long_text_is_cut_where_it_ends() {
        assert_eq!(width("0123456789"), 5_560);
        assert_eq!(fit("Invoice", 10_000), "Invoice");
        let cut = fit("a very long description of a call", 5_000);
        assert!(cut.ends_with('…') && width(&cut) <= 5_000 && cut.starts_with("a very"), "{cut}");
    }
}
