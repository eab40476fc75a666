//! What was just done, for the page after it: a word in a cookie, a sentence on the page.

use super::page::Flash;

/// What was done before a page is shown, in words that a cookie may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// The account is made, and waits for its first sign-in.
    SignedUp,
    /// The e-mail address is theirs.
    Verified,
    /// The session is over.
    SignedOut,
    /// Numbers were bought.
    Bought,
    /// More than one was bought.
    BoughtSome,
    /// A number is held.
    Reserved,
    /// Numbers that were held are for sale again.
    LetGo,
    /// A number goes elsewhere now.
    Bound,
    /// A number goes back.
    Released,
    /// A trunk was made or changed.
    TrunkSaved,
    /// A trunk is gone.
    TrunkDeleted,
    /// A route was made or changed.
    RouteSaved,
    /// A route is gone.
    RouteDeleted,
    /// A route is at another place.
    RouteMoved,
    /// What protects the account changed.
    ProtectionSaved,
    /// What is set for emergency calls changed.
    EmergencySaved,
    /// A carrier was made or changed.
    CarrierSaved,
    /// A price plan was made or changed.
    PlanSaved,
    /// A rate deck was made or changed.
    DeckSaved,
    /// What is set about signed calls changed.
    StirSaved,
    /// What callers hear changed.
    AnnouncementsSaved,
    /// What holds for the audio of all calls changed.
    AudioSaved,
    /// A tenant's terms or bounds changed.
    TermsSaved,
    /// Calls that were stopped go on.
    StopLifted,
    /// What holds for the spending of all tenants changed.
    SpendingSaved,
    /// The rules of eligibility changed.
    EligibilitySaved,
    /// Numbers were imported.
    NumbersImported,
    /// How long numbers rest changed.
    QuarantineSaved,
    /// A number is for sale before its time.
    QuarantineEnded,
    /// A number is its last tenant's again.
    NumberReassigned,
    /// A supplier was made or changed.
    SupplierSaved,
    /// What is wanted of buyers changed.
    RequirementSaved,
    /// Something was shown for a requirement.
    EvidenceShown,
    /// Something that was shown is judged.
    EvidenceJudged,
    /// A request to port numbers is at another place.
    PortingSaved,
    /// What keeps a number from being taken away changed.
    GuardSaved,
    /// A domain waits for its record.
    DomainAdded,
    /// A domain counts as the tenant's.
    DomainVerified,
    /// A SIP user is gone.
    UserDeleted,
    /// A user of an app was made.
    IdentityMade,
    /// A user of an app is gone.
    IdentityDeleted,
    /// The tokens of a user of an app are void.
    TokensRevoked,
    /// Another key signs tokens.
    KeyRotated,
    /// A live call is being ended.
    CallEnding,
    /// The sandbox calls.
    CallPlaced,
    /// The node takes no new calls.
    NodeDrained,
    /// It does again.
    NodeResumed,
    /// Addresses are heard again.
    BansLifted,
    /// A new access key is in the place of the old.
    KeyRegenerated,
    /// An API key is refused.
    KeyRevoked,
    /// An invitation is gone.
    InvitationWithdrawn,
    /// A webhook was changed.
    WebhookSaved,
    /// A webhook is gone.
    WebhookDeleted,
    /// An endpoint wants events.
    WebhookProven,
    /// A sample is on its way.
    SampleSent,
    /// Deliveries are sent again.
    Redelivering,
    /// The mark of a low balance is set.
    AlertSaved,
    /// What stands on invoices changed.
    BillingSaved,
    /// A rule or the hook of top-ups changed.
    TopUpsSaved,
    /// Something was done to an invoice.
    InvoiceChanged,
    /// An entry of the ledger was taken back.
    EntryReversed,
    /// A tenant's period was closed.
    PeriodClosed,
    /// Which calls are recorded changed.
    RecordingPolicySaved,
    /// A call is recorded from now on.
    RecordingStarted,
    /// A recording rests.
    RecordingPaused,
    /// A recording is over.
    RecordingStopped,
    /// A recording is gone.
    RecordingDeleted,
}

