//! Who may call, by tokens.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;
use towerkit_auth::{Answer, CredentialSource as _, JwtSigner, SigningKey};
use towerkit_endpoint::Context;

use crate::running::{Addsvc, exchange, whole_exchange};

pub(crate) const ISSUER: &str = "https://id.test";
pub(crate) const AUDIENCE: &str = "addsvc";

/// Who issues tokens: a key, whose public half is in a file.
pub(crate) struct Issuer {
    key: SigningKey,
    jwks: PathBuf,
}

impl Issuer {
    pub(crate) fn new(test: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key_raw());
        let jwks = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.jwks.json"));
        let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "a", "x": x }] });
        std::fs::write(&jwks, set.to_string()).unwrap();
        Self { key: SigningKey::ed_pem(pair.serialize_pem().as_bytes()).unwrap().with_kid("a"), jwks }
    }

    pub(crate) fn token(&self, issuer: &str, audience: &str, claims: serde_json::Value) -> String {
        let signer = JwtSigner::new(self.key.clone(), move |_| claims.clone());
        let signer = signer.issuer(issuer).audience(audience).subject("ada");
        let Answer::Now(Ok(credentials)) = signer.credentials(&Context::new()) else { panic!("it is signed at once") };
        credentials.value().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    }

    fn guarded(&self) -> Addsvc {
        Addsvc::start(&self.flags())
    }

    /// The flags that guard addsvc by its tokens.
    pub(crate) fn flags(&self) -> [&str; 6] {
        ["--jwks-file", self.jwks.to_str().unwrap(), "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE]
    }
}

/// What addcli says on each of the transports, with a token or without.
fn on_all_transports(addsvc: &Addsvc, token: Option<&str>) -> [String; 3] {
    [("--http-addr", addsvc.http), ("--jsonrpc-addr", addsvc.json_rpc), ("--grpc-addr", addsvc.grpc)].map(
        |(flag, at)| {
            let mut addcli = Command::new(env!("CARGO_BIN_EXE_addcli"));
            addcli.args([flag, &at.to_string(), "1", "2"]).args(token.map(|token| ["--token", token]).iter().flatten());
            let output = addcli.output().unwrap();
            String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
        },
    )
}

#[test]
fn one_token_passes_on_every_transport() {
    let issuer = Issuer::new("one_token");
    let addsvc = issuer.guarded();
    let token = issuer.token(ISSUER, AUDIENCE, json!({}));
    assert_eq!(on_all_transports(&addsvc, Some(&token)), ["1 + 2 = 3\n"; 3]);
}

#[test]
fn what_is_refused_on_one_transport_is_refused_on_all_with_the_same_words() {
    let issuer = Issuer::new("refused");
    let addsvc = issuer.guarded();
    let stranger = Issuer::new("stranger");
    let not_valid = "error: the credentials are not valid";
    for (token, told) in [
        (None, "error: credentials are required"),
        (Some(issuer.token(ISSUER, AUDIENCE, json!({ "exp": 1_000_000_000 }))), "error: the credentials have expired"),
        (Some(issuer.token(ISSUER, AUDIENCE, json!({ "nbf": 4_000_000_000_u64 }))), not_valid),
        (Some(issuer.token(ISSUER, "others", json!({}))), not_valid),
        (Some(issuer.token("https://others.test", AUDIENCE, json!({}))), not_valid),
        (Some(stranger.token(ISSUER, AUDIENCE, json!({}))), not_valid),
        (Some("no.token.at-all".to_owned()), not_valid),
    ] {
        for said in on_all_transports(&addsvc, token.as_deref()) {
            assert!(said.starts_with(told), "{said}");
        }
    }
}

#[test]
fn a_refusal_over_http_asks_for_a_token_as_rfc_6750_has_it() {
    let issuer = Issuer::new("challenge");
    let addsvc = issuer.guarded();
    let ask = |more: &str| {
        let body = r#"{"a":1,"b":2}"#;
        let head =
            format!("host: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 13{more}");
        whole_exchange(addsvc.http, &format!("POST /sum HTTP/1.1\r\n{head}\r\n\r\n{body}"))
    };
    let without = ask("");
    assert!(without.starts_with("HTTP/1.1 401 "), "{without}");
    assert!(without.contains("\r\nwww-authenticate: Bearer realm=\"addsvc\"\r\n"), "{without}");
    let expired = ask(&format!("\r\nauthorization: bearer {}", issuer.token(ISSUER, AUDIENCE, json!({ "exp": 1 }))));
    assert!(expired.contains("\r\nwww-authenticate: Bearer realm=\"addsvc\", error=\"invalid_token\""), "{expired}");
    let two = ask("\r\nauthorization: Bearer a\r\nauthorization: Bearer b");
    assert!(two.starts_with("HTTP/1.1 400 ") && two.contains("error=\"invalid_request\""), "{two}");
}

#[test]
fn probes_need_no_token() {
    let addsvc = Issuer::new("probes").guarded();
    for path in ["/livez", "/readyz", "/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        assert_eq!(exchange(addsvc.debug, &request).0, 200, "{path}");
    }
}

#[test]
fn each_refusal_is_a_line_of_the_audit_and_the_token_is_not() {
    let issuer = Issuer::new("audit");
    let mut addsvc = issuer.guarded();
    let token = issuer.token(ISSUER, "others", json!({}));
    on_all_transports(&addsvc, Some(&token));
    addsvc.terminate();
    let (_, told) = addsvc.ended(Duration::from_secs(10));
    let audits: Vec<&str> = told.lines().filter(|line| line.contains(" reason=")).collect();
    assert_eq!(audits.len(), 3, "{told}");
    for (line, via) in audits.iter().zip(["http", "jsonrpc", "grpc"]) {
        for field in
            ["operation=sum", "scheme=bearer", "reason=wrong_audience", "peer=127.0.0.1:", &format!("via={via}")]
        {
            assert!(line.contains(field), "{field}: {line}");
        }
    }
    assert!(told.contains("err=\"the credentials are not valid: the token is for others\""), "{told}");
    let secret = token.rsplit('.').next().unwrap();
    assert!(!told.contains(secret), "{told}");
}

#[test]
fn flags_that_guard_nothing_are_refused() {
    let jwks = Issuer::new("flags").jwks;
    let refused = |flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_addsvc")).args(flags).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let alone = refused(&["--jwks-file", jwks.to_str().unwrap()]);
    assert!(alone.contains("--jwt-issuer") && alone.contains("--jwt-audience"), "{alone}");
    assert!(refused(&["--jwt-issuer", ISSUER]).contains("--jwks-file"));
    let nowhere = refused(&["--jwks-file", "nowhere.json", "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE]);
    assert!(nowhere.starts_with("error: --jwks-file: nowhere.json: "), "{nowhere}");
}
