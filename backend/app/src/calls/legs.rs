//! How the edge treats a leg, by the policy of the trunk or carrier at its end.

use crate::App;
use domain::config::{Audio, Crossing, Dtmf, EarlyMedia, PeerPolicy, Snapshot, Srtp, Trunk};
use domain::ids::{CarrierId, TenantId, TrunkId};
use edge::seam::{
    self, CallFacts, DigitForm, DiversionForm, Encryption, Extensions, LegPolicy, MediaRules, Party,
    PartyKind, Plan, SessionTimer, Transfer,
};
use std::time::Duration;
use uuid::Uuid;

/// The leg of a trunk, which is not trusted with the identities of others.
pub(super) fn of_trunk(trunk: &Trunk) -> LegPolicy {
    LegPolicy { encryption: encryption(trunk.srtp), ..of_peer(&trunk.policy, false) }
}

/// The legs of a test call, where it tries another setting of `media.srtp` than the trunk's own.
pub(super) fn as_tried(app: &App, call: &CallFacts, plan: &mut Plan) {
    if call.party.kind != PartyKind::Tester {
        return;
    }
    if let Some(srtp) = app.doctor().tried_srtp(call.source.address) {
        plan.attempts.iter_mut().for_each(|attempt| attempt.leg.encryption = encryption(srtp));
    }
}

const fn encryption(srtp: Srtp) -> Encryption {
    match srtp {
        Srtp::Required => Encryption::Required,
        Srtp::Optional => Encryption::Offered,
        Srtp::Off => Encryption::Off,
    }
}

/// Holds a leg to the codecs of the whole platform: its own list to those of them, and where it has none of them, or no list, to all.
pub(super) fn narrow(leg: &mut LegPolicy, audio: &Audio) {
    if audio.codecs.is_empty() {
        return;
    }
    let allowed = || audio.codecs.iter().map(|codec| codec.word());
    let own = leg.media.codecs.iter().flatten().copied();
    let own: Vec<&str> = own.filter(|word| allowed().any(|known| known == *word)).collect();
    let list = if own.is_empty() { allowed().collect() } else { own };
    leg.media.codecs = std::array::from_fn(|place| list.get(place).copied());
}

/// The leg of a phone: encrypted where it can.
pub(super) fn of_phone() -> LegPolicy {
    LegPolicy { encryption: Encryption::Offered, ..LegPolicy::default() }
}

/// The leg of a carrier, which is in our trust domain (RFC 3325).
pub(super) fn of_carrier(policy: &PeerPolicy) -> LegPolicy {
    of_peer(policy, true)
}

/// The leg of whoever calls; that of a phone where the party is gone from the snapshot.
pub(super) fn of_caller(snapshot: &Snapshot, party: &Party) -> LegPolicy {
    let policy = match party.kind {
        PartyKind::User | PartyKind::Tester => None,
        PartyKind::Trunk => trunk_of(snapshot, party).map(of_trunk),
        PartyKind::Carrier => {
            let carrier = snapshot.carrier(CarrierId(Uuid::from_u128(party.id)));
            carrier.map(|carrier| of_carrier(&carrier.policy))
        }
    };
    policy.unwrap_or_else(of_phone)
}

fn trunk_of<'a>(snapshot: &'a Snapshot, party: &Party) -> Option<&'a Trunk> {
    let tenant = snapshot.tenant(TenantId(Uuid::from_u128(party.tenant?)))?;
    let (_, trunk) = tenant.trunk(&party.name)?;
    (trunk.id == TrunkId(Uuid::from_u128(party.id))).then_some(trunk)
}

