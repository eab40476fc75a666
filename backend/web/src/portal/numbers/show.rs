//! One number: where calls to it go, and giving it back.

use crate::portal::{
    error::{self, PageError},
    page::{Done, Place, Shell},
    porting::GuardPart,
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
    words,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use app::{App, PAGE_MAX, PageRequest, numbers::OwnedNumber};
use askama::Template;
use domain::{numbering::Binding, phone::E164};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "numbers/show.html")]
struct NumberPage {
    shell: Shell,
    number: NumberPart,
    options: Vec<Choice>,
    forward: String,
    guard: GuardPart,
    error: Option<String>,
}

/// The number.
struct NumberPart {
    e164: String,
    kind: &'static str,
    country: String,
    monthly: String,
    paid_until: String,
    released: bool,
    binding: Option<String>,
}

/// Where calls could go.
struct Choice {
    value: String,
    label: String,
    selected: bool,
}

/// Where calls should go: `none`, `forward`, `trunk:<fqdn>`, `user:<name>`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct BindForm {
    to: String,
    forward: String,
}

impl BindForm {
    fn of(binding: &Binding) -> Self {
        let (to, forward) = match binding {
            Binding::Trunk(fqdn) => (format!("trunk:{fqdn}"), String::new()),
            Binding::User(name) => (format!("user:{name}"), String::new()),
            Binding::Application(name) => (format!("application:{name}"), String::new()),
            Binding::Forward(number) => ("forward".to_owned(), number.to_string()),
            Binding::None => ("none".to_owned(), String::new()),
        };
        Self { to, forward }
    }

    fn binding(&self) -> Result<Binding, app::Error> {
        match self.to.split_once(':').unwrap_or((&self.to, "")) {
            ("none", _) => Ok(Binding::None),
            ("trunk", fqdn) => Ok(Binding::Trunk(fqdn.to_owned())),
            ("user", name) => Ok(Binding::User(name.to_owned())),
            ("application", name) => Ok(Binding::Application(name.to_owned())),
            ("forward", _) => E164::parse(self.forward.trim())
                .map(Binding::Forward)
                .map_err(|error| app::Error::invalid("forward", error.to_string())),
            _ => Err(app::Error::invalid("to", "choose where calls go")),
        }
    }
}

#[get("/app/numbers/{e164}")]
pub(super) async fn show(app: Data<App>, member: Member, e164: Path<String>) -> PageResult {
    let owned = app::numbers::get(&app, &member.actor, number(&e164)?).await?;
    let form = BindForm::of(&owned.inbound);
    page(&app, &member, &owned, form, StatusCode::OK, None).await
}

#[post("/app/numbers/{e164}")]
pub(super) async fn bind(
    app: Data<App>,
    member: Member,
    e164: Path<String>,
    form: Posted<BindForm>,
) -> PageResult {
    let (e164, form) = (number(&e164)?, form.0);
    let owned = app::numbers::get(&app, &member.actor, e164).await?;
    let bound = match form.binding() {
        Ok(binding) => app::numbers::bind(&app, &member.actor, e164, binding).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match bound {
        Ok(()) => Ok(member.go_saying(&format!("/app/numbers/{e164}"), Done::Bound)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, &owned, form, status, Some(text)).await
        }
    }
}

#[post("/app/numbers/{e164}/release")]
pub(super) async fn release(
    app: Data<App>,
    member: Member,
    e164: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let e164 = number(&e164)?;
    app::numbers::release(&app, &member.actor, e164).await?;
    Ok(member.go_saying(&format!("/app/numbers/{e164}"), Done::Released))
}

/// The page of a number, with what is wrong with one of its forms.
pub(crate) async fn show_with(
    app: &App,
    member: &Member,
    number: E164,
    status: StatusCode,
    error: String,
) -> PageResult {
    let owned = app::numbers::get(app, &member.actor, number).await?;
    let form = BindForm::of(&owned.inbound);
    page(app, member, &owned, form, status, Some(error)).await
}

/// A number out of the path; what is none is nothing that anybody has.
fn number(text: &str) -> Result<E164, PageError> {
    E164::parse(text).map_err(|_| PageError::NotFound)
}

async fn page(
    app: &App,
    member: &Member,
    owned: &OwnedNumber,
    form: BindForm,
    status: StatusCode,
    error: Option<String>,
) -> PageResult {
    let page = NumberPage {
        shell: member.shell(Place::Numbers),
        number: NumberPart::from(owned),
        options: options(app, member, &form.to).await?,
        forward: form.forward,
        guard: GuardPart::of(app, member, owned.number).await?,
        error,
    };
    member.page_with(status, &page)
}

/// Everything that a number of this tenant can be bound to.
async fn options(app: &App, member: &Member, chosen: &str) -> Result<Vec<Choice>, app::Error> {
    let everybody = PageRequest { after: None, size: PAGE_MAX };
    let users = app::users::list(app, &member.actor, &everybody).await?.value;
    let trunks = app::trunks::list(app, &member.actor).await?;
    let mut all = vec![("none".to_owned(), "nowhere".to_owned())];
    all.extend(
        users.into_iter().map(|user| (format!("user:{}", user.username), format!("user {}", user.username))),
    );
    all.extend(
        trunks
            .into_iter()
            .map(|view| (format!("trunk:{}", view.trunk.fqdn), format!("trunk {}", view.trunk.fqdn))),
    );
    all.push(("forward".to_owned(), "another number".to_owned()));
    if !all.iter().any(|(value, _)| value == chosen) {
        let gone = chosen.replace(':', " ");
        all.push((chosen.to_owned(), gone));
    }
    let choice = |(value, label): (String, String)| Choice { selected: value == chosen, value, label };
    Ok(all.into_iter().map(choice).collect())
}

impl From<&OwnedNumber> for NumberPart {
    fn from(owned: &OwnedNumber) -> Self {
        Self {
            e164: owned.number.to_string(),
            kind: words::number_type(owned.number_type),
            country: owned.country_code.clone(),
            monthly: words::money(owned.monthly),
            paid_until: words::day(owned.paid_until),
            released: owned.is_released,
            binding: words::binding(&owned.inbound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_says_of_a_binding_is_that_binding() {
        let number = E164::parse("+12065550100").expect("a number");
        for binding in [
            Binding::None,
            Binding::Trunk("sbc.acme.test".into()),
            Binding::User("anna".into()),
            Binding::Application("bot".into()),
            Binding::Forward(number),
        ] {
            assert_eq!(BindForm::of(&binding).binding().ok(), Some(binding));
        }
        assert!(BindForm { to: "forward".into(), forward: "0123".into() }.binding().is_err());
        assert!(BindForm::default().binding().is_err());
    }
}
