//! The rules of the house, held by tests: arrows between crates, sizes, the OpenAPI document.

mod arrows;
mod text;
