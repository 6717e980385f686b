//! Bad input: generated tokens are refused without a panic.

use super::{NOW_S, TestKey, base64, claims, verifier_of};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use serde_json::json;

/// Text that resembles a part of a token.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_-]{0,60}",
        "\\PC{0,20}",
        any::<Vec<u8>>().prop_map(base64),
        header().prop_map(base64),
    ]
}

fn header() -> impl Strategy<Value = String> {
    let algorithm = prop_oneof![
        Just("ES256"),
        Just("none"),
        Just("HS256"),
        Just("RS256"),
        Just("EdDSA"),
        Just("ES384"),
    ];
    let rest = prop_oneof![
        Just(""),
        Just(r#","kid":"a""#),
        Just(r#","kid":7"#),
        Just(r#","crit":["b64"]"#),
        Just(r#","alg":"ES256""#),
        Just(r#","jwk":{}"#),
        Just(r#","x5c":7"#),
        Just(","),
    ];
    (algorithm, rest).prop_map(|(algorithm, rest)| format!(r#"{{"alg":"{algorithm}"{rest}}}"#))
}

proptest! {
    #![proptest_config(Config { cases: 1, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    #[test]
    fn ten_thousand_generated_tokens_are_refused_without_a_panic(
        tokens in prop::collection::vec(prop::collection::vec(part(), 0..5), 10_000),
    ) {
        let key = TestKey::ec("a");
        let verifier = verifier_of(&[&key, &TestKey::ed("b")]);
        for parts in tokens {
            let token = parts.join(".");
            prop_assert!(verifier.verify_at(&token, NOW_S).is_err(), "{token}");
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 256, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    #[test]
    fn claims_of_any_type_cause_no_panic(
        exp in any::<f64>(), nbf in any::<i64>(), issuer in any::<Vec<String>>(),
        roles in any::<Option<Vec<bool>>>(), subject in any::<String>(),
    ) {
        let key = TestKey::ec("a");
        let more = json!({
            "exp": exp, "nbf": nbf, "iss": issuer, "aud": issuer, "roles": roles, "sub": subject,
            "realm_access": { "roles": roles },
        });
        prop_assert!(verifier_of(&[&key]).verify_at(&key.token(&claims(more)), NOW_S).is_err());
    }
}
