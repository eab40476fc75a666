//! SIP over WebSocket (RFC 7118): `/sip/ws` speaks WebSocket with the subprotocol `sip`, and hands whole messages to
//! whoever mounted it. What it says is not looked at here.

use crate::{error::ApiError, server::Connection};
use actix_codec::{Decoder as _, Encoder as _};
use actix_http::ws::{Codec, Frame, Item, Message, ProtocolError, hash_key, verify_handshake};
use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    body::{BodySize, BodyStream, MessageBody},
    http::{
        StatusCode,
        header::{HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL},
    },
    web::{Bytes, BytesMut, Data, Payload},
};
use std::{
    convert::Infallible,
    fmt,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::mpsc::{Receiver, Sender, WeakSender, channel},
    time::{sleep, timeout},
};

/// The path.
pub(crate) const PATH: &str = "/sip/ws";
/// The subprotocol (RFC 7118 §4.1).
const SUBPROTOCOL: &str = "sip";
/// The largest SIP message in one WebSocket message, in bytes.
const MESSAGE_MAX_BYTES: usize = 64 * 1024;
/// Messages that wait for one connection; beyond, it counts as gone.
const QUEUE_MAX: usize = 64;
/// A connection that was silent for so long is asked whether it is there.
const PING_AFTER: Duration = Duration::from_secs(30);
/// Questions without an answer after which a connection is given up.
const PINGS_MAX: u32 = 3;
/// How soon a message is tried again that found the other side behind.
const RETRY: Duration = Duration::from_millis(5);

/// Who takes the connections; made by the wiring.
pub type SipDoor = Option<Arc<dyn SipSockets>>;

/// Takes connections of phones.
pub trait SipSockets: Send + Sync {
    /// Takes a connection, with the way back to the phone; `secure` says that it came over TLS. `None` where there are
    /// as many as are allowed.
    fn open(&self, peer: SocketAddr, secure: bool, back: Back) -> Option<Box<dyn SipSocket>>;
}

/// A connection that was taken; dropped when it ends.
pub trait SipSocket: Send {
    /// Takes one SIP message of the phone's.
    ///
    /// # Errors
    /// The message itself where its reader is behind: it is tried again a little later, and nothing is read in between.
    fn receive(&self, message: Bytes) -> Result<(), Bytes>;
}

/// The way back to a phone. Dropping it ends the connection.
#[derive(Debug)]
pub struct Back(Sender<Message>);

impl Back {
    /// Sends a SIP message; `false` where too many wait, or the phone is gone.
    #[must_use]
    pub fn send(&self, message: Bytes) -> bool {
        // Text where it is text, as the examples of RFC 7118 have it; a body may be anything.
        let message = match bytestring(&message) {
            Some(text) => Message::Text(text.into()),
            None => Message::Binary(message),
        };
        self.0.try_send(message).is_ok()
    }
}

fn bytestring(bytes: &Bytes) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// Upgrades a connection.
pub(crate) async fn upgrade(request: HttpRequest, payload: Payload, door: Data<SipDoor>) -> HttpResponse {
    match accept(&request, payload, &door) {
        Ok(response) => response,
        Err(error) => error.error_response(),
    }
}

fn accept(request: &HttpRequest, payload: Payload, door: &SipDoor) -> Result<HttpResponse, ApiError> {
    let unavailable =
        |text: &str| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", text.to_owned());
    verify_handshake(request.head()).map_err(|error| {
        ApiError::invalid(
            "Upgrade",
            format!("this is SIP over WebSocket, RFC 7118: connect a WebSocket ({error})"),
        )
    })?;
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case(SUBPROTOCOL)) {
        return Err(ApiError::invalid(
            "Sec-WebSocket-Protocol",
            "ask for the subprotocol sip (RFC 7118 §4.1)".to_owned(),
        ));
    }
    let sockets = door
        .as_ref()
        .ok_or_else(|| unavailable("no phones are served by this node: use one with the role edge"))?;
    let connection = request.conn_data::<Connection>();
    let secure = connection.is_some_and(|connection| connection.secure);
    let peer = connection
        .and_then(|connection| connection.peer)
        .ok_or_else(|| unavailable("the connection is gone"))?;
    let (sender, queue) = channel(QUEUE_MAX);
    let replies = sender.downgrade();
    let socket = sockets
        .open(peer, secure, Back(sender))
        .ok_or_else(|| unavailable("as many phones are connected as are allowed: try again later"))?;
    actix_web::rt::spawn(read(payload, socket, replies));
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map_or(&b""[..], HeaderValue::as_bytes);
    let mut response = HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS);
    response.upgrade("websocket").insert_header((SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL));
    if let Ok(accepted) = HeaderValue::from_bytes(&hash_key(key)) {
        response.insert_header((SEC_WEBSOCKET_ACCEPT, accepted));
    }
    Ok(response.body(Outgoing { queue, codec: Codec::new(), is_over: false }))
}

