use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};
use towerkit_auth::{Algorithm, Audience, Issuer, JwtVerifier, KeySet, Reason, Scheme};

use super::issuer::{AUDIENCE, ISSUER, Signer, claims, claims_with, now, refused, verifier, verify};

fn signer() -> Signer {
    Signer::new(Algorithm::HS256)
}

fn of(issuer: Issuer, audience: Audience) -> JwtVerifier {
    JwtVerifier::new(KeySet::new([signer().key()]), issuer, audience)
}

fn default() -> JwtVerifier {
    verifier(KeySet::new([signer().key()]))
}

#[track_caller]
fn refused_with(verifier: &JwtVerifier, others: &Value) -> &'static str {
    refused(verifier, &signer().sign(&claims_with(others)))
}

#[track_caller]
fn passes_with(verifier: &JwtVerifier, others: &Value) {
    let token = signer().sign(&claims_with(others));
    if let Err(reason) = verify(verifier, &token) {
        panic!("{others}: {reason}");
    }
}

#[test]
fn the_principal_has_what_the_token_says() {
    let exp = now() + 60;
    let others = json!({"scope": "add:read  add:write", "scp": "admin", "exp": exp, "jti": "7", "iat": now()});
    let principal = verify(&default(), &signer().sign(&claims_with(&others))).unwrap();
    assert_eq!(principal.scheme(), Scheme::Bearer);
    assert_eq!((principal.subject(), principal.issuer()), ("ada", Some(ISSUER)));
    assert_eq!(principal.scopes().collect::<Vec<_>>(), ["add:read", "add:write"]);
    assert_eq!(principal.expires_at(), Some(UNIX_EPOCH + Duration::from_secs(exp)));
}

#[test]
fn scopes_are_a_text_or_an_array_and_scp_where_there_is_no_scope() {
    for (others, expected) in [
        (json!({"scope": "a b"}), vec!["a", "b"]),
        (json!({"scope": ["a", "b"]}), vec!["a", "b"]),
        (json!({"scp": ["a", "b"]}), vec!["a", "b"]),
        (json!({"scp": "a b"}), vec!["a", "b"]),
        (json!({"scope": "", "scp": "a"}), vec![]),
        (json!({}), vec![]),
    ] {
        let principal = verify(&default(), &signer().sign(&claims_with(&others))).unwrap();
        assert_eq!(principal.scopes().collect::<Vec<_>>(), expected, "{others}");
    }
}

#[test]
fn the_issuer_is_the_one_expected_unless_that_is_waived() {
    assert_eq!(refused_with(&default(), &json!({"iss": "https://id.example/"})), "wrong_issuer");
    assert_eq!(refused_with(&default(), &json!({"iss": ""})), "wrong_issuer");
    assert_eq!(refused_with(&default(), &json!({"iss": null})), "missing_claim");
    let one_of_two = of(Issuer::any_of([ISSUER, "b"]), Audience::is(AUDIENCE));
    passes_with(&one_of_two, &json!({"iss": "b"}));
    passes_with(&one_of_two, &json!({}));
    assert_eq!(refused_with(&one_of_two, &json!({"iss": "c"})), "wrong_issuer");
    let waived = of(Issuer::any(), Audience::is(AUDIENCE));
    passes_with(&waived, &json!({"iss": "c"}));
    passes_with(&waived, &json!({"iss": null}));
    assert_eq!(refused_with(&of(Issuer::any_of([""; 0]), Audience::any()), &json!({})), "wrong_issuer");
}

#[test]
fn the_audience_is_a_text_or_an_array_with_the_one_expected_unless_that_is_waived() {
    passes_with(&default(), &json!({"aud": ["other", AUDIENCE]}));
    assert_eq!(refused_with(&default(), &json!({"aud": "other"})), "wrong_audience");
    assert_eq!(refused_with(&default(), &json!({"aud": ["other", "addsvc2", "ADDSVC"]})), "wrong_audience");
    assert_eq!(refused_with(&default(), &json!({"aud": []})), "wrong_audience");
    assert_eq!(refused_with(&default(), &json!({"aud": null})), "missing_claim");
    let one_of_two = of(Issuer::is(ISSUER), Audience::any_of(["a", "b"]));
    passes_with(&one_of_two, &json!({"aud": ["x", "b"]}));
    assert_eq!(refused_with(&one_of_two, &json!({"aud": ["x", "y"]})), "wrong_audience");
    let waived = of(Issuer::is(ISSUER), Audience::any());
    passes_with(&waived, &json!({"aud": "other"}));
    passes_with(&waived, &json!({"aud": null}));
}

