//! Recordings over an app whose edge does not run: policies and decisions, what is kept for how long, and what a crash leaves.

use crate::house::{House, start, start_keeping};
use chrono::{TimeDelta, Utc};
use dialtone_app::{
    App, Error, PageRequest, Vault,
    calls::{self, Simulation, SimulationSource},
    recordings::{self, Budget, Layout, RecordingFile, RecordingFilter, RecordingState},
};
use domain::{
    access::{Actor, Role, Scope},
    ids::CallId,
    numbering::Binding,
    recording::{RecordingMode, RecordingNotice, RecordingPolicy},
};
use edge::seam::CallControl as _;
use relay::{Ending, Sink as _};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};
use store::recordings::{READY, RECORDING, Recording};
use testkit::database::TestDb;
use uuid::Uuid;

const ECHO: &str = "+12065550100";
const DEADLINE: Duration = Duration::from_secs(20);
const ROOM: u64 = 1 << 20;

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("dialtone-recorded-{}", Uuid::now_v7())))
    }

    fn file(&self, id: Uuid) -> PathBuf {
        self.0.join(format!("{id}.rec"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn always() -> RecordingPolicy {
    RecordingPolicy { mode: RecordingMode::Always, retention_days: 30, notice: RecordingNotice::Tone }
}

fn row(house: &House, call: u128, state: &str) -> Recording {
    let now = house.app.now();
    Recording {
        id: Uuid::now_v7(),
        tenant_id: house.tenant.0,
        call_id: Uuid::from_u128(call),
        carried_id: Uuid::from_u128(call),
        node: "n1".to_owned(),
        state: state.to_owned(),
        notice: "none".to_owned(),
        begun_by: "owner".to_owned(),
        started_at: now,
        ended_at: (state == READY).then_some(now),
        duration_ms: if state == READY { 2_000 } else { 0 },
        bytes: if state == READY { 32_128 } else { 0 },
        lost: 0,
        unreadable: 0,
        failure: None,
        expires_at: now + TimeDelta::days(30),
        deleted_at: None,
    }
}

async fn insert(test: &TestDb, row: &Recording) {
    let scope = Scope::system("a test");
    let put = async |tx: &_| store::recordings::insert(tx, &scope, row.clone()).await;
    test.db.write::<_, store::Error, _>(put).await.unwrap();
}

/// Writes two seconds of a row's recording; broken off, as a crash leaves it, or whole.
fn write(path: &Path, row: &Recording, is_whole: bool) {
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    let (budget, vault) = (Budget::new(ROOM, 0), Vault::new(&[7; 32]));
    let listener = Box::new(|_| ());
    let mut file = Box::new(RecordingFile::create(path, &vault, (&tenant, &id), budget, listener).unwrap());
    file.write(&[1_000; 32_000]).unwrap();
    if is_whole {
        file.end(Ending::default());
    }
}

async fn list(app: &App, actor: &Actor) -> Vec<recordings::RecordingView> {
    let all = RecordingFilter::default();
    recordings::list(app, actor, &all, &PageRequest::default()).await.unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_the_policy_has_recorded_and_the_policy_is_its_tenants_alone() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let said = async || {
            let call = Simulation {
                from: Some(house.number.to_string()),
                to: ECHO.to_owned(),
                source: SimulationSource::App,
            };
            let view = calls::simulate(&house.app, &house.actor, &call).await.unwrap();
            let step = view.trace.iter().find(|step| step.rule == "recording").cloned();
            step.map(|step| step.text)
        };
        assert_eq!(said().await, None);
        let before = recordings::policy(&house.app, &house.actor).await.unwrap();
        assert_eq!(before, RecordingPolicy::default());
        recordings::put_policy(&house.app, &house.actor, always()).await.unwrap();
        let text = said().await.unwrap();
        assert!(text.contains("both sides hear a tone") && text.contains("30 days"), "{text}");
        for days in [0, 3_651] {
            let wish = RecordingPolicy { retention_days: days, ..always() };
            let refused = recordings::put_policy(&house.app, &house.actor, wish).await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        }
        let machine = |words: &str| Actor {
            role: Role::Machine(words.parse().unwrap()),
            name: "apiKey:ci".to_owned(),
            ..house.actor.clone()
        };
        assert!(recordings::policy(&house.app, &machine("recordings.read")).await.is_ok());
        let put = recordings::put_policy(&house.app, &machine("recordings.read calls.write"), always()).await;
        assert!(matches!(put, Err(Error::Denied { .. })), "{put:?}");
        let reader = machine("calls.read");
        let listened = recordings::audio(&house.app, &reader, Uuid::now_v7(), Layout::Mixed);
        assert!(matches!(listened.await, Err(Error::Denied { .. })), "listening is a scope of its own");
        let other = House::new(&house.app, "globex").await;
        assert_eq!(recordings::policy(&house.app, &other.actor).await.unwrap(), RecordingPolicy::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_media_is_gone_leaves_a_failed_recording_and_tells_its_tenant() {
    for test in TestDb::each().await.unwrap() {
        let scratch = Scratch::new();
        let house = House::new(&start_keeping(&test, &scratch.0, ROOM).await, "acme").await;
        recordings::put_policy(&house.app, &house.actor, always()).await.unwrap();
        let (call, _) = house.connects(ECHO).await;
        house.control.answered(call, SystemTime::now(), 0);
        let end = Instant::now() + DEADLINE;
        let failed = loop {
            let all = list(&house.app, &house.actor).await;
            if let Some(done) = all.into_iter().find(|recording| !recording.state.is_open()) {
                break done;
            }
            assert!(Instant::now() < end, "nothing was recorded");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!((failed.state, failed.begun_by.as_str()), (RecordingState::Failed, "policy"));
        assert_eq!(failed.call.0.as_u128(), call);
        assert!(failed.failure.as_deref().is_some_and(|why| why.contains("no media")), "{failed:?}");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0, "its file is gone");
        assert_eq!(recordings::disk(&house.app).bytes, 0);
        let scope = Scope::system("a test");
        for kind in ["recording.started", "recording.failed"] {
            let told = store::outbox::list(test.db.read(), &scope, Some(kind), 0, 10).await.unwrap();
            assert_eq!(told.len(), 1, "{kind}");
        }
        // By hand it is not begun either: this edge has no such call.
        let begun = recordings::begin(&house.app, &house.actor, failed.call).await;
        assert!(matches!(begun, Err(Error::Unavailable { .. })), "{begun:?}");
        let other = House::new(&house.app, "globex").await;
        let begun = recordings::begin(&house.app, &other.actor, failed.call).await;
        assert!(matches!(begun, Err(Error::NotFound { .. })), "{begun:?}");
        let off = RecordingPolicy { mode: RecordingMode::Off, ..always() };
        recordings::put_policy(&house.app, &house.actor, off).await.unwrap();
        let begun = recordings::begin(&house.app, &house.actor, failed.call).await;
        assert!(matches!(begun, Err(Error::Conflict { .. })), "{begun:?}");
    }
}

/// The recordings of a tenant, once there are so many and all are over.
async fn over(house: &House, count: usize) -> Vec<recordings::RecordingView> {
    let end = Instant::now() + DEADLINE;
    loop {
        let all = list(&house.app, &house.actor).await;
        if all.len() == count && all.iter().all(|recording| !recording.state.is_open()) {
            return all;
        }
        assert!(Instant::now() < end, "{count} are not over: {all:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_between_two_tenants_is_recorded_for_each_that_wants_it_and_neither_hears_of_the_other() {
    for test in TestDb::each().await.unwrap() {
        let scratch = Scratch::new();
        let app = start_keeping(&test, &scratch.0, ROOM).await;
        let (caller, callee) = (House::new(&app, "acme").await, House::new(&app, "globex").await);
        callee.bind(Binding::User("anna".to_owned())).await;
        let number = callee.number.to_string();
        let months = RecordingPolicy { retention_days: 90, ..always() };
        recordings::put_policy(&app, &caller.actor, always()).await.unwrap();
        recordings::put_policy(&app, &callee.actor, months).await.unwrap();
        let (call, _) = caller.connects(&number).await;
        caller.control.answered(call, SystemTime::now(), 0);
        let (own, theirs) = (over(&caller, 1).await.remove(0), over(&callee, 1).await.remove(0));
        assert_eq!((own.tenant, own.call.0.as_u128()), (caller.tenant, call));
        assert!(theirs.tenant == callee.tenant && theirs.call != own.call);
        let days = [&own, &theirs].map(|view| (view.expires_at - view.started_at).num_days());
        assert_eq!(days, [30, 90], "each by its own policy");
        for (house, other) in [(&caller, &theirs), (&callee, &own)] {
            let got = recordings::get(&app, &house.actor, other.id).await;
            assert!(matches!(got, Err(Error::NotFound { .. })), "{got:?}");
            let begun = recordings::begin(&app, &house.actor, other.call).await;
            assert!(matches!(begun, Err(Error::NotFound { .. })), "{begun:?}");
        }
        let decided = calls::get(&app, &caller.actor, own.call).await.unwrap().decision.unwrap();
        let trace = format!("{:?}", decided.decided.trace);
        assert!(trace.contains("kept for 30 days") && !trace.contains("90 days"), "{trace}");
        assert!(calls::redecide(&app, &caller.actor, own.call).await.unwrap().same);
        // The callee's tenant alone; the payer does not read of it.
        let off = RecordingPolicy { mode: RecordingMode::Off, ..always() };
        recordings::put_policy(&app, &caller.actor, off).await.unwrap();
        let (call, _) = caller.connects(&number).await;
        caller.control.answered(call, SystemTime::now(), 0);
        over(&callee, 2).await;
        assert_eq!(list(&app, &caller.actor).await.len(), 1);
        let decided = calls::get(&app, &caller.actor, CallId(Uuid::from_u128(call))).await.unwrap().decision;
        assert!(!format!("{:?}", decided.unwrap().decided.trace).contains("ecord"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_kept_for_long_enough_is_deleted_with_its_file_and_its_room_comes_back() {
    for test in TestDb::each().await.unwrap() {
        let scratch = Scratch::new();
        fs::create_dir_all(&scratch.0).unwrap();
        let house = House::new(&start(&test).await, "acme").await;
        let kept = row(&house, 1, READY);
        write(&scratch.file(kept.id), &kept, true);
        insert(&test, &kept).await;
        let app = start_keeping(&test, &scratch.0, ROOM).await;
        let taken = recordings::disk(&app).bytes;
        assert_eq!(taken, fs::metadata(scratch.file(kept.id)).unwrap().len(), "it is counted at the start");
        let audio = recordings::audio(&app, &house.actor, kept.id, Layout::Caller).await.unwrap();
        let bytes = audio.bytes();
        let (_, wav) = audio.part(0, usize::MAX).await.unwrap();
        assert_eq!((bytes, wav.len()), (44 + 32_000, 44 + 32_000), "two seconds at 8 kHz");
        let other = House::new(&app, "globex").await;
        let heard = recordings::audio(&app, &other.actor, kept.id, Layout::Caller).await;
        assert!(matches!(heard, Err(Error::NotFound { .. })));
        let deleted = recordings::delete(&app, &other.actor, kept.id).await;
        assert!(matches!(deleted, Err(Error::NotFound { .. })));
        assert_eq!(recordings::retain(&app, Utc::now() + TimeDelta::days(29)).await.unwrap(), 0);
        assert_eq!(recordings::retain(&app, Utc::now() + TimeDelta::days(31)).await.unwrap(), 1);
        assert_eq!(recordings::retain(&app, Utc::now() + TimeDelta::days(31)).await.unwrap(), 0);
        assert!(!scratch.file(kept.id).exists());
        assert_eq!(recordings::disk(&app).bytes, 0);
        assert!(list(&app, &house.actor).await.is_empty());
        let gone = recordings::get(&app, &house.actor, kept.id).await.unwrap();
        assert!(gone.deleted_at.is_some() && !gone.can_be_heard());
        let heard = recordings::audio(&app, &house.actor, kept.id, Layout::Caller).await;
        assert!(matches!(heard, Err(Error::NotFound { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_recording_open_and_no_file_of_nobody() {
    for test in TestDb::each().await.unwrap() {
        let scratch = Scratch::new();
        fs::create_dir_all(&scratch.0).unwrap();
        let house = House::new(&start(&test).await, "acme").await;
        let [broken, whole, none, lost] = [1, 2, 3, 4].map(|call| row(&house, call, RECORDING));
        write(&scratch.file(broken.id), &broken, false);
        write(&scratch.file(whole.id), &whole, true);
        let lost = Recording { node: "n2".to_owned(), ..lost };
        write(&scratch.file(lost.id), &lost, false);
        // The callee's tenant had the first call recorded, too.
        let other = House::new(&house.app, "globex").await;
        let theirs = row(&other, 5, RECORDING);
        let theirs = Recording { carried_id: broken.carried_id, ..theirs };
        write(&scratch.file(theirs.id), &theirs, true);
        let orphan = scratch.file(Uuid::now_v7());
        fs::write(&orphan, b"nobody's").unwrap();
        for row in [&broken, &whole, &none, &lost, &theirs] {
            insert(&test, row).await;
        }
        let open = recordings::delete(&house.app, &house.actor, broken.id).await;
        assert!(matches!(open, Err(Error::Conflict { .. })), "it goes on");
        let app = start_keeping(&test, &scratch.0, ROOM).await;
        let get = async |id| recordings::get(&app, &house.actor, id).await.unwrap();
        let (broken, whole, none) = (get(broken.id).await, get(whole.id).await, get(none.id).await);
        assert_eq!((broken.state, broken.duration_ms), (RecordingState::Failed, 2_000));
        assert!(broken.failure.is_some_and(|why| why.contains("can be heard up to then")));
        assert_eq!((whole.state, whole.duration_ms, whole.failure), (RecordingState::Ready, 2_000, None));
        assert_eq!((none.state, none.duration_ms), (RecordingState::Failed, 0));
        let theirs = recordings::get(&app, &other.actor, theirs.id).await.unwrap();
        assert_eq!((theirs.state, theirs.duration_ms), (RecordingState::Ready, 2_000), "by its own file");
        let heard = recordings::audio(&app, &house.actor, broken.id, Layout::Stereo).await.unwrap();
        assert_eq!(heard.bytes(), 44 + 64_000);
        assert!(!orphan.exists(), "a file of nobody is removed");
        assert_eq!(get(lost.id).await.state, RecordingState::Recording, "its node may be at work");
        let tx = test.db.begin().await.unwrap();
        let long_ago = app.now() - TimeDelta::seconds(61);
        store::heartbeat::beat(&tx, &Scope::system("a test"), "n2", long_ago, long_ago).await.unwrap();
        tx.commit().await.unwrap();
        recordings::retain(&app, app.now()).await.unwrap();
        assert_eq!(get(lost.id).await.state, RecordingState::Failed);
    }
}
