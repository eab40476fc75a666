//! Rate decks of the operator: a CSV file becomes a draft with a preview, which somebody confirms.

use super::{
    Listing, Operator, created, ok,
    plans::{Change, version_number},
};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Params, RawBody},
};
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, delete,
    dev::Payload,
    get, post,
    web::{Data, Path},
};
use app::decks::{self, DeckKind, DeckView, NewDeck, VersionView};
use chrono::{DateTime, Utc};
use domain::{
    deck::{self, Comparison},
    ids::DeckId,
    money::Currency,
};
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_decks).service(create_deck).service(get_deck);
    routes.service(list_deck_versions).service(upload_deck).service(get_deck_version);
    routes.service(export_deck).service(compare_deck_versions);
    routes.service(confirm_deck_version).service(withdraw_deck_version).service(roll_back_deck);
}

/// A rate deck.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateDeck {
    id: Uuid,
    name: String,
    /// `price` (what tenants pay) or `cost` (what a carrier asks).
    kind: &'static str,
    currency: String,
    /// The number of the version in force.
    current_version: Option<i32>,
    /// How many prefixes that one has.
    rows: u64,
    /// The plans or carriers that take it, by name.
    used_by: Vec<String>,
    created_at: DateTime<Utc>,
}

impl From<DeckView> for RateDeck {
    fn from(view: DeckView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            kind: view.kind.word(),
            currency: view.currency.to_string(),
            current_version: view.current,
            rows: view.rows,
            used_by: view.used_by,
            created_at: view.created_at,
        }
    }
}

/// A rate deck to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "world", "kind": "price", "currency": "USD"}))]
pub(crate) struct NewRateDeck {
    /// Unique.
    name: String,
    /// `price` or `cost`.
    kind: String,
    /// ISO 4217.
    currency: String,
}

/// A version of a rate deck.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateDeckVersion {
    number: i32,
    /// `draft`, `scheduled`, `applied` or `withdrawn`.
    state: String,
    /// Whether it is in force.
    is_current: bool,
    rows: u64,
    /// Where it is from.
    note: String,
    /// SHA-256 of what it says.
    hash: String,
    /// From when on it is in force; of a draft nothing.
    effective_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    /// Of one version alone, not in lists: which column was taken for what, what it changed of the version in force
    /// (`changes`: added, changed, removed, jumps), and what is odd about it (`survey`: overlaps, gaps, free prefixes;
    /// `duplicates`). Lists hold the first 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    preview: Option<serde_json::Value>,
}

impl RateDeckVersion {
    fn listed(view: VersionView) -> Self {
        Self { preview: None, ..Self::from(view) }
    }
}

impl From<VersionView> for RateDeckVersion {
    fn from(view: VersionView) -> Self {
        Self {
            number: view.number,
            state: view.state,
            is_current: view.is_current,
            rows: view.rows,
            note: view.note,
            hash: view.hash,
            effective_at: view.effective_at,
            created_by: view.created_by,
            created_at: view.created_at,
            preview: Some(view.preview).filter(|preview| !preview.is_null()),
        }
    }
}

/// What one version changes of another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateDeckDiff {
    from: i32,
    to: i32,
    /// Prefixes that are new.
    added: PrefixChanges,
    /// Prefixes with another price, other terms or another destination.
    changed: PrefixChanges,
    /// Prefixes that are gone.
    removed: PrefixChanges,
    /// Of these, prices that go up or down by more than half.
    jumps: PrefixChanges,
    unchanged: u64,
}

/// Changes of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PrefixChanges {
    count: u64,
    /// The first 200.
    listed: Vec<PrefixChange>,
}

/// A prefix that changes. Prices are micro-units of the deck's currency, a minute.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrefixChange {
    prefix: String,
    destination: String,
    before_micros: Option<i64>,
    after_micros: Option<i64>,
}

impl From<deck::Changes> for PrefixChanges {
    fn from(changes: deck::Changes) -> Self {
        let one = |change: deck::Change| PrefixChange {
            prefix: change.prefix.to_string(),
            destination: change.destination,
            before_micros: change.before_micros,
            after_micros: change.after_micros,
        };
        Self { count: changes.count, listed: changes.listed.into_iter().map(one).collect() }
    }
}

impl RateDeckDiff {
    fn of((from, to): (i32, i32), found: Comparison) -> Self {
        Self {
            from,
            to,
            added: found.added.into(),
            changed: found.changed.into(),
            removed: found.removed.into(),
            jumps: found.jumps.into(),
            unchanged: found.unchanged,
        }
    }
}

/// A file of rates.
pub(crate) struct Csv(String);

impl FromRequest for Csv {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_ascii_lowercase();
        if !kind.is_empty() && kind != "text/csv" && kind != "text/plain" {
            let text = format!("send the file as it is, as text/csv, not as {kind}");
            let status = actix_web::http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return ready(Err(ApiError::new(status, "UnsupportedMediaType", text).at("Content-Type")));
        }
        let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
        if body.is_empty() {
            return ready(Err(ApiError::invalid("body", "the body is empty: a CSV file is expected")));
        }
        let text = String::from_utf8(body.to_vec());
        ready(text.map(Self).map_err(|_| ApiError::invalid("body", "the CSV must be UTF-8")))
    }
}

/// Where a file is from.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Note {
    /// For people, 200 characters at most.
    note: Option<String>,
}

/// All rate decks, by name.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<RateDeck>)))]
#[get("/api/v1/operator/rateDecks")]
pub(crate) async fn list_decks(app: Data<app::App>, operator: Operator) -> ApiResult {
    let all = decks::list(&app, &operator).await?;
    ok(&Listing::<RateDeck>::whole(all.into_iter().map(Into::into).collect()))
}

