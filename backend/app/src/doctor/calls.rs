//! Test calls through a trunk, and what is read from them: from what the test phone heard, and from the messages of the
//! trunk's leg.

use super::{
    State,
    report::{Finding, Topic},
};
use crate::{
    App, Error,
    calls::{self, TraceView},
};
use domain::{
    access::Actor,
    config::{Srtp, Trunk},
    ids::CallId,
    ids::TenantId,
};
use edge::seam::{Party, PartyKind};
use media::codec;
use sandbox::tester::{KEY, Outcome, Talk, Talked, Tester, Trial};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{task::spawn_blocking, time::timeout};

/// The codecs that are tried on their own: payload types of `media::codec`, each with telephone-events.
const CODECS: [&[u8]; 5] = [&[0, 101], &[8, 101], &[9, 101], &[18, 101], &[111, 101]];
/// How long the record of a test call may take to be there.
const RECORDED_WITHIN: Duration = Duration::from_secs(5);
/// How long a shard may take to hand the messages of a call out.
const TRACE_TRIES: usize = 10;
/// Between two looks.
const TRACE_LOOK: Duration = Duration::from_millis(300);

/// Who is tried, by whom, and with what numbers.
#[derive(Debug, Clone)]
pub(super) struct Patient {
    pub(super) actor: Actor,
    pub(super) tenant: TenantId,
    pub(super) trunk: Trunk,
    pub(super) echo: String,
    pub(super) from: String,
}

/// One test call.
struct Called {
    outcome: Outcome,
    id: Option<CallId>,
}

/// The call with audio: INVITE, talk, key, hold, session timer.
pub(super) async fn talk(app: &App, patient: &Patient) -> Vec<Finding> {
    let called = match call(app, patient, sandbox::session::PAYLOADS, (Talk::Whole, None)).await {
        Ok(called) => called,
        Err(finding) => return vec![finding],
    };
    let (outcome, id) = (&called.outcome, called.id);
    let mut found = vec![invited(&patient.echo, outcome).in_time(outcome.answered_after).of_call(id)];
    if let Some(talked) = &outcome.talk {
        found.push(audio(talked, outcome.is_cut_off).of_call(id));
        found.push(dtmf(talked).of_call(id));
        found.push(hold(talked).of_call(id));
        found.push(timer(app, patient, id).await.of_call(id));
    } else {
        let said = "the call was not answered";
        found.extend(
            [Topic::Audio, Topic::Dtmf, Topic::Hold, Topic::SessionTimer]
                .map(|topic| Finding::skipped(topic, said)),
        );
    }
    found
}

/// A short call for each codec on its own.
pub(super) async fn codecs(app: &App, patient: &Patient) -> Vec<Finding> {
    let mut found = Vec::new();
    for payloads in CODECS {
        let name =
            payloads.first().and_then(|payload| codec::by_payload(*payload)).map_or("?", |codec| codec.name);
        let takes = &patient.trunk.codecs;
        if !takes.is_empty() && !takes.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            found.push(Finding::skipped(Topic::Codec, format!("{name} is not among the trunk's codecs")));
            continue;
        }
        found.push(match call(app, patient, payloads, (Talk::Nothing, None)).await {
            Ok(called) => one_codec(name, &called.outcome).of_call(called.id),
            Err(finding) => Finding { topic: Topic::Codec, ..finding },
        });
    }
    found
}

/// A call with audio for each setting of `media.srtp` on its own, whatever the trunk's is.
pub(super) async fn srtp(app: &App, patient: &Patient) -> Vec<Finding> {
    let mut found = Vec::new();
    for setting in [Srtp::Required, Srtp::Off] {
        let made = call(app, patient, sandbox::session::PAYLOADS, (Talk::Audio, Some(setting))).await;
        found.push(match made {
            Ok(called) => one_srtp(setting, patient.trunk.srtp, &called.outcome).of_call(called.id),
            Err(finding) => Finding { topic: Topic::Srtp, ..finding },
        });
    }
    found
}

