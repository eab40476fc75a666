//! rtpengine's control protocol "ng": a dictionary in bencode over UDP, with a cookie before it.

use crate::peer::key_in;
use media::sdp::Crypto;
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

/// How long an answer is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// A connection to an rtpengine.
pub(crate) struct Ng {
    socket: UdpSocket,
    asked: u64,
}

impl Ng {
    pub(crate) fn connect(to: &str) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.24.5.9:0")?;
        socket.connect(to)?;
        socket.set_read_timeout(Some(WAIT))?;
        Ok(Self { socket, asked: 0 })
    }

    /// Asks one thing; the answer's dictionary as it came.
    pub(crate) fn ask(&mut self, words: &[(&str, &str)]) -> io::Result<String> {
        self.asked += 1;
        let cookie = format!("c{} ", self.asked);
        let mut words = words.to_vec();
        words.sort_unstable();
        let item = |word: &str| format!("{}:{word}", word.len());
        let body: String = words.iter().map(|(key, value)| item(key) + &item(value)).collect();
        self.socket.send(format!("{cookie}d{body}e").as_bytes())?;
        let mut room = [0; 8192];
        loop {
            let length = self.socket.recv(&mut room)?;
            let text = String::from_utf8_lossy(&room[..length]).into_owned();
            if let Some(answer) = text.strip_prefix(&cookie) {
                return Ok(answer.to_owned());
            }
        }
    }

    /// Offers or answers a description; where its audio is to be sent, and the key that it is encrypted with.
    pub(crate) fn describe(&mut self, words: &[(&str, &str)]) -> io::Result<(SocketAddr, Option<Crypto>)> {
        let answer = self.ask(words)?;
        let line = |start: &str| answer.lines().find_map(|line| line.split_once(start)).map(|(_, rest)| rest);
        let address = line("c=IN IP4 ").and_then(|rest| rest.trim().parse().ok());
        let port = line("m=audio ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        match address.zip(port) {
            Some((address, port)) => Ok((SocketAddr::new(address, port), key_in(&answer))),
            None => Err(io::Error::other(format!("rtpengine says {answer}"))),
        }
    }
}
