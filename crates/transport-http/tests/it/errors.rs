use http::{HeaderValue, StatusCode, header};
use towerkit_endpoint::{Code, Error, endpoint_fn};
use towerkit_transport_http::codec::{Empty, Json};
use towerkit_transport_http::{Server, plain_json, status_of};

use crate::support::{ask, get};

fn failing(
    error: impl Fn() -> Error + Clone + Send + Sync + 'static,
) -> impl towerkit_endpoint::Endpoint<(), Reply = ()> {
    endpoint_fn(move |()| {
        let error = error();
        async move { Err::<(), _>(error) }
    })
}

#[tokio::test]
async fn the_source_of_an_error_is_never_sent() {
    for code in Code::ALL {
        let endpoint = failing(move || Error::from(code).with_source("password is hunter2"));
        let answer = ask(&Server::new(endpoint, Empty, Json), get("/")).await;
        assert_eq!(answer.status, code.http_status());
        assert_eq!(answer.detail(), code.message());
        assert!(!answer.text().contains("hunter2"));
    }
}

#[tokio::test]
async fn the_metadata_of_an_error_are_headers() {
    let endpoint = failing(|| {
        Error::new(Code::ResourceExhausted, "slow down")
            .with_metadata(header::RETRY_AFTER, HeaderValue::from_static("7"))
    });
    let answer = ask(&Server::new(endpoint, Empty, Json), get("/")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "7"));
}

#[tokio::test]
async fn a_status_among_the_extensions_goes_before_the_codes_own() {
    let endpoint = failing(|| Error::new(Code::NotFound, "it was here").with_extension(StatusCode::GONE));
    let answer = ask(&Server::new(endpoint, Empty, Json), get("/")).await;
    assert_eq!((answer.status, answer.json()["title"].as_str().unwrap()), (StatusCode::GONE, "Gone"));
}

#[tokio::test]
async fn go_kits_form_of_an_error_is_a_choice() {
    let endpoint = failing(|| Error::new(Code::InvalidArgument, "can't sum two \"zeroes\""));
    let answer = ask(&Server::new(endpoint, Empty, Json).error_encoder(plain_json), get("/")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.text(), r#"{"error":"can't sum two \"zeroes\""}"#);
}

#[test]
fn a_status_and_back_gives_a_code_of_the_same_status() {
    for code in Code::ALL {
        let status = status_of(&code.into());
        let back = Code::from_http_status(status.as_u16());
        assert_eq!(status_of(&back.into()), status, "{code:?}");
    }
}

#[test]
fn every_status_has_a_code_and_only_some_are_faults() {
    for number in 100..=999 {
        let fault = Code::from_http_status(number).is_fault();
        if (400..500).contains(&number) {
            assert_eq!(fault, number == 408, "{number}");
        } else if number >= 500 {
            assert_eq!(fault, number != 501, "{number}");
        }
    }
}
