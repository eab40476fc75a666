//! What is up at this moment, for whoever runs the platform: calls of all tenants, the shards that carry them, and the
//! trunks and carriers that they go over. From here a call is ended, and the node taken out of work.

use super::{
    calls::CallRow,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Operator, PageResult},
    words::{self, Badge},
};
use actix_web::{
    get, post,
    web::{Data, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    calls::{CallFilter, CallState, FAILURE_CLASSES, MeterView},
    node::ShardView,
    pool::Reading,
    recordings::DiskView,
};
use askama::Template;
use serde::Deserialize;

/// Calls on one page.
const ROWS: u32 = 50;
/// Trunks and carriers that are listed, those with the most calls first.
const PEERS_SHOWN: usize = 50;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(drain).service(resume);
}

#[derive(Template)]
#[template(path = "operator/live.html")]
struct LivePage {
    shell: Shell,
    node: String,
    state: Badge,
    draining: bool,
    live_calls: String,
    calls: Vec<CallRow>,
    next: Option<String>,
    next_label: &'static str,
    shards: Vec<ShardRow>,
    media: Option<Badge>,
    /// What recordings take of the disk.
    recordings: Badge,
    peers: Vec<PeerRow>,
    more_peers: usize,
}

/// One shard.
struct ShardRow {
    calls: String,
    queue: String,
    lag: String,
    received: String,
    sent: String,
    traces: String,
}

/// One trunk or carrier.
struct PeerRow {
    name: String,
    kind: &'static str,
    up: String,
    from: String,
    tries: String,
    answered: String,
    failures: String,
    setup: String,
    score: String,
}

/// Which part of the calls.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<String>,
}

#[get("/operator/live")]
pub(super) async fn show(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    let live = CallFilter { state: Some(CallState::Live), ..CallFilter::default() };
    let page = PageRequest { after: part.into_inner().after, size: ROWS };
    let calls = app::calls::list(&app, &operator.actor, &live, &page).await?;
    let node = app::node::get(&app, &operator.actor)?;
    let mut peers = node.peers;
    peers.sort_by_key(|peer| std::cmp::Reverse((peer.calls_up, peer.attempts + peer.calls_from)));
    let state = if node.draining { Badge::new("warn", "draining") } else { Badge::new("good", "at work") };
    operator.page(&LivePage {
        shell: operator.shell(Place::Live),
        node: node.name,
        state,
        draining: node.draining,
        live_calls: words::count(node.live_calls),
        calls: super::calls::rows(&calls.value),
        next: calls.next.map(|after| format!("/operator/live?after={after}")),
        next_label: "Older",
        shards: node.shards.iter().map(ShardRow::from).collect(),
        media: node.media.map(ports),
        recordings: room(node.recordings),
        more_peers: peers.len().saturating_sub(PEERS_SHOWN),
        peers: peers.iter().take(PEERS_SHOWN).map(PeerRow::from).collect(),
    })
}

/// How full the media relay is, and whether its workers live.
fn ports(media: Reading) -> Badge {
    let calls = format!("{} of {} calls", words::count(media.sessions), words::count(media.capacity));
    match (media.is_scarce, media.deaths) {
        (true, _) => Badge::new("bad", format!("{calls}: ports are nearly used up, widen media.ports")),
        (false, 0) => Badge::new("good", calls),
        (false, deaths) => {
            Badge::new("warn", format!("{calls}; {} workers died and were replaced", words::count(deaths)))
        }
    }
}

/// How much of their room on the disk recordings take: nearly full from 90 % on.
fn room(disk: DiskView) -> Badge {
    let (taken, most) = (super::recordings::size(disk.bytes), super::recordings::size(disk.bytes_max));
    let text = format!("{taken} of {most}, {} going on", words::count(disk.live));
    if disk.bytes_max == 0 {
        return Badge::new("", "none are kept here");
    }
    if disk.bytes >= disk.bytes_max / 10 * 9 {
        return Badge::new("bad", format!("{text}: nearly full, raise recordings.max_gib"));
    }
    Badge::new("good", text)
}

#[post("/operator/live/drain")]
pub(super) async fn drain(app: Data<App>, operator: Operator, _form: Posted<Nothing>) -> PageResult {
    app::node::drain(&app, &operator.actor, None).await?;
    Ok(operator.go_saying("/operator/live", Done::NodeDrained))
}

#[post("/operator/live/resume")]
pub(super) async fn resume(app: Data<App>, operator: Operator, _form: Posted<Nothing>) -> PageResult {
    app::node::resume(&app, &operator.actor).await?;
    Ok(operator.go_saying("/operator/live", Done::NodeResumed))
}

/// Microseconds as milliseconds with one place.
fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
}

impl From<&ShardView> for ShardRow {
    fn from(shard: &ShardView) -> Self {
        Self {
            calls: words::count(shard.calls),
            queue: words::count(shard.queue),
            lag: millis(shard.lag_us),
            received: words::count(shard.messages_in),
            sent: words::count(shard.messages_out),
            traces: format!("{} KiB", words::count(shard.trace_bytes / 1_024)),
        }
    }
}

impl From<&MeterView> for PeerRow {
    fn from(meter: &MeterView) -> Self {
        let failures: Vec<String> = FAILURE_CLASSES
            .into_iter()
            .zip(meter.failures)
            .filter(|(_, count)| *count > 0)
            .map(|(class, count)| format!("{} × {class}", words::count(count)))
            .collect();
        let name = match meter.of.kind {
            "user" => "all SIP users".to_owned(),
            "echo" => "the echo".to_owned(),
            "other" => "all others".to_owned(),
            _ => meter.of.name.clone(),
        };
        let setup = meter.setup_ms.checked_div(meter.answered);
        Self {
            name,
            kind: meter.of.kind,
            up: words::count(meter.calls_up),
            from: words::count(meter.calls_from),
            tries: words::count(meter.attempts),
            answered: words::count(meter.answered),
            failures: if failures.is_empty() { "–".to_owned() } else { failures.join(", ") },
            score: match (meter.scores.checked_div(meter.rated), meter.unheard) {
                (None, 0) => "–".to_owned(),
                (None, unheard) => format!("{} not heard", words::count(unheard)),
                (Some(score), 0) => format!("{}.{:02}", score / 100, score % 100),
                (Some(score), unheard) => {
                    format!("{}.{:02}, {} not heard", score / 100, score % 100, words::count(unheard))
                }
            },
            setup: setup.map_or_else(|| "–".to_owned(), |setup| millis(setup * 1_000)),
        }
    }
}
