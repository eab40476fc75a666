//! An app over a test's own database, a tenant in it, and what the edge would say about its calls.

use dialtone_app::{
    App, Deps, Error, SandboxMode, Settings, SignupMode, Vault,
    calls::{self, CallView, Control},
    money::{self, BalanceView},
    numbers::{self, SearchRequest},
    tenants::{self, LimitsPatch, NewTenant, TenantPatch},
    users::{self, NewSipUser},
};
use domain::{
    access::{Actor, Role},
    config::Abilities,
    ids::{CallId, TenantId},
    money::{Currency, Money},
    numbering::{AssignmentType, Binding, Capabilities, Capability, NumberType},
    phone::E164,
};
use edge::seam::{
    CallControl, CallFacts, CallSummary, DirectionStats, End, Extension, Hop, MediaStats, Party, PartyKind,
    Plan, Refusal, Reply, Side, Verdict,
};
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime},
};
use testkit::database::TestDb;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Where the sandbox carrier would be.
pub(crate) const CARRIER: &str = "127.0.0.2:5060";
/// How long a condition may take to come true.
const DEADLINE: Duration = Duration::from_secs(20);

/// The app of a node, on a database that may have seen another one before.
pub(crate) async fn start(test: &TestDb) -> App {
    app(test, true, unreachable_https(), None).await
}

/// The app of a node that keeps recordings here, so many bytes at most.
pub(crate) async fn start_keeping(test: &TestDb, directory: &Path, bytes_max: u64) -> App {
    app(test, true, unreachable_https(), Some((directory, bytes_max))).await
}

/// The app of a node that has signers' certificates in this way.
pub(crate) async fn start_with(test: &TestDb, https: vendors::Https) -> App {
    app(test, true, https, None).await
}

fn unreachable_https() -> vendors::Https {
    let dns = vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap();
    vendors::Https::new(dns, &[], false).unwrap()
}

/// The app of a command of that node: it carries no calls.
pub(crate) async fn start_command(test: &TestDb) -> App {
    app(test, false, unreachable_https(), None).await
}

async fn app(
    test: &TestDb,
    carries_calls: bool,
    https: vendors::Https,
    recordings: Option<(&Path, u64)>,
) -> App {
    let listen = "127.0.0.1:0".parse().unwrap();
    let settings = Settings {
        public_url: "http://localhost:8080".to_owned(),
        public_host: "localhost".to_owned(),
        public_port: Some(8080),
        loopback: true,
        sandbox: SandboxMode::On,
        options_interval_seconds: 60,
        sandbox_carrier: Some(CARRIER.parse().unwrap()),
        echo: Some("127.0.0.3:5070".parse().unwrap()),
        sip_listen: None,
        signup: SignupMode::Open,
        recordings_dir: recordings.map(|(directory, _)| directory.to_owned()),
        recordings_bytes_max: recordings.map_or(0, |(_, bytes_max)| bytes_max),
        trace_days: 7,
        node: "n1".to_owned(),
        abilities: Abilities { sip_tls: false, srtp: false },
    };
    let deps = Deps {
        db: test.db.clone(),
        vault: Vault::new(&[7; 32]),
        settings,
        edge: carries_calls.then(|| edge::new(edge::Config::new(listen, [1; 32])).0),
        sandbox: None,
        dns: vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap(),
        https,
        poster: vendors::Poster::new(
            vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap(),
            &[],
            true,
        )
        .unwrap(),
        suppliers: vendors::SupplierHttp::new(unreachable_https()),
        mailer: vendors::Mailer::new(None, "localhost").unwrap(),
    };
    App::start(deps).await.unwrap()
}

pub(crate) fn operator() -> Actor {
    Actor { user: None, tenant: None, role: Role::Operator, name: "operator".to_owned() }
}

/// A tenant with a phone `anna` and one number.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) control: Control,
    pub(crate) actor: Actor,
    pub(crate) tenant: TenantId,
    pub(crate) number: E164,
}

impl House {
    /// Signs up, buys a number (10.00 less 1.00) and makes the phone.
    pub(crate) async fn new(app: &App, organization: &str) -> Self {
        let new = NewTenant {
            organization: organization.to_owned(),
            email: format!("{organization}@example.test"),
            password: "correct horse battery".to_owned(),
            invitation: None,
        };
        let tenant = tenants::sign_up(app, new).await.unwrap().tenant.id;
        let actor = Actor { user: None, tenant: Some(tenant), role: Role::Owner, name: "owner".to_owned() };
        let both = Capability::InboundOutbound;
        let request = SearchRequest {
            country: "US".to_owned(),
            phone_number_type: NumberType::Geographic,
            assignment_type: AssignmentType::Application,
            capabilities: Capabilities { calling: both, sms: Capability::None },
            area_code: None,
            quantity: 1,
            narrow: numbers::Narrow::default(),
        };
        let search: Uuid = numbers::search(app, &actor, request).await.unwrap().subject().parse().unwrap();
        let number = numbers::search_result(app, &actor, search).await.unwrap().phone_numbers[0];
        numbers::purchase(app, &actor, search).await.unwrap();
        let phone = NewSipUser { username: "anna".to_owned(), display_name: None };
        users::create(app, &actor, phone).await.unwrap();
        Self { control: Control::new(app), app: app.clone(), actor, tenant, number }
    }

    pub(crate) async fn bind(&self, binding: Binding) {
        numbers::bind(&self.app, &self.actor, self.number, binding).await.unwrap();
    }

