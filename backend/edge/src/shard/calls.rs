//! A call between engine and app: decided once, answered at most once, ended exactly once.

use super::Shard;
use super::facts::of_call;
use super::media::side;
use super::plan::{Place, expand};
use super::timers::Due;
use super::transfer::Begun;
use crate::counters::add;
use crate::handle::Live;
use crate::inbox::Command;
use crate::seam::{
    CallFacts, CallId, CallSummary, Encryption, End, Extension, Hop, MediaId, MediaRules, Party, PartyKind,
    Prompt, Prompts, Refusal, Reply, Side, TraceEvent, Verdict,
};
use crate::words;
use sip::b2bua::{self, CallRef, Input, Milestone, Played, RequestRef, Summary};
use sip::transaction::Peer;
use sip::wire::Message;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// A call of this shard.
pub(super) struct Call {
    id: CallId,
    /// Who calls: its kind, and its trunk or carrier.
    pub(super) caller: (PartyKind, u128),
    source: Hop,
    started_at: SystemTime,
    /// When its decision is given up; `None` once it is there.
    undecided_at: Option<Instant>,
    pub(super) places: Vec<Place>,
    max_duration: Duration,
    over_time: Option<Refusal>,
    over_time_at: Option<Instant>,
    pub(super) media: Option<MediaId>,
    /// The side that does its digits as INFO while the other one does not, as the media relay knows it.
    pub(super) info_side: Option<Side>,
    /// Whether each side's media is encrypted, as the media relay knows it.
    pub(super) encryption: [Encryption; 2],
    /// What else holds for each side's media, as the media relay knows it; `None` before it is told.
    pub(super) rules: Option<[MediaRules; 2]>,
    /// What its sides hear where it fails, and what the caller hears of a refusal.
    prompts: Option<Box<(Prompts, Option<Prompt>)>>,
    pub(super) begun: Begun,
    pub(super) live: Arc<Live>,
}

impl Call {
    /// What is played, of what is kept for it.
    pub(super) fn prompt(&self, what: Played) -> Option<&Prompt> {
        let (prompts, refusal) = &**self.prompts.as_ref()?;
        match what {
            Played::Refusal => refusal.as_ref(),
            Played::Busy => prompts.busy.as_ref(),
            Played::Farewell => prompts.out_of_funds.as_ref().map(|(_, prompt)| prompt),
        }
    }

    fn keep(&mut self, prompts: Prompts) {
        let is_any = prompts.busy.is_some() || prompts.out_of_funds.is_some();
        self.prompts = is_any.then(|| Box::new((prompts, None)));
    }
}

impl Shard {
    /// Takes an INVITE of a party, if there is a place.
    pub(super) fn accept(&mut self, request: RequestRef, from: Peer, message: &Message, party: Party) {
        if !self.context.shared.take_place() {
            add(&self.tally().overloaded, 1);
            return self.refuse_request(request, words::UNAVAILABLE);
        }
        let id = self.ids.next(self.wall);
        let facts = of_call(id, from, message, party, self.wall);
        self.accepting.insert(request, facts);
        self.engine.handle_input(self.now, Input::Accept { request });
    }

    /// An INVITE has become a call.
    pub(super) fn accepted(&mut self, request: RequestRef, call: CallRef) {
        if let Some(facts) = self.accepting.remove(&request) {
            self.begin(call, facts);
        }
    }

    /// A call begins: the app decides it.
    pub(super) fn begin(&mut self, call: CallRef, facts: CallFacts) {
        let live = Arc::new(Live {
            shard: self.index,
            call,
            started_at: facts.at,
            answered_at: OnceLock::new(),
            caller: facts.source,
            callee: OnceLock::new(),
            media: OnceLock::new(),
        });
        self.context.shared.live.pin().insert(facts.call, Arc::clone(&live));
        let undecided_at = self.now + self.context.limits.decision_timeout;
        self.timers.set(undecided_at, call, Due::Verdict);
        let entry = Call {
            id: facts.call,
            caller: (facts.party.kind, facts.party.id),
            source: facts.source,
            started_at: facts.at,
            undecided_at: Some(undecided_at),
            places: Vec::new(),
            max_duration: Duration::MAX,
            over_time: None,
            over_time_at: None,
            media: None,
            info_side: None,
            encryption: Default::default(),
            rules: None,
            prompts: None,
            begun: Begun::of(&facts),
            live,
        };
        self.calls.insert(call, entry);
        self.traces.began(&facts.sip_call_id, facts.call, call);
        add(&self.tally().calls, 1);
        let (shared, shard) = (Arc::clone(&self.context.shared), self.index);
        let reply = Reply::new(move |verdict: Option<Verdict>| {
            shared.command(shard, Command::Decided { call, verdict: verdict.map(Box::new) });
        });
        self.context.control.decide(facts, reply);
    }