/// Makes a rate deck, which has no version yet.
#[utoipa::path(tag = "operator", request_body = NewRateDeck, responses((status = 201, body = RateDeck)))]
#[post("/api/v1/operator/rateDecks")]
pub(crate) async fn create_deck(
    app: Data<app::App>,
    operator: Operator,
    body: Body<NewRateDeck>,
) -> ApiResult {
    let kind = DeckKind::from_word(&body.0.kind).ok_or_else(|| {
        ApiError::invalid("kind", "kind: price (what tenants pay) or cost (what a carrier asks)")
    })?;
    let currency: Currency =
        body.0.currency.parse().map_err(|error| ApiError::invalid("currency", format!("{error}")))?;
    let new = NewDeck { name: body.0.name, kind, currency };
    let made = RateDeck::from(decks::create(&app, &operator, new).await?);
    Ok(created(&format!("/api/v1/operator/rateDecks/{}", made.id), &made))
}

/// One rate deck.
#[utoipa::path(tag = "operator", responses((status = 200, body = RateDeck)))]
#[get("/api/v1/operator/rateDecks/{id}")]
pub(crate) async fn get_deck(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&RateDeck::from(decks::get(&app, &operator, deck_id(&id)?).await?))
}

/// The versions of a rate deck, the newest first.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<RateDeckVersion>)))]
#[get("/api/v1/operator/rateDecks/{id}/versions")]
pub(crate) async fn list_deck_versions(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    let all = decks::versions(&app, &operator, deck_id(&id)?).await?;
    ok(&Listing::whole(all.into_iter().map(RateDeckVersion::listed).collect()))
}

/// Reads a CSV file of up to 1,200,000 prefixes and keeps it as the deck's draft, with a preview of what it would change. The
/// columns are known by their headings, the public rate sheet of Azure Communication Services among them. A file with a bad
/// row is not kept: 422 says which rows, and why.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), Note), request_body(content((String = "text/csv"))),
    responses((status = 201, body = RateDeckVersion)))]
#[post("/api/v1/operator/rateDecks/{id}/versions")]
pub(crate) async fn upload_deck(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    note: Params<Note>,
    csv: Csv,
) -> ApiResult {
    let note = note.0.note.unwrap_or_default();
    let draft = decks::upload(&app, &operator, deck_id(&id)?, csv.0, &note).await?;
    let at = format!("/api/v1/operator/rateDecks/{}/versions/{}", id.as_str(), draft.number);
    Ok(created(&at, &RateDeckVersion::from(draft)))
}

/// One version of a rate deck, with what was said of its file.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), ("number" = i32, Path)),
    responses((status = 200, body = RateDeckVersion)))]
#[get("/api/v1/operator/rateDecks/{id}/versions/{number}")]
pub(crate) async fn get_deck_version(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    let (id, number) = read(&path)?;
    ok(&RateDeckVersion::from(decks::version(&app, &operator, id, number).await?))
}

/// A version as a CSV file, which makes the same version where it is uploaded again.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), ("number" = i32, Path)),
    responses((status = 200, body = String, content_type = "text/csv")))]
#[get("/api/v1/operator/rateDecks/{id}/versions/{number}/csv")]
pub(crate) async fn export_deck(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    let (id, number) = read(&path)?;
    let text = decks::export(&app, &operator, id, number).await?;
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(text))
}

/// Which two versions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// The one before.
    from: i32,
    /// The one after.
    to: i32,
}

/// What one version of a rate deck changes of another.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), Between), responses((status = 200, body = RateDeckDiff)))]
#[get("/api/v1/operator/rateDecks/{id}/diff")]
pub(crate) async fn compare_deck_versions(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    between: Params<Between>,
) -> ApiResult {
    let between = (between.0.from, between.0.to);
    let found = decks::compare(&app, &operator, deck_id(&id)?, between).await?;
    ok(&RateDeckDiff::of(between, found))
}

/// Has a draft come into force, now or from a later time on. Where a plan would sell below cost by it: 409 `BelowCost` until
/// that is confirmed.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), ("number" = i32, Path), Change),
    responses((status = 200, body = RateDeckVersion)))]
#[post("/api/v1/operator/rateDecks/{id}/versions/{number}:confirm")]
pub(crate) async fn confirm_deck_version(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
    change: Params<Change>,
) -> ApiResult {
    let (id, number) = read(&path)?;
    let when = change.0.when()?;
    let version = decks::confirm(&app, &operator, id, number, (when.effective_at, when.below_cost)).await?;
    ok(&RateDeckVersion::from(version))
}

/// Takes a draft or a scheduled version back.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), ("number" = i32, Path)), responses((status = 204)))]
#[delete("/api/v1/operator/rateDecks/{id}/versions/{number}")]
pub(crate) async fn withdraw_deck_version(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    let (id, number) = read(&path)?;
    decks::withdraw(&app, &operator, id, number).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// To which version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 3}))]
pub(crate) struct RollBack {
    /// Its number.
    version: i32,
}

/// Puts an earlier version back: a new one says the same, and is in force at once.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), Change), request_body = RollBack,
    responses((status = 200, body = RateDeckVersion)))]
#[post("/api/v1/operator/rateDecks/{id}:rollback")]
pub(crate) async fn roll_back_deck(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    change: Params<Change>,
    body: Body<RollBack>,
) -> ApiResult {
    let below_cost = change.0.when()?.below_cost;
    let version = decks::rollback(&app, &operator, deck_id(&id)?, body.0.version, below_cost).await?;
    ok(&RateDeckVersion::from(version))
}

fn read(path: &Path<(String, String)>) -> Result<(DeckId, i32), ApiError> {
    Ok((deck_id(&path.0)?, version_number(&path.1)?))
}

fn deck_id(text: &str) -> Result<DeckId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no rate deck {text:?}")).at("id"))
}
