//! The examples of the specification, section 7, each a test.
//!
//! Our errors say more in `data`, which the specification allows; it is taken off before the comparison.

use serde_json::{Value, json};

use crate::site::Site;

fn without_data(mut answer: Value) -> Value {
    if let Some(error) = answer.get_mut("error").and_then(Value::as_object_mut) {
        error.remove("data");
    }
    answer
}

/// The answer is exactly this.
async fn expect(request: &str, expected: &str) {
    let answer = Site::start().await.ask(request).await;
    assert_eq!(answer.status, 200);
    let expected: Value = serde_json::from_str(expected).unwrap();
    let given = match answer.json() {
        Value::Array(answers) => answers.into_iter().map(without_data).collect(),
        answer => without_data(answer),
    };
    assert_eq!(given, expected);
}

async fn expect_nothing(request: &str) -> Site {
    let site = Site::start().await;
    let answer = site.ask(request).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (204, ""));
    site
}

#[tokio::test]
async fn rpc_call_with_positional_parameters() {
    expect(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,
    )
    .await;
    expect(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
        r#"{"jsonrpc": "2.0", "result": -19, "id": 2}"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_with_named_parameters() {
    expect(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 3}"#,
    )
    .await;
    expect(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 4}"#,
    )
    .await;
}

#[tokio::test]
async fn a_notification() {
    let site = expect_nothing(r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#).await;
    assert_eq!(site.told.snapshot(), [json!([1, 2, 3, 4, 5])]);
    expect_nothing(r#"{"jsonrpc": "2.0", "method": "foobar"}"#).await;
}

#[tokio::test]
async fn rpc_call_of_non_existent_method() {
    expect(
        r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_with_invalid_json() {
    expect(
        r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_with_invalid_request_object() {
    expect(
        r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_batch_invalid_json() {
    expect(
        r#"[
          {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
          {"jsonrpc": "2.0", "method"
        ]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_with_an_empty_array() {
    expect("[]", r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#).await;
}

#[tokio::test]
async fn rpc_call_with_an_invalid_batch_but_not_empty() {
    expect("[1]", r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#).await;
}

#[tokio::test]
async fn rpc_call_with_invalid_batch() {
    expect(
        "[1,2,3]",
        r#"[
          {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
          {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
          {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
        ]"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_batch() {
    expect(
        r#"[
          {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
          {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
          {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
          {"foo": "boo"},
          {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
          {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
        ]"#,
        r#"[
          {"jsonrpc": "2.0", "result": 7, "id": "1"},
          {"jsonrpc": "2.0", "result": 19, "id": "2"},
          {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
          {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
          {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
        ]"#,
    )
    .await;
}

#[tokio::test]
async fn rpc_call_batch_all_notifications() {
    let site = expect_nothing(
        r#"[
          {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
          {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
        ]"#,
    )
    .await;
    assert_eq!(site.told.snapshot(), [json!([1, 2, 4]), json!([7])]);
}
