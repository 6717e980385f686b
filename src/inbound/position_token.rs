//! Position tokens: the text in which clients get journal positions and send them back.

use std::{fmt, str::FromStr};

/// The partition of the journal that all positions belong to. There is one partition today.
const PARTITION: u32 = 0;

/// A journal position as text: partition, position and a checksum, in hexadecimal digits.
///
/// Clients must treat the text as opaque. They send it back as they got it. The form can change
/// with the number of partitions.
///
/// ```
/// use madang::http::PositionToken;
///
/// let token = PositionToken(47_295).to_string();
/// assert_eq!(token.parse(), Ok(PositionToken(47_295)));
/// assert!("47295".parse::<PositionToken>().is_err(), "a number is no token");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PositionToken(pub u64);

/// The error for a text that no server of this version issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position that this server gave")]
pub struct InvalidToken;

impl PositionToken {
    /// The checksum, which detects a token that was changed or cut.
    fn checksum(self) -> u8 {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&PARTITION.to_be_bytes());
        bytes[4..].copy_from_slice(&self.0.to_be_bytes());
        crc32fast::hash(&bytes).to_be_bytes()[3]
    }
}

impl fmt::Display for PositionToken {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{PARTITION:x}p{:x}{:02x}", self.0, self.checksum())
    }
}

impl FromStr for PositionToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let read = || {
            let (_, digits) = text.split_once('p')?;
            let position = digits.get(..digits.len().checked_sub(2)?)?;
            let token = Self(u64::from_str_radix(position, 16).ok()?);
            // The comparison also refuses other forms of the same position, such as capital letters.
            (token.to_string() == text).then_some(token)
        };
        read().ok_or(InvalidToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_read_back_from_its_token() {
        for position in [0, 1, 15, 16, 47_295, u64::MAX - 1, u64::MAX] {
            let token = PositionToken(position);
            assert_eq!(token.to_string().parse(), Ok(token));
        }
    }

    #[test]
    fn a_changed_or_shortened_token_is_refused() {
        let token = PositionToken(0x4711).to_string();
        let shortened = &token[..token.len() - 1];
        let capital = token.replace('p', "P");
        let other_partition = token.replace("0p", "1p");
        let padded = token.replace("0p", "0p0");
        for wrong in ["", "p", "0p", "18193", "-1", shortened, &capital, &other_partition, &padded]
        {
            assert_eq!(wrong.parse::<PositionToken>(), Err(InvalidToken), "{wrong}");
        }
        for at in 2..token.len() {
            let digit = if token.as_bytes()[at] == b'0' { "1" } else { "0" };
            let mut changed = token.clone();
            changed.replace_range(at..=at, digit);
            assert_eq!(changed.parse::<PositionToken>(), Err(InvalidToken), "{changed}");
        }
    }
}
