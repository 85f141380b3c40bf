//! Key sets from files.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;
use towerkit_auth::{Algorithm, Answer, JwksFile, JwksRules, Keys};
use towerkit_lifecycle::{FileEvent, Lifeline, Member};
use towerkit_testing::events::Events;

use crate::jwks_keys::{SigningKey, jwks, said_of, verifier};

const SOON: Duration = Duration::from_secs(20);
const SECRET: &str =
    r#"{"keys":[{"kty":"oct","alg":"HS256","kid":"s","k":"MzIgYnl0ZXMgdGhhdCBub2JvZHkgZWxzZSBrbm93cy4"}]}"#;

/// A file of a test, which is gone with it.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("towerkit-auth-jwks-{}-{name}.json", std::process::id())));
        file.write(text);
        file
    }

    /// As a deployment does it: the whole, by another name first.
    fn write(&self, text: &str) {
        let other = self.0.with_extension("new");
        std::fs::write(&other, text).unwrap();
        std::fs::rename(other, &self.0).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_file_that_rotates_is_followed_and_a_bad_one_is_told_and_not_taken() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let path = File::new("rotates", &jwks([&old]));
    let file = JwksFile::open(&path.0).unwrap();
    let verifier = verifier(&file);
    let (events, tell) = (Events::<String>::new(), Events::new());
    let watch = file.watch().interval(Duration::from_millis(20)).on_event({
        let (events, tell) = (events.clone(), tell.clone());
        move |event: &FileEvent| {
            events.push(event.to_string());
            tell.push(matches!(event, FileEvent::Reloaded(_)));
        }
    });
    let (lifeline, _stopper) = Lifeline::detached();
    tokio::spawn(watch.run(lifeline));

    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    assert_eq!(said_of(&verifier, &new.token()).await, "unknown_key");
    path.write(&jwks([&old, &new]));
    assert_eq!(tell.wait_len(1, SOON).await, [true]);
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");

    path.write(r#"{"keys":[]}"#);
    assert_eq!(tell.wait_len(2, SOON).await, [true, false]);
    assert!(events.snapshot()[1].contains("it has no keys"), "{events:?}");
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");

    path.write(&jwks([&new]));
    assert_eq!(tell.wait_len(3, SOON).await, [true, false, true]);
    assert_eq!(said_of(&verifier, &old.token()).await, "unknown_key");
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");
}

#[tokio::test]
async fn an_unknown_key_is_refused_at_once_and_reads_nothing() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let path = File::new("unknown", &jwks([&old]));
    let file = JwksFile::open(&path.0).unwrap();
    path.write(&jwks([&new]));
    assert!(matches!(verifier(&file).verify(&new.token()), Answer::Now(Err(_))));
    let verdict = timeout(Duration::from_secs(1), said_of(&verifier(&file), &old.token())).await;
    assert_eq!(verdict.unwrap(), "ok");
}

#[test]
fn secrets_are_taken_where_that_is_said_alone() {
    let path = File::new("secrets", SECRET);
    let error = JwksFile::open(&path.0).unwrap_err().to_string();
    assert!(error.contains("it is a secret"), "{error}");
    assert!(error.contains("secrets.json") && !error.contains("MzIg"), "{error}");

    let file = JwksFile::open_with(&path.0, JwksRules::new().secrets()).unwrap();
    assert_eq!(file.key_set().keys()[0].algorithm(), Algorithm::HS256);
    let shown = format!("{file:?} {:?} {:?} {:?}", file.key_set(), Keys::from(&file), file.watch());
    assert!(!shown.contains("MzIg") && !shown.contains("32 bytes"), "{shown}");
}

#[test]
fn keys_that_are_not_used_can_be_seen() {
    let old = SigningKey::new("old", 1).jwk();
    let path = File::new("skipped", &format!(r#"{{"keys":[{old},{{"kty":"EC","crv":"secp256k1","kid":"k"}}]}}"#));
    let set = JwksFile::open(&path.0).unwrap().key_set();
    assert_eq!(set.keys().len(), 1);
    assert_eq!(set.skipped()[0].to_string(), "key 1, \"k\": its crv is not known here");
}

#[test]
fn a_file_that_can_not_be_used_is_an_error_with_its_path() {
    for (name, text) in [("garbage", "hush"), ("empty", ""), ("none", r#"{"keys":[]}"#)] {
        let path = File::new(name, text);
        let error = JwksFile::open(&path.0).unwrap_err();
        assert_eq!(error.path(), path.0);
        assert!(!error.to_string().contains("hush"), "{error}");
    }
    JwksFile::open("/nowhere/keys.json").unwrap_err();
}
