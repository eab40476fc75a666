//! Digits between sides that do them in different ways: each key that one side presses arrives at the other once, in its order, in the form
//! of that side.

use crate::{
    Tenant,
    ends::{End, Form, dtmf, speak, talk},
};
use media::codec::Coding;
use std::time::Duration;

/// What each side presses: with a key twice in a row.
const PRESSED: [&str; 2] = ["1255#", "98*07"];
/// How long is listened for keys that came twice, after the last one.
const AFTER: Duration = Duration::from_millis(2_200);

/// A side that does digits in this form.
fn end(tenant: &Tenant, fqdn: &str, address: &str, form: Form) -> End {
    let word = match form {
        Form::Events => "rtp",
        Form::Tones => "inband",
        Form::Info => "info",
    };
    let end = End::new(tenant, fqdn, address, Coding::Pcmu, &dtmf(word));
    if matches!(form, Form::Events) { end.with_events() } else { end }
}

/// Both sides press at the same time.
fn digits_arrive(name: &str, place: u8, forms: [Form; 2]) {
    let tenant = Tenant::new(name);
    let slug = name.to_lowercase().replace(' ', "-");
    let address = |side: u8| format!("127.22.71.{}", place * 2 + side);
    let mut a = end(&tenant, &format!("sbc.{slug}-a.test"), &address(0), forms[0]);
    let mut b = end(&tenant, &format!("sbc.{slug}-b.test"), &address(1), forms[1]);
    talk(&tenant, &mut a, &mut b, &format!("+4684651{place:03}"));
    a.presses(PRESSED[0], forms[0]);
    b.presses(PRESSED[1], forms[1]);
    let (at_a, at_b) = (forms[0] as usize, forms[1] as usize);
    let all = |a: &End, b: &End| a.keys[at_a].len() >= 5 && b.keys[at_b].len() >= 5;
    speak(&mut a, &mut b, AFTER, all);
    for (end, own, pressed) in [(&a, at_a, PRESSED[1]), (&b, at_b, PRESSED[0])] {
        for (form, keys) in end.keys.iter().enumerate() {
            let expected = if form == own { pressed } else { "" };
            assert_eq!(keys, expected, "{forms:?}: {:?}", end.keys);
        }
    }
    a.hangs_up();
}

#[test]
fn telephone_events_and_info() {
    digits_arrive("Events And Info", 1, [Form::Events, Form::Info]);
}

#[test]
fn tones_and_telephone_events() {
    digits_arrive("Tones And Events", 2, [Form::Tones, Form::Events]);
}

#[test]
fn info_and_tones() {
    digits_arrive("Info And Tones", 3, [Form::Info, Form::Tones]);
}
