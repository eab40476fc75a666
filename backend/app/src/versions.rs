//! Versions of what people edit, so that two of them do not overwrite each other. A thing's version is the audit's last
//! row about it: every change writes one in its own transaction, so the version is compared where it is written.
//!
//! What a caller has seen travels beside the use case, not through it: [`expecting`] wraps the change, and the audit asks
//! [`check`] before it writes. So no use case can forget it.

use crate::{App, Error};
use chrono::SecondsFormat;
use domain::{
    access::Scope,
    ids::{CarrierId, PlanId, TenantId},
};
use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};
use store::Tx;
use uuid::Uuid;

/// Versions that one request may name.
pub const EXPECTED_MAX: usize = 16;

tokio::task_local! {
    static SEEN: Arc<Seen>;
}

/// A version; that of something that nobody has changed since it came with the platform is `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(Option<Uuid>);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => id.simple().fmt(f),
            None => f.write_str("0"),
        }
    }
}

impl FromStr for Version {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        if text == "0" { Ok(Self(None)) } else { Uuid::try_parse(text).map(|id| Self(Some(id))) }
    }
}

/// What is edited, by the names under which the audit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    tenant: Option<TenantId>,
    targets: Vec<String>,
}

impl Subject {
    /// Something of the platform, by its name in the audit.
    #[must_use]
    pub fn platform(name: &str) -> Self {
        Self { tenant: None, targets: vec![name.to_owned()] }
    }

    /// A trunk: what `/sip` changes may be in it, too.
    #[must_use]
    pub fn trunk(tenant: TenantId, fqdn: &str) -> Self {
        Self { tenant: Some(tenant), targets: vec![fqdn.to_ascii_lowercase(), "sip".to_owned()] }
    }

    /// The voice routes, which have one order: what `/sip` changes may be in them, too.
    #[must_use]
    pub fn routes(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), targets: vec!["routes".to_owned(), "sip".to_owned()] }
    }

    /// A number that the tenant owns, with its `+`.
    #[must_use]
    pub fn number(tenant: TenantId, e164: &str) -> Self {
        Self { tenant: Some(tenant), targets: vec![e164.to_owned()] }
    }

    /// A domain, by its name.
    #[must_use]
    pub fn domain(tenant: TenantId, name: &str) -> Self {
        Self { tenant: Some(tenant), targets: vec![name.to_ascii_lowercase()] }
    }

    /// The balance at which the tenant is told.
    #[must_use]
    pub fn balance_alert(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), targets: vec![crate::events::BALANCE_ALERT.to_owned()] }
    }

    /// What the tenant's account is topped up by.
    #[must_use]
    pub fn top_up_rule(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), targets: vec![crate::topups::RULE.to_owned()] }
    }

    /// What the tenant says of recording its calls.
    #[must_use]
    pub fn recording_policy(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), targets: vec![crate::recordings::POLICY.to_owned()] }
    }

    /// A webhook, by its id.
    #[must_use]
    pub fn webhook(tenant: TenantId, id: &str) -> Self {
        Self { tenant: Some(tenant), targets: vec![id.to_ascii_lowercase()] }
    }

    /// A request to port numbers, by its id.
    #[must_use]
    pub fn porting(tenant: TenantId, id: &str) -> Self {
        Self { tenant: Some(tenant), targets: vec![id.to_ascii_lowercase()] }
    }

    /// The tenant itself, its terms and protection, and what it set for emergency calls; `None` where there is none.
    #[must_use]
    pub fn tenant(app: &App, tenant: TenantId) -> Option<Self> {
        let slug = app.live().tenant(tenant)?.slug().to_owned();
        Some(Self { tenant: Some(tenant), targets: vec![slug] })
    }

    /// A price plan; `None` where there is none.
    #[must_use]
    pub fn plan(app: &App, id: PlanId) -> Option<Self> {
        let live = app.live();
        let plan = live.config.plan(id)?;
        Some(Self::platform(&crate::plans::target(&plan.name)))
    }

    /// A carrier; `None` where there is none.
    #[must_use]
    pub fn carrier(app: &App, id: CarrierId) -> Option<Self> {
        let live = app.live();
        let carrier = live.config.platform.value.carriers.iter().find(|carrier| carrier.id == id)?;
        Some(Self::platform(&carrier.name))
    }
}

