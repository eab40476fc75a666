//! What nearly every reader of a message asks for, read once: the topmost Via, From, To and CSeq, as offsets.

use super::{HeaderName, Message, Method};
use crate::header::{CSeq, HeaderError, NameAddr, Params, Via};
use crate::wire::Transport;

/// A piece of a text, by offset and length.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    at: u16,
    len: u16,
}

impl Span {
    /// Where a piece stands in the text that it was cut from.
    fn of(whole: &str, piece: &str) -> Self {
        let at = piece.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        // A piece lies within its text, and a text within a message, which has at most 65 536 bytes.
        Self { at: u16::try_from(at).unwrap_or(0), len: u16::try_from(piece.len()).unwrap_or(0) }
    }

    fn cut(self, whole: &str) -> &str {
        let at = usize::from(self.at);
        whole.get(at..at + usize::from(self.len)).unwrap_or_default()
    }
}

/// A Via value as offsets into itself.
#[derive(Clone, Debug)]
struct ViaRead {
    value: Span,
    transport: Option<Transport>,
    transport_name: Span,
    host: Span,
    port: Option<u16>,
    branch: Option<Span>,
    received: Option<Span>,
    rport: Option<Option<u16>>,
    params: Span,
}

/// A From or To value as offsets into itself.
#[derive(Clone, Debug)]
struct AddressRead {
    value: Span,
    has_display: bool,
    uri: Span,
    params: Span,
    tag: Option<Span>,
}

/// What was read. A header that is missing or malformed keeps its error.
#[derive(Clone, Debug)]
pub(super) struct Read {
    via: Result<ViaRead, HeaderError>,
    from: Result<AddressRead, HeaderError>,
    to: Result<AddressRead, HeaderError>,
    pub(super) cseq: Result<(u32, Method), HeaderError>,
}

impl Read {
    /// Before anything was read.
    pub(super) const fn nothing() -> Self {
        let missing = HeaderError::Missing;
        Self { via: Err(missing), from: Err(missing), to: Err(missing), cseq: Err(missing) }
    }

    /// Reads a message whose lines are known; `head` is the text that its offsets count in.
    pub(super) fn of(message: &Message, head: &str) -> Self {
        let header = |name| message.header(name).ok_or(HeaderError::Missing);
        let via = message.values(HeaderName::Via).next().ok_or(HeaderError::Missing);
        Self {
            via: via.and_then(|value| via_of(head, value)),
            from: header(HeaderName::From).and_then(|value| address_of(head, value)),
            to: header(HeaderName::To).and_then(|value| address_of(head, value)),
            cseq: header(HeaderName::CSeq).and_then(CSeq::parse).map(|cseq| (cseq.number, cseq.method)),
        }
    }

    pub(super) fn via<'a>(&self, head: &'a str) -> Result<Via<'a>, HeaderError> {
        let read = self.via.as_ref().map_err(|error| *error)?;
        let value = read.value.cut(head);
        Ok(Via {
            transport: read.transport,
            transport_name: read.transport_name.cut(value),
            host: read.host.cut(value),
            port: read.port,
            branch: read.branch.map(|span| span.cut(value)),
            received: read.received.map(|span| span.cut(value)),
            rport: read.rport,
            params: Params::of_uri(read.params.cut(value)),
        })
    }

    pub(super) fn sender<'a>(&self, head: &'a str) -> Result<NameAddr<'a>, HeaderError> {
        Ok(self.from.as_ref().map_err(|error| *error)?.address(head))
    }

    pub(super) fn recipient<'a>(&self, head: &'a str) -> Result<NameAddr<'a>, HeaderError> {
        Ok(self.to.as_ref().map_err(|error| *error)?.address(head))
    }

    pub(super) fn tag_of_from<'a>(&self, head: &'a str) -> Option<&'a str> {
        self.from.as_ref().ok()?.tag(head)
    }

    pub(super) fn tag_of_to<'a>(&self, head: &'a str) -> Option<&'a str> {
        self.to.as_ref().ok()?.tag(head)
    }

    /// Why one of the headers that are read here could not be.
    pub(super) fn fault(&self, name: HeaderName) -> Option<HeaderError> {
        match name {
            HeaderName::Via => self.via.as_ref().err().copied(),
            HeaderName::From => self.from.as_ref().err().copied(),
            HeaderName::To => self.to.as_ref().err().copied(),
            HeaderName::CSeq => self.cseq.as_ref().err().copied(),
            _ => None,
        }
    }
}

impl AddressRead {
    fn address<'a>(&self, head: &'a str) -> NameAddr<'a> {
        let value = self.value.cut(head);
        let display = if self.has_display { NameAddr::display_of(value) } else { None };
        NameAddr { display, uri: self.uri.cut(value), params: Params::of_uri(self.params.cut(value)) }
    }

    fn tag<'a>(&self, head: &'a str) -> Option<&'a str> {
        Some(self.tag?.cut(self.value.cut(head)))
    }
}

fn via_of(head: &str, value: &str) -> Result<ViaRead, HeaderError> {
    let via = Via::parse(value)?;
    let span = |piece: &str| Span::of(value, piece);
    Ok(ViaRead {
        value: Span::of(head, value),
        transport: via.transport,
        transport_name: span(via.transport_name),
        host: span(via.host),
        port: via.port,
        branch: via.branch.map(span),
        received: via.received.map(span),
        rport: via.rport,
        params: span(via.params.as_str()),
    })
}

fn address_of(head: &str, value: &str) -> Result<AddressRead, HeaderError> {
    let address = NameAddr::parse(value)?;
    let span = |piece: &str| Span::of(value, piece);
    Ok(AddressRead {
        value: Span::of(head, value),
        has_display: address.display.is_some(),
        uri: span(address.uri),
        params: span(address.params.as_str()),
        tag: address.tag().map(span),
    })
}
