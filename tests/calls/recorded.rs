//! Calls that are recorded: by the tenant's policy and by order, with a pause. Each side says a tone of its own, and what is downloaded is
//! listened to.

mod both;
mod killed;
mod renegotiated;

use crate::{
    PATIENCE, Tenant,
    attack::tools::Sbc,
    heard::{acknowledge, describe, invite, text},
};
use media::{
    g711::Law,
    rtp::Header,
    tone::{Sine, level, share_at},
    wav,
};
use serde_json::{Value, json};
use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use testkit::{
    phone::{Answering, Sound},
    server::Client,
};

/// What the caller says; the callee says 440 Hz.
const CALLER_HZ: f64 = 1_000.0;
const CALLEE_HZ: f64 = 440.0;
/// How long something is said.
const WHILE: Duration = Duration::from_millis(1_500);
/// Samples of a second.
const SECOND: usize = 8_000;

/// A caller's tone, a packet each 20 ms, for as long as this lives.
struct Voice {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Voice {
    fn new(socket: UdpSocket, relay: SocketAddr) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let (mut sine, begin) = (Sine::new(CALLER_HZ, 8_000, 6_000), Instant::now());
            for count in 1_u16.. {
                if over.load(Relaxed) {
                    return;
                }
                let payload: Vec<u8> = (0..160).map(|_| Law::A.encode(sine.sample())).collect();
                let (sequence, timestamp) = (count, u32::from(count) * 160);
                let header = Header { marker: false, payload_type: 8, sequence, timestamp, ssrc: 7 };
                // A call that ends closes the port.
                let _ = socket.send_to(&header.packet(&payload), relay);
                let next = begin + Duration::from_millis(20) * u32::from(count);
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Calls the tenant's number from its SBC, and speaks. The call's record, and the voice.
fn call(tenant: &Tenant, sbc: &Sbc) -> (String, Voice) {
    call_to(&tenant.number, tenant, sbc)
}

/// The same to any number.
fn call_to(number: &str, tenant: &Tenant, sbc: &Sbc) -> (String, Voice) {
    let socket = UdpSocket::bind((sbc.raw.addr().ip(), 0)).expect("a socket");
    let sdp = describe(socket.local_addr().expect("bound"), "RTP/AVP", "");
    let request = invite(tenant, sbc, number, &sdp);
    let own = request.lines().find_map(|line| line.strip_prefix("Call-ID: ")).expect("a Call-ID").to_owned();
    sbc.raw.send(&request);
    let is_final = |message: &sip::wire::Message| {
        message.call_id().is_some_and(|id| id == own) && message.status().is_some_and(|status| status >= 200)
    };
    let answer = sbc.raw.wait(PATIENCE, is_final).expect("an answer");
    assert_eq!(answer.status(), Some(200), "{}", text(&answer));
    acknowledge(sbc, &request, &answer);
    let body = text(&answer);
    let port = body.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()).expect("audio");
    let relay = SocketAddr::new(tenant.edge.ip(), port.parse().expect("a port"));
    let live = |list: &Value| list["value"].as_array().is_some_and(|calls| calls.len() == 1);
    let list = tenant.api.wait("/api/v1/calls?state=live", PATIENCE, live);
    let id = list["value"][0]["id"].as_str().expect("an id").to_owned();
    (id, Voice::new(socket, relay))
}

fn policy(api: &Client, mode: &str, notice: &str) {
    let policy = json!({"mode": mode, "retentionDays": 7, "notice": notice});
    let _ = api.send("PUT", "/api/v1/recordingPolicy", Some(&policy)).expect(200);
}

/// The one recording of a call, once it is in a state.
fn recording(api: &Client, call: &str, state: &str) -> Value {
    let path = format!("/api/v1/recordings?callId={call}");
    let list = api.wait(&path, PATIENCE, |list| list["value"][0]["state"] == state);
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1), "{list}");
    list["value"][0].clone()
}

