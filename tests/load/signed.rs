//! What a request signed with an access key costs: a read of the owned numbers, and a search, over kept connections.

use crate::cpu::{self, Reading};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};
use testkit::server::{Options, Server};

/// The server, beside which a load on the usual address may run.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 24, 16, 1);
const VERSION: &str = "api-version=2025-06-01";
/// Connections at a time; each has one request under way.
const CONNECTIONS: usize = 4;
/// Numbers that the tenant owns, and a read lists.
const OWNED: usize = 10;
/// The first mark for a signed read, in microseconds of CPU.
const MARK_MICROS: f64 = 150.0;
/// Requests before it counts.
const WARM: u32 = 500;

/// Numbers of one country that the sandbox has for sale are more than this.
const SEARCHES: u32 = 40;

/// A request as it goes over the wire, signed once: a signature holds for a quarter of an hour.
fn signed(key: &[u8], method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let host = format!("{ADDRESS}:8080");
    let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let hash = STANDARD.encode(Sha256::digest(body));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(format!("{method}\n{path}\n{date};{host};{hash}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nx-ms-date: {date}\r\nx-ms-content-sha256: {hash}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nAuthorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    fn open() -> Self {
        let stream = TcpStream::connect((ADDRESS, 8080)).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream: BufReader::new(stream) }
    }

    fn ask(&mut self, request: &[u8]) {
        self.stream.get_mut().write_all(request).expect("the server reads");
    }

    /// The status of the answer, read to its end.
    fn answer(&mut self) -> u16 {
        let mut status = 0;
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("an answer");
            let head = line.trim_end();
            if head.is_empty() {
                break;
            }
            if status == 0 {
                status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
            } else if let Some((name, value)) = head.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        status
    }
}

/// So many requests over all lines; what was answered must have this status.
fn rounds(lines: &mut [Line], request: &[u8], requests: u32, status: u16) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..requests.div_ceil(u32::try_from(lines.len()).expect("few")) {
        let began = Instant::now();
        lines.iter_mut().for_each(|line| line.ask(request));
        for line in &mut *lines {
            assert_eq!(line.answer(), status);
            times.push(began.elapsed());
        }
    }
    times
}

/// Measures so many reads, and a tenth as many searches.
pub(crate) fn run(binary: &str, requests: u32) {
    let settings = [
        ("DIALTONE_SANDBOX", "on"),
        ("RUST_LOG", "error"),
        ("DIALTONE_LIMITS__TENANT_REQUESTS_PER_SECOND", "0"),
        ("DIALTONE_LIMITS__KEY_REQUESTS_PER_SECOND", "0"),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(Options { binary: binary.into(), address: ADDRESS, settings });
    cpu::pin(server.pid(), 1);
    let tenant = server.tenant("Signed");
    for number in 0..OWNED {
        let _ = tenant.buy(if number.is_multiple_of(2) { "US" } else { "SE" }, "geographic");
    }
    let key = tenant.account["accessKeys"]["primary"].as_str().expect("a key");
    let key = STANDARD.decode(key).expect("base64");
    let wish = json!({"phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": {"calling": "inbound", "sms": "none"}, "quantity": 1});
    let read = signed(&key, "GET", &format!("/phoneNumbers?{VERSION}"), b"");
    let body = wish.to_string();
    let search = format!("/availablePhoneNumbers/countries/AU/:search?{VERSION}");
    let mut lines: Vec<Line> = (0..CONNECTIONS).map(|_| Line::open()).collect();
    println!(
        "\n{:>34} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "signed request", "done", "per s", "CPU us", "p50 ms", "p99 ms"
    );
    let _ = rounds(&mut lines, &read, WARM, 200);
    let cost = measure(&server, "GET /phoneNumbers, 10 owned", &mut lines, &read, requests, 200);
    println!("{:>34} {:.2} of the first mark of {MARK_MICROS} us", "", cost / MARK_MICROS);
    // Each search holds a number for a quarter of an hour: as many as the sandbox has for sale in one country.
    let mut one = vec![Line::open()];
    let country = signed(&key, "POST", &search, body.as_bytes());
    let _ = measure(&server, "POST :search, one number held", &mut one, &country, SEARCHES, 202);
    let places = signed(&key, "GET", &format!("/availablePhoneNumbers/countries?{VERSION}"), b"");
    let _ = measure(&server, "GET countries", &mut lines, &places, requests, 200);
}

fn measure(
    server: &Server,
    what: &str,
    lines: &mut [Line],
    request: &[u8],
    requests: u32,
    status: u16,
) -> f64 {
    let before = Reading::of(&[server.pid()]);
    let began = Instant::now();
    let mut times = rounds(lines, request, requests, status);
    let took = began.elapsed();
    let cost = cpu::micros(Reading::of(&[server.pid()]).since(&before).all(), times.len() as u64);
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "{what:>34} {:>9} {:>9.0} {cost:>9.1} {:>9.2} {:>9.2}",
        times.len(),
        times.len() as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99)
    );
    cost
}
