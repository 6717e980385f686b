//! The verified tokens of one worker thread.

use super::{Identity, TokenError, Verifier, unix_now_s};
use crate::sync;
use std::{collections::HashMap, mem, sync::Mutex};

/// A cache of verified tokens for one worker thread. It holds at most 4,096 tokens and 8 MiB of
/// their text. A token leaves it when it expires, and when the keys change.
///
/// The map of the standard library has a keyed hash, so a client cannot choose tokens that collide. It
/// compares the whole token.
#[derive(Default)]
pub struct TokenCache(Mutex<Generations>);

/// The tokens in two generations. When the young one is full, it becomes the old one, and the old
/// one is dropped. A token of the old one that is used becomes young again.
#[derive(Default)]
struct Generations {
    young: HashMap<Box<str>, Identity>,
    young_bytes: usize,
    old: HashMap<Box<str>, Identity>,
    /// The epoch of the keys that verified all tokens.
    epoch: u64,
}

/// The most tokens of a cache, and of a generation.
const TOKENS_MAX: usize = 4_096;
const GENERATION_TOKENS_MAX: usize = TOKENS_MAX / 2;

/// The most bytes of the tokens of a generation.
const GENERATION_BYTES_MAX: usize = 4 * 1024 * 1024;

impl TokenCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Verifies a token at the present time, or finds it among the verified ones.
    ///
    /// # Errors
    /// When the token is refused.
    pub fn verify(&self, verifier: &Verifier, token: &str) -> Result<Identity, TokenError> {
        self.verify_at(verifier, token, unix_now_s())
    }

    /// Verifies a token like [`Self::verify`], and waits for keys like
    /// [`Verifier::verify_async`].
    ///
    /// # Errors
    /// When the token is refused.
    pub async fn verify_async(
        &self,
        verifier: &Verifier,
        token: &str,
    ) -> Result<Identity, TokenError> {
        match self.verify(verifier, token) {
            // On the heap: requests with a known token do not carry the size of this future.
            Err(error) if error.is_for_lack_of_keys() => {
                if Box::pin(verifier.waited_for_keys(error)).await {
                    self.verify(verifier, token)
                } else {
                    Err(error)
                }
            }
            answer => answer,
        }
    }

    /// The number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        let generations = sync::lock(&self.0);
        generations.young.len() + generations.old.len()
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn verify_at(
        &self,
        verifier: &Verifier,
        token: &str,
        now_s: u64,
    ) -> Result<Identity, TokenError> {
        let mut generations = sync::lock(&self.0);
        // Before the verification: if the keys change meanwhile, the token is verified again.
        generations.keep_only(verifier.epoch());
        match generations.find(token) {
            Some(identity) if now_s < identity.until_s => return Ok(identity),
            Some(_) => generations.remove(token),
            None => {}
        }
        let identity = verifier.verify_at(token, now_s)?;
        generations.insert(token.into(), identity.clone());
        Ok(identity)
    }
}

impl Generations {
    fn keep_only(&mut self, epoch: u64) {
        if self.epoch != epoch {
            *self = Self { epoch, ..Self::default() };
        }
    }

    /// Finds a token with one look-up, if it is young.
    fn find(&mut self, token: &str) -> Option<Identity> {
        if let Some(identity) = self.young.get(token) {
            return Some(identity.clone());
        }
        let (token, identity) = self.old.remove_entry(token)?;
        self.insert(token, identity.clone());
        Some(identity)
    }

    fn remove(&mut self, token: &str) {
        if self.young.remove(token).is_some() {
            self.young_bytes -= token.len();
        }
    }

    fn insert(&mut self, token: Box<str>, identity: Identity) {
        let is_full = self.young.len() >= GENERATION_TOKENS_MAX
            || self.young_bytes + token.len() > GENERATION_BYTES_MAX;
        if is_full {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += token.len();
        self.young.insert(token, identity);
    }
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenCache of {} tokens", self.len())
    }
}
