//! What callers hear of calls that fail: tones, or the operator's file, and then the refusal.

use crate::{
    BINARY, ECHO, Tenant,
    ends::{End, speak_alone},
};
use media::{codec::Coding, g711::Law, rtp, sdp, tone, wav};
use serde_json::json;
use std::{
    net::{Ipv4Addr, UdpSocket},
    time::{Duration, Instant},
};
use testkit::server::{Client, Server};

/// The side that pays, in the test of money that runs out.
const PAYER: &str = "127.22.73.2";
/// The SBC of the test.
const SBC: &str = "127.22.61.2";
const PATIENCE: Duration = Duration::from_secs(20);
const PATH: &str = "/api/v1/operator/announcements";

fn socket(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind((SBC, port)).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    socket
}

/// What the SBC hears of a call to what is no number: the samples, and the status and Reason at the end.
fn heard(server: &Server, signalling: &UdpSocket, call: &str) -> (Vec<i16>, String) {
    let audio = socket(0);
    let port = audio.local_addr().expect("its address").port();
    let offer = sdp::simple_offer(SBC.parse().expect("an address"), port, &[8, 0], sdp::Direction::SendRecv);
    let invite = |method: &str, to_tag: &str, body: &str| {
        format!(
            "{method} sip:12@127.22.61.1 SIP/2.0\r\nVia: SIP/2.0/UDP {SBC}:5060;branch=z9hG4bK-{call};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:+15550001111@{SBC}>;tag={call}\r\nTo: <sip:12@127.22.61.1>{to_tag}\r\nCall-ID: {call}@{SBC}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:x@{SBC}:5060>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    signalling.send_to(invite("INVITE", "", &offer).as_bytes(), server.sip()).expect("it is sent");
    let (mut packets, mut buffer, deadline) = (Vec::new(), [0; 4096], Instant::now() + PATIENCE);
    let mut has_early_media = false;
    loop {
        assert!(Instant::now() < deadline, "no end came; {} packets were heard", packets.len());
        while let Ok((length, _)) = audio.recv_from(&mut buffer) {
            packets.push(buffer[..length].to_vec());
        }
        let Ok((length, _)) = signalling.recv_from(&mut buffer) else { continue };
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if answer.starts_with("SIP/2.0 183") {
            has_early_media = answer.contains("m=audio ");
        } else if !answer.starts_with("SIP/2.0 1") && answer.contains(&format!("{call}@")) {
            let to = answer.lines().find(|line| line.starts_with("To:")).expect("a To");
            let tag = &to[to.find(";tag=").expect("a tag")..];
            let _ = signalling.send_to(invite("ACK", tag, "").as_bytes(), server.sip());
            assert!(has_early_media || packets.is_empty(), "{answer}");
            return (samples(&packets), answer);
        }
    }
}

fn samples(packets: &[Vec<u8>]) -> Vec<i16> {
    let mut out = Vec::new();
    let headers: Vec<_> = packets
        .iter()
        .map(|packet| {
            let packet = rtp::Packet::parse(packet).expect("RTP alone");
            assert_eq!(
                (packet.header.payload_type, packet.payload.len()),
                (8, 160),
                "the first of the offer"
            );
            Law::A.decode_into(packet.payload, &mut out);
            packet.header
        })
        .collect();
    assert!(headers.windows(2).all(|two| {
        two[1].sequence == two[0].sequence.wrapping_add(1)
            && two[1].timestamp == two[0].timestamp.wrapping_add(160)
            && two[1].ssrc == two[0].ssrc
    }));
    out
}

fn tenant_with_trunk(server: &Server) -> Client {
    let tenant = server.tenant("Hears It");
    let made = json!({"trunks": {"sbc.hears.test": {"sipSignalingPort": 5060}}});
    let _ = tenant.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let udp = json!({"transport": "udp", "addresses": [SBC], "media": {"srtp": "off"}});
    let _ = tenant.patch("/api/v1/trunks/sbc.hears.test", &udp).expect(200);
    tenant
}

#[test]
fn a_call_that_fails_is_heard_as_tones_then_as_the_operators_file_and_is_refused_after() {
    let server = Server::start(BINARY, Ipv4Addr::new(127, 22, 61, 1));
    let operator = server.operator();
    let _tenant = tenant_with_trunk(&server);
    let signalling = socket(5060);
    let (silence, answer) = heard(&server, &signalling, "plain");
    assert!(silence.is_empty() && answer.starts_with("SIP/2.0 484"), "nothing is heard by default: {answer}");

    let settings = json!({"announced": ["bad-number"], "country": "GB", "secondsMax": 2});
    let _ = operator.patch(PATH, &settings).expect(200);
    let (tones, answer) = heard(&server, &signalling, "tones");
    assert!(answer.starts_with("SIP/2.0 484") && answer.contains("text=\"bad-number\""), "{answer}");
    assert!(tones.len().abs_diff(16_000) <= 800, "two seconds: {}", tones.len());
    for (step, frequency) in [950.0, 1400.0, 1800.0].into_iter().enumerate() {
        let share = tone::share_at(&tones[step * 2_640 + 200..(step + 1) * 2_640 - 200], frequency, 8_000);
        assert!(share > 0.9, "{frequency} Hz: {share}");
    }

    let mut spoken = vec![0; 48_000];
    tone::Sine::new(700.0, 48_000, 9_000).fill(&mut spoken);
    let path = format!("{PATH}/bad-number/en");
    let view =
        operator.send_bytes("PUT", &path, "audio/wav", wav::write(1, 48_000, &spoken)).expect(200).body;
    let cause = view["causes"].as_array().expect("causes").iter().find(|one| one["cause"] == "bad-number");
    assert_eq!(cause.expect("it")["files"][0]["durationMillis"], 1_000, "{view}");
    let (file, _) = heard(&server, &signalling, "file");
    assert!(file.len().abs_diff(8_000) <= 800, "one second: {}", file.len());
    assert!(tone::share_at(&file[400..7_000], 700.0, 8_000) > 0.9);

    let broken = operator.send_bytes("PUT", &path, "audio/wav", b"ID3 is no WAV".to_vec()).expect(400);
    assert_eq!(broken.body["error"]["target"], "file", "{}", broken.text);
    assert_eq!(operator.get(&path).expect(200).bytes.len(), 44 + 16_000);
    let _ = operator.delete(&path).expect(204);
    let _ = operator.get(&path).expect(404);
}

/// A tenant on a plan whose holds are of a few seconds, with so much money.
fn short_of_money(server: &Server, hold_seconds: u32, micros: i64) -> Tenant {
    let (operator, tenant) = (server.operator(), Tenant::on(server, "Soon Poor"));
    let usd = |micros: i64| json!({"amountMicros": micros, "currency": "USD"});
    let plan = json!({"name": "short holds", "currency": "USD", "appLeg": usd(0), "trunkLeg": usd(0), "holdSeconds": hold_seconds,
        "outbound": [{"prefix": "", "perMinute": usd(60_000)}], "inbound": {"geographic": usd(0)}});
    tenant.rate_by(&operator, &plan);
    let id = tenant.api.account["tenant"]["id"].as_str().expect("an id");
    let path = format!("/api/v1/operator/tenants/{id}");
    let credit = json!({"amount": usd(micros - tenant.available()), "reason": "a test of the end of money"});
    let answer = operator.post(&format!("{path}:credit"), &credit);
    assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.text);
    tenant
}

#[test]
fn money_that_runs_out_is_heard_within_the_time_that_is_paid_for_and_then_the_call_ends() {
    let server = Server::start(BINARY, Ipv4Addr::new(127, 22, 73, 1));
    let operator = server.operator();
    let settings = json!({"announced": ["out-of-funds"], "country": "GB", "secondsMax": 2});
    let _ = operator.patch(PATH, &settings).expect(200);
    let mut spoken = vec![0; 16_000];
    tone::Sine::new(700.0, 16_000, 9_000).fill(&mut spoken);
    let file = wav::write(1, 16_000, &spoken);
    let _ = operator.send_bytes("PUT", &format!("{PATH}/out-of-funds/en"), "audio/wav", file).expect(200);
    // 0.001 a second: a hold of six seconds, and nothing is left for another second.
    let tenant = short_of_money(&server, 6, 6_100);
    let mut payer = End::new(&tenant, "sbc.soon-poor.test", PAYER, Coding::Pcma, &json!({}));
    let request = payer.invites(&tenant.number, ECHO);
    assert_eq!(payer.is_told(&request).0, 200);
    speak_alone(&mut payer, |payer| payer.ended.is_some());
    let reason = payer.ended.take().expect("it is ended");
    assert!(reason.contains("out-of-funds"), "{reason}");
    // Silence, as it came back of the echo; then the file, of which the end of the call cuts nothing that matters.
    let loud = |window: &[i16]| tone::level(window) > 1_000.0;
    let from = payer.heard.chunks(160).position(loud).expect("something is heard") * 160;
    let (before, during) = payer.heard.split_at(from);
    assert!(before.len() >= 3 * 8_000, "first the call goes on as ever: {} samples", before.len());
    assert!((6_000..=9_000).contains(&during.len()), "a second of the file: {} samples", during.len());
    assert!(tone::share_at(&during[400..5_600], 700.0, 8_000) > 0.9);
    let record = tenant.record(ECHO);
    assert_eq!(record["outcome"]["cause"], "out-of-funds", "{record}");
    let duration = record["durationMs"].as_i64().expect("ms");
    assert!((6_000..=6_100).contains(&duration), "what the money covers: {duration}");
    assert!(tenant.available() >= 0 && tenant.held() == 0);
}
