use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};
use serde_json::{Value, json};
use towerkit_auth::{Algorithm, JwksRules, JwtVerifier, KeySet};

use super::issuer::{Signer, base64url, claims, claims_with, now, verifier, verify};

fn hmac() -> (Signer, JwtVerifier) {
    let signer = Signer::new(Algorithm::HS256);
    let verifier = verifier(KeySet::new([signer.key()])).without_expiry();
    (signer, verifier)
}

/// Text that is nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{}:,\"\\\\ -]{0,4}",
        "(null|true|-?[0-9]{1,25}(\\.[0-9]+)?([eE][+-]?[0-9]{1,4})?)",
        "\"(alg|kid|typ|crit|iss|aud|sub|exp|nbf|iat|scope|scp|HS256|none)\":?",
        "\"\\PC{0,8}\"",
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_as_a_token_is_refused_without_panic(text in "\\PC{0,300}") {
        let (_, verifier) = hmac();
        prop_assert!(verify(&verifier, &text).is_err());
    }

    #[test]
    fn any_bytes_in_three_parts_are_refused_without_panic(
        header in vec(any::<u8>(), 0..100), claims in vec(any::<u8>(), 0..100), signature in vec(any::<u8>(), 0..80)
    ) {
        let (_, verifier) = hmac();
        let token = format!("{}.{}.{}", base64url(header), base64url(claims), base64url(signature));
        prop_assert!(verify(&verifier, &token).is_err());
    }

    #[test]
    fn any_header_is_judged_without_panic(header in nearly_json()) {
        let (signer, verifier) = hmac();
        let _ = verify(&verifier, &signer.sign_as(&header, &claims().to_string()));
        let _ = verify(&verifier, &signer.sign_as(&format!("{{\"alg\":\"HS256\",{header}}}"), &claims().to_string()));
    }

    #[test]
    fn any_claims_are_judged_without_panic(body in nearly_json()) {
        let (signer, verifier) = hmac();
        let header = signer.header().to_string();
        let verifier = verifier.claims::<Value>();
        let _ = verify(&verifier, &signer.sign_as(&header, &body));
        let claims = claims_with(&json!({"exp": null})).to_string();
        let _ = verify(&verifier, &signer.sign_as(&header, &format!("{{{body},{}", &claims[1..])));
    }

    #[test]
    fn any_time_is_judged_without_panic(exp in any::<f64>(), nbf in any::<f64>(), iat in any::<i64>()) {
        let (signer, verifier) = hmac();
        let verifier = verifier.max_age(std::time::Duration::from_secs(60));
        let claims = claims_with(&json!({"exp": exp, "nbf": nbf, "iat": iat}));
        let passes = verify(&verifier, &signer.sign(&claims)).is_ok();
        if passes {
            prop_assert!(exp > now() as f64 - 31.0);
        }
    }

    /// With a leeway of 30 s and an age of 60 s.
    #[test]
    fn times_near_now_are_judged_by_the_rules(exp in -200i64..200, nbf in -200i64..200, iat in -200i64..200) {
        // How far each is from where it does not pass. Near to that nothing is said: a machine may stand still.
        let left = [exp + 30, 30 - nbf, 30 - iat, iat + 90];
        prop_assume!(left.iter().all(|left| left.abs() > 10));
        let at = |offset: i64| now().checked_add_signed(offset).unwrap();
        let (signer, verifier) = hmac();
        let verifier = verifier.max_age(std::time::Duration::from_secs(60));
        let claims = claims_with(&json!({"exp": at(exp), "nbf": at(nbf), "iat": at(iat)}));
        let passes = verify(&verifier, &signer.sign(&claims)).is_ok();
        prop_assert_eq!(passes, left.iter().all(|left| *left > 0));
    }

    #[test]
    fn any_bytes_as_a_key_set_are_read_without_panic(bytes in vec(any::<u8>(), 0..300), json in nearly_json()) {
        let rules = JwksRules::new().secrets();
        let _ = KeySet::from_jwks(&bytes);
        let _ = KeySet::from_jwks_with(format!("{{\"keys\":[{json}]}}").as_bytes(), &rules);
        let _ = KeySet::from_jwks_with(format!("{{\"keys\":[{{\"kty\":\"oct\",{json}}}]}}").as_bytes(), &rules);
    }
}

/// All of them: of each byte, to each that a token may have, and to some that it may not.
#[test]
fn any_one_byte_change_of_a_valid_token_is_refused() {
    let (signer, verifier) = hmac();
    let token = signer.sign(&claims());
    assert!(verify(&verifier, &token).is_ok());
    let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0~";
    for at in 0..token.len() {
        for other in others.chars().filter(|other| !token[at..].starts_with(*other)) {
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert!(verify(&verifier, &changed).is_err(), "{changed}");
            let longer = format!("{}{other}{}", &token[..at], &token[at..]);
            assert!(verify(&verifier, &longer).is_err(), "{longer}");
        }
        let shorter = format!("{}{}", &token[..at], &token[at + 1..]);
        assert!(verify(&verifier, &shorter).is_err(), "{shorter}");
        assert!(verify(&verifier, &token[..at]).is_err());
    }
}

#[test]
fn any_one_byte_change_of_a_token_of_a_pair_of_keys_is_refused() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256] {
        let signer = Signer::new(algorithm);
        let verifier = verifier(KeySet::new([signer.key()]));
        let token = signer.sign(&claims());
        assert!(verify(&verifier, &token).is_ok());
        for at in 0..token.len() {
            for other in ["A", "B", "_", "0"].into_iter().filter(|other| !token[at..].starts_with(other)) {
                let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                assert!(verify(&verifier, &changed).is_err(), "{changed}");
            }
        }
    }
}
