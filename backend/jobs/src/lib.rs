//! What happens by itself: each job is one file with its name, how often it runs, and what it does. All of them call use
//! cases; none has rules of its own. (The heartbeat of a node is not among them: it is written by the writer of calls,
//! on every node that carries some.)
//!
//! Start reading at [`Runner`].

#![forbid(unsafe_code)]

mod announcements;
mod answers;
mod audio;
mod configuration;
mod deliveries;
mod delivery_log;
mod drafts;
mod drift;
mod exposure;
mod health;
mod health_history;
mod identities;
mod invoices;
mod leases;
mod lost_nodes;
mod messages;
mod names;
mod outbox;
mod phones;
mod porting;
mod prices;
mod recordings;
mod registrations;
mod rehearsals;
mod searches;
mod sessions;
mod suppliers;
mod top_ups;
mod traces;
mod velocity;

use app::{App, Error};
use std::{future::Future, pin::Pin, thread::JoinHandle, time::Duration};
use tokio::{runtime::Handle, sync::watch, task::LocalSet};

/// The first runs are spread over this time, so that a start is not a burst.
const FIRST_RUN_SPREAD: Duration = Duration::from_secs(2);

/// One run of a job.
type Run = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// A job.
struct Job {
    name: &'static str,
    every: Duration,
    run: fn(App) -> Run,
}

macro_rules! jobs {
    ($($module:ident),+ $(,)?) => {
        [$(Job {
            name: $module::NAME,
            every: $module::EVERY,
            run: |app| Box::pin(async move { $module::run(&app).await }),
        }),+]
    };
}

fn all() -> [Job; 30] {
    jobs![
        outbox,
        searches,
        suppliers,
        lost_nodes,
        leases,
        invoices,
        phones,
        drift,
        sessions,
        answers,
        messages,
        traces,
        configuration,
        names,
        health,
        registrations,
        health_history,
        identities,
        deliveries,
        delivery_log,
        porting,
        prices,
        velocity,
        exposure,
        top_ups,
        rehearsals,
        drafts,
        announcements,
        audio,
        recordings
    ]
}

/// The jobs at work.
#[derive(Debug)]
pub struct Runner {
    stop: watch::Sender<bool>,
    app: App,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    /// Starts all jobs on a thread of their own. Must be called inside a runtime, whose clock and sockets they use.
    #[must_use]
    pub fn start(app: App) -> Self {
        let (stop, stopped) = watch::channel(false);
        let runtime = Handle::current();
        let thread = std::thread::Builder::new()
            .name("jobs".to_owned())
            .spawn({
                let app = app.clone();
                move || runtime.block_on(LocalSet::new().run_until(run_all(app, stopped)))
            })
            .map_err(|error| tracing::error!(%error, "no thread for the jobs: leases, mail and sweeps stand still"))
            .ok();
        Self { stop, app, thread }
    }

    /// Lets what runs come to its end, and stops.
    pub async fn stop(mut self) {
        // Nobody listens only where the thread has ended already.
        let _ = self.stop.send(true);
        app::webhooks::stop(&self.app);
        app::rehearsals::stop(&self.app);
        if let Some(thread) = self.thread.take() {
            // A job that panicked has said so.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

async fn run_all(app: App, stopped: watch::Receiver<bool>) {
    let jobs = all();
    let step = FIRST_RUN_SPREAD / u32::try_from(jobs.len()).unwrap_or(1);
    let start = |(place, job): (u32, Job)| {
        tokio::task::spawn_local(repeat(job, step * place, app.clone(), stopped.clone()))
    };
    let running: Vec<_> = (0..).zip(jobs).map(start).collect();
    for job in running {
        // It ends when it is told to; its runs catch their panics.
        let _ = job.await;
    }
}

/// Runs a job again and again until it is told to stop. A run that fails or panics is logged, and is followed by the
/// next one.
async fn repeat(job: Job, first: Duration, app: App, mut stopped: watch::Receiver<bool>) {
    let mut pause = first;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => return,
        }
        pause = job.every;
        match tokio::task::spawn_local((job.run)(app.clone())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(job = job.name, %error, cause, "a job failed: it runs again");
            }
            Err(error) => tracing::error!(job = job.name, %error, "a job panicked: it runs again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_has_a_name_of_its_own_and_a_pause() {
        let names: std::collections::BTreeSet<_> = all().iter().map(|job| job.name).collect();
        assert_eq!(names.len(), all().len());
        assert!(all().iter().all(|job| job.every >= Duration::from_secs(1)));
    }
}
