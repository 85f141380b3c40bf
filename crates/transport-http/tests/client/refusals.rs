use std::time::Duration;

use http::StatusCode;
use towerkit_endpoint::NotSent;
use towerkit_endpoint::{Code, Endpoint, Error};

use crate::support::{JSON, Sum, answering, sum_of};

const PROBLEM: (&str, &str) = ("content-type", "application/problem+json");

async fn refused(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> Error {
    let origin = answering(status, headers, body).await;
    sum_of(&origin.remote()).invoke(Sum { a: 1, b: 2 }).await.unwrap_err()
}

#[tokio::test]
async fn problem_details_give_code_message_and_violations() {
    let body = r#"{"title":"Bad Request","status":400,"detail":"a: is odd","code":"out_of_range",
        "errors":[{"field":"a","detail":"is odd"}]}"#;
    let error = refused(400, &[PROBLEM], body).await;
    assert_eq!((error.code(), error.message()), (Code::OutOfRange, "a: is odd"));
    assert_eq!((&*error.violations()[0].field, &*error.violations()[0].description), ("a", "is odd"));
    assert_eq!(error.get(), Some(&StatusCode::BAD_REQUEST));
    assert!(error.get::<NotSent>().is_none());
}

#[tokio::test]
async fn without_a_known_code_the_status_gives_it() {
    for body in [r#"{"detail":"gone"}"#, r#"{"detail":"gone","code":"mislaid"}"#] {
        let error = refused(404, &[PROBLEM], body).await;
        assert_eq!((error.code(), error.message()), (Code::NotFound, "gone"));
    }
}

#[tokio::test]
async fn the_title_is_the_message_where_there_is_no_detail() {
    assert_eq!(refused(409, &[PROBLEM], r#"{"title":"You lost the race"}"#).await.message(), "You lost the race");
}

#[tokio::test]
async fn members_of_another_type_are_passed_over() {
    let body = r#"{"detail":"still read","code":7,"status":"400","errors":[3,{"field":"a"},{"detail":"b"}]}"#;
    let error = refused(400, &[PROBLEM], body).await;
    assert_eq!((error.code(), error.message(), error.violations().len()), (Code::InvalidArgument, "still read", 1));
}

#[tokio::test]
async fn go_kits_form_is_read_whatever_its_type() {
    for headers in [&[JSON][..], &[("content-type", "text/plain; charset=utf-8")]] {
        let error = refused(500, headers, "{\"error\":\"can't sum two zeroes\"}\n").await;
        assert_eq!((error.code(), error.message()), (Code::Internal, "can't sum two zeroes"));
    }
}

#[tokio::test]
async fn short_plain_text_is_the_message() {
    let error = refused(503, &[("content-type", "text/plain")], "try later\n").await;
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "try later"));
}

#[tokio::test]
async fn any_other_body_leaves_the_reason_of_the_status() {
    assert_eq!(refused(502, &[("content-type", "text/html")], "<h1>nginx</h1>").await.message(), "Bad Gateway");
    assert_eq!(refused(403, &[], "").await.message(), "Forbidden");
}

#[tokio::test]
async fn an_error_body_without_end_is_not_read_to_its_end() {
    let long: &'static str = String::leak(format!(r#"{{"detail":"{}"}}"#, "x".repeat(1 << 20)));
    let error = refused(400, &[PROBLEM], long).await;
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "Bad Request"));
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let long: &'static str = String::leak(format!(r#"{{"detail":"{}"}}"#, "ü".repeat(20_000)));
    assert!(refused(400, &[PROBLEM], long).await.message().len() < 1100);
}

#[tokio::test]
async fn retry_after_and_the_challenge_are_kept_and_nothing_else() {
    let headers = &[("retry-after", "7"), ("www-authenticate", "Bearer"), ("set-cookie", "a=b")];
    let error = refused(401, headers, "").await;
    assert_eq!(error.metadata().get("retry-after"), Some("7"));
    assert_eq!(error.metadata().get("www-authenticate"), Some("Bearer"));
    assert_eq!(error.metadata().iter().count(), 2);
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    let error = refused(503, &[("retry-after", "7")], "").await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    let over = refused(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], "").await;
    assert_eq!(over.retry_after(), Some(Duration::ZERO));
    let far = refused(503, &[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], "").await;
    assert!(far.retry_after() > Some(Duration::from_secs(1_000_000_000)));
    assert_eq!(refused(503, &[("retry-after", "soon")], "").await.retry_after(), None);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_passed_on() {
    let origin = answering(302, &[("location", "/elsewhere")], "").await;
    let error = sum_of(&origin.remote()).invoke(Sum { a: 1, b: 2 }).await.unwrap_err();
    assert_eq!(error.message(), "the service answered 302 Found, which is not followed");
    assert_eq!(error.get::<StatusCode>(), None);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "/elsewhere");
    assert_eq!(origin.only().uri.path(), "/sum");
}
