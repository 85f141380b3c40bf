//! What is wrong with the HTTP around a call.

use ::http::Method;
use serde_json::json;

use crate::site::Site;

const CALL: &str = r#"{"jsonrpc":"2.0","method":"sum","params":[1],"id":1}"#;

#[tokio::test]
async fn it_is_asked_by_post_alone() {
    let answer = Site::start().await.send(Method::PUT, "application/json", CALL.into()).await;
    assert_eq!((answer.status.as_u16(), answer.headers["allow"].as_bytes()), (405, &b"POST"[..]));
    assert_eq!(answer.json()["id"], json!(null));
    assert_eq!(answer.json()["error"]["code"], -32012);
}

#[tokio::test]
async fn it_is_asked_in_json_alone() {
    let site = Site::start().await;
    assert_eq!(site.send(Method::POST, "text/plain", CALL.into()).await.status, 415);
    for good in ["application/json; charset=utf-8", "application/json-rpc"] {
        assert_eq!(site.send(Method::POST, good, CALL.into()).await.json()["result"], 1);
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_413() {
    let answer = Site::start().await.ask(" ".repeat((1 << 20) + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"]["code"].clone()), (413, json!(-32008)));
}

#[tokio::test]
async fn deep_nesting_and_bytes_that_are_no_text_are_parse_errors_and_nothing_worse() {
    let site = Site::start().await;
    let deep =
        format!(r#"{{"jsonrpc":"2.0","method":"sum","params":{}{},"id":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let answer = site.ask(deep).await.json();
    assert!([json!(-32700), json!(-32602)].contains(&answer["error"]["code"]), "{answer}");
    assert_eq!(site.ask("\u{0}").await.json()["error"]["code"], -32700);
    assert_eq!(site.ask("").await.json()["error"]["code"], -32700);
}
