//! What the builder writes, read back.
