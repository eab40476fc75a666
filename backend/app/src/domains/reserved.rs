//! Domains that nobody can own: they are kept for tests and documentation (RFC 2606).
