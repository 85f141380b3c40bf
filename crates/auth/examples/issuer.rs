//! Makes a key, writes its public half into a file as a key set, and prints a token: what a service's flags want, to be tried by hand.
//!
//! ```text
//! cargo run -p towerkit-auth --features jwt --example issuer -- jwks.json https://id.example addsvc ada
//! ```
//!
//! The token holds for an hour. The key is gone afterwards: each run makes another.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;
use towerkit_auth::{Answer, CredentialSource as _, JwtSigner, SigningKey};
use towerkit_endpoint::Context;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [jwks, issuer, audience, subject] = arguments.as_slice() else {
        eprintln!("usage: issuer JWKS-FILE ISSUER AUDIENCE SUBJECT");
        return ExitCode::FAILURE;
    };
    match issue(jwks, issuer, audience, subject) {
        Ok(token) => {
            println!("{token}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {jwks}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn issue(jwks: &str, issuer: &str, audience: &str, subject: &str) -> Result<String, Box<dyn Error>> {
    let pair = KeyPair::generate_for(&PKCS_ED25519)?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key_raw());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "a", "x": x }] });
    std::fs::write(jwks, format!("{set:#}\n"))?;

    let signer = JwtSigner::new(SigningKey::ed_pem(pair.serialize_pem().as_bytes())?.with_kid("a"), |_| ())
        .issuer(issuer)
        .audience(audience)
        .subject(subject)
        .lifetime(Duration::from_secs(3600));
    // A client gives the signer to a `CredentialsLayer`; here its text is wanted.
    match signer.credentials(&Context::new()) {
        Answer::Now(credentials) => Ok(credentials?.value().to_str()?.trim_start_matches("Bearer ").to_owned()),
        Answer::Later(_) => Err("a token that is signed here is there at once".into()),
    }
}
