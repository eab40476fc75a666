//! The media relay of this node, as its server reads it: how full it is, and whether its workers live. What an operator must hear of is
//! written into the outbox.

use crate::{App, Error, events, outbox};
use domain::access::Scope;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// What the relay is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Calls that have ports.
    pub sessions: u64,
    /// Calls that the ports allow at a time.
    pub capacity: u64,
    /// Ports are nearly used up: from 80 % on, until less than 70 % are.
    pub is_scarce: bool,
    /// How often a worker has died and was replaced since the start.
    pub deaths: u64,
}

/// The last reading; none before the first, and on a node without media.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<Option<Reading>>);

/// The last reading.
#[must_use]
pub fn last(app: &App) -> Option<Reading> {
    *app.pool().0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a reading, and tells the operator what changed since the last one.
///
/// # Errors
/// [`Error`] where the database fails; the change is told with the next reading then.
pub async fn read(app: &App, reading: Reading) -> Result<(), Error> {
    let before = last(app).unwrap_or_default();
    let news = news(&app.settings().node, before, reading);
    if !news.is_empty() {
        let scope = Scope::system("the operator hears of the media relay");
        let tx = app.db().begin().await?;
        for (kind, data) in news {
            store::outbox::insert(&tx, &scope, outbox::message(None, kind, data, app.now())).await?;
        }
        tx.commit().await.map_err(store::Error::from)?;
    }
    *app.pool().0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    Ok(())
}

/// What there is to tell from one reading to the next.
fn news(node: &str, before: Reading, now: Reading) -> Vec<(&'static str, Value)> {
    let Reading { sessions, capacity, is_scarce, deaths } = now;
    let mut news = Vec::new();
    if is_scarce != before.is_scarce {
        let (kind, explanation) = if is_scarce {
            (
                events::MEDIA_PORTS_SCARCE,
                "Media ports are nearly used up: widen media.ports, or further calls get 503 with Retry-After.",
            )
        } else {
            (events::MEDIA_PORTS_ENOUGH, "There are enough media ports again.")
        };
        let data =
            json!({ "node": node, "sessions": sessions, "capacity": capacity, "explanation": explanation });
        news.push((kind, data));
    }
    if deaths > before.deaths {
        let explanation = "A media worker has died and was replaced. Its calls were ended with media-lost; what it died of is in the log.";
        let data = json!({ "node": node, "deaths": deaths - before.deaths, "explanation": explanation });
        news.push((events::MEDIA_WORKER_DIED, data));
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_told_once() {
        let calm = Reading { sessions: 1, capacity: 10, is_scarce: false, deaths: 0 };
        let full = Reading { sessions: 8, is_scarce: true, ..calm };
        let kinds =
            |before, now| news("one", before, now).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert!(kinds(Reading::default(), calm).is_empty());
        assert_eq!(kinds(calm, full), [events::MEDIA_PORTS_SCARCE]);
        assert!(kinds(full, Reading { sessions: 9, ..full }).is_empty());
        assert_eq!(kinds(full, calm), [events::MEDIA_PORTS_ENOUGH]);
        assert_eq!(kinds(calm, Reading { deaths: 2, ..calm }), [events::MEDIA_WORKER_DIED]);
        let told = news("one", calm, full).remove(0).1;
        assert_eq!(
            (&told["node"], &told["sessions"], &told["capacity"]),
            (&json!("one"), &json!(8), &json!(10))
        );
    }
}
