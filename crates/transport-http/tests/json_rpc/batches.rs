//! Batches: side by side, bounded, and in their order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::sync::{Barrier, Semaphore};
use towerkit_endpoint::endpoint_fn;
use towerkit_endpoint::{Context, Error, Request, service_fn};
use towerkit_transport_http::json_rpc::Methods;

use crate::site::Site;

fn batch(method: &str, calls: usize) -> String {
    let call = |id| format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":[],"id":{id}}}"#);
    format!("[{}]", (0..calls).map(call).collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn the_calls_of_a_batch_run_side_by_side() {
    let all = Arc::new(Barrier::new(5));
    let meet = endpoint_fn(move |()| {
        let all = all.clone();
        async move {
            all.wait().await;
            Ok::<_, Error>(())
        }
    });
    let site = Site::with(|methods| methods.with("meet", meet)).await;
    assert_eq!(site.ask(batch("meet", 5)).await.json().as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn no_more_calls_run_at_a_time_than_may() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let count = endpoint_fn(move |()| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, Error>(())
        }
    });
    let site = Site::with(|methods| methods.with("count", count).concurrency(3)).await;
    site.ask(batch("count", 20)).await;
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn replies_stand_in_the_order_of_the_calls() {
    // The first waits for the last.
    let gate = Arc::new(Semaphore::new(0));
    let wait = gate.clone();
    let first = endpoint_fn(move |()| {
        let wait = wait.clone();
        async move {
            wait.acquire().await.unwrap().forget();
            Ok::<_, Error>("first")
        }
    });
    let last = endpoint_fn(move |()| {
        gate.add_permits(1);
        async { Ok::<_, Error>("last") }
    });
    let site = Site::with(|methods: Methods| methods.with("first", first).with("last", last)).await;
    let calls = r#"[{"jsonrpc":"2.0","method":"first","id":"a"},{"jsonrpc":"2.0","method":"last","id":"b"}]"#;
    let answers = json!([{"jsonrpc":"2.0","result":"first","id":"a"},{"jsonrpc":"2.0","result":"last","id":"b"}]);
    assert_eq!(site.ask(calls).await.json(), answers);
}

#[tokio::test]
async fn a_batch_that_is_too_long_is_refused_whole() {
    let site = Site::with(|methods| methods.batch_limit(4)).await;
    assert_eq!(site.ask(batch("sum", 4)).await.json().as_array().unwrap().len(), 4);
    let answer = site.ask(batch("sum", 5)).await.json();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32600), &json!(null)));
    assert_eq!(answer["error"]["data"]["detail"], "the batch has more than 4 calls");
}

#[tokio::test]
async fn each_call_has_the_context_of_the_request() {
    let about = service_fn(|request: Request<()>| async move {
        let context: &Context = request.context();
        let host = context.metadata().get("host").is_some();
        let via = format!("{:?}", context.via());
        Ok::<_, Error>((host, context.peer().is_some(), context.deadline().is_some(), via))
    });
    let site = Site::with(|methods| methods.with("about", about)).await;
    let answers = site.ask(batch("about", 2)).await.json();
    for answer in answers.as_array().unwrap() {
        assert_eq!(answer["result"], json!([true, true, false, "Some(jsonrpc about)"]));
    }
}
