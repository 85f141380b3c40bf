//! Keys that a token brings along, or says where to get.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use towerkit_auth::{Algorithm, KeySet};

use super::issuer::{Signer, base64url, claims, refused, verifier, verify};

/// Answers each request with what is asked for, and counts them; gives its address.
fn attackers_server(jwks: String, certificate: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut line = String::new();
            let _ = BufReader::new(&connection).read_line(&mut line);
            let body = if line.contains("jwks") { &jwks } else { &certificate };
            let _ = write!(connection, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
    });
    (address, asked)
}

/// What a token may bring along of the very key that signs it, as RFC 7515, section 4.1, has it; and how often somebody asked for more.
fn brought_along(by: &Signer) -> (Vec<Value>, String, Arc<AtomicUsize>) {
    let pem: String = by.public.lines().filter(|line| !line.starts_with('-')).collect();
    let key = STANDARD.decode(pem).unwrap();
    let (x, y) = key[key.len() - 64..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y), "alg": "ES256", "use": "sig", "kid": "a"});
    let pair = rcgen::KeyPair::from_pem(&by.private).unwrap();
    let certificate = rcgen::CertificateParams::new(["evil.example".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let der = certificate.der();
    let sha1 = base64url(digest(&SHA1_FOR_LEGACY_USE_ONLY, der));
    let sha256 = base64url(digest(&SHA256, der));

    let jwks = json!({ "keys": [jwk] }).to_string();
    let (address, asked) = attackers_server(jwks.clone(), certificate.pem());
    let (jku, x5u) = (format!("{address}/jwks.json"), format!("{address}/certificate.pem"));
    let x5c = [STANDARD.encode(der)];
    let headers = vec![
        json!({"jwk": jwk}),
        json!({"jku": jku}),
        json!({"x5u": x5u}),
        json!({"x5c": x5c, "x5t": sha1, "x5t#S256": sha256}),
        json!({"jwk": jwk, "jku": jku, "x5u": x5u, "x5c": x5c, "x5t": sha1, "x5t#S256": sha256}),
    ];
    (headers, jwks, asked)
}

#[test]
fn keys_that_a_token_brings_along_are_not_used() {
    let ours = Signer::new(Algorithm::ES256).kid("a");
    let verifier = verifier(KeySet::new([ours.key()]));
    let theirs = Signer::new(Algorithm::ES256);
    let (headers, jwks, asked) = brought_along(&theirs);
    // It would pass, if it were looked at.
    let fooled = super::issuer::verifier(KeySet::from_jwks(jwks.as_bytes()).unwrap());
    for header in headers {
        for (kid, reason) in
            [(json!("a"), "bad_signature"), (json!("b"), "unknown_key"), (Value::Null, "bad_signature")]
        {
            let mut header = header.clone();
            header["alg"] = json!("ES256");
            if !kid.is_null() {
                header["kid"] = kid;
            }
            let token = theirs.sign_as(&header.to_string(), &claims().to_string());
            assert_eq!(refused(&verifier, &token), reason, "{header}");
            if reason == "bad_signature" {
                assert!(verify(&fooled, &token).is_ok(), "{header}");
                // They do no harm beside a signature that is right.
                assert!(verify(&verifier, &ours.sign_as(&header.to_string(), &claims().to_string())).is_ok());
            }
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody asks where a token says");
}
