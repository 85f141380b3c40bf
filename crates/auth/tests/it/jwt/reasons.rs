//! What the caller gets of each reason, and that nobody gets the token.

use std::sync::{Arc, Mutex};

use http::header::AUTHORIZATION;
use serde_json::json;
use tower::ServiceBuilder;
use towerkit_auth::{Algorithm, AuditEvent, Authentication, Denied, JwtVerifier, KeySet, Principal};
use towerkit_endpoint::{Code, Endpoint, Error, Report, Request, service_fn};

use super::issuer::{SECRET, Signer, base64url, claims, claims_with, now, verifier};

/// What was told of a call: its audit, and all that can be shown of its error.
struct Refusal {
    error: Error,
    reason: &'static str,
    shown: String,
}

async fn call(authentication: Authentication, fields: &[&str]) -> Result<Principal, Refusal> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let authentication = authentication.on_refusal(move |event: &AuditEvent<'_>| {
        let shown = format!("{event} {:?} {}", event.reason(), event.reason());
        tell.lock().unwrap().push((event.reason().as_str(), shown));
    });
    let whoami = ServiceBuilder::new().layer(authentication.requests("whoami")).service(service_fn(
        |request: Request<()>| async move { Ok::<_, Error>(Principal::of(request.context()).cloned().unwrap()) },
    ));
    let mut request = Request::new(());
    for field in fields {
        request.context_mut().metadata_mut().append(AUTHORIZATION, field.parse().unwrap());
    }
    let error = match whoami.invoke(request).await {
        Ok(principal) => return Ok(principal),
        Err(error) => error,
    };
    let (reason, mut shown) = told.lock().unwrap().pop().unwrap();
    assert!(told.lock().unwrap().is_empty());
    let denied = error.find::<Denied>().unwrap();
    shown += &format!("{error} {error:?} {denied} {denied:?} {}", Report::new(&error));
    Err(Refusal { error, reason, shown })
}

