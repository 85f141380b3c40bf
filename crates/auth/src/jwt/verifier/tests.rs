use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;

use super::super::{Audience, Issuer, KeySet, KeySource, Keys, Refresh, VerifyingKey};
use super::JwtVerifier;
use crate::{Answer, Principal, Reason};

const SECRET: &[u8] = b"32 bytes that nobody else knows.";

fn token(kid: &str) -> String {
    let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
    let claims = r#"{"sub":"ada","exp":4102444800}"#;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn set(kid: &str) -> KeySet {
    KeySet::new(VerifyingKey::hmac(Algorithm::HS256, SECRET).map(|key| key.with_kid(kid)))
}

/// Has one key, and another one from the first time on that it is asked for more.
#[derive(Clone, Debug)]
struct Rotates {
    current: Arc<ArcSwap<KeySet>>,
    asked: Arc<AtomicUsize>,
    error: bool,
}

impl Rotates {
    fn new(error: bool) -> Self {
        Self { current: Arc::new(ArcSwap::from_pointee(set("old"))), asked: Arc::default(), error }
    }

    fn verifier(&self) -> JwtVerifier {
        JwtVerifier::new(Keys::new(self.clone()), Issuer::any(), Audience::any())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl KeySource for Rotates {
    fn current(&self) -> Guard<Arc<KeySet>> {
        self.current.load()
    }

    fn refresh(&self, kid: Option<&str>) -> Option<Refresh> {
        if kid == Some("not now") {
            return None;
        }
        let this = self.clone();
        Some(Box::pin(async move {
            this.asked.fetch_add(1, Ordering::Relaxed);
            if this.error {
                return Err(Reason::Unavailable("the issuer is down".into()));
            }
            this.current.store(Arc::new(set("new")));
            Ok(())
        }))
    }
}

async fn outcome(verdict: Answer<Principal>) -> Result<Principal, Reason> {
    match verdict {
        Answer::Now(outcome) => outcome,
        Answer::Later(outcome) => outcome.await,
    }
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_and_then_looked_for_again() {
    let keys = Rotates::new(false);
    let verifier = keys.verifier();
    assert!(matches!(verifier.verify(&token("old")), Answer::Now(Ok(_))));
    let later = verifier.verify(&token("new"));
    assert!(matches!(later, Answer::Later(_)));
    assert_eq!(keys.asked(), 0);
    assert!(outcome(later).await.is_ok_and(|ada| ada.subject() == "ada"));
    assert_eq!(keys.asked(), 1);
    assert!(matches!(verifier.verify(&token("new")), Answer::Now(Ok(_))));

    let reason = outcome(verifier.verify(&token("other"))).await.err();
    assert!(matches!(&reason, Some(Reason::UnknownKey(Some(kid))) if kid == "other"), "{reason:?}");
    assert_eq!(keys.asked(), 2);
}

#[tokio::test]
async fn nothing_but_an_unknown_key_is_asked_for() {
    let keys = Rotates::new(false);
    let verifier = keys.verifier();
    let (signed, _) = token("old").rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
    for other in [format!("{signed}.AAAA"), "a.b.c".to_owned(), token("not now")] {
        assert!(matches!(verifier.verify(&other), Answer::Now(Err(_))), "{other}");
    }
    assert_eq!(keys.asked(), 0);
}

#[tokio::test]
async fn keys_that_can_not_be_fetched_are_the_reason() {
    let verifier = Rotates::new(true).verifier();
    assert!(matches!(outcome(verifier.verify(&token("new"))).await, Err(Reason::Unavailable(_))));
}
