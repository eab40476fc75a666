//! Trunks: a tenant's own session border controllers. The list shows the domains too, whose forms are taken by
//! [`super::domains`]; each trunk has a page of its own.

mod form;
mod show;

use super::{
    Portal,
    domains::DomainRow,
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
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
    App, Password,
    trunks::{SipPatch, TrunkView},
};
use askama::Template;
use domain::config::{Abilities, Place as Spot, Srtp, Transport, Trunk};
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index).service(add).service(delete);
    show::mount(pages);
}

#[derive(Template)]
#[template(path = "trunks/index.html")]
struct TrunksPage {
    shell: Shell,
    edge: String,
    trunks: Vec<TrunkRow>,
    domains: Vec<DomainRow>,
    refused: Option<String>,
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
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) selected: bool,
}

/// The page's forms as they stand, and why one was not taken.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) trunk: TrunkForm,
    pub(super) trunk_error: Option<String>,
    pub(super) domain: String,
    pub(super) domain_error: Option<String>,
}

/// What somebody types about a new trunk.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct TrunkForm {
    fqdn: String,
    port: String,
    transport: String,
    srtp: String,
    addresses: String,
}

impl Default for TrunkForm {
    fn default() -> Self {
        Self {
            fqdn: String::new(),
            port: "5060".to_owned(),
            transport: "udp".to_owned(),
            srtp: "off".to_owned(),
            addresses: String::new(),
        }
    }
}

impl TrunkForm {
    /// What `/sip` can say of it, and what it can't.
    fn read(&self) -> Result<(String, i64, Spoken), app::Error> {
        let port =
            self.port.trim().parse().map_err(|_| invalid("port", "the SIP port is a number, 1 to 65535"))?;
        let spoken = Spoken {
            transport: transport(&self.transport)?,
            srtp: srtp(&self.srtp)?,
            addresses: places(&self.addresses)?,
        };
        Ok((self.fqdn.trim().to_ascii_lowercase(), port, spoken))
    }
}

/// How a new trunk is spoken with.
#[derive(Debug, Clone)]
struct Spoken {
    transport: Transport,
    srtp: Srtp,
    addresses: Vec<Spot>,
}

fn invalid(field: &str, text: &str) -> app::Error {
    app::Error::invalid(field, text)
}

fn transport(word: &str) -> Result<Transport, app::Error> {
    [Transport::Udp, Transport::Tcp, Transport::Tls]
        .into_iter()
        .find(|known| words::transport(*known).eq_ignore_ascii_case(word))
        .ok_or_else(|| invalid("transport", "choose a transport"))
}

fn srtp(word: &str) -> Result<Srtp, app::Error> {
    [Srtp::Off, Srtp::Optional, Srtp::Required]
        .into_iter()
        .find(|known| words::srtp(*known) == word)
        .ok_or_else(|| invalid("srtp", "choose how media is encrypted"))
}

fn places(text: &str) -> Result<Vec<Spot>, app::Error> {
    let places = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    places.map(|text| Spot::try_from(text.to_owned()).map_err(|why| invalid("addresses", &why))).collect()
}

#[get("/app/trunks")]
async fn index(app: Data<App>, portal: Data<Portal>, member: Member) -> PageResult {
    page(&app, &portal, &member, StatusCode::OK, Forms::default()).await
}