impl Done {
    const ALL: [Self; 67] = [
        Self::RecordingPolicySaved,
        Self::RecordingStarted,
        Self::RecordingPaused,
        Self::RecordingStopped,
        Self::RecordingDeleted,
        Self::TopUpsSaved,
        Self::BillingSaved,
        Self::InvoiceChanged,
        Self::EntryReversed,
        Self::PeriodClosed,
        Self::PlanSaved,
        Self::DeckSaved,
        Self::WebhookSaved,
        Self::WebhookDeleted,
        Self::WebhookProven,
        Self::SampleSent,
        Self::Redelivering,
        Self::AlertSaved,
        Self::KeyRegenerated,
        Self::KeyRevoked,
        Self::InvitationWithdrawn,
        Self::IdentityMade,
        Self::IdentityDeleted,
        Self::TokensRevoked,
        Self::KeyRotated,
        Self::ProtectionSaved,
        Self::EmergencySaved,
        Self::CarrierSaved,
        Self::StirSaved,
        Self::AnnouncementsSaved,
        Self::AudioSaved,
        Self::TermsSaved,
        Self::StopLifted,
        Self::SpendingSaved,
        Self::EligibilitySaved,
        Self::NumbersImported,
        Self::QuarantineSaved,
        Self::QuarantineEnded,
        Self::NumberReassigned,
        Self::SupplierSaved,
        Self::RequirementSaved,
        Self::EvidenceShown,
        Self::EvidenceJudged,
        Self::PortingSaved,
        Self::GuardSaved,
        Self::SignedUp,
        Self::Verified,
        Self::SignedOut,
        Self::Bought,
        Self::BoughtSome,
        Self::Reserved,
        Self::LetGo,
        Self::Bound,
        Self::Released,
        Self::TrunkSaved,
        Self::TrunkDeleted,
        Self::RouteSaved,
        Self::RouteDeleted,
        Self::RouteMoved,
        Self::DomainAdded,
        Self::DomainVerified,
        Self::UserDeleted,
        Self::CallEnding,
        Self::CallPlaced,
        Self::NodeDrained,
        Self::NodeResumed,
        Self::BansLifted,
    ];

