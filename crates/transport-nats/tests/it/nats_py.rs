//! nats-py on the other end, and the services of its `nats.micro`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use http::HeaderValue;
use serde_json::{Value, json};
use towerkit_endpoint::{
    BoxEndpoint, Code, Endpoint, Error, NotSent, Request, Violation, WithMetadata, endpoint_fn, service_fn,
};
use towerkit_testing::process::Process;
use towerkit_testing::tool;
use towerkit_transport_nats::{Routes, Server, ServiceErrorCode};

use crate::site::{Nats, ONE_TWO, SOON, Sum, Total, servers, sum_routes};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/nats_py.py");

/// The Python that has it, for each of the servers.
fn pythons(test: &str) -> Vec<(PathBuf, Nats)> {
    let Some(python) = tool::find("python_nats", test) else { return Vec::new() };
    servers(test).iter().map(|program| (python.clone(), Nats::start(program))).collect()
}

/// What nats-py has of one request.
async fn call(python: &PathBuf, nats: &Nats, subject: &str, payload: &str, headers: &[&str]) -> Value {
    let mut command = tokio::process::Command::new(python);
    command.args([SCRIPT, "call", &nats.url(), subject, payload]).args(headers);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn serve(python: &PathBuf, nats: &Nats) -> Process {
    let mut process = Process::start(Command::new(python).args([SCRIPT, "serve", &nats.url()]));
    process.wait_until_said("ready", 1, SOON);
    process
}

#[tokio::test]
async fn nats_py_gets_a_reply() {
    for (python, nats) in pythons("nats_py_gets_a_reply") {
        let _service = nats.serve(sum_routes()).await;
        let told = call(&python, &nats, "add.sum", r#"{"a":1,"b":2}"#, &[]).await;
        assert_eq!(told, json!({ "data": r#"{"v":3}"#, "headers": {} }));
    }
}

#[tokio::test]
async fn headers_go_from_nats_py_and_back() {
    for (python, nats) in pythons("headers_go_from_nats_py_and_back") {
        let echo = service_fn(|request: Request<Value>| async move {
            let context = request.context();
            let asked = context.metadata().get("x-asked").unwrap_or_default().to_owned();
            let left = context.remaining().unwrap();
            assert!(left > Duration::from_secs(3) && left <= Duration::from_secs(4), "{left:?}");
            Ok::<_, Error>(
                WithMetadata::new(asked).with_metadata("x-told".parse().unwrap(), HeaderValue::from_static("b")),
            )
        });
        let _service = nats.serve(Routes::new().subject("echo", Server::json(echo))).await;
        let told = call(&python, &nats, "echo", "null", &["X-Asked=a", "towerkit-timeout=4S"]).await;
        assert_eq!(told, json!({ "data": "\"a\"", "headers": { "x-told": "b" } }));
    }
}

#[tokio::test]
async fn nats_py_reads_an_error_in_headers() {
    for (python, nats) in pythons("nats_py_reads_an_error_in_headers") {
        let refuse = endpoint_fn(|_: Value| async {
            Err::<(), _>(Error::new(Code::NotFound, "no such order").with_violation(Violation::new("id", "is none")))
        });
        let _service = nats.serve(Routes::new().subject("orders", Server::json(refuse))).await;
        let told = call(&python, &nats, "orders", "{}", &[]).await;
        assert_eq!(
            told,
            json!({ "data": "", "headers": {
                "Nats-Service-Error": "no such order",
                "Nats-Service-Error-Code": "404",
                "towerkit-code": "not_found",
                "towerkit-violations": r#"[{"field":"id","detail":"is none"}]"#,
            } })
        );
    }
}

#[tokio::test]
async fn nats_py_is_told_that_nobody_serves() {
    for (python, nats) in pythons("nats_py_is_told_that_nobody_serves") {
        let service = nats.serve(sum_routes()).await;
        service.stop(SOON).await.unwrap();
        let told = call(&python, &nats, "add.sum", "{}", &[]).await;
        assert_eq!(told, json!({ "error": "NoRespondersError" }));
    }
}

#[tokio::test]
async fn a_service_of_nats_py_answers() {
    for (python, nats) in pythons("a_service_of_nats_py_answers") {
        let _python = serve(&python, &nats);
        let remote = nats.remote().await;
        let add: BoxEndpoint<Sum, Total> = remote.subject("py.add").json().erased();
        assert_eq!(add.invoke(ONE_TWO).await.unwrap().v, 3);
        let add: BoxEndpoint<Sum, WithMetadata<Total>> = remote.subject("py.add").json().erased();
        let mut request = Request::new(ONE_TWO);
        request.context_mut().metadata_mut().set("x-asked", "a").unwrap();
        assert_eq!(add.invoke(request).await.unwrap().metadata_mut().get("x-told"), Some("a"));
    }
}

#[tokio::test]
async fn the_error_of_a_service_of_nats_py_is_an_error_with_its_number() {
    for (python, nats) in pythons("the_error_of_a_service_of_nats_py_is_an_error_with_its_number") {
        let _python = serve(&python, &nats);
        let remote = nats.remote().await;
        let fail: BoxEndpoint<Sum, Total> = remote.subject("py.fail").json().erased();
        let error = fail.invoke(ONE_TWO).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::NotFound, "no such order"));
        assert_eq!(error.get(), Some(&ServiceErrorCode(404)));
        // The protocol has numbers, and nats-py takes any text.
        let fail: BoxEndpoint<Sum, Total> = remote.subject("py.fail_oddly").json().erased();
        let error = fail.invoke(ONE_TWO).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unknown, "out of paper"));
        assert!(error.get::<ServiceErrorCode>().is_none());
    }
}

#[tokio::test]
async fn a_service_of_nats_py_that_is_too_slow_is_told_the_time_there_is_and_costs_no_more() {
    for (python, nats) in pythons("a_service_of_nats_py_that_is_too_slow_is_told_the_time_there_is_and_costs_no_more") {
        let mut python = serve(&python, &nats);
        let slow: BoxEndpoint<Sum, Total> =
            nats.remote().await.subject("py.slow").json().timeout(Duration::from_millis(300)).erased();
        let error = slow.invoke(ONE_TWO).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(error.get::<NotSent>().is_none(), "it was sent");
        python.wait_until_said("asked with", 1, SOON);
        let said = python.said();
        let timeout = said.lines().find_map(|line| line.strip_prefix("asked with ")).unwrap();
        let left = towerkit_endpoint::timeout::decode(&HeaderValue::from_str(timeout).unwrap()).unwrap();
        assert!(left <= Duration::from_millis(300), "{timeout}");
    }
}
