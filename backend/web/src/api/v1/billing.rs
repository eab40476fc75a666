//! Who sells, who buys, which taxes there are, and when invoices are to be paid.

use super::{Operator, ok, tenants::tenant_id};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Body,
};
use actix_web::{
    get, put,
    web::{Data, Path},
};
use app::{
    App,
    invoices::{self, BillingSettings, Party, Profile},
};
use domain::{billing::Terms, tax::Rate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_billing_profile).service(put_billing_profile);
    routes.service(get_billing_settings).service(put_billing_settings);
    routes.service(get_tenant_billing).service(put_tax_exemption);
}

/// A company or a person, as it stands on an invoice.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(as = BillingParty, example = json!({"name": "Acme AB", "address": ["Storgatan 1", "111 11 Stockholm"], "country": "SE", "taxNumber": "SE556677889901", "email": "invoices@acme.example"}))]
pub(crate) struct PartyBody {
    /// The legal name.
    name: String,
    /// Street, postal code, city: up to six lines.
    address: Vec<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    /// A VAT number, such as DE123456789; outside of the European Union any number of a tax office.
    tax_number: Option<String>,
    /// Where invoices go; the people who sign in where it is left out.
    email: Option<String>,
}

impl From<Party> for PartyBody {
    fn from(party: Party) -> Self {
        Self {
            name: party.name,
            address: party.address,
            country: party.country,
            tax_number: party.tax_number,
            email: party.email,
        }
    }
}

impl From<PartyBody> for Party {
    fn from(body: PartyBody) -> Self {
        Self {
            name: body.name,
            address: body.address,
            country: body.country,
            tax_number: body.tax_number,
            email: body.email,
        }
    }
}

/// To whom a tenant's invoices are made out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BillingProfile {
    #[serde(flatten)]
    party: PartyBody,
    /// In which zone months end (IANA), such as Europe/Stockholm.
    zone: String,
    /// Why no tax is taken; the operator says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption: Option<String>,
}

impl From<Profile> for BillingProfile {
    fn from(profile: Profile) -> Self {
        Self { party: profile.party.into(), zone: profile.zone.to_string(), exemption: profile.exemption }
    }
}

/// What a tenant says of itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BillingProfileChange)]
pub(crate) struct ProfileBody {
    #[serde(default)]
    name: String,
    #[serde(default)]
    address: Vec<String>,
    country: Option<String>,
    tax_number: Option<String>,
    email: Option<String>,
    /// In which zone months end (IANA); UTC where it is left out.
    zone: Option<String>,
}

/// To whom the tenant's invoices are made out.
#[utoipa::path(tag = "money", responses((status = 200, body = BillingProfile)))]
#[get("/api/v1/billingProfile")]
pub(crate) async fn get_billing_profile(app: Data<App>, caller: Caller) -> ApiResult {
    ok(&BillingProfile::from(invoices::profile(&app, &caller).await?))
}

/// Says to whom the tenant's invoices are made out, from the next one on.
#[utoipa::path(tag = "money", request_body = ProfileBody, responses((status = 200, body = BillingProfile)))]
#[put("/api/v1/billingProfile")]
pub(crate) async fn put_billing_profile(
    app: Data<App>,
    caller: Caller,
    body: Body<ProfileBody>,
) -> ApiResult {
    let ProfileBody { name, address, country, tax_number, email, zone } = body.0;
    let zone = zone.as_deref().map_or_else(
        || Ok(Default::default()),
        |text| {
            text.parse()
                .map_err(|_| ApiError::invalid("zone", format!("{text:?} is no zone of the IANA database")))
        },
    )?;
    let party = Party { name, address, country, tax_number, email };
    ok(&BillingProfile::from(invoices::put_profile(&app, &caller, party, zone).await?))
}

/// The rate of a tax.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TaxRate, example = json!({"country": "SE", "name": "Moms", "basisPoints": 2500}))]
pub(crate) struct RateBody {
    /// ISO 3166-1 alpha-2.
    country: String,
    /// What invoices call it.
    name: String,
    /// Hundredths of a percent: 2500 is 25 %.
    basis_points: u32,
}

