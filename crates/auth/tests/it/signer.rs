//! Tokens that a client signs.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower::Layer;
use towerkit_auth::{
    Algorithm, Answer, Audience, Authentication, CredentialSource, CredentialsLayer, Issuer, JwtSigner, JwtVerifier,
    KeySet, NoCredentials, Principal, Scheme, SigningKey, VerifyingKey,
};
use towerkit_endpoint::{Code, Context, Endpoint, Error, Report, Request, service_fn};

use crate::jwt::issuer::{ALL, SECRET, Signer};

fn key() -> SigningKey {
    SigningKey::hmac(Algorithm::HS256, SECRET).unwrap()
}

fn sign(signer: &impl CredentialSource, context: &Context) -> Result<String, NoCredentials> {
    let Answer::Now(outcome) = signer.credentials(context) else { panic!("signing does not wait") };
    let credentials = outcome?;
    assert_eq!(credentials.name(), "authorization");
    assert!(credentials.value().is_sensitive());
    Ok(credentials.value().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned())
}

fn token(signer: &impl CredentialSource) -> String {
    sign(signer, &Context::new()).unwrap()
}

/// The header, or the claims.
fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

fn claims(signer: &impl CredentialSource) -> Value {
    part(&token(signer), 1)
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn the_tokens_of_every_algorithm_are_verified() {
    for algorithm in ALL {
        let signer = Signer::new(algorithm);
        let (signing, key) = (signer.signing_key(), signer.key());
        let signer = JwtSigner::new(signing.with_kid("7"), |_| ()).issuer("orders").audience("add").subject("ada");
        let verifier = JwtVerifier::new(KeySet::new([key.with_kid("7")]), Issuer::is("orders"), Audience::is("add"));
        let authentication = Authentication::new(verifier);
        let whoami = authentication.requests("whoami").layer(service_fn(|request: Request<()>| async move {
            Ok::<_, Error>(Principal::of(request.context()).cloned().unwrap())
        }));
        let ada = CredentialsLayer::new(signer).layer(whoami).invoke(()).await.unwrap();
        assert_eq!(
            (ada.subject(), ada.scheme(), ada.issuer()),
            ("ada", Scheme::Bearer, Some("orders")),
            "{algorithm:?}"
        );
        assert!(ada.expires_at().is_some());
    }
}

#[test]
fn a_token_of_another_key_is_not() {
    let signing = Signer::new(Algorithm::EdDSA).signing_key();
    let other = Signer::new(Algorithm::EdDSA).key();
    let signer = JwtSigner::new(signing, |_| ()).issuer("orders").audience("add");
    let verifier = JwtVerifier::new(KeySet::new([other]), Issuer::is("orders"), Audience::is("add"));
    assert!(matches!(verifier.verify(&token(&signer)), Answer::Now(Err(_))));
}

#[test]
fn the_header_has_the_algorithm_the_type_and_the_id_of_the_key_and_no_more() {
    let signer = JwtSigner::new(key(), |_| ());
    assert_eq!(part(&token(&signer), 0), json!({"alg": "HS256", "typ": "JWT"}));
    let signer = JwtSigner::new(key().with_kid("a\"b"), |_| ()).typ("at+jwt");
    assert_eq!(part(&token(&signer), 0), json!({"alg": "HS256", "typ": "at+jwt", "kid": "a\"b"}));
}

#[test]
fn a_token_is_good_for_a_minute_from_now_on_in_whole_seconds() {
    let before = unix_seconds();
    let claims = claims(&JwtSigner::new(key(), |_| ()));
    let iat = claims["iat"].as_u64().unwrap();
    assert!((before..=unix_seconds()).contains(&iat));
    assert_eq!(claims, json!({"iat": iat, "exp": iat + 60}));
}

#[test]
fn a_part_of_a_second_is_a_second_of_the_lifetime() {
    for (lifetime, seconds) in [(Duration::from_millis(1), 1), (Duration::from_millis(1500), 2)] {
        let claims = claims(&JwtSigner::new(key(), |_| ()).lifetime(lifetime));
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), seconds);
    }
    assert_eq!(claims(&JwtSigner::new(key(), |_| ()).lifetime(Duration::MAX))["exp"], json!(u64::MAX));
}

#[test]
fn the_registered_claims_are_there_where_they_are_asked_for() {
    let signer = JwtSigner::new(key(), |_| json!({"tenant": 7})).issuer("orders").subject("ada").nbf();
    let claims = claims(&signer.audience("add").audience("sub"));
    let iat = &claims["iat"];
    assert_eq!(
        claims,
        json!({
            "iss": "orders", "sub": "ada", "aud": ["add", "sub"], "tenant": 7, "iat": iat, "nbf": iat,
            "exp": iat.as_u64().unwrap() + 60,
        })
    );
}

