//! Trunks: a tenant's own session border controllers. The page shows the voice routes and domains too; their forms are
//! taken by [`super::routes`] and [`super::domains`].

use super::{
    domains::DomainRow,
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    routes::{RouteForm, RouteRow},
    visit::{Member, PageResult},
    words::{self, Badge},
};
use crate::portal::Portal;
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App,
    trunks::{MediaPatch, SipPatch, SipTrunk, TrunkPatch, TrunkView},
};
use askama::Template;
use domain::config::{Abilities, Place as Spot, Srtp, Transport};
use serde::Deserialize;
use std::collections::BTreeMap;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(delete);
}

#[derive(Template)]
#[template(path = "trunks/index.html")]
struct TrunksPage {
    shell: Shell,
    edge: String,
    trunks: Vec<TrunkRow>,
    routes: Vec<RouteRow>,
    domains: Vec<DomainRow>,
    forms: Forms,
    transports: Vec<Choice>,
    srtps: Vec<Choice>,
}

/// One trunk.
struct TrunkRow {
    fqdn: String,
    port: u16,
    transport: &'static str,
    srtp: &'static str,
    addresses: String,
    state: Badge,
    problem: String,
}

/// A choice of a list.
struct Choice {
    value: &'static str,
    label: &'static str,
    selected: bool,
}

/// The page's forms as they stand, and why one was not taken.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) trunk: TrunkForm,
    pub(super) trunk_error: Option<String>,
    pub(super) is_new_trunk: bool,
    pub(super) route: RouteForm,
    pub(super) route_error: Option<String>,
    pub(super) domain: String,
    pub(super) domain_error: Option<String>,
}

/// What somebody types about a trunk.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct TrunkForm {
    fqdn: String,
    port: String,
    transport: String,
    srtp: String,
    addresses: String,
    enabled: String,
}

impl Default for TrunkForm {
    fn default() -> Self {
        Self {
            fqdn: String::new(),
            port: "5060".to_owned(),
            transport: "udp".to_owned(),
            srtp: "off".to_owned(),
            addresses: String::new(),
            enabled: String::new(),
        }
    }
}

impl From<&TrunkView> for TrunkForm {
    fn from(trunk: &TrunkView) -> Self {
        Self {
            fqdn: trunk.fqdn.clone(),
            port: trunk.sip_signaling_port.to_string(),
            transport: words::transport(trunk.transport).to_lowercase(),
            srtp: words::srtp(trunk.media.srtp).to_owned(),
            addresses: addresses(trunk),
            enabled: if trunk.enabled { "on".to_owned() } else { String::new() },
        }
    }
}

impl TrunkForm {
    fn is_enabled(&self) -> bool {
        !self.enabled.is_empty()
    }

    /// What `/sip` can say of it, and what it can't.
    fn read(&self) -> Result<(String, SipTrunk, TrunkPatch), app::Error> {
        let invalid = |field: &str, text: &str| app::Error::invalid(field, text);
        let port =
            self.port.trim().parse().map_err(|_| invalid("port", "the SIP port is a number, 1 to 65535"))?;
        let transport = [Transport::Udp, Transport::Tcp, Transport::Tls]
            .into_iter()
            .find(|known| words::transport(*known).eq_ignore_ascii_case(&self.transport));
        let srtp = [Srtp::Off, Srtp::Optional, Srtp::Required]
            .into_iter()
            .find(|known| words::srtp(*known) == self.srtp);
        let places = self.addresses.split(',').map(str::trim).filter(|text| !text.is_empty());
        let places: Result<Vec<Spot>, String> = places.map(|text| Spot::try_from(text.to_owned())).collect();
        let patch = TrunkPatch {
            sip_signaling_port: Some(port),
            enabled: Some(self.is_enabled()),
            transport: Some(transport.ok_or_else(|| invalid("transport", "choose a transport"))?),
            addresses: Some(places.map_err(|text| invalid("addresses", &text))?),
            media: Some(MediaPatch {
                srtp: Some(srtp.ok_or_else(|| invalid("srtp", "choose how media is encrypted"))?),
                codecs: None,
            }),
            limits: None,
        };
        Ok((self.fqdn.trim().to_ascii_lowercase(), SipTrunk { sip_signaling_port: port }, patch))
    }
}

/// Which trunk or route to put into its form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Edit {
    trunk: Option<String>,
    route: Option<String>,
}

#[get("/app/trunks")]
pub(super) async fn show(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    edit: Query<Edit>,
) -> PageResult {
    let mut forms = Forms::default();
    if let Some(fqdn) = &edit.trunk {
        forms.trunk = TrunkForm::from(&app::trunks::get(&app, &member.actor, fqdn).await?);
    } else {
        forms.is_new_trunk = true;
        forms.trunk.enabled = "on".to_owned();
    }
    if let Some(name) = &edit.route {
        forms.route = RouteForm::find(&app, &member, name).await?;
    }
    page(&app, &portal, &member, StatusCode::OK, forms).await
}

