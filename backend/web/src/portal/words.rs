//! Facts as pages print them: amounts, times, durations, and the words of outcomes.

use app::calls::{CallState, CallView};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    cause::{Cause, Direction},
    config::{CallerIdPolicy, Health, Srtp, Transport},
    decision::Mark,
    money::Money,
    numbering::{Binding, Capability, NumberType},
};

/// Decimals of a price per minute.
const RATE_DECIMALS: usize = 4;

/// A word with a colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Badge {
    /// `good`, `warn`, `bad`, or nothing.
    pub(crate) tone: &'static str,
    /// The word.
    pub(crate) text: String,
}

impl Badge {
    pub(crate) fn new(tone: &'static str, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// A moment: for programs, and in UTC for people whose browser does not put it into their own zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    /// RFC 3339.
    pub(crate) iso: String,
    /// For people, in UTC.
    pub(crate) text: String,
}

impl From<DateTime<Utc>> for At {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            iso: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            text: at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }
}

/// A day, in UTC: what is paid for does not depend on where its reader is.
pub(crate) fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y").to_string()
}

/// `0.0085 USD`.
pub(crate) fn money(amount: Money) -> String {
    amount.to_string()
}

/// An amount in two parts, for where it is printed large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    /// `7.955521`.
    pub(crate) number: String,
    /// `USD`.
    pub(crate) currency: String,
}

impl From<Money> for Sum {
    fn from(amount: Money) -> Self {
        let text = amount.to_string();
        let number = text.split(' ').next().unwrap_or_default().to_owned();
        Self { number, currency: amount.currency.to_string() }
    }
}

/// What a minute costs, with four decimals at least, so that prices stand under one another: `0.0130 USD`.
pub(crate) fn rate(per_minute: Money) -> String {
    let Sum { mut number, currency } = per_minute.into();
    let decimals = number.rsplit_once('.').map_or(0, |(_, decimals)| decimals.len());
    number.extend(std::iter::repeat_n('0', RATE_DECIMALS.saturating_sub(decimals)));
    format!("{number} {currency}")
}

/// How long money lasts, in the two largest units: `4 h`, `1 h 05 min`, `35 min`, `20 s`.
pub(crate) fn lasts(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// `850 ms`, `12.345 s`, `3 min 05 s`, `1 h 02 min 03 s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{seconds}.{:03} s", milliseconds % 1_000),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min {:02} s", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How a call is doing, or how it ended.
pub(crate) fn outcome(call: &CallView) -> Badge {
    match (&call.outcome, call.state, call.answered_at) {
        (Some(outcome), CallState::Ended, answered) => cause(outcome.cause, answered.is_some()),
        (_, _, Some(_)) => Badge::new("good", "live"),
        (_, _, None) => Badge::new("warn", "ringing"),
    }
}

/// A cause by how it feels to whoever called: theirs to know, or ours to mend.
pub(crate) fn cause(cause: Cause, answered: bool) -> Badge {
    use Cause as C;
    let word = cause.word().replace('-', " ");
    match cause {
        C::NormalClearing => Badge::new("good", if answered { "answered" } else { "ended" }),
        C::Cancelled | C::Busy | C::NoAnswer | C::Declined => Badge::new("", word),
        C::OutOfFunds
        | C::EndedByCommand
        | C::PlatformStopped
        | C::DurationLimit
        | C::SessionExpired
        | C::MediaTimeout
        | C::MediaLost => Badge::new("warn", word),
        C::CalleeFailed
        | C::Unreachable
        | C::BadNumber
        | C::NumberNotFound
        | C::NumberUnbound
        | C::NotRegistered
        | C::NoRoute
        | C::CallerIdNotOwned
        | C::BalanceTooLow
        | C::TenantSuspended
        | C::CallLimit
        | C::RateLimit
        | C::TrunkUnusable
        | C::EmergencyUnavailable
        | C::NotEligible
        | C::DestinationNotAllowed
        | C::HighRiskDestination
        | C::SpendCap
        | C::ExposureCap
        | C::VelocityStop
        | C::BelowCost
        | C::CallerNotVerified
        | C::ForwardLoop
        | C::RoutingLoop
        | C::MediaUnavailable
        | C::PlatformUnavailable => Badge::new("bad", word),
    }
}

/// How a rule of the decision judged.
pub(crate) fn mark(mark: Mark) -> Badge {
    match mark {
        Mark::Passed => Badge::new("good", "passed"),
        Mark::Skipped => Badge::new("", "skipped"),
        Mark::Refused => Badge::new("bad", "refused"),
    }
}

/// `outbound` or `inbound`.
pub(crate) const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

/// How a trunk is doing; where it can't be used, that comes first.
pub(crate) fn health(health: Health, problem: Option<&str>) -> Badge {
    match (problem, health) {
        (Some(_), Health::Offline) => Badge::new("bad", "offline"),
        (Some(_), _) => Badge::new("bad", "unusable"),
        (None, Health::Online) => Badge::new("good", "online"),
        (None, Health::Warning) => Badge::new("warn", "warning"),
        (None, Health::Unknown) => Badge::new("", "not heard from yet"),
        (None, Health::Offline) => Badge::new("bad", "offline"),
    }
}

/// `UDP`, `TCP`, `TLS`.
pub(crate) const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
    }
}

