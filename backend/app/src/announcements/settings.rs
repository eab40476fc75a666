//! What the operator set about announcements: which causes are heard, in which languages, for how long.

use super::{CAUSES, FILES_MAX};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    cause::Cause,
};
use media::tones;
use serde::{Deserialize, Serialize};

/// Languages at most.
pub const LANGUAGES_MAX: usize = 4;
/// For how long an announcement may be heard, seconds.
pub const SECONDS: std::ops::RangeInclusive<u16> = 1..=30;
/// The name under which the settings are kept.
const NAME: &str = "announcements";

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AudioFile {
    /// Of which cause.
    pub cause: Cause,
    /// In which language.
    pub language: String,
    /// How long it is.
    pub millis: u32,
    /// When it was uploaded.
    pub uploaded_at: DateTime<Utc>,
}

impl AudioFile {
    /// The name under which its samples are kept.
    pub(super) fn name(&self) -> String {
        format!("announcement:{}:{}", self.cause.word(), self.language)
    }
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Kept {
    pub(super) country: String,
    pub(super) languages: Vec<String>,
    pub(super) announced: Vec<Cause>,
    pub(super) seconds_max: u16,
    pub(super) files: Vec<AudioFile>,
}

impl Default for Kept {
    /// Nothing is heard.
    fn default() -> Self {
        Self {
            country: "DE".to_owned(),
            languages: vec!["en".to_owned()],
            announced: Vec::new(),
            seconds_max: 12,
            files: Vec::new(),
        }
    }
}

/// What of the settings is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Whose tones are heard (ISO 3166-1).
    pub country: String,
    /// The languages that are heard, one after the other.
    pub languages: Vec<String>,
    /// The words of the causes that are heard.
    pub announced: Vec<String>,
    /// For how long at most, seconds.
    pub seconds_max: u16,
}

/// One cause, and what is heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The cause.
    pub cause: Cause,
    /// Whether it is heard.
    pub is_on: bool,
    /// Its files; without one that is in a language which is heard, tones are.
    pub files: Vec<AudioFile>,
}

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What can be edited.
    pub settings: Edit,
    /// Every cause that can be heard.
    pub causes: Vec<Announced>,
}

/// The countries whose tones are known.
pub fn tone_countries() -> impl Iterator<Item = &'static str> {
    tones::PLANS.iter().map(|plan| plan.country)
}

impl Kept {
    pub(super) async fn read(on: &impl store::On) -> Result<Self, Error> {
        let scope = Scope::system("announcements are the platform's");
        match store::platform::value(on, &scope, NAME).await? {
            Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
            None => Ok(Self::default()),
        }
    }

    /// The files of a cause that are heard, in the order of the languages.
    pub(super) fn heard(&self, cause: Cause) -> impl Iterator<Item = &AudioFile> {
        self.languages.iter().filter_map(move |language| self.file(cause, language))
    }

    pub(super) fn file(&self, cause: Cause, language: &str) -> Option<&AudioFile> {
        self.files.iter().find(|file| file.cause == cause && file.language == language)
    }

    fn view(self) -> View {
        let announced = |cause: Cause| Announced {
            cause,
            is_on: self.announced.contains(&cause),
            files: self.files.iter().filter(|file| file.cause == cause).cloned().collect(),
        };
        View {
            causes: CAUSES.into_iter().map(announced).collect(),
            settings: Edit {
                announced: self.announced.iter().map(|cause| cause.word().to_owned()).collect(),
                country: self.country,
                languages: self.languages,
                seconds_max: self.seconds_max,
            },
        }
    }
}

/// The settings. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &Actor) -> Result<View, Error> {
    actor.scope(Permission::Operate)?;
    Ok(Kept::read(app.db().read()).await?.view())
}

/// Changes the settings. Operators only. Calls that are decided from then on are heard by them.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn change(app: &App, actor: &Actor, wanted: Edit) -> Result<View, Error> {
    let announced = wanted.announced.iter().map(|word| cause_of(word)).collect::<Result<Vec<_>, _>>()?;
    if !tone_countries().any(|known| known == wanted.country) {
        let known = tone_countries().collect::<Vec<_>>().join(", ");
        return Err(Error::invalid("country", format!("the tones of these countries are known: {known}")));
    }
    if wanted.languages.is_empty() || wanted.languages.len() > LANGUAGES_MAX {
        return Err(Error::invalid("languages", format!("give 1 to {LANGUAGES_MAX} languages, such as en")));
    }
    wanted.languages.iter().try_for_each(|language| check_language("languages", language))?;
    if !SECONDS.contains(&wanted.seconds_max) {
        return Err(Error::invalid("secondsMax", "an announcement is heard for 1 to 30 seconds".to_owned()));
    }
    edit(app, actor, "announcements.update", async |_, _, kept| {
        let mut announced = announced.clone();
        announced.dedup();
        Ok(Kept {
            country: wanted.country.clone(),
            languages: wanted.languages.clone(),
            announced,
            seconds_max: wanted.seconds_max,
            ..kept
        })
    })
    .await
}

/// The cause of a word, among those that can be heard.
pub(super) fn cause_of(word: &str) -> Result<Cause, Error> {
    Cause::from_word(word).filter(|cause| CAUSES.contains(cause)).ok_or_else(|| {
        let known: Vec<_> = CAUSES.iter().map(|cause| cause.word()).collect();
        Error::invalid("cause", format!("{word:?} can't be announced: choose of {}", known.join(", ")))
    })
}

/// Whether this is a language tag such as `en` or `pt-br`.
pub(super) fn check_language(field: &str, tag: &str) -> Result<(), Error> {
    let is_part = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_tag = tag.split('-').count() <= 2 && tag.split('-').all(is_part) && tag != super::TONES;
    if is_tag {
        return Ok(());
    }
    Err(Error::invalid(field, format!("{tag:?} is no language: write it as en, lt or pt-br")))
}

/// Edits what is kept, with its audit row, and makes ready what is heard then.
pub(super) async fn edit(
    app: &App,
    actor: &Actor,
    what: &'static str,
    edit: impl AsyncFn(&store::Tx, &Scope, Kept) -> Result<Kept, Error>,
) -> Result<View, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let before = Kept::read(tx).await?;
            let after = edit(tx, &scope, before.clone()).await?;
            if after.files.len() > FILES_MAX {
                let message = format!("{FILES_MAX} files are kept at most: delete one first");
                return Err(Error::invalid("file", message));
            }
            let json = serde_json::to_vec(&after).map_err(Error::internal)?;
            store::platform::put_value(tx, &scope, NAME, json).await?;
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what,
                target: NAME,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    super::load(app).await?;
    Ok(after.view())
}