#[post("/app/trunks")]
pub(super) async fn save(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    form: Posted<TrunkForm>,
) -> PageResult {
    match keep(&app, &member, &form.0).await {
        Ok(()) => Ok(member.go_saying("/app/trunks", Done::TrunkSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let forms =
                Forms { trunk: form.0, trunk_error: Some(text), is_new_trunk: true, ..Forms::default() };
            page(&app, &portal, &member, status, forms).await
        }
    }
}

/// Makes the trunk where it is not there yet, then says what `/sip` can't.
async fn keep(app: &App, member: &Member, form: &TrunkForm) -> Result<(), app::Error> {
    let (fqdn, trunk, patch) = form.read()?;
    let trunks = Some(BTreeMap::from([(fqdn.clone(), Some(trunk))]));
    app::trunks::sip_patch(app, &member.actor, SipPatch { trunks, routes: None }).await?;
    app::trunks::patch(app, &member.actor, &fqdn, patch).await?;
    Ok(())
}

#[post("/app/trunks/{fqdn}/delete")]
pub(super) async fn delete(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    fqdn: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    app::trunks::get(&app, &member.actor, &fqdn).await?;
    let trunks = Some(BTreeMap::from([(fqdn.into_inner(), None)]));
    match app::trunks::sip_patch(&app, &member.actor, SipPatch { trunks, routes: None }).await {
        Ok(_) => Ok(member.go_saying("/app/trunks", Done::TrunkDeleted)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let forms = Forms { trunk_error: Some(text), is_new_trunk: true, ..Forms::default() };
            page(&app, &portal, &member, status, forms).await
        }
    }
}

/// Trunks, routes and domains, with their forms.
pub(super) async fn page(
    app: &App,
    portal: &Portal,
    member: &Member,
    status: StatusCode,
    forms: Forms,
) -> PageResult {
    let trunks = app::trunks::list(app, &member.actor).await?;
    let domains = app::domains::list(app, &member.actor).await?;
    let abilities = app.settings().abilities;
    let page = TrunksPage {
        shell: member.shell(Place::Trunks),
        edge: portal.edge(app),
        trunks: trunks.iter().map(TrunkRow::from).collect(),
        routes: super::routes::rows(app, member).await?,
        domains: domains.into_iter().map(DomainRow::from).collect(),
        transports: transports(&forms.trunk.transport, abilities),
        srtps: srtps(&forms.trunk.srtp, abilities),
        forms,
    };
    member.page_with(status, &page)
}

/// What this version speaks, and what the trunk is set to.
fn transports(chosen: &str, abilities: Abilities) -> Vec<Choice> {
    let all = [("udp", "UDP", true), ("tcp", "TCP", true), ("tls", "TLS", abilities.sip_tls)];
    choices(all, chosen)
}

fn srtps(chosen: &str, abilities: Abilities) -> Vec<Choice> {
    let all =
        [("off", "off", true), ("optional", "optional", true), ("required", "required", abilities.srtp)];
    choices(all, chosen)
}

fn choices(all: [(&'static str, &'static str, bool); 3], chosen: &str) -> Vec<Choice> {
    let choice = |(value, label, is_there)| {
        let selected = value == chosen;
        (is_there || selected).then_some(Choice { value, label, selected })
    };
    all.into_iter().filter_map(choice).collect()
}

fn addresses(trunk: &TrunkView) -> String {
    let places: Vec<String> = trunk.addresses.iter().map(|place| String::from(*place)).collect();
    places.join(", ")
}

impl From<&TrunkView> for TrunkRow {
    fn from(trunk: &TrunkView) -> Self {
        let state = if trunk.enabled {
            words::health(trunk.health.status, trunk.problem.as_deref())
        } else {
            Badge::new("warn", "switched off")
        };
        Self {
            fqdn: trunk.fqdn.clone(),
            port: trunk.sip_signaling_port,
            transport: words::transport(trunk.transport),
            srtp: words::srtp(trunk.media.srtp),
            addresses: addresses(trunk),
            state,
            problem: trunk.problem.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(addresses: &str, port: &str) -> TrunkForm {
        TrunkForm {
            fqdn: " SBC.Acme.test ".into(),
            addresses: addresses.into(),
            port: port.into(),
            ..TrunkForm::default()
        }
    }

    #[test]
    fn a_trunk_form_says_what_it_wants_of_both_parts_of_the_api() {
        let (fqdn, trunk, patch) = form("127.0.0.2, 127.0.0.3:5080 ,", "5062").read().expect("a good form");
        assert_eq!((fqdn.as_str(), trunk.sip_signaling_port), ("sbc.acme.test", 5062));
        let places: Vec<_> = patch.addresses.into_iter().flatten().map(String::from).collect();
        assert_eq!(places, ["127.0.0.2", "127.0.0.3:5080"]);
        assert_eq!((patch.enabled, patch.transport), (Some(false), Some(Transport::Udp)));
    }

    #[test]
    fn what_is_no_port_or_address_is_said_to_be_none() {
        assert!(form("", "many").read().is_err());
        assert!(form("not-an-address", "5060").read().is_err());
    }
}