/// `off`, `optional`, `required`.
pub(crate) const fn srtp(srtp: Srtp) -> &'static str {
    match srtp {
        Srtp::Off => "off",
        Srtp::Optional => "optional",
        Srtp::Required => "required",
    }
}

/// Which caller ids a carrier takes.
pub(crate) const fn caller_id(policy: CallerIdPolicy) -> &'static str {
    match policy {
        CallerIdPolicy::Any => "any",
        CallerIdPolicy::Owned => "owned numbers only",
    }
}

/// The kind of a number.
pub(crate) const fn number_type(kind: NumberType) -> &'static str {
    match kind {
        NumberType::Geographic => "geographic",
        NumberType::Mobile => "mobile",
        NumberType::TollFree => "toll-free",
    }
}

/// What a number does with calls or texts.
pub(crate) const fn ability(able: Capability) -> &'static str {
    match able {
        Capability::None => "none",
        Capability::Inbound => "in",
        Capability::Outbound => "out",
        Capability::InboundOutbound => "in and out",
    }
}

/// Where calls to a number go; `None` where they go nowhere.
pub(crate) fn binding(binding: &Binding) -> Option<String> {
    match binding {
        Binding::Trunk(fqdn) => Some(format!("trunk {fqdn}")),
        Binding::User(name) => Some(format!("user {name}")),
        Binding::Application(name) => Some(format!("app {name}")),
        Binding::Forward(number) => Some(format!("forward to {number}")),
        Binding::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        for (milliseconds, text) in [
            (0, "0 ms"),
            (850, "850 ms"),
            (12_345, "12.345 s"),
            (185_999, "3 min 05 s"),
            (3_723_000, "1 h 02 min 03 s"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }

    #[test]
    fn prices_per_minute_have_four_decimals_at_least() {
        let shown = |micros| rate(Money::new(micros, domain::money::Currency::USD));
        assert_eq!([shown(13_000), shown(8_500), shown(1_234)], ["0.0130 USD", "0.0085 USD", "0.001234 USD"]);
    }

    #[test]
    fn money_lasts_for_a_round_time() {
        assert_eq!(
            [lasts(20), lasts(2_100), lasts(14_400), lasts(3_900)],
            ["20 s", "35 min", "4 h", "1 h 05 min"]
        );
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_busy_callee_is_no_fault_and_an_empty_account_is() {
        assert_eq!(cause(Cause::Busy, false), Badge::new("", "busy"));
        assert_eq!(cause(Cause::BalanceTooLow, false), Badge::new("bad", "balance too low"));
        assert_eq!(cause(Cause::NormalClearing, true), Badge::new("good", "answered"));
    }
}
