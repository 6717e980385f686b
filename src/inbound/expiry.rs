//! The end of the token of a client, which ends its streams.

use crate::identity::unix_now_s;
use std::{future::pending, time::Duration};

/// The reason why a stream ends with the token that opened it.
pub const EXPIRED: &str = "the token has expired; go on with a new one";

/// How long a wait goes on without a look at the clock, which may have been set forward.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The time from which a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The second since 1970; `None` when the client has no token.
    until_s: Option<u64>,
}

impl Expiry {
    /// The end of a client without a token: there is none.
    pub const NEVER: Self = Self { until_s: None };

    /// The end of a token that is refused from this second since 1970 on.
    #[must_use]
    pub const fn at(until_s: u64) -> Self {
        Self { until_s: Some(until_s) }
    }

    /// Waits until the token has expired.
    pub async fn over(self) {
        let Some(until_s) = self.until_s else { return pending().await };
        while let Some(left) = left(until_s, unix_now_s()) {
            tokio::time::sleep(left).await;
        }
    }
}

/// The time until the next look at the clock; `None` when the time has come.
fn left(until_s: u64, now_s: u64) -> Option<Duration> {
    let left_s = until_s.checked_sub(now_s).filter(|left_s| *left_s > 0)?;
    Some(Duration::from_secs(left_s).min(LOOK_EVERY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_over_from_its_second_on_also_when_the_clock_is_set() {
        assert_eq!(left(100, 99), Some(Duration::from_secs(1)));
        assert_eq!(left(100, 100), None);
        assert_eq!(left(100, 5_000), None);
        assert_eq!(left(u64::MAX, 0), Some(LOOK_EVERY));
    }
}
