//! What keeps a number from being taken away, on the page of the number.

use crate::portal::{
    error::{self, PageError},
    page::Done,
    posted::Posted,
    visit::{Member, PageResult},
};
use actix_web::{
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App,
    porting::{self, GuardEdit},
};
use domain::phone::E164;
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(save);
}

/// The part of a number's page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuardPart {
    /// Whether no request is taken at all.
    pub(crate) locked: bool,
    /// Whether a request must bring a code.
    pub(crate) has_pin: bool,
}

impl GuardPart {
    /// What is said of a number of the member's.
    pub(crate) async fn of(app: &App, member: &Member, number: E164) -> Result<Self, app::Error> {
        let known = porting::guard(app, &member.actor, number).await?;
        Ok(Self { locked: known.locked, has_pin: known.has_pin })
    }
}

/// What somebody says of it; a code that is left empty stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GuardForm {
    locked: String,
    pin: String,
    drop_pin: String,
}

#[post("/app/numbers/{e164}/port-out")]
async fn save(app: Data<App>, member: Member, e164: Path<String>, form: Posted<GuardForm>) -> PageResult {
    let number = E164::parse(&e164).map_err(|_| PageError::NotFound)?;
    let pin = form.0.pin.trim();
    let pin = match (form.0.drop_pin.is_empty(), pin.is_empty()) {
        (false, _) => Some(None),
        (true, false) => Some(Some(pin.to_owned())),
        (true, true) => None,
    };
    let edit = GuardEdit { locked: Some(!form.0.locked.is_empty()), pin };
    match porting::set_guard(&app, &member.actor, number, edit).await {
        Ok(_) => Ok(member.go_saying(&format!("/app/numbers/{number}"), Done::GuardSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            crate::portal::numbers::show_with(&app, &member, number, status, text).await
        }
    }
}
