//! The data directory: keys and the local certificate authority.

use anyhow::{Context, bail};
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Bytes of the key file: 32 for the vault, 32 for the edge's digest nonces.
const KEY_FILE_BYTES: usize = 64;

/// The secrets that this installation is made of. They are in no database.
pub(crate) struct Keys {
    /// Opens the secrets in the database.
    pub(crate) vault: [u8; 32],
    /// Signs the edge's digest nonces.
    pub(crate) edge: [u8; 32],
}

/// Makes the data directory, readable by its owner alone.
///
/// # Errors
/// One line that names the setting.
pub(crate) fn prepare(data_dir: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
    made.with_context(|| {
        format!("the data directory {} cannot be made: set data_dir to one that can", data_dir.display())
    })
}

/// Reads the keys, or makes them at the first start.
///
/// # Errors
/// Where the file cannot be read or is not as long as it was made.
pub(crate) fn keys(data_dir: &Path) -> anyhow::Result<Keys> {
    let path = data_dir.join("secret.key");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => make_keys(&path)?,
        Err(error) => {
            return Err(error).with_context(|| format!("the key file {} cannot be read", path.display()));
        }
    };
    let (vault, edge) = bytes.split_at_checked(32).context("key")?;
    match (vault.try_into(), edge.try_into()) {
        (Ok(vault), Ok(edge)) => Ok(Keys { vault, edge }),
        _ => bail!(
            "the key file {} is not {KEY_FILE_BYTES} bytes long: put back the one this database was made with",
            path.display()
        ),
    }
}

fn make_keys(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; KEY_FILE_BYTES];
    let mut random = fs::File::open("/dev/urandom").context("the system's random numbers cannot be read")?;
    random.read_exact(&mut bytes)?;
    write_private(path, &bytes)?;
    Ok(bytes)
}

/// Reads the local certificate authority, or makes it at the first start; `ca.pem` is what clients must trust.
///
/// # Errors
/// Where its files cannot be read, written or understood.
pub(crate) fn local_ca(data_dir: &Path) -> anyhow::Result<web::tls::LocalCa> {
    let (certificate, key) = (ca_file(data_dir), data_dir.join("ca.key"));
    if certificate.exists() && key.exists() {
        let (certificate, key) = (fs::read_to_string(&certificate)?, fs::read_to_string(&key)?);
        return web::tls::LocalCa::from_pem(&certificate, &key).context(
            "ca.pem and ca.key in the data directory do not fit: remove both, and new ones are made",
        );
    }
    let ca = web::tls::LocalCa::create()?;
    write_private(&key, ca.key_pem().as_bytes())?;
    fs::write(&certificate, ca.certificate_pem())
        .with_context(|| format!("{} cannot be written", certificate.display()))?;
    Ok(ca)
}

/// Where the local certificate authority's certificate is.
pub(crate) fn ca_file(data_dir: &Path) -> PathBuf {
    data_dir.join("ca.pem")
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

/// Puts a file that its owner alone may read in the place of what was there, at once or not at all.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn put_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("{} cannot be removed", beside.display()));
        }
        _ => {}
    }
    write_private(&beside, bytes)?;
    fs::rename(&beside, path).with_context(|| format!("{} cannot be written", path.display()))
}

/// A token that can be guessed by nobody: 32 hexadecimal digits.
///
/// # Errors
/// Where the system gives no random numbers.
pub(crate) fn one_time_token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?
        .read_exact(&mut bytes)
        .context("the system's random numbers cannot be read")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A PEM file of the settings; `remedy` names them.
///
/// # Errors
/// Where it cannot be read.
pub(crate) fn pem(path: &Path, remedy: &str) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read: mend {remedy}", path.display()))
}
