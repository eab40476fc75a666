//! One examination: everything is tried in turn, and each finding can be read as soon as it is there.

use super::{
    State, calls,
    calls::Patient,
    network,
    report::{FINDINGS_MAX, Finding, Report, Topic},
};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    config::Trunk,
    decision::is_emergency,
    ids::TenantId,
    phone::Dialled,
};
use std::{collections::VecDeque, time::Duration};
use uuid::Uuid;

/// Reports that are kept, over all tenants; the oldest goes first.
pub(super) const REPORTS_MAX: usize = 256;
/// Examinations at one time, over all tenants.
const RUNNING_MAX: usize = 4;
/// How long an examination may take; what is missing then is said to be.
const EXAMINE_WITHIN: Duration = Duration::from_secs(300);

/// What is to be tried beyond names, connections and OPTIONS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// A number behind the trunk that answers by itself and echoes; without it no call is made.
    pub echo: Option<String>,
    /// The caller id of the test calls; a number of the tenant, or any, as the SBC takes it. Anonymous where it is not
    /// said.
    pub from: Option<String>,
    /// Whether each codec is tried on its own, with a call for each.
    pub codecs: bool,
}

/// The reports of this node.
#[derive(Debug, Default)]
pub(super) struct Reports {
    all: VecDeque<Report>,
}

impl Reports {
    fn add(&mut self, report: Report) {
        if self.all.len() >= REPORTS_MAX {
            self.all.pop_front();
        }
        self.all.push_back(report);
    }

    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Report)) {
        if let Some(report) = self.all.iter_mut().find(|report| report.id == id) {
            change(report);
        }
    }

    fn running(&self) -> impl Iterator<Item = &Report> {
        self.all.iter().filter(|report| report.ended_at.is_none())
    }
}

/// Begins to examine a trunk. Returns at once; [`get`] says how far it is.
///
/// # Errors
/// [`Error::NotFound`] where the actor's tenant has no such trunk, [`Error::Invalid`] for a number that cannot be dialled
/// or reaches emergency services, [`Error::Conflict`] while the trunk is being examined, [`Error::Unavailable`] where the
/// node has enough to do.
pub async fn examine(app: &App, actor: &Actor, fqdn: &str, order: Order) -> Result<Report, Error> {
    let (tenant, trunk) = trunk_of(app, actor, fqdn, Permission::ManageRouting)?;
    actor.scope(Permission::ControlCalls)?;
    let echo = order.echo.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let echo = echo.map(|text| number("echoNumber", text)).transpose()?;
    if echo.as_ref().is_some_and(|number| is_emergency(&app.live().config, number)) {
        return Err(Error::invalid("echoNumber", "this number reaches emergency services: give another one"));
    }
    let from = order.from.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let from = from.map(|text| number("from", text)).transpose()?;
    let report = Report {
        id: Uuid::now_v7(),
        tenant,
        fqdn: trunk.fqdn.clone(),
        echo: echo.as_ref().map(ToString::to_string),
        started_at: app.now(),
        ended_at: None,
        findings: Vec::new(),
    };
    {
        let mut reports = State::lock(&app.doctor().reports);
        if reports.running().any(|other| other.tenant == tenant && other.fqdn == trunk.fqdn) {
            return Err(Error::conflict(
                "fqdn",
                "this trunk is being examined at this moment: wait for the report",
            ));
        }
        if reports.running().count() >= RUNNING_MAX {
            return Err(Error::Unavailable { retry_after: 30 });
        }
        reports.add(report.clone());
    }
    let patient = echo.map(|echo| Patient {
        actor: actor.clone(),
        tenant,
        trunk: trunk.clone(),
        echo: echo.to_string(),
        from: from.map_or_else(|| "anonymous".to_owned(), |from| from.to_string()),
    });
    tokio::spawn(run(app.clone(), report.id, trunk, patient, order.codecs));
    Ok(report)
}

