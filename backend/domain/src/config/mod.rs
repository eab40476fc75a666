//! The configuration that decides calls, as values: tenants with their trunks, routes, users and numbers; carriers;
//! plans. A [`Snapshot`] is swapped whole and kept by version, so that a past call can be decided again as it was then:
//! every field that came later has a default.

mod audio;
mod brief;
mod carrier;
mod emergency;
mod peer;
mod platform;
mod protection;
mod snapshot;
mod tenant;
mod trunk;
mod window;

pub use audio::{Audio, ECHO_BOT, ECHO_NUMBERS_MAX};
pub use brief::{Aim, RouteBrief};
pub use carrier::{
    CARRIER_ORDER, CallerIdPolicy, Carrier, CarrierHost, CarrierOrder, CarrierPrefix, DEFAULT_QUALITY,
};
pub use emergency::{
    ADDRESSES_MAX, CallBack, EmergencyCountry, EmergencyRoute, RegisteredAddress, TenantEmergency,
};
pub use peer::{
    Codec, Credentials, Crossing, DEFAULT_CALLS_PER_SECOND, DEFAULT_MAX_CALLS, Dtmf, EarlyMedia,
    FAILOVER_STATUSES, FAILOVER_STATUSES_MAX, Fault, HeaderPolicy, Health, IpVersion, Limits, MediaPolicy,
    OptionsPing, PeerPolicy, Place, PrivacyHeader, SessionTimer, Srtp, Transport, check_failover,
    may_fail_over, parse_word,
};
pub use platform::{Abilities, Platform};
pub use protection::{Access, Eligibility, OverLimit, PREFIXES_MAX, Protection};
pub use snapshot::{Decks, PeerRewrites, Piece, PlatformPiece, Snapshot, TenantPiece};
pub use tenant::Tenant;
pub use trunk::{Authentication, Trunk};
pub use window::{Day, TimeOfDay, WINDOWS_MAX, Window, Zone, is_open};

/// For serde: what is as it is by default is not kept, so that its version stays what it was.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
