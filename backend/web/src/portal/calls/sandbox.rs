//! Having the simulated network call a number of the tenant.

use super::index::{FilterForm, page};
use crate::portal::{
    error,
    page::Done,
    posted::Posted,
    visit::{Member, PageResult},
};
use actix_web::{post, web::Data};
use app::App;
use serde::Deserialize;

/// Who is said to call, where nobody says otherwise: a number of the answering range.
const CALLER: &str = "+12065550100";

/// Who calls whom.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SandboxForm {
    pub(super) from: String,
    pub(super) to: String,
}

impl SandboxForm {
    /// The form as it stands before anybody typed.
    pub(super) fn to(own: String) -> Self {
        Self { from: CALLER.to_owned(), to: own }
    }
}

#[post("/app/calls/sandbox")]
pub(super) async fn place(app: Data<App>, member: Member, form: Posted<SandboxForm>) -> PageResult {
    let form = form.0;
    match app::calls::sandbox_call(&app, &member.actor, form.from.trim(), form.to.trim()).await {
        Ok(call) => Ok(member.go_saying(&format!("/app/calls/{call}"), Done::CallPlaced)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, FilterForm::default(), Some((form, text))).await
        }
    }
}
