//! A client of another make, grpcio: `tests/python/client.py`.

use std::net::SocketAddr;
use std::path::Path;

use futures_util::StreamExt as _;
use runningsum::{SUM, Total, pb, totals};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;
use towerkit_endpoint::{BoxStream, Ending, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member as _};
use towerkit_testing::events::Events;
use towerkit_testing::tool;
use towerkit_transport_grpc::{Routes, Server, serve};

use crate::running::{LONG, Runningsum};

/// What the client says to a command.
async fn said(python: &Path, command: &str, address: SocketAddr) -> String {
    let mut client = Command::new(python);
    client.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/client.py")).args([command, &address.to_string()]);
    client.kill_on_drop(true);
    let output = timeout(LONG, client.output()).await.expect("grpcio does not end").unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test]
async fn grpcio_gets_each_total_before_it_sends_the_next_number() {
    let Some(python) = tool::find("python_grpc", "grpcio_gets_each_total_before_it_sends_the_next_number") else {
        return;
    };
    let runningsum = Runningsum::start(&[]);
    assert_eq!(said(&python, "one_by_one", runningsum.address).await, "4 1\n3 2\n10 3\nend OK\n");
}

#[tokio::test]
async fn grpcio_gets_the_totals_up_to_an_error_and_the_error() {
    let Some(python) = tool::find("python_grpc", "grpcio_gets_the_totals_up_to_an_error_and_the_error") else { return };
    let runningsum = Runningsum::start(&[]);
    let told = said(&python, "overflow", runningsum.address).await;
    assert_eq!(told, "9223372036854775807 1\nOUT_OF_RANGE the total has more than 64 bits\n");
}

/// Says so when it is dropped: what a stream holds that is given up.
struct Guard(Events<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

#[tokio::test]
async fn both_streams_of_a_call_that_grpcio_cancels_are_dropped() {
    let Some(python) = tool::find("python_grpc", "both_streams_of_a_call_that_grpcio_cancels_are_dropped") else {
        return;
    };
    let (dropped, outcomes) = (Events::new(), Events::new());
    let (guards, told) = (dropped.clone(), outcomes.clone());
    let sum = endpoint_fn(move |numbers: BoxStream<i64>| {
        let (of_numbers, of_totals) = (Guard(guards.clone()), Guard(guards.clone()));
        let numbers = numbers.inspect(move |_| {
            let _held = &of_numbers;
        });
        let totals = totals(numbers).inspect(move |_| {
            let _held = &of_totals;
        });
        async { Ok::<_, Error>(totals) }
    });
    let sum = Server::new(sum)
        .decode(|number: pb::Number| number.value)
        .encode(|Total { sum, count }| pb::Total { sum, count })
        .finalize(move |summary| told.push((summary.ending, summary.messages)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, Routes::new().bidi_streaming(SUM, sum)).run(lifeline));

    assert_eq!(said(&python, "cancelled", address).await, "1\nCANCELLED\n");
    assert_eq!(dropped.wait_len(2, LONG).await, ["dropped", "dropped"]);
    assert_eq!(outcomes.wait_len(1, LONG).await, [(Ending::Cancelled, 1)]);
}
