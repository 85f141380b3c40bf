//! What operators see of the program.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use addsvc::pb;
use towerkit_endpoint::{BoxEndpoint, Endpoint};
use towerkit_transport_grpc::{Method, Remote};
use towerkit_transport_http::Pool;

use crate::running::{Addsvc, exchange};

const SOON: Duration = Duration::from_secs(10);

fn metrics(addsvc: &Addsvc) -> String {
    let (status, page) = exchange(addsvc.debug, "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert_eq!(status, 200);
    page
}

/// What it tells of a flag that it can't follow.
fn refused(flags: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_addsvc")).args(flags).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn its_metrics_count_what_was_answered_and_what_was_refused() {
    let addsvc = Addsvc::start(&[]);
    addsvc.post("/sum", r#"{"a":1,"b":2}"#);
    addsvc.post("/sum", r#"{"a":0,"b":0}"#);
    Addsvc::post_to(addsvc.json_rpc, "/", r#"{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}"#);
    let page = metrics(&addsvc);
    for line in [
        "requests_total{code=\"ok\",operation=\"sum\"} 2\n",
        "requests_total{code=\"invalid_argument\",operation=\"sum\"} 1\n",
        "requests_total{code=\"ok\",operation=\"concat\"} 0\n",
        "requests_in_flight{operation=\"sum\"} 0\n",
        "request_duration_seconds_count{operation=\"sum\"} 3\n",
        "# TYPE process_cpu_seconds_total counter\n",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn a_request_that_reaches_no_endpoint_is_a_line_of_its_log_and_counted_on_each_transport() {
    let mut addsvc = Addsvc::start(&["--log-format", "json"]);
    addsvc.post("/sum", "{");
    addsvc.post("/product?token=secret", "{}");
    Addsvc::post_to(addsvc.json_rpc, "/", r#"{"jsonrpc":"2.0","method":"sum","params":["one",2],"id":1}"#);
    let pool = Pool::builder().http2().build();
    let remote = Remote::new(&pool, &format!("http://{}", addsvc.grpc)).unwrap();
    let product = remote.unary(Method::<pb::SumRequest, pb::SumReply>::new("/pb.Add/Product"));
    let product: BoxEndpoint<pb::SumRequest, pb::SumReply> = product.erased();
    product.invoke(pb::SumRequest { a: 1, b: 2 }).await.unwrap_err();
    let page = metrics(&addsvc);
    for (code, via) in [
        ("invalid_argument", "http"),
        ("not_found", "http"),
        ("invalid_argument", "jsonrpc"),
        ("unimplemented", "grpc"),
    ] {
        let counted = page.lines().any(|line| {
            let has = |label: &str, value| line.contains(&format!("{label}=\"{value}\""));
            line.contains("unserved_requests_total{") && has("code", code) && has("via", via) && line.ends_with(" 1")
        });
        assert!(counted, "{via} {code}: {page}");
    }
    addsvc.terminate();
    let (_, told) = addsvc.ended(SOON);
    for (way, why) in [
        ("http POST /sum from 127.0.0.1:", "malformed JSON at line 1 column 1"),
        ("http POST /product from 127.0.0.1:", "there is nothing at /product"),
        ("jsonrpc sum from 127.0.0.1:", "[0]: invalid type"),
        ("grpc /pb.Add/Product from 127.0.0.1:", "there is no method /pb.Add/Product here"),
    ] {
        let lines: Vec<_> = told.lines().filter(|line| line.contains(way)).collect();
        assert!(lines.len() == 1 && lines[0].contains(why), "{way}: {told}");
    }
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn each_request_is_a_line_of_its_log_with_its_trace() {
    let mut addsvc = Addsvc::start(&["--log-format", "json"]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let head =
        format!("host: a\r\nconnection: close\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\nx-request-id: r7");
    let head = format!("{head}\r\ncontent-type: application/json\r\ncontent-length: 13");
    exchange(addsvc.http, &format!("POST /sum HTTP/1.1\r\n{head}\r\n\r\n{{\"a\":0,\"b\":0}}"));
    addsvc.terminate();
    let (_, told) = addsvc.ended(SOON);
    let line: serde_json::Value =
        serde_json::from_str(told.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (field("msg"), field("operation"), field("code")),
        ("request".into(), "sum".into(), "invalid_argument".into())
    );
    assert_eq!((field("trace_id"), field("request_id"), field("via")), (trace.into(), "r7".into(), "http".into()));
    assert_eq!((field("err"), field("service")), ("can't sum two zeroes".into(), "addsvc".into()));
    assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
}

#[test]
fn its_log_can_be_filtered_and_switched_off() {
    for flags in [&["--log-filter", "info,request=warn"][..], &["--log-format", "off"]] {
        let mut addsvc = Addsvc::start(flags);
        addsvc.post("/sum", r#"{"a":1,"b":2}"#);
        addsvc.terminate();
        let (_, told) = addsvc.ended(SOON);
        assert!(!told.contains("operation=sum"), "{told}");
    }
}

#[test]
fn what_was_counted_is_pushed_before_it_ends() {
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    statsd.set_read_timeout(Some(SOON)).unwrap();
    let mut addsvc =
        Addsvc::start(&["--statsd-addr", &statsd.local_addr().unwrap().to_string(), "--push-interval", "60"]);
    addsvc.post("/sum", r#"{"a":1,"b":2}"#);
    addsvc.terminate();
    addsvc.ended(SOON);
    let mut datagram = [0; 2048];
    let told = loop {
        let length = statsd.recv(&mut datagram).unwrap();
        let told = String::from_utf8_lossy(&datagram[..length]).into_owned();
        if told.contains("requests_total.sum.ok") {
            break told;
        }
    };
    assert!(told.contains("addsvc.requests_total.sum.ok:1|c"), "{told}");
}

#[test]
fn where_nobody_takes_metrics_and_traces_it_serves_as_ever_and_says_what_is_lost() {
    // A server that is away, one that takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap();
    let mut addsvc = Addsvc::start(&[
        "--zipkin-url",
        "http://127.0.0.1:1/api/v2/spans",
        "--otlp-url",
        &format!("http://{silent}"),
        "--graphite-addr",
        "127.0.0.1:1",
        "--push-interval",
        "1",
        "--drain",
        "2",
    ]);
    for _ in 0..50 {
        assert_eq!(addsvc.post("/sum", r#"{"a":1,"b":2}"#).0, 200);
    }
    addsvc.terminate();
    let (_, told) = addsvc.ended(SOON);
    assert!(told.contains("spans") && told.contains("lost"), "{told}");
    assert!(told.contains("data points lost"), "{told}");
}

#[test]
fn a_flag_that_can_t_be_followed_is_named() {
    for (flag, value) in [
        ("--log-filter", "info,request=loud"),
        ("--zipkin-url", "127.0.0.1"),
        ("--otlp-url", "https://collector:4317"),
        ("--influxdb-url", "nonsense"),
        ("--trace-ratio", "2"),
        ("--push-interval", "0"),
    ] {
        let told = refused(&[flag, value]);
        assert!(told.contains(flag), "{flag}: {told}");
    }
}
