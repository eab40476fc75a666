//! The one place that knows the `rsip` crate: cold requests that this house originates are built as its
//! structs, and received messages are turned into its structs for display and comparison.
//!
//! Structs are filled field by field and never re-parsed, because the published crate misreads what this
//! house meets daily: a dot in the user part, IPv6, `tel:`, comma lists. What its types cannot say stands
//! verbatim in the text of a host, so it prints as it should. Reason phrases and bodies are written by us:
//! the crate prints the name of its enum for the one and loses binary bytes of the other.

use crate::uri::{Scheme, Uri};
use crate::wire::{HeaderName, Message, Method, Writer};
use bytes::Bytes;
use rsip::common::uri::param::{OtherParam, OtherParamValue};
use rsip::common::uri::{Auth, Host, HostWithPort, Param};
use rsip::{Header, Headers, SipMessage, StatusCode};

mod shown;
#[cfg(test)]
mod tests;

pub use shown::{Shown, show};

/// A request that this house originates: REGISTER, OPTIONS, the INVITE of a user agent, and what follows in
/// its dialog. Values are the texts of their headers; line ends in them become spaces.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The method.
    pub method: &'a Method,
    /// The Request-URI.
    pub uri: &'a str,
    /// The one Via value.
    pub via: &'a str,
    /// From, with its tag.
    pub from: &'a str,
    /// To, with its tag inside a dialog.
    pub to: &'a str,
    /// Call-ID.
    pub call_id: &'a str,
    /// The number of CSeq, below 2^31.
    pub cseq: u32,
    /// Max-Forwards, 0 to 255; 70 unless there is a reason.
    pub max_forwards: u8,
    /// Contact, if the request has one.
    pub contact: Option<&'a str>,
    /// Further headers in their order, names and values; no Content-Type and no Content-Length.
    pub headers: &'a [(&'a str, &'a str)],
    /// The type and the bytes of the body.
    pub body: Option<(&'a str, &'a [u8])>,
}

impl Outgoing<'_> {
    /// The request as structs of `rsip`, without Content-Length; `None` when `rsip` has no such method.
    #[must_use]
    pub fn to_rsip(&self) -> Option<rsip::Request> {
        let headers: Vec<Header> =
            self.lines().map(|(name, value)| header(&name, one_line(&value))).collect();
        Some(rsip::Request {
            method: method(self.method)?,
            uri: uri(&one_line(self.uri)),
            version: rsip::Version::V2,
            headers: headers.into(),
            body: self.body.map(|(_, body)| body.to_vec()).unwrap_or_default(),
        })
    }

    /// The request as it goes on the wire, with Content-Length.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if let Some(request) = self.to_rsip() {
            return request_bytes(&request);
        }
        let writer = Writer::request(self.method, self.uri);
        let writer = self.lines().fold(writer, |writer, (name, value)| writer.header(name, value));
        writer.body(None, self.body.map(|(_, body)| body).unwrap_or_default()).finish()
    }

    fn lines(&self) -> impl Iterator<Item = (String, String)> {
        let own = [
            (HeaderName::Via, self.via.to_owned()),
            (HeaderName::MaxForwards, self.max_forwards.to_string()),
            (HeaderName::From, self.from.to_owned()),
            (HeaderName::To, self.to.to_owned()),
            (HeaderName::CallId, self.call_id.to_owned()),
            (HeaderName::CSeq, format!("{} {}", self.cseq, self.method)),
        ];
        let contact = self.contact.map(|contact| (HeaderName::Contact, contact.to_owned()));
        let content_type =
            self.body.map(|(content_type, _)| ("Content-Type".to_owned(), content_type.to_owned()));
        own.into_iter()
            .chain(contact)
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .chain(self.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .chain(content_type)
    }
}

/// Writes a request of `rsip`: its own printing for the head, the body as it is, and Content-Length.
#[must_use]
pub fn request_bytes(request: &rsip::Request) -> Bytes {
    let head = format!("{} {} {}\r\n{}", request.method, request.uri, request.version, request.headers);
    with_body(head, &request.body)
}

/// Writes a response of `rsip` with this reason phrase, the body as it is, and Content-Length.
#[must_use]
pub fn response_bytes(response: &rsip::Response, reason: &str) -> Bytes {
    let code = response.status_code.code();
    let head = format!("{} {code} {}\r\n{}", response.version, one_line(reason), response.headers);
    with_body(head, &response.body)
}

fn with_body(head: String, body: &[u8]) -> Bytes {
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes.into()
}

