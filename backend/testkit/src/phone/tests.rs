//! The fake phone against the simulated PSTN over loopback: each behaviour of the contract's table, and each
//! other.

use std::{net::SocketAddr, thread::JoinHandle, time::Duration};

use super::*;

/// A running sandbox PSTN at an address of its own, and a phone at the address that it takes for the edge.
struct Town {
    phone: Phone,
    pstn: sandbox::Handle,
    thread: Option<JoinHandle<()>>,
}

impl Town {
    fn new(number: u8) -> Self {
        let phone = Phone::bind(&format!("127.0.{number}.10:0")).unwrap();
        let bind: SocketAddr = format!("127.0.{number}.20:0").parse().unwrap();
        let config = sandbox::Config { bind, edge: phone.local_addr(), stray_ip: None };
        let (pstn, runner) = sandbox::new(config).unwrap();
        let thread = Some(std::thread::spawn(move || runner.run()));
        Self { phone, pstn, thread }
    }

    fn dial(&self, user: &str) -> Dial {
        let to = format!("sip:{user}@{}", self.pstn.local_addr());
        Dial::new(self.pstn.local_addr(), &to, &format!("sip:+12125550100@{}", self.phone.local_addr()))
    }

    fn call(&self, user: &str) -> Call {
        self.phone.call(&self.dial(user)).unwrap()
    }