async fn call(
    app: &App,
    patient: &Patient,
    payloads: &'static [u8],
    (talk, srtp): (Talk, Option<Srtp>),
) -> Result<Called, Finding> {
    let skipped = |why: &str| Finding::skipped(Topic::Invite, why);
    let Some(edge) = app.settings().sip_listen.filter(|_| app.deps().edge.is_some()) else {
        return Err(skipped("this node carries no calls: examine the trunk on one that does"));
    };
    let here = if edge.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { edge.ip() };
    let tester = Tester::bind(here).map_err(|_| skipped("no port is free for a test call"))?;
    let at = tester.local_addr();
    let trunk = &patient.trunk;
    let (tenant, id) = (Some(patient.tenant.0.as_u128()), trunk.id.0.as_u128());
    let party = Party { kind: PartyKind::Tester, tenant, id, name: trunk.fqdn.as_str().into() };
    if !app.doctor().admit(at, party, srtp) {
        return Err(skipped("too many test calls are up at this moment: try again later"));
    }
    let _known = Known { app, at };
    let sip_call_id = format!("doctor-{}", uuid::Uuid::now_v7());
    let trial = Trial {
        edge: SocketAddr::new(here, edge.port()),
        to: patient.echo.clone(),
        from: patient.from.clone(),
        payloads,
        talk,
        call_id: sip_call_id.clone(),
    };
    let (arrived, made) = tokio::join!(
        timeout(RECORDED_WITHIN, calls::arrival(app, &sip_call_id)),
        spawn_blocking(move || tester.run(&trial))
    );
    match made {
        Ok(Ok(outcome)) => Ok(Called { outcome, id: arrived.ok() }),
        Ok(Err(error)) => Err(skipped(&format!("the test phone failed: {error}"))),
        Err(_) => Err(skipped("the test call was interrupted")),
    }
}

/// A test phone that is known while this lives.
struct Known<'a> {
    app: &'a App,
    at: SocketAddr,
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        State::dismiss(self.app.doctor(), self.at);
    }
}

/// What a final status of the test call means, and what to change.
pub(super) fn invited(echo: &str, outcome: &Outcome) -> Finding {
    let status = outcome.status;
    if status == 200 {
        let said = format!("{echo} answered with {}", outcome.codec.as_deref().unwrap_or("an unnamed codec"));
        return Finding::passed(Topic::Invite, said);
    }
    let reason = outcome.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let remedy = match status {
        401 | 407 => "the SBC asks for a password: give the trunk its credentials",
        403 => "the SBC forbids the call: allow this platform's addresses, and this caller id, on the SBC",
        404 | 484 => "the SBC does not know the number: give one that it routes, in the form that it expects",
        408 => {
            "nobody answered in time: let the echo number answer at once, and look at the firewall of the SBC"
        }
        480 | 487 => "the echo number did not answer: let it answer at once",
        486 | 600 => "the echo number is busy: give one that answers several calls",
        488 | 606 => "the SBC takes none of PCMU and PCMA: allow one of them on the SBC",
        503 => "the SBC or this trunk is not available: look at the call's trace for who said so",
        603 => "the callee declined: give a number that answers by itself",
        _ => "look at the call's trace for what was answered, and by whom",
    };
    Finding::failed(Topic::Invite, format!("{echo} was refused with {status}{reason}"), remedy)
}

pub(super) fn audio(talked: &Talked, is_cut_off: bool) -> Finding {
    let (sent, returned) = (talked.sent, talked.returned);
    let said = format!("{returned} of {sent} packets came back");
    if returned >= sent {
        return Finding::passed(Topic::Audio, said);
    }
    if is_cut_off && returned == 0 {
        return Finding::failed(
            Topic::Audio,
            format!("{said}: the far side hung up first"),
            "give an echo number that stays on the line for ten seconds",
        );
    }
    if returned > 0 {
        return Finding::warning(
            Topic::Audio,
            format!("{said}: the rest was lost on the way"),
            "look at the network between the SBC and this platform; the call's page says in which direction",
        );
    }
    match talked.heard {
        0 => Finding::failed(
            Topic::Audio,
            "nothing came back at all",
            "let the SBC send to and hear from this platform's media ports; the call's page says which direction is silent",
        ),
        heard => Finding::warning(
            Topic::Audio,
            format!("{heard} packets were heard, none of them an echo"),
            "audio flows towards this platform; give a number that echoes, to test both directions",
        ),
    }
}

pub(super) fn dtmf(talked: &Talked) -> Finding {
    if !talked.has_events {
        return Finding::failed(
            Topic::Dtmf,
            "telephone-events (RFC 4733) were not agreed on: pressed keys do not arrive",
            "switch telephone-event on in the SBC's codecs",
        );
    }
    if talked.is_key_returned {
        return Finding::passed(Topic::Dtmf, format!("key {KEY} came back as a telephone-event"));
    }
    Finding::warning(
        Topic::Dtmf,
        format!("telephone-events were agreed on, but key {KEY} did not come back"),
        "only a number that echoes events shows them: look at the far side whether the key arrived",
    )
}

pub(super) fn hold(talked: &Talked) -> Finding {
    match (talked.hold, talked.resume) {
        (Some(200), Some(200)) => Finding::passed(Topic::Hold, "hold and resume were both taken"),
        (Some(200), resume) => Finding::failed(
            Topic::Hold,
            format!("the call was held, but its resume {}", answered(resume)),
            "have the SBC take a re-INVITE with sendrecv after one with sendonly",
        ),
        (None, _) if talked.returned == 0 && talked.heard == 0 => {
            Finding::skipped(Topic::Hold, "the call was over before it could be held")
        }
        (hold, _) => Finding::failed(
            Topic::Hold,
            format!("the hold {}", answered(hold)),
            "have the SBC take a re-INVITE with sendonly (RFC 3264 §8.4)",
        ),
    }
}

