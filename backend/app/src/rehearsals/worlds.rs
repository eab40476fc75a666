//! The configurations that past attempts were decided on, each with the draft in its place and without.

use super::{Against, Draft};
use crate::{App, Error, calls, decks};
use domain::{
    access::Scope,
    config::{Decks, Platform, PlatformPiece, Snapshot, Tenant, TenantPiece},
    decision::{Decision, decide},
    rehearsal::{Attempted, Carried, Compared, Unreplayed, alike, rehearse},
};
use std::{collections::HashMap, sync::Arc};

/// Kept pieces of configuration that are held in memory at most; more are read again.
const PIECES_MAX: usize = 512;
/// Platforms of different versions that are held in memory at most.
const PLATFORMS_MAX: usize = 16;

/// A piece of configuration as it was.
#[derive(Clone)]
enum Kept {
    Platform(Arc<PlatformPiece>),
    Tenant(Arc<TenantPiece>),
    Gone,
}

/// A configuration without the draft, and with it.
struct Pair {
    before: Snapshot,
    after: Snapshot,
}

/// The configurations of a rehearsal.
pub(super) struct Worlds {
    draft: Draft,
    brought: Decks,
    /// That of today; its tenants stand in for those that an attempt did not read.
    today: Arc<Snapshot>,
    pieces: HashMap<String, Kept>,
    pairs: HashMap<String, Pair>,
    drafted: HashMap<String, Arc<TenantPiece>>,
    /// What every attempt is decided on, where it is compared with today.
    fixed: Option<Pair>,
    carried: [Carried; 2],
}

impl Worlds {
    pub(super) async fn new(app: &App, scope: &Scope, draft: Draft, against: Against) -> Result<Self, Error> {
        let brought = draft.decks(app, scope).await?;
        let today = Arc::clone(&app.live().config);
        let mut worlds = Self {
            draft,
            brought,
            today,
            pieces: HashMap::new(),
            pairs: HashMap::new(),
            drafted: HashMap::new(),
            fixed: None,
            carried: [Carried::default(), Carried::default()],
        };
        worlds.remember_today();
        if against == Against::Today {
            let today = Arc::clone(&worlds.today);
            worlds.fixed = Some(worlds.pair(&today));
        }
        Ok(worlds)
    }

    /// Most attempts were decided on what is in force still.
    fn remember_today(&mut self) {
        let platform = &self.today.platform;
        self.pieces.insert(platform.version.clone(), Kept::Platform(Arc::clone(platform)));
        for tenant in self.today.tenants() {
            self.pieces.insert(tenant.piece.version.clone(), Kept::Tenant(Arc::clone(tenant)));
        }
    }

    /// A configuration, and the same with the draft.
    fn pair(&self, before: &Snapshot) -> Pair {
        let mut after = before.with_platform(self.draft.of_platform(&before.platform, &self.brought));
        if let Draft::Routes { tenant, .. } = &self.draft
            && let Some(piece) = before.tenant(*tenant)
        {
            after = after.with_tenant(*tenant, Some(self.draft.of_tenant(piece)));
        }
        Pair { before: before.clone(), after }
    }

    /// Reads what some attempts were decided on, as far as it is not known.
    pub(super) async fn read(&mut self, app: &App, attempts: &[Attempted]) -> Result<(), Error> {
        if self.fixed.is_some() {
            return Ok(());
        }
        if self.pieces.len() > PIECES_MAX + self.today.tenants().count() {
            self.pieces.clear();
            self.drafted.clear();
            self.remember_today();
        }
        let scope = Scope::system("an attempt may have read the configuration of several tenants");
        for version in attempts.iter().flat_map(|attempt| &attempt.decision.config) {
            if !self.pieces.contains_key(version) {
                let kept = kept(app, &scope, version).await?;
                self.pieces.insert(version.clone(), kept);
            }
        }
        Ok(())
    }

