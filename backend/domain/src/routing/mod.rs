//! Voice routes: patterns in order, and the trunks that they lead to; number manipulation.

mod dotnet;
mod pattern;
mod rewrite;
mod route;
mod table;
mod trial;

pub use dotnet::PatternError;
pub use pattern::{PATTERN_LEN_MAX, Pattern};
pub use rewrite::{CompiledRewrites, REWRITES_MAX, Rewrite, Rewrites};
pub use route::{DEFAULT_WEIGHT, ROUTE_TRUNKS_MAX, RouteOrder, RouteTarget, VoiceRoute};
pub use table::RouteTable;
pub use trial::{MatchingRoute, test_routes};
