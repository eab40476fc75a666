//! Fuzzes `targets::shared`.
#![no_main]

#[path = "../../tests/fuzz/targets.rs"]
#[expect(dead_code, reason = "each binary calls one of the targets")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::shared(data));
