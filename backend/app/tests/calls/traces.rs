//! The way of a trace into the database and out of it, for those who may see it.

use crate::house::{House, hangup, operator, start};
use dialtone_app::calls;
use domain::ids::CallId;
use edge::seam::{CallControl, Trace, TraceEntry, TraceEvent, TraceLeg};
use std::time::{Duration, SystemTime};
use testkit::database::TestDb;
use uuid::Uuid;

const INVITE: &[u8] =
    b"INVITE sip:+12065550100@localhost SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5062;branch=z9hG4bKa\r\n\
    From: <sip:anna@localhost>;tag=1\r\nTo: <sip:+12065550100@localhost>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
    Authorization: Digest username=\"anna\", response=\"0123456789abcdef\"\r\nContent-Length: 0\r\n\r\n";

fn trace(call: u128) -> Trace {
    let at = SystemTime::now();
    let message = |is_received: bool| TraceEvent::Message {
        leg: TraceLeg::Caller,
        is_received,
        peer: crate::house::hop("127.0.0.9:5062"),
        bytes: INVITE.into(),
    };
    let events = [message(true), message(true), TraceEvent::Ended { cause: None }];
    Trace {
        call,
        started_at: at,
        is_answered: true,
        is_ended: true,
        local: ([127, 0, 0, 1], 5060).into(),
        first: events.into_iter().map(|event| TraceEntry { at, event }).collect(),
        dropped: 0,
        last: Vec::new(),
    }
}

#[tokio::test]
async fn a_trace_is_written_down_shown_in_its_tenant_alone_and_deleted_when_it_is_old() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (house, stranger) = (House::new(&app, "acme").await, House::new(&app, "other").await);
        let (call, _) = house.connects("+12065550100").await;
        house.ends(call, Some(Duration::from_secs(3)), hangup());
        house.settled(call).await;
        let id = CallId(Uuid::from_u128(call));
        let none = calls::trace(&app, &house.actor, id).await.unwrap();
        assert!(none.entries.is_empty() && none.note.is_some_and(|note| note.contains("No trace")));

        house.control.traced(trace(call));
        let waiting = calls::trace(&app, &house.actor, id).await.unwrap();
        calls::traces_written(&app, Duration::from_secs(20)).await;
        let stored = calls::trace(&app, &house.actor, id).await.unwrap();
        assert_eq!((calls::trace_counts(&app).kept, &stored), (1, &waiting));
        let messages: Vec<_> = stored.entries.iter().filter_map(|entry| entry.message.as_ref()).collect();
        assert_eq!(messages.iter().map(|message| message.retransmission).collect::<Vec<_>>(), [false, true]);
        assert!(messages[0].text.contains("response=\"xxxxxxxxxxxxxxxx\""), "{}", messages[0].text);
        assert_eq!(stored, calls::trace(&app, &operator(), id).await.unwrap());
        assert!(calls::trace(&app, &stranger.actor, id).await.is_err());
        assert!(calls::trace_capture(&app, &stranger.actor, id).await.is_err());
        assert!(calls::trace_capture(&app, &house.actor, id).await.unwrap().len() > 2 * INVITE.len());

        let days = chrono::Duration::days;
        assert_eq!(calls::sweep_traces(&app, app.now() + days(6)).await.unwrap(), 0);
        assert_eq!(calls::sweep_traces(&app, app.now() + days(8)).await.unwrap(), 1);
        assert!(calls::trace(&app, &house.actor, id).await.unwrap().entries.is_empty());
    }
}
