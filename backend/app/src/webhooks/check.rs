//! What a subscription may say.

use crate::{App, Error};
use domain::events::{ATTEMPTS_MAX, EventKind, Filter, Kinds, LIFE_MINUTES_MAX, SUBJECT_MAX, Schema};
use vendors::PostError;

/// Subscriptions of one tenant at most.
pub const WEBHOOKS_MAX: u64 = 50;
/// Characters of a name at most.
pub const NAME_MAX: usize = 64;

/// A subscription as its owner writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What its owner calls it: 3 to 64 letters, digits and hyphens, unique in the tenant.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// How they look.
    pub schema: Schema,
    /// Their types; empty for all.
    pub event_types: Vec<String>,
    /// What their subject begins with.
    pub subject_begins_with: String,
    /// What their subject ends with.
    pub subject_ends_with: String,
    /// Whether events go there.
    pub enabled: bool,
    /// Tries of one delivery, 1 to 30.
    pub max_attempts: u32,
    /// Minutes for which a delivery is tried, 1 to 1,440.
    pub life_minutes: u32,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            schema: Schema::default(),
            event_types: Vec::new(),
            subject_begins_with: String::new(),
            subject_ends_with: String::new(),
            enabled: true,
            max_attempts: ATTEMPTS_MAX,
            life_minutes: LIFE_MINUTES_MAX,
        }
    }
}

/// The types that are meant, in their order.
pub(super) fn kinds(types: &[String]) -> Result<Vec<EventKind>, Error> {
    let kind = |name: &String| {
        EventKind::from_type_name(name.trim()).ok_or_else(|| {
            let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.type_name()).collect();
            let message = format!("there are no events of type {name:?}; there are {}", known.join(", "));
            Error::invalid("eventTypes", message)
        })
    };
    let mut kinds = types.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

/// What a set of types wants: all where it names none.
pub(super) fn filter(kinds: &[EventKind], begins: &str, ends: &str) -> Filter {
    let kinds = if kinds.is_empty() { Kinds::ALL } else { kinds.iter().copied().collect() };
    Filter { kinds, subject_begins_with: begins.to_owned(), subject_ends_with: ends.to_owned() }
}

/// Refuses what cannot be kept.
pub(super) fn check(draft: &Draft) -> Result<(), Error> {
    let fits = (3..=NAME_MAX).contains(&draft.name.chars().count());
    if !fits || !draft.name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        let message = format!("give it a name of 3 to {NAME_MAX} letters, digits and hyphens");
        return Err(Error::invalid("name", message));
    }
    for (field, text) in
        [("subjectBeginsWith", &draft.subject_begins_with), ("subjectEndsWith", &draft.subject_ends_with)]
    {
        if text.chars().count() > SUBJECT_MAX || text.chars().any(char::is_control) {
            let message = format!("write {SUBJECT_MAX} printable characters at most");
            return Err(Error::invalid(field, message));
        }
    }
    within("maxDeliveryAttempts", draft.max_attempts, ATTEMPTS_MAX)?;
    within("timeToLiveMinutes", draft.life_minutes, LIFE_MINUTES_MAX)?;
    kinds(&draft.event_types).map(drop)
}

fn within(field: &str, number: u32, most: u32) -> Result<(), Error> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    Err(Error::invalid(field, format!("write a number from 1 to {most}")))
}

/// Refuses an address that would not be asked.
pub(crate) async fn check_url(app: &App, url: &str) -> Result<(), Error> {
    app.deps().poster.check(url).await.map_err(|error| match error {
        PostError::Refused(text) => Error::invalid("url", text),
        PostError::Failed(text) => Error::invalid("url", format!("the host cannot be looked up: {text}")),
    })
}

/// An address without what stands behind its question mark, which may open something.
pub(crate) fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((head, _)) => format!("{head}?…"),
        None => url.to_owned(),
    }
}
