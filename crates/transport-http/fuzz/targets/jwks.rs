//! JSON Web Key Sets: any bytes are a set of keys that can be used, or an error that tells no key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towerkit_auth::{Answer, Audience, Issuer, JwksRules, JwtVerifier, KeySet, VerifyingKey};

fuzz_target!(|data: &[u8]| {
    let _ = VerifyingKey::from_jwk(data);
    for rules in [JwksRules::new(), JwksRules::new().secrets()] {
        let set = match KeySet::from_jwks_with(data, &rules) {
            Ok(set) => set,
            Err(error) => {
                assert!(error.to_string().len() < 1024, "{error}");
                continue;
            }
        };
        assert!(!set.keys().is_empty() && set.keys().len() <= KeySet::MAX_KEYS);
        for skipped in set.skipped() {
            let text = skipped.to_string();
            assert!(text.len() < 1024 && !text.contains(char::is_control), "{text}");
        }
        let verifier = JwtVerifier::new(set, Issuer::any(), Audience::any());
        // Its signature is none: each key refuses it without panic.
        for header in ["eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJFZERTQSJ9"] {
            let token = format!("{header}.e30.{}", "A".repeat(86));
            assert!(matches!(verifier.verify(&token), Answer::Now(Err(_))));
        }
    }
});
