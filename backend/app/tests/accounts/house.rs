//! An app over a test's own database, and tenants in it.

use dialtone_app::{
    App, Deps, SandboxMode, Settings, SignupMode, StartError, Vault,
    tenants::{self, NewTenant, SignedUp},
};
use domain::{
    access::{Actor, Role},
    config::Abilities,
};
use std::net::SocketAddr;
use testkit::database::TestDb;

pub(crate) const PASSWORD: &str = "correct horse battery";
/// The key of the vault.
pub(crate) const VAULT_KEY: [u8; 32] = [7; 32];

/// What a test may want otherwise.
pub(crate) struct Wish {
    pub(crate) sandbox: SandboxMode,
    pub(crate) loopback: bool,
    pub(crate) signup: SignupMode,
    pub(crate) dns: SocketAddr,
    pub(crate) vault_key: [u8; 32],
    /// Whether events go to private hosts.
    pub(crate) private: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            sandbox: SandboxMode::Auto,
            loopback: true,
            signup: SignupMode::Open,
            dns: "127.0.0.1:9".parse().unwrap(),
            vault_key: VAULT_KEY,
            private: true,
        }
    }
}

pub(crate) async fn try_start(test: &TestDb, wish: Wish) -> Result<App, StartError> {
    let host = if wish.loopback { "localhost" } else { "voice.example" };
    let settings = Settings {
        public_url: format!("http://{host}:8080"),
        public_host: host.to_owned(),
        public_port: Some(8080),
        loopback: wish.loopback,
        sandbox: wish.sandbox,
        options_interval_seconds: 60,
        sandbox_carrier: Some("127.0.0.2:5060".parse().unwrap()),
        echo: None,
        sip_listen: None,
        signup: wish.signup,
        recordings_dir: None,
        recordings_bytes_max: 0,
        trace_days: 7,
        node: "n1".to_owned(),
        abilities: Abilities { sip_tls: false, srtp: false },
    };
    App::start(Deps {
        db: test.db.clone(),
        vault: Vault::new(&wish.vault_key),
        settings,
        edge: None,
        sandbox: None,
        dns: vendors::Dns::new(&[wish.dns]).unwrap(),
        https: vendors::Https::new(vendors::Dns::new(&[wish.dns]).unwrap(), &[], false).unwrap(),
        poster: vendors::Poster::new(vendors::Dns::new(&[wish.dns]).unwrap(), &[], wish.private).unwrap(),
        suppliers: vendors::SupplierHttp::new(
            vendors::Https::new(vendors::Dns::new(&[wish.dns]).unwrap(), &[], true).unwrap(),
        ),
        mailer: vendors::Mailer::new(None, host).unwrap(),
    })
    .await
}

pub(crate) async fn start(test: &TestDb) -> App {
    try_start(test, Wish::default()).await.unwrap()
}

pub(crate) fn newcomer(organization: &str) -> NewTenant {
    let name = organization.to_lowercase().replace(' ', ".");
    NewTenant {
        organization: organization.to_owned(),
        email: format!("{name}@example.test"),
        password: PASSWORD.to_owned(),
        invitation: None,
    }
}

/// A tenant that signed up, and its key as an actor.
pub(crate) async fn tenant(app: &App, organization: &str) -> (Actor, SignedUp) {
    let signed_up = tenants::sign_up(app, newcomer(organization)).await.unwrap();
    let id = signed_up.tenant.id;
    let actor = Actor { user: None, tenant: Some(id), role: Role::Key, name: "key:primary".to_owned() };
    (actor, signed_up)
}

pub(crate) fn operator() -> Actor {
    Actor { user: None, tenant: None, role: Role::Operator, name: "operator@example.test".to_owned() }
}
