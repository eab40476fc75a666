//! Patterns of the .NET kind in the syntax of the `regex` crate, where their meaning is the same; else what to write
//! instead. The crate matches in linear time, which look-around and back-references do not allow.

/// Why a pattern cannot be used: where, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {message}")]
pub struct PatternError {
    /// The character at which it goes wrong, from 1.
    pub position: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Translates a pattern. `\d` means ASCII digits alone, and a `+` with nothing before it to repeat (`^+1…`, as the Azure
/// documentation itself writes) a literal plus.
pub(super) fn translate(pattern: &str) -> Result<String, PatternError> {
    let mut scan = Scan { chars: pattern.chars().collect(), at: 0, out: String::new(), open: Vec::new() };
    scan.run()?;
    Ok(scan.out)
}

/// What stands before a quantifier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that could be repeated.
    Nothing,
    /// Something.
    Atom,
    /// Something with a quantifier already, which a `?` can make lazy.
    Repeated,
    /// Something with a lazy quantifier.
    Lazy,
}

struct Scan {
    chars: Vec<char>,
    at: usize,
    out: String,
    /// Where groups begin that are not closed yet.
    open: Vec<usize>,
}

impl Scan {
    fn run(&mut self) -> Result<(), PatternError> {
        let mut before = Before::Nothing;
        while let Some(c) = self.peek(0) {
            before = match c {
                '\\' => self.escape(false).map(|()| Before::Atom)?,
                '[' => self.class().map(|()| Before::Atom)?,
                '(' => self.group().map(|()| Before::Nothing)?,
                ')' => self.close().map(|()| Before::Atom)?,
                '|' | '^' => self.take(c, Before::Nothing),
                '+' | '*' | '?' => self.quantifier(c, before)?,
                '{' => self.brace(before)?,
                '}' | ']' => self.literal(c),
                _ => self.take(c, Before::Atom),
            };
        }
        match self.open.last() {
            None => Ok(()),
            Some(start) => {
                Err(error(*start, "unclosed group: close it with ), or write \\( for the character"))
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn follows(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, c)| self.peek(ahead) == Some(c))
    }

    fn take(&mut self, c: char, then: Before) -> Before {
        self.out.push(c);
        self.at += 1;
        then
    }

    fn literal(&mut self, c: char) -> Before {
        self.out.push('\\');
        self.take(c, Before::Atom)
    }

    fn wrong<T>(&self, message: &str) -> Result<T, PatternError> {
        Err(error(self.at, message))
    }

    fn close(&mut self) -> Result<(), PatternError> {
        if self.open.pop().is_none() {
            return self.wrong("this ) closes no group: write \\) for the character");
        }
        self.take(')', Before::Atom);
        Ok(())
    }

    fn quantifier(&mut self, c: char, before: Before) -> Result<Before, PatternError> {
        match (before, c) {
            (Before::Nothing, '+') => Ok(self.literal('+')),
            (Before::Nothing, _) => {
                self.wrong("there is nothing before it to repeat: write \\* or \\? for the character")
            }
            (Before::Atom, _) => Ok(self.take(c, Before::Repeated)),
            (Before::Repeated, '?') => Ok(self.take(c, Before::Lazy)),
            (Before::Repeated | Before::Lazy, _) => {
                self.wrong("a quantifier follows a quantifier: put what is repeated in (?: )")
            }
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; any other brace is the character.
    fn brace(&mut self, before: Before) -> Result<Before, PatternError> {
        let length = self.chars[self.at..].iter().position(|c| *c == '}');
        let inner: String = self.chars[self.at + 1..self.at + length.unwrap_or(1)].iter().collect();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_quantifier = length.is_some()
            && match inner.split_once(',') {
                None => is_number(&inner),
                Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
            };
        if !is_quantifier {
            return Ok(self.literal('{'));
        }
        match before {
            Before::Nothing => {
                self.wrong("there is nothing before it to repeat: write \\{ for the character")
            }
            Before::Repeated | Before::Lazy => {
                self.wrong("a quantifier follows a quantifier: put what is repeated in (?: )")
            }
            Before::Atom => {
                self.out.push('{');
                self.out.push_str(&inner);
                self.out.push('}');
                self.at += length.unwrap_or_default() + 1;
                Ok(Before::Repeated)
            }
        }
    }

    /// The beginning of a group.
    fn group(&mut self) -> Result<(), PatternError> {
        const REFUSED: [(&str, &str); 6] = [
            ("(?=", "look-ahead (?= is not supported: put what follows into the pattern itself"),
            ("(?!", "look-ahead (?! is not supported: put a more specific route above this one instead"),
            ("(?<=", "look-behind (?<= is not supported: put what comes before into the pattern itself"),
            ("(?<!", "look-behind (?<! is not supported: put a more specific route above this one instead"),
            ("(?>", "an atomic group (?> is not supported: write (?: instead"),
            ("(?(", "a conditional group (?( is not supported: write the alternatives with |"),
        ];
        if let Some((_, message)) = REFUSED.iter().find(|(start, _)| self.follows(start)) {
            return self.wrong(message);
        }
        if self.follows("(?#") {
            let Some(end) = self.chars[self.at..].iter().position(|c| *c == ')') else {
                return self.wrong("unclosed comment: close it with )");
            };
            self.at += end + 1;
            return Ok(());
        }
        self.open.push(self.at);
        match (self.peek(1), self.peek(2)) {
            (Some('?'), Some('<')) => self.named('>'),
            (Some('?'), Some('\'')) => self.named('\''),
            (Some('?'), _) => self.flags(),
            _ => {
                self.take('(', Before::Nothing);
                Ok(())
            }
        }
    }

    /// `(?<name>` or `(?'name'`.
    fn named(&mut self, end: char) -> Result<(), PatternError> {
        let start = self.at + 3;
        let Some(length) = self.chars[start.min(self.chars.len())..].iter().position(|c| *c == end) else {
            return self.wrong("unclosed name of a group");
        };
        let name: String = self.chars[start..start + length].iter().collect();
        if name.contains('-') {
            return self.wrong("a balancing group is not supported: write a plain group ( )");
        }
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() || !is_word || name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.wrong("give the group a name of letters and digits, beginning with a letter");
        }
        self.out.push_str(&format!("(?P<{name}>"));
        self.at = start + length + 1;
        Ok(())
    }

    /// `(?:`, `(?i)`, `(?i-s:`.
    fn flags(&mut self) -> Result<(), PatternError> {
        let begin = self.at;
        self.out.push_str("(?");
        self.at += 2;
        while let Some(c) = self.peek(0) {
            match c {
                'i' | 'm' | 's' | '-' => _ = self.take(c, Before::Nothing),
                ':' => {
                    self.take(c, Before::Nothing);
                    return Ok(());
                }
                ')' if self.at > begin + 2 => {
                    self.open.pop();
                    self.take(c, Before::Nothing);
                    return Ok(());
                }
                _ => break,
            }
        }
        self.wrong(
            "this kind of group is not supported: use ( ), (?: ), (?<name> ) or the options i, m and s",
        )
    }

    fn escape(&mut self, in_class: bool) -> Result<(), PatternError> {
        let Some(c) = self.peek(1) else {
            return self.wrong("a backslash at the end: write \\\\ for the character");
        };
        match c {
            'd' => self.put(if in_class { "0-9" } else { "[0-9]" }),
            'D' => self.put("[^0-9]"),
            'b' if in_class => self.put(r"\x08"),
            'w' | 'W' | 's' | 'S' | 'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'p' | 'P' | 'x' | 'u' => {
                self.put(&format!("\\{c}"));
            }
            'b' | 'B' | 'A' | 'z' if !in_class => self.put(&format!("\\{c}")),
            'Z' if !in_class => self.put(r"\z"),
            'e' => self.put(r"\x1B"),
            'G' => return self.wrong("\\G is not supported: write ^"),
            'k' | '1'..='9' if !in_class => {
                return self.wrong("a back-reference is not supported: write out what must come again");
            }
            'c' | '0'..='9' => {
                return self.wrong("this escape is not supported: write \\x and two hexadecimal digits");
            }
            'A'..='Z' | 'a'..='z' => return self.wrong("this escape is not known: leave the backslash out"),
            '<' | '>' => self.put(&c.to_string()),
            _ if c.is_ascii_punctuation() => self.put(&format!("\\{c}")),
            _ => self.put(&c.to_string()),
        }
        Ok(())
    }

    /// Puts the translation of an escape of two characters.
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.at += 2;
    }