    fn refusal(&self, user: &str) -> (u16, String) {
        let (status, reason) = self.call(user).wait_failed(PATIENCE).unwrap();
        (status, reason.unwrap_or_default())
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.pstn.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_number_that_answers_rings_first_and_echoes_every_packet_and_digit() {
    let town = Town::new(40);
    let call = town.call("+12065550100");
    call.wait_ringing().unwrap();
    call.wait_answered().unwrap();
    call.send_tone(50).unwrap();
    let heard = call.wait_heard("the echo", PATIENCE, |heard| heard.own_echo == 50).unwrap();
    assert_eq!((heard.packets, heard.lost, heard.numbered), (50, 0, 0));
    assert_eq!(heard.sources.len(), 1);
    call.send_dtmf("14#").unwrap();
    let heard = call.wait_heard("the digits", PATIENCE, |heard| heard.digits.len() >= 3).unwrap();
    assert_eq!((heard.digits.as_str(), heard.lost), ("14#", 0));
    assert_eq!(call.bye().unwrap(), Event::Ended { by_us: true, reason: None });
}

#[test]
fn a_number_that_plays_a_tone_hangs_up_by_itself() {
    let town = Town::new(41);
    let call = town.call("+12065550150");
    call.wait_answered().unwrap();
    let end = call.wait_ended(Duration::from_secs(13)).unwrap();
    let Event::Ended { by_us: false, reason: Some(reason) } = end else { panic!("{end:?}") };
    assert!(reason.contains("cause=16"), "{reason}");
    let packets = call.heard().unwrap().packets;
    assert!((480..=505).contains(&packets), "ten seconds are 500 packets, not {packets}");
    assert!(!call.events().contains(&Event::Ringing));
}

#[test]
fn refusing_numbers_say_why() {
    let town = Town::new(42);
    for (user, status, cause) in [
        ("+12065550160", 486, "cause=17"),
        ("+12065550180", 503, "cause=41"),
        ("+12065550185", 603, "cause=21"),
        ("112", 404, "text=\"emergency-unavailable\""),
        ("911", 404, "cause=3;"),
        ("alice", 404, "cause=1;"),
    ] {
        let (got, reason) = town.refusal(user);
        assert_eq!(got, status, "{user}");
        assert!(reason.contains(cause), "{user}: {reason}");
    }
}

#[test]
fn a_number_that_nobody_answers_rings_until_it_is_cancelled() {
    let town = Town::new(43);
    let call = town.call("+12065550170");
    call.wait_ringing().unwrap();
    call.hang_up().unwrap();
    assert_eq!(call.wait_failed(PATIENCE).unwrap().0, 487);
    assert_eq!(town.phone.line.ask(|station| station.driver.live_calls()).unwrap(), 0);
}

#[test]
fn early_media_is_heard_before_the_answer_and_the_echo_after_it() {
    let town = Town::new(44);
    let call = town.call("+12065550190");
    call.wait_early_media().unwrap();
    call.wait_heard("the early tone", PATIENCE, |heard| heard.packets >= 20).unwrap();
    assert!(!call.events().contains(&Event::Answered));
    call.wait_answered().unwrap();
    call.send_tone(10).unwrap();
    call.wait_heard("the echo", PATIENCE, |heard| heard.own_echo == 10).unwrap();
    call.bye().unwrap();
}

#[test]
fn a_silent_number_answers_and_sends_nothing() {
    let town = Town::new(45);
    let call = town.call("+12065550195");
    call.wait_answered().unwrap();
    call.send_tone(25).unwrap();
    assert_eq!(call.heard().unwrap(), Heard::default());
    call.bye().unwrap();
}

#[test]
fn a_stray_number_sends_from_an_address_that_its_sdp_does_not_name() {
    let town = Town::new(46);
    let call = town.call("+12065550198");
    call.wait_answered().unwrap();
    let heard = call.wait_heard("the stray tone", PATIENCE, |heard| heard.packets >= 10).unwrap();
    let sources: Vec<_> = heard.sources.keys().map(|source| source.ip().to_string()).collect();
    assert_eq!(sources, ["127.0.46.21"]);
    call.bye().unwrap();
}

#[test]
fn a_number_that_never_replies_says_nothing_at_all() {
    let town = Town::new(47);
    let call = town.call("+12065550199");
    let waited = call.wait_for("any reply", Duration::from_secs(2), |_| true);
    assert!(matches!(waited, Err(PhoneError::Deadline { ref seen, .. }) if seen.is_empty()), "{waited:?}");
}

#[test]
fn a_call_from_the_pstn_plays_a_tone_and_echoes_once_it_hears_something() {
    let town = Town::new(48);
    town.phone
        .answering(Answering::Answer { ring: Duration::from_millis(100), sound: Sound::Nothing })
        .unwrap();
    let placed = town.pstn.call("+12065550177", "+12125550123").unwrap();
    let call = town.phone.wait_incoming(PATIENCE).unwrap();
    assert_eq!(call.invite().unwrap().call_id().unwrap(), placed.sip_call_id);
    assert_eq!((call.caller().as_str(), call.dialled().as_str()), ("+12065550177", "+12125550123"));
    call.wait_heard("the tone", PATIENCE, |heard| heard.packets >= 20).unwrap();
    call.send_tone(20).unwrap();
    let heard = call.wait_heard("the echo", PATIENCE, |heard| heard.own_echo == 20).unwrap();
    assert_eq!(heard.lost, 0);
    call.bye().unwrap();
}

#[test]
fn stopping_the_pstn_hangs_up_what_is_left() {
    let town = Town::new(49);
    let call = town.call("+12065550195");
    call.wait_answered().unwrap();
    town.pstn.stop();
    assert!(matches!(call.wait_ended(PATIENCE).unwrap(), Event::Ended { by_us: false, .. }));
}

#[test]
fn the_pstn_serves_its_edge_alone() {
    let town = Town::new(50);
    let stranger = Phone::bind("127.0.50.66:0").unwrap();
    let call = stranger.call(&town.dial("+12065550100")).unwrap();
    assert_eq!(call.wait_failed(PATIENCE).unwrap().0, 403);
}

#[test]
fn what_is_no_number_is_not_called() {
    let town = Town::new(51);
    let refused = town.pstn.call("+1206555\r\nEvil: 1", "+12125550123");
    assert!(matches!(refused, Err(sandbox::CallError::BadNumber(_))));
}

#[test]
fn two_phones_count_each_others_packets_hold_and_resume() {
    let (alice, bob) = (Phone::bind("127.0.52.10:0").unwrap(), Phone::bind("127.0.52.20:0").unwrap());
    let dial = Dial::new(bob.local_addr(), &format!("sip:bob@{}", bob.local_addr()), "sip:alice@127.0.52.10");
    let calling = alice.call(&dial).unwrap();
    let called = bob.wait_incoming(PATIENCE).unwrap();
    called.ring().unwrap();
    calling.wait_ringing().unwrap();
    called.answer(Sound::Nothing).unwrap();
    calling.wait_answered().unwrap();
    calling.start_tone(60).unwrap();
    called.start_tone(40).unwrap();
    calling.wait_said(PATIENCE).unwrap();
    called.wait_said(PATIENCE).unwrap();
    called.wait_heard("60 packets", PATIENCE, |heard| heard.numbered == 60).unwrap();
    let heard = calling.wait_heard("40 packets", PATIENCE, |heard| heard.numbered == 40).unwrap();
    assert_eq!((heard.packets, heard.lost, heard.own_echo), (40, 0, 0));

    calling.hold().unwrap();
    called.wait_for("the hold", PATIENCE, |event| *event == Event::Reoffered { may_send: false }).unwrap();
    called.start_tone(10).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(calling.heard().unwrap().packets, 40, "who is held does not send");
    calling.resume().unwrap();
    calling.wait_heard("the rest", PATIENCE, |heard| heard.numbered == 50).unwrap();

    called.bye().unwrap();
    assert_eq!(calling.wait_ended(PATIENCE).unwrap(), Event::Ended { by_us: false, reason: None });
    assert_eq!(calling.heard().unwrap().numbered, 50, "the counters outlive the call");
}

#[test]
fn a_call_without_an_offer_gets_it_from_the_callee() {
    let (alice, bob) = (Phone::bind("127.0.53.10:0").unwrap(), Phone::bind("127.0.53.20:0").unwrap());
    bob.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Numbered(20) }).unwrap();
    let to = format!("sip:bob@{}", bob.local_addr());
    let call =
        alice.call(&Dial::new(bob.local_addr(), &to, "sip:alice@127.0.53.10").without_offer()).unwrap();
    call.wait_answered().unwrap();
    call.wait_heard("20 packets", PATIENCE, |heard| heard.numbered == 20).unwrap();
    call.bye().unwrap();
}

#[test]
fn a_phone_answers_options() {
    let (alice, bob) = (Phone::bind("127.0.54.10:0").unwrap(), Phone::bind("127.0.54.20:0").unwrap());
    assert_eq!(alice.options(bob.local_addr(), "sip:bob@127.0.54.20").unwrap(), 200);
}
