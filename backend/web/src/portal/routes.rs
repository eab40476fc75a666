//! Voice routes: which trunks a dialled number goes to. They are tried in order, so the form for a new one adds it last
//! and each can be moved up.

use super::{
    Portal, error,
    page::Done,
    posted::Posted,
    trunks::{self, Forms},
    visit::{Member, PageResult},
};
use actix_web::{
    http::StatusCode,
    post,
    web::{Data, ServiceConfig},
};
use app::{
    App,
    trunks::{SipPatch, SipRoute},
};
use domain::routing::Pattern;
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(save).service(delete).service(move_up);
}

/// One voice route.
pub(super) struct RouteRow {
    /// Its name.
    pub(super) name: String,
    /// What it matches.
    pub(super) pattern: String,
    /// Why it never matches.
    pub(super) broken: Option<String>,
    /// Its trunks.
    pub(super) trunks: String,
    /// Its name as a query says it.
    pub(super) query: String,
}

impl From<&SipRoute> for RouteRow {
    fn from(route: &SipRoute) -> Self {
        Self {
            name: route.name.clone(),
            pattern: route.number_pattern.clone(),
            broken: Pattern::compile(&route.number_pattern).broken().map(str::to_owned),
            trunks: route.trunks.join(", "),
            query: form_urlencoded::byte_serialize(route.name.as_bytes()).collect(),
        }
    }
}

/// What somebody types about a route; `was` is its name until now, empty for a new one.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct RouteForm {
    pub(super) was: String,
    pub(super) name: String,
    pub(super) pattern: String,
    pub(super) trunks: String,
}

impl Default for RouteForm {
    fn default() -> Self {
        let pattern = r"^\+46\d+$".to_owned();
        Self { was: String::new(), name: String::new(), pattern, trunks: String::new() }
    }
}

impl RouteForm {
    /// The form of a route that is there.
    pub(super) async fn find(app: &App, member: &Member, name: &str) -> Result<Self, app::Error> {
        let routes = app::trunks::sip_get(app, &member.actor).await?.routes;
        let missing = || app::Error::not_found("route", format!("there is no route {name}"));
        let route = routes.into_iter().find(|route| route.name == name).ok_or_else(missing)?;
        Ok(Self {
            was: route.name.clone(),
            name: route.name,
            pattern: route.number_pattern,
            trunks: route.trunks.join(", "),
        })
    }

    /// Puts the route into the place of the one that it was, or after all others.
    fn put_into(&self, routes: &mut Vec<SipRoute>) {
        let trunks = self.trunks.split(',').map(str::trim).filter(|text| !text.is_empty());
        let route = SipRoute {
            description: None,
            name: self.name.trim().to_owned(),
            number_pattern: self.pattern.trim().to_owned(),
            trunks: trunks.map(str::to_ascii_lowercase).collect(),
        };
        match routes.iter_mut().find(|known| !self.was.is_empty() && known.name == self.was) {
            Some(known) => *known = SipRoute { description: known.description.take(), ..route },
            None => routes.push(route),
        }
    }
}

/// A route by its name.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    name: String,
}

/// The routes of a tenant, in order.
pub(super) async fn rows(app: &App, member: &Member) -> Result<Vec<RouteRow>, app::Error> {
    Ok(app::trunks::sip_get(app, &member.actor).await?.routes.iter().map(RouteRow::from).collect())
}

#[post("/app/routes")]
pub(super) async fn save(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    form: Posted<RouteForm>,
) -> PageResult {
    match change(&app, &member, |routes| form.0.put_into(routes)).await {
        Ok(()) => Ok(member.go_saying("/app/trunks", Done::RouteSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &portal, &member, status, form.0, text).await
        }
    }
}

#[post("/app/routes/delete")]
pub(super) async fn delete(app: Data<App>, member: Member, form: Posted<Named>) -> PageResult {
    change(&app, &member, |routes| routes.retain(|route| route.name != form.0.name)).await?;
    Ok(member.go_saying("/app/trunks", Done::RouteDeleted))
}

#[post("/app/routes/up")]
pub(super) async fn move_up(app: Data<App>, member: Member, form: Posted<Named>) -> PageResult {
    change(&app, &member, |routes| up(routes, &form.0.name)).await?;
    Ok(member.go_saying("/app/trunks", Done::RouteMoved))
}

fn up(routes: &mut [SipRoute], name: &str) {
    if let Some(place) = routes.iter().position(|route| route.name == name).filter(|place| *place > 0) {
        routes.swap(place - 1, place);
    }
}

/// Changes the routes as a whole, as `/sip` does.
async fn change(app: &App, member: &Member, edit: impl FnOnce(&mut Vec<SipRoute>)) -> Result<(), app::Error> {
    let mut routes = app::trunks::sip_get(app, &member.actor).await?.routes;
    edit(&mut routes);
    app::trunks::sip_patch(app, &member.actor, SipPatch { trunks: None, routes: Some(routes) }).await?;
    Ok(())
}

async fn page(
    app: &App,
    portal: &Portal,
    member: &Member,
    status: StatusCode,
    route: RouteForm,
    text: String,
) -> PageResult {
    let forms = Forms { route, route_error: Some(text), is_new_trunk: true, ..Forms::default() };
    trunks::page(app, portal, member, status, forms).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str) -> SipRoute {
        SipRoute {
            name: name.into(),
            description: Some("kept".into()),
            number_pattern: String::new(),
            trunks: vec![],
        }
    }

    #[test]
    fn a_changed_route_keeps_its_place_and_a_new_one_comes_last() {
        let mut routes = vec![route("a"), route("b")];
        let form = |was: &str, name: &str| RouteForm {
            was: was.into(),
            name: name.into(),
            trunks: "SBC.test, two.test".into(),
            ..RouteForm::default()
        };
        form("a", "alpha").put_into(&mut routes);
        form("", "c").put_into(&mut routes);
        let names: Vec<_> = routes.iter().map(|route| route.name.as_str()).collect();
        assert_eq!(names, ["alpha", "b", "c"]);
        assert_eq!(routes[0].trunks, ["sbc.test", "two.test"]);
        assert_eq!(routes[0].description.as_deref(), Some("kept"));
        up(&mut routes, "c");
        up(&mut routes, "alpha");
        let names: Vec<_> = routes.iter().map(|route| route.name.as_str()).collect();
        assert_eq!(names, ["alpha", "c", "b"]);
    }
}