/// When invoices are to be paid.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(as = InvoiceTerms)]
pub(crate) struct TermsBody {
    /// Days from the issue to the day of payment.
    due_days: u32,
    /// Days after that day on which a reminder is sent, ascending.
    reminder_days: Vec<u32>,
    /// The series of invoices.
    invoice_series: String,
    /// The series of credit notes.
    credit_series: String,
    /// Whether drafts wait for the operator.
    review: bool,
}

impl Default for TermsBody {
    fn default() -> Self {
        Terms::default().into()
    }
}

impl From<Terms> for TermsBody {
    fn from(terms: Terms) -> Self {
        Self {
            due_days: terms.due_days,
            reminder_days: terms.reminder_days,
            invoice_series: terms.invoice_series,
            credit_series: terms.credit_series,
            review: terms.review,
        }
    }
}

/// What holds for all invoices that are issued from now on.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(as = BillingSettings)]
pub(crate) struct SettingsBody {
    seller: PartyBody,
    rates: Vec<RateBody>,
    terms: TermsBody,
    /// What stands below each invoice: how to pay.
    foot: String,
}

impl From<BillingSettings> for SettingsBody {
    fn from(settings: BillingSettings) -> Self {
        let rate =
            |rate: Rate| RateBody { country: rate.country, name: rate.name, basis_points: rate.basis_points };
        Self {
            seller: settings.seller.into(),
            rates: settings.rates.into_iter().map(rate).collect(),
            terms: settings.terms.into(),
            foot: settings.foot,
        }
    }
}

impl From<SettingsBody> for BillingSettings {
    fn from(body: SettingsBody) -> Self {
        let rate =
            |rate: RateBody| Rate { country: rate.country, name: rate.name, basis_points: rate.basis_points };
        Self {
            seller: body.seller.into(),
            rates: body.rates.into_iter().map(rate).collect(),
            terms: Terms {
                due_days: body.terms.due_days,
                reminder_days: body.terms.reminder_days,
                invoice_series: body.terms.invoice_series,
                credit_series: body.terms.credit_series,
                review: body.terms.review,
            },
            foot: body.foot,
        }
    }
}

/// Who sells, which taxes there are, and when invoices are to be paid.
#[utoipa::path(tag = "operator", responses((status = 200, body = SettingsBody)))]
#[get("/api/v1/operator/billing")]
pub(crate) async fn get_billing_settings(app: Data<App>, operator: Operator) -> ApiResult {
    ok(&SettingsBody::from(invoices::settings(&app, &operator).await?))
}

/// Sets it, in the place of what was set: it holds for what is issued from now on.
#[utoipa::path(tag = "operator", request_body = SettingsBody, responses((status = 200, body = SettingsBody)))]
#[put("/api/v1/operator/billing")]
pub(crate) async fn put_billing_settings(
    app: Data<App>,
    operator: Operator,
    body: Body<SettingsBody>,
) -> ApiResult {
    ok(&SettingsBody::from(invoices::put_settings(&app, &operator, body.0.into()).await?))
}

/// To whom a tenant's invoices are made out.
#[utoipa::path(tag = "operator", responses((status = 200, body = BillingProfile)))]
#[get("/api/v1/operator/tenants/{id}/billing")]
pub(crate) async fn get_tenant_billing(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&BillingProfile::from(invoices::profile_of(&app, &operator, tenant_id(&id)?).await?))
}

/// Whether tax is taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaxExemption {
    /// Why no tax is taken: it stands on invoices. Null where it is taken.
    reason: Option<String>,
}

/// Says why no tax is taken from a tenant, or takes it.
#[utoipa::path(tag = "operator", request_body = TaxExemption, responses((status = 200, body = BillingProfile)))]
#[put("/api/v1/operator/tenants/{id}/taxExemption")]
pub(crate) async fn put_tax_exemption(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<TaxExemption>,
) -> ApiResult {
    let done = invoices::set_exemption(&app, &operator, tenant_id(&id)?, body.0.reason).await?;
    ok(&BillingProfile::from(done))
}
