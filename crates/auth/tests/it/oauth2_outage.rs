//! An issuer of tokens that says no, answers nonsense, is slow, or is down.

use std::time::{Duration, Instant};

use http::{Response, StatusCode};
use tokio::time::sleep;
use towerkit_auth::{ClientAuth, ClientCredentials, HttpClient, NoToken};
use towerkit_endpoint::{Code, Error, Failure, NotSent, Report};
use towerkit_testing::events::Events;
use towerkit_transport_http::Body;

use crate::oauth2_issuer::{Issuer, SECRET, SOON, ask, get, json, token};

/// What an operator reads.
async fn failure(issuer: &Issuer) -> String {
    let error = Error::from(ask(&issuer.tokens()).await.unwrap_err());
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), "there are no credentials to call with");
    assert!(error.get::<NotSent>().is_some());
    Report::new(&error).to_string()
}

#[tokio::test]
async fn what_the_issuer_says_is_for_the_operator() {
    let issuer = Issuer::up().await;
    issuer.answer(|_| {
        let description = format!("no client \\\"orders\\\" with {SECRET}\\nlevel=info");
        json(StatusCode::UNAUTHORIZED, format!(r#"{{"error":"invalid_client","error_description":"{description}"}}"#))
    });
    assert_eq!(
        failure(&issuer).await,
        "there are no credentials to call with: the issuer gives no token: invalid_client (status 401): no client \
         \"orders\" with [secret]\\nlevel=info"
    );
}

#[tokio::test]
async fn what_an_issuer_repeats_of_its_request_is_not_shown() {
    let issuer = Issuer::up().await;
    let asked = issuer.asked.clone();
    issuer.answer(move |nth| {
        let asked = &asked.snapshot()[nth - 1];
        let field = asked.headers.get("authorization").map_or("", |value| value.to_str().unwrap());
        let body =
            serde_json::json!({ "error": "invalid_client", "error_description": format!("{field} {}", asked.body) });
        json(StatusCode::UNAUTHORIZED, body.to_string())
    });
    let said = async |auth| {
        let tokens = ClientCredentials::new(&issuer.url(), "orders", "hush+hush", HttpClient::plain()).unwrap();
        let tokens = tokens.audience("a/b").param("assertion", "head.body=").client_auth(auth);
        Report::new(&ask(&tokens).await.unwrap_err()).to_string()
    };
    let basic = said(ClientAuth::Basic).await;
    let told = "Basic [secret] grant_type=client_credentials&audience=a%2Fb&assertion=[secret]";
    assert!(basic.replace("[secret]=", "[secret]").ends_with(told), "{basic}");
    let body = said(ClientAuth::RequestBody).await;
    let told = "&audience=a%2Fb&assertion=[secret]&client_id=orders&client_secret=[secret]";
    assert!(body.ends_with(told), "{body}");
}

#[tokio::test]
async fn a_reply_that_is_no_token_is_a_failure_that_says_what_is_wrong() {
    let issuer = Issuer::up().await;
    let long = "x".repeat(70_000);
    for (status, body, what) in [
        (502, "<html>".to_owned(), "it answers with status 502"),
        (302, String::new(), "it answers with status 302"),
        (200, "<html>".to_owned(), "no object with an access_token and a token_type (line 1, column 1)"),
        (200, r#"{"access_token":"a","token_type":"DPoP"}"#.to_owned(), "it is of the type DPoP, and not Bearer"),
        (200, r#"{"access_token":"a","token_type":"Bearer","expires_in":0}"#.to_owned(), "it expires at once"),
        (200, long, "the reply has more than 65536 bytes"),
    ] {
        issuer.answer(move |_| json(StatusCode::from_u16(status).unwrap(), body.clone()));
        let failure = failure(&issuer).await;
        assert!(failure.ends_with(what), "{failure}");
    }
}

#[tokio::test]
async fn a_slow_issuer_is_waited_for_no_longer_than_it_may_take() {
    let issuer = Issuer::up().await;
    issuer.hold(true);
    let begin = Instant::now();
    let error = ask(&issuer.tokens().timeout(Duration::from_millis(200))).await.unwrap_err();
    assert!((Duration::from_millis(200)..Duration::from_secs(5)).contains(&begin.elapsed()));
    assert!(Report::new(&error).to_string().ends_with("no answer within 200ms"), "{}", Report::new(&error));
}

#[tokio::test]
async fn a_failure_is_remembered_and_a_dead_issuer_is_not_stormed() {
    let issuer = Issuer::up().await;
    issuer.answer(|_| json(StatusCode::SERVICE_UNAVAILABLE, ""));
    let tokens = issuer.tokens();
    let begin = Instant::now();
    let mut asked = 0;
    while begin.elapsed() < Duration::from_millis(400) {
        let error = ask(&tokens).await.unwrap_err();
        asked += 1;
        if asked > 1 {
            assert!(error.retry_after().unwrap() <= Duration::from_millis(500));
        }
    }
    assert!(asked > 1);
    assert_eq!(issuer.asked.len(), 1);
    while issuer.asked.len() == 1 {
        ask(&tokens).await.unwrap_err();
        sleep(Duration::from_millis(1)).await;
    }
    assert!(begin.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn an_issuer_that_asks_for_a_pause_gets_it() {
    let issuer = Issuer::up().await;
    issuer.answer(|_| Response::builder().status(429).header("retry-after", "7").body(Body::empty()).unwrap());
    let tokens = issuer.tokens();
    ask(&tokens).await.unwrap_err();
    let after = ask(&tokens).await.unwrap_err().retry_after().unwrap();
    assert!((Duration::from_secs(6)..=Duration::from_secs(7)).contains(&after), "{after:?}");
    assert_eq!(issuer.asked.len(), 1);
}

#[tokio::test]
async fn an_issuer_that_dies_and_comes_back_is_found_again() {
    let mut issuer = Issuer::up().await;
    issuer.answer(|nth| token(nth, if nth == 1 { 1 } else { 3600 }));
    let failures = Events::new();
    let tell = failures.clone();
    let tokens = issuer.tokens().on_failure(move |why: &NoToken| tell.push(why.to_string()));
    assert_eq!(get(&tokens).await, "token-1");
    issuer.die().await;
    // The token that it gave is good for 0.9 s.
    assert_eq!(get(&tokens).await, "token-1");
    let begin = Instant::now();
    while ask(&tokens).await.is_ok() {
        assert!(begin.elapsed() < SOON);
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!failures.is_empty(), "they are told, also of those that no call waited for");
    assert_eq!(failures.take()[0], "the issuer of tokens: no answer");
    issuer.come_up().await;
    while ask(&tokens).await.is_err() {
        assert!(begin.elapsed() < SOON);
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(get(&tokens).await, "token-2");
    assert_eq!(issuer.asked.len(), 2);
}

#[tokio::test]
async fn an_http_client_that_panics_is_a_failure_that_is_told() {
    let client = HttpClient::new(tower::service_fn(|_: http::Request<Body>| async {
        if true {
            panic!("on purpose");
        }
        Ok::<_, std::io::Error>(Response::new(Body::empty()))
    }));
    let failures = Events::new();
    let tell = failures.clone();
    let tokens = ClientCredentials::new("http://[::1]/", "orders", SECRET, client).unwrap();
    let tokens = tokens.on_failure(move |why: &NoToken| {
        tell.push(why.to_string());
        panic!("on purpose as well");
    });
    let error = ask(&tokens).await.unwrap_err();
    assert_eq!(failures.take(), ["the fetch of a token has panicked"]);
    assert!(Report::new(&error).to_string().ends_with("has panicked"), "{}", Report::new(&error));
    assert!(ask(&tokens).await.unwrap_err().retry_after().is_some(), "it is remembered");
}
