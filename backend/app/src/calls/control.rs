//! What the edge asks, answered.

use super::{
    ahead,
    batch::{Answer, Work, exposure_cap},
    elsewhere, identify,
    plan::refusal,
    record::utc,
    writer::Job,
};
use crate::{App, names::SHUNNED_FOR, velocity};
use domain::cause::Cause;
use edge::seam::{
    Approach, CallControl, CallFacts, CallId, CallSummary, DigestAlgorithm, Extension, Holder, Hop, Identity,
    Party, PartyKind, Reply, Trace, Verdict,
};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// The business of calls, as the edge sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control(App);

impl Control {
    /// Over an app that has started.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self(app.clone())
    }
}

impl CallControl for Control {
    fn identify(&self, approach: &Approach<'_>) -> Identity {
        if let Some(party) = self.0.doctor().tester(approach.source.address) {
            return Identity::Known(party);
        }
        let identity = elsewhere::recognise(&self.0, approach);
        crate::doctor::overhear(&self.0, approach, &identity);
        identity
    }

    fn backlog(&self) -> u8 {
        self.0.calls().writer.backlog()
    }

    fn is_known_address(&self, ip: std::net::IpAddr) -> bool {
        let ip = ip.to_canonical();
        !self.0.live().senders(ip).is_empty()
            || self.0.names().senders().contains_key(&ip)
            || self.0.doctor().tests_from(ip)
    }

    fn digest_secret(&self, realm: &str, username: &str, algorithm: DigestAlgorithm) -> Option<String> {
        let live = self.0.live();
        let credential = live.by_sip_domain(realm)?.credentials.get(username)?;
        let secret = match algorithm {
            DigestAlgorithm::Md5 => &credential.ha1_md5,
            DigestAlgorithm::Sha256 => &credential.ha1_sha256,
        };
        String::from_utf8(secret.to_vec()).ok()
    }

    fn user(&self, realm: &str, username: &str) -> Option<Party> {
        identify::user(&self.0.live(), realm, username)
    }

    fn bearer(&self, realm: &str, token: &str) -> Option<Holder> {
        let bearer = crate::identities::verify(&self.0, token).ok()?;
        let is_here = self.0.live().by_sip_domain(realm)?.id() == bearer.user.tenant;
        let may_register = bearer.scopes.iter().any(|scope| scope.registers());
        (is_here && may_register).then(|| Holder {
            party: Party {
                kind: PartyKind::User,
                tenant: Some(bearer.user.tenant.0.as_u128()),
                id: 0,
                name: bearer.user.sip_username().into(),
            },
            may_call: bearer.scopes.iter().any(|scope| scope.calls()),
        })
    }

    fn decide(&self, mut facts: CallFacts, reply: Reply<Verdict>) {
        elsewhere::dialled(&self.0, &mut facts);
        self.0.calls().meters.began(&facts);
        let reply = crate::announcements::announced(&self.0, &facts, reply);
        ahead::decide(&self.0, facts, reply);
    }

    fn answered(&self, call: CallId, at: SystemTime, attempt: usize) {
        let state = self.0.calls();
        state.meters.answered(call, attempt);
        let Some(carried) = state.table.get(call) else { return };
        carried.seat.answered(&state.usage, attempt);
        crate::recordings::answered(&self.0, &carried);
        let callee_trunk = carried.rings.get(attempt).and_then(|(_, fqdn)| fqdn.clone());
        let work = Work::Answered { carried, at: utc(at), callee_trunk };
        state.writer.follow(Job::new(work, |_| ()));
    }

    fn passed_over(&self, hops: &[Hop]) {
        let now = Instant::now();
        hops.iter().for_each(|hop| self.0.names().shun(*hop, now, SHUNNED_FOR));
    }

    fn extend(&self, call: CallId, reply: Reply<Extension>) {
        let state = self.0.calls();
        let Some(carried) = state.table.get(call) else {
            return reply.send(Extension::Short(refusal(Cause::OutOfFunds)));
        };
        let (app, extended) = (self.0.clone(), Arc::clone(&carried));
        let cap_micros = exposure_cap(&app.live().config, carried.payer);
        let job = Job::new(Work::Extend { carried, cap_micros }, move |answer| match answer {
            Answer::Extended(Ok(funded_ms)) => {
                let before = extended.held_micros();
                extended.fund(funded_ms);
                velocity::commit(&app, &extended, extended.held_micros().saturating_sub(before));
                reply.send(Extension::Until(Duration::from_millis(funded_ms)));
            }
            Answer::Extended(Err(cause)) => reply.send(Extension::Short(refusal(cause))),
            _ => reply.send(Extension::Short(refusal(Cause::PlatformUnavailable))),
        });
        state.writer.follow(job);
    }

    fn ended(&self, summary: CallSummary) {
        self.0.calls().meters.ended(&summary);
        ahead::ended(&self.0, summary);
    }

    fn wants_trace(&self, bytes: usize, is_answered: bool) -> bool {
        self.0.calls().traces.wants(bytes, is_answered)
    }

    fn traced(&self, trace: Trace) {
        self.0.calls().traces.take(trace);
    }
}
