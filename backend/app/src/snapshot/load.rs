//! Pieces of configuration as the database holds them.

use super::Live;
use domain::config::{Abilities, Piece, Platform, Snapshot};
use std::{collections::HashMap, sync::Arc};

/// Nothing but what this build can do: what there is before the first refresh.
pub(crate) fn empty(abilities: Abilities) -> Live {
    let platform = Platform { carriers: Vec::new(), plans: Vec::new(), abilities };
    Live::new(Snapshot::new(Arc::new(Piece::new(platform)), []), HashMap::new())
}
