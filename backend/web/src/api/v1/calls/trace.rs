//! The messages and media events of a call, as JSON or as a capture file.

use super::call_id;
use crate::{
    api::v1::ok,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Params,
};
use actix_web::{
    HttpResponse, get,
    http::header::CONTENT_DISPOSITION,
    web::{Data, Path},
};
use app::calls::{self, EntryView, HeaderView, MessageView, PartyView, TraceView};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A call's messages and media events, in order. Credentials and keys of media are overwritten with `x`; of a leg with a
/// carrier its hosts and addresses are taken out, of another tenant's leg only methods and statuses are left.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallTrace)]
pub(super) struct Trace {
    call_id: Uuid,
    /// `live` or `ended`.
    state: &'static str,
    /// The caller, the edge, and each place that was tried.
    parties: Vec<Party>,
    entries: Vec<Entry>,
    /// Entries of the middle that were not kept: a call keeps its first and last ones.
    dropped: u32,
    /// Why there is nothing, or what to know of it.
    note: Option<String>,
}

/// One who took part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TraceParty)]
pub(super) struct Party {
    /// `caller`, `edge`, `callee-1`, `callee-2`, …
    id: String,
    /// `user`, `trunk`, `carrier`, `onNet` (another tenant), `echo` or `edge`.
    kind: &'static str,
    name: String,
    /// Address and port, or a name that stands for them.
    address: String,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TraceEntry)]
pub(super) struct Entry {
    at: DateTime<Utc>,
    /// Microseconds since the first entry.
    offset_us: u64,
    /// `message`, `milestone` or `media`.
    kind: &'static str,
    /// The party that it is about; of a message the far end.
    party: Option<String>,
    /// One line.
    summary: String,
    /// A word for what happened, where it is no message.
    event: Option<&'static str>,
    message: Option<SipMessage>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SipMessage {
    /// `received` by the edge, or `sent`.
    direction: &'static str,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    transport: String,
    /// Of a response, that of its request.
    method: String,
    status: Option<u16>,
    /// The same message was there before.
    retransmission: bool,
    /// Something was taken out for the reader.
    redacted: bool,
    headers: Vec<SipHeader>,
    body: String,
    /// The message as it was on the wire, as far as it is shown.
    text: String,
}

/// A header line; its name in full.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SipHeader {
    name: String,
    value: String,
}

/// In which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TraceForm {
    /// `json`, or `pcap` for a capture of raw IP packets, each message one UDP datagram whatever carried it.
    format: Option<String>,
}

/// The messages and media events of a call, in order.
#[utoipa::path(tag = "calls", params(TraceForm), responses((status = 200, body = Trace)))]
#[get("/api/v1/calls/{id}/trace")]
pub(crate) async fn get_trace(
    app: Data<app::App>,
    caller: Caller,
    id: Path<String>,
    form: Params<TraceForm>,
) -> ApiResult {
    let id = call_id(&id)?;
    match form.0.format.as_deref() {
        None | Some("json") => ok(&Trace::from(calls::trace(&app, &caller, id).await?)),
        Some("pcap") => Ok(capture(&id.to_string(), calls::trace_capture(&app, &caller, id).await?)),
        Some(_) => Err(ApiError::invalid("format", "format: json or pcap")),
    }
}

/// A capture file to be saved.
pub(crate) fn capture(id: &str, bytes: Vec<u8>) -> HttpResponse {
    let name = format!("attachment; filename=\"call-{id}.pcap\"");
    HttpResponse::Ok()
        .content_type("application/vnd.tcpdump.pcap")
        .insert_header((CONTENT_DISPOSITION, name))
        .body(bytes)
}

impl From<TraceView> for Trace {
    fn from(view: TraceView) -> Self {
        Self {
            call_id: view.call_id.0,
            state: view.state.word(),
            parties: view.parties.into_iter().map(Party::from).collect(),
            entries: view.entries.into_iter().map(Entry::from).collect(),
            dropped: view.dropped,
            note: view.note,
        }
    }
}

impl From<PartyView> for Party {
    fn from(PartyView { id, kind, name, address }: PartyView) -> Self {
        Self { id, kind, name, address }
    }
}

impl From<EntryView> for Entry {
    fn from(view: EntryView) -> Self {
        let EntryView { at, offset_us, kind, party, summary, event, message } = view;
        Self { at, offset_us, kind, party, summary, event, message: message.map(SipMessage::from) }
    }
}

impl From<MessageView> for SipMessage {
    fn from(view: MessageView) -> Self {
        let MessageView {
            received,
            transport,
            method,
            status,
            retransmission,
            redacted,
            headers,
            body,
            text,
        } = view;
        let header = |HeaderView { name, value }| SipHeader { name, value };
        Self {
            direction: if received { "received" } else { "sent" },
            transport,
            method,
            status,
            retransmission,
            redacted,
            headers: headers.into_iter().map(header).collect(),
            body,
            text,
        }
    }
}
