//! What a relayed packet costs: `relay_bench [sessions] [seconds] [tick µs]`, one worker, G.711 of 20 ms both ways, on loopback.
//!
//! Prints packets sent and not heard (the listener's own queue overflows first where cores are few), the CPU time of the worker for each packet, and the time from sending to arrival.

use relay::{Config, Direction, Endpoint, Handle, SessionId, Side};
use std::{
    env,
    error::Error,
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use dialtone_relay as relay;

/// Packets of one side and second.
const RATE: u64 = 50;
/// Bytes of a packet: a header and 160 samples.
const PACKET: usize = 172;
/// In how many slices of the packet time the sessions send.
const SLICES: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1).map(|word| word.parse::<u64>());
    let sessions = words.next().transpose()?.unwrap_or(100) as usize;
    let seconds = words.next().transpose()?.unwrap_or(5);
    let tick = Duration::from_micros(words.next().transpose()?.unwrap_or(1000));
    let config = Config {
        ports: 20_000..=59_999,
        workers: 1,
        tick,
        bind: loopback(1),
        public: loopback(1),
        ..Config::default()
    };
    let begin = Instant::now();
    let (handle, runner) = relay::new(config)?;
    println!("{} pairs bound in {:.1} ms", runner.pairs(), begin.elapsed().as_secs_f64() * 1e3);
    let _running = runner.start()?;
    let idle = cpu_of_workers();
    thread::sleep(Duration::from_secs(1));
    println!("idle: {:.0} µs of CPU a second", (cpu_of_workers() - idle).as_secs_f64() * 1e6);

    let far = [UdpSocket::bind((loopback(2), 0))?, UdpSocket::bind((loopback(3), 0))?];
    let calls = (0..sessions).map(|_| call(&handle, &far)).collect::<Result<Vec<_>, _>>()?;
    let origin = Instant::now();
    let listeners = far
        .iter()
        .map(|socket| listen(socket.try_clone()?, origin))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    let before = cpu_of_workers();
    let sent = send(&far, &calls, origin, seconds)?;
    thread::sleep(Duration::from_millis(100));
    let cpu = cpu_of_workers() - before;
    let mut delays = Vec::new();
    for listener in listeners {
        delays.extend(listener.join().map_err(|_| "a listener panicked")?);
    }
    delays.sort_unstable();
    let at =
        |share: usize| delays.get(delays.len().saturating_sub(1) * share / 100).copied().unwrap_or(0) / 1000;
    println!(
        "{sessions} sessions: {sent} packets, {} not heard, {:.2} µs of CPU a packet, p50 {} µs, p99 {} µs",
        sent - delays.len() as u64,
        cpu.as_secs_f64() * 1e6 / sent as f64,
        at(50),
        at(99)
    );
    let stats: Vec<_> = calls.iter().filter_map(|call| handle.close(call.0).ok()).collect();
    let each = stats.iter().flat_map(|stats| [&stats.from_a, &stats.from_b]);
    let (relayed, foreign) = each.fold((0, 0), |sum, from| (sum.0 + from.packets, sum.1 + from.foreign));
    println!("relayed: {relayed}, foreign: {foreign}, memory: {}", memory());
    Ok(())
}

fn loopback(last: u8) -> std::net::IpAddr {
    Ipv4Addr::new(127, 0, 90, last).into()
}

type Call = (SessionId, [SocketAddr; 2]);

fn call(handle: &Handle, far: &[UdpSocket; 2]) -> Result<Call, Box<dyn Error>> {
    let session = handle.open()?;
    let mut to = Vec::new();
    for (side, socket) in [Side::A, Side::B].into_iter().zip(far) {
        let rtp = socket.local_addr()?;
        let codec = "PCMU".to_owned();
        let end = Endpoint {
            rtp,
            rtcp: rtp,
            direction: Direction::SendRecv,
            payload: Some(0),
            codec,
            clock_rate: 8000,
            private_address: true,
            keys: None,
        };
        handle.set_remote(session, side, Some(&end))?;
        let (address, port, _) = handle.local(session, side)?;
        to.push(SocketAddr::new(address, port));
    }
    Ok((session, [to[0], to[1]]))
}

/// Sends both ways in slices of the packet time; how many packets.
fn send(far: &[UdpSocket; 2], calls: &[Call], origin: Instant, seconds: u64) -> Result<u64, std::io::Error> {
    let slice = Duration::from_micros(1_000_000 / RATE / SLICES as u64);
    let begin = Instant::now();
    let (mut sent, mut packet) = (0, [0u8; PACKET]);
    packet[0] = 0x80;
    for step in 0..(seconds * RATE) as usize * SLICES {
        let round = (step / SLICES) as u32;
        packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(round * 160).to_be_bytes());
        for (_, to) in calls.iter().skip(step % SLICES).step_by(SLICES) {
            for (socket, to) in far.iter().zip(to) {
                packet[12..20].copy_from_slice(&(origin.elapsed().as_nanos() as u64).to_be_bytes());
                sent += u64::from(socket.send_to(&packet, to)? == PACKET);
            }
        }
        thread::sleep((begin + slice * (step as u32 + 1)).saturating_duration_since(Instant::now()));
    }
    Ok(sent)
}

/// Takes what arrives until nothing has for a second; the delays in nanoseconds.
fn listen(socket: UdpSocket, origin: Instant) -> Result<thread::JoinHandle<Vec<u64>>, std::io::Error> {
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok(thread::spawn(move || {
        let (mut delays, mut packet) = (Vec::new(), [0u8; 2048]);
        while let Ok(length) = socket.recv(&mut packet) {
            let stamp =
                packet[..length].get(12..20).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            let now = origin.elapsed().as_nanos() as u64;
            delays.extend(stamp.map(|stamp| now.saturating_sub(stamp)));
        }
        delays
    }))
}

/// CPU time of the relay's threads so far.
fn cpu_of_workers() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ours = tasks.filter(|task| {
        fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("relay-"))
    });
    let nanos = ours.filter_map(|task| {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default().trim().to_owned()
}
