//! Whether such calls are stopped because too much was spent too fast.

use super::{Court, Ruled};
use crate::{
    cause::{Cause, Direction},
    money::Money,
    velocity,
};

impl Court<'_> {
    /// Stops of the tenant, of where it calls, and of who calls. Money that is spent in a moment is spent by many calls, so that a
    /// stop is a fact of the moment and not of the configuration.
    pub(super) fn velocity(&mut self) -> Ruled<()> {
        if self.usage.stops.is_empty() {
            return Ok(());
        }
        let is_outbound = self.decision.direction == Direction::Outbound;
        let destination = self.to.e164().filter(|_| is_outbound).map(velocity::destination);
        let caller =
            is_outbound.then(|| velocity::caller(self.facts.from.as_ref().map(|from| from.as_str())));
        let stops = &self.usage.stops;
        let stop = stops.iter().find(|stop| stop.holds(self.facts.at) && stop.concerns(destination, caller));
        let Some(stop) = stop else {
            self.pass("velocity", "what is stopped at this moment is another destination or caller");
            return Ok(());
        };
        let currency = self.decision.quote.currency;
        let until = stop.until.map_or_else(
            || "until the stop is lifted".to_owned(),
            |until| format!("until {}", until.format("%Y-%m-%d %H:%M UTC")),
        );
        let text = format!(
            "{} are stopped {until}: {} were spent within {}, and {} is the limit",
            stop.of.says(),
            Money::new(stop.spent_micros, currency),
            match stop.span {
                velocity::Span::Hour => "an hour",
                velocity::Span::Day => "a day",
            },
            Money::new(stop.limit_micros, currency),
        );
        self.refuse("velocity", Cause::VelocityStop, text)
    }
}
