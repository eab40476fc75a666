//! What the signature of a call from a carrier is worth (RFC 8224), and what follows from it.

use super::{Court, Ruled};
use crate::{
    cause::Cause,
    config::Tenant,
    decision::Source,
    stir::{Handling, UNWANTED, USE_IDENTITY, Verstat},
};

impl Court<'_> {
    /// Passes the call on, marks it or refuses it, as the operator and the tenant set it.
    pub(super) fn identity(&mut self, tenant: &Tenant) -> Ruled<()> {
        let policy = self.snapshot.platform.value.stir;
        let Source::Carrier { carrier } = self.facts.source else { return Ok(()) };
        if !policy.verifies {
            return Ok(());
        }
        // A dry run that names no carrier has nothing that could be signed.
        let Some(carrier) = carrier.and_then(|id| self.snapshot.carrier(id)) else { return Ok(()) };
        if carrier.sandbox || carrier.unverified {
            return Ok(());
        }
        let found = self.facts.identity.as_deref();
        let verstat = found.map_or(Verstat::NotValidated, |found| found.verstat);
        let text = found.map_or_else(|| "the call is not signed".to_owned(), |found| found.text.clone());
        let handling = policy.handling(tenant.protection.unverified, verstat);
        match handling {
            Handling::Pass => {}
            Handling::Mark => self.decision.verstat = Some(verstat),
            Handling::Refuse => {
                let reason = found.and_then(|found| found.reason);
                self.decision.status = Some(reason.map_or(USE_IDENTITY, crate::stir::Reason::status));
                return self.refuse("identity", Cause::CallerNotVerified, text);
            }
            Handling::Unwanted => {
                self.decision.status = Some(UNWANTED);
                return self.refuse("identity", Cause::CallerNotVerified, text);
            }
        }
        self.pass("identity", format!("{}: {text}", verstat.word()));
        Ok(())
    }
}