    /// The word in the cookie.
    pub(crate) const fn word(self) -> &'static str {
        self.row().0
    }

    /// The one with this word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.word() == word)
    }

    /// What the page says.
    pub(crate) const fn flash(self) -> Flash {
        Flash { tone: "good", text: self.row().1 }
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::KeyRegenerated => ("key-regenerated", "The new key works; the one before is refused."),
            Self::KeyRevoked => ("key-revoked", "The key is revoked: what shows it is refused."),
            Self::InvitationWithdrawn => ("invitation-withdrawn", "The invitation is taken back."),
            Self::WebhookSaved => ("webhook-saved", "The webhook is saved."),
            Self::WebhookDeleted => ("webhook-deleted", "The webhook is deleted."),
            Self::WebhookProven => ("webhook-proven", "The endpoint wants events: they go there now."),
            Self::SampleSent => ("sample-sent", "A sample is on its way. Look again in a moment."),
            Self::Redelivering => ("redelivering", "It is sent again. Look again in a moment."),
            Self::AlertSaved => ("alert-saved", "Saved: an event tells you from now on."),
            Self::BillingSaved => ("billing-saved", "Saved: it stands on the next invoice."),
            Self::TopUpsSaved => ("top-ups-saved", "Saved. It holds from now on."),
            Self::InvoiceChanged => ("invoice-changed", "Done."),
            Self::EntryReversed => ("entry-reversed", "Taken back: its opposite is in the ledger."),
            Self::PeriodClosed => ("period-closed", "What was charged until now is closed."),
            Self::RecordingPolicySaved => {
                ("recording-policy-saved", "Saved. The next call is recorded by it, or not.")
            }
            Self::RecordingStarted => ("recording-started", "What is said is recorded from now on."),
            Self::RecordingPaused => ("recording-paused", "Paused: what is said now is not recorded."),
            Self::RecordingStopped => ("recording-stopped", "The recording is over. The call goes on."),
            Self::RecordingDeleted => ("recording-deleted", "The recording is deleted."),
            Self::SignedUp => ("signed-up", "The account is made. Sign in with it."),
            Self::Verified => {
                ("verified", "Thank you: the address is yours, and the account is switched on.")
            }
            Self::SignedOut => ("signed-out", "You are signed out."),
            Self::Bought => ("bought", "Bought. Say below where calls to it go."),
            Self::BoughtSome => ("bought-some", "Bought. Open each number to say where calls to it go."),
            Self::Reserved => ("reserved", "It is held for you."),
            Self::LetGo => ("let-go", "It is not held for you any more."),
            Self::Bound => ("bound", "Saved. The next call goes there."),
            Self::Released => ("released", "Released. It stays yours until it is no longer paid for."),
            Self::TrunkSaved => ("trunk-saved", "The trunk is saved."),
            Self::TrunkDeleted => ("trunk-deleted", "The trunk is deleted."),
            Self::RouteSaved => ("route-saved", "The route is saved. The next call is routed by it."),
            Self::RouteDeleted => ("route-deleted", "The route is deleted."),
            Self::RouteMoved => {
                ("route-moved", "The route is moved. The next call is routed by the new order.")
            }
            Self::ProtectionSaved => ("protection-saved", "Saved. The next call is held to it."),
            Self::EmergencySaved => ("emergency-saved", "Saved for emergency calls."),
            Self::CarrierSaved => ("carrier-saved", "The carrier is saved. The next call is routed by it."),
            Self::PlanSaved => ("plan-saved", "The price plan is saved."),
            Self::DeckSaved => ("deck-saved", "The rate deck is saved."),
            Self::StirSaved => ("stir-saved", "Saved. The next call is judged by it."),
            Self::StopLifted => ("stop-lifted", "The stop is lifted: such calls are put through again."),
            Self::SpendingSaved => ("spending-saved", "The defaults of spending are saved."),
            Self::AudioSaved => ("audio-saved", "Saved. The next call goes by it."),
            Self::AnnouncementsSaved => {
                ("announcements-saved", "Saved. The next call that fails is heard so.")
            }
            Self::TermsSaved => ("terms-saved", "The tenant's terms are saved."),
            Self::EligibilitySaved => ("eligibility-saved", "The rules are saved."),
            Self::NumbersImported => ("numbers-imported", "The file is imported."),
            Self::QuarantineSaved => {
                ("quarantine-saved", "Saved. It holds for numbers that are given back from now on.")
            }
            Self::QuarantineEnded => ("quarantine-ended", "The number is for sale."),
            Self::NumberReassigned => ("number-reassigned", "The number is its last tenant's again."),
            Self::SupplierSaved => ("supplier-saved", "The supplier is saved. The next search asks it."),
            Self::RequirementSaved => ("requirement-saved", "Saved. The next purchase is held to it."),
            Self::EvidenceShown => ("evidence-shown", "Sent: the operator looks at it."),
            Self::EvidenceJudged => ("evidence-judged", "Saved: the tenant sees it."),
            Self::PortingSaved => ("porting-saved", "Saved."),
            Self::GuardSaved => ("guard-saved", "Saved. The next request for it is held to it."),
            Self::DomainAdded => ("domain-added", "The domain is noted."),
            Self::DomainVerified => ("domain-verified", "The domain is yours: trunks may have names in it."),
            Self::UserDeleted => ("user-deleted", "The SIP user is deleted."),
            Self::IdentityMade => {
                ("identity-made", "The user is made. Your server has tokens issued for it.")
            }
            Self::IdentityDeleted => ("identity-deleted", "The user is deleted, and its tokens are void."),
            Self::TokensRevoked => ("tokens-revoked", "The tokens of that user are void."),
            Self::KeyRotated => ("key-rotated", "A new key signs. Those before it verify for a day."),
            Self::CallEnding => ("call-ending", "The call is being ended."),
            Self::CallPlaced => ("call-placed", "The sandbox is calling."),
            Self::NodeDrained => ("node-drained", "This node takes no new calls. Those that are up go on."),
            Self::NodeResumed => ("node-resumed", "This node takes calls again."),
            Self::BansLifted => {
                ("bans-lifted", "Lifted: they are heard again, and start with a clean slate.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_what_was_done_is_found_again_and_no_other_is() {
        for done in Done::ALL {
            assert_eq!(Done::from_word(done.word()), Some(done));
        }
        assert_eq!(Done::from_word("<script>"), None);
    }
}
