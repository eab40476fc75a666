//! What the operator sets about the audio of all calls: the codecs that may be used, and what leads to the echo.

use crate::{
    App, Error,
    snapshot::{self, Changed},
};
use domain::{
    access::{Actor, Permission, Scope},
    config::Audio,
    decision::is_emergency,
    phone::Dialled,
};
use store::platform;

/// The name under which it is kept.
const NAME: &str = "audio";
/// What leads to the echo where nothing was set.
const ECHO: &str = "echo";

/// What is set. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &Actor) -> Result<Audio, Error> {
    actor.scope(Permission::Operate)?;
    read(app.db().read()).await
}

/// Puts something else into its place. Operators only. Calls that are decided from then on go by it.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field: a codec twice, or a number that reaches somebody else.
pub async fn change(app: &App, actor: &Actor, wanted: Audio) -> Result<Audio, Error> {
    let scope = actor.scope(Permission::Operate)?;
    wanted.check().map_err(|fault| Error::invalid(&fault.field, fault.message))?;
    for (place, number) in wanted.echo_numbers.iter().enumerate() {
        check_number(app, place, number)?;
    }
    crate::platform::put(app, (actor, &scope), (NAME, "audio.update"), &wanted, async |tx| read(tx).await)
        .await?;
    snapshot::refresh(app, Changed::Platform).await?;
    Ok(wanted)
}

/// Takes over what another node changed: calls that are decided here from then on go by it. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails; calls go on by what was known.
pub async fn refresh(app: &App) -> Result<(), Error> {
    let kept = read(app.db().read()).await?;
    if app.live().config.platform.value.audio == kept {
        return Ok(());
    }
    snapshot::refresh(app, Changed::Platform).await
}

fn check_number(app: &App, place: usize, number: &str) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::invalid(&format!("echoNumbers[{place}]"), message));
    let live = app.live();
    let Some(dialled) = Dialled::parse(number) else { return wrong(format!("{number:?} cannot be dialled")) };
    if is_emergency(&live.config, &dialled) {
        return wrong(format!("{number} reaches emergency services: choose another number for the echo"));
    }
    if dialled.e164().is_some_and(|number| live.config.owner(number).is_some()) {
        return wrong(format!("{number} is a tenant's: choose a number that nobody has for the echo"));
    }
    Ok(())
}

pub(crate) async fn read(on: &impl store::On) -> Result<Audio, Error> {
    let scope = Scope::system("the audio of all calls is the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(Audio { codecs: Vec::new(), echo_numbers: vec![ECHO.to_owned()] }),
    }
}
