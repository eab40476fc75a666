//! The pure parts: who is calling, and that a dry run and a live call are decided alike.

mod alike;
mod callers;
mod world;
