//! The client, against our server and against servers that answer oddly.

use std::time::Duration;

use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};
use towerkit_endpoint::{BoxEndpoint, Code, Context, Endpoint, Error, NotSent, endpoint_fn};
use towerkit_transport_http::json_rpc::{ErrorObject, Remote};
use towerkit_transport_http::{Body, Pool};

use crate::site::Site;

#[tokio::test]
async fn a_call_has_parameters_by_name_or_by_position_or_none() {
    let site = Site::start().await;
    let remote = Remote::new(&Pool::new(), &site.url()).unwrap();
    let by_name: BoxEndpoint<Value, i64> = remote.method("subtract").erased();
    assert_eq!(by_name.invoke(json!({"minuend": 5, "subtrahend": 3})).await.unwrap(), 2);
    let by_position: BoxEndpoint<(i64, i64), i64> = remote.method("subtract").erased();
    assert_eq!(by_position.invoke((5, 3)).await.unwrap(), 2);
    let none: BoxEndpoint<(), (String, u8)> = remote.method("get_data").erased();
    assert_eq!(none.invoke(()).await.unwrap(), ("hello".to_owned(), 5));
}

#[tokio::test]
async fn a_message_that_is_neither_object_nor_array_is_not_sent() {
    let remote = Remote::new(&Pool::new(), "http://127.0.0.1:1").unwrap();
    let error = remote.method::<i64, i64>("sum").invoke(5).await.unwrap_err();
    assert_eq!((error.code(), error.get::<NotSent>().is_some()), (Code::InvalidArgument, true));
}

#[tokio::test]
async fn an_error_has_its_code_its_fields_and_its_number() {
    let site = Site::start().await;
    let remote = Remote::new(&Pool::new(), &site.url()).unwrap();
    let error = remote.method::<Value, i64>("subtract").invoke(json!({"minuend": 5})).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "subtrahend: is missing"));
    assert_eq!(error.violations()[0].field, "subtrahend");
    assert_eq!(error.find::<ErrorObject>().unwrap().code(), -32602);
    let error = remote.method::<(), i64>("none").invoke(()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_notification_is_heard_and_not_answered() {
    let site = Site::start().await;
    let remote = Remote::new(&Pool::new(), &site.url()).unwrap();
    remote.notification("update").invoke((1, 2)).await.unwrap();
    remote.notification("none").invoke(()).await.unwrap();
    assert_eq!(site.told.snapshot(), [json!([1, 2])]);
}

#[tokio::test]
async fn each_call_of_a_batch_has_its_own_result() {
    let site = Site::start().await;
    let mut batch = Remote::new(&Pool::new(), &site.url()).unwrap().batch();
    let sum = batch.call::<i64>("sum", &[1, 2, 3]).unwrap();
    batch.notify("update", &("x",)).unwrap();
    let bad = batch.call::<i64>("subtract", &json!({})).unwrap();
    let wrong_type = batch.call::<bool>("sum", &[1]).unwrap();
    assert!(batch.call::<i64>("sum", &"neither").is_err());
    let mut replies = batch.send(Context::new()).await.unwrap();
    assert_eq!(replies.take(sum).unwrap(), 6);
    assert_eq!(replies.take(bad).unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(replies.take(wrong_type).unwrap_err().code(), Code::Internal);
    assert_eq!(site.told.snapshot(), [json!(["x"])]);
}

#[tokio::test]
async fn a_batch_of_nothing_is_not_sent() {
    Remote::new(&Pool::new(), "http://127.0.0.1:1").unwrap().batch().send(Context::new()).await.unwrap();
}

/// A server that answers the first call with this, where `ID` stands for its number.
fn odd(
    status: StatusCode,
    answer: &'static str,
) -> Remote<tower::util::BoxCloneSyncService<Request<Body>, Response<Body>, Error>> {
    let transport = tower::service_fn(move |request: Request<Body>| async move {
        let call: Value = serde_json::from_slice(&request.into_body().read(1 << 20).await.unwrap()).unwrap();
        let call = call.get(0).unwrap_or(&call);
        let text = answer.replace("ID", &call["id"].to_string());
        let mut response = Response::new(Body::from(Bytes::from(text)));
        *response.status_mut() = status;
        Ok::<_, Error>(response)
    });
    Remote::over(tower::util::BoxCloneSyncService::new(transport), "http://odd.test/a/b/").unwrap()
}

#[tokio::test]
async fn a_reply_that_breaks_the_rules_is_an_error_that_says_which() {
    for (answer, says) in [
        (r#"{"jsonrpc":"2.0","result":1,"id":999}"#, "is to another call"),
        (r#"{"jsonrpc":"2.0","result":1,"id":"ID"}"#, "is to another call"),
        (r#"{"result":1,"id":ID}"#, "JSON-RPC 2.0"),
        (r#"{"jsonrpc":"2.0","id":ID}"#, "neither"),
        (r#"{"jsonrpc":"2.0","result":1,"error":{"code":1,"message":"m"},"id":ID}"#, "both"),
        ("", "empty"),
        ("<html>", "can't be read"),
        ("[]", "is to a batch"),
    ] {
        let error = odd(StatusCode::OK, answer).method::<(), i64>("m").invoke(()).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{answer}");
        assert!(error.message().contains(says), "{answer}: {error}");
    }
}

#[tokio::test]
async fn an_error_with_another_status_is_read_too() {
    let answer = r#"{"jsonrpc":"2.0","error":{"code":-32005,"message":"no profile 7"},"id":ID}"#;
    let error = odd(StatusCode::INTERNAL_SERVER_ERROR, answer).method::<(), i64>("m").invoke(()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "no profile 7"));
}

#[tokio::test]
async fn a_batch_may_be_answered_in_any_order_and_what_is_left_out_is_told() {
    let answer = r#"[{"jsonrpc":"2.0","result":2,"id":2},{"jsonrpc":"2.0","result":1,"id":ID}]"#;
    let mut batch = odd(StatusCode::OK, answer).batch();
    let calls = [(); 3].map(|()| batch.call::<i64>("m", &()).unwrap());
    let mut replies = batch.send(Context::new()).await.unwrap();
    let [one, two, three] = calls.map(|call| replies.take(call));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 2));
    assert!(three.unwrap_err().message().contains("leaves a call"));
}

#[tokio::test]
async fn a_batch_that_failed_as_a_whole_is_one_error() {
    let answer = r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}"#;
    let mut batch = odd(StatusCode::OK, answer).batch();
    let _pending = batch.call::<i64>("m", &()).unwrap();
    assert_eq!(batch.send(Context::new()).await.unwrap_err().message(), "Invalid Request");
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_over() {
    let slow = endpoint_fn(|()| async {
        std::future::pending::<()>().await;
        Ok::<_, Error>(())
    });
    let site = Site::with(|methods| methods.with("slow", slow)).await;
    let remote = Remote::new(&Pool::new(), &site.url()).unwrap().timeout(Duration::from_millis(50));
    let error = remote.method::<(), ()>("slow").invoke(()).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[test]
fn a_url_must_be_one() {
    for bad in ["", "127.0.0.1:1/rpc", "http://h/a?b=1", "http://h/../x", "ftp://h/", "https://h/"] {
        assert!(Remote::new(&Pool::new(), bad).is_err(), "{bad}");
    }
    for good in ["http://h", "http://h/", "http://h/a/b/", "http://h/{x}"] {
        Remote::new(&Pool::new(), good).unwrap();
    }
}
