//! The operator's suppliers of numbers from outside, and what was asked of them.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    protection::list,
    visit::{Operator, PageResult},
    words::At,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Query, ServiceConfig},
};
use app::{
    App, Error,
    suppliers::{self, StepView, SupplierEdit, SupplierView, TIMEOUT_MS_DEFAULT},
};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

/// The page.
const PAGE: &str = "/operator/suppliers";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save);
}

#[derive(Template)]
#[template(path = "operator/suppliers.html")]
struct SuppliersPage {
    shell: Shell,
    suppliers: Vec<SupplierRow>,
    steps: Vec<StepRow>,
    carriers: Vec<(String, String)>,
    form: SupplierForm,
    error: Option<String>,
}

/// One supplier.
struct SupplierRow {
    id: Uuid,
    name: String,
    url: String,
    countries: String,
    margin: String,
    enabled: bool,
}

/// One thing that was asked.
struct StepRow {
    supplier: String,
    numbers: String,
    state: String,
    tone: &'static str,
    error: String,
    at: At,
}

/// What somebody types about a supplier.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
struct SupplierForm {
    id: String,
    name: String,
    url: String,
    secret: String,
    countries: String,
    carrier: String,
    margin: String,
    timeout: String,
    enabled: String,
}

impl Default for SupplierForm {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            url: String::new(),
            secret: String::new(),
            countries: String::new(),
            carrier: String::new(),
            margin: "0".to_owned(),
            timeout: TIMEOUT_MS_DEFAULT.to_string(),
            enabled: "yes".to_owned(),
        }
    }
}

impl SupplierForm {
    fn of(view: &SupplierView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name.clone(),
            url: view.url.clone(),
            secret: String::new(),
            countries: view.countries.join(", "),
            carrier: view.carrier.to_string(),
            margin: percent(view.margin_basis_points),
            timeout: view.timeout_ms.to_string(),
            enabled: if view.enabled { "yes" } else { "" }.to_owned(),
        }
    }

    fn read(&self) -> Result<SupplierEdit, Error> {
        let secret = self.secret.trim();
        if self.id.is_empty() && secret.is_empty() {
            return Err(Error::invalid(
                "secret",
                "agree on a secret of 16 to 256 characters with the supplier",
            ));
        }
        Ok(SupplierEdit {
            name: self.name.clone(),
            url: self.url.clone(),
            secret: (!secret.is_empty()).then(|| secret.to_owned()),
            countries: list(&self.countries, str::to_ascii_uppercase),
            carrier: self.carrier.clone(),
            margin_basis_points: basis_points(&self.margin)
                .ok_or_else(|| Error::invalid("margin", "write per cent such as 20 or 12.5"))?,
            timeout_ms: self
                .timeout
                .trim()
                .parse()
                .map_err(|_| Error::invalid("timeout", "write milliseconds as a whole number"))?,
            enabled: !self.enabled.is_empty(),
        })
    }
}

/// `12.5`.
fn percent(basis_points: u32) -> String {
    let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn basis_points(text: &str) -> Option<u32> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    format!("{whole}{part:0<2}").parse().ok()
}

/// Which supplier is changed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    id: Option<Uuid>,
}

#[get("/operator/suppliers")]
async fn show(app: Data<App>, operator: Operator, chosen: Query<Chosen>) -> PageResult {
    let form = match chosen.id {
        Some(id) => SupplierForm::of(&suppliers::get(&app, &operator.actor, id).await?),
        None => SupplierForm::default(),
    };
    page(&app, &operator, StatusCode::OK, form, None).await
}

#[post("/operator/suppliers")]
async fn save(app: Data<App>, operator: Operator, form: Posted<SupplierForm>) -> PageResult {
    match store(&app, &operator, &form.0).await {
        Ok(()) => Ok(operator.go_saying(PAGE, Done::SupplierSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, status, form.0, Some(text)).await
        }
    }
}

async fn store(app: &App, operator: &Operator, form: &SupplierForm) -> Result<(), Error> {
    let edit = form.read()?;
    if form.id.is_empty() {
        return suppliers::create(app, &operator.actor, edit).await.map(drop);
    }
    let id = form.id.parse().map_err(|_| Error::not_found("id", "there is no such supplier"))?;
    suppliers::change(app, &operator.actor, id, edit).await.map(drop)
}

async fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: SupplierForm,
    error: Option<String>,
) -> PageResult {
    let carriers = app::carriers::list(app, &operator.actor).await?;
    let page = SuppliersPage {
        shell: operator.shell(Place::Inventory),
        suppliers: suppliers::list(app, &operator.actor).await?.into_iter().map(SupplierRow::from).collect(),
        steps: suppliers::steps(app, &operator.actor).await?.into_iter().map(StepRow::from).collect(),
        carriers: carriers.into_iter().map(|view| (view.carrier.id.to_string(), view.carrier.name)).collect(),
        form,
        error,
    };
    operator.page_with(status, &page)
}

impl From<SupplierView> for SupplierRow {
    fn from(view: SupplierView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            url: view.url,
            countries: if view.countries.is_empty() { "all".to_owned() } else { view.countries.join(", ") },
            margin: percent(view.margin_basis_points),
            enabled: view.enabled,
        }
    }
}

impl From<StepView> for StepRow {
    fn from(view: StepView) -> Self {
        let tone = match view.state.as_str() {
            "held" | "bought" => "good",
            "releasing" if view.attempts > 0 => "bad",
            "holding" | "buying" | "releasing" => "warn",
            _ => "",
        };
        Self {
            supplier: view.supplier,
            numbers: view.numbers.join(", "),
            state: view.state,
            tone,
            error: view.last_error.unwrap_or_default(),
            at: At::from(view.updated_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_cent_are_read_as_they_are_written() {
        for (points, text) in [(0, "0"), (2_000, "20"), (1_250, "12.5"), (1_205, "12.05")] {
            assert_eq!(percent(points), text);
            assert_eq!(basis_points(text), Some(points));
        }
        for wrong in ["", "-1", "1.234", "x", "1,5"] {
            assert_eq!(basis_points(wrong), None, "{wrong}");
        }
    }
}
