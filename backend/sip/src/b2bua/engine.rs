//! The engine: one mutation per input, then outputs.

use std::collections::VecDeque;
use std::time::Instant;

use super::ids::Ids;
use super::{Config, Input, Output};

/// All calls of one shard.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    ids: Ids,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// An engine without calls.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { ids: Ids::new(config.shard, config.secret), config, outputs: VecDeque::new() }
    }

    /// Takes one input; drain [`Engine::poll_output`] after it.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        let _ = (now, input, &self.config, &mut self.ids);
    }

    /// Fires what is due; drain [`Engine::poll_output`] after it.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// The next thing the driver must do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Engine::handle_timeout`] wants to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The calls that are not over.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        0
    }
}