/// What a request has seen of its subject, and what it wrote.
struct Seen {
    subject: Subject,
    expected: Option<Vec<Version>>,
    written: Mutex<Vec<Uuid>>,
}

/// The version of something. Read it before the thing itself: then what is seen is never older than its version.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn of(app: &App, subject: &Subject) -> Result<Version, Error> {
    let scope = Scope::system("a version says nothing to who may not see its thing");
    let last = store::audit::last(app.db().read(), &scope, subject.tenant, &subject.targets).await?;
    Ok(Version(last.map(|row| row.id)))
}

/// Does `work`, whose change of the subject fails (412) unless its version is one of the expected; without any it is
/// made whatever the version. Answers the version that it wrote, where it wrote one.
pub async fn expecting<F: Future>(
    subject: Subject,
    expected: Option<Vec<Version>>,
    work: F,
) -> (F::Output, Option<Version>) {
    let seen = Arc::new(Seen { subject, expected, written: Mutex::default() });
    let output = SEEN.scope(Arc::clone(&seen), work).await;
    let written = seen.written.lock().unwrap_or_else(PoisonError::into_inner).last().copied();
    (output, written.map(|id| Version(Some(id))))
}

/// The version of something, for the form in which it is edited; nothing where it has none.
///
/// # Errors
/// As [`of`].
pub async fn for_form(app: &App, subject: Option<Subject>) -> Result<String, Error> {
    match subject {
        Some(subject) => Ok(of(app, &subject).await?.to_string()),
        None => Ok(String::new()),
    }
}

/// The same for a form, which says what its page has seen; a form that says nothing expects nothing.
///
/// # Errors
/// What `work` answers; [`Error::Invalid`] (412) where somebody else was quicker.
pub async fn of_form<T>(
    subject: Option<Subject>,
    seen: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match (subject, seen.parse()) {
        (Some(subject), Ok(version)) => expecting(subject, Some(vec![version]), work).await.0,
        _ => work.await,
    }
}

/// Compares the versions, and notes the one that is about to be written, in the transaction that makes the change.
pub(crate) async fn check(tx: &Tx, id: Uuid) -> Result<(), Error> {
    let Ok(seen) = SEEN.try_with(Arc::clone) else { return Ok(()) };
    if let Some(expected) = &seen.expected {
        let scope = Scope::system("a version is compared in the transaction that changes it");
        let last = store::audit::last(tx, &scope, seen.subject.tenant, &seen.subject.targets).await?;
        let is_own = last.as_ref().is_some_and(|row| lock(&seen).contains(&row.id));
        if !is_own && !expected.contains(&Version(last.as_ref().map(|row| row.id))) {
            return Err(changed(last.as_ref()));
        }
    }
    lock(&seen).push(id);
    Ok(())
}

fn lock(seen: &Seen) -> std::sync::MutexGuard<'_, Vec<Uuid>> {
    seen.written.lock().unwrap_or_else(PoisonError::into_inner)
}

fn changed(last: Option<&store::audit::Audit>) -> Error {
    let now = Version(last.map(|row| row.id));
    let message = match last {
        Some(row) => format!(
            "{} changed this at {}, after you looked: look again, and make your change on top of theirs",
            row.actor,
            row.at.to_rfc3339_opts(SecondsFormat::Secs, true)
        ),
        None => "this is not the version that you looked at: look again".to_owned(),
    };
    Error::Invalid {
        status: 412,
        code: "PreconditionFailed",
        message,
        target: Some("If-Match".to_owned()),
        inner: Some(("CurrentVersion", format!("\"{now}\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_written_and_read_as_the_same_text() {
        let version = Version(Some(Uuid::now_v7()));
        assert_eq!(version.to_string().parse(), Ok(version));
        assert_eq!("0".parse(), Ok(Version(None)));
        assert!("W/1".parse::<Version>().is_err());
    }
}
