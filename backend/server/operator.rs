//! `dialtone operator create`.

use crate::{settings::Settings, wiring};
use anyhow::Context;

/// Makes an operator account. A password that is not given is the first line of standard input.
///
/// # Errors
/// One line: no password, or what the app says of the two.
pub(crate) async fn create(settings: Settings, email: &str, password: Option<String>) -> anyhow::Result<()> {
    let password = match password {
        Some(password) => password,
        None => {
            eprintln!("Password for {email} (at least 10 characters), then Enter:");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).context("no password on standard input")?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    let app = wiring::app_alone(&settings).await?;
    app::operators::create(&app, email, &password).await?;
    println!("{email} can sign in as an operator now.");
    Ok(())
}
