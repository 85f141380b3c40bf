//! What becomes of spans when Zipkin is away, hangs, or says no.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, header};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanExporter;
use towerkit_testing::process::free_port;
use towerkit_tracing::{HttpClient, InvalidUrl, Zipkin};

use super::server::Server;
use crate::collector::{Answer, Collector, block_on, http, hung, with_variables};
use crate::sample::{new_trace, one, resource};

fn failure(result: OTelSdkResult) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn it_goes_on_when_zipkin_is_back() {
    let Some(mut server) = Server::start("it_goes_on_when_zipkin_is_back") else { return };
    let zipkin = Zipkin::new(&server.url()).unwrap().timeout(Duration::from_secs(20));
    zipkin.export(one(new_trace())).await.unwrap();

    server.kill();
    let error = failure(zipkin.export(one(new_trace())).await);
    assert!(error.contains("/api/v2/spans: ") && error.contains("Connection refused"), "{error}");

    server.again();
    let trace = new_trace();
    zipkin.export(one(trace)).await.unwrap();
    assert_eq!(server.trace(trace).await.len(), 1);
}

#[tokio::test]
async fn a_zipkin_that_stands_still_costs_its_time_and_no_more() {
    let Some(server) = Server::start("a_zipkin_that_stands_still_costs_its_time_and_no_more") else { return };
    let still = Zipkin::new(&server.url()).unwrap().timeout(Duration::from_millis(300));
    server.signal("STOP");
    let start = Instant::now();
    let error = failure(still.export(one(new_trace())).await);
    server.signal("CONT");
    assert!(error.contains("no answer within 300ms"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());

    let (zipkin, trace) = (still.timeout(Duration::from_secs(20)), new_trace());
    zipkin.export(one(trace)).await.unwrap();
    assert_eq!(server.trace(trace).await.len(), 1);
}

#[tokio::test]
async fn what_takes_connections_and_is_silent_costs_its_time_and_no_more() {
    let (_listener, address) = hung();
    let zipkin = Zipkin::new(&format!("http://{address}")).unwrap().timeout(Duration::from_millis(200));
    for _ in 0..2 {
        let start = Instant::now();
        let error = failure(zipkin.export(one(new_trace())).await);
        assert!(error.contains("no answer within 200ms"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn what_a_server_says_to_a_refusal_is_told_and_it_is_not_asked_again() {
    let long = format!("not\nlike this{}", " and so on".repeat(10_000));
    let collector = Collector::answering(vec![http(400, long)]).await;
    let zipkin = Zipkin::new(&collector.url("/spans?token=secret")).unwrap();
    let error = failure(zipkin.export(one(new_trace())).await);
    assert!(
        error.contains(&format!("POST {}: 400 Bad Request: not\\nlike this and so on", collector.url("/spans"))),
        "{error}"
    );
    assert!(error.len() < 500 && !error.contains("secret"), "{error}");
    assert_eq!(collector.requests().len(), 1);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_when_it_says() {
    let wait = Answer { headers: vec![("retry-after", "1".into())], ..http(503, "") };
    let collector = Collector::answering(vec![wait, http(502, ""), http(202, "")]).await;
    let zipkin = Zipkin::new(&collector.url("")).unwrap();
    let start = Instant::now();
    zipkin.export(one(new_trace())).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    let requests = collector.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body() == requests[0].body()));
}

#[tokio::test]
async fn a_server_that_stays_busy_is_asked_four_times() {
    let collector = Collector::answering(vec![http(503, "full")]).await;
    let zipkin = Zipkin::new(&collector.url("")).unwrap();
    let error = failure(zipkin.export(one(new_trace())).await);
    assert!(error.contains("503 Service Unavailable: full"), "{error}");
    assert_eq!(collector.requests().len(), 4);
}

#[tokio::test]
async fn a_reply_without_end_is_not_read_to_its_end() {
    let collector = Collector::answering(vec![http(200, vec![b'x'; 2 << 20])]).await;
    let zipkin = Zipkin::new(&collector.url("")).unwrap();
    zipkin.export(one(new_trace())).await.unwrap();
    assert_eq!(collector.requests().len(), 1, "the head says that the spans are taken");
    for (status, times) in [(400, 1), (503, 4)] {
        let collector = Collector::answering(vec![http(status, vec![b'x'; 2 << 20])]).await;
        let error = failure(Zipkin::new(&collector.url("")).unwrap().export(one(new_trace())).await);
        assert!(error.contains(&status.to_string()), "{error}");
        assert_eq!(collector.requests().len(), times, "{status}");
    }
}

#[tokio::test]
async fn a_reply_that_is_broken_off_or_stands_still_after_its_head_has_told() {
    for stays in [false, true] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let zipkin = Zipkin::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let zipkin = zipkin.timeout(Duration::from_secs(if stays { 1 } else { 20 }));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 64 << 10]).unwrap();
            stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nab").unwrap();
            let kept = stays.then_some(stream);
            listener.set_nonblocking(true).unwrap();
            (listener, kept)
        });
        zipkin.export(one(new_trace())).await.unwrap();
        let (listener, _kept) = server.join().unwrap();
        assert!(listener.accept().is_err(), "it is not sent again");
    }
}

