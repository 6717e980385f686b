//! The cache of verified tokens: what it saves, and that it accepts nothing that is refused.

use super::{NOW_S, TestKey, claims, verifier_of};
use crate::identity::{TokenCache, TokenError, keys::Keys};
use serde_json::json;
use std::sync::Arc;

#[test]
fn a_token_is_verified_once() {
    let key = TestKey::ec("a");
    let (verifier, cache) = (verifier_of(&[&key]), TokenCache::new());
    let token = key.token(&claims(json!({ "roles": ["clerk"] })));
    let first = cache.verify_at(&verifier, &token, NOW_S).unwrap();
    let second = cache.verify_at(&verifier, &token, NOW_S).unwrap();
    assert!(first.has_role("clerk") && !first.has_role("cler"));
    assert!(Arc::ptr_eq(&first.subject, &second.subject), "the second one is from the cache");
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_verified_token_is_refused_when_it_expires() {
    let key = TestKey::ec("a");
    let (verifier, cache) = (verifier_of(&[&key]), TokenCache::new());
    let token = key.token(&claims(json!({ "exp": NOW_S })));
    let at = |now_s| cache.verify_at(&verifier, &token, now_s).map(|_| ());
    assert_eq!((at(NOW_S), at(NOW_S + 29)), (Ok(()), Ok(())));
    assert_eq!(at(NOW_S + 30), Err(TokenError::Expired));
    assert!(cache.is_empty());
}

#[test]
fn a_verified_token_is_refused_when_its_key_is_withdrawn() {
    let (key, next) = (TestKey::ec("a"), TestKey::ec("b"));
    let (verifier, cache) = (verifier_of(&[&key]), TokenCache::new());
    let token = key.token(&claims(json!({})));
    assert!(cache.verify_at(&verifier, &token, NOW_S).is_ok());
    let set = json!({ "keys": [next.jwk] }).to_string();
    verifier.replace_keys(Keys::of_jwk_set(set.as_bytes()).unwrap());
    let refusal = cache.verify_at(&verifier, &token, NOW_S).unwrap_err();
    assert_eq!((refusal, cache.len()), (TokenError::UnknownKey, 0));
}

#[test]
fn refused_tokens_are_not_stored() {
    let key = TestKey::ec("a");
    let (verifier, cache) = (verifier_of(&[&key]), TokenCache::new());
    let token = key.token(&claims(json!({})));
    assert!(cache.verify_at(&verifier, &token, NOW_S).is_ok());
    let changed = format!("{}AAAA", &token[..token.len() - 4]);
    assert!(cache.verify_at(&verifier, &changed, NOW_S).is_err());
    assert_eq!(cache.len(), 1);
    let shown = format!("{cache:?}");
    assert_eq!(shown, "TokenCache of 1 tokens");
}

#[test]
fn the_cache_is_bounded_and_keeps_the_tokens_in_use() {
    let key = TestKey::ed("a");
    let (verifier, cache) = (verifier_of(&[&key]), TokenCache::new());
    let used = key.token(&claims(json!({ "sub": "used" })));
    let first = cache.verify_at(&verifier, &used, NOW_S).unwrap();
    for number in 0..5_000 {
        let token = key.token(&claims(json!({ "sub": number.to_string() })));
        cache.verify_at(&verifier, &token, NOW_S).unwrap();
        if number % 1_000 == 0 {
            cache.verify_at(&verifier, &used, NOW_S).unwrap();
        }
        assert!(cache.len() <= 4_096);
    }
    let last = cache.verify_at(&verifier, &used, NOW_S).unwrap();
    assert!(Arc::ptr_eq(&first.subject, &last.subject), "it never left the cache");
}

#[test]
fn large_tokens_do_not_make_the_cache_large() {
    let key = TestKey::ed("a");
    let (verifier, cache) = (verifier_of(&[&key]), TokenCache::new());
    for number in 0..1_500 {
        let more = json!({ "sub": number.to_string(), "more": "x".repeat(8_000) });
        cache.verify_at(&verifier, &key.token(&claims(more)), NOW_S).unwrap();
    }
    assert!((300..800).contains(&cache.len()), "{cache:?}");
}
