//! The page of one trunk: how it is doing, and all that it can be told.

use super::{Choice, choices, form::SettingsForm, srtps, state, transports};
use crate::portal::{
    Portal, error,
    page::{Done, Place, Shell},
    posted::Posted,
    visit::{Member, PageResult},
    words::{self, Badge},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App,
    trunks::TrunkView,
    versions::{self, Subject},
};
use askama::Template;
use domain::config::Authentication;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save);
}

#[derive(Template)]
#[template(path = "trunks/show.html")]
struct TrunkPage {
    shell: Shell,
    fqdn: String,
    edge: String,
    state: Badge,
    problem: Option<String>,
    recognised: String,
    transport: &'static str,
    has_password: bool,
    error: Option<String>,
    form: SettingsForm,
    transports: Vec<Choice>,
    srtps: Vec<Choice>,
    authentications: Vec<Choice>,
    privacies: Vec<Choice>,
    ip_versions: Vec<Choice>,
    early_media: Vec<Choice>,
    dtmfs: Vec<Choice>,
    routes: Vec<String>,
}

#[get("/app/trunks/{fqdn}")]
async fn show(app: Data<App>, portal: Data<Portal>, member: Member, fqdn: Path<String>) -> PageResult {
    let seen = versions::for_form(&app, subject(&member, &fqdn)).await?;
    let view = app::trunks::get(&app, &member.actor, &fqdn).await?;
    let form = SettingsForm { seen, ..SettingsForm::from(&view.trunk) };
    page(&app, &portal, &member, StatusCode::OK, view, form, None).await
}

#[post("/app/trunks/{fqdn}")]
async fn save(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    fqdn: Path<String>,
    form: Posted<SettingsForm>,
) -> PageResult {
    let change = app::trunks::change(&app, &member.actor, &fqdn, |now| form.0.read(now));
    match versions::of_form(subject(&member, &fqdn), &form.0.seen, change).await {
        Ok(view) => Ok(member.go_saying(&format!("/app/trunks/{}", view.trunk.fqdn), Done::TrunkSaved)),
        Err(failed) => {
            let view = app::trunks::get(&app, &member.actor, &fqdn).await?;
            let (status, text) = error::of_form(failed)?;
            page(&app, &portal, &member, status, view, form.0, Some(text)).await
        }
    }
}

fn subject(member: &Member, fqdn: &str) -> Option<Subject> {
    Some(Subject::trunk(member.actor.tenant?, fqdn))
}

async fn page(
    app: &App,
    portal: &Portal,
    member: &Member,
    status: StatusCode,
    view: TrunkView,
    form: SettingsForm,
    error: Option<String>,
) -> PageResult {
    let abilities = app.settings().abilities;
    let fqdn = view.trunk.fqdn.clone();
    let routes = app::routes::list(app, &member.actor).await?;
    let leads_here =
        |route: &domain::routing::VoiceRoute| route.targets.iter().any(|target| target.fqdn == fqdn);
    let signaling = &form.signaling;
    let page = TrunkPage {
        shell: member.shell(Place::Trunks),
        edge: portal.edge(app),
        state: state(&view),
        recognised: recognised(&view.trunk.authentication()),
        transport: words::transport(view.trunk.transport),
        has_password: view.has_password,
        transports: transports(&form.transport, abilities),
        srtps: srtps(&form.srtp, abilities),
        authentications: authentications(&form.authentication),
        privacies: choices(
            &[("id", "Privacy: id", true), ("none", "no Privacy header", true)],
            &signaling.privacy_header,
        ),
        ip_versions: choices(&[("ipv4", "IPv4", true), ("ipv6", "IPv6", true)], &signaling.ip_version),
        dtmfs: choices(
            &[
                ("rtp", "as telephone-events (RFC 4733)", true),
                ("info", "as SIP INFO", true),
                ("inband", "as tones in the audio", true),
            ],
            &signaling.dtmf,
        ),
        early_media: choices(
            &[("pass", "passed on", true), ("suppress", "suppressed", true)],
            &signaling.early_media,
        ),
        routes: routes.iter().filter(|route| leads_here(route)).map(|route| route.name.clone()).collect(),
        problem: view.problem,
        form: SettingsForm { signaling: form.signaling.clone().without_password(), ..form },
        fqdn,
        error,
    };
    member.page_with(status, &page)
}

fn authentications(chosen: &str) -> Vec<Choice> {
    let all = [
        ("", "what its transport suggests", true),
        ("certificate", "its certificate", true),
        ("address", "its address", true),
        ("digest", "the password of a SIP user", true),
        ("registration", "its registration as a SIP user", true),
    ];
    choices(&all, chosen)
}

fn recognised(by: &Authentication) -> String {
    match by {
        Authentication::Certificate => "by the certificate that names it".to_owned(),
        Authentication::Address => "by the addresses that it calls from".to_owned(),
        Authentication::Digest { username } => format!("by digest as SIP user {username}"),
        Authentication::Registration { username } => format!("by its registration as SIP user {username}"),
    }
}
