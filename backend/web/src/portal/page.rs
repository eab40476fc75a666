//! What every page has around it: the menu, who is signed in, the token of its forms, a word on what was just done.

pub(crate) use super::done::Done;

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

#[cfg(test)]
mod tests {
    use super::*;

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
