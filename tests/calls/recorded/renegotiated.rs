//! Recorded calls whose codec changes in their middle: they go on sounding.

use super::{CALLEE_HZ, CALLER_HZ, SECOND, audio, policy, quarters, recording};
use crate::{
    PATIENCE, Tenant,
    ends::{End, speak, talk},
};
use media::{codec::Coding, tone::level};
use serde_json::{Value, json};
use std::time::Duration;

/// What the caller says in its second codec and in its third.
const LATER_HZ: [f64; 2] = [1_500.0, 700.0];
const AMPLITUDE: i16 = 6_000;
/// How far the level may be off, decibels.
const DECIBELS: f64 = 2.5;
const NUMBER: &str = "+4684653001";
/// How long something is said, and is to be said yet.
const WHILE: Duration = Duration::from_millis(1_600);
const LONG_MS: usize = 60_000;

/// The caller offers another codec, which the callee has not; the callee answers with its own.
fn turns_to(a: &mut End, b: &mut End, coding: Coding, hertz: f64) {
    a.turns_to(coding);
    let offer = a.says();
    let request = a.sends("INVITE", "application/sdp", &offer);
    let invite = b.is_called();
    let answer = b.says();
    b.answers(&invite, &answer);
    assert_eq!(a.is_told(&request).0, 200);
    a.hums(hertz, AMPLITUDE, LONG_MS);
    speak(a, b, WHILE, |_, _| true);
}

/// So many quarters of a second and more of the tone of a side, at the level at which it was said.
fn sounds(samples: &[i16], hertz: f64, least: usize) {
    let quarters = quarters(samples, hertz);
    let heard = samples.chunks_exact(SECOND / 4).zip(&quarters).filter(|(_, quarter)| **quarter == 'T');
    let levels: Vec<_> = heard.map(|(samples, _)| level(samples)).collect();
    assert!(levels.len() >= least, "{hertz} Hz: {quarters:?}");
    let said = f64::from(AMPLITUDE) / 2_f64.sqrt();
    let off = levels.iter().map(|level| (20.0 * (level / said).log10()).abs()).fold(0.0, f64::max);
    assert!(off < DECIBELS, "{hertz} Hz: {off:.1} dB off");
}

#[test]
fn a_caller_that_turns_to_other_codecs_in_the_middle_of_a_recorded_call_goes_on_sounding() {
    let tenant = Tenant::new("Recorded Anew");
    policy(&tenant.api, "always", "none");
    let only = json!({"signaling": {"media": {"codecs": ["PCMA"]}}});
    let mut a = End::new(&tenant, "sbc.recorded-anew.test", "127.22.96.5", Coding::Pcma, &json!({}));
    let mut b = End::new(&tenant, "answers.recorded-anew.test", "127.22.96.6", Coding::Pcma, &only);
    talk(&tenant, &mut a, &mut b, NUMBER);
    let list =
        tenant.api.wait("/api/v1/recordings", PATIENCE, |list| list["value"][0]["state"] == "recording");
    let call = list["value"][0]["callId"].as_str().expect("its call").to_owned();
    a.hums(CALLER_HZ, AMPLITUDE, LONG_MS);
    b.hums(CALLEE_HZ, AMPLITUDE, LONG_MS);
    speak(&mut a, &mut b, WHILE, |_, _| true);
    turns_to(&mut a, &mut b, Coding::Opus, LATER_HZ[0]);
    turns_to(&mut a, &mut b, Coding::G722, LATER_HZ[1]);
    a.hangs_up();
    let done = recording(&tenant.api, &call, "ready");
    let missing = [&done["lostPackets"], &done["unreadablePackets"], &done["failure"]];
    assert_eq!(missing, [&json!(0), &json!(0), &Value::Null], "{done}");
    let [caller, callee] = ["caller", "callee"].map(|channel| audio(&tenant.api, &done, channel));
    for hertz in [CALLER_HZ, LATER_HZ[0], LATER_HZ[1]] {
        sounds(&caller, hertz, 3);
    }
    sounds(&callee, CALLEE_HZ, 8);
}
