//! What the stream may look like.

use super::*;