/// A received message as structs of `rsip`, field by field, its reason phrase kept; `None` when `rsip` has
/// no such method. Header values are untyped: whoever types them meets the faults of that crate.
#[must_use]
pub fn to_rsip(message: &Message) -> Option<SipMessage> {
    let lines =
        message.fields().map(|(name, value)| header(name, String::from_utf8_lossy(value).into_owned()));
    let headers = Headers::from(lines.collect::<Vec<_>>());
    let (version, body) = (rsip::Version::V2, message.body().to_vec());
    Some(match (message.request_uri(), message.status()) {
        (Some(text), _) => SipMessage::Request(rsip::Request {
            method: method(&message.method())?,
            uri: uri(text),
            version,
            headers,
            body,
        }),
        (None, status) => {
            let status_code = StatusCode::Other(status?, message.reason().to_owned());
            SipMessage::Response(rsip::Response { status_code, version, headers, body })
        }
    })
}

fn method(method: &Method) -> Option<rsip::Method> {
    Some(match method {
        Method::Invite => rsip::Method::Invite,
        Method::Ack => rsip::Method::Ack,
        Method::Bye => rsip::Method::Bye,
        Method::Cancel => rsip::Method::Cancel,
        Method::Options => rsip::Method::Options,
        Method::Register => rsip::Method::Register,
        Method::Prack => rsip::Method::PRack,
        Method::Update => rsip::Method::Update,
        Method::Info => rsip::Method::Info,
        Method::Refer => rsip::Method::Refer,
        Method::Subscribe => rsip::Method::Subscribe,
        Method::Notify => rsip::Method::Notify,
        Method::Message => rsip::Method::Message,
        Method::Publish => rsip::Method::Publish,
        Method::Other(_) => return None,
    })
}

/// A URI as `rsip` has it where its types can say it, else verbatim as the text of its host.
fn uri(text: &str) -> rsip::Uri {
    match Uri::parse(text) {
        Ok(uri) if uri.headers.is_none() => sip_uri(&uri),
        _ => None,
    }
    .unwrap_or_else(|| rsip::Uri {
        scheme: None,
        auth: None,
        host_with_port: HostWithPort { host: Host::Domain(text.into()), port: None },
        params: Vec::new(),
        headers: Vec::new(),
    })
}

fn sip_uri(uri: &Uri<'_>) -> Option<rsip::Uri> {
    let scheme = match uri.scheme {
        Scheme::Sip => rsip::Scheme::Sip,
        Scheme::Sips => rsip::Scheme::Sips,
        Scheme::Tel | Scheme::Other => return None,
    };
    // An address prints without brackets in `rsip`; the text of a domain prints as it is.
    let host = crate::uri::HostPort { host: uri.host, port: None }.to_string();
    let params = uri.params.iter().map(|(name, value)| {
        Param::Other(
            OtherParam::from(name.to_owned()),
            value.map(|value| OtherParamValue::from(value.to_owned())),
        )
    });
    Some(rsip::Uri {
        scheme: Some(scheme),
        auth: uri.user.map(|user| Auth { user: user.to_owned(), password: uri.password.map(str::to_owned) }),
        host_with_port: HostWithPort { host: Host::Domain(host.into()), port: uri.port.map(Into::into) },
        params: params.collect(),
        headers: Vec::new(),
    })
}

/// A header line as the variant that `rsip` has for it, so that its look-ups find it.
fn header(name: &str, value: String) -> Header {
    use HeaderName as Name;
    let Some(id) = HeaderName::from_bytes(name.as_bytes()) else {
        return Header::Other(one_line(name), value);
    };
    match id {
        Name::Via => Header::Via(value.into()),
        Name::From => Header::From(value.into()),
        Name::To => Header::To(value.into()),
        Name::CallId => Header::CallId(value.into()),
        Name::CSeq => Header::CSeq(value.into()),
        Name::Contact => Header::Contact(value.into()),
        Name::MaxForwards => Header::MaxForwards(value.into()),
        Name::Route => Header::Route(value.into()),
        Name::RecordRoute => Header::RecordRoute(value.into()),
        Name::ContentLength => Header::ContentLength(value.into()),
        Name::ContentType => Header::ContentType(value.into()),
        Name::Expires => Header::Expires(value.into()),
        Name::Authorization => Header::Authorization(value.into()),
        Name::ProxyAuthorization => Header::ProxyAuthorization(value.into()),
        Name::WwwAuthenticate => Header::WwwAuthenticate(value.into()),
        Name::ProxyAuthenticate => Header::ProxyAuthenticate(value.into()),
        Name::Allow => Header::Allow(value.into()),
        Name::Supported => Header::Supported(value.into()),
        Name::Require => Header::Require(value.into()),
        Name::UserAgent => Header::UserAgent(value.into()),
        other => Header::Other(other.as_str().to_owned(), value),
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\r' | '\n' | '\0') { ' ' } else { c }).collect()
}
