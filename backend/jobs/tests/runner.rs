//! The jobs at work on a real app.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use app::{App, Deps, SandboxMode, Settings, SignupMode, Vault};
use dialtone_jobs::Runner;
use domain::config::Abilities;
use std::time::{Duration, Instant};
use testkit::database::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_run_by_themselves_and_stop_when_they_are_told_to() {
    let test = TestDb::sqlite().await.unwrap();
    let settings = Settings {
        public_url: "http://localhost:8080".to_owned(),
        public_host: "localhost".to_owned(),
        public_port: Some(8080),
        loopback: true,
        sandbox: SandboxMode::Off,
        options_interval_seconds: 60,
        sandbox_carrier: None,
        echo: None,
        sip_listen: None,
        signup: SignupMode::Open,
        recordings_dir: None,
        recordings_bytes_max: app::recordings::DISK_BYTES_MAX,
        trace_days: 7,
        node: "n1".to_owned(),
        abilities: Abilities { sip_tls: false, srtp: false },
    };
    let deps = Deps {
        db: test.db.clone(),
        vault: Vault::new(&[7; 32]),
        settings,
        edge: None,
        sandbox: None,
        dns: vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap(),
        https: vendors::Https::new(vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap(), &[], false)
            .unwrap(),
        poster: vendors::Poster::new(
            vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap(),
            &[],
            true,
        )
        .unwrap(),
        suppliers: vendors::SupplierHttp::new(
            vendors::Https::new(vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap(), &[], false)
                .unwrap(),
        ),
        mailer: vendors::Mailer::new(None, "localhost").unwrap(),
    };
    let app = App::start(deps).await.unwrap();
    let runner = Runner::start(app.clone());
    let began = Instant::now();
    while app::money::last_drift(&app).is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "the drift was never counted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app::money::last_drift(&app).map(|drift| drift.figure), Some(0));
    tokio::time::timeout(Duration::from_secs(10), runner.stop()).await.unwrap();
}
