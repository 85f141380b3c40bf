//! A client of another make, grpcio: `tests/python/client.py`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::{HeaderName, HeaderValue};
use tokio::io::{AsyncBufReadExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::{Instant, timeout};
use tower::ServiceBuilder;
use towerkit_endpoint::{
    BoxStream, Code, DeadlineLayer, Ending, Endpoint as _, Error, Request, WithMetadata, endpoint_fn, service_fn,
};
use towerkit_testing::events::Events;
use towerkit_testing::tool;
use towerkit_transport_grpc::{Compression, Method, Routes, Server};

use addsvc::endpoint::{Endpoints, SumReply, SumRequest};
use addsvc::service::BasicService;
use addsvc::telemetry::Telemetry;
use addsvc::{pb, transport};

use crate::running::Addsvc;
use crate::serving::Serving;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn client(python: &Path, command: &str, address: SocketAddr) -> Command {
    let mut client = Command::new(python);
    client.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/client.py")).args([command, &address.to_string()]);
    client.kill_on_drop(true);
    client
}

/// What the client says to a command.
async fn said(python: &Path, command: &str, address: SocketAddr) -> String {
    let output = timeout(LONG, client(python, command, address).output()).await.expect("grpcio does not end").unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test]
async fn grpcio_lists_the_services_by_either_reflection() {
    let Some(python) = tool::find("python_grpc", "grpcio_lists_the_services_by_either_reflection") else { return };
    let addsvc = Addsvc::start(&[]);
    let services =
        "grpc.health.v1.Health grpc.reflection.v1.ServerReflection grpc.reflection.v1alpha.ServerReflection pb.Add";
    let methods = "Sum(pb.SumRequest) pb.SumReply Concat(pb.ConcatRequest) pb.ConcatReply";
    assert_eq!(said(&python, "listed", addsvc.grpc).await, format!("v1alpha {services}\n{methods}\nv1 {services}\n"));
}

#[tokio::test]
async fn grpcio_is_told_which_services_are_healthy() {
    let Some(python) = tool::find("python_grpc", "grpcio_is_told_which_services_are_healthy") else { return };
    let addsvc = Addsvc::start(&[]);
    assert_eq!(said(&python, "health", addsvc.grpc).await, "'' SERVING\n'pb.Add' SERVING\n'pb.Sub' NOT_FOUND\n");
}

#[tokio::test]
async fn grpcio_hears_at_once_that_the_service_stops() {
    let Some(python) = tool::find("python_grpc", "grpcio_hears_at_once_that_the_service_stops") else { return };
    let mut addsvc = Addsvc::start(&["--drain", "60"]);
    let mut watch = client(&python, "watch", addsvc.grpc).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = async || timeout(LONG, lines.next_line()).await.expect("it heard nothing").unwrap();
    assert_eq!(next().await.as_deref(), Some("SERVING"));
    addsvc.terminate();
    let mut heard = Vec::new();
    while let Some(line) = next().await {
        heard.push(line);
    }
    assert_eq!(heard.last().map(String::as_str), Some("UNAVAILABLE"), "{heard:?}");
    assert!(!heard[..heard.len() - 1].iter().any(|line| line == "SERVING"), "{heard:?}");
    assert_eq!(addsvc.ended(LONG).0.code(), Some(0));
}

#[tokio::test]
async fn grpcio_gets_what_the_service_answers() {
    let Some(python) = tool::find("python_grpc", "grpcio_gets_what_the_service_answers") else { return };
    let addsvc = Addsvc::start(&[]);
    assert_eq!(said(&python, "call", addsvc.grpc).await, "3 ''\nfoobar ''\n");
}

#[tokio::test]
async fn grpcio_is_told_the_code_the_message_and_the_details_of_a_business_error() {
    let Some(python) =
        tool::find("python_grpc", "grpcio_is_told_the_code_the_message_and_the_details_of_a_business_error")
    else {
        return;
    };
    let addsvc = Addsvc::start(&[]);
    assert_eq!(
        said(&python, "refused", addsvc.grpc).await,
        "INVALID_ARGUMENT can't sum two zeroes\na: is zero, as b is; b: is zero, as a is;\n\
         OUT_OF_RANGE integer overflow\nINVALID_ARGUMENT result exceeds maximum size\n"
    );
}

/// Says so when it is dropped: what a handler holds that is given up.
struct Guard(Events<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

#[tokio::test]
async fn a_handler_is_dropped_when_the_time_of_grpcios_call_is_over() {
    let Some(python) = tool::find("python_grpc", "a_handler_is_dropped_when_the_time_of_grpcios_call_is_over") else {
        return;
    };
    let (dropped, times) = (Events::new(), Events::new());
    let (guards, left) = (dropped.clone(), times.clone());
    let sum = ServiceBuilder::new().layer(DeadlineLayer::new(LONG)).service(service_fn(
        move |request: Request<SumRequest>| {
            left.push(request.context().deadline().unwrap().duration_since(Instant::now()));
            let guard = Guard(guards.clone());
            async move {
                let _guard = guard;
                std::future::pending::<Result<SumReply, Error>>().await
            }
        },
    ));
    let concat = Endpoints::new(BasicService, &Telemetry::off(), None, None).concat;
    let service = Serving::start(transport::grpc::routes(Endpoints { sum: sum.erased(), concat })).await;

    assert_eq!(said(&python, "late", service.address).await, "DEADLINE_EXCEEDED\n");
    assert_eq!(dropped.wait_len(1, LONG).await, ["dropped"]);
    assert!(times.snapshot()[0] < Duration::from_secs(1), "the handler is told: {:?}", times.snapshot());
}

#[tokio::test]
async fn a_stream_that_grpcio_cancels_is_dropped_and_told_as_cancelled() {
    const WATCH: Method<pb::SumRequest, pb::SumReply> = Method::new("/test.Test/Watch");
    let Some(python) = tool::find("python_grpc", "a_stream_that_grpcio_cancels_is_dropped_and_told_as_cancelled")
    else {
        return;
    };
    let (dropped, endings, outcomes) = (Events::new(), Events::new(), Events::new());
    let (guards, ended) = (dropped.clone(), endings.clone());
    let watch = service_fn(move |request: Request<pb::SumRequest>| {
        let (guard, ended) = (Guard(guards.clone()), ended.clone());
        request.context().tail().unwrap().on_end(move |ending| ended.push(ending));
        let first = stream::once(async { Ok(pb::SumReply { v: 3, err: String::new() }) });
        let replies: BoxStream<pb::SumReply> = Box::pin(first.chain(stream::pending()).inspect(move |_| {
            let _held = &guard;
        }));
        async { Ok::<_, Error>(replies) }
    });
    let told = outcomes.clone();
    let watch = Server::new(watch).finalize(move |summary| told.push((summary.ending, summary.messages)));
    let service = Serving::start(Routes::new().server_streaming(WATCH, watch)).await;

    assert_eq!(said(&python, "cancelled", service.address).await, "3\nCANCELLED\n");
    assert_eq!(dropped.wait_len(1, LONG).await, ["dropped"]);
    assert_eq!(endings.wait_len(1, LONG).await, [Ending::Cancelled]);
    assert_eq!(outcomes.wait_len(1, LONG).await, [(Ending::Cancelled, 1)]);
}

#[tokio::test]
async fn metadata_go_to_grpcio_and_come_from_it_as_texts_and_as_bytes() {
    const METADATA: Method<pb::SumRequest, pb::SumReply> = Method::new("/test.Test/Metadata");
    let Some(python) = tool::find("python_grpc", "metadata_go_to_grpcio_and_come_from_it_as_texts_and_as_bytes") else {
        return;
    };
    let echo = service_fn(|request: Request<pb::SumRequest>| async move {
        if request.message().a < 0 {
            let name = HeaderName::from_static("x-why");
            let error = Error::from(Code::FailedPrecondition).with_metadata(name, HeaderValue::from_static("it is so"));
            return Err(error);
        }
        let mut reply = WithMetadata::new(pb::SumReply::default());
        for (name, value) in request.context().metadata().iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
            reply = reply.with_metadata(name.clone(), value.clone()).with_trailer(name.clone(), value.clone());
        }
        Ok(reply)
    });
    let service = Serving::start(Routes::new().unary(METADATA, Server::new(echo))).await;
    let pairs = "('x-caller', 'ada') ('x-twice', '1') ('x-twice', '2') ('x-any-bin', b'\\x00\\xff\\n')";
    let sorted = |line: &str| {
        let mut parts: Vec<_> = line.split_inclusive(')').map(str::trim).map(str::to_owned).collect();
        parts.sort();
        parts
    };
    let told = said(&python, "metadata", service.address).await;
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert_eq!(sorted(lines[0].strip_prefix("initial ").unwrap()), sorted(pairs));
    assert_eq!(sorted(lines[1].strip_prefix("trailing ").unwrap()), sorted(pairs));
    assert_eq!(lines[2], "FAILED_PRECONDITION ('x-why', 'it is so')");
}

/// Passes one connection on; how many bytes went there, and back.
async fn counted(python: &Path, to: SocketAddr, command: &str) -> (u64, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let between = listener.local_addr().unwrap();
    let passing = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        copy_bidirectional(&mut near, &mut far).await.unwrap()
    });
    assert_eq!(said(python, command, between).await, "100000 True\n");
    timeout(LONG, passing).await.expect("the connection stays open").unwrap()
}

#[tokio::test]
async fn messages_are_compressed_to_grpcio_and_from_it() {
    const ECHO: Method<pb::ConcatRequest, pb::ConcatReply> = Method::new("/test.Test/Echo");
    let Some(python) = tool::find("python_grpc", "messages_are_compressed_to_grpcio_and_from_it") else { return };
    let echo = endpoint_fn(|request: pb::ConcatRequest| async move {
        Ok::<_, Error>(pb::ConcatReply { v: request.a, err: String::new() })
    });
    let echo = Server::new(echo).compress(Compression::Gzip);
    let service = Serving::start(Routes::new().unary(ECHO, echo)).await;
    let (there, back) = counted(&python, service.address, "compressed").await;
    assert!(there < 10_000 && back < 10_000, "100000 bytes of text made {there} bytes there, and {back} back");
}
