//! The load tool: what a call and a packet cost, beside Kamailio in the same run. See `run` for what it is asked.
//!
//! CPU is what the scheduler counted for the server's process, which holds portal, edge, relay, jobs and an idle sandbox, or for all
//! of Kamailio's. The server runs on core 1 alone, the generator on core 0. On loopback a sender pays for the delivery into
//! the receiver's socket too; the floor that is printed says what that costs in this minute. A figure is read only after
//! the last call is recorded, charged and committed.

mod against;
mod cpu;
mod expiry;
mod generator;
mod kamailio;
mod keys;
mod link;
mod media;
mod money;
mod overload;
mod peers;
mod postgres;
mod signed;
mod slope;
mod snapshot;
mod step;
mod stock;
mod table;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().expect("the path of the binary");
    let task = arguments.next().unwrap_or_else(|| "table".to_owned());
    if task == "against" {
        cpu::pin(std::process::id(), 0);
        let binaries: Vec<String> = std::iter::once(binary).chain(arguments).collect();
        return against::run(&binaries, against::RATE);
    }
    let given: Vec<u32> = arguments.map(|word| word.parse().expect("a number")).collect();
    let given = |usual: &[u32]| if given.is_empty() { usual.to_vec() } else { given.clone() };
    cpu::pin(std::process::id(), 0);
    println!("floor: one 172-byte datagram over loopback costs {:.2} us of CPU", cpu::floor());
    match task.as_str() {
        "table" => table::run(&binary, &given(&[200, 500, 1000, 2000])),
        "durable" => table::like_with_like(&binary, &given(&[2000])),
        "own" => table::own(&binary, &given(&[200, 500, 1000, 2000])),
        "overload" => overload::run(&binary, &given(&[1000, 2000, 3000, 4000, 6000])),
        "slope" => slope::run(&binary, &given(&[100, 1000, 4000, 10_000])),
        "deck" => given(&[1_000_000]).iter().for_each(|rows| money::deck(&binary, *rows)),
        "rated" => money::rated(&binary, &given(&[500, 1000, 1500, 2000])),
        "media" => media::run(&binary, &given(&[25, 50, 100])),
        "sipp" => peers::sipp(&binary, &given(&[200, 400])),
        "signed" => given(&[20_000]).iter().for_each(|requests| signed::run(&binary, *requests)),
        "expiry" => expiry::run(&binary),
        "stock" => {
            let given = given(&[1_000_000, 500]);
            stock::run(given[0].into(), given.get(1).map_or(500, |questions| *questions as usize));
        }
        "snapshot" => given(&[100]).iter().for_each(|changes| snapshot::run(&binary, *changes)),
        other => {
            panic!(
                "{other} is not asked of this tool: table, durable, own, overload, slope, media, sipp, snapshot, expiry, stock, signed, deck, rated"
            )
        }
    }
    println!("floor: one 172-byte datagram over loopback costs {:.2} us of CPU", cpu::floor());
}
