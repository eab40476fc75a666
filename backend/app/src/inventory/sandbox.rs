//! The fictional numbers of the simulated PSTN.

use crate::{App, Error};

pub(crate) async fn ensure(_app: &App) -> Result<(), Error> {
    Ok(())
}