fn answered(status: Option<u16>) -> String {
    status.map_or_else(|| "got no answer".to_owned(), |status| format!("was refused with {status}"))
}

/// What the answer on the trunk's leg says about session timers.
async fn timer(app: &App, patient: &Patient, id: Option<CallId>) -> Finding {
    let Some(id) = id else {
        return Finding::skipped(Topic::SessionTimer, "the record of the test call did not come in time");
    };
    for _ in 0..TRACE_TRIES {
        match calls::trace(app, &patient.actor, id).await {
            Ok(trace) if answer_of(&trace).is_some() => return judged(&trace),
            Ok(_) | Err(Error::NotFound { .. }) => tokio::time::sleep(TRACE_LOOK).await,
            Err(_) => break,
        }
    }
    Finding::skipped(Topic::SessionTimer, "the messages of the test call were not kept")
}

/// The headers of the trunk's answer to the INVITE.
fn answer_of(trace: &TraceView) -> Option<Vec<(String, String)>> {
    let message = trace.entries.iter().find_map(|entry| {
        let message = entry.message.as_ref()?;
        let is_answer = message.received && message.status == Some(200) && message.method == "INVITE";
        (is_answer && entry.party.as_deref() != Some("caller")).then_some(message)
    })?;
    Some(message.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect())
}

fn judged(trace: &TraceView) -> Finding {
    let headers = answer_of(trace).unwrap_or_default();
    let header = |name: &str| {
        headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    match (header("Session-Expires"), header("Supported")) {
        (Some(expires), _) => {
            Finding::passed(Topic::SessionTimer, format!("agreed on: Session-Expires {expires}"))
        }
        (None, Some(known)) if known.contains("timer") => Finding::warning(
            Topic::SessionTimer,
            "the SBC supports session timers, and agreed on none",
            "switch session timers on in the SBC, so that a call whose end got lost is found",
        ),
        (None, _) => Finding::warning(
            Topic::SessionTimer,
            "the SBC does not support session timers (RFC 4028)",
            "calls work; one whose BYE got lost is found by its silent media alone",
        ),
    }
}

/// What came of a call with one codec alone.
pub(super) fn one_codec(name: &str, outcome: &Outcome) -> Finding {
    match (outcome.status, &outcome.codec) {
        (200, Some(codec)) if codec.eq_ignore_ascii_case(name) => {
            Finding::passed(Topic::Codec, format!("{name} is taken"))
        }
        (200, codec) => Finding::failed(
            Topic::Codec,
            format!("{name} alone was offered, and {} was answered", codec.as_deref().unwrap_or("nothing")),
            "have the SBC answer with a codec of the offer (RFC 3264 §6.1)",
        ),
        (488 | 606 | 415, _) => {
            Finding::skipped(Topic::Codec, format!("{name} is not taken ({})", outcome.status))
        }
        (status, _) => Finding::warning(
            Topic::Codec,
            format!("a call with {name} alone ended with {status}"),
            "an SBC without the codec should answer 488",
        ),
    }
}

/// What came of a call with media encrypted, or not.
pub(super) fn one_srtp(tried: Srtp, set: Srtp, outcome: &Outcome) -> Finding {
    let (name, is_needed) = match tried {
        Srtp::Off => ("plain RTP", set != Srtp::Required),
        Srtp::Required | Srtp::Optional => ("SRTP", set == Srtp::Required),
    };
    let heard = outcome.talk.as_ref().map_or(0, |talked| talked.heard);
    match outcome.status {
        200 if heard > 0 => {
            Finding::passed(Topic::Srtp, format!("{name} is taken: {heard} packets were heard"))
        }
        200 => Finding::warning(
            Topic::Srtp,
            format!("{name} is taken, and nothing came back"),
            "look at the call's page: it says of each direction whether packets came, and with a valid tag",
        ),
        488 | 606 | 415 if is_needed => Finding::failed(
            Topic::Srtp,
            format!("{name} alone was offered, and refused with {}", outcome.status),
            "have the SBC take it, or set media.srtp to what it takes",
        ),
        488 | 606 | 415 => Finding::skipped(Topic::Srtp, format!("{name} is not taken ({})", outcome.status)),
        status => Finding::warning(
            Topic::Srtp,
            format!("a call with {name} alone ended with {status}"),
            "an SBC that does not take it should answer 488",
        ),
    }
}
