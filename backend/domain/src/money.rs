//! Money: `i64` micro-units and an ISO 4217 code. No float, ever; one rounding function.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Micro-units in one unit of a currency: 1.00 USD is 1,000,000.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// The currencies of ISO 4217, without funds, metals and codes for testing.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD \
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL \
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD \
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD \
    UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// An ISO 4217 currency code of three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency of the sandbox plan.
    pub const USD: Self = Self(*b"USD");

    /// Whether ISO 4217 has it: money that people pay with.
    #[must_use]
    pub fn is_known(&self) -> bool {
        CURRENCIES.split_ascii_whitespace().any(|code| code == self.code())
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

/// A text that is not three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is an ISO 4217 code of three capital letters, such as USD")]
pub struct BadCurrency;

impl FromStr for Currency {
    type Err = BadCurrency;
    fn from_str(text: &str) -> Result<Self, BadCurrency> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| BadCurrency)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(BadCurrency) }
    }
}

impl TryFrom<String> for Currency {
    type Error = BadCurrency;
    fn try_from(text: String) -> Result<Self, BadCurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money, on the wire `{"amountMicros": 8500, "currency": "USD"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Money {
    /// Micro-units of the currency; negative for debits.
    #[serde(rename = "amountMicros")]
    pub micros: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount.
    #[must_use]
    pub const fn new(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }
}

impl fmt::Display for Money {
    /// Six decimals at most, two at least: `0.0085 USD`, `1.00 USD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let (mut fraction, mut places) = (micros % MICROS_PER_UNIT.unsigned_abs(), 6);
        while places > 2 && fraction % 10 == 0 {
            fraction /= 10;
            places -= 1;
        }
        write!(f, "{sign}{}.{fraction:0places$} {}", micros / MICROS_PER_UNIT.unsigned_abs(), self.currency)
    }
}

/// `numerator / denominator`, rounded half away from zero. The one rounding of the house.
///
/// Saturates at the ends of `i64`; `denominator` must be positive (a zero gives zero).
#[must_use]
pub fn divide_rounding_half_up(numerator: i128, denominator: i128) -> i64 {
    if denominator <= 0 {
        return 0;
    }
    // What is small is divided in one instruction.
    if let (Ok(numerator), Ok(denominator)) = (u64::try_from(numerator), u64::try_from(denominator)) {
        let (quotient, rest) = (numerator / denominator, numerator % denominator);
        return i64::try_from(quotient + u64::from(rest >= denominator.div_ceil(2))).unwrap_or(i64::MAX);
    }
    let half = denominator / 2 + denominator % 2;
    let magnitude = numerator.unsigned_abs().cast_signed();
    let quotient = magnitude / denominator;
    let rest = magnitude % denominator;
    let rounded = if rest >= half { quotient + 1 } else { quotient };
    let signed = if numerator < 0 { -rounded } else { rounded };
    i64::try_from(signed).unwrap_or(if signed < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero_and_less_than_half_rounds_down() {
        assert_eq!(divide_rounding_half_up(1, 2), 1);
        assert_eq!(divide_rounding_half_up(-1, 2), -1);
        assert_eq!(divide_rounding_half_up(1, 3), 0);
        assert_eq!(divide_rounding_half_up(2, 3), 1);
        assert_eq!(divide_rounding_half_up(5, 0), 0);
    }

    #[test]
    fn an_amount_prints_two_to_six_decimals() {
        assert_eq!(Money::new(8_500, Currency::USD).to_string(), "0.0085 USD");
        assert_eq!(Money::new(1_000_000, Currency::USD).to_string(), "1.00 USD");
        assert_eq!(Money::new(-12_345_678, Currency::USD).to_string(), "-12.345678 USD");
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert!("usd".parse::<Currency>().is_err());
        assert!("US".parse::<Currency>().is_err());
        assert_eq!("SEK".parse::<Currency>().map(|c| c.to_string()), Ok("SEK".into()));
    }
}