#[test]
fn each_token_has_an_id_of_its_own_where_that_is_asked_for() {
    let signer = JwtSigner::new(key(), |_| ()).jti();
    let ids: std::collections::HashSet<_> =
        (0..100).map(|_| claims(&signer)["jti"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.len() == 22));
}

#[test]
fn the_claims_are_those_of_the_call_and_come_before_the_signers_own() {
    #[derive(Clone)]
    struct Tenant(u32);

    let claims = |context: &Context| json!({"tenant": context.get::<Tenant>().map(|Tenant(id)| *id), "sub": "eve"});
    let signer = JwtSigner::new(key(), claims).subject("ada");
    for tenant in [7, 8] {
        let mut context = Context::new();
        context.carry(Tenant(tenant));
        let claims = part(&sign(&signer, &context.outgoing()).unwrap(), 1);
        assert_eq!((&claims["tenant"], &claims["sub"]), (&json!(tenant), &json!("eve")));
    }
}

#[test]
fn claims_that_are_no_object_are_an_error_and_no_token() {
    for claims in [json!("admin"), json!(7), json!(["admin"]), json!(true)] {
        let told = JwtSigner::reused(key(), &claims).err().unwrap().to_string();
        assert_eq!(told, "there is no token for these claims: they are no object");
        let error = Error::from(sign(&JwtSigner::new(key(), move |_| claims.clone()), &Context::new()).unwrap_err());
        assert_eq!(error.code(), Code::Internal);
        assert!(Report::new(&error).to_string().ends_with("they are no object"));
    }
    // JSON has no keys of that kind.
    let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(JwtSigner::reused(key(), &unwritable).is_err());
}

#[test]
fn a_reused_token_is_the_same_until_shortly_before_it_expires() {
    let signer = JwtSigner::reused(key(), &json!({"tenant": 7})).unwrap().jti();
    let first = token(&signer);
    assert!((0..100).all(|_| token(&signer) == first));
    let claims = part(&first, 1);
    assert_eq!(claims["tenant"], 7);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);

    let signer = signer.lifetime(Duration::from_secs(2)).renew_before(Duration::from_secs(1));
    // The one above is kept still; another signer has none.
    assert_eq!(token(&signer), first);
    let short = JwtSigner::reused(key(), &()).unwrap().jti().lifetime(Duration::from_secs(2));
    let (first, begin) = (token(&short), Instant::now());
    let exp = part(&first, 1)["exp"].as_u64().unwrap();
    while token(&short) == first {
        assert!(unix_seconds() < exp, "it is used until its end");
        assert!(begin.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_reused_token_that_is_rejected_is_signed_anew_but_not_for_each_rejection() {
    let signer = JwtSigner::reused(key(), &()).unwrap().jti();
    let rejected = || {
        let Answer::Now(Ok(credentials)) = signer.credentials(&Context::new()) else { panic!("it is signed") };
        signer.rejected(&credentials);
        credentials.value().clone()
    };
    let (first, second) = (rejected(), rejected());
    assert_ne!(first, second);
    assert!((0..100).all(|_| rejected() == second));
}

#[test]
fn many_threads_share_one_reused_token() {
    let signer = Arc::new(JwtSigner::reused(key(), &()).unwrap().jti());
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let signer = Arc::clone(&signer);
            std::thread::spawn(move || token(&signer))
        })
        .collect();
    let tokens: std::collections::HashSet<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(tokens.len(), 1);
}

#[test]
fn the_claims_of_a_reused_token_may_not_be_those_that_are_made_anew() {
    for name in ["exp", "iat", "nbf", "jti"] {
        assert!(JwtSigner::reused(key(), &json!({name: 1})).is_err(), "{name}");
    }
}

#[test]
fn the_key_is_not_shown() {
    let secret = std::str::from_utf8(SECRET).unwrap();
    let each = JwtSigner::new(key(), |_| json!({"password": "hush"}));
    let reused = JwtSigner::reused(key(), &json!({"password": "hush"})).unwrap();
    token(&reused);
    let shown = format!("{:?} {each:?} {reused:?}", key());
    assert!(!shown.contains(secret) && !shown.contains("hush"), "{shown}");
    assert!(shown.contains("HS256"));
}

#[test]
fn a_signer_has_the_key_that_its_verifier_has() {
    // What is documented: the same constructors on both sides.
    let verifier = KeySet::new([VerifyingKey::hmac(Algorithm::HS256, SECRET).unwrap()]);
    let verifier = JwtVerifier::new(verifier, Issuer::is("a"), Audience::is("b"));
    let signed = token(&JwtSigner::reused(key(), &()).unwrap().issuer("a").audience("b").subject("c"));
    assert!(matches!(verifier.verify(&signed), Answer::Now(Ok(_))));
}
