//! Tokens: of any text, which none can have signed; and of any header and any claims, a line each, with a signature that is right. What passes
//! is what another reader of JSON finds, too.

#![no_main]

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use towerkit_auth::{Algorithm, Answer, Audience, Issuer, JwtVerifier, KeySet, Principal, Reason, VerifyingKey};

const SECRET: &[u8] = b"32 bytes that no fuzzer finds out";

fn verify(verifier: &JwtVerifier, token: &str) -> Result<Principal, Reason> {
    let Answer::Now(outcome) = verifier.verify(token) else { panic!("nothing is to be waited for") };
    if let Err(reason) = &outcome {
        let text = reason.to_string();
        assert!(text.len() < 1024 && !text.contains(char::is_control), "{text}");
    }
    outcome
}

fuzz_target!(|data: &[u8]| {
    let keys = KeySet::new([VerifyingKey::hmac(Algorithm::HS256, SECRET).unwrap()]);
    let verifier = JwtVerifier::new(keys, Issuer::is("i"), Audience::is("a")).claims::<Value>();
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(verify(&verifier, text).is_err());
    }
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let (header, claims) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), signed.as_bytes());
    let Ok(principal) = verify(&verifier, &format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))) else { return };

    let header: Value = serde_json::from_slice(header).expect("it is JSON");
    assert_eq!(header["alg"], "HS256");
    assert!(header.get("crit").is_none() && header.get("b64").is_none() && header.get("kid").is_none());
    let claims: Value = serde_json::from_slice(claims).expect("it is JSON");
    assert_eq!(principal.claims::<Value>(), Some(&claims));
    assert_eq!(claims["iss"], "i");
    let is_for_us = |aud: &Value| aud == "a" || aud.as_array().is_some_and(|all| all.iter().any(|one| one == "a"));
    assert!(is_for_us(&claims["aud"]) && claims["exp"].as_f64().is_some_and(|exp| exp > 1.7e9));
    assert_eq!(claims.get("sub").map_or("", |sub| sub.as_str().expect("a text")), principal.subject());
});