    /// A character class; `[a-z-[aeiou]]` takes one from another.
    fn class(&mut self) -> Result<(), PatternError> {
        let start = self.at;
        self.take('[', Before::Nothing);
        if self.peek(0) == Some('^') {
            self.take('^', Before::Nothing);
        }
        let mut is_first = true;
        while let Some(c) = self.peek(0) {
            match c {
                ']' if !is_first => {
                    self.take(c, Before::Atom);
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                '-' if self.peek(1) == Some('[') => {
                    self.at += 1;
                    self.out.push_str("--");
                    self.class()?;
                }
                '-' if self.out.ends_with('-') => _ = self.literal(c),
                '[' | ']' | '&' | '~' => _ = self.literal(c),
                _ => _ = self.take(c, Before::Atom),
            }
            is_first = false;
        }
        Err(error(start, "unclosed character class: close it with ], or write \\[ for the character"))
    }
}

fn error(at: usize, message: &str) -> PatternError {
    PatternError { position: at + 1, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn a_pattern_of_the_net_kind_keeps_its_meaning() {
        for (pattern, text, expected) in [
            (r"^+46", "+4684650040", true),
            (r"(+46|+47)", "+4784650040", true),
            (r"^(?:+46)", "+46", true),
            (r"[[]", "[", true),
            (r"^[a-z&&]+$", "a&b", true),
            (r"^[0-9-[5]]+$", "1234", true),
            (r"^[0-9-[5]]+$", "1235", false),
            (r"^[\d-]+$", "12-3", true),
            (r"^[\d]+$", "12٣", false),
            (r"^\D+$", "٣", true),
            (r"^(?<cc>\+46)\d+$", "+4684", true),
            (r"^(?'cc'\+46)\d+$", "+4684", true),
            (r"^a{,3}$", "a{,3}", true),
            (r"^a{2,3}?$", "aaa", true),
            (r"^\+1(?#area code)206", "+1206", true),
            (r"^\<x\>$", "<x>", true),
            (r"^\+46\d+\Z", "+4684", true),
            (r"(?i)^ANNA$", "anna", true),
            (r"^[]a]$", "]", true),
            (r"^(?i:A)b$", "ab", true),
        ] {
            let translated = translate(pattern).expect(pattern);
            let regex = Regex::new(&translated).expect(&translated);
            assert_eq!(regex.is_match(text), expected, "{pattern} -> {translated} on {text}");
        }
    }

    #[test]
    fn what_has_no_equal_here_is_refused_with_its_place_and_the_remedy() {
        for (pattern, position, word) in [
            (r"^(?!\+1)\d+$", 2, "route above"),
            (r"^\+(?=46)", 4, "look-ahead"),
            (r"(?<=\+)46", 1, "look-behind"),
            (r"(?<!\+)46", 1, "look-behind"),
            (r"^(\d)\1$", 6, "back-reference"),
            (r"^(?<a>\d)\k<a>$", 10, "back-reference"),
            (r"(?>a+)", 1, "(?:"),
            (r"(?(a)b|c)", 1, "|"),
            (r"(?<a-b>x)", 1, "balancing"),
            (r"(?n)(a)", 3, "options"),
            (r"^*46", 2, "nothing before"),
            (r"4**", 3, "quantifier"),
            (r"^(\+1$", 2, "unclosed group"),
            (r"^\+1)$", 5, "closes no group"),
            (r"^[0-9$", 2, "unclosed character class"),
            ("46\\", 3, "backslash"),
            (r"\q", 1, "not known"),
        ] {
            let error = translate(pattern).expect_err(pattern);
            assert_eq!(error.position, position, "{pattern}: {error}");
            assert!(error.message.contains(word), "{pattern}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_translation_panic(text in r"[\\(){}\[\]?<>=!:+*|^$.a-c0-9dkGZ'#&~,-]{0,24}") {
            if let Ok(translated) = translate(&text) {
                let _ = Regex::new(&translated);
            }
        }
    }
}