#[test]
fn a_token_is_over_at_its_exp_and_the_leeway() {
    let now = now();
    // Windows are so wide that a machine may stand still for a while.
    passes_with(&default().leeway(Duration::from_secs(120)), &json!({"exp": now - 60}));
    assert_eq!(refused_with(&default(), &json!({"exp": now - 30})), "expired");
    let exact = default().leeway(Duration::ZERO);
    passes_with(&exact, &json!({"exp": now + 60}));
    assert_eq!(refused_with(&exact, &json!({"exp": now})), "expired");
    let reason = verify(&exact, &signer().sign(&claims_with(&json!({"exp": now - 7})))).unwrap_err();
    let Reason::Expired(since) = reason else { panic!("{reason:?}") };
    assert!((7..67).contains(&since.as_secs()), "{since:?}");
    passes_with(&default().leeway(Duration::MAX), &json!({"exp": 0}));
}

#[test]
fn a_token_without_exp_is_refused_unless_that_is_waived() {
    assert_eq!(refused_with(&default(), &json!({"exp": null})), "missing_claim");
    let waived = default().without_expiry();
    let principal = verify(&waived, &signer().sign(&claims_with(&json!({"exp": null})))).unwrap();
    assert_eq!(principal.expires_at(), None);
    assert_eq!(refused_with(&waived, &json!({"exp": now() - 60})), "expired");
}

#[test]
fn nbf_and_iat_may_be_to_come_by_the_leeway_alone() {
    for name in ["nbf", "iat"] {
        passes_with(&default(), &json!({name: now() - 1000}));
        passes_with(&default(), &json!({name: now() + 25}));
        assert_eq!(refused_with(&default(), &json!({name: now() + 90})), "not_yet_valid");
        assert_eq!(refused_with(&default().leeway(Duration::ZERO), &json!({name: now() + 60})), "not_yet_valid");
    }
    let reason = verify(&default(), &signer().sign(&claims_with(&json!({"nbf": now() + 100})))).unwrap_err();
    let Reason::NotYetValid(until) = reason else { panic!("{reason:?}") };
    assert!((40..=100).contains(&until.as_secs()), "{until:?}");
}

#[test]
fn a_token_is_over_at_its_greatest_age() {
    let verifier = default().max_age(Duration::from_secs(60));
    passes_with(&verifier, &json!({"iat": now() - 20}));
    assert_eq!(refused_with(&verifier, &json!({"iat": now() - 91})), "expired");
    assert_eq!(refused_with(&verifier, &json!({})), "missing_claim");
    passes_with(&default().max_age(Duration::MAX), &json!({"iat": 0}));
}

