//! Known vectors.
