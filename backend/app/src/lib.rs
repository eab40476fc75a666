//! The use cases: the only place where business meets signalling and database. One area per folder, one verb per
//! file; each is a free function over [`App`] and the [`Actor`](domain::access::Actor) who asks.
//!
//! The doors (`web`, `jobs`) know this crate and `domain` alone. Every change ends with [`snapshot::refresh`], so that
//! the next call is decided on it.

#![forbid(unsafe_code)]

pub mod access_keys;
pub mod announcements;
pub mod api_keys;
pub mod audio;
pub mod audit;
pub mod bans;
pub mod calls;
pub mod carriers;
pub mod decks;
pub mod doctor;
pub mod domains;
pub mod eligibility;
pub mod emergency;
mod error;
pub mod events;
pub mod exposure;
pub mod health;
pub mod identities;
pub mod inventory;
pub mod invitations;
pub mod invoices;
mod mails;
pub mod money;
pub mod names;
pub mod node;
pub mod numbers;
pub mod operators;
pub mod outbox;
mod page;
pub mod plans;
mod platform;
pub mod pool;
pub mod porting;
pub mod proof;
pub mod protection;
pub mod recordings;
pub mod registrars;
pub mod regulatory;
pub mod rehearsals;
pub mod replays;
pub mod routes;
mod secret;
pub mod sessions;
mod settings;
pub mod snapshot;
pub mod stir;
pub mod suppliers;
pub mod tenants;
pub mod topups;
pub mod trunks;
pub mod users;
pub mod vault;
pub mod velocity;
pub mod versions;
pub mod webhooks;
mod window;

pub use error::{Error, StartError};
pub use page::{PAGE_DEFAULT, PAGE_MAX, Page, PageRequest};
pub use secret::{PASSWORD_MAX, Password};
pub use settings::{SandboxMode, Settings, SignupMode};
pub use vault::Vault;
pub use window::{List, ROWS_DEFAULT, ROWS_MAX, Window};

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::Arc;

/// What the app is made of; the server puts it together.
#[derive(Debug)]
pub struct Deps {
    /// The database, migrated.
    pub db: store::Db,
    /// Opens the secrets in the database.
    pub vault: Vault,
    /// What the app must be told.
    pub settings: Settings,
    /// The way to the running calls; `None` where this node carries none.
    pub edge: Option<edge::Handle>,
    /// The simulated PSTN, where it runs.
    pub sandbox: Option<sandbox::Handle>,
    /// Names.
    pub dns: vendors::Dns,
    /// Mail.
    pub mailer: vendors::Mailer,
    /// Files of others over https: the certificates of signers.
    pub https: vendors::Https,
    /// Events, to the endpoints of tenants.
    pub poster: vendors::Poster,
    /// Suppliers of numbers over HTTP.
    pub suppliers: vendors::SupplierHttp,
}

/// The platform's business. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    deps: Deps,
    live: snapshot::Cell,
    doorman: tenants::Doorman,
    token_key: vault::Secret,
    calls: calls::State,
    names: names::Names,
    health: health::State,
    registrars: registrars::State,
    doctor: doctor::State,
    stir: stir::State,
    announcements: announcements::State,
    recordings: recordings::State,
    identities: identities::State,
    events: Arc<events::State>,
    webhooks: webhooks::State,
    velocity: velocity::State,
    pool: pool::State,
    rehearsals: rehearsals::AtWork,
}

