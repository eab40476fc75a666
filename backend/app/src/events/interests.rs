//! Who wants what.

use arc_swap::ArcSwap;
use domain::{
    events::{EventKind, Kinds},
    ids::TenantId,
};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::Notify;

/// What a tenant wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    /// The kinds that one of its subscriptions wants.
    pub(crate) kinds: Kinds,
    /// The mark below which a balance is low, micro-units.
    pub(crate) low_micros: Option<i64>,
}

/// What each tenant wants; those that want nothing are not there.
pub(crate) type Interests = HashMap<TenantId, Interest>;

/// What is wanted at this moment, and the bell of whoever delivers.
#[derive(Debug, Default)]
pub(crate) struct State {
    interests: ArcSwap<Interests>,
    bell: Notify,
}

impl State {
    /// What each tenant wants.
    pub(crate) fn interests(&self) -> Arc<Interests> {
        self.interests.load_full()
    }

    /// Takes over what is wanted from now on.
    pub(crate) fn set(&self, interests: Interests) {
        self.interests.store(Arc::new(interests));
    }

    /// Whether a tenant wants a kind.
    pub(crate) fn wants(&self, tenant: TenantId, kind: EventKind) -> bool {
        self.interests.load().get(&tenant).is_some_and(|interest| interest.kinds.has(kind))
    }

    /// There is something to deliver.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits until there is.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }
}
