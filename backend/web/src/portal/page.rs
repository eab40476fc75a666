//! What every page has around it: the menu, who is signed in, the token of its forms, a word on what was just done.

use crate::assets;
use std::sync::LazyLock;

/// The version in the footer.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

static STYLE: LazyLock<String> = LazyLock::new(|| assets::href("css/dialtone.css"));
static SCRIPT: LazyLock<String> = LazyLock::new(|| assets::href("js/dialtone.js"));
static ICON: LazyLock<String> = LazyLock::new(|| assets::href("img/mark.svg"));

/// The frame of a page, ready to print.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// The groups of the menu; empty for strangers.
    pub(crate) menu: Vec<Entry>,
    /// What else is in the page's group; empty where it is alone.
    pub(crate) within: Vec<Entry>,
    /// The e-mail address of whoever is signed in.
    pub(crate) who: Option<String>,
    /// Where the brand leads.
    pub(crate) home: &'static str,
    /// What every form must send along.
    pub(crate) csrf: String,
    /// What was just done.
    pub(crate) flash: Option<Flash>,
    /// The version of this program.
    pub(crate) version: &'static str,
    /// The style sheet, by its content.
    pub(crate) style: &'static str,
    /// The script, by its content.
    pub(crate) script: &'static str,
    /// The icon, by its content.
    pub(crate) icon: &'static str,
}

impl Shell {
    /// The frame around a page at `place`, for `audience`.
    pub(crate) fn new(place: Place, audience: Audience, who: Option<String>) -> Self {
        let (menu, within) = audience.menu(place);
        Self {
            menu,
            within,
            home: audience.home(),
            who,
            csrf: String::new(),
            flash: None,
            version: VERSION,
            style: &STYLE,
            script: &SCRIPT,
            icon: &ICON,
        }
    }
}

/// One entry of the menu.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Where it leads.
    pub(crate) href: &'static str,
    /// What it says.
    pub(crate) label: &'static str,
    /// Whether this page is in it.
    pub(crate) current: bool,
}

/// A word on what was just done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flash {
    /// `good`, `warn` or `bad`.
    pub(crate) tone: &'static str,
    /// The sentence.
    pub(crate) text: &'static str,
}

/// Who looks at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Nobody we know.
    Stranger,
    /// Somebody of a tenant.
    Member,
    /// Whoever runs the platform.
    Operator,
}

impl Audience {
    /// The first page of each.
    pub(crate) const fn home(self) -> &'static str {
        match self {
            Self::Stranger => "/",
            Self::Member => "/app",
            Self::Operator => "/operator",
        }
    }
}

/// Which part of the console a page is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// None: the pages before sign-in, and errors.
    Outside,
    /// The tenant's first page.
    Overview,
    /// Numbers.
    Numbers,
    /// Numbers of the tenant that change their provider.
    Porting,
    /// Those of all tenants.
    PortingOfAll,
    /// Trunks.
    Trunks,
    /// Voice routes.
    Routes,
    /// Where calls may go, and for how much.
    Protection,
    /// Emergency calls of a tenant.
    Emergency,
    /// Balance, ledger and invoices of a tenant.
    Money,
    /// Invoices, taxes and proof of the operator.
    Billing,
    /// The operator's carriers.
    Carriers,
    /// Price plans and rate decks.
    Prices,
    /// Numbers for sale, suppliers, quarantine.
    Inventory,
    /// Emergency calls by country.
    EmergencyCountries,
    /// Signatures of calls.
    Stir,
    /// What callers hear of calls that fail.
    Announcements,
    /// Codecs of all calls, and the echo.
    Audio,
    /// Which ways of connection tenants may use.
    Eligibility,
    /// SIP users.
    Users,
    /// Calls.
    Calls,
    /// Recordings of calls.
    Recordings,
    /// The operator's first page.
    Platform,
    /// Live calls of all tenants.
    Live,
    /// Whom the SIP edge does not hear.
    Bans,
    /// What leaves the platform.
    Outbox,
    /// Where the tenant hears of events.
    Webhooks,
    /// Access keys, API keys, and who changed what, of a tenant.
    Keys,
    /// Who changed what, everywhere.
    Audit,
}

impl Place {
    /// Where it is, and what the menu calls it.
    pub(super) const fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::Outside => ("/", "Start"),
            Self::Overview => ("/app", "Overview"),
            Self::Numbers => ("/app/numbers", "Numbers"),
            Self::Porting => ("/app/porting", "Porting"),
            Self::PortingOfAll => ("/operator/porting", "Porting"),
            Self::Trunks => ("/app/trunks", "Trunks"),
            Self::Routes => ("/app/routes", "Routes"),
            Self::Protection => ("/app/protection", "Protection"),
            Self::Emergency => ("/app/emergency", "Emergency"),
            Self::Money => ("/app/money", "Money"),
            Self::Billing => ("/operator/invoices", "Billing"),
            Self::Carriers => ("/operator/carriers", "Carriers"),
            Self::Prices => ("/operator/plans", "Prices"),
            Self::Inventory => ("/operator/inventory", "Inventory"),
            Self::EmergencyCountries => ("/operator/emergency", "Emergency"),
            Self::Stir => ("/operator/stir", "Signed calls"),
            Self::Announcements => ("/operator/announcements", "Announcements"),
            Self::Audio => ("/operator/audio", "Codecs and echo"),
            Self::Eligibility => ("/operator/eligibility", "Eligibility"),
            Self::Users => ("/app/users", "SIP users"),
            Self::Calls => ("/app/calls", "Calls"),
            Self::Recordings => ("/app/recordings", "Recordings"),
            Self::Platform => ("/operator", "Platform"),
            Self::Live => ("/operator/live", "Live calls"),
            Self::Bans => ("/operator/bans", "Bans"),
            Self::Outbox => ("/operator/outbox", "Outbox"),
            Self::Webhooks => ("/app/webhooks", "Webhooks"),
            Self::Keys => ("/app/keys", "Keys"),
            Self::Audit => ("/operator/audit", "Audit"),
        }
    }
}

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

    #[test]
    fn the_menu_marks_the_page_that_is_shown_and_strangers_get_none() {
        let current = |entries: &[Entry]| -> Vec<&str> {
            entries.iter().filter(|entry| entry.current).map(|entry| entry.label).collect()
        };
        let shell = Shell::new(Place::Porting, Audience::Member, None);
        assert_eq!((current(&shell.menu), current(&shell.within)), (vec!["Numbers"], vec!["Porting"]));
        let alone = Shell::new(Place::Overview, Audience::Member, None);
        assert_eq!((current(&alone.menu), alone.within.len()), (vec!["Overview"], 0));
        assert!(Shell::new(Place::Outside, Audience::Stranger, None).menu.is_empty());
    }
}
