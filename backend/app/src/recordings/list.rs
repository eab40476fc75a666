//! Lists of recordings, and one of them.

use super::{RecordingState, RecordingView, no_recording};
use crate::{App, Error, Page, PageRequest};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    ids::CallId,
};
use store::recordings::{self, Wanted};
use uuid::Uuid;

/// Which recordings are wanted; what is left out narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Of this call.
    pub call: Option<CallId>,
    /// In this state.
    pub state: Option<RecordingState>,
    /// Begun at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Begun before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Recordings of the actor's tenant that were not deleted, newest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &RecordingFilter,
    page: &PageRequest,
) -> Result<Page<RecordingView>, Error> {
    let scope = actor.scope(Permission::ReadRecordings)?;
    let wanted = Wanted {
        call: filter.call.map(|call| call.0),
        state: filter.state.map(RecordingState::word),
        since: filter.since,
        until: filter.until,
    };
    let rows = recordings::list(app.db().read(), &scope, &wanted, page.key()?, page.limit()).await?;
    let views = rows.into_iter().map(RecordingView::of).collect::<Result<Vec<_>, _>>()?;
    Ok(page.cut(views, |view: &RecordingView| view.id.to_string()))
}

/// A recording of the actor's tenant; of one that was deleted what is known of it.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<RecordingView, Error> {
    let scope = actor.scope(Permission::ReadRecordings)?;
    RecordingView::of(recordings::get(app.db().read(), &scope, id).await?.ok_or_else(no_recording)?)
}
