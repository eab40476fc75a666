//! Replays: a request with an `Idempotency-Key` is answered once, and the same way each time.

use crate::{App, Error, vault::Place};
use chrono::Duration;
use domain::access::Scope;
use sha2::{Digest, Sha256};
use store::platform::{self, Replay};

/// Hours that an answer is kept.
pub const REPLAY_HOURS: i64 = 24;
/// Minutes that a request may take; after them it may be tried again.
const ANSWER_MINUTES: i64 = 2;
/// Keys of one caller within that time, at most.
pub const KEYS_MAX: u64 = 20_000;
/// Bytes of an answer that is kept, at most.
pub const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// Seconds after which somebody with too many keys may try again.
const FULL_SECONDS: u32 = 3_600;
/// The longest key.
pub const KEY_MAX_LEN: usize = 255;

/// Whether a request is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is: do it, and say [`finish`] or [`abandon`] with this ticket.
    Fresh(Ticket),
    /// It was answered like this.
    Replay {
        /// The status.
        status: u16,
        /// The headers: a name and a value a line.
        headers: String,
        /// The body.
        body: Vec<u8>,
    },
}

/// A request that is being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(String);

/// Looks whether a caller has sent this key before. `caller` names who asks (tenant or address), `request` is what was
/// asked: method, path and body.
///
/// # Errors
/// [`Error::Invalid`] for a bad key, and (422) where the key was used for another request; [`Error::Conflict`] where its
/// answer is not ready yet; [`Error::TooMany`] where the caller has used too many keys.
pub async fn begin(app: &App, caller: &str, key: &str, request: &[u8]) -> Result<Begun, Error> {
    if key.is_empty() || key.len() > KEY_MAX_LEN || key.chars().any(char::is_control) {
        return Err(Error::invalid(
            "Idempotency-Key",
            format!("give 1 to {KEY_MAX_LEN} printable characters"),
        ));
    }
    let scope = Scope::system("requests are remembered by caller and key");
    let id = hex::encode(Sha256::new().chain_update(caller).chain_update([0]).chain_update(key).finalize());
    let fingerprint = hex::encode(Sha256::digest(request));
    let row = Replay {
        id: id.clone(),
        fingerprint: fingerprint.clone(),
        status: None,
        answer: None,
        headers: None,
        caller: caller.to_owned(),
        created_at: app.now(),
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            let known = platform::replay(tx, &scope, &id).await?;
            if let Some(known) = known.filter(|known| !is_stuck(app, known)) {
                return replay(app, known, &fingerprint);
            }
            if platform::count_replays(tx, &scope, caller).await? >= KEYS_MAX {
                return Err(Error::TooMany {
                    message: format!("you have used {KEYS_MAX} idempotency keys within {REPLAY_HOURS} hours: send the request without one, or later"),
                    retry_after: FULL_SECONDS,
                });
            }
            platform::forget_replay(tx, &scope, &id).await?;
            platform::begin_replay(tx, &scope, row.clone()).await?;
            Ok(Begun::Fresh(Ticket(id.clone())))
        })
        .await
}

/// Whether a request has been answered for so long that whoever did it must have crashed.
fn is_stuck(app: &App, known: &Replay) -> bool {
    known.status.is_none() && known.created_at < app.now() - Duration::minutes(ANSWER_MINUTES)
}

fn replay(app: &App, known: Replay, fingerprint: &str) -> Result<Begun, Error> {
    if known.fingerprint != fingerprint {
        return Err(Error::Invalid {
            status: 422,
            code: "IdempotencyKeyReused",
            message: "this key was used for another request within 24 hours: take a new key for a new request, or send the same body again".to_owned(),
            target: Some("Idempotency-Key".to_owned()),
            inner: None,
        });
    }
    let (Some(status), Some(answer)) = (known.status, known.answer) else {
        return Err(Error::conflict(
            "Idempotency-Key",
            "the first request with this key is still being answered: send it again in a moment",
        ));
    };
    let body = app.vault().open(place(&known.id), &answer)?.to_vec();
    let status = u16::try_from(status).map_err(Error::internal)?;
    Ok(Begun::Replay { status, headers: known.headers.unwrap_or_default(), body })
}

/// Keeps the answer, sealed, since it may show secrets. `headers` are lines of a name, a colon and a value. What is too
/// large to keep is forgotten: the request would be done again.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn finish(app: &App, ticket: Ticket, status: u16, headers: &str, body: &[u8]) -> Result<(), Error> {
    if body.len() > ANSWER_MAX_BYTES {
        return abandon(app, ticket).await;
    }
    let scope = Scope::system("requests are remembered by caller and key");
    let answer = app.vault().seal(place(&ticket.0), body);
    let status = i16::try_from(status).map_err(Error::internal)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            Ok(platform::finish_replay(tx, &scope, &ticket.0, status, headers.to_owned(), answer.clone())
                .await?)
        })
        .await
}

/// Forgets a request that failed, so that it can be tried again.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn abandon(app: &App, ticket: Ticket) -> Result<(), Error> {
    let scope = Scope::system("requests are remembered by caller and key");
    app.db().write::<_, Error, _>(async |tx| Ok(platform::forget_replay(tx, &scope, &ticket.0).await?)).await
}

/// Forgets old answers, and says how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App) -> Result<u64, Error> {
    let scope = Scope::system("old answers of all callers go");
    let before = app.now() - Duration::hours(REPLAY_HOURS);
    app.db().write::<_, Error, _>(async |tx| Ok(platform::sweep_replays(tx, &scope, before).await?)).await
}

fn place(id: &str) -> Place<'_> {
    Place { tenant: "platform", table: "replays", column: "answer", id }
}
