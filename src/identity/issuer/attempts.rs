//! A gate for attempts to authenticate: at most ten at once for a name, then ten a minute.
//!
//! Names without an account share 256 places. So they cannot fill the memory, and they are refused
//! like those of accounts: a refusal does not tell whether there is an account.

use crate::identity::accounts::AccountKind;
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

/// The attempts of all names. The time is a parameter.
#[derive(Debug)]
pub struct Attempts {
    of_accounts: HashMap<(AccountKind, String), Place>,
    of_others: Vec<Place>,
    hasher: RandomState,
}

/// The second at which all attempts of a name are forgotten. Each attempt moves it by
/// [`PAUSE_S`].
#[derive(Clone, Copy, Debug, Default)]
struct Place(u64);

/// The time in which one attempt is forgotten.
const PAUSE_S: u64 = 6;

/// The most attempts at once.
const ATTEMPTS_MAX: u64 = 10;

/// The number of places for names without an account.
const OTHERS: usize = 256;

impl Attempts {
    pub fn new<'a>(accounts: impl Iterator<Item = (AccountKind, &'a str)>) -> Self {
        let mut attempts = Self {
            of_accounts: HashMap::new(),
            of_others: vec![Place::default(); OTHERS],
            hasher: RandomState::new(),
        };
        attempts.replace_accounts(accounts);
        attempts
    }

    /// Replaces the accounts. Those that stay keep their attempts.
    pub fn replace_accounts<'a>(&mut self, accounts: impl Iterator<Item = (AccountKind, &'a str)>) {
        let before = std::mem::take(&mut self.of_accounts);
        let place = |key| (before.get(&key).copied().unwrap_or_default(), key);
        let places = accounts.map(|(kind, name)| place((kind, name.to_owned())));
        self.of_accounts = places.map(|(place, key)| (key, place)).collect();
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// When there were too many: the seconds until the next one.
    pub fn count(&mut self, kind: AccountKind, name: &str, now_s: u64) -> Result<(), u64> {
        let place = self.place(kind, name);
        // A clock that was set back must not lock a name for long.
        let clear_s = place.0.clamp(now_s, now_s + PAUSE_S * ATTEMPTS_MAX);
        let wait_s = (clear_s + PAUSE_S).saturating_sub(now_s + PAUSE_S * ATTEMPTS_MAX);
        place.0 = clear_s;
        if wait_s > 0 {
            return Err(wait_s);
        }
        place.0 += PAUSE_S;
        Ok(())
    }

    /// Forgets the last attempt, because it succeeded.
    pub fn forgive(&mut self, kind: AccountKind, name: &str) {
        let place = self.place(kind, name);
        place.0 = place.0.saturating_sub(PAUSE_S);
    }

    fn place(&mut self, kind: AccountKind, name: &str) -> &mut Place {
        let key = (kind, name.to_owned());
        let other = usize::try_from(self.hasher.hash_one(&key) % OTHERS as u64).unwrap_or(0);
        match self.of_accounts.get_mut(&key) {
            Some(place) => place,
            None => &mut self.of_others[other],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccountKind::{Client, User};

    fn attempts() -> Attempts {
        Attempts::new([(Client, "desk"), (User, "min")].into_iter())
    }

    #[test]
    fn a_name_has_ten_attempts_and_then_one_in_six_seconds() {
        for name in ["desk", "unknown"] {
            let mut attempts = attempts();
            assert!((0..10).all(|_| attempts.count(Client, name, 100).is_ok()));
            assert_eq!(attempts.count(Client, name, 100), Err(6));
            assert_eq!(attempts.count(Client, name, 105), Err(1));
            assert_eq!(attempts.count(Client, name, 106), Ok(()));
            assert_eq!(attempts.count(Client, name, 106), Err(6));
        }
    }

    #[test]
    fn attempts_for_one_account_do_not_count_for_another() {
        let mut attempts = attempts();
        assert!((0..10).all(|_| attempts.count(Client, "desk", 0).is_ok()));
        assert!(attempts.count(Client, "desk", 0).is_err());
        assert!(attempts.count(User, "min", 0).is_ok());
    }

    #[test]
    fn successes_do_not_use_up_attempts() {
        let mut attempts = attempts();
        for _ in 0..100 {
            assert!(attempts.count(Client, "desk", 7).is_ok());
            attempts.forgive(Client, "desk");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_locks_a_name_for_a_minute_at_most() {
        let mut attempts = attempts();
        assert!(attempts.count(Client, "desk", 1_000_000).is_ok());
        assert_eq!(attempts.count(Client, "desk", 0), Err(6));
        assert_eq!(attempts.count(Client, "desk", 6), Ok(()));
        assert_eq!(attempts.count(Client, "desk", 60), Ok(()));
    }

    #[test]
    fn unknown_names_need_no_memory() {
        let mut attempts = attempts();
        for number in 0..5_000 {
            let _ = attempts.count(Client, &format!("name-{number}"), 0);
        }
        assert_eq!((attempts.of_accounts.len(), attempts.of_others.len()), (2, 256));
    }
}
