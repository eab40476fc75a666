//! Secrets between the answer to a form and the page that shows them, once. They are in memory alone, for minutes.

use super::identities::FreshToken;
use app::{
    access_keys::ShownKey, api_keys::CreatedApiKey, invitations::CreatedInvitation, tenants::SignedUp,
    users::CreatedSipUser, webhooks::Created as CreatedWebhook,
};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};

/// How long a secret waits for its page.
const WAITS: Duration = Duration::from_secs(300);
/// Secrets that wait at a time; the oldest goes first.
const WAITING_MAX: u64 = 1_024;

/// What waits, by session: the last of each kind.
#[derive(Clone)]
pub(crate) struct Once {
    welcomes: Cache<String, Arc<SignedUp>>,
    phones: Cache<String, Arc<CreatedSipUser>>,
    tokens: Cache<String, Arc<FreshToken>>,
    access_keys: Cache<String, Arc<ShownKey>>,
    api_keys: Cache<String, Arc<CreatedApiKey>>,
    invitations: Cache<String, Arc<CreatedInvitation>>,
    webhooks: Cache<String, Arc<CreatedWebhook>>,
    top_up_secrets: Cache<String, Arc<String>>,
}

impl Once {
    pub(crate) fn new() -> Self {
        Self {
            welcomes: waiting(),
            phones: waiting(),
            tokens: waiting(),
            access_keys: waiting(),
            api_keys: waiting(),
            invitations: waiting(),
            webhooks: waiting(),
            top_up_secrets: waiting(),
        }
    }

    /// The keys of whoever just signed up wait for the welcome page.
    pub(crate) fn put_welcome(&self, session: &str, signed_up: SignedUp) {
        self.welcomes.insert(session.to_owned(), Arc::new(signed_up));
    }

    /// The keys, where they were not shown yet.
    pub(crate) fn take_welcome(&self, session: &str) -> Option<Arc<SignedUp>> {
        self.welcomes.remove(session)
    }

    /// The password of a new SIP user waits for the page of the users.
    pub(crate) fn put_phone(&self, session: &str, user: CreatedSipUser) {
        self.phones.insert(session.to_owned(), Arc::new(user));
    }

    /// The token of an app's user waits for the page of those.
    pub(crate) fn put_token(&self, session: &str, token: FreshToken) {
        self.tokens.insert(session.to_owned(), Arc::new(token));
    }

    /// The token, where it was not shown yet.
    pub(crate) fn take_token(&self, session: &str) -> Option<Arc<FreshToken>> {
        self.tokens.remove(session)
    }

    /// An access key waits for the page of keys.
    pub(crate) fn put_access_key(&self, session: &str, key: ShownKey) {
        self.access_keys.insert(session.to_owned(), Arc::new(key));
    }

    /// The access key, where it was not shown yet.
    pub(crate) fn take_access_key(&self, session: &str) -> Option<Arc<ShownKey>> {
        self.access_keys.remove(session)
    }

    /// A new API key waits for the page of keys.
    pub(crate) fn put_api_key(&self, session: &str, key: CreatedApiKey) {
        self.api_keys.insert(session.to_owned(), Arc::new(key));
    }

    /// The API key, where it was not shown yet.
    pub(crate) fn take_api_key(&self, session: &str) -> Option<Arc<CreatedApiKey>> {
        self.api_keys.remove(session)
    }

    /// The link of an invitation waits for the page of those.
    pub(crate) fn put_invitation(&self, session: &str, invitation: CreatedInvitation) {
        self.invitations.insert(session.to_owned(), Arc::new(invitation));
    }

    /// The link, where it was not shown yet.
    pub(crate) fn take_invitation(&self, session: &str) -> Option<Arc<CreatedInvitation>> {
        self.invitations.remove(session)
    }

    /// The secret of a webhook waits for its page.
    pub(crate) fn put_webhook(&self, session: &str, webhook: CreatedWebhook) {
        self.webhooks.insert(session.to_owned(), Arc::new(webhook));
    }

    /// The secret, where it was not shown yet.
    pub(crate) fn take_webhook(&self, session: &str) -> Option<Arc<CreatedWebhook>> {
        self.webhooks.remove(session)
    }

    /// The secret of the hook of top-ups waits for the page of billing.
    pub(crate) fn put_top_up_secret(&self, session: &str, secret: String) {
        self.top_up_secrets.insert(session.to_owned(), Arc::new(secret));
    }

    /// The secret, where it was not shown yet.
    pub(crate) fn take_top_up_secret(&self, session: &str) -> Option<String> {
        self.top_up_secrets.remove(session).map(|secret| secret.to_string())
    }

    /// The password, where it was not shown yet.
    pub(crate) fn take_phone(&self, session: &str) -> Option<Arc<CreatedSipUser>> {
        self.phones.remove(session)
    }
}

fn waiting<T: Send + Sync + 'static>() -> Cache<String, Arc<T>> {
    Cache::builder().max_capacity(WAITING_MAX).time_to_live(WAITS).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_given_out_once_and_to_its_session_alone() {
        let once = Once::new();
        let user =
            || CreatedSipUser { username: "anna".into(), domain: "a.test".into(), password: "s".into() };
        once.put_phone("one", user());
        assert!(once.take_phone("two").is_none());
        assert_eq!(once.take_phone("one").map(|user| user.password.clone()), Some("s".to_owned()));
        assert!(once.take_phone("one").is_none());
    }
}
