//! The database: it answers, takes writes, and is of this version.

use super::Finding;
use crate::settings::Settings;
use std::{path::Path, time::Duration};

const WHAT: &str = "database";
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// File systems on which SQLite's locks do not hold.
const UNSOUND: [&str; 7] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs"];

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let url = settings.database_url();
    let kind = url.split(':').next().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    let file = sqlite_file(&url);
    if let Some(found) = file.and_then(locks) {
        all.push(found);
    }
    if file.is_some_and(|file| !file.exists()) {
        all.push(Finding::ok(WHAT, "SQLite; made at the first start"));
        return all;
    }
    let looked = tokio::time::timeout(PATIENCE, look(&url, &kind)).await;
    all.extend(looked.unwrap_or_else(|_| {
        let text =
            format!("no answer within {} s: start the database, or mend database_url", PATIENCE.as_secs());
        vec![Finding::broken(WHAT, text)]
    }));
    all
}

fn sqlite_file(url: &str) -> Option<&Path> {
    let rest = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    let path = rest.split('?').next().unwrap_or(rest);
    (!path.is_empty() && path != ":memory:").then(|| Path::new(path))
}

async fn look(url: &str, kind: &str) -> Vec<Finding> {
    let remedy = |error: store::Error| format!("{error}: mend database_url, or start the database");
    let db = match store::Db::connect(url, store::Options::default()).await {
        Ok(db) => db,
        Err(error) => return vec![Finding::broken(WHAT, remedy(error))],
    };
    if let Err(error) = db.ping().await {
        return vec![Finding::broken(WHAT, remedy(error))];
    }
    let mut all = vec![Finding::ok(WHAT, format!("{kind} answers"))];
    // A write transaction that is dropped changes nothing, but takes the lock.
    all.push(match db.begin().await {
        Ok(_) => Finding::ok("database writes", "a write transaction was begun and taken back"),
        Err(error) => Finding::broken(
            "database writes",
            format!("{error}: give this user the right to write, and let no other program hold the lock"),
        ),
    });
    all.push(match db.pending_migrations().await {
        Ok(0) => Finding::ok("database version", "up to date"),
        Ok(pending) => Finding::warning(
            "database version",
            format!("{pending} migrations are missing: they are applied at the next start, or by `dialtone migrate`"),
        ),
        Err(error) => Finding::broken(
            "database version",
            format!("{error}: it was made by a newer version; start that one, or put back an older copy"),
        ),
    });
    all
}

/// Whether the file lies where SQLite's locks hold; `None` where that is so, or cannot be told.
fn locks(file: &Path) -> Option<Finding> {
    let folder = std::fs::canonicalize(file.parent().filter(|folder| folder.is_dir())?).ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    unsound(&mounts, &folder).map(|kind| {
        let text = format!("{} is on {kind}, where SQLite's locks do not hold: move data_dir to a local disk, or use PostgreSQL", folder.display());
        Finding::broken("database locks", text)
    })
}

fn unsound<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    };
    let on = mounts.lines().filter_map(mount).filter(|(at, _)| folder.starts_with(at));
    let (_, kind) = on.max_by_key(|(at, _)| at.len())?;
    UNSOUND.contains(&kind).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    #[test]
    fn the_file_of_a_url_is_found_and_the_mount_that_holds_it() {
        assert_eq!(
            sqlite_file("sqlite://./data/dialtone.db?mode=rwc"),
            Some(Path::new("./data/dialtone.db"))
        );
        assert_eq!(sqlite_file("postgres://x/y"), None);
        let mounts =
            "/dev/sda1 / ext4 rw 0 0\nnas:/x /srv/data nfs4 rw 0 0\ntmpfs /srv/data/fast tmpfs rw 0 0\n";
        assert_eq!(unsound(mounts, Path::new("/srv/data/dialtone")), Some("nfs4"));
        assert_eq!(unsound(mounts, Path::new("/srv/data/fast/x")), None);
        assert_eq!(unsound(mounts, Path::new("/srv/database")), None);
    }

    #[tokio::test]
    async fn a_database_that_is_no_database_is_broken_and_one_that_is_not_there_is_made_later() {
        let folder = std::env::temp_dir().join(format!("dialtone-check-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        let mut settings = Settings { data_dir: folder.clone(), ..Settings::default() };
        assert!(findings(&settings).await.iter().all(|finding| finding.verdict == Verdict::Ok));
        std::fs::write(folder.join("dialtone.db"), "this is no database, whatever its name says".repeat(40))
            .expect("a file");
        let found = findings(&settings).await;
        assert!(found.iter().any(|finding| finding.verdict == Verdict::Broken), "{found:?}");
        settings.database_url = Some("mysql://x".to_owned());
        let found = findings(&settings).await;
        assert!(found.iter().any(|finding| finding.verdict == Verdict::Broken), "{found:?}");
        std::fs::remove_dir_all(&folder).expect("scratch goes");
    }
}
