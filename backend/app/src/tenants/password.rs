//! Passwords: hashed with Argon2id, off the async threads.

use crate::{App, Error};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use zeroize::Zeroizing;

/// Characters of a password at least.
pub(crate) const PASSWORD_MIN: usize = 10;
/// Bytes of a password at most.
pub(crate) const PASSWORD_MAX: usize = 256;

/// Hashes a password.
///
/// # Errors
/// [`Error::Invalid`] where it is too short or too long.
pub(crate) async fn hash(app: &App, password: &str) -> Result<String, Error> {
    if password.chars().count() < PASSWORD_MIN || password.len() > PASSWORD_MAX {
        return Err(Error::invalid(
            "password",
            format!("choose a password of {PASSWORD_MIN} to {PASSWORD_MAX} characters"),
        ));
    }
    let _turn = app.doorman().turn().await?;
    let password = Zeroizing::new(password.to_owned());
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    hashed.await.map_err(Error::internal)?.map_err(Error::internal)
}

/// Whether a password is right. Where there is nobody to compare with, the work is done all the same, so that the time
/// it takes says nothing.
pub(crate) async fn verify(app: &App, password: &str, hash: Option<&str>) -> Result<bool, Error> {
    if password.len() > PASSWORD_MAX {
        return Ok(false);
    }
    let _turn = app.doorman().turn().await?;
    let password = Zeroizing::new(password.to_owned());
    let hash = hash.map(str::to_owned);
    let checked = tokio::task::spawn_blocking(move || compare(password.as_bytes(), hash.as_deref()));
    checked.await.map_err(Error::internal)
}

fn compare(password: &[u8], hash: Option<&str>) -> bool {
    let parsed = hash.and_then(|hash| PasswordHash::new(hash).ok());
    match parsed {
        Some(parsed) => Argon2::default().verify_password(password, &parsed).is_ok(),
        None => {
            // The result is of no interest, the time is.
            let _ = Argon2::default().hash_password(password).map(drop);
            false
        }
    }
}
