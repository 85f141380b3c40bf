use serde_json::{Value, json};
use towerkit_auth::{Algorithm, JwksRules, KeySet};

use super::issuer::{SECRET, Signer, base64url, claims, refused, verifier, verify};

/// RFC 8037, appendix A.
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ED_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// RFC 7517, appendix A.1.
const EC_X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
const EC_Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
const RSA_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn\
    jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD\
    08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

fn ed(others: &Value) -> Value {
    with(json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X}), others)
}

fn ec(others: &Value) -> Value {
    with(json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y}), others)
}

fn rsa(others: &Value) -> Value {
    with(json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"}), others)
}

fn with(mut jwk: Value, others: &Value) -> Value {
    for (name, value) in others.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn used(set: &KeySet) -> Vec<(Option<&str>, Algorithm)> {
    set.keys().iter().map(|key| (key.kid(), key.algorithm())).collect()
}

#[test]
fn a_published_set_is_read() {
    let set = KeySet::from_jwks(&set(&[
        ed(&json!({"kid": "a"})),
        ec(&json!({"kid": "b", "use": "sig", "x5c": ["AA"], "x5t": "AA"})),
        rsa(&json!({"kid": "c"})),
        rsa(&json!({"kid": "c", "alg": "PS384", "key_ops": ["verify"]})),
        ed(&json!({"alg": "Ed25519"})),
    ]));
    let set = set.unwrap();
    let expected = [
        (Some("a"), Algorithm::EdDSA),
        (Some("b"), Algorithm::ES256),
        (Some("c"), Algorithm::RS256),
        (Some("c"), Algorithm::PS384),
        (None, Algorithm::EdDSA),
    ];
    assert_eq!(used(&set), expected);
    assert!(set.skipped().is_empty(), "{:?}", set.skipped());
}

#[test]
fn keys_that_can_not_be_used_are_left_out_and_told() {
    let table = [
        (ed(&json!({"use": "enc"})), "its use is not sig"),
        (ed(&json!({"key_ops": ["sign", "deriveKey"]})), "verify is not among its key_ops"),
        (ed(&json!({"key_ops": []})), "verify is not among its key_ops"),
        (ed(&json!({"d": ED_D})), "it is a private key, and those are not allowed"),
        (ed(&json!({"crv": "X25519"})), "its crv is not known here"),
        (ed(&json!({"crv": "Ed448"})), "its crv is not known here"),
        (ed(&json!({"alg": "ES256"})), "its alg is not one of its kty"),
        (ed(&json!({"alg": "ECDH-ES"})), "its alg is not known here"),
        (ed(&json!({"x": "AAAA"})), "it is no public key of Ed25519"),
        (ed(&json!({"x": format!("{ED_X}=")})), "a member of it is no base64url"),
        (ed(&json!({"x": null})), "it lacks a member"),
        (ed(&json!({"x": 7})), "it is no JSON Web Key that can be read"),
        (ec(&json!({"crv": "P-521"})), "its crv is not known here"),
        (ec(&json!({"crv": "secp256k1"})), "its crv is not known here"),
        (ec(&json!({"crv": "P-384"})), "its coordinates are not of the curve's size"),
        (ec(&json!({"alg": "ES384"})), "it is not on the curve of the algorithm"),
        (ec(&json!({"alg": "HS256"})), "a key of a curve is for ES256 and ES384"),
        (ec(&json!({"y": EC_X})), "it is not on the curve of the algorithm"),
        (ec(&json!({"x": EC_X[..40]})), "its coordinates are not of the curve's size"),
        (rsa(&json!({"alg": "RSA-OAEP"})), "its alg is not known here"),
        (rsa(&json!({"alg": "HS256"})), "a key of RSA is for RS256 to RS512 and PS256 to PS512"),
        (rsa(&json!({"n": base64url([0xff; 255])})), "it has less than 2048 bits"),
        (rsa(&json!({"n": base64url([0xff; 1025])})), "it has more than 8192 bits"),
        (rsa(&json!({"n": base64url([0; 256])})), "it has less than 2048 bits"),
        (rsa(&json!({"e": "AQ"})), "its numbers are not those of a key of RSA"),
        (rsa(&json!({"e": "AQAA"})), "its numbers are not those of a key of RSA"),
        (rsa(&json!({"e": base64url([1; 9])})), "its numbers are not those of a key of RSA"),
        (rsa(&json!({"e": ""})), "its numbers are not those of a key of RSA"),
        (json!({"kty": "oct", "k": base64url(SECRET), "alg": "HS256"}), "it is a secret, and those are not allowed"),
        (json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}), "its alg is not known here"),
        (json!({"kty": "rsa", "n": RSA_N, "e": "AQAB"}), "its kty is not known here"),
        (json!({"n": RSA_N, "e": "AQAB"}), "it is no JSON Web Key that can be read"),
        (json!("a text"), "it is no JSON Web Key that can be read"),
        (json!(null), "it is no JSON Web Key that can be read"),
    ];
    let mut keys: Vec<_> = table.iter().map(|(key, _)| key.clone()).collect();
    keys.push(ed(&json!({"kid": "good"})));
    let set = KeySet::from_jwks(&set(&keys)).unwrap();
    assert_eq!(used(&set), [(Some("good"), Algorithm::EdDSA)]);
    assert_eq!(set.skipped().len(), table.len());
    for (skipped, (index, (key, why))) in set.skipped().iter().zip(table.iter().enumerate()) {
        assert_eq!(skipped.to_string(), format!("key {index}: {why}"), "{key}");
    }
    let shown = format!("{set:?}");
    assert!(!shown.contains(ED_D) && !shown.contains(&base64url(SECRET)), "{shown}");
}