impl App {
    /// Prepares the database's first rows (plan, sandbox carrier and stock), reads the configuration, and closes the
    /// calls that a crash of this node left open. The database must be migrated.
    ///
    /// # Errors
    /// [`StartError`] says which of these failed.
    pub async fn start(deps: Deps) -> Result<Self, StartError> {
        let events = Arc::<events::State>::default();
        let calls = calls::State::new(&deps, &events);
        let recordings = recordings::State::new(&deps);
        let abilities = deps.settings.abilities;
        let token_key = tenants::token_key(&deps.db, &deps.vault).await?;
        let app = Self(Arc::new(Inner {
            deps,
            live: snapshot::Cell::new(snapshot::empty(abilities)),
            doorman: tenants::Doorman::new(),
            token_key,
            calls,
            names: names::Names::default(),
            health: health::State::default(),
            registrars: registrars::State::default(),
            doctor: doctor::State::default(),
            stir: stir::State::new(),
            announcements: announcements::State::default(),
            recordings,
            identities: identities::State::default(),
            events,
            webhooks: webhooks::State::default(),
            velocity: velocity::State::default(),
            pool: pool::State::default(),
            rehearsals: rehearsals::AtWork::default(),
        }));
        plans::ensure(&app).await?;
        carriers::ensure_sandbox(&app).await?;
        snapshot::refresh(&app, snapshot::Changed::Everything).await?;
        domains::remember_sandbox(&app).await?;
        inventory::ensure_sandbox_stock(&app).await?;
        webhooks::load(&app).await?;
        calls::recover(&app).await?;
        velocity::restore(&app).await?;
        health::restore(&app).await?;
        registrars::load(&app).await?;
        stir::load(&app).await?;
        announcements::load(&app).await?;
        identities::load(&app).await?;
        recordings::load(&app).await?;
        Ok(app)
    }

    /// What is known of the media relay.
    pub(crate) fn pool(&self) -> &pool::State {
        &self.0.pool
    }

    /// The configuration at this moment.
    #[must_use]
    pub fn live(&self) -> Arc<snapshot::Live> {
        self.0.live.load()
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.deps.settings
    }

    /// Whether the simulated PSTN is there: it is set to `on`, or to `auto` and no real carrier is switched on.
    #[must_use]
    pub fn sandbox_on(&self) -> bool {
        match self.settings().sandbox {
            SandboxMode::On => true,
            SandboxMode::Off => false,
            SandboxMode::Auto => !self.live().has_real_carrier(),
        }
    }

    /// The SIP domain of a tenant: the realm of its phones.
    #[must_use]
    pub fn sip_domain(&self, slug: &str) -> String {
        format!("{slug}.{}", self.settings().public_host).to_ascii_lowercase()
    }

    /// The time of day, in whole microseconds: what both databases keep.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Internal`] where it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.db().ping().await?)
    }

    pub(crate) fn db(&self) -> &store::Db {
        &self.0.deps.db
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.deps.vault
    }

    pub(crate) fn deps(&self) -> &Deps {
        &self.0.deps
    }

    pub(crate) fn doorman(&self) -> &tenants::Doorman {
        &self.0.doorman
    }

    pub(crate) fn token_key(&self) -> &[u8] {
        &self.0.token_key
    }

    pub(crate) fn cell(&self) -> &snapshot::Cell {
        &self.0.live
    }

    pub(crate) fn names(&self) -> &names::Names {
        &self.0.names
    }

    pub(crate) fn health(&self) -> &health::State {
        &self.0.health
    }

    pub(crate) fn registrars(&self) -> &registrars::State {
        &self.0.registrars
    }

    pub(crate) fn doctor(&self) -> &doctor::State {
        &self.0.doctor
    }

    pub(crate) fn stir(&self) -> &stir::State {
        &self.0.stir
    }

    pub(crate) fn announcements(&self) -> &announcements::State {
        &self.0.announcements
    }

    pub(crate) fn recordings(&self) -> &recordings::State {
        &self.0.recordings
    }

    pub(crate) fn identities(&self) -> &identities::State {
        &self.0.identities
    }

    pub(crate) fn events(&self) -> &events::State {
        &self.0.events
    }

    pub(crate) fn webhooks(&self) -> &webhooks::State {
        &self.0.webhooks
    }

    pub(crate) fn velocity(&self) -> &velocity::State {
        &self.0.velocity
    }

    pub(crate) fn rehearsals(&self) -> &rehearsals::AtWork {
        &self.0.rehearsals
    }

    pub(crate) fn calls(&self) -> &calls::State {
        &self.0.calls
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("node", &self.settings().node).finish_non_exhaustive()
    }
}
