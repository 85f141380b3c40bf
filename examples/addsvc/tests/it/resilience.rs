use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use addsvc::endpoint::{Endpoints, SumReply, SumRequest};
use addsvc::{client, transport};
use towerkit_circuitbreaker::CircuitOpen;
use towerkit_endpoint::{Code, Endpoint as _, Error, endpoint_fn};
use towerkit_retry::Exhausted;
use towerkit_tracing::Tracer;

use crate::running::Addsvc;

/// Head and body of the reply to `POST /sum`.
fn sum(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head =
        "POST /sum HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 13";
    write!(stream, "{head}\r\n\r\n{{\"a\":1,\"b\":2}}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn a_call_over_the_rate_limit_is_429_and_says_when_to_come_back() {
    let addsvc = Addsvc::start(&["--rate-limit", "1"]);
    assert!(sum(addsvc.http).starts_with("HTTP/1.1 200"));
    let refused = sum(addsvc.http);
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    for told in [
        "retry-after: 1\r\n",
        "ratelimit: \"default\";r=0;t=1\r\n",
        "ratelimit-policy: \"default\";q=1;w=1\r\n",
        "content-type: application/problem+json\r\n",
        "\"detail\":\"the rate limit of 1 a second is exceeded\"",
        "\"code\":\"resource_exhausted\"",
    ] {
        assert!(refused.contains(told), "{told} in {refused}");
    }
}

#[test]
fn the_limit_is_one_for_all_methods_and_transports() {
    let addsvc = Addsvc::start(&["--rate-limit", "1"]);
    assert!(sum(addsvc.http).starts_with("HTTP/1.1 200"));
    assert_eq!(addsvc.post("/concat", r#"{"a":"1","b":"2"}"#).0, 429);
    let call = r#"{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}"#;
    assert!(Addsvc::post_to(addsvc.json_rpc, "/", call).1.contains("the rate limit of 1 a second is exceeded"));
    let over_grpc = Command::new(env!("CARGO_BIN_EXE_addcli"))
        .args(["--grpc-addr", &addsvc.grpc.to_string(), "1", "2"])
        .output()
        .unwrap();
    let told = String::from_utf8(over_grpc.stderr).unwrap();
    assert_eq!(told, "error: the rate limit of 1 a second is exceeded\n");
}

#[test]
fn a_limit_of_nothing_is_refused_by_name() {
    let output = Command::new(env!("CARGO_BIN_EXE_addsvc")).args(["--rate-limit", "0"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("--rate-limit"));
}

#[test]
fn addcli_comes_back_when_the_limit_says_so() {
    let addsvc = Addsvc::start(&["--rate-limit", "1"]);
    assert!(sum(addsvc.http).starts_with("HTTP/1.1 200"));
    let output = addsvc.cli(&["--retries", "2", "1", "2"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1 + 2 = 3\n");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("attempt 1 failed (resource exhausted), the next follows in "), "{told}");
}

/// A server that answers every connection with 503, and counts them.
fn unavailable() -> (SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ =
                stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (address, connections)
}

fn addcli(address: SocketAddr, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_addcli"))
        .args(["--http-addr", &address.to_string()])
        .args(args)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn addcli_tries_again_as_often_as_it_is_told_and_tells_of_every_attempt() {
    let (address, connections) = unavailable();
    assert_eq!(addcli(address, &["1", "2"]), "error: Service Unavailable\n");
    assert_eq!(connections.swap(0, Ordering::SeqCst), 1, "without the flag there is one attempt");
    let told = addcli(address, &["--retries", "2", "1", "2"]);
    assert_eq!(connections.load(Ordering::SeqCst), 3);
    assert!(
        told.contains("failed after 3 attempts, no attempts left; 1: unavailable: Service Unavailable; 2: "),
        "{told}"
    );
}

#[test]
fn what_the_domain_refuses_is_not_tried_again() {
    let addsvc = Addsvc::start(&[]);
    let output = addsvc.cli(&["--retries", "3", "0", "0"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "error: can't sum two zeroes\n");
}

#[tokio::test(start_paused = true)]
async fn the_circuit_of_a_client_opens_after_five_failures() {
    let reached = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&reached);
    let sum = endpoint_fn(move |_: SumRequest| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Err::<SumReply, _>(Error::from(Code::Unavailable)) }
    });
    let served = Endpoints::new(addsvc::service::BasicService, &addsvc::telemetry::Telemetry::off(), None, None);
    let remote = Endpoints { sum: sum.erased(), concat: served.concat };
    let caller = client::Caller { credentials: None, tracer: Tracer::off(), via: transport::http::via };
    let client = client::resilient(remote, 20, |_| {}, &caller);

    let error = client.sum.invoke(SumRequest { a: 1, b: 2 }).await.unwrap_err();
    let attempts = error.find::<Exhausted>().unwrap().errors();
    assert!(attempts.len() > 6);
    let refused: Vec<bool> = attempts.iter().map(|error| error.find::<CircuitOpen>().is_some()).collect();
    assert_eq!(refused[..6], [false, false, false, false, false, true]);
    let made = refused.iter().filter(|refused| !**refused).count();
    assert_eq!(reached.load(Ordering::SeqCst) as usize, made, "a refused attempt does not reach the server");
    let concat = client.concat.invoke(addsvc::endpoint::ConcatRequest { a: "1".into(), b: "2".into() }).await;
    assert!(concat.is_err(), "it is one circuit for one server");
}