#[tokio::test]
async fn a_wait_that_no_clock_can_count_is_not_waited() {
    for seconds in [i64::MAX as u64, u64::MAX] {
        let wait = Answer { headers: vec![("retry-after", seconds.to_string())], ..http(503, "full") };
        let collector = Collector::answering(vec![wait]).await;
        let zipkin = Zipkin::new(&collector.url("")).unwrap();
        let error = failure(zipkin.export(one(new_trace())).await);
        assert!(error.contains("503 Service Unavailable: full"), "{error}");
        assert_eq!(collector.requests().len(), 1);
    }
}

/// The SDK's own processors poll an exporter on a thread that has no runtime.
#[tokio::test]
async fn it_sends_from_a_thread_without_a_runtime() {
    let collector = Collector::answering(vec![http(202, "")]).await;
    let zipkin = Zipkin::new(&collector.url("")).unwrap();
    let thread = std::thread::spawn(move || block_on(zipkin.export(one(new_trace()))));
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap().unwrap();
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn without_any_runtime_it_is_an_error() {
    let zipkin = Zipkin::new("http://127.0.0.1:1").unwrap();
    let error = failure(block_on(zipkin.export(one(new_trace()))));
    assert!(error.contains("there is no Tokio runtime"), "{error}");
}

#[tokio::test]
async fn variables_of_the_environment_change_nothing() {
    let wrong = format!("http://127.0.0.1:{}/wrong", free_port());
    let variables = [("OTEL_EXPORTER_ZIPKIN_ENDPOINT", wrong.as_str()), ("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "1")];
    if !with_variables("zipkin::failing::variables_of_the_environment_change_nothing", &variables) {
        return;
    }
    let collector = Collector::answering(vec![http(202, "")]).await;
    let mut zipkin = Zipkin::new(&collector.url("")).unwrap();
    zipkin.set_resource(&resource("addsvc"));
    zipkin.export(one(new_trace())).await.unwrap();
    assert_eq!(collector.requests()[0].uri().path(), "/api/v2/spans");
}

#[tokio::test]
async fn a_token_is_sent_and_not_shown() {
    let collector = Collector::answering(vec![http(202, "")]).await;
    let zipkin = Zipkin::new(&collector.url("/?key=hidden"))
        .unwrap()
        .header(header::AUTHORIZATION, HeaderValue::from_static("Bearer hidden"))
        .header(HeaderName::from_static("x-tenant"), HeaderValue::from_static("hidden"));
    zipkin.export(one(new_trace())).await.unwrap();
    let requests = collector.requests();
    assert_eq!(requests[0].headers()["authorization"], "Bearer hidden");
    assert_eq!(requests[0].headers()["x-tenant"], "hidden");
    assert_eq!(requests[0].headers()["content-type"], "application/json");
    assert_eq!(requests[0].uri(), "/api/v2/spans?key=hidden");
    assert!(!format!("{zipkin:?}").contains("hidden"), "{zipkin:?}");
}

#[test]
fn https_needs_a_client_that_is_given() {
    let error: InvalidUrl = Zipkin::new("https://zipkin.test/api/v2/spans").unwrap_err();
    assert!(error.to_string().contains("no client that has TLS"), "{error}");
    let client = HttpClient::new(tower::service_fn(|_: http::Request<http_body_util::Full<bytes::Bytes>>| async {
        Ok::<_, std::io::Error>(http::Response::new(http_body_util::Empty::new()))
    }));
    assert!(Zipkin::with_client("https://zipkin.test", client).is_ok());
}