#[test]
fn a_member_that_stands_twice_in_a_key_leaves_it_out() {
    let json = format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}","kid":"a","kid":"b"}},{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"}}]}}"#
    );
    let set = KeySet::from_jwks(json.as_bytes()).unwrap();
    assert_eq!(used(&set), [(None, Algorithm::EdDSA)]);
    let json = format!(r#"{{"keys":[],"keys":[{}]}}"#, ed(&json!({})));
    assert!(KeySet::from_jwks(json.as_bytes()).is_err());
}

#[test]
fn of_two_keys_of_one_id_and_algorithm_the_first_stands() {
    let (first, second) = (Signer::new(Algorithm::ES256).kid("a"), Signer::new(Algorithm::ES256).kid("a"));
    let set = KeySet::new([first.key(), second.key()]);
    assert_eq!(set.keys().len(), 1);
    assert_eq!(set.skipped()[0].to_string(), "key 1, \"a\": one of the same id and algorithm stands before it");
    let verifier = verifier(set);
    assert!(verify(&verifier, &first.sign(&claims())).is_ok());
    assert_eq!(refused(&verifier, &second.sign(&claims())), "bad_signature");
}

#[test]
fn secrets_and_private_keys_are_taken_where_that_is_said() {
    let keys = [
        json!({"kty": "oct", "k": base64url(SECRET), "alg": "HS512", "kid": "a"}),
        json!({"kty": "oct", "k": base64url(SECRET), "kid": "no alg"}),
        json!({"kty": "oct", "k": base64url(&SECRET[..31]), "alg": "HS256", "kid": "short"}),
        json!({"kty": "oct", "k": base64url(SECRET), "alg": "EdDSA", "kid": "no secret"}),
        ed(&json!({"d": ED_D, "kid": "b"})),
    ];
    assert!(KeySet::from_jwks(&set(&keys)).is_err());
    let set = KeySet::from_jwks_with(&set(&keys), &JwksRules::new().secrets()).unwrap();
    assert_eq!(used(&set), [(Some("a"), Algorithm::HS512), (Some("b"), Algorithm::EdDSA)]);
    let told: Vec<_> = set.skipped().iter().map(ToString::to_string).collect();
    let expected = [
        "key 1, \"no alg\": it is a secret without an alg",
        "key 2, \"short\": the secret is shorter than the algorithm's hash",
        "key 3, \"no secret\": a secret is for HS256, HS384 and HS512",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_key_of_rsa_without_an_algorithm_is_for_rs256_unless_others_are_said() {
    let keys = set(&[rsa(&json!({"kid": "a"}))]);
    assert_eq!(used(&KeySet::from_jwks(&keys).unwrap()), [(Some("a"), Algorithm::RS256)]);
    let rules = JwksRules::new().rsa_without_alg([Algorithm::PS256, Algorithm::RS512, Algorithm::HS256]);
    let set = KeySet::from_jwks_with(&keys, &rules).unwrap();
    assert_eq!(used(&set), [(Some("a"), Algorithm::PS256), (Some("a"), Algorithm::RS512)]);
}

#[test]
fn a_set_that_is_none_or_too_large_or_of_no_use_is_an_error_without_what_stands_in_it() {
    let many = |count: usize| set(&(0..count).map(|n| ed(&json!({"kid": n.to_string()}))).collect::<Vec<_>>());
    assert_eq!(KeySet::from_jwks(&many(KeySet::MAX_KEYS)).unwrap().keys().len(), KeySet::MAX_KEYS);
    let mut long = set(&[ed(&json!({}))]);
    long.resize(KeySet::MAX_BYTES, b' ');
    assert!(KeySet::from_jwks(&long).is_ok());
    long.push(b' ');
    let deep = format!(r#"{{"keys":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let secret = format!(r#"{{"keys":"{}"}}"#, base64url(SECRET));
    for none in [
        &b""[..],
        b"null",
        b"[]",
        b"{}",
        br#"{"keys":null}"#,
        br#"{"keys":{}}"#,
        br#"{"keys":[]}"#,
        br#"{"keys":[1]}"#,
        br#"{"keys":[]}x"#,
        b"\xff\xfe",
        &many(KeySet::MAX_KEYS + 1),
        &long,
        deep.as_bytes(),
        secret.as_bytes(),
    ] {
        let error = KeySet::from_jwks(none).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(&base64url(SECRET)) && shown.len() < 300, "{shown}");
    }
}

#[test]
fn a_token_without_a_kid_is_verified_by_the_only_key_of_its_algorithm() {
    let (es256, ed) = (Signer::new(Algorithm::ES256).kid("a"), Signer::new(Algorithm::EdDSA).kid("b"));
    let verifier = verifier(KeySet::new([es256.key(), ed.key()]));
    let unnamed =
        |signer: &Signer| signer.sign_as(&json!({"alg": signer.algorithm}).to_string(), &claims().to_string());
    assert!(verify(&verifier, &unnamed(&es256)).is_ok());
    assert!(verify(&verifier, &unnamed(&ed)).is_ok());
    assert_eq!(refused(&verifier, &unnamed(&Signer::new(Algorithm::HS256))), "wrong_algorithm");

    let other = Signer::new(Algorithm::ES256).kid("c");
    let of_two = super::issuer::verifier(KeySet::new([es256.key(), other.key()]));
    assert_eq!(refused(&of_two, &unnamed(&es256)), "unknown_key");
    assert!(verify(&of_two, &es256.sign(&claims())).is_ok());
    assert_eq!(refused(&super::issuer::verifier(KeySet::new([])), &unnamed(&es256)), "unknown_key");
}

#[test]
fn a_key_without_an_id_is_not_for_tokens_that_name_one() {
    let signer = Signer::new(Algorithm::ES256);
    let verifier = verifier(KeySet::new([signer.key()]));
    assert_eq!(refused(&verifier, &signer.clone().kid("a").sign(&claims())), "unknown_key");
    assert!(verify(&verifier, &signer.sign(&claims())).is_ok());
}
