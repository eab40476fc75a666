//! Header names: an identifier per known header, found by one table look-up (RFC 3261 §7.3, §20).

macro_rules! header_names {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal,)*) => {
        /// A header that this house knows by name. Any other header is reached by its text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum HeaderName { $($(#[doc = $doc])* $variant,)* }

        const NAMES: &[(HeaderName, &str)] = &[$((HeaderName::$variant, $text),)*];
    };
}

header_names! {
    /// RFC 3261 §20.42.
    Via = "Via",
    /// RFC 3261 §20.20.
    From = "From",
    /// RFC 3261 §20.39.
    To = "To",
    /// RFC 3261 §20.8.
    CallId = "Call-ID",
    /// RFC 3261 §20.16.
    CSeq = "CSeq",
    /// RFC 3261 §20.10.
    Contact = "Contact",
    /// RFC 3261 §20.22.
    MaxForwards = "Max-Forwards",
    /// RFC 3261 §20.34.
    Route = "Route",
    /// RFC 3261 §20.30.
    RecordRoute = "Record-Route",
    /// RFC 3261 §20.14.
    ContentLength = "Content-Length",
    /// RFC 3261 §20.15.
    ContentType = "Content-Type",
    /// RFC 3261 §20.12.
    ContentEncoding = "Content-Encoding",
    /// RFC 3261 §20.11.
    ContentDisposition = "Content-Disposition",
    /// RFC 3261 §20.13.
    ContentLanguage = "Content-Language",
    /// RFC 3261 §20.24.
    MimeVersion = "MIME-Version",
    /// RFC 3261 §20.19.
    Expires = "Expires",
    /// RFC 3261 §20.23.
    MinExpires = "Min-Expires",
    /// RFC 3261 §20.7.
    Authorization = "Authorization",
    /// RFC 3261 §20.28.
    ProxyAuthorization = "Proxy-Authorization",
    /// RFC 3261 §20.44.
    WwwAuthenticate = "WWW-Authenticate",
    /// RFC 3261 §20.27.
    ProxyAuthenticate = "Proxy-Authenticate",
    /// RFC 3261 §20.6.
    AuthenticationInfo = "Authentication-Info",
    /// RFC 3261 §20.5.
    Allow = "Allow",
    /// RFC 6665 §8.2.2.
    AllowEvents = "Allow-Events",
    /// RFC 3261 §20.37.
    Supported = "Supported",
    /// RFC 3261 §20.32.
    Require = "Require",
    /// RFC 3261 §20.29.
    ProxyRequire = "Proxy-Require",
    /// RFC 3261 §20.40.
    Unsupported = "Unsupported",
    /// RFC 3261 §20.41.
    UserAgent = "User-Agent",
    /// RFC 3261 §20.35.
    Server = "Server",
    /// RFC 3326.
    Reason = "Reason",
    /// RFC 3261 §20.33.
    RetryAfter = "Retry-After",
    /// RFC 3325 §9.1.
    PAssertedIdentity = "P-Asserted-Identity",
    /// RFC 3325 §9.2.
    PPreferredIdentity = "P-Preferred-Identity",
    /// RFC 3325 predecessor, still sent by carriers.
    RemotePartyId = "Remote-Party-ID",
    /// RFC 3323 §4.2.
    Privacy = "Privacy",
    /// RFC 5806.
    Diversion = "Diversion",
    /// RFC 7044.
    HistoryInfo = "History-Info",
    /// RFC 4028 §4.
    SessionExpires = "Session-Expires",
    /// RFC 4028 §5.
    MinSe = "Min-SE",
    /// RFC 3262 §7.1.
    RSeq = "RSeq",
    /// RFC 3262 §7.2.
    RAck = "RAck",
    /// RFC 3515 §2.1.
    ReferTo = "Refer-To",
    /// RFC 3892 §3.
    ReferredBy = "Referred-By",
    /// RFC 3891 §6.1.
    Replaces = "Replaces",
    /// RFC 6665 §8.2.1.
    Event = "Event",
    /// RFC 6665 §8.2.3.
    SubscriptionState = "Subscription-State",
    /// RFC 3261 §20.43.
    Warning = "Warning",
    /// RFC 3261 §20.17.
    Date = "Date",
    /// RFC 3261 §20.1.
    Accept = "Accept",
    /// RFC 3261 §20.2.
    AcceptEncoding = "Accept-Encoding",
    /// RFC 3261 §20.3.
    AcceptLanguage = "Accept-Language",
    /// RFC 3261 §20.4.
    AlertInfo = "Alert-Info",
    /// RFC 3261 §20.9.
    CallInfo = "Call-Info",
    /// RFC 3261 §20.18.
    ErrorInfo = "Error-Info",
    /// RFC 3261 §20.21.
    InReplyTo = "In-Reply-To",
    /// RFC 3261 §20.25.
    Organization = "Organization",
    /// RFC 3261 §20.26.
    Priority = "Priority",
    /// RFC 3261 §20.31.
    ReplyTo = "Reply-To",
    /// RFC 3261 §20.36.
    Subject = "Subject",
    /// RFC 3261 §20.38.
    Timestamp = "Timestamp",
    /// RFC 3327.
    Path = "Path",
    /// RFC 3608.
    ServiceRoute = "Service-Route",
    /// RFC 8224.
    Identity = "Identity",
    /// RFC 6809.
    FeatureCaps = "Feature-Caps",
    /// RFC 3903 §11.3.
    SipEtag = "SIP-ETag",
    /// RFC 3903 §11.3.
    SipIfMatch = "SIP-If-Match",
    /// RFC 3841 §9.2.
    AcceptContact = "Accept-Contact",
    /// RFC 3841 §9.2.
    RejectContact = "Reject-Contact",
    /// RFC 3841 §9.1.
    RequestDisposition = "Request-Disposition",
    /// RFC 7989.
    SessionId = "Session-ID",
    /// RFC 6442.
    Geolocation = "Geolocation",
    /// RFC 6086 §7.1.
    InfoPackage = "Info-Package",
    /// RFC 6086 §7.2.
    RecvInfo = "Recv-Info",
    /// RFC 7315 §4.1.
    PAssociatedUri = "P-Associated-URI",
    /// RFC 7315 §4.5.
    PChargingVector = "P-Charging-Vector",
    /// RFC 7315 §4.4.
    PAccessNetworkInfo = "P-Access-Network-Info",
    /// RFC 5009.
    PEarlyMedia = "P-Early-Media",
}

