//! The form of a webhook.

use app::webhooks::{Draft, WebhookView};
use domain::events::{EventKind, Schema};
use std::collections::BTreeMap;

/// What somebody types: the fields by their names; of the boxes, each has an event's word for its name.
pub(super) type Fields = BTreeMap<String, String>;

/// A type without who gave it its name, for where there is little room.
pub(super) fn short(type_name: &'static str) -> &'static str {
    type_name.rsplit('.').next().unwrap_or(type_name)
}

/// What somebody typed.
#[derive(Debug, Clone)]
pub(super) struct WebhookForm {
    pub(super) name: String,
    pub(super) url: String,
    schema: String,
    kinds: Vec<EventKind>,
    pub(super) subject_begins_with: String,
    pub(super) subject_ends_with: String,
    pub(super) enabled: bool,
    pub(super) max_attempts: String,
    pub(super) life_minutes: String,
}

/// A choice of a list.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) selected: bool,
}

/// A box.
pub(super) struct Tick {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) about: &'static str,
    pub(super) checked: bool,
}

impl Default for WebhookForm {
    fn default() -> Self {
        let Draft { max_attempts, life_minutes, .. } = Draft::default();
        Self {
            name: String::new(),
            url: String::new(),
            schema: Schema::default().word().to_owned(),
            kinds: Vec::new(),
            subject_begins_with: String::new(),
            subject_ends_with: String::new(),
            enabled: true,
            max_attempts: max_attempts.to_string(),
            life_minutes: life_minutes.to_string(),
        }
    }
}

impl From<Fields> for WebhookForm {
    fn from(mut fields: Fields) -> Self {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default().trim().to_owned();
        Self {
            name: take("name"),
            url: take("url"),
            schema: take("schema"),
            subject_begins_with: take("subject_begins_with"),
            subject_ends_with: take("subject_ends_with"),
            enabled: !take("enabled").is_empty(),
            max_attempts: take("max_attempts"),
            life_minutes: take("life_minutes"),
            kinds: EventKind::ALL.into_iter().filter(|kind| !take(kind.word()).is_empty()).collect(),
        }
    }
}

impl WebhookForm {
    pub(super) fn of(seen: &WebhookView) -> Self {
        Self {
            name: seen.name.clone(),
            url: seen.url.clone(),
            schema: seen.schema.word().to_owned(),
            kinds: seen.kinds.clone(),
            subject_begins_with: seen.subject_begins_with.clone(),
            subject_ends_with: seen.subject_ends_with.clone(),
            enabled: seen.enabled,
            max_attempts: seen.max_attempts.to_string(),
            life_minutes: seen.life_minutes.to_string(),
        }
    }

    /// What the use case takes.
    pub(super) fn draft(&self) -> Result<Draft, app::Error> {
        let number = |field: &str, text: &str| {
            text.parse().map_err(|_| app::Error::invalid(field, "write a whole number"))
        };
        let schema = Schema::from_word(&self.schema)
            .ok_or_else(|| app::Error::invalid("schema", "choose how events look"))?;
        Ok(Draft {
            name: self.name.clone(),
            url: self.url.clone(),
            schema,
            event_types: self.kinds.iter().map(|kind| kind.type_name().to_owned()).collect(),
            subject_begins_with: self.subject_begins_with.clone(),
            subject_ends_with: self.subject_ends_with.clone(),
            enabled: self.enabled,
            max_attempts: number("maxDeliveryAttempts", &self.max_attempts)?,
            life_minutes: number("timeToLiveMinutes", &self.life_minutes)?,
        })
    }

    pub(super) fn schemas(&self) -> Vec<Choice> {
        let choice = |schema: Schema| Choice {
            value: schema.word(),
            label: match schema {
                Schema::EventGrid => "Event Grid",
                Schema::CloudEvents => "CloudEvents 1.0",
            },
            selected: schema.word() == self.schema,
        };
        Schema::ALL.into_iter().map(choice).collect()
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        let tick = |kind: EventKind| Tick {
            word: kind.word(),
            label: short(kind.type_name()),
            about: kind.explain(),
            checked: self.kinds.contains(&kind),
        };
        EventKind::ALL.into_iter().map(tick).collect()
    }

    /// Whether something is set that most people leave alone.
    pub(super) fn has_more(&self) -> bool {
        let plain = Self::default();
        (&self.subject_begins_with, &self.subject_ends_with, &self.max_attempts, &self.life_minutes)
            != (
                &plain.subject_begins_with,
                &plain.subject_ends_with,
                &plain.max_attempts,
                &plain.life_minutes,
            )
    }
}
