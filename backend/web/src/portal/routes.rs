//! Voice routes: which trunks a dialled number goes to. They are asked in order, so the form for a new one adds it last
//! and each can be moved. A number can be tried on them without a call.

mod form;

use super::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    rehearsals,
    trunks::{Choice, choices},
    visit::{Member, PageResult},
    words::Badge,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Query, ServiceConfig},
};
use app::{
    App,
    rehearsals::Draft,
    routes::{Tested, Verdict},
    versions::{self, Subject},
};
use askama::Template;
use domain::routing::{Pattern, VoiceRoute};
use form::RouteForm;
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(rehearse).service(delete).service(move_up).service(move_down);
}

#[derive(Template)]
#[template(path = "routes/index.html")]
struct RoutesPage {
    shell: Shell,
    routes: Vec<RouteRow>,
    to: String,
    tested: Option<Outcome>,
    form: RouteForm,
    error: Option<String>,
    orders: Vec<Choice>,
    trunks: Vec<String>,
}

/// One voice route.
struct RouteRow {
    name: String,
    description: String,
    pattern: String,
    broken: Option<String>,
    targets: Vec<String>,
    extras: Vec<String>,
    /// Its name as a query says it.
    query: String,
    test: Option<TestPart>,
}

/// What a route makes of the number that is tried.
#[derive(Clone)]
struct TestPart {
    badge: Badge,
    why: String,
}

/// What becomes of the number on the whole.
struct Outcome {
    tone: &'static str,
    text: String,
}

/// Which route to put into the form, and which number to try.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    edit: Option<String>,
    to: Option<String>,
}

/// A route by its name.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// All routes have one order, and one version.
fn subject(member: &Member) -> Option<Subject> {
    member.actor.tenant.map(Subject::routes)
}

#[get("/app/routes")]
async fn show(app: Data<App>, member: Member, asked: Query<Asked>) -> PageResult {
    let form = match &asked.edit {
        Some(name) => {
            let seen = versions::for_form(&app, subject(&member)).await?;
            let all = app::routes::list(&app, &member.actor).await?;
            let missing = || app::Error::not_found("route", format!("there is no route {name}"));
            let route = all.iter().find(|route| route.name == *name).ok_or_else(missing)?;
            RouteForm { seen, ..RouteForm::from(route) }
        }
        None => RouteForm::default(),
    };
    let to = asked.to.clone().unwrap_or_default();
    page(&app, &member, StatusCode::OK, Filled { form, error: None, to }).await
}

#[post("/app/routes")]
async fn save(app: Data<App>, member: Member, form: Posted<RouteForm>) -> PageResult {
    let change = app::routes::change(&app, &member.actor, |all| form.0.put_into(all));
    match versions::of_form(subject(&member), &form.0.seen, change).await {
        Ok(_) => Ok(member.go_saying("/app/routes", Done::RouteSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, Filled { form: form.0, error: Some(text), to: String::new() }).await
        }
    }
}

/// Tries the routes with the one of the form on calls of the past.
#[post("/app/routes/rehearse")]
async fn rehearse(app: Data<App>, member: Member, form: Posted<RouteForm>) -> PageResult {
    let begun = async {
        let all = app::routes::list(&app, &member.actor).await?;
        let missing = || app::Error::not_found("tenant", "there is no such tenant");
        let tenant = member.actor.tenant.ok_or_else(missing)?;
        let draft = Draft::Routes { tenant, routes: form.0.put_into(all)? };
        rehearsals::begin(&app, &member.actor, draft).await
    };
    match begun.await {
        Ok(to) => Ok(member.go(&to)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, Filled { form: form.0, error: Some(text), to: String::new() }).await
        }
    }
}

#[post("/app/routes/delete")]
async fn delete(app: Data<App>, member: Member, form: Posted<Named>) -> PageResult {
    app::routes::change(&app, &member.actor, |mut all| {
        all.retain(|route| route.name != form.0.name);
        Ok(all)
    })
    .await?;
    Ok(member.go_saying("/app/routes", Done::RouteDeleted))
}

#[post("/app/routes/up")]
async fn move_up(app: Data<App>, member: Member, form: Posted<Named>) -> PageResult {
    app::routes::change(&app, &member.actor, |all| Ok(moved(all, &form.0.name, -1))).await?;
    Ok(member.go_saying("/app/routes", Done::RouteMoved))
}

#[post("/app/routes/down")]
async fn move_down(app: Data<App>, member: Member, form: Posted<Named>) -> PageResult {
    app::routes::change(&app, &member.actor, |all| Ok(moved(all, &form.0.name, 1))).await?;
    Ok(member.go_saying("/app/routes", Done::RouteMoved))
}

/// The routes with one of them moved by a place, where there is one.
fn moved(mut all: Vec<VoiceRoute>, name: &str, by: isize) -> Vec<VoiceRoute> {
    if let Some(from) = all.iter().position(|route| route.name == name)
        && let Some(to) = from.checked_add_signed(by).filter(|to| *to < all.len())
    {
        all.swap(from, to);
    }
    all
}

/// The form as it stands, and the number that is tried.
struct Filled {
    form: RouteForm,
    error: Option<String>,
    to: String,
}

