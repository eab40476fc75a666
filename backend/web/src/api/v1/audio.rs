//! The audio of all calls: codecs, and the echo.

use super::{Operator, ok};
use crate::{error::ApiResult, extract::Patch};
use actix_web::{get, patch, web::Data};
use domain::config::{Audio, Codec};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_audio).service(update_audio);
}

/// What holds for the audio of all calls.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AudioSettings)]
pub(crate) struct AudioBody {
    /// The codecs that calls may use here, most wanted first: of `PCMU`, `PCMA`, `G722`, `G729` and `opus`. A trunk or carrier with a list
    /// of its own is held to those of it that are here; whoever has none is offered these. Empty, whatever two sides agree on passes.
    #[schema(value_type = Vec<String>)]
    codecs: Vec<Codec>,
    /// What leads to the echo, which answers, says what it hears, and costs nothing: numbers, short codes and names. While there is one,
    /// `8:echo123` does too. Empty, the echo is off.
    #[schema(max_items = 10)]
    echo_numbers: Vec<String>,
}

impl From<Audio> for AudioBody {
    fn from(audio: Audio) -> Self {
        let Audio { codecs, echo_numbers } = audio;
        Self { codecs, echo_numbers }
    }
}

/// The codecs of all calls, and what leads to the echo.
#[utoipa::path(tag = "operator", responses((status = 200, body = AudioBody)))]
#[get("/api/v1/operator/audio")]
pub(crate) async fn get_audio(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&AudioBody::from(app::audio::get(&app, &operator).await?))
}

/// Changes them: what is left out stays. Calls that come from then on go by it.
#[utoipa::path(tag = "operator",
    request_body(content = AudioBody, content_type = "application/merge-patch+json"),
    responses((status = 200, body = AudioBody)))]
#[patch("/api/v1/operator/audio")]
pub(crate) async fn update_audio(
    app: Data<app::App>,
    operator: Operator,
    change: Patch<AudioBody>,
) -> ApiResult {
    let now = AudioBody::from(app::audio::get(&app, &operator).await?);
    let AudioBody { codecs, echo_numbers } = change.apply(&now)?;
    let wanted = Audio { codecs, echo_numbers };
    ok(&AudioBody::from(app::audio::change(&app, &operator, wanted).await?))
}