const SLOTS: usize = 256;
const SLOT_DEPTH: usize = 4;
const EMPTY: u8 = u8::MAX;

/// Length, first and last byte tell nearly all names apart; a slot holds the few that share them.
const fn slot(name: &[u8]) -> usize {
    let first = name[0] | 0x20;
    let last = name[name.len() - 1] | 0x20;
    (name.len().wrapping_mul(37) ^ (first as usize).wrapping_mul(5) ^ (last as usize).wrapping_mul(11))
        % SLOTS
}

const fn table() -> [[u8; SLOT_DEPTH]; SLOTS] {
    let mut table = [[EMPTY; SLOT_DEPTH]; SLOTS];
    let mut index = 0;
    while index < NAMES.len() {
        let at = slot(NAMES[index].1.as_bytes());
        let mut depth = 0;
        while table[at][depth] != EMPTY {
            depth += 1; // a fifth name in one slot fails the build here
        }
        table[at][depth] = index as u8;
        index += 1;
    }
    table
}

static TABLE: [[u8; SLOT_DEPTH]; SLOTS] = table();

impl HeaderName {
    /// The name as this house writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Its place in a set of names.
    pub(super) const fn bit(self) -> u128 {
        const { assert!(NAMES.len() <= 128, "a set of names has 128 places") };
        1 << self as u8
    }

    /// Finds a known header by its name in any case or by its compact form (RFC 3261 §7.3.3).
    #[must_use]
    pub fn from_bytes(name: &[u8]) -> Option<Self> {
        match name {
            [] => None,
            [letter] => Self::from_compact(*letter),
            name => TABLE[slot(name)]
                .iter()
                .take_while(|index| **index != EMPTY)
                .map(|index| NAMES[usize::from(*index)])
                .find(|(_, text)| text.as_bytes() == name || text.as_bytes().eq_ignore_ascii_case(name))
                .map(|(id, _)| id),
        }
    }

    const fn from_compact(letter: u8) -> Option<Self> {
        Some(match letter.to_ascii_lowercase() {
            b'a' => Self::AcceptContact,
            b'b' => Self::ReferredBy,
            b'c' => Self::ContentType,
            b'd' => Self::RequestDisposition,
            b'e' => Self::ContentEncoding,
            b'f' => Self::From,
            b'i' => Self::CallId,
            b'j' => Self::RejectContact,
            b'k' => Self::Supported,
            b'l' => Self::ContentLength,
            b'm' => Self::Contact,
            b'o' => Self::Event,
            b'r' => Self::ReferTo,
            b's' => Self::Subject,
            b't' => Self::To,
            b'u' => Self::AllowEvents,
            b'v' => Self::Via,
            b'x' => Self::SessionExpires,
            b'y' => Self::Identity,
            _ => return None,
        })
    }
}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl std::fmt::Display for HeaderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for (index, (id, text)) in NAMES.iter().enumerate() {
            assert_eq!(*id as usize, index);
            for spelling in [(*text).to_owned(), text.to_ascii_uppercase(), text.to_ascii_lowercase()] {
                assert_eq!(HeaderName::from_bytes(spelling.as_bytes()), Some(*id), "{spelling}");
            }
        }
    }

    #[test]
    fn a_compact_letter_means_its_long_name() {
        let pairs = [
            ("v", "Via"),
            ("f", "From"),
            ("t", "To"),
            ("i", "Call-ID"),
            ("m", "Contact"),
            ("l", "Content-Length"),
            ("c", "Content-Type"),
            ("e", "Content-Encoding"),
            ("k", "Supported"),
            ("s", "Subject"),
            ("o", "Event"),
            ("r", "Refer-To"),
            ("b", "Referred-By"),
            ("u", "Allow-Events"),
            ("x", "Session-Expires"),
        ];
        for (compact, long) in pairs {
            let id = HeaderName::from_bytes(compact.as_bytes()).map(HeaderName::as_str);
            assert_eq!(id, Some(long));
            assert_eq!(
                HeaderName::from_bytes(compact.to_ascii_uppercase().as_bytes()).map(HeaderName::as_str),
                id
            );
        }
        assert_eq!(HeaderName::from_bytes(b"z"), None);
        assert_eq!(HeaderName::from_bytes(b""), None);
        assert_eq!(HeaderName::from_bytes(b"X-Vendor"), None);
    }
}
