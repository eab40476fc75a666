//! Where a tenant may call.

use super::{Court, Ruled};
use crate::{cause::Cause, config::Tenant, country, high_risk, phone::E164};

/// The length of the longest prefix of a number.
fn longest(prefixes: &[String], digits: &str) -> Option<usize> {
    prefixes.iter().filter(|prefix| digits.starts_with(prefix.as_str())).map(String::len).max()
}

impl Court<'_> {
    /// The tenant's own lists of countries and prefixes; of an allowed and a blocked prefix the longer wins.
    pub(super) fn destination(&mut self, tenant: &Tenant, number: E164) -> Ruled<()> {
        let protection = &tenant.protection;
        let is_listed = !protection.allowed_countries.is_empty() || !protection.allowed_prefixes.is_empty();
        if !is_listed && protection.blocked_prefixes.is_empty() {
            return Ok(());
        }
        let text = number.text();
        let digits = text.digits();
        let allowed = longest(&protection.allowed_prefixes, digits);
        let blocked = longest(&protection.blocked_prefixes, digits);
        if let Some(length) = blocked.filter(|length| allowed.is_none_or(|allowed| allowed <= *length)) {
            let text = format!("calls to +{} are blocked by {}", &digits[..length], tenant.slug);
            return self.refuse("destination", Cause::DestinationNotAllowed, text);
        }
        if let Some(length) = allowed {
            self.pass("destination", format!("{} allows calls to +{}", tenant.slug, &digits[..length]));
            return Ok(());
        }
        if !is_listed {
            return Ok(());
        }
        let place = country::of(number);
        if let Some(code) =
            place.filter(|code| protection.allowed_countries.iter().any(|known| known == code))
        {
            self.pass("destination", format!("{} allows calls to {code}", tenant.slug));
            return Ok(());
        }
        let place = place.map_or_else(|| "no country".to_owned(), |code| format!("country {code}"));
        let text = format!("{number} belongs to {place}, which is not among what {} allows", tenant.slug);
        self.refuse("destination", Cause::DestinationNotAllowed, text)
    }

    /// Destinations of toll fraud are closed until they are opened for the tenant.
    pub(super) fn high_risk(&mut self, tenant: &Tenant, number: E164) -> Ruled<()> {
        let Some(range) = high_risk::of(number) else { return Ok(()) };
        let what = format!("+{} ({})", range.prefix, range.what);
        if high_risk::is_open(&tenant.protection.high_risk_prefixes, number) {
            self.pass(
                "destination",
                format!("{what} is a high-risk destination, and open for {}", tenant.slug),
            );
            return Ok(());
        }
        let text = format!(
            "{what} is a high-risk destination: open its prefix for {} if such calls are meant",
            tenant.slug
        );
        self.refuse("destination", Cause::HighRiskDestination, text)
    }
}
