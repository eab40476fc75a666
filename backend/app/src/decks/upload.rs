//! A file becomes a draft.

use super::{Preview, Twice, VersionView, body, no_deck, target};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission},
    deck::{Comparison, Deck, Faults, LISTED_MAX, Read, read, survey},
    ids::DeckId,
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::prices;
use uuid::Uuid;

/// Characters of a note at most.
const NOTE_MAX: usize = 200;
/// Bad rows that a message names.
const NAMED_MAX: usize = 20;

/// Reads a file, and keeps it as the draft of a deck in the place of an earlier one. Nothing else changes before it is
/// confirmed. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] which says the bad rows and why.
pub async fn upload(
    app: &App,
    actor: &Actor,
    id: DeckId,
    text: String,
    note: &str,
) -> Result<VersionView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let deck = prices::deck(app.db().read(), &scope, id).await?.ok_or_else(no_deck)?;
    let current = prices::current_deck_versions(app.db().read(), &scope).await?;
    let current = current.into_iter().find(|(of, _)| of.id == deck.id);
    let before = match &current {
        Some((_, version)) => body::deck(app, &scope, &version.hash).await?,
        None => Arc::new(Deck::default()),
    };
    let work = move || {
        let read = read(&text).map_err(|faults| refused(&faults))?;
        let preview = preview(&read, &before);
        let rows = read.deck.len();
        Ok::<_, Error>((body::packed(&read.deck)?, preview, rows, read.currency))
    };
    let (packed, preview, rows, currency) =
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)??;
    if let Some(other) = currency.filter(|currency| *currency != deck.currency) {
        let text = format!("the file is in {other}, and the deck in {}", deck.currency);
        return Err(Error::invalid("currency", text));
    }
    let preview = seen(&preview);
    let draft = prices::DeckVersion {
        id: Uuid::now_v7(),
        deck_id: deck.id,
        number: 0,
        state: prices::DRAFT.to_owned(),
        hash: packed.hash.clone(),
        row_count: i64::try_from(rows).unwrap_or(i64::MAX),
        note: note.trim().chars().take(NOTE_MAX).collect(),
        preview,
        effective_at: None,
        created_by: actor.name.chars().take(254).collect(),
        created_at: app.now(),
    };
    let target = target(&deck.name);
    let number = app
        .db()
        .write::<_, Error, _>(async |tx| {
            prices::drop_drafts(tx, &scope, id).await?;
            let last = prices::deck_versions(tx, &scope, id, 1).await?;
            let number = last.first().map_or(1, |last| last.number + 1);
            let body = prices::DeckBody {
                hash: packed.hash.clone(),
                body: packed.body.clone(),
                created_at: draft.created_at,
            };
            prices::keep_deck_body(tx, &scope, body).await?;
            prices::insert_deck_version(tx, &scope, prices::DeckVersion { number, ..draft.clone() }).await?;
            let after = json!({"number": number, "rows": rows, "hash": packed.hash, "note": draft.note});
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "rateDeck.upload",
                target: &target,
                before: Value::Null,
                after,
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(number)
        })
        .await?;
    super::version(app, actor, id, number).await
}

fn preview(read: &Read, before: &Deck) -> Preview {
    let columns = read.columns.headings.iter().cloned().zip(read.columns.found.iter().copied());
    let listed = read.duplicates.iter().take(LISTED_MAX).map(|twice| Twice {
        prefix: twice.prefix.to_string(),
        kept: twice.kept,
        dropped: twice.dropped,
        differs: twice.differs,
    });
    Preview {
        columns: columns.collect(),
        changes: Comparison::of(before, &read.deck),
        survey: survey(&read.deck),
        duplicates: read.duplicates.len() as u64,
        duplicates_listed: listed.collect(),
    }
}

/// A file with bad rows: which, and why; all of them, up to a bound, are in the inner error.
fn refused(faults: &Faults) -> Error {
    let told = |fault: &domain::deck::Fault| {
        let column = if fault.column.is_empty() { String::new() } else { format!(" ({})", fault.column) };
        format!("line {}{column}: {}", fault.line, fault.message)
    };
    let named: Vec<String> = faults.listed.iter().take(NAMED_MAX).map(told).collect();
    let more = faults.count.saturating_sub(named.len() as u64);
    let rest = if more == 0 { String::new() } else { format!("; and {more} more") };
    let message = format!("nothing was imported, {} rows are bad: {}{rest}", faults.count, named.join("; "));
    let all: Vec<String> = faults.listed.iter().map(told).collect();
    Error::Invalid {
        status: 422,
        code: "BadRows",
        message,
        target: Some("body".to_owned()),
        inner: Some(("BadRows", all.join("\n"))),
    }
}
