use serde_json::json;
use towerkit_auth::{Algorithm, KeySet};

use super::issuer::{ALL, Signer, claims, refused, verifier, verify};

#[test]
fn a_token_of_each_of_the_twelve_algorithms_is_verified() {
    let rsa = Signer::new(Algorithm::RS256);
    for algorithm in ALL {
        let signer = match algorithm {
            Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => {
                rsa.by(algorithm)
            }
            _ => Signer::new(algorithm),
        };
        let verifier = verifier(KeySet::new([signer.key()]));
        let token = signer.sign(&claims());
        assert_eq!(verify(&verifier, &token).unwrap().subject(), "ada", "{algorithm:?}");

        let others = signer.sign(&json!({"sub": "eve"}));
        let (ours, signature) = (token.rsplit_once('.').unwrap().0, others.rsplit_once('.').unwrap().1);
        assert_eq!(refused(&verifier, &format!("{ours}.{signature}")), "bad_signature", "{algorithm:?}");
    }
}

#[test]
fn no_algorithm_stands_for_another() {
    let rsa = Signer::new(Algorithm::RS256);
    let (p256, p384, ed) =
        (Signer::new(Algorithm::ES256), Signer::new(Algorithm::ES384), Signer::new(Algorithm::EdDSA));
    let signer = |algorithm| match algorithm {
        Algorithm::ES256 => p256.clone(),
        Algorithm::ES384 => p384.clone(),
        Algorithm::EdDSA => ed.clone(),
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Signer::new(algorithm),
        _ => rsa.by(algorithm),
    };
    for of_key in ALL {
        let verifier = verifier(KeySet::new([signer(of_key).kid("a").key()]));
        for of_token in ALL.into_iter().filter(|other| *other != of_key) {
            let token = signer(of_token).kid("a").sign(&claims());
            assert_eq!(refused(&verifier, &token), "wrong_algorithm", "{of_token:?} for {of_key:?}");
        }
    }
}

#[test]
fn ed25519_is_another_name_of_eddsa() {
    let signer = Signer::new(Algorithm::EdDSA);
    let token = signer.sign_as(r#"{"alg":"Ed25519"}"#, &claims().to_string());
    assert!(verify(&verifier(KeySet::new([signer.key()])), &token).is_ok());
}
