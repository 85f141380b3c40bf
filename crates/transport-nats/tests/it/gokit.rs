//! Go kit's own NATS transport on the other end (`tests/go`): its Publisher calls, its Subscriber serves.

use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use serde::Deserialize;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Metadata, endpoint_fn};
use towerkit_testing::process::Process;
use towerkit_testing::tool;
use towerkit_transport_nats::{Routes, Server, plain_json};

use crate::site::{Nats, ONE_TWO, SOON, Sum, Total, servers};

const ZEROES: Sum = Sum { a: 0, b: 0 };

/// Go kit's program, for each of the servers.
fn kits(test: &str) -> Vec<(PathBuf, Nats)> {
    let Some(kit) = tool::find("gokit_nats", test) else { return Vec::new() };
    servers(test).iter().map(|program| (kit.clone(), Nats::start(program))).collect()
}

/// What Go kit's Publisher has of one call.
async fn call(kit: &PathBuf, nats: &Nats, a: &str, b: &str) -> String {
    let mut command = tokio::process::Command::new(kit);
    let output = command.args(["call", &nats.url(), "add.sum", a, b]).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn serve(kit: &PathBuf, nats: &Nats) -> Process {
    let mut process = Process::start(Command::new(kit).args(["serve", &nats.url(), "add.sum"]));
    process.wait_until_said("ready", 1, SOON);
    process
}

/// As the service of `tests/go` is.
fn sum() -> BoxEndpoint<Sum, Total> {
    let sum = |Sum { a, b }| async move {
        match (a, b) {
            (0, 0) => Err(Error::new(Code::InvalidArgument, "can't sum two zeroes")),
            _ => Ok(Total { v: a + b }),
        }
    };
    endpoint_fn(sum).erased()
}

#[tokio::test]
async fn go_kits_publisher_gets_a_reply() {
    for (kit, nats) in kits("go_kits_publisher_gets_a_reply") {
        let _service = nats.serve(Routes::new().subject("add.sum", Server::json(sum()))).await;
        assert_eq!(call(&kit, &nats, "1", "2").await, "v: 3\n");
    }
}

#[tokio::test]
async fn go_kits_publisher_reads_an_error_where_the_service_writes_it_for_go_kit() {
    for (kit, nats) in kits("go_kits_publisher_reads_an_error_where_the_service_writes_it_for_go_kit") {
        let server = Server::json(sum()).error_encoder(plain_json);
        let _service = nats.serve(Routes::new().subject("add.sum", server)).await;
        let told =
            "Nats-Service-Error: can't sum two zeroes\nNats-Service-Error-Code: 400\nerr: can't sum two zeroes\n";
        assert_eq!(call(&kit, &nats, "0", "0").await, told);
    }
}

#[tokio::test]
async fn go_kits_publisher_takes_no_error_in_headers_for_a_reply() {
    for (kit, nats) in kits("go_kits_publisher_takes_no_error_in_headers_for_a_reply") {
        let _service = nats.serve(Routes::new().subject("add.sum", Server::json(sum()))).await;
        let told = call(&kit, &nats, "0", "0").await;
        assert!(told.starts_with("Nats-Service-Error: can't sum two zeroes\n"), "{told}");
        assert!(told.ends_with("\nerror: unexpected end of JSON input\n"), "{told}");
    }
}

#[tokio::test]
async fn go_kits_publisher_is_told_that_nobody_serves() {
    for (kit, nats) in kits("go_kits_publisher_is_told_that_nobody_serves") {
        assert_eq!(call(&kit, &nats, "1", "2").await, "error: nats: no responders available for request\n");
    }
}

#[tokio::test]
async fn go_kits_subscriber_answers() {
    for (kit, nats) in kits("go_kits_subscriber_answers") {
        let _kit = serve(&kit, &nats);
        let sum: BoxEndpoint<Sum, Total> = nats.remote().await.subject("add.sum").json().erased();
        assert_eq!(sum.invoke(ONE_TWO).await.unwrap().v, 3);
    }
}

/// An error as Go kit's `DefaultErrorEncoder` writes it.
fn kit_error(_: &Metadata, payload: &Bytes) -> Option<Error> {
    #[derive(Deserialize)]
    struct Failed {
        err: String,
    }
    let failed: Failed = serde_json::from_slice(payload).ok()?;
    (!failed.err.is_empty()).then(|| Error::new(Code::Unknown, failed.err))
}

#[tokio::test]
async fn an_error_of_go_kits_subscriber_is_read_by_a_decoder_of_the_payload() {
    for (kit, nats) in kits("an_error_of_go_kits_subscriber_is_read_by_a_decoder_of_the_payload") {
        let _kit = serve(&kit, &nats);
        let remote = nats.remote().await;
        let sum: BoxEndpoint<Sum, Total> = remote.subject("add.sum").json().error_decoder(kit_error).erased();
        let error = sum.invoke(ZEROES).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unknown, "can't sum two zeroes"));
        assert_eq!(sum.invoke(ONE_TWO).await.unwrap().v, 3);
    }
}

#[tokio::test]
async fn an_error_of_go_kits_subscriber_is_no_reply_to_a_caller_that_knows_nothing_of_go_kit() {
    for (kit, nats) in kits("an_error_of_go_kits_subscriber_is_no_reply_to_a_caller_that_knows_nothing_of_go_kit") {
        let _kit = serve(&kit, &nats);
        let sum: BoxEndpoint<Sum, Total> = nats.remote().await.subject("add.sum").json().erased();
        let error = sum.invoke(ZEROES).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Internal, "the service's reply can't be read"));
    }
}