#[test]
fn times_may_be_any_numbers() {
    let with = |name: &str, number: &str| {
        let claims = claims_with(&json!({"exp": null})).to_string();
        let exp = if name == "exp" { String::new() } else { format!(r#""exp":{},"#, now() + 60) };
        signer().sign_as(r#"{"alg":"HS256"}"#, &format!(r#"{{{exp}"{name}":{number},{}"#, &claims[1..]))
    };
    let (exact, now) = (default().leeway(Duration::ZERO), now());
    for far in [
        format!("{now}9.75"),
        "9e9".into(),
        "9223372036854775808".into(),
        "18446744073709551615".into(),
        "99999999999999999999999".into(),
        "1e300".into(),
        "1.7976931348623157e308".into(),
    ] {
        assert!(verify(&exact, &with("exp", &far)).is_ok(), "{far}");
        for name in ["nbf", "iat"] {
            assert_eq!(refused(&exact, &with(name, &far)), "not_yet_valid", "{far}");
        }
        assert_eq!(refused(&exact.clone().max_age(Duration::MAX), &with("iat", &far)), "not_yet_valid");
    }
    for past in ["0", "-0.0", "-1", "-9223372036854775808", "-1e300", "1e-300", "0.5", &format!("{}.5", now - 2)] {
        assert_eq!(refused(&exact, &with("exp", past)), "expired", "{past}");
        for name in ["nbf", "iat"] {
            assert!(verify(&exact, &with(name, past)).is_ok(), "{past}");
        }
        assert_eq!(refused(&exact.clone().max_age(Duration::from_secs(1)), &with("iat", past)), "expired");
    }
    for none in ["1e999", "-1e999", "null", "true", "\"1\"", "[1]", "{}", "NaN", "Infinity", "0x7f", "01"] {
        for name in ["exp", "nbf", "iat"] {
            assert_eq!(refused(&exact, &with(name, none)), "malformed", "{name} {none}");
        }
    }
}

#[test]
fn claims_of_another_type_are_malformed() {
    for others in [
        json!({"iss": 1}),
        json!({"iss": [ISSUER]}),
        json!({"sub": 7}),
        json!({"sub": ["ada"]}),
        json!({"aud": 7}),
        json!({"aud": {"a": 1}}),
        json!({"aud": [AUDIENCE, 7]}),
        json!({"aud": [[AUDIENCE]]}),
        json!({"scope": 7}),
        json!({"scope": [["a"]]}),
        json!({"scp": {"a": 1}}),
    ] {
        assert_eq!(refused_with(&default(), &others), "malformed", "{others}");
    }
    let verifier = default();
    for body in ["", "null", "[]", "7", "\"ada\"", "{", "{}}"] {
        assert_eq!(refused(&verifier, &signer().sign_as(r#"{"alg":"HS256"}"#, body)), "malformed", "{body}");
    }
    let many: serde_json::Map<_, _> = (0..300).map(|n| (n.to_string(), json!(n))).collect();
    assert_eq!(refused_with(&verifier, &Value::Object(many)), "malformed");
}

#[test]
fn a_token_without_a_subject_is_refused_unless_that_is_waived() {
    for none in [json!({"sub": null}), json!({"sub": ""})] {
        assert_eq!(refused_with(&default(), &none), "missing_claim");
        let waived = default().without_subject();
        assert_eq!(verify(&waived, &signer().sign(&claims_with(&none))).unwrap().subject(), "");
    }
    passes_with(&default(), &json!({}));
    assert_eq!(verify(&default().without_subject(), &signer().sign(&claims())).unwrap().subject(), "ada");
}

#[derive(Debug, Deserialize, PartialEq)]
struct Tenant {
    tenant: u32,
    sub: String,
    #[serde(default)]
    roles: Vec<String>,
}

#[test]
fn claims_are_read_into_a_type_of_ones_own() {
    let verifier = default().claims::<Tenant>();
    let others = json!({"tenant": 7, "roles": ["a"], "more": {"x": [1, 2.5, true, null]}});
    let principal = verify(&verifier, &signer().sign(&claims_with(&others))).unwrap();
    let expected = Tenant { tenant: 7, sub: "ada".into(), roles: vec!["a".into()] };
    assert_eq!(principal.claims::<Tenant>(), Some(&expected));
    assert_eq!(principal.claims::<Value>(), None);

    let untyped = verify(&default().claims::<Value>(), &signer().sign(&claims_with(&others))).unwrap();
    assert_eq!(untyped.claims::<Value>().unwrap()["tenant"], 7);
}

#[test]
fn claims_that_do_not_fit_are_told_without_what_they_hold() {
    let verifier = default().claims::<Tenant>();
    let reason = verify(&verifier, &signer().sign(&claims())).unwrap_err();
    assert_eq!(reason.to_string(), "the token can't be used: its claims: missing field `tenant`");
    let reason = verify(&verifier, &signer().sign(&claims_with(&json!({"tenant": "hush"})))).unwrap_err();
    assert_eq!(reason.as_str(), "unsuitable");
    assert!(!reason.to_string().contains("hush"), "{reason}");
}
