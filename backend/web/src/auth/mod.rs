//! Who is asking.

pub(crate) mod hmac;
