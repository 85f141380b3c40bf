//! Where keys are, by an issuer's configuration (OpenID Connect Discovery 1.0); and keys over TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::net::TcpListener;
use towerkit_auth::JwksUrl;
use towerkit_http_client::HttpClient;
use towerkit_transport_http::tls::{ClientTls, ServerTls};
use towerkit_transport_http::{Body, Pool, serve};

use crate::jwks_issuer::{Issuer, Running, is_refreshed, next, status, told};
use crate::jwks_keys::{SigningKey, jwks, said_of, verifier};

const CONFIGURATION: &str = "/tenant/.well-known/openid-configuration";

fn configuration(issuer: &str, jwks_uri: &str) -> Response<Body> {
    let json = serde_json::json!({"issuer": issuer, "jwks_uri": jwks_uri, "authorization_endpoint": "x"});
    Response::new(json.to_string().into())
}

/// What is told of the first fetch, where the configuration is this.
async fn failure(answer: impl Fn(&str, &str) -> Response<Body> + Send + Sync + 'static) -> String {
    let mut issuer = Issuer::down();
    let name = format!("{}/tenant", issuer.origin());
    let keys = jwks([&SigningKey::new("old", 1)]);
    let (named, fetched) = (name.clone(), Arc::new(AtomicBool::new(false)));
    let keys_fetched = Arc::clone(&fetched);
    issuer.answer(move |path| match path {
        CONFIGURATION => answer(&named, &format!("{named}/keys")),
        _ => {
            keys_fetched.store(true, Ordering::SeqCst);
            Response::new(keys.clone().into())
        }
    });
    issuer.come_up().await;
    let (keys, events) = told(JwksUrl::discover(&name, HttpClient::plain()).unwrap());
    let _member = Running::start(keys).await;
    assert!(!fetched.load(Ordering::SeqCst), "the keys are not fetched: {events:?}");
    let text = events.snapshot()[0].to_string();
    let text = text.strip_prefix(&format!("{name}: the issuer's configuration can't be used: ")).expect(&text);
    text.split("; the next fetch").next().unwrap().to_owned()
}

#[tokio::test]
async fn keys_are_found_by_the_name_of_the_issuer() {
    for slash in ["", "/"] {
        let old = SigningKey::new("old", 1);
        let mut issuer = Issuer::down();
        let name = format!("{}/tenant{slash}", issuer.origin());
        let (named, found, set) = (name.clone(), format!("{}/keys/7?a=b", issuer.origin()), jwks([&old]));
        issuer.answer(move |path| match path {
            CONFIGURATION => configuration(&named, &found),
            "/keys/7" => Response::new(set.clone().into()),
            _ => status(StatusCode::NOT_FOUND),
        });
        issuer.come_up().await;
        let (keys, events) = told(JwksUrl::discover(&name, HttpClient::plain()).unwrap());
        let verifier = verifier(&keys);
        let _member = Running::start(keys).await;
        assert!(is_refreshed(&events.snapshot()[0]), "{events:?}");
        assert_eq!(said_of(&verifier, &old.token()).await, "ok");
        assert_eq!(issuer.asked(), 2);
    }
}

#[tokio::test]
async fn keys_that_have_moved_are_found_again() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let mut issuer = Issuer::down();
    let name = format!("{}/tenant", issuer.origin());
    let moved = |to: &'static str, set: String| {
        let named = name.clone();
        move |path: &str| match path {
            CONFIGURATION => configuration(&named, &format!("{named}{to}")),
            path if path.ends_with(to) => Response::new(set.clone().into()),
            _ => status(StatusCode::GONE),
        }
    };
    issuer.answer(moved("/here", jwks([&old])));
    issuer.come_up().await;
    let keys = JwksUrl::discover(&name, HttpClient::plain()).unwrap().cool_down(Duration::ZERO);
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    assert_eq!(said_of(&verifier, &new.token()).await, "unknown_key");
    assert_eq!(issuer.asked(), 3, "the configuration is not fetched each time");
    issuer.answer(moved("/there", jwks([&new])));
    assert_eq!(said_of(&verifier, &new.token()).await, "unknown_key", "gone");
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");
}