#[post("/app/trunks")]
async fn add(app: Data<App>, portal: Data<Portal>, member: Member, form: Posted<TrunkForm>) -> PageResult {
    match make(&app, &member, &form.0).await {
        Ok(fqdn) => Ok(member.go_saying(&format!("/app/trunks/{fqdn}"), Done::TrunkSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let forms = Forms { trunk: form.0, trunk_error: Some(text), ..Forms::default() };
            page(&app, &portal, &member, status, forms).await
        }
    }
}

/// Makes the trunk as `/sip` does, then says what `/sip` can't.
async fn make(app: &App, member: &Member, form: &TrunkForm) -> Result<String, app::Error> {
    let (fqdn, port, spoken) = form.read()?;
    app::trunks::sip_patch(app, &member.actor, SipPatch::trunk(&fqdn, port)).await?;
    app::trunks::change(app, &member.actor, &fqdn, |now| {
        let Spoken { transport, srtp, addresses } = spoken.clone();
        Ok((Trunk { transport, srtp, addresses, ..now }, Password::Keep))
    })
    .await?;
    Ok(fqdn)
}

#[post("/app/trunks/{fqdn}/delete")]
async fn delete(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    fqdn: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    app::trunks::get(&app, &member.actor, &fqdn).await?;
    match app::trunks::sip_patch(&app, &member.actor, SipPatch::without_trunk(&fqdn)).await {
        Ok(_) => Ok(member.go_saying("/app/trunks", Done::TrunkDeleted)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let forms = Forms { trunk_error: Some(text), ..Forms::default() };
            page(&app, &portal, &member, status, forms).await
        }
    }
}

/// Trunks and domains, with their forms.
pub(super) async fn page(
    app: &App,
    portal: &Portal,
    member: &Member,
    status: StatusCode,
    forms: Forms,
) -> PageResult {
    let trunks = app::trunks::list(app, &member.actor).await?;
    let domains = app::domains::list(app, &member.actor).await?;
    let open = app::eligibility::view(app, &member.actor).await?.direct_routing;
    let abilities = app.settings().abilities;
    let page = TrunksPage {
        shell: member.shell(Place::Trunks),
        edge: portal.edge(app),
        trunks: trunks.iter().map(TrunkRow::from).collect(),
        domains: domains.into_iter().map(DomainRow::from).collect(),
        refused: (!open.allowed).then_some(open.why),
        transports: transports(&forms.trunk.transport, abilities),
        srtps: srtps(&forms.trunk.srtp, abilities),
        forms,
    };
    member.page_with(status, &page)
}

/// What this version speaks, and what the trunk is set to.
fn transports(chosen: &str, abilities: Abilities) -> Vec<Choice> {
    choices(&[("udp", "UDP", true), ("tcp", "TCP", true), ("tls", "TLS", abilities.sip_tls)], chosen)
}

fn srtps(chosen: &str, abilities: Abilities) -> Vec<Choice> {
    let all = [
        ("off", "off", true),
        ("optional", "optional: where the SBC can", true),
        ("required", "required: nothing else", abilities.srtp),
    ];
    choices(&all, chosen)
}

pub(super) fn choices(all: &[(&'static str, &'static str, bool)], chosen: &str) -> Vec<Choice> {
    let choice = |(value, label, is_there): &(&'static str, &'static str, bool)| {
        let selected = *value == chosen;
        (*is_there || selected).then_some(Choice { value, label, selected })
    };
    all.iter().filter_map(choice).collect()
}

fn addresses(trunk: &Trunk) -> String {
    let places: Vec<String> = trunk.addresses.iter().map(|place| String::from(*place)).collect();
    places.join(", ")
}

/// How a trunk is doing, in a word.
fn state(view: &TrunkView) -> Badge {
    if view.trunk.enabled {
        words::health(view.trunk.health, view.problem.as_deref())
    } else {
        Badge::new("warn", "switched off")
    }
}

impl From<&TrunkView> for TrunkRow {
    fn from(view: &TrunkView) -> Self {
        Self {
            state: state(view),
            fqdn: view.trunk.fqdn.clone(),
            port: view.trunk.port,
            transport: words::transport(view.trunk.transport),
            srtp: words::srtp(view.trunk.srtp),
            addresses: addresses(&view.trunk),
            problem: view.problem.clone().unwrap_or_default(),
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
        let (fqdn, port, spoken) = form("127.0.0.2, 127.0.0.3:5080 ,", "5062").read().expect("a good form");
        assert_eq!((fqdn.as_str(), port), ("sbc.acme.test", 5062));
        let places: Vec<_> = spoken.addresses.into_iter().map(String::from).collect();
        assert_eq!(places, ["127.0.0.2", "127.0.0.3:5080"]);
        assert_eq!(spoken.transport, Transport::Udp);
    }

    #[test]
    fn what_is_no_port_or_address_is_said_to_be_none() {
        assert!(form("", "many").read().is_err());
        assert!(form("not-an-address", "5060").read().is_err());
    }
}
