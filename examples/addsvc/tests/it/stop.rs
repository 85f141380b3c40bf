use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use addsvc::endpoint::SumRequest;
use addsvc::transport;
use towerkit_endpoint::{Endpoint as _, NotSent};
use towerkit_testing::tool;
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Pool;

use crate::running::Addsvc;

#[test]
fn sigterm_ends_it_in_good_order() {
    let mut addsvc = Addsvc::start(&[]);
    addsvc.post("/sum", r#"{"a":1,"b":2}"#);
    addsvc.terminate();
    let (status, told) = addsvc.ended(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
    let message = |line: &str| line.split_once("msg=\"")?.1.split_once('"').map(|(message, _)| message.to_owned());
    let told: Vec<_> = told.lines().filter_map(message).collect();
    // What carries telemetry away ends after those that tell something.
    let order =
        ["json-rpc", "grpc", "http", "debug", "traces", "log", "signals"].map(|name| format!("{name}: stopped"));
    assert_eq!(told[0], "stop asked for by signals: SIGTERM");
    assert_eq!(told[1..], order);
}

#[test]
fn a_connection_that_does_not_end_is_cut_at_the_limit_and_counted() {
    let mut addsvc = Addsvc::start(&["--drain", "2"]);
    // A body that is promised and does not come.
    let mut stuck = TcpStream::connect(addsvc.http).unwrap();
    let head = "POST /sum HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    stuck.write_all(head.as_bytes()).unwrap();
    assert_eq!(addsvc.post("/sum", r#"{"a":1,"b":2}"#).0, 200);
    addsvc.terminate();
    let (status, told) = addsvc.ended(Duration::from_secs(10));
    assert_eq!(status.code(), Some(1));
    assert!(told.contains("1 connections were cut"), "{told}");
    let _ = stuck.read(&mut [0]);
}

#[test]
fn every_request_that_was_sent_before_the_end_is_answered() {
    let mut addsvc = Addsvc::start(&[]);
    let address = addsvc.http;
    let answered = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let answered = answered.clone();
            std::thread::spawn(move || {
                // Refused: the service is gone, and nothing was sent.
                while let Ok(mut stream) = TcpStream::connect(address) {
                    while call(&mut stream) {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) < 1000 {
        std::thread::yield_now();
    }
    addsvc.terminate();
    let (status, told) = addsvc.ended(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0), "{told}");
    for caller in callers {
        caller.join().expect("every call was answered");
    }
}

/// One call, which must be answered; whether the connection may be used again.
fn call(stream: &mut TcpStream) -> bool {
    let request = "POST /sum HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"a\":1,\"b\":2}";
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"{\"v\":3}") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..read]);
    }
    !String::from_utf8_lossy(&answer).contains("connection: close")
}

#[test]
fn sigterm_under_load_loses_no_request() {
    let Some(wrk) = tool::find("wrk", "sigterm_under_load_loses_no_request") else { return };
    let mut addsvc = Addsvc::start(&[]);
    let script = std::env::temp_dir().join(format!("towerkit-wrk-{}.lua", std::process::id()));
    std::fs::write(
        &script,
        "wrk.method = 'POST'\nwrk.body = '{\"a\":1,\"b\":2}'\nwrk.headers['content-type'] = 'application/json'\n",
    )
    .unwrap();
    let load = Command::new(wrk)
        .args(["-t1", "-c16", "-d2s", "-s"])
        .arg(&script)
        .arg(format!("http://{}/sum", addsvc.http))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    addsvc.worked_for(Duration::from_millis(300));
    addsvc.terminate();
    let (status, told) = addsvc.ended(Duration::from_secs(10));
    let report = String::from_utf8(load.wait_with_output().unwrap().stdout).unwrap();
    std::fs::remove_file(&script).unwrap();

    assert_eq!(status.code(), Some(0), "{told}");
    assert!(!report.contains("Non-2xx"), "{report}");
    // What wrk calls a write error is a connection that is refused, once the service is gone; a lost request is a read error.
    if let Some(errors) = report.lines().find(|line| line.contains("Socket errors")) {
        assert!(errors.contains("read 0,") && errors.contains("timeout 0"), "{report}");
    }
    let requests: u64 = report
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .and_then(|(count, _)| count.parse().ok())
        .unwrap();
    assert!(requests > 100, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_no_call_of_grpc() {
    let mut addsvc = Addsvc::start(&[]);
    let answered = Arc::new(AtomicU64::new(0));
    let mut callers = Vec::new();
    for _ in 0..8 {
        let pool = Pool::builder().http2().build();
        let endpoints = transport::grpc::client(&Remote::new(&pool, &format!("http://{}", addsvc.grpc)).unwrap());
        let answered = answered.clone();
        callers.push(tokio::spawn(async move {
            loop {
                match endpoints.sum.invoke(SumRequest { a: 1, b: 2 }).await {
                    Ok(reply) => assert_eq!(reply.v, 3),
                    // The service is gone, and nothing was sent.
                    Err(error) if error.get::<NotSent>().is_some() => return,
                    Err(error) => panic!("a call was lost: {error:?}"),
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    while answered.load(Ordering::Relaxed) < 1000 {
        tokio::task::yield_now().await;
    }
    addsvc.terminate();
    let (status, told) = addsvc.ended(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0), "{told}");
    for caller in callers {
        caller.await.unwrap();
    }
}