#[tokio::test]
async fn keys_that_have_moved_are_found_at_the_next_interval_though_the_old_place_answers() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let mut issuer = Issuer::down();
    let name = format!("{}/tenant", issuer.origin());
    let sets = [jwks([&old]), jwks([&new])];
    let at = |place: &'static str| {
        let (named, [old, new]) = (name.clone(), sets.clone());
        move |path: &str| match path {
            CONFIGURATION => configuration(&named, &format!("{named}{place}")),
            path if path.ends_with("/here") => Response::new(old.clone().into()),
            _ => Response::new(new.clone().into()),
        }
    };
    issuer.answer(at("/here"));
    issuer.come_up().await;
    let keys = JwksUrl::discover(&name, HttpClient::plain()).unwrap().interval(Duration::from_millis(100));
    let (keys, events) = told(keys);
    let verifier = verifier(&keys);
    let _member = Running::start(keys).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "ok");
    issuer.answer(at("/there"));
    // One that was under way may have the old ones.
    next(&events, is_refreshed).await;
    next(&events, is_refreshed).await;
    assert_eq!(said_of(&verifier, &old.token()).await, "unknown_key");
    assert_eq!(said_of(&verifier, &new.token()).await, "ok");
}

#[tokio::test]
async fn a_configuration_of_another_issuer_is_refused() {
    let other = |named: &str, keys: &str| configuration(&format!("{named}/"), keys);
    let said = failure(other).await;
    assert!(
        said.starts_with("it is that of another issuer, \"http://127.0.0.1:") && said.ends_with("/tenant/\""),
        "{said}"
    );
}

#[tokio::test]
async fn a_configuration_that_leads_away_from_https_is_refused() {
    assert!(failure(|name, _| configuration(name, "http://issuer.example/jwks")).await.contains("is plain http"));
    assert!(failure(|name, _| configuration(name, "file:///etc/passwd")).await.contains("jwks_uri: "));
    assert!(failure(|name, _| configuration(name, "/jwks")).await.contains("jwks_uri: "));
}

#[tokio::test]
async fn what_is_no_configuration_is_refused() {
    for garbage in ["", "[]", "{}", r#"{"issuer":1,"jwks_uri":2}"#] {
        let said = failure(move |_, _| Response::new(garbage.into())).await;
        assert_eq!(said, "it is no object with an issuer and a jwks_uri", "{garbage}");
    }
}

type Certified = rcgen::CertifiedKey<rcgen::KeyPair>;

fn certified() -> Certified {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// A server over TLS that answers all with what is said of its origin; and that origin.
async fn over_tls(by: &Certified, body: impl FnOnce(&str) -> String) -> (Running, String) {
    let tls = ServerTls::from_pem(by.cert.pem(), by.signing_key.serialize_pem()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let body = body(&origin);
    let service = tower::service_fn(move |_: http::Request<Body>| {
        let reply = Response::new(Body::from(body.clone()));
        async { Ok::<_, std::convert::Infallible>(reply) }
    });
    (Running::start(serve(listener, service).tls(tls)).await, origin)
}

fn trusts(certified: &Certified) -> HttpClient {
    HttpClient::new(Pool::builder().tls(ClientTls::roots_pem(certified.cert.pem()).unwrap()).build())
}

#[tokio::test]
async fn keys_of_an_issuer_over_https_come_over_https_even_from_this_machine() {
    let certified = certified();
    let body = |origin: &str| serde_json::json!({"issuer": origin, "jwks_uri": "http://127.0.0.1:1/jwks"}).to_string();
    let (_server, origin) = over_tls(&certified, body).await;
    let (keys, events) = told(JwksUrl::discover(&origin, trusts(&certified)).unwrap());
    let _member = Running::start(keys).await;
    let text = events.snapshot()[0].to_string();
    assert!(text.contains("jwks_uri is not https, as the issuer is"), "{text}");
}

#[tokio::test]
async fn keys_come_over_tls_from_whom_the_client_trusts_alone() {
    let old = SigningKey::new("old", 1);
    let certified = certified();
    let (_server, origin) = over_tls(&certified, |_| jwks([&old])).await;
    let url = format!("{origin}/jwks");

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (trusted, says) in [(&certified, "ok"), (&other, "unavailable")] {
        let keys = JwksUrl::new(&url, trusts(trusted)).unwrap();
        let verifier = verifier(&keys);
        let _member = Running::start(keys).await;
        assert_eq!(said_of(&verifier, &old.token()).await, says);
    }
}
