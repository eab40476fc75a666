//! What the operator set about the audio of all calls: codecs, and the echo.

use super::{Codec, Fault};
use serde::{Deserialize, Serialize};

/// Numbers and names of the echo, at most.
pub const ECHO_NUMBERS_MAX: usize = 10;
/// The longest of them, characters.
const ECHO_NUMBER_LEN_MAX: usize = 64;
/// The name of the echo in Azure's calling layer: it is heard wherever the echo is on.
pub const ECHO_BOT: &str = "8:echo123";

/// What holds for the audio of all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Audio {
    /// The codecs that calls may use here, most wanted first, each once. Empty: whatever two sides agree on passes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codecs: Vec<Codec>,
    /// What leads to the echo: full international numbers, short codes and names. Empty: nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub echo_numbers: Vec<String>,
}

impl Audio {
    /// Whether what was dialled leads to the echo; names are compared without case.
    #[must_use]
    pub fn is_echo(&self, dialled: &str) -> bool {
        let is_on = !self.echo_numbers.is_empty();
        is_on && dialled == ECHO_BOT
            || self.echo_numbers.iter().any(|known| known.eq_ignore_ascii_case(dialled))
    }

    /// Checks what can be checked without knowing numbers.
    ///
    /// # Errors
    /// The first fault, by its field.
    pub fn check(&self) -> Result<(), Fault> {
        let twice = |place: usize| self.codecs[..place].contains(&self.codecs[place]);
        if let Some(place) = (0..self.codecs.len()).find(|place| twice(*place)) {
            let message = format!("{} is there twice: name each codec once", self.codecs[place].word());
            return Err(Fault::new(format!("codecs[{place}]"), message));
        }
        if self.echo_numbers.len() > ECHO_NUMBERS_MAX {
            let message = format!("the echo has {ECHO_NUMBERS_MAX} numbers at most");
            return Err(Fault::new("echoNumbers".to_owned(), message));
        }
        for (place, number) in self.echo_numbers.iter().enumerate() {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "+*#-._".contains(c);
            if number.is_empty() || number.len() > ECHO_NUMBER_LEN_MAX || !number.chars().all(is_plain) {
                let message = format!(
                    "{number:?} is no number and no name: give a number such as +4940123456, or a short code such as echo or *43"
                );
                return Err(Fault::new(format!("echoNumbers[{place}]"), message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(codecs: &[Codec], numbers: &[&str]) -> Audio {
        let echo_numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        Audio { codecs: codecs.to_vec(), echo_numbers }
    }

    #[test]
    fn the_echo_has_the_names_that_are_set_and_the_bots_own_while_it_is_on() {
        let on = audio(&[], &["echo", "+4940123456"]);
        assert!(["echo", "ECHO", "+4940123456", "8:echo123"].iter().all(|dialled| on.is_echo(dialled)));
        assert!(!on.is_echo("+494012345") && !on.is_echo(""));
        assert!(!Audio::default().is_echo("8:echo123"));
    }

    #[test]
    fn what_is_set_wrongly_is_named() {
        let field = |audio: Audio| audio.check().map_err(|fault| fault.field);
        assert_eq!(field(audio(&[Codec::Opus, Codec::Pcmu], &["*43"])), Ok(()));
        assert_eq!(field(audio(&[Codec::Opus, Codec::Opus], &[])), Err("codecs[1]".to_owned()));
        assert_eq!(field(audio(&[], &["echo", "an echo"])), Err("echoNumbers[1]".to_owned()));
        assert_eq!(field(audio(&[], &["1"; 11])), Err("echoNumbers".to_owned()));
    }
}