fn of_peer(policy: &PeerPolicy, is_trusted: bool) -> LegPolicy {
    let timer = policy.session_timer;
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    LegPolicy {
        is_trusted,
        diversion: match policy.headers.diversion {
            Crossing::Pass => DiversionForm::AsReceived,
            Crossing::Drop => DiversionForm::Hidden,
        },
        extensions: match (policy.headers.x_headers, policy.headers.user_to_user) {
            (Crossing::Pass, Crossing::Pass) => Extensions::All,
            (Crossing::Pass, Crossing::Drop) => Extensions::Private,
            (Crossing::Drop, Crossing::Pass) => Extensions::Only(["User-to-User".into()].into()),
            (Crossing::Drop, Crossing::Drop) => Extensions::None,
        },
        session: SessionTimer {
            is_offered: timer.enabled,
            expires: Duration::from_secs(u64::from(timer.seconds)),
            ..SessionTimer::default()
        },
        early_media: match policy.early_media {
            EarlyMedia::Pass => seam::EarlyMedia::Pass,
            EarlyMedia::Suppress => seam::EarlyMedia::Ringing,
        },
        large_over_tcp: policy.udp_to_tcp,
        digits: match policy.dtmf {
            Dtmf::Rtp | Dtmf::Inband => DigitForm::Rtp,
            Dtmf::Info => DigitForm::Info,
        },
        media: MediaRules {
            learning: policy.media.learning,
            initial_timeout: policy.media.initial_timeout_seconds.map(seconds),
            timeout: policy.media.timeout_seconds.map(seconds),
            tones: policy.dtmf == Dtmf::Inband,
            codecs: std::array::from_fn(|place| policy.media.codecs.get(place).map(|codec| codec.word())),
        },
        transfer: if policy.direct_transfer { Transfer::Pass } else { Transfer::Local },
        ..LegPolicy::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::config::{Codec, HeaderPolicy, MediaPolicy, SessionTimer as Timer};

    #[test]
    fn a_policy_that_says_nothing_is_the_edges_default_but_for_trust() {
        assert_eq!(of_peer(&PeerPolicy::default(), false), LegPolicy::default());
        assert_eq!(
            of_carrier(&PeerPolicy::default()),
            LegPolicy { is_trusted: true, ..LegPolicy::default() }
        );
    }

    #[test]
    fn what_a_trunk_is_set_to_reaches_its_leg() {
        let policy = PeerPolicy {
            early_media: EarlyMedia::Suppress,
            direct_transfer: true,
            udp_to_tcp: true,
            dtmf: Dtmf::Info,
            media: MediaPolicy {
                learning: true,
                initial_timeout_seconds: Some(60),
                timeout_seconds: None,
                codecs: vec![Codec::G722, Codec::Opus],
            },
            session_timer: Timer { enabled: false, seconds: 600 },
            headers: HeaderPolicy {
                user_to_user: Crossing::Drop,
                x_headers: Crossing::Pass,
                diversion: Crossing::Drop,
                verstat: Crossing::Pass,
            },
            ..PeerPolicy::default()
        };
        let leg = of_peer(&policy, false);
        assert_eq!((leg.early_media, leg.transfer), (seam::EarlyMedia::Ringing, Transfer::Pass));
        let seconds = |rules: MediaRules| (rules.initial_timeout.map(|time| time.as_secs()), rules.timeout);
        assert!(leg.media.learning && seconds(leg.media) == (Some(60), None));
        assert_eq!(leg.media.codecs, [Some("G722"), Some("opus"), None, None, None]);
        assert!(leg.large_over_tcp && leg.digits == DigitForm::Info);
        assert_eq!((leg.session.is_offered, leg.session.expires), (false, Duration::from_secs(600)));
        assert_eq!(leg.diversion, DiversionForm::Hidden);
        assert!(leg.extensions.has("X-Order") && !leg.extensions.has("User-to-User"));
    }

    #[test]
    fn the_platforms_codecs_narrow_each_list_and_stand_where_there_is_none() {
        let narrowed = |own: Vec<Codec>, codecs: Vec<Codec>| {
            let media = MediaPolicy { codecs: own, ..MediaPolicy::default() };
            let mut leg = of_peer(&PeerPolicy { media, ..PeerPolicy::default() }, false);
            narrow(&mut leg, &Audio { codecs, echo_numbers: Vec::new() });
            leg.media.codecs.into_iter().flatten().collect::<Vec<_>>()
        };
        let (g722, opus, pcmu) = (Codec::G722, Codec::Opus, Codec::Pcmu);
        assert_eq!(narrowed(vec![g722, opus], vec![]), ["G722", "opus"]);
        assert_eq!(narrowed(vec![g722, opus], vec![pcmu, opus]), ["opus"]);
        assert_eq!(narrowed(vec![g722, opus], vec![opus, g722]), ["G722", "opus"], "in the leg's own order");
        assert_eq!(narrowed(vec![], vec![opus, pcmu]), ["opus", "PCMU"]);
        assert_eq!(narrowed(vec![g722], vec![pcmu]), ["PCMU"], "the platform's word goes");
    }

    #[test]
    fn a_trunks_media_is_encrypted_as_it_is_set_and_a_phones_where_it_can() {
        let words = [Srtp::Off, Srtp::Optional, Srtp::Required].map(encryption);
        assert_eq!(words, [Encryption::Off, Encryption::Offered, Encryption::Required]);
        assert_eq!(of_phone().encryption, Encryption::Offered);
        assert_eq!(of_carrier(&PeerPolicy::default()).encryption, Encryption::Accepted);
    }
}