/// What is heard of a recording in a channel.
fn audio(api: &Client, recording: &Value, channel: &str) -> Vec<i16> {
    let id = recording["id"].as_str().expect("an id");
    let answer = api.get(&format!("/api/v1/recordings/{id}/audio?channel={channel}")).expect(200);
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    if channel == "both" {
        return answer.bytes[44..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    }
    let samples = wav::read(&answer.bytes, 60).expect("a WAV file");
    let seconds = recording["durationMs"].as_u64().expect("a duration");
    let length = samples.len() as u64 / 8;
    assert!(length.abs_diff(seconds) <= 1, "{length} ms of {recording}");
    samples
}

fn end(tenant: &Tenant, call: &str) {
    let path = format!("/api/v1/calls/{call}");
    let answer = tenant.api.delete(&path);
    assert!(matches!(answer.status, 202 | 204), "{}", answer.text);
    let _ = tenant.api.wait(&path, PATIENCE, |call| call["state"] == "ended");
}

/// The tone of a whole quarter second, or silence: which quarters hold it.
fn quarters(samples: &[i16], hertz: f64) -> Vec<char> {
    let judge = |quarter: &[i16]| match (level(quarter), share_at(quarter, hertz, 8_000)) {
        (loud, share) if loud > 500.0 && share > 0.9 => 'T',
        (quiet, _) if quiet < 20.0 => '.',
        _ => '?',
    };
    samples.chunks_exact(SECOND / 4).map(judge).collect()
}

/// A tenant whose number is answered by an SBC of its own that says the callee's tone, and the SBC that calls it.
fn house(name: &str, addresses: [&str; 2]) -> (Tenant, Sbc, testkit::phone::Phone) {
    house_of(Tenant::new(name), &name.to_lowercase().replace(' ', "-"), addresses)
}

/// The same of a tenant that is there.
fn house_of(tenant: Tenant, slug: &str, [caller, callee]: [&str; 2]) -> (Tenant, Sbc, testkit::phone::Phone) {
    let sbc = Sbc::of(&tenant, &format!("sbc.{slug}.test"), caller);
    let answers = format!("answers.{slug}.test");
    let phone = tenant.trunk(&answers, callee);
    phone
        .answering(Answering::Answer { ring: Duration::from_millis(50), sound: Sound::Tone })
        .expect("it answers");
    tenant.bind("trunk", &answers);
    (tenant, sbc, phone)
}

#[test]
fn a_call_is_recorded_by_its_tenants_policy_from_the_answer_to_its_end_each_side_on_its_own_channel() {
    let (tenant, sbc, _phone) = house("Always Recorded", ["127.22.96.1", "127.22.96.2"]);
    policy(&tenant.api, "always", "tone");
    let source = json!({"trunk": sbc.fqdn});
    let wish = json!({"from": tenant.number, "to": tenant.number, "source": source});
    let dry = tenant.api.post("/api/v1/calls:simulate", &wish).expect(200).body;
    let steps = dry["trace"].as_array().expect("a trace");
    assert!(steps.iter().any(|step| step["rule"] == "recording"), "a dry run says so: {dry}");

    let (id, voice) = call(&tenant, &sbc);
    let live = recording(&tenant.api, &id, "recording");
    assert_eq!((&live["begunBy"], &live["durationMs"]), (&json!("policy"), &json!(0)), "{live}");
    let again = tenant.api.post(&format!("/api/v1/calls/{id}/recordings"), &json!({})).expect(409);
    assert!(again.text.contains("is being recorded already"), "{}", again.text);
    thread::sleep(WHILE);
    let own = live["id"].as_str().expect("an id");
    let early = tenant.api.get(&format!("/api/v1/recordings/{own}/audio")).expect(409);
    assert!(early.text.contains("goes on"), "{}", early.text);
    end(&tenant, &id);
    drop(voice);
    let done = recording(&tenant.api, &id, "ready");
    assert_eq!((&done["notice"], &done["failure"]), (&json!("tone"), &Value::Null), "{done}");
    let lasted = done["durationMs"].as_u64().expect("a duration");
    assert!((1_200..20_000).contains(&lasted), "{done}");
    assert!(done["bytes"].as_u64().is_some_and(|bytes| bytes > 16 * lasted), "{done}");

    // The first half second may lie before the first packet of a side.
    let [caller, callee] = ["caller", "callee"].map(|channel| audio(&tenant.api, &done, channel));
    let whole = |samples: &[i16], hertz| {
        let quarters = quarters(samples, hertz);
        let heard = quarters.iter().filter(|quarter| **quarter == 'T').count();
        assert!(heard >= 4 && heard + 3 >= quarters.len(), "{hertz}: {quarters:?}");
    };
    whole(&caller, CALLER_HZ);
    whole(&callee, CALLEE_HZ);
    let mixed = audio(&tenant.api, &done, "mixed");
    let middle = &mixed[SECOND / 2..SECOND];
    assert!(
        [CALLER_HZ, CALLEE_HZ].iter().all(|hertz| share_at(middle, *hertz, 8_000) > 0.2),
        "both are mixed"
    );
    let both = audio(&tenant.api, &done, "both");
    assert_eq!(both.iter().step_by(2).copied().collect::<Vec<_>>(), caller, "the caller is left");
    assert_eq!(both.iter().skip(1).step_by(2).copied().collect::<Vec<_>>(), callee, "the callee is right");
    parts(&tenant.api, own);
    strangers(&tenant, own, &id);
    goes(&tenant, own, &id);
}

/// Parts of the file are answered as such.
fn parts(api: &Client, id: &str) {
    let path = format!("/api/v1/recordings/{id}/audio");
    let whole = api.get(&path).expect(200);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let part = |range: &str| api.send_with("GET", &path, None, &[("Range", range)]);
    let middle = part("bytes=40-99").expect(206);
    assert_eq!(middle.bytes, whole.bytes[40..100]);
    let said = format!("bytes 40-99/{}", whole.bytes.len());
    assert_eq!(middle.header("content-range"), Some(said.as_str()));
    assert_eq!(part("bytes=-8").expect(206).bytes, whole.bytes[whole.bytes.len() - 8..]);
    assert_eq!(part(&format!("bytes={}-", whole.bytes.len())).status, 416);
    assert_eq!(api.get(&format!("{path}?channel=left")).status, 400);
}

/// To another tenant, nothing of it is there.
fn strangers(tenant: &Tenant, id: &str, call: &str) {
    let stranger = crate::server().tenant("Recorded Stranger");
    policy(&stranger, "onDemand", "none");
    let path = format!("/api/v1/recordings/{id}");
    for get in [path.clone(), format!("{path}/audio")] {
        assert_eq!(stranger.get(&get).status, 404, "{get}");
    }
    for post in ["pause", "resume", "stop"].map(|verb| format!("{path}:{verb}")) {
        assert_eq!(stranger.post(&post, &json!({})).status, 404, "{post}");
    }
    assert_eq!(stranger.delete(&path).status, 404);
    assert_eq!(stranger.post(&format!("/api/v1/calls/{call}/recordings"), &json!({})).status, 404);
    assert_eq!(stranger.get("/api/v1/recordings").expect(200).body["value"], json!([]));
    let listened = tenant.api.get("/api/v1/audit?what=recording.listen").expect(200).body;
    let rows = listened["value"].as_array().expect("rows");
    let channels: Vec<_> = rows.iter().filter_map(|row| row["after"]["channel"].as_str()).collect();
    assert_eq!(channels.len(), 4, "each channel once, by its owner alone: {listened}");
    assert!(rows.iter().all(|row| row["target"] == id), "{listened}");
}

/// What is over is not recorded any more, and what is deleted is not heard.
fn goes(tenant: &Tenant, id: &str, call: &str) {
    let api = &tenant.api;
    let over = api.post(&format!("/api/v1/calls/{call}/recordings"), &json!({})).expect(409);
    assert!(over.text.contains("the call is over"), "{}", over.text);
    let path = format!("/api/v1/recordings/{id}");
    assert_eq!(api.post(&format!("{path}:pause"), &json!({})).status, 409);
    let _ = api.delete(&path).expect(204);
    assert_eq!(api.delete(&path).status, 404);
    assert_eq!(api.get(&format!("{path}/audio")).status, 404);
    assert!(api.get(&path).expect(200).body["deletedAt"].is_string());
    assert_eq!(api.get("/api/v1/recordings").expect(200).body["value"], json!([]));
    let file = crate::server().data().join("recordings").join(format!("{id}.rec"));
    assert!(!file.exists(), "its file is gone");
}

#[test]
fn a_live_call_is_recorded_by_order_and_what_is_said_in_a_pause_is_silence() {
    let (tenant, sbc, _phone) = house("Recorded On Demand", ["127.22.96.3", "127.22.96.4"]);
    let (id, voice) = call(&tenant, &sbc);
    let start = format!("/api/v1/calls/{id}/recordings");
    let off = tenant.api.post(&start, &json!({})).expect(409);
    assert!(off.text.contains("recording is off"), "{}", off.text);
    policy(&tenant.api, "onDemand", "none");
    let begun = tenant.api.post(&start, &json!({})).expect(201);
    let path = begun.header("location").expect("where it is").to_owned();
    assert_eq!((&begun.body["state"], &begun.body["notice"]), (&json!("recording"), &json!("none")));
    assert_eq!(tenant.api.delete(&path).status, 409, "it goes on");
    let order = |verb: &str, state: &str| {
        let body = tenant.api.post(&format!("{path}:{verb}"), &json!({})).expect(200).body;
        assert_eq!(body["state"], state, "{body}");
    };
    thread::sleep(WHILE);
    order("pause", "paused");
    thread::sleep(WHILE);
    order("resume", "recording");
    thread::sleep(WHILE);
    order("stop", "ready");
    let live = tenant.api.get(&format!("/api/v1/calls/{id}")).expect(200).body;
    assert_eq!(live["state"], "live", "the call goes on");
    let done = recording(&tenant.api, &id, "ready");
    for (channel, hertz) in [("caller", CALLER_HZ), ("callee", CALLEE_HZ)] {
        let quarters = quarters(&audio(&tenant.api, &done, channel), hertz);
        let is_tone = |quarter: &char| *quarter == 'T';
        let first = quarters.iter().position(is_tone).expect("a tone before the pause");
        let last = quarters.iter().rposition(is_tone).expect("a tone after it");
        let silent = quarters[first..last].iter().filter(|quarter| **quarter == '.').count();
        assert!(silent >= 4, "a second and more of silence in the middle: {quarters:?}");
        let heard = quarters.iter().filter(|quarter| is_tone(quarter)).count();
        assert!(heard >= 6, "{quarters:?}");
    }
    let again = tenant.api.post(&start, &json!({})).expect(201);
    assert_eq!(again.body["state"], "recording", "it can be recorded anew");
    end(&tenant, &id);
    drop(voice);
    let ready = tenant.api.wait("/api/v1/recordings?state=ready", PATIENCE, |list| {
        list["value"].as_array().is_some_and(|all| all.len() == 2)
    });
    assert!(ready["value"][0]["begunBy"].as_str().is_some_and(|who| who.contains('@')), "{ready}");
    for what in ["recording.start", "recording.pause", "recording.resume", "recording.stop"] {
        let rows = tenant.api.get(&format!("/api/v1/audit?what={what}")).expect(200).body;
        assert!(rows["value"].as_array().is_some_and(|rows| !rows.is_empty()), "{what}: {rows}");
    }
}
