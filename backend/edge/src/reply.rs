//! Answers to come.

/// An answer to come, from the app back to the shard that asked. Dropping it unanswered answers `None`.
pub struct Reply<T: Send + 'static> {
    send: Option<Box<dyn FnOnce(Option<T>) + Send>>,
}

impl<T: Send + 'static> Reply<T> {
    /// Wraps the way back.
    pub fn new(send: impl FnOnce(Option<T>) + Send + 'static) -> Self {
        Self { send: Some(Box::new(send)) }
    }

    /// Answers.
    pub fn send(mut self, value: T) {
        if let Some(send) = self.send.take() {
            send(Some(value));
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(send) = self.send.take() {
            send(None);
        }
    }
}
