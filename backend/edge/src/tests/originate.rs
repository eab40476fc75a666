//! Requests of ours: what the app asks of the edge, and hears back.

use super::{Edge, wait_for};
use crate::seam::{Hop, Originated, Origination, Reply};
use bytes::Bytes;
use sip::b2bua::Peer;
use sip::transaction::reply;
use sip::wire::Message;
use sip::{Method, Transport};
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

type Said = Arc<Mutex<Vec<Option<Originated>>>>;

fn ask(edge: &Edge, peer: &UdpSocket) -> Said {
    let said = Said::default();
    let hears = Arc::clone(&said);
    let hop = Hop { address: peer.local_addr().unwrap(), transport: Transport::Udp };
    let request = Origination {
        hop,
        method: Method::Options,
        uri: format!("sip:{}", hop.address),
        from: "<sip:edge.test>".to_owned(),
        to: format!("<sip:{}>", hop.address),
        call_id: None,
        cseq: 1,
        contact_user: None,
        headers: vec![("Accept".to_owned(), "application/sdp".to_owned())],
        credentials: None,
    };
    edge.handle.originate(request, Reply::new(move |result| hears.lock().unwrap().push(result)));
    said
}

#[test]
fn the_app_hears_what_a_peer_says_to_our_options() {
    let edge = Edge::start();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let said = ask(&edge, &peer);
    let mut buffer = [0; 4096];
    let (length, from) = peer.recv_from(&mut buffer).unwrap();
    let asked = Message::parse(Bytes::copy_from_slice(&buffer[..length])).unwrap();
    let answer = reply(&asked, &Peer::new(from, Transport::Udp), 405, "Nothing Of That", "t");
    peer.send_to(&answer.header("Allow", "INVITE").finish(), from).unwrap();
    let result = wait_for("the result", || said.lock().unwrap().pop()).unwrap();
    assert_eq!((result.status, result.is_answered, result.cseq), (405, true, 1));
    assert_eq!((result.reason.as_str(), result.header("allow")), ("Nothing Of That", Some("INVITE")));
}

#[test]
fn a_question_that_is_open_when_the_edge_stops_is_answered_with_nothing() {
    let edge = Edge::start();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let said = ask(&edge, &peer);
    peer.recv_from(&mut [0; 4096]).unwrap();
    drop(edge);
    assert_eq!(*said.lock().unwrap(), [None]);
}
