//! Which events a subscription wants.

use super::EventKind;

/// Characters of a beginning or an end that subjects are compared with, at most.
pub const SUBJECT_MAX: usize = 256;

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u32);

impl Kinds {
    /// All of them.
    pub const ALL: Self = Self((1 << EventKind::ALL.len()) - 1);

    /// Whether a kind is in it.
    #[must_use]
    pub const fn has(self, kind: EventKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// With those of another set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether something of a call is in it.
    #[must_use]
    pub fn has_calls(self) -> bool {
        [EventKind::IncomingCall, EventKind::CallStarted, EventKind::CallAnswered, EventKind::CallEnded]
            .into_iter()
            .any(|kind| self.has(kind))
    }

    /// The kinds in it.
    pub fn iter(self) -> impl Iterator<Item = EventKind> {
        EventKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

impl FromIterator<EventKind> for Kinds {
    fn from_iter<T: IntoIterator<Item = EventKind>>(kinds: T) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | (1 << kind as u16)))
    }
}

/// What a subscription wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The kinds.
    pub kinds: Kinds,
    /// What the subject begins with, compared without case; empty for any.
    pub subject_begins_with: String,
    /// What it ends with, compared without case; empty for any.
    pub subject_ends_with: String,
}

impl Filter {
    /// Whether it wants an event.
    #[must_use]
    pub fn wants(&self, kind: EventKind, subject: &str) -> bool {
        let subject = subject.to_lowercase();
        self.kinds.has(kind)
            && subject.starts_with(&self.subject_begins_with.to_lowercase())
            && subject.ends_with(&self.subject_ends_with.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_nothing_else() {
        let set: Kinds = [EventKind::CallEnded, EventKind::BalanceLow].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [EventKind::CallEnded, EventKind::BalanceLow]);
        assert!(set.has_calls() && !Kinds::default().has_calls());
        assert_eq!(Kinds::ALL.iter().count(), EventKind::ALL.len());
        assert_eq!(Kinds::ALL.or(set), Kinds::ALL);
    }

    #[test]
    fn an_event_passes_by_its_kind_and_both_ends_of_its_subject() {
        let filter = |begins: &str, ends: &str| Filter {
            kinds: [EventKind::IncomingCall].into_iter().collect(),
            subject_begins_with: begins.into(),
            subject_ends_with: ends.into(),
        };
        let subject = "/caller/4:+12065550100/recipient/4:+12125550100";
        for (begins, ends, wanted) in [
            ("", "", true),
            ("/CALLER/4:+1206", "", true),
            ("", "/recipient/4:+12125550100", true),
            ("/caller/4:+1", "0100", true),
            ("/caller/4:+44", "", false),
            ("", "0101", false),
        ] {
            assert_eq!(
                filter(begins, ends).wants(EventKind::IncomingCall, subject),
                wanted,
                "{begins} {ends}"
            );
        }
        assert!(!filter("", "").wants(EventKind::CallEnded, subject));
    }
}
