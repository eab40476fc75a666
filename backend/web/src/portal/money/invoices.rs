//! A tenant's invoices, and to whom they are made out.

use super::{InvoicePart, InvoiceRow, ROWS, tenant::Part};
use crate::{
    api::v1::invoice_file,
    portal::{
        error::{self, PageError},
        page::{Done, Place, Shell},
        posted::Posted,
        visit::{Member, PageResult},
    },
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    invoices::{self, Filter, Format, Party, Profile},
};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

const PAGE: &str = "/app/invoices";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(file).service(one);
}

#[derive(Template)]
#[template(path = "money/invoices.html")]
struct InvoicesPage {
    shell: Shell,
    invoices: Vec<InvoiceRow>,
    next: Option<String>,
    next_label: &'static str,
    form: ProfileForm,
    exemption: Option<String>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "money/invoice.html")]
struct InvoicePage {
    shell: Shell,
    invoice: InvoicePart,
}

/// To whom invoices are made out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProfileForm {
    name: String,
    address: String,
    country: String,
    tax_number: String,
    email: String,
    zone: String,
}

impl From<Profile> for ProfileForm {
    fn from(profile: Profile) -> Self {
        let party = profile.party;
        Self {
            name: party.name,
            address: party.address.join("\n"),
            country: party.country.unwrap_or_default(),
            tax_number: party.tax_number.unwrap_or_default(),
            email: party.email.unwrap_or_default(),
            zone: profile.zone.to_string(),
        }
    }
}

/// A party from the fields of a form.
pub(super) fn party(name: &str, address: &str, [country, tax_number, email]: [&str; 3]) -> Party {
    Party {
        name: name.to_owned(),
        address: address.lines().map(str::to_owned).collect(),
        country: Some(country.to_owned()),
        tax_number: Some(tax_number.to_owned()),
        email: Some(email.to_owned()),
    }
}

#[get("/app/invoices")]
async fn show(app: Data<App>, member: Member, part: Query<Part>) -> PageResult {
    let profile = invoices::profile(&app, &member.actor).await?;
    let after = part.into_inner().after;
    let page = page(&app, &member, after, (ProfileForm::from(profile.clone()), profile.exemption)).await?;
    member.page(&page)
}

async fn page(
    app: &App,
    member: &Member,
    after: Option<String>,
    (form, exemption): (ProfileForm, Option<String>),
) -> Result<InvoicesPage, app::Error> {
    let request = PageRequest { after, size: ROWS };
    let found = invoices::list(app, &member.actor, Filter::default(), &request).await?;
    Ok(InvoicesPage {
        shell: member.shell(Place::Money),
        invoices: found.value.iter().map(|view| InvoiceRow::of(view, String::new())).collect(),
        next: found.next.map(|after| format!("{PAGE}?after={after}")),
        next_label: "Older invoices",
        form,
        exemption,
        error: None,
    })
}

#[post("/app/invoices/profile")]
async fn save(app: Data<App>, member: Member, form: Posted<ProfileForm>) -> PageResult {
    let form = form.0;
    let whom = party(&form.name, &form.address, [&form.country, &form.tax_number, &form.email]);
    let zone = form
        .zone
        .parse()
        .map_err(|bad: domain::billing::BadZone| app::Error::invalid("zone", bad.to_string()));
    let saved = match zone {
        Ok(zone) => invoices::put_profile(&app, &member.actor, whom, zone).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(member.go_saying(PAGE, Done::BillingSaved)),
        Err(failed) => {
            let (status, text): (StatusCode, String) = error::of_form(failed)?;
            let exemption = invoices::profile(&app, &member.actor).await?.exemption;
            let page = page(&app, &member, None, (form, exemption)).await?;
            member.page_with(status, &InvoicesPage { error: Some(text), ..page })
        }
    }
}

#[get("/app/invoices/{id}")]
async fn one(app: Data<App>, member: Member, id: Path<Uuid>) -> PageResult {
    let view = invoices::get(&app, &member.actor, id.into_inner()).await?;
    let invoice = InvoicePart::of(view, String::new());
    member.page(&InvoicePage { shell: member.shell(Place::Money), invoice })
}

#[get("/app/invoices/{id}/file.{format}")]
async fn file(app: Data<App>, member: Member, path: Path<(Uuid, String)>) -> PageResult {
    let (id, format) = path.into_inner();
    let format = read_format(&format)?;
    let (view, bytes) = invoices::file(&app, &member.actor, id, format).await?;
    Ok(invoice_file(&view, format, bytes))
}

pub(super) fn read_format(word: &str) -> Result<Format, PageError> {
    [Format::Pdf, Format::Csv]
        .into_iter()
        .find(|format| format.extension() == word)
        .ok_or(PageError::NotFound)
}
