//! What the URI reader must tell apart.

use super::*;