/// Reads until the phone closes, breaks the protocol or is silent for too long.
async fn read(payload: Payload, socket: Box<dyn SipSocket>, replies: WeakSender<Message>) {
    let mut body = pin!(BodyStream::new(payload));
    let mut codec = Codec::new().max_size(MESSAGE_MAX_BYTES);
    let (mut buffer, mut parts, mut pings) = (BytesMut::new(), BytesMut::new(), 0);
    loop {
        match codec.decode(&mut buffer) {
            Ok(Some(frame)) => {
                if !take(frame, &mut parts, &*socket, &replies).await {
                    return;
                }
            }
            Ok(None) => match timeout(PING_AFTER, poll_fn(|cx| body.as_mut().poll_next(cx))).await {
                Ok(Some(Ok(bytes))) => {
                    pings = 0;
                    buffer.extend_from_slice(&bytes);
                }
                Ok(Some(Err(_)) | None) => return,
                Err(_) if pings >= PINGS_MAX => return reply(&replies, Message::Close(None)),
                Err(_) => {
                    pings += 1;
                    reply(&replies, Message::Ping(Bytes::new()));
                }
            },
            Err(error) => {
                tracing::debug!(%error, "a phone broke the WebSocket protocol");
                return reply(&replies, Message::Close(Some(close_code(&error).into())));
            }
        }
    }
}

fn close_code(error: &ProtocolError) -> actix_http::ws::CloseCode {
    match error {
        ProtocolError::Overflow => actix_http::ws::CloseCode::Size,
        _ => actix_http::ws::CloseCode::Protocol,
    }
}

/// Where too much waits for the phone, it hears of it by its silence.
fn reply(replies: &WeakSender<Message>, message: Message) {
    let _ = replies.upgrade().map(|replies| replies.try_send(message));
}

/// Takes a frame; `false` ends the connection.
async fn take(
    frame: Frame,
    parts: &mut BytesMut,
    socket: &dyn SipSocket,
    replies: &WeakSender<Message>,
) -> bool {
    let whole = match frame {
        Frame::Text(bytes) | Frame::Binary(bytes) => bytes,
        Frame::Continuation(Item::FirstText(part) | Item::FirstBinary(part)) => {
            parts.clear();
            parts.extend_from_slice(&part);
            return true;
        }
        Frame::Continuation(Item::Continue(part)) if parts.len() + part.len() <= MESSAGE_MAX_BYTES => {
            parts.extend_from_slice(&part);
            return true;
        }
        Frame::Continuation(Item::Last(part)) if parts.len() + part.len() <= MESSAGE_MAX_BYTES => {
            parts.extend_from_slice(&part);
            parts.split().freeze()
        }
        Frame::Continuation(_) => {
            reply(replies, Message::Close(Some(actix_http::ws::CloseCode::Size.into())));
            return false;
        }
        Frame::Ping(content) => {
            reply(replies, Message::Pong(content));
            return true;
        }
        Frame::Pong(_) => return true,
        Frame::Close(_) => {
            reply(replies, Message::Close(None));
            return false;
        }
    };
    let mut waiting = socket.receive(whole);
    while let Err(message) = waiting {
        sleep(RETRY).await;
        waiting = socket.receive(message);
    }
    true
}

/// The frames that go out, until a goodbye or until nobody has anything to say any more.
struct Outgoing {
    queue: Receiver<Message>,
    codec: Codec,
    is_over: bool,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

impl MessageBody for Outgoing {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let message = match self.queue.poll_recv(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(message)) => message,
            Poll::Ready(None) => Message::Close(Some(actix_http::ws::CloseCode::Away.into())),
        };
        self.is_over = matches!(message, Message::Close(_));
        let mut frame = BytesMut::new();
        // A whole message can always be put into a frame; what is lost is asked for again.
        let _ = self.codec.encode(message, &mut frame);
        Poll::Ready(Some(Ok(frame.freeze())))
    }
}
