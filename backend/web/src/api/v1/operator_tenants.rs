//! One tenant, as the operator sees and changes it: status, limits, plan; agreement, country and open connections; the
//! bounds of its protection.

use super::{
    Operator, ok,
    protection::{BoundsBody, bounds},
    tenants::{Tenant, tenant_id},
};
use crate::{
    api::schema::LimitsPatch,
    error::ApiResult,
    extract::{Body, Patch},
};
use actix_web::{
    get, patch,
    web::{Data, Path},
};
use app::{
    App, Error,
    eligibility::{self, Agreement, Terms},
    protection::{self, Bounds},
    tenants::{self, TenantEdit, TenantPatch, TenantStatus},
};
use domain::{config::Access, ids::TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_operator_tenant).service(update_tenant);
}

/// What the operator says of one way of connection.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantConnection)]
pub(crate) struct Connection {
    allowed: bool,
    /// Needed where it is refused: the tenant reads it before it tries.
    #[serde(default)]
    why: String,
}

/// What the operator says of ways of connection; where one is null, the rules of eligibility decide.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = TenantConnections)]
pub(crate) struct Connections {
    cloud_calling: Option<Connection>,
    direct_routing: Option<Connection>,
}

/// The terms of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TenantTerms)]
pub(crate) struct TermsBody {
    /// `payAsYouGo`, `customerAgreement`, `enterprise` or `partner`.
    #[schema(value_type = String)]
    #[serde(default)]
    agreement: Agreement,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    #[serde(default)]
    connections: Connections,
}

/// A tenant with what the operator says of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OperatorTenant)]
pub(crate) struct Whole {
    #[serde(flatten)]
    tenant: Tenant,
    #[serde(flatten)]
    terms: TermsBody,
    /// Within which bounds the tenant sets its protection.
    protection: BoundsBody,
}

/// What the operator changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TenantChange {
    /// `active` or `suspended`.
    #[schema(value_type = Option<String>)]
    status: Option<TenantStatus>,
    limits: Option<LimitsPatch>,
    /// A plan, by name or identifier.
    price_plan: Option<String>,
    /// `payAsYouGo`, `customerAgreement`, `enterprise` or `partner`.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "said")]
    agreement: Option<Value>,
    /// ISO 3166-1 alpha-2; `null` where it is not known.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "said")]
    country: Option<Value>,
    #[schema(value_type = Option<Connections>)]
    #[serde(default, deserialize_with = "said")]
    connections: Option<Value>,
    #[schema(value_type = Option<BoundsBody>)]
    #[serde(default, deserialize_with = "said")]
    protection: Option<Value>,
}

/// Tells `null` from what was left out.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl From<&Terms> for TermsBody {
    fn from(terms: &Terms) -> Self {
        let connection = |access: &Option<Access>| {
            access.as_ref().map(|access| Connection {
                allowed: access.refusal().is_none(),
                why: access.refusal().unwrap_or_default().to_owned(),
            })
        };
        Self {
            agreement: terms.agreement,
            country: terms.country.clone(),
            connections: Connections {
                cloud_calling: connection(&terms.cloud_calling),
                direct_routing: connection(&terms.direct_routing),
            },
        }
    }
}

impl TermsBody {
    fn into_terms(self, now: Terms) -> Terms {
        let access = |said: Option<Connection>| {
            said.map(|said| match said.allowed {
                true => Access::Allowed,
                false => Access::NotAllowed { why: said.why },
            })
        };
        Terms {
            agreement: self.agreement,
            country: self.country.map(|code| code.trim().to_ascii_uppercase()),
            cloud_calling: access(self.connections.cloud_calling),
            direct_routing: access(self.connections.direct_routing),
            ..now
        }
    }
}

/// A tenant, with its terms and the bounds of its protection.
#[utoipa::path(tag = "operator", responses((status = 200, body = Whole)))]
#[get("/api/v1/operator/tenants/{id}")]
pub(crate) async fn get_operator_tenant(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&whole(&app, &operator, tenant_id(&id)?).await?)
}

async fn whole(app: &App, operator: &Operator, id: TenantId) -> Result<Whole, Error> {
    let tenant = Tenant::from(tenants::get_of(app, operator, id).await?);
    let (terms, _) = eligibility::view_of(app, operator, id).await?;
    let view = protection::get_of(app, operator, id).await?;
    Ok(Whole { tenant, terms: TermsBody::from(&terms), protection: bounds(&view.bounds, view.currency) })
}

/// Changes status, limits, plan, terms or bounds of a tenant, all of it or nothing; what is left out stays.
#[utoipa::path(tag = "operator",
    request_body(content = TenantChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Whole)))]
#[patch("/api/v1/operator/tenants/{id}")]
pub(crate) async fn update_tenant(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<TenantChange>,
) -> ApiResult {
    let id = tenant_id(&id)?;
    let mut change = body.0;
    let currency = protection::get_of(&app, &operator, id).await?.currency;
    let bounds_patch = change.protection.take().map(Patch::<BoundsBody>::of);
    let terms_patch = change.terms().map(Patch::<TermsBody>::of);
    let edit_bounds = |now: Bounds| match &bounds_patch {
        Some(patch) => patch.apply(&bounds(&now, currency))?.into_bounds(currency),
        None => Ok(now),
    };
    let edit_terms = |now: Terms| match &terms_patch {
        Some(patch) => Ok(patch.apply(&TermsBody::from(&now))?.into_terms(now)),
        None => Ok(now),
    };
    let patch = TenantPatch {
        status: change.status,
        limits: change.limits.map(Into::into),
        price_plan: change.price_plan,
    };
    let edit = TenantEdit {
        patch,
        terms: terms_patch.is_some().then_some(&edit_terms as tenants::Edit<'_, Terms>),
        bounds: bounds_patch.is_some().then_some(&edit_bounds as tenants::Edit<'_, Bounds>),
    };
    tenants::change(&app, &operator, id, edit).await?;
    ok(&whole(&app, &operator, id).await?)
}

impl TenantChange {
    /// What is said of the terms, as a merge-patch; `None` where nothing is.
    fn terms(&mut self) -> Option<Value> {
        let said = [
            ("agreement", self.agreement.take()),
            ("country", self.country.take()),
            ("connections", self.connections.take()),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let fields: serde_json::Map<String, Value> = said.collect();
        (!fields.is_empty()).then_some(Value::Object(fields))
    }
}