    /// Decides an attempt again, with the draft and without.
    pub(super) fn rehearse<'a>(&mut self, attempt: &'a Attempted) -> Result<Compared<'a>, Unreplayed> {
        if let Some(Pair { before, after }) = &self.fixed {
            return Ok(rehearse((before, after), attempt, &mut self.carried));
        }
        let (platform, tenants) = self.named(&attempt.decision)?;
        if !self.pairs.contains_key(&platform.version) {
            if self.pairs.len() >= PLATFORMS_MAX {
                self.pairs.clear();
            }
            let pair = self.pair(&self.today.with_platform(Arc::clone(&platform)));
            self.pairs.insert(platform.version.clone(), pair);
        }
        for tenant in &tenants {
            let (id, version) = (tenant.piece.value.id, tenant.piece.version.as_str());
            let known = self.pairs.get(&platform.version).and_then(|pair| pair.before.tenant(id));
            if known.is_some_and(|known| known.piece.version == version) {
                continue;
            }
            let drafted = self.drafted.get(version).cloned();
            let drafted = drafted.unwrap_or_else(|| self.draft.of_tenant(tenant));
            self.drafted.insert(version.to_owned(), Arc::clone(&drafted));
            if let Some(pair) = self.pairs.get_mut(&platform.version) {
                pair.before = pair.before.with_tenant(id, Some(Arc::clone(tenant)));
                pair.after = pair.after.with_tenant(id, Some(drafted));
            }
        }
        let whole = self.pairs.get(&platform.version).ok_or(Unreplayed::ConfigurationGone)?;
        if is_as_then(&whole.before, attempt) {
            return Ok(rehearse((&whole.before, &whole.after), attempt, &mut self.carried));
        }
        // What it did not find then may be there today: a number that was bought since.
        let alone = self.pair(&Snapshot::new(platform, tenants));
        if is_as_then(&alone.before, attempt) {
            return Ok(rehearse((&alone.before, &alone.after), attempt, &mut self.carried));
        }
        Err(Unreplayed::DecidedOtherwise)
    }

    /// What a decision names.
    fn named(&self, decision: &Decision) -> Result<(Arc<PlatformPiece>, Vec<Arc<TenantPiece>>), Unreplayed> {
        let (mut platform, mut tenants) = (None, Vec::new());
        for version in &decision.config {
            match self.pieces.get(version) {
                Some(Kept::Platform(piece)) => platform = Some(Arc::clone(piece)),
                Some(Kept::Tenant(piece)) => tenants.push(Arc::clone(piece)),
                Some(Kept::Gone) | None => return Err(Unreplayed::ConfigurationGone),
            }
        }
        Ok((platform.ok_or(Unreplayed::ConfigurationGone)?, tenants))
    }
}

/// Whether a configuration leads to what was decided.
fn is_as_then(snapshot: &Snapshot, attempt: &Attempted) -> bool {
    alike(&decide(snapshot, &attempt.facts, &attempt.funds), &attempt.decision)
}

/// A kept piece of configuration.
async fn kept(app: &App, scope: &Scope, version: &str) -> Result<Kept, Error> {
    let Some(row) = store::platform::config(app.db().read(), scope, version).await? else {
        return Ok(Kept::Gone);
    };
    if row.kind != "platform" {
        let piece = calls::kept_piece::<Tenant>(version, &row.body)?;
        return Ok(Kept::Tenant(Arc::new(TenantPiece::kept(piece))));
    }
    let piece = calls::kept_piece::<Platform>(version, &row.body)?;
    let of_plans = piece.value.plans.iter().filter_map(|plan| plan.deck.as_ref());
    let of_carriers = piece.value.carriers.iter().filter_map(|carrier| carrier.deck.as_ref());
    let hashes: Vec<String> = of_plans.chain(of_carriers).map(|used| used.hash.clone()).collect();
    match decks::load(app, scope, hashes).await {
        Ok(decks) => Ok(Kept::Platform(Arc::new(PlatformPiece::kept(piece, decks)))),
        Err(Error::Internal(_)) => Ok(Kept::Gone),
        Err(other) => Err(other),
    }
}
