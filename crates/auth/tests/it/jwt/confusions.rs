//! The ways in which verifiers were made to believe what they should not (RFC 8725, section 2).

use serde_json::{Value, json};
use towerkit_auth::{Algorithm, JwtVerifier, KeySet, Reason};

use super::issuer::{SECRET, Signer, base64url, claims, claims_with, refused, verifier, verify};

fn hmac() -> (Signer, JwtVerifier) {
    let signer = Signer::new(Algorithm::HS256);
    let verifier = verifier(KeySet::new([signer.key()]));
    (signer, verifier)
}

#[test]
fn a_token_without_a_signature_is_refused_however_none_is_written() {
    let (signer, verifier) = hmac();
    for name in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let header = base64url(json!({"alg": name}).to_string());
        let unsigned = format!("{header}.{}.", base64url(claims().to_string()));
        assert_eq!(refused(&verifier, &unsigned), "wrong_algorithm", "{name:?}");
        let signed = signer.sign_as(&json!({"alg": name}).to_string(), &claims().to_string());
        assert_eq!(refused(&verifier, &signed), "wrong_algorithm", "{name:?}");
    }
}

#[test]
fn a_token_whose_signature_was_taken_off_is_refused() {
    for algorithm in [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        let signer = Signer::new(algorithm);
        let token = signer.sign(&claims());
        let (signed, _) = token.rsplit_once('.').unwrap();
        let verifier = verifier(KeySet::new([signer.key()]));
        assert_eq!(refused(&verifier, &format!("{signed}.")), "bad_signature");
        assert_eq!(refused(&verifier, signed), "malformed");
    }
}

