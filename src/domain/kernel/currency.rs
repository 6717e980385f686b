//! Currencies, and decimal numbers of their units.

use super::date::shortened;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The reason why a text is not a [`Percent`](super::Percent), a
/// [`Currency`] or an [`Amount`](super::Amount), as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    /// The text is no percentage within its bounds.
    #[error("`{0}` is no percentage from 0 to 1000 with at most two decimals, such as `12.5 %`")]
    NoPercent(String),
    /// The text is no code of a currency that is supported.
    #[error("`{0}` is no currency; there are KRW, JPY, USD, EUR, GBP, CHF and CNY")]
    NoCurrency(String),
    /// The text is no amount in a currency.
    #[error("`{0}` is no amount in a currency, such as `12.50 EUR`")]
    NoAmount(String),
    /// The amount has more decimals than its currency.
    #[error("`{text}` has more than the {decimals} decimals of {currency}")]
    TooFine {
        /// The text.
        text: String,
        /// The currency.
        currency: Currency,
        /// Its decimals.
        decimals: u32,
    },
    /// The amount is above the bound.
    #[error("`{0}` is more than a business accepts")]
    TooLarge(String),
    /// Two amounts have different currencies.
    #[error("{0} and {1} are not the same currency")]
    Different(Currency, Currency),
}

/// The currencies that amounts may have, by their codes of ISO 4217.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// South Korean won.
    #[default]
    Krw,
    /// Japanese yen.
    Jpy,
    /// US dollar.
    Usd,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
    /// Swiss franc.
    Chf,
    /// Renminbi.
    Cny,
}

impl Currency {
    pub(super) const ALL: [Self; 7] =
        [Self::Krw, Self::Jpy, Self::Usd, Self::Eur, Self::Gbp, Self::Chf, Self::Cny];

    /// The code, such as `KRW`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Krw => "KRW",
            Self::Jpy => "JPY",
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
            Self::Chf => "CHF",
            Self::Cny => "CNY",
        }
    }

    /// The number of decimals: 0 for won and yen, 2 for all others.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Krw | Self::Jpy => 0,
            Self::Usd | Self::Eur | Self::Gbp | Self::Chf | Self::Cny => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Currency {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let known = Self::ALL.into_iter().find(|currency| currency.code() == text);
        known.ok_or_else(|| InvalidAmount::NoCurrency(shortened(text)))
    }
}

/// The number of the smallest units in a decimal number with at most this many decimals.
pub(super) fn decimal(text: &str, decimals: u32) -> Option<u64> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let missing =
        decimals.checked_sub(u32::try_from(fraction.trim_end_matches('0').len()).ok()?)?;
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(10_u64.pow(decimals))?;
    let fraction = fraction.trim_end_matches('0');
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse::<u64>().ok()? };
    whole.checked_add(fraction * 10_u64.pow(missing))
}

/// A number of the smallest units as a decimal number.
pub(super) fn written(units: u64, decimals: u32) -> String {
    let one = 10_u64.pow(decimals);
    if decimals == 0 {
        return units.to_string();
    }
    format!("{}.{:0width$}", units / one, units % one, width = decimals as usize)
}
