//! Amounts of money in a currency.

use super::{
    Currency, InvalidAmount, Money, Percent, Quantity,
    currency::{decimal, written},
    date::shortened,
    percent::part,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

/// An amount of money in a currency, as a whole number of its smallest unit. Never negative.
///
/// In JSON it is a text such as `"12.50 EUR"` or `"3800 KRW"`; any other form is refused with a
/// sentence. In the journal it is the number and the currency. A business with one currency uses
/// [`Money`].
///
/// ```
/// use madang::domain::kernel::{Amount, Currency, Quantity};
///
/// let night: Amount = "89.90 EUR".parse()?;
/// let stay = night.times(Quantity(3)).expect("not too much");
/// assert_eq!(stay.to_string(), "269.70 EUR");
/// let breakfast = Amount::new(1_250, Currency::Eur);
/// assert_eq!(stay.plus(breakfast)?.to_string(), "282.20 EUR");
/// assert!(stay.plus("5 USD".parse()?).is_err());
/// # Ok::<(), madang::domain::kernel::InvalidAmount>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Amount {
    units: u64,
    currency: Currency,
}

impl Amount {
    /// The largest number of units that a business accepts: 10^12, as for [`Money`].
    pub const UNITS_MAX: u64 = Money::MAX.0;

    /// This many of the smallest units of a currency: cents, won.
    #[must_use]
    pub const fn new(units: u64, currency: Currency) -> Self {
        Self { units, currency }
    }

    /// The number of the smallest units.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.units
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum of both amounts.
    ///
    /// # Errors
    /// [`InvalidAmount::Different`] when the currencies differ, [`InvalidAmount::TooLarge`] above
    /// [`Amount::UNITS_MAX`].
    pub fn plus(self, more: Self) -> Result<Self, InvalidAmount> {
        self.is_same(more)?;
        let sum = Self { units: self.units.saturating_add(more.units), ..self };
        let is_accepted = sum.units <= Self::UNITS_MAX;
        is_accepted.then_some(sum).ok_or_else(|| InvalidAmount::TooLarge(sum.to_string()))
    }

    /// The difference of both amounts; at least 0.
    ///
    /// # Errors
    /// [`InvalidAmount::Different`] when the currencies differ.
    pub fn less(self, fewer: Self) -> Result<Self, InvalidAmount> {
        self.is_same(fewer)?;
        Ok(Self { units: self.units.saturating_sub(fewer.units), ..self })
    }

    fn is_same(self, other: Self) -> Result<(), InvalidAmount> {
        let is_same = self.currency == other.currency;
        is_same.then_some(()).ok_or(InvalidAmount::Different(self.currency, other.currency))
    }

    /// This amount multiplied by `quantity`; `None` above [`Amount::UNITS_MAX`].
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Option<Self> {
        let units = self.units.checked_mul(quantity.0.into())?;
        (units <= Self::UNITS_MAX).then_some(Self { units, ..self })
    }

    /// A part of this amount, rounded down to the smallest unit.
    #[must_use]
    pub fn part(self, percent: Percent) -> Self {
        Self { units: part(self.units, percent), ..self }
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let no_amount = || InvalidAmount::NoAmount(shortened(text));
        let (number, code) = text.split_once(' ').ok_or_else(no_amount)?;
        let currency: Currency = code.parse()?;
        let decimals = currency.decimals();
        let fraction = number.split_once('.').map_or("", |(_, fraction)| fraction);
        if fraction.len() > decimals as usize {
            let text = shortened(text);
            return Err(InvalidAmount::TooFine { text, currency, decimals });
        }
        let units = decimal(number, decimals).ok_or_else(no_amount)?;
        if units > Self::UNITS_MAX {
            return Err(InvalidAmount::TooLarge(shortened(text)));
        }
        Ok(Self { units, currency })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = written(self.units, self.currency.decimals());
        f.pad(&format!("{number} {}", self.currency))
    }
}

/// An amount as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Amount")]
struct StoredAmount {
    units: u64,
    currency: Currency,
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        StoredAmount { units: self.units, currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            return text.parse().map_err(D::Error::custom);
        }
        let StoredAmount { units, currency } = StoredAmount::deserialize(deserializer)?;
        Ok(Self { units, currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        for (text, units, shown) in [
            ("3800 KRW", 3_800, "3800 KRW"),
            ("12.5 EUR", 1_250, "12.50 EUR"),
            ("0.05 USD", 5, "0.05 USD"),
            ("7 CHF", 700, "7.00 CHF"),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.units(), amount.to_string().as_str()), (units, shown));
            let json = serde_json::to_string(&amount).unwrap();
            assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
        }
        for (text, sentence) in [
            ("12.50", "`12.50` is no amount in a currency"),
            ("12.50  EUR", "` EUR` is no currency"),
            ("12.50 eur", "`eur` is no currency; there are KRW"),
            ("1.5 KRW", "`1.5 KRW` has more than the 0 decimals of KRW"),
            ("1.505 EUR", "`1.505 EUR` has more than the 2 decimals of EUR"),
            ("-1 EUR", "`-1 EUR` is no amount"),
            ("1,50 EUR", "`1,50 EUR` is no amount"),
            ("10000000000.01 EUR", "`10000000000.01 EUR` is more than a business accepts"),
        ] {
            let error = text.parse::<Amount>().unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
    }

    #[test]
    fn a_part_of_an_amount_is_rounded_down() {
        assert_eq!(Amount::new(999, Currency::Usd).part(Percent::whole(10)).units(), 99);
    }

    #[test]
    fn amounts_of_different_currencies_are_not_added() {
        let (one, other) = (Amount::new(100, Currency::Usd), Amount::new(100, Currency::Eur));
        assert_eq!(one.plus(other), Err(InvalidAmount::Different(Currency::Usd, Currency::Eur)));
        assert_eq!(one.less(other), Err(InvalidAmount::Different(Currency::Usd, Currency::Eur)));
        let largest = Amount::new(Amount::UNITS_MAX, Currency::Usd);
        assert!(matches!(largest.plus(one), Err(InvalidAmount::TooLarge(_))));
        assert_eq!(largest.times(Quantity(2)), None);
    }

    proptest! {
        #[test]
        fn an_amount_is_read_as_it_is_written(units in 0..=Amount::UNITS_MAX, nth in 0..7_usize) {
            let amount = Amount::new(units, Currency::ALL[nth]);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }
}