#[test]
fn an_algorithms_name_is_compared_with_its_case() {
    let (signer, verifier) = hmac();
    for name in ["hs256", "Hs256", "HS256 ", "HS 256", "SHA256", "ES512", "ES256K", "RSA-OAEP", "dir"] {
        let token = signer.sign_as(&json!({"alg": name}).to_string(), &claims().to_string());
        assert_eq!(refused(&verifier, &token), "wrong_algorithm", "{name:?}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let pair = Signer::new(algorithm).kid("a");
        let as_secret = Signer::secret(Algorithm::HS256, pair.public.as_bytes()).kid("a");
        let of_one = verifier(KeySet::new([pair.key()]));
        assert_eq!(refused(&of_one, &as_secret.sign(&claims())), "wrong_algorithm");
        // Nor where there is a secret, too.
        let of_both = verifier(KeySet::new([pair.key(), Signer::new(Algorithm::HS256).kid("b").key()]));
        assert_eq!(refused(&of_both, &as_secret.sign(&claims())), "wrong_algorithm");
        let unnamed = as_secret.sign_as(r#"{"alg":"HS256"}"#, &claims().to_string());
        assert_eq!(refused(&of_both, &unnamed), "bad_signature");
    }
}

#[test]
fn a_key_of_one_curve_verifies_no_token_of_another() {
    let (p256, p384) = (Signer::new(Algorithm::ES256), Signer::new(Algorithm::ES384));
    assert_eq!(refused(&verifier(KeySet::new([p384.key()])), &p256.sign(&claims())), "wrong_algorithm");
    assert_eq!(refused(&verifier(KeySet::new([p256.key()])), &p384.sign(&claims())), "wrong_algorithm");
    // One that says so, and is signed by the other.
    let lies = p256.sign_as(r#"{"alg":"ES384"}"#, &claims().to_string());
    assert_eq!(refused(&verifier(KeySet::new([p384.key()])), &lies), "bad_signature");
}

#[test]
fn a_token_that_names_another_key_than_that_of_its_signature_is_refused() {
    for algorithm in [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA] {
        let a = Signer::new(algorithm).kid("a");
        let b = match algorithm {
            Algorithm::HS256 => Signer::secret(algorithm, b"32 bytes that nobody else knows."),
            _ => Signer::new(algorithm),
        }
        .kid("b");
        let verifier = verifier(KeySet::new([a.key(), b.key()]));
        assert!(verify(&verifier, &a.sign(&claims())).is_ok());
        let swapped = a.sign_as(&b.header().to_string(), &claims().to_string());
        assert_eq!(refused(&verifier, &swapped), "bad_signature");
    }
}

#[test]
fn a_signature_of_the_right_key_by_another_algorithm_is_refused() {
    let rs256 = Signer::new(Algorithm::RS256).kid("a");
    let verifier = verifier(KeySet::new([rs256.key()]));
    assert_eq!(refused(&verifier, &rs256.by(Algorithm::PS256).sign(&claims())), "wrong_algorithm");
    let lies = rs256.by(Algorithm::RS512).sign_as(&rs256.header().to_string(), &claims().to_string());
    assert_eq!(refused(&verifier, &lies), "bad_signature");
}

#[test]
fn extensions_are_refused() {
    let (signer, verifier) = hmac();
    for extension in [
        json!({"crit": ["exp"], "exp": 0}),
        json!({"crit": []}),
        json!({"crit": null}),
        json!({"crit": ["b64"], "b64": true}),
        json!({"b64": false}),
        json!({"zip": "DEF"}),
    ] {
        let mut header = extension.clone();
        header["alg"] = json!("HS256");
        let token = signer.sign_as(&header.to_string(), &claims().to_string());
        assert_eq!(refused(&verifier, &token), "unsuitable", "{extension}");
    }
    // RFC 7797: claims that are not encoded.
    let token = signer.sign_parts(&base64url(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), &claims().to_string());
    assert_ne!(refused(&verifier, &token), "bad_signature");
}

#[test]
fn a_huge_token_is_refused_before_anything_of_it_is_read() {
    let (signer, verifier) = hmac();
    let fits = signer.sign(&claims_with(&json!({"data": "x".repeat(5_900)})));
    assert!(fits.len() <= 8 * 1024 && fits.len() > 8_000, "{}", fits.len());
    assert!(verify(&verifier, &fits).is_ok());

    let huge = signer.sign(&claims_with(&json!({"data": "x".repeat(6_100)})));
    let reason = verify(&verifier, &huge).unwrap_err();
    assert!(matches!(reason, Reason::TooLarge { limit: 8192 }), "{reason:?}");
    assert!(verify(&verifier.clone().max_size(9_000), &huge).is_ok());
    assert_eq!(refused(&verifier, &".".repeat(1 << 20)), "too_large");
}

#[test]
fn a_member_that_stands_twice_is_refused_wherever_it_stands() {
    let (signer, verifier) = hmac();
    let (header, claims) = (signer.header().to_string(), claims().to_string());
    let more = |object: &str, members: &str| format!("{{{members},{}", &object[1..]);
    for twice in [
        r#""alg":"HS256""#,
        r#""al\u0067":"none""#,
        r#""typ":"JWT","typ":"JWT""#,
        r#""x":1,"x":1"#,
        r#""jwk":{"kty":"oct","kty":"EC"}"#,
        r#""x":[{"y":{"a":1,"b":2,"a":1}}]"#,
    ] {
        let token = signer.sign_as(&more(&header, twice), &claims);
        assert_eq!(refused(&verifier, &token), "malformed", "{twice}");
    }
    for twice in [
        r#""sub":"eve""#,
        r#""s\u0075b":"eve""#,
        r#""exp":1"#,
        r#""aud":["addsvc"]"#,
        r#""scope":"a","scope":"a""#,
        r#""tenant":7,"tenant":7"#,
        r#""realm":{"roles":["a"],"roles":["admin"]}"#,
        r#""x":[[{"a":{},"a":{}}]]"#,
    ] {
        let token = signer.sign_as(&header, &more(&claims, twice));
        assert_eq!(refused(&verifier, &token), "malformed", "{twice}");
        assert_eq!(refused(&verifier.clone().claims::<Value>(), &token), "malformed", "{twice}");
    }
    // The same name in two objects is another one.
    let token = signer.sign_as(&header, &more(&claims, r#""a":{"sub":1,"a":{"a":1}},"b":{"sub":1,"a":{"a":1}}"#));
    assert!(verify(&verifier, &token).is_ok());
}

#[test]
fn a_token_that_is_no_signed_one_is_malformed() {
    let (signer, verifier) = hmac();
    let token = signer.sign(&claims());
    let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let encrypted = format!("{header}.AA.AA.AA.AA");
    let json = format!(r#"{{"payload":"{body}","protected":"{header}","signature":"{signature}"}}"#);
    for other in ["", ".", "..", "a", "a.b", "a.b.c", &encrypted, &json, &format!("{token}."), &format!(".{token}")] {
        assert_eq!(refused(&verifier, other), "malformed", "{other}");
    }
    let reason = verify(&verifier, &encrypted).unwrap_err();
    assert_eq!(reason.to_string(), "the credentials can't be read: it is an encrypted token (JWE)");
}

#[test]
fn base64url_is_strict() {
    // Of 2 bytes over, so that the last character has two bits to spare.
    let (signer, verifier) = hmac();
    let header = r#"{"alg":"HS256" }"#;
    assert_eq!(header.len() % 3, 1);
    let claims = claims().to_string();
    let (head, body) = (base64url(header), base64url(&claims));
    assert!(verify(&verifier, &signer.sign_parts(&head, &body)).is_ok());
    let last = head.chars().last().unwrap();
    let trailing_bits = format!("{}{}", &head[..head.len() - 1], char::from(last as u8 + 1));
    for other in [trailing_bits, format!("{head}=="), format!("{head}\n"), format!(" {head}"), format!("{head}A")] {
        assert_eq!(refused(&verifier, &signer.sign_parts(&other, &body)), "malformed", "{other}");
    }
    let token = signer.sign_parts(&head, &body);
    assert_eq!(refused(&verifier, &format!("{token}=")), "malformed");
    // The signature has 32 bytes, so its last character has two bits to spare.
    let last = token.chars().last().unwrap();
    let (before, _) = token.split_at(token.len() - 1);
    let spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = spare.find(last).unwrap();
    assert_eq!(at % 4, 0);
    for bits in 1..4 {
        let other = format!("{before}{}", &spare[at + bits..=at + bits]);
        assert_eq!(refused(&verifier, &other), "malformed");
    }
    // The alphabet of plain base64.
    let data = r#"{"x":"???>>>~~~"}"#;
    let plain = base64url(data).replace('-', "+").replace('_', "/");
    assert_ne!(plain, base64url(data));
    assert_eq!(refused(&verifier, &signer.sign_parts(&head, &plain)), "malformed");
}

#[test]
fn claims_are_not_looked_at_before_the_signature_is_right() {
    let (signer, verifier) = hmac();
    let forger = Signer::secret(Algorithm::HS256, b"32 bytes of somebody who forges.");
    for claims in ["", "no JSON", r#"{"exp":0}"#, r#"{"sub":1,"sub":2}"#, &claims().to_string()] {
        let token = forger.sign_as(&signer.header().to_string(), claims);
        assert_eq!(refused(&verifier, &token), "bad_signature", "{claims}");
    }
    // Nor decoded.
    let token = forger.sign_parts(&base64url(signer.header().to_string()), "!");
    assert_eq!(refused(&verifier, &token), "bad_signature");
}

#[test]
fn a_signature_of_another_form_is_refused() {
    let signer = Signer::new(Algorithm::ES256);
    let verifier = verifier(KeySet::new([signer.key()]));
    let token = signer.sign(&claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    let with = |signature: &[u8]| format!("{signed}.{}", base64url(signature));
    let right = signer.signature(signed);
    // As ASN.1 has it, as OpenSSL writes it.
    let integer = |bytes: &[u8]| [&[0x02, 33, 0], bytes].concat();
    let (r, s) = (integer(&right[..32]), integer(&right[32..]));
    let der = [&[0x30, 70][..], &r, &s].concat();
    // Zeros, which verifiers have believed of any message (CVE-2022-21449).
    for other in [der, vec![0; 64], vec![0; 0], right[..63].to_vec(), [&right[..], &[0]].concat()] {
        assert_eq!(refused(&verifier, &with(&other)), "bad_signature");
    }
    let hmac = Signer::new(Algorithm::HS256);
    let token = hmac.sign(&claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    let cut = format!("{signed}.{}", base64url(&hmac.signature(signed)[..16]));
    assert_eq!(refused(&super::issuer::verifier(KeySet::new([hmac.key()])), &cut), "bad_signature");
}

#[test]
fn the_id_of_a_key_is_a_name_and_no_path() {
    let (signer, verifier) = hmac();
    for kid in ["../../../dev/null", "' OR 1=1 --", "", "a\u{0}", "http://127.0.0.1:1/key"] {
        let token = signer.sign_as(&json!({"alg": "HS256", "kid": kid}).to_string(), &claims().to_string());
        assert_eq!(refused(&verifier, &token), "unknown_key", "{kid:?}");
    }
    let long = "k".repeat(1000);
    let token = signer.sign_as(&json!({"alg": "HS256", "kid": long}).to_string(), &claims().to_string());
    let expected = format!("there is no key \"{}…\" that fits", "k".repeat(64));
    assert_eq!(verify(&verifier, &token).unwrap_err().to_string(), expected);
    let token = signer.sign_as(r#"{"alg":"HS256","kid":"a\n\"b"}"#, &claims().to_string());
    let expected = r#"there is no key "a\n\"b" that fits"#;
    assert_eq!(verify(&verifier, &token).unwrap_err().to_string(), expected);
}

#[test]
fn a_header_that_is_none_is_malformed() {
    let (signer, verifier) = hmac();
    let deep = format!(r#"{{"alg":"HS256","x":{}1{}}}"#, "[".repeat(1000), "]".repeat(1000));
    let many: Vec<_> = (0..40).map(|n| format!(r#""{n}":{n}"#)).collect();
    for header in [
        "",
        "null",
        "[]",
        "1",
        r#""HS256""#,
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":1}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256","kid":null}"#,
        r#"{"alg":"HS256","typ":1}"#,
        r#"{"alg":"HS256"} {}"#,
        r#"{"alg":"HS256"}x"#,
        r#"{"alg":"HS256",}"#,
        r#"{"alg":"HS256","x":nul}"#,
        r#"{"alg":"HS256","x":1e999}"#,
        "{'alg':'HS256'}",
        "\u{feff}{\"alg\":\"HS256\"}",
        &format!(r#"{{"alg":"HS256",{}}}"#, many.join(",")),
        &deep,
    ] {
        assert_eq!(refused(&verifier, &signer.sign_as(header, &claims().to_string())), "malformed", "{header}");
    }
    let no_text = base64url([&b"{\"alg\":\"HS256\",\"x\":\""[..], &[0xff], b"\"}"].concat());
    assert_eq!(refused(&verifier, &signer.sign_parts(&no_text, &base64url(claims().to_string()))), "malformed");
}

#[test]
fn a_token_is_of_the_type_that_is_asked_for() {
    let (signer, verifier) = hmac();
    let of = |typ: &str| signer.sign_as(&json!({"alg": "HS256", "typ": typ}).to_string(), &claims().to_string());
    assert!(verify(&verifier, &of("anything")).is_ok());
    let verifier = verifier.token_type("at+jwt");
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
        assert!(verify(&verifier, &of(typ)).is_ok(), "{typ}");
    }
    for typ in ["JWT", "", "at", "at+jwtx", "application/x/at+jwt", "text/at+jwt"] {
        assert_eq!(refused(&verifier, &of(typ)), "unsuitable", "{typ}");
    }
    assert_eq!(refused(&verifier, &signer.sign(&claims())), "unsuitable");
    assert!(verify(&verifier.token_type("application/jwt"), &of("JWT")).is_ok());
}

#[test]
fn a_secret_of_the_tests_is_long_enough_for_all() {
    assert_eq!(SECRET.len(), 64);
}