    /// The app's decision, which comes once and may come too late.
    pub(super) fn decided(&mut self, call: CallRef, verdict: Option<Verdict>) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let Some(undecided_at) = entry.undecided_at.take() else { return };
        self.timers.clear(undecided_at, call, Due::Verdict);
        let connects = matches!(verdict, Some(Verdict::Connect(_)));
        self.traces.note(call, TraceEvent::Decided { connects }, self.now, self.wall);
        let mut announced = None;
        let verdict = match verdict {
            None => Err(words::refusal(words::UNAVAILABLE)),
            Some(Verdict::Announce(refusal, prompt)) => {
                announced = Some(prompt.lasts);
                entry.prompts = Some(Box::new((Prompts::default(), Some(prompt))));
                Err(refusal)
            }
            Some(Verdict::Refuse(refusal)) => Err(refusal),
            Some(Verdict::Connect(plan)) => {
                let source = entry.source.transport;
                expand(&self.context, &plan, source, self.wall).map(|(engine_plan, places)| {
                    entry.places = places;
                    entry.max_duration = plan.max_duration;
                    entry.over_time = Some(plan.over_time);
                    entry.keep(plan.prompts);
                    engine_plan
                })
            }
        };
        let verdict = match verdict {
            Ok(plan) => b2bua::Verdict::Connect(plan),
            Err(refusal) => words::refused_after(&refusal, announced),
        };
        self.feed(Input::Verdict { call, verdict });
    }

    /// The app has not decided in time.
    pub(super) fn undecided(&mut self, call: CallRef) {
        add(&self.tally().undecided, 1);
        self.decided(call, None);
    }

    /// A call has got further.
    pub(super) fn progress(&mut self, call: CallRef, at: Instant, event: Milestone) {
        let answered_at = self.wall_of(at);
        let Milestone::Answered { attempt } = event else {
            let event =
                if event == Milestone::Ringing { TraceEvent::Ringing } else { TraceEvent::EarlyMedia };
            return self.traces.note(call, event, self.now, answered_at);
        };
        let Some(entry) = self.calls.get_mut(&call) else { return };
        // Answered is said once; the table keeps the first word.
        let _ = entry.live.answered_at.set(answered_at);
        if let Some(over_time_at) = at.checked_add(entry.max_duration) {
            entry.over_time_at = Some(over_time_at);
            self.timers.set(over_time_at, call, Due::OverTime);
        }
        let passed_over = hops_before(&entry.places, attempt);
        if !passed_over.is_empty() {
            self.context.control.passed_over(&passed_over);
        }
        let place = entry.places.get(attempt);
        if let Some(place) = place {
            let _ = entry.live.callee.set(place.hop);
        }
        let attempt = place.map_or(0, |place| place.attempt);
        let answered = TraceEvent::Answered { attempt: u8::try_from(attempt).unwrap_or(u8::MAX) };
        self.traces.note(call, answered, self.now, answered_at);
        if let Some(media) = entry.media {
            self.context.media.join(media);
        }
        self.context.control.answered(entry.id, answered_at, attempt);
        add(&self.tally().calls_answered, 1);
    }

    /// The hold of a call is nearly used up.
    pub(super) fn extend(&mut self, call: CallRef) {
        let Some(entry) = self.calls.get(&call) else { return };
        let (shared, shard) = (Arc::clone(&self.context.shared), self.index);
        let reply = Reply::new(move |extension| {
            shared.command(shard, Command::Extended { call, extension });
        });
        self.context.control.extend(entry.id, reply);
    }

    /// What became of it; `None` where the question was let fall.
    pub(super) fn extended(&mut self, call: CallRef, extension: Option<Extension>) {
        self.feed(match extension {
            Some(Extension::Until(funded)) => Input::Funded { call, funded: Some(funded) },
            Some(Extension::Short(refusal)) => Input::Short { call, refusal: words::to_engine(&refusal) },
            None => Input::Funded { call, funded: None },
        });
    }

    /// A call has lasted as long as it may.
    pub(super) fn over_time(&mut self, call: CallRef) {
        let refusal = self.calls.get_mut(&call).and_then(|entry| entry.over_time.take());
        if let Some(refusal) = refusal {
            self.end(call, &refusal);
        }
    }

    /// Ends a call by order.
    pub(super) fn end(&mut self, call: CallRef, refusal: &Refusal) {
        self.feed(Input::End { call, refusal: words::to_engine(refusal) });
    }

    /// A call is over.
    pub(super) fn ended(&mut self, summary: Summary) {
        let Some(call) = self.calls.remove(&summary.call) else { return };
        let answered = summary.answered;
        if let (None, Some(last)) = (answered, summary.attempt) {
            let is_silent = matches!(
                summary.end,
                b2bua::End::TransportFailed | b2bua::End::Failed { status: 408 | 503 | 504, .. }
            );
            let passed_over = hops_before(&call.places, last + usize::from(is_silent));
            if !passed_over.is_empty() {
                self.context.control.passed_over(&passed_over);
            }
        }
        let ours = CallSummary {
            call: call.id,
            started_at: call.started_at,
            answered_at: call.live.answered_at.get().copied(),
            ended_at: self.wall_of(summary.ended),
            duration: answered.map_or(Duration::ZERO, |at| summary.ended.saturating_duration_since(at)),
            attempt: summary.attempt.and_then(|at| call.places.get(at)).map(|place| place.attempt),
            unreachable: self.fault.take().filter(|_| summary.end == b2bua::End::TransportFailed),
            end: end(summary.end),
            peers: [
                Some(call.source),
                summary.attempt.and_then(|at| call.places.get(at)).map(|place| place.hop),
            ],
            callee_call_id: summary.callee_call_id,
            media: None,
        };
        self.close(summary.call, &call, ours);
    }

    /// Ends what the engine still holds when the edge stops: nobody will hear the far side any more.
    pub(super) fn abandon_all(&mut self) {
        for (key, call) in std::mem::take(&mut self.calls) {
            let answered_at = call.live.answered_at.get().copied();
            let lasted = answered_at.and_then(|at| self.wall.duration_since(at).ok());
            let ours = CallSummary {
                call: call.id,
                started_at: call.started_at,
                answered_at,
                ended_at: self.wall,
                duration: lasted.unwrap_or_default(),
                attempt: None,
                end: End::Ours(words::refusal(words::STOPPED)),
                unreachable: None,
                peers: [Some(call.source), None],
                callee_call_id: None,
                media: None,
            };
            self.close(key, &call, ours);
        }
    }

    /// The one exit of every call.
    fn close(&mut self, key: CallRef, call: &Call, mut summary: CallSummary) {
        if let Some(at) = call.undecided_at {
            self.timers.clear(at, key, Due::Verdict);
        }
        if let Some(at) = call.over_time_at {
            self.timers.clear(at, key, Due::OverTime);
        }
        summary.media = call.media.and_then(|id| self.context.media.close(id));
        let cause = match &summary.end {
            End::Ours(refusal) => Some(refusal.cause.clone().into_owned()),
            _ => None,
        };
        let control = &self.context.control;
        let wants = |bytes, is_answered| control.wants_trace(bytes, is_answered);
        self.traces.ended(key, cause, summary.media.as_ref(), (self.now, self.wall), wants);
        self.context.shared.live.pin().remove(&call.id);
        self.context.shared.give_place();
        self.context.control.ended(summary);
    }

    /// The time of day of an instant that is not far from now.
    fn wall_of(&self, at: Instant) -> SystemTime {
        let ago = self.now.saturating_duration_since(at);
        self.wall.checked_sub(ago).unwrap_or(self.wall)
    }
}

fn end(end: b2bua::End) -> End {
    match end {
        b2bua::End::Refused(refusal) => End::Ours(words::from_engine(refusal)),
        b2bua::End::Failed { status, q850 } => End::Failed { status, q850 },
        b2bua::End::Cancelled => End::Cancelled,
        b2bua::End::NoAnswer => End::NoAnswer,
        b2bua::End::TransportFailed => End::Unreachable,
        b2bua::End::Hangup { by, q850 } => End::Hangup { by: side(by), q850 },
    }
}

/// Where a call was tried before a place of its plan.
fn hops_before(places: &[Place], place: usize) -> Vec<Hop> {
    places.iter().take(place).map(|place| place.hop).collect()
}
