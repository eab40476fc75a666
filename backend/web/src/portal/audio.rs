//! The audio of all calls: which codecs they may use, and what leads to the echo.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    visit::{Operator, PageResult},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, ServiceConfig},
};
use app::{App, Error};
use askama::Template;
use domain::config::{Audio, Codec, ECHO_BOT, parse_word};
use serde::Deserialize;

const PAGE: &str = "/operator/audio";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save);
}

#[derive(Template)]
#[template(path = "operator/audio.html")]
struct AudioPage {
    shell: Shell,
    codecs: String,
    echo_numbers: String,
    bot: &'static str,
    error: Option<String>,
}

/// The settings, as they are typed: words apart by spaces or commas.
#[derive(Debug, Deserialize)]
struct AudioForm {
    codecs: String,
    echo_numbers: String,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\n', '\r']).map(str::trim).filter(|word| !word.is_empty())
}

#[get("/operator/audio")]
async fn show(app: Data<App>, operator: Operator) -> PageResult {
    let audio = app::audio::get(&app, &operator.actor).await?;
    let codecs: Vec<&str> = audio.codecs.iter().map(|codec| codec.word()).collect();
    let form = AudioForm { codecs: codecs.join(" "), echo_numbers: audio.echo_numbers.join(" ") };
    page(&operator, StatusCode::OK, form, None)
}

#[post("/operator/audio")]
async fn save(app: Data<App>, operator: Operator, form: Posted<AudioForm>) -> PageResult {
    let form = form.0;
    let codecs: Result<Vec<Codec>, Error> = words(&form.codecs)
        .map(|word| parse_word("codecs", word).map_err(|fault| Error::invalid(&fault.field, fault.message)))
        .collect();
    let kept = match codecs {
        Ok(codecs) => {
            let echo_numbers = words(&form.echo_numbers).map(str::to_owned).collect();
            app::audio::change(&app, &operator.actor, Audio { codecs, echo_numbers }).await
        }
        Err(error) => Err(error),
    };
    match kept {
        Ok(_) => Ok(operator.go_saying(PAGE, Done::AudioSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&operator, status, form, Some(text))
        }
    }
}

fn page(operator: &Operator, status: StatusCode, form: AudioForm, error: Option<String>) -> PageResult {
    let AudioForm { codecs, echo_numbers } = form;
    let shell = operator.shell(Place::Audio);
    operator.page_with(status, &AudioPage { shell, codecs, echo_numbers, bot: ECHO_BOT, error })
}
