//! This node, for whoever runs it: its load, and taking it out of work.

use super::{Operator, ok};
use crate::{error::ApiResult, extract::RawBody};
use actix_web::{HttpMessage as _, HttpRequest, get, post, web::Data};
use app::{
    calls::{FAILURE_CLASSES, MeterView},
    node::{NodeView, ShardView},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_node).service(drain_node).service(resume_node);
}

/// What a node is at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    name: String,
    /// It takes no new calls.
    draining: bool,
    live_calls: u64,
    shards: Vec<Shard>,
    /// Trunks and carriers with calls since the start; beyond a thousand they count as `other`.
    peers: Vec<Peer>,
    /// The media relay; `null` where the node carries no calls.
    media: Option<Media>,
    recordings: RecordingsDisk,
}

/// What recordings of calls take of the disk.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NodeRecordings)]
pub(crate) struct RecordingsDisk {
    bytes: u64,
    /// What they may take: further ones fail then.
    bytes_max: u64,
    /// Recordings that go on.
    live: u64,
}

/// What the media relay is at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NodeMedia)]
pub(crate) struct Media {
    /// Calls that have ports.
    sessions: u64,
    /// Calls that the ports allow at a time.
    capacity: u64,
    /// Ports are nearly used up: from 80 % on, until less than 70 % are.
    scarce: bool,
    /// How often a worker has died and was replaced since the start.
    worker_deaths: u64,
}

/// What a signalling shard is at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NodeShard)]
pub(crate) struct Shard {
    calls: u64,
    /// Messages that wait for it.
    queue: u64,
    /// The longest turn of its loop of late, microseconds.
    lag_us: u64,
    trace_bytes: u64,
    messages_in: u64,
    messages_out: u64,
}

/// What goes on with a trunk or carrier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NodePeer)]
pub(crate) struct Peer {
    /// `trunk`, `carrier`, `user` (all SIP users together), `echo` or `other`.
    kind: &'static str,
    name: String,
    calls_up: u64,
    /// Calls that came from it.
    calls_from: u64,
    /// Tries to reach somebody through it.
    attempts: u64,
    answered: u64,
    /// Tries that failed, by class: `4xx`, `5xx`, `unreachable`, …
    #[schema(value_type = Object)]
    failures: BTreeMap<&'static str, u64>,
    /// Mean time until the answer, milliseconds; `null` where nothing was answered.
    setup_ms: Option<u64>,
    /// Mean opinion score of the audio from it, 1 to 4.5 on one scale for all codecs; `null` where none was rated.
    mos: Option<f64>,
    /// Calls in which its audio was not to be heard: by their verdict neither `flowing` nor `not-agreed`.
    unheard: u64,
}

/// For how long calls may go on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Drain {
    /// Seconds until the calls that are left are ended; left out, a week.
    deadline_seconds: Option<u64>,
}

/// What this node is at: its shards, trunks and carriers.
#[utoipa::path(tag = "operator", responses((status = 200, body = Node)))]
#[get("/api/v1/operator/node")]
pub(crate) async fn get_node(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&Node::from(app::node::get(&app, &operator)?))
}

/// Takes this node out of work: new calls get 503 with Retry-After, those that are up go on.
#[utoipa::path(tag = "operator", request_body = Option<Drain>, responses((status = 200, body = Node)))]
#[post("/api/v1/operator/node:drain")]
pub(crate) async fn drain_node(app: Data<app::App>, operator: Operator, request: HttpRequest) -> ApiResult {
    let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
    let drain: Drain = if body.is_empty() { Drain::default() } else { crate::extract::from_slice(&body)? };
    ok(&Node::from(app::node::drain(&app, &operator, drain.deadline_seconds.map(Duration::from_secs)).await?))
}

/// Has this node take calls again.
#[utoipa::path(tag = "operator", responses((status = 200, body = Node)))]
#[post("/api/v1/operator/node:resume")]
pub(crate) async fn resume_node(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&Node::from(app::node::resume(&app, &operator).await?))
}

impl From<NodeView> for Node {
    fn from(view: NodeView) -> Self {
        Self {
            name: view.name,
            draining: view.draining,
            live_calls: view.live_calls,
            shards: view.shards.into_iter().map(Shard::from).collect(),
            peers: view.peers.into_iter().map(Peer::from).collect(),
            media: view.media.map(|media| Media {
                sessions: media.sessions,
                capacity: media.capacity,
                scarce: media.is_scarce,
                worker_deaths: media.deaths,
            }),
            recordings: RecordingsDisk {
                bytes: view.recordings.bytes,
                bytes_max: view.recordings.bytes_max,
                live: view.recordings.live,
            },
        }
    }
}

impl From<ShardView> for Shard {
    fn from(view: ShardView) -> Self {
        let ShardView { calls, queue, lag_us, trace_bytes, messages_in, messages_out } = view;
        Self { calls, queue, lag_us, trace_bytes, messages_in, messages_out }
    }
}

impl From<MeterView> for Peer {
    fn from(view: MeterView) -> Self {
        let failures =
            FAILURE_CLASSES.into_iter().zip(view.failures).filter(|(_, count)| *count > 0).collect();
        Self {
            kind: view.of.kind,
            name: view.of.name,
            calls_up: view.calls_up,
            calls_from: view.calls_from,
            attempts: view.attempts,
            answered: view.answered,
            failures,
            setup_ms: view.setup_ms.checked_div(view.answered),
            mos: view.scores.checked_div(view.rated).map(|score| score as f64 / 100.0),
            unheard: view.unheard,
        }
    }
}
