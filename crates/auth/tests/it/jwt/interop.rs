//! Other implementations on the other side: PyJWT, and jose of npm.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use towerkit_auth::{Algorithm, Answer, CredentialSource, JwtSigner, KeySet, VerifyingKey};
use towerkit_endpoint::Context;
use towerkit_testing::tool::find;

use super::issuer::{ALL, AUDIENCE, ISSUER, Signer, claims, claims_with, now, refused, verifier, verify};

/// A program that reads tasks, one a line, and answers each with a line.
fn ask(command: &mut Command, tasks: &[Value]) -> Vec<Value> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines: String = tasks.iter().map(|task| format!("{task}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writing.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn script(name: &str) -> String {
    format!("{}/tests/it/jwt/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn pyjwt(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(script("pyjwt.py"));
    command
}

fn jose(node: &Path, package: &Path) -> Command {
    let mut command = Command::new(node);
    command.arg(script("jose.mjs")).arg(package);
    command
}

fn signers() -> Vec<Signer> {
    let rsa = Signer::new(Algorithm::RS256);
    let signer = |algorithm| match algorithm {
        Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => {
            rsa.by(algorithm)
        }
        _ => Signer::new(algorithm),
    };
    ALL.into_iter().map(|algorithm| signer(algorithm).kid("a")).collect()
}

/// Its tokens of all algorithms pass here, ours there; and neither takes what was changed.
fn both_ways(mut command: impl FnMut() -> Command) {
    let signers = signers();
    let now = now();
    let claims =
        claims_with(&json!({"aud": ["other", AUDIENCE], "scope": "add:read add:write", "iat": now, "nbf": now}));

    let sign = |signer: &Signer| {
        let (alg, key) = (signer.algorithm, &signer.private);
        json!({"do": "sign", "alg": alg, "kid": "a", "key": key, "claims": claims})
    };
    let theirs = ask(&mut command(), &signers.iter().map(sign).collect::<Vec<_>>());
    assert_eq!(theirs.len(), signers.len());
    for (signer, answer) in signers.iter().zip(&theirs) {
        let token = answer["token"].as_str().unwrap_or_else(|| panic!("{:?}: {answer}", signer.algorithm));
        let verifier = verifier(KeySet::new([signer.key()])).claims::<Value>();
        let principal = verify(&verifier, token).unwrap();
        assert_eq!((principal.subject(), principal.issuer()), ("ada", Some(ISSUER)));
        assert!(principal.has_scope("add:write"));
        assert_eq!(principal.claims::<Value>(), Some(&claims), "{:?}", signer.algorithm);
        assert_ne!(refused(&verifier, &changed(token)), "malformed");
    }

    let check = |signer: &Signer, token: String| {
        let (alg, key) = (signer.algorithm, &signer.public);
        json!({"do": "verify", "alg": alg, "key": key, "token": token, "iss": ISSUER, "aud": AUDIENCE})
    };
    let ours: Vec<_> = signers.iter().map(|signer| ours(signer, &claims)).collect();
    let mut tasks: Vec<_> = signers.iter().zip(&ours).map(|(signer, token)| check(signer, token.clone())).collect();
    tasks.extend(signers.iter().zip(&ours).map(|(signer, token)| check(signer, changed(token))));
    let verdicts = ask(&mut command(), &tasks);
    let (good, bad) = verdicts.split_at(signers.len());
    assert_eq!(bad.len(), signers.len());
    for ((signer, good), bad) in signers.iter().zip(good).zip(bad) {
        assert_eq!(good["claims"], claims, "{:?}: {good}", signer.algorithm);
        assert!(bad["error"].is_string(), "{:?}: {bad}", signer.algorithm);
    }
}

/// A token of a client's credentials.
fn ours(signer: &Signer, claims: &Value) -> String {
    let claims = claims.clone();
    let source = JwtSigner::new(signer.signing_key().with_kid("a"), move |_: &Context| claims.clone());
    let Answer::Now(Ok(credentials)) = source.credentials(&Context::new()) else { panic!("{source:?}") };
    credentials.value().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

/// A token whose signature is another.
fn changed(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

#[test]
fn tokens_of_pyjwt_pass_here_and_ours_there() {
    let Some(python) = find("python_jwt", "tokens_of_pyjwt_pass_here_and_ours_there") else { return };
    both_ways(|| pyjwt(&python));
}

#[test]
fn tokens_of_jose_pass_here_and_ours_there() {
    const TEST: &str = "tokens_of_jose_pass_here_and_ours_there";
    let (Some(node), Some(package)) = (find("node", TEST), find("jose", TEST)) else { return };
    both_ways(|| jose(&node, &package));
}

/// Sets that another program makes, of keys of its own, with a token of each key.
fn sets(command: &mut Command) {
    let kinds = ["ES256", "ES384", "EdDSA", "RS256", "PS384"];
    let tasks: Vec<_> = kinds
        .iter()
        .enumerate()
        .map(|(n, alg)| json!({"do": "generate", "alg": alg, "kid": n.to_string(), "claims": claims()}))
        .collect();
    let answers = ask(command, &tasks);
    let keys: Vec<_> = answers.iter().map(|answer| answer["jwk"].clone()).collect();
    let set = KeySet::from_jwks(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    assert!(set.skipped().is_empty(), "{:?}", set.skipped());
    let verifier = verifier(set);
    for (answer, alg) in answers.iter().zip(kinds) {
        let token = answer["token"].as_str().unwrap();
        assert_eq!(verify(&verifier, token).unwrap().subject(), "ada", "{alg}");
        assert_eq!(refused(&verifier, &changed(token)), "bad_signature", "{alg}");
        assert!(VerifyingKey::from_jwk(answer["jwk"].to_string().as_bytes()).is_ok());
    }
}

#[test]
fn key_sets_of_jwcrypto_are_read() {
    let Some(python) = find("python_jwt", "key_sets_of_jwcrypto_are_read") else { return };
    sets(&mut pyjwt(&python));
}

#[test]
fn key_sets_of_jose_are_read() {
    const TEST: &str = "key_sets_of_jose_are_read";
    let (Some(node), Some(package)) = (find("node", TEST), find("jose", TEST)) else { return };
    sets(&mut jose(&node, &package));
}
