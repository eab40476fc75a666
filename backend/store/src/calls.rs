//! Calls: their records, legs and decisions.