#[tokio::test]
async fn the_caller_gets_a_code_and_a_challenge_and_the_log_a_reason_without_a_secret() {
    const INVALID: &str = r#"Bearer realm="addsvc", error="invalid_token""#;
    const EXPIRED: &str = r#"Bearer realm="addsvc", error="invalid_token", error_description="the token has expired""#;
    const REALM: &str = r#"Bearer realm="addsvc""#;

    let signer = Signer::new(Algorithm::HS256).kid("a");
    let of = |others| signer.sign(&claims_with(&others));
    let with_header = |header: serde_json::Value| signer.sign_as(&header.to_string(), &claims().to_string());
    let valid = signer.sign(&claims());
    let forged = Signer::secret(Algorithm::HS256, b"32 bytes of somebody who forges.").kid("a").sign(&claims());
    let unsigned = format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(claims().to_string()));

    let table: Vec<(&str, Vec<String>, &str)> = vec![
        ("missing", vec![], REALM),
        ("malformed", vec!["Bearer".into()], INVALID),
        ("malformed", vec!["Bearer  ".into()], INVALID),
        ("malformed", vec![format!("Bearer {valid}.{valid}")], INVALID),
        ("malformed", vec![format!("Bearer {valid}=")], INVALID),
        ("malformed", vec![format!("Bearer {valid}, Bearer {valid}")], INVALID),
        ("malformed", vec![format!("Bearer {}", of(json!({"exp": "soon"})))], INVALID),
        // A scheme that is not known here.
        ("malformed", vec![format!("Token {valid}")], REALM),
        ("ambiguous", vec![format!("Bearer {valid}"); 2], r#"Bearer realm="addsvc", error="invalid_request""#),
        ("too_large", vec![format!("Bearer {}", of(json!({"data": "x".repeat(9000)})))], INVALID),
        ("expired", vec![format!("Bearer {}", of(json!({"exp": now() - 60})))], EXPIRED),
        ("not_yet_valid", vec![format!("Bearer {}", of(json!({"nbf": now() + 60})))], INVALID),
        ("wrong_algorithm", vec![format!("Bearer {unsigned}")], INVALID),
        ("wrong_algorithm", vec![format!("Bearer {}", with_header(json!({"alg": "ES256", "kid": "a"})))], INVALID),
        ("unknown_key", vec![format!("Bearer {}", with_header(json!({"alg": "HS256", "kid": "b"})))], INVALID),
        ("bad_signature", vec![format!("Bearer {forged}")], INVALID),
        ("wrong_audience", vec![format!("Bearer {}", of(json!({"aud": "other"})))], INVALID),
        ("wrong_issuer", vec![format!("Bearer {}", of(json!({"iss": "https://other.example"})))], INVALID),
        ("missing_claim", vec![format!("Bearer {}", of(json!({"exp": null})))], INVALID),
        (
            "unsuitable",
            vec![format!("Bearer {}", with_header(json!({"alg": "HS256", "kid": "a", "crit": ["x"]})))],
            INVALID,
        ),
        ("unsuitable", vec![format!("Bearer {}", of(json!({"tenant": "hush, hush"})))], INVALID),
    ];
    let verifier = verifier(KeySet::new([signer.key()])).claims::<std::collections::BTreeMap<String, Claim>>();
    for (reason, fields, challenge) in table {
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        let refusal = call(Authentication::new(verifier.clone()), &fields).await.err().unwrap();
        assert_eq!(refusal.reason, reason, "{fields:?}");
        let code = if reason == "ambiguous" { Code::InvalidArgument } else { Code::Unauthenticated };
        assert_eq!(refusal.error.code(), code, "{reason}");
        assert_eq!(refusal.error.metadata().get("www-authenticate"), Some(challenge), "{reason}");
        let shown = refusal.shown;
        for field in fields {
            let token = field.split_once(' ').map_or("", |(_, token)| token);
            for window in token.as_bytes().windows(16) {
                let part = std::str::from_utf8(window).unwrap();
                assert!(!shown.contains(part), "{part} of {token}: {shown}");
            }
        }
        assert!(!shown.contains("hush"), "{shown}");
        assert!(!shown.contains(std::str::from_utf8(&SECRET[..16]).unwrap()), "{shown}");
    }
    let field = format!("bEARER   {valid}");
    assert_eq!(call(Authentication::new(verifier), &[&field]).await.ok().unwrap().subject(), "ada");
}

/// All but a text that begins with `hush`.
#[derive(Debug)]
struct Claim;

impl<'de> serde::Deserialize<'de> for Claim {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) if text.starts_with("hush") => {
                Err(serde::de::Error::custom(format!("{text} must not be told")))
            }
            _ => Ok(Self),
        }
    }
}

#[tokio::test]
async fn the_realm_is_the_one_that_was_set() {
    let keys = || KeySet::new([Signer::new(Algorithm::HS256).key()]);
    let of = |verifier: JwtVerifier| async {
        let refusal = call(Authentication::new(verifier), &[]).await.err().unwrap();
        refusal.error.metadata().get("www-authenticate").unwrap().to_owned()
    };
    assert_eq!(of(verifier(keys()).realm("the \"add\" service")).await, r#"Bearer realm="the \"add\" service""#);
    let anybodys = JwtVerifier::new(keys(), towerkit_auth::Issuer::any(), towerkit_auth::Audience::any());
    assert_eq!(of(anybodys).await, r#"Bearer realm="""#);
}

#[test]
fn a_verifier_shows_no_key() {
    let shown = format!("{:?}", verifier(KeySet::new([Signer::new(Algorithm::HS256).key()])));
    assert!(!shown.contains(std::str::from_utf8(&SECRET[..16]).unwrap()) && shown.contains("HS256"), "{shown}");
    assert!(!shown.contains("97, 32, 115"), "{shown}");
}
