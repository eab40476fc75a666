//! `dialtone check`: what will not work, what may not, and how to mend it. Each line says `ok`, `warning` or `broken`;
//! the exit status is 1 where a line says `broken`.

mod certificates;
mod combinations;
mod database;
mod names;
mod ports;
mod system;

use crate::{files, settings::Settings};

/// What was found out about one thing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    what: &'static str,
    verdict: Verdict,
    text: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It works.
    Ok,
    /// It works, and somebody should look into it.
    Warning,
    /// It will not work.
    Broken,
}

impl Finding {
    fn ok(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Ok, text: text.into() }
    }

    fn warning(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Warning, text: text.into() }
    }

    fn broken(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Broken, text: text.into() }
    }

    /// What works says so, what does not says how to mend it.
    fn of(what: &'static str, result: Result<String, String>) -> Self {
        match result {
            Ok(text) => Self::ok(what, text),
            Err(remedy) => Self::broken(what, remedy),
        }
    }
}

/// Checks everything and prints a line each.
///
/// # Errors
/// One line with the number of things that will not work.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let mut findings = vec![data(settings)];
    findings.extend(database::findings(settings).await);
    findings.extend(ports::findings(settings));
    findings.extend(certificates::findings(settings));
    findings.extend(names::findings(settings).await);
    findings.extend(combinations::findings(settings));
    findings.extend(system::findings(settings));
    for Finding { what, verdict, text } in &findings {
        let word = match verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Broken => "broken",
        };
        println!("{word:<8} {what}: {text}");
    }
    let count = |wanted| findings.iter().filter(|finding| finding.verdict == wanted).count();
    let (broken, warnings) = (count(Verdict::Broken), count(Verdict::Warning));
    if broken > 0 {
        anyhow::bail!("{broken} of {} things will not work, {warnings} may not", findings.len());
    }
    println!("Nothing is broken; {warnings} of {} things may need a look.", findings.len());
    Ok(())
}

fn data(settings: &Settings) -> Finding {
    let made = files::prepare(&settings.data_dir).map_err(|error| format!("{error:#}"));
    let probe = settings.data_dir.join(".check");
    let written = made.and_then(|()| {
        std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(|error| {
            format!("{}: {error}; give its owner the right to write", settings.data_dir.display())
        })
    });
    Finding::of("data directory", written.map(|()| settings.data_dir.display().to_string()))
}