/// A report of the actor's tenant, as far as it is.
///
/// # Errors
/// [`Error::NotFound`], also for reports that are too old or of another node.
pub async fn get(app: &App, actor: &Actor, fqdn: &str, id: Uuid) -> Result<Report, Error> {
    let (tenant, trunk) = trunk_of(app, actor, fqdn, Permission::ReadRouting)?;
    let reports = State::lock(&app.doctor().reports);
    let mine = reports
        .all
        .iter()
        .find(|report| report.id == id && report.tenant == tenant && report.fqdn == trunk.fqdn);
    mine.cloned()
        .ok_or_else(|| Error::not_found("id", "there is no such report any more: examine the trunk again"))
}

/// The newest report of a trunk of the actor's tenant, where there is one.
///
/// # Errors
/// [`Error::NotFound`] where the tenant has no such trunk.
pub async fn latest(app: &App, actor: &Actor, fqdn: &str) -> Result<Option<Report>, Error> {
    let (tenant, trunk) = trunk_of(app, actor, fqdn, Permission::ReadRouting)?;
    let reports = State::lock(&app.doctor().reports);
    let newest = reports.all.iter().rev().find(|report| report.tenant == tenant && report.fqdn == trunk.fqdn);
    Ok(newest.cloned())
}

/// A trunk of the actor's tenant, as calls see it at this moment.
pub(super) fn trunk_of(
    app: &App,
    actor: &Actor,
    fqdn: &str,
    permission: Permission,
) -> Result<(TenantId, Trunk), Error> {
    let scope = actor.scope(permission)?;
    let no_trunk = || Error::not_found("fqdn", "there is no such trunk: GET /api/v1/trunks lists yours");
    let tenant = scope.tenant().ok_or_else(no_trunk)?;
    let live = app.live();
    let piece = live.config.tenant(tenant).ok_or_else(no_trunk)?;
    let trunk = piece.piece.value.trunk(fqdn).cloned().ok_or_else(no_trunk)?;
    Ok((tenant, trunk))
}

fn number(target: &str, text: &str) -> Result<Dialled, Error> {
    let dialled =
        Dialled::parse(text).filter(|dialled| dialled.as_str().bytes().any(|byte| byte.is_ascii_digit()));
    dialled.ok_or_else(|| {
        Error::invalid(
            target,
            format!("{text:?} cannot be dialled: give a number, with + where it is international"),
        )
    })
}

async fn run(app: App, id: Uuid, trunk: Trunk, patient: Option<Patient>, codecs: bool) {
    let all = tokio::time::timeout(EXAMINE_WITHIN, all(&app, id, &trunk, patient.as_ref(), codecs)).await;
    if all.is_err() {
        let late = Finding::failed(
            Topic::Invite,
            "the examination was given up after five minutes",
            "have the echo number answer at once, and examine again",
        );
        note(&app, id, [late]);
    }
    let now = app.now();
    State::lock(&app.doctor().reports).change(id, |report| report.ended_at = Some(now));
}

async fn all(app: &App, id: Uuid, trunk: &Trunk, patient: Option<&Patient>, codecs: bool) {
    note(app, id, [network::settings(app, trunk)]);
    let (found, hops) = network::dns(app, trunk).await;
    note(app, id, found);
    let found = network::connect(app, trunk, &hops).await;
    note(app, id, found);
    let found = network::options(app, trunk, &hops).await;
    note(app, id, found);
    note(app, id, network::srtp(trunk));
    let Some(patient) = patient else {
        return note(
            app,
            id,
            [Finding::skipped(Topic::Invite, "no echo number was given: no call was made")],
        );
    };
    let found = calls::talk(app, patient).await;
    note(app, id, found);
    if codecs {
        let found = calls::codecs(app, patient).await;
        note(app, id, found);
        let found = calls::srtp(app, patient).await;
        note(app, id, found);
    }
}

fn note(app: &App, id: Uuid, found: impl IntoIterator<Item = Finding>) {
    State::lock(&app.doctor().reports).change(id, |report| {
        report.findings.extend(found);
        report.findings.truncate(FINDINGS_MAX);
    });
}