    /// Gives or takes credit, until `micros` are the balance.
    pub(crate) async fn set_balance(&self, micros: i64) {
        let balance = self.balance().await.balance;
        let amount = Money::new(micros - balance.micros, Currency::USD);
        money::credit(&self.app, &operator(), self.tenant, amount, "a test").await.unwrap();
    }

    pub(crate) async fn set_limits(&self, calls_per_second: u32, max_calls: u32) {
        let limits = LimitsPatch { calls_per_second: Some(calls_per_second), max_calls: Some(max_calls) };
        let patch = TenantPatch { limits: Some(limits), ..TenantPatch::default() };
        tenants::update(&self.app, &operator(), self.tenant, patch).await.unwrap();
    }

    pub(crate) async fn balance(&self) -> BalanceView {
        money::balance(&self.app, &self.actor).await.unwrap()
    }

    /// What the edge says when the phone calls.
    pub(crate) fn dials(&self, to: &str) -> CallFacts {
        CallFacts {
            call: Uuid::now_v7().as_u128(),
            party: Party {
                kind: PartyKind::User,
                tenant: Some(self.tenant.0.as_u128()),
                id: 0,
                name: "anna".into(),
            },
            source: hop("127.0.0.9:5062"),
            from: Some(self.number.to_string()),
            asserted: None,
            to: to.to_owned(),
            to_header: None,
            sip_call_id: Uuid::now_v7().to_string(),
            identities: Vec::new(),
            at: SystemTime::now(),
        }
    }

    /// Has the phone call, and expects to be connected.
    pub(crate) async fn connects(&self, to: &str) -> (u128, Plan) {
        let facts = self.dials(to);
        let call = facts.call;
        match self.decides(facts).await {
            Verdict::Connect(plan) => (call, plan),
            Verdict::Refuse(refusal) | Verdict::Announce(refusal, _) => panic!("refused: {refusal:?}"),
        }
    }

    /// Has the phone call, and expects a refusal.
    pub(crate) async fn is_refused(&self, facts: CallFacts) -> Refusal {
        match self.decides(facts).await {
            Verdict::Refuse(refusal) | Verdict::Announce(refusal, _) => refusal,
            Verdict::Connect(plan) => panic!("connected: {plan:?}"),
        }
    }

    pub(crate) async fn decides(&self, facts: CallFacts) -> Verdict {
        let (send, verdict) = oneshot::channel();
        self.control.decide(
            facts,
            Reply::new(|verdict| {
                let _ = send.send(verdict);
            }),
        );
        verdict.await.unwrap().expect("an answer")
    }

    pub(crate) async fn extends(&self, call: u128) -> Option<Duration> {
        match self.extension(call).await {
            Extension::Until(funded) => Some(funded),
            Extension::Short(_) => None,
        }
    }

    /// What comes of a wish to hold more.
    pub(crate) async fn extension(&self, call: u128) -> Extension {
        let (send, funded) = oneshot::channel();
        self.control.extend(
            call,
            Reply::new(|funded| {
                let _ = send.send(funded);
            }),
        );
        funded.await.unwrap().expect("an answer")
    }

    pub(crate) fn ends(&self, call: u128, duration: Option<Duration>, end: End) {
        self.control.ended(summary(call, duration, end));
    }

    pub(crate) async fn record(&self, call: u128) -> CallView {
        calls::get(&self.app, &self.actor, CallId(Uuid::from_u128(call))).await.unwrap()
    }

    /// The record, once its settlement is written.
    pub(crate) async fn settled(&self, call: u128) -> CallView {
        let started = SystemTime::now();
        loop {
            match calls::get(&self.app, &self.actor, CallId(Uuid::from_u128(call))).await {
                Ok(record) if record.state == calls::CallState::Ended => return record,
                // The record of a refused call is written after the refusal.
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            assert!(started.elapsed().unwrap() < DEADLINE, "the call was not settled");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Nothing is held, and everything adds up.
    pub(crate) async fn is_sound(&self) {
        assert_eq!(self.balance().await.held.micros, 0);
        let drift = money::check_drift(&self.app).await.unwrap();
        assert_eq!((drift.figure, drift.stray_holds), (0, 0), "{drift:?}");
    }
}

pub(crate) fn hop(address: &str) -> Hop {
    Hop { address: address.parse::<SocketAddr>().unwrap(), transport: sip::Transport::Udp }
}

pub(crate) fn hangup() -> End {
    End::Hangup { by: Side::A, q850: Some(16) }
}

pub(crate) fn summary(call: u128, duration: Option<Duration>, end: End) -> CallSummary {
    let now = SystemTime::now();
    let answered_at = duration.map(|duration| now - duration);
    let side = |packets| DirectionStats {
        packets,
        codec: "PCMU".to_owned(),
        verdict: "flowing".to_owned(),
        ..DirectionStats::default()
    };
    CallSummary {
        call,
        started_at: answered_at.unwrap_or(now) - Duration::from_secs(2),
        answered_at,
        ended_at: now,
        duration: duration.unwrap_or_default(),
        attempt: Some(0),
        end,
        unreachable: None,
        peers: [Some(hop("127.0.0.9:5062")), Some(hop(CARRIER))],
        callee_call_id: Some("b-leg".to_owned()),
        media: duration.map(|_| MediaStats { from_a: side(100), from_b: side(99) }),
    }
}