async fn page(app: &App, member: &Member, status: StatusCode, filled: Filled) -> PageResult {
    let Filled { form, error, to } = filled;
    let routes = app::routes::list(app, &member.actor).await?;
    let trunks = app::trunks::list(app, &member.actor).await?;
    let (tests, tested) = test(app, member, &to, &routes).await?;
    let row = |(index, route): (usize, &VoiceRoute)| RouteRow {
        test: tests.get(index).cloned(),
        ..RouteRow::from(route)
    };
    let orders =
        [("listed", "as listed", true), ("shuffle", "by chance", true), ("weighted", "by weight", true)];
    let page = RoutesPage {
        shell: member.shell(Place::Routes),
        routes: routes.iter().enumerate().map(row).collect(),
        orders: choices(&orders, &form.order),
        trunks: trunks.into_iter().map(|view| view.trunk.fqdn).collect(),
        to,
        tested,
        form,
        error,
    };
    member.page_with(status, &page)
}

/// What each route makes of a number, and what becomes of it on the whole.
async fn test(
    app: &App,
    member: &Member,
    to: &str,
    routes: &[VoiceRoute],
) -> Result<(Vec<TestPart>, Option<Outcome>), app::Error> {
    if to.trim().is_empty() {
        return Ok((Vec::new(), None));
    }
    let tested = match app::routes::test(app, &member.actor, to, app.now(), Some(routes.to_vec())).await {
        Ok(tested) => tested,
        Err(app::Error::Invalid { message, .. }) => {
            return Ok((Vec::new(), Some(Outcome { tone: "bad", text: format!("{to}: {message}") })));
        }
        Err(other) => return Err(other),
    };
    let matching: Vec<&Tested> = tested.iter().filter(|one| one.verdict == Verdict::Takes).collect();
    let matched = tested.iter().any(|one| one.verdict == Verdict::NoTrunk);
    let outcome = match matching.first() {
        Some(first) => Outcome {
            tone: "good",
            text: match matching.len() {
                1 => format!("{to} goes to route {}.", first.route.name),
                2 => format!(
                    "{to} goes to route {}; another one follows where its trunks fail.",
                    first.route.name
                ),
                more => format!(
                    "{to} goes to route {}; {} further ones follow where its trunks fail.",
                    first.route.name,
                    more - 1
                ),
            },
        },
        None if matched => Outcome {
            tone: "bad",
            text: format!("{to} matches a route, and no trunk of it can be tried: the call fails."),
        },
        None => Outcome {
            tone: "warn",
            text: format!(
                "No route takes {to}: it goes to the platform's carriers, if the caller id is a number of yours."
            ),
        },
    };
    Ok((tested.into_iter().map(part).collect(), Some(outcome)))
}

fn part(tested: Tested) -> TestPart {
    let badge = match tested.verdict {
        Verdict::Takes => Badge::new("good", "takes it"),
        Verdict::NoTrunk => Badge::new("bad", "no trunk"),
        Verdict::Closed => Badge::new("warn", "closed now"),
        Verdict::Passes => Badge::new("", "passes"),
    };
    TestPart { badge, why: tested.why }
}

impl From<&VoiceRoute> for RouteRow {
    fn from(route: &VoiceRoute) -> Self {
        let form = RouteForm::from(route);
        let mut extras = Vec::new();
        let mut say = |label: &str, text: &str| {
            if !text.is_empty() {
                extras.push(format!("{label} {text}"));
            }
        };
        say("shows", &form.caller_id);
        say("open", &form.windows.replace('\n', ", "));
        say("fails over on", &form.failover_on);
        if route.order != domain::routing::RouteOrder::Listed {
            say("order", route.order.word());
        }
        let changed = route.rewrites.caller.len() + route.rewrites.callee.len();
        if changed > 0 {
            extras.push(format!("rewrites numbers by {changed} rules"));
        }
        Self {
            name: route.name.clone(),
            description: route.description.clone().unwrap_or_default(),
            pattern: route.number_pattern.clone(),
            broken: Pattern::compile(&route.number_pattern).broken().map(str::to_owned),
            targets: form.targets.lines().map(str::to_owned).collect(),
            query: form_urlencoded::byte_serialize(route.name.as_bytes()).collect(),
            extras,
            test: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_moved_by_one_place_and_not_beyond_the_ends() {
        let all = |names: &[&str]| -> Vec<VoiceRoute> {
            names.iter().map(|name| VoiceRoute { name: (*name).into(), ..VoiceRoute::default() }).collect()
        };
        let names = |all: Vec<VoiceRoute>| all.into_iter().map(|route| route.name).collect::<Vec<_>>();
        assert_eq!(names(moved(all(&["a", "b", "c"]), "c", -1)), ["a", "c", "b"]);
        assert_eq!(names(moved(all(&["a", "b", "c"]), "a", 1)), ["b", "a", "c"]);
        assert_eq!(names(moved(all(&["a", "b"]), "a", -1)), ["a", "b"]);
        assert_eq!(names(moved(all(&["a", "b"]), "b", 1)), ["a", "b"]);
    }
}
