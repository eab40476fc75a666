//! The menu: which parts of the console stand in which group.

use super::page::{Audience, Entry, Place};

impl Audience {
    /// The parts of the console, by group. A group of one stands for itself.
    pub(super) const fn groups(self) -> &'static [(&'static str, &'static [Place])] {
        const MEMBER: [(&str, &[Place]); 6] = [
            ("Overview", &[Place::Overview]),
            ("Numbers", &[Place::Numbers, Place::Porting]),
            ("Routing", &[Place::Trunks, Place::Routes, Place::Users, Place::Emergency]),
            ("Calls", &[Place::Calls, Place::Recordings]),
            ("Money", &[Place::Money, Place::Protection]),
            ("Developers", &[Place::Webhooks, Place::Keys]),
        ];
        const OPERATOR: [(&str, &[Place]); 4] = [
            ("Platform", &[Place::Platform, Place::Live, Place::Bans, Place::Outbox, Place::Audit]),
            (
                "Routing",
                &[
                    Place::Carriers,
                    Place::EmergencyCountries,
                    Place::Stir,
                    Place::Announcements,
                    Place::Audio,
                    Place::Eligibility,
                ],
            ),
            ("Numbers", &[Place::Inventory, Place::PortingOfAll]),
            ("Money", &[Place::Prices, Place::Billing]),
        ];
        match self {
            Self::Stranger => &[],
            Self::Member => &MEMBER,
            Self::Operator => &OPERATOR,
        }
    }

    /// The groups, and what is in that of the page.
    pub(super) fn menu(self, place: Place) -> (Vec<Entry>, Vec<Entry>) {
        let groups = self.groups();
        let current = groups.iter().find(|(_, places)| places.contains(&place));
        let menu = groups.iter().filter_map(|(label, places)| {
            Some(Entry { href: places.first()?.entry().0, label, current: places.contains(&place) })
        });
        let within = current.map_or(&[][..], |(_, places)| places).iter().map(|known| {
            let (href, label) = known.entry();
            Entry { href, label, current: *known == place }
        });
        let within: Vec<_> = within.collect();
        (menu.collect(), if within.len() > 1 { within } else { Vec::new() })
    }
}
