//! What becomes of spans when the collector is away or hangs.

use std::time::{Duration, Instant};

use opentelemetry_sdk::trace::SpanExporter;
use towerkit_tracing::Otlp;

use super::both;
use super::rotel::Rotel;
use crate::collector::{Answer, Collector, block_on, http, hung, with_variables};
use crate::sample::{new_trace, one};

#[tokio::test]
async fn it_goes_on_when_the_collector_is_back() {
    let Some(mut rotel) = Rotel::start("it_goes_on_when_the_collector_is_back") else { return };
    let ways = both(&rotel.grpc(), &rotel.http()).map(|otlp| otlp.timeout(Duration::from_secs(20)));
    for otlp in &ways {
        otlp.export(one(new_trace())).await.unwrap();
    }

    rotel.kill();
    for otlp in &ways {
        let error = otlp.export(one(new_trace())).await.unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:") && error.contains("Connection refused"), "{error}");
    }

    rotel.again();
    for otlp in &ways {
        let trace = new_trace();
        otlp.export(one(trace)).await.unwrap();
        rotel.wait_until_printed(&trace.to_string());
    }
}

#[tokio::test]
async fn a_collector_that_stands_still_costs_its_time_and_no_more() {
    let Some(mut rotel) = Rotel::start("a_collector_that_stands_still_costs_its_time_and_no_more") else { return };
    // Over connections that are there, and over new ones.
    let mut ways = Vec::from(both(&rotel.grpc(), &rotel.http()));
    for otlp in &ways {
        otlp.export(one(new_trace())).await.unwrap();
    }
    ways.extend(both(&rotel.grpc(), &rotel.http()));
    let mut ways: Vec<_> = ways.into_iter().map(|otlp| otlp.timeout(Duration::from_millis(300))).collect();

    rotel.signal("STOP");
    for otlp in &ways {
        let start = Instant::now();
        let error = otlp.export(one(new_trace())).await.unwrap_err().to_string();
        assert!(error.contains("no answer within 300ms"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
    rotel.signal("CONT");

    ways = ways.into_iter().map(|otlp| otlp.timeout(Duration::from_secs(20))).collect();
    for otlp in &ways {
        let trace = new_trace();
        otlp.export(one(trace)).await.unwrap();
        rotel.wait_until_printed(&trace.to_string());
    }
}

#[tokio::test]
async fn what_takes_connections_and_is_silent_costs_its_time_and_no_more() {
    let (_listener, address) = hung();
    let url = format!("http://{address}");
    for otlp in both(&url, &url).map(|otlp| otlp.timeout(Duration::from_millis(200))) {
        for _ in 0..2 {
            let start = Instant::now();
            let error = otlp.export(one(new_trace())).await.unwrap_err().to_string();
            assert!(error.contains("no answer within 200ms"), "{error}");
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
    }
}

#[tokio::test]
async fn it_sends_from_a_thread_without_a_runtime() {
    let ok = Answer { headers: vec![("grpc-status", "0".into())], ..http(200, "") };
    let collector = Collector::answering(vec![ok]).await;
    for otlp in both(&collector.url(""), &collector.url("")) {
        let thread = std::thread::spawn(move || block_on(otlp.export(one(new_trace()))));
        tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap().unwrap();
    }
    assert_eq!(collector.requests().len(), 2);
}

/// gRPC's own client would want a runtime to be made.
#[test]
fn it_is_made_without_a_runtime() {
    for otlp in both("http://127.0.0.1:1", "http://127.0.0.1:1") {
        let error = block_on(otlp.export(one(new_trace()))).unwrap_err().to_string();
        assert!(error.contains("there is no Tokio runtime"), "{error}");
    }
}

#[tokio::test]
async fn variables_of_the_environment_change_nothing() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=leaked"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=leaked"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_SERVICE_NAME", "leaked"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=leaked"),
    ];
    if !with_variables("otlp::failing::variables_of_the_environment_change_nothing", &variables) {
        return;
    }
    let ok = Answer { headers: vec![("grpc-status", "0".into())], ..http(200, "") };
    let collector = Collector::answering(vec![ok]).await;
    for otlp in both(&collector.url(""), &collector.url("")) {
        otlp.export(one(new_trace())).await.unwrap();
    }
    let told = collector.requests().iter().map(|request| format!("{request:?}")).collect::<String>();
    assert!(!told.contains("leaked") && !told.contains("gzip") && !told.contains("json"), "{told}");
}

#[test]
fn https_needs_a_client_that_is_given() {
    for error in [Otlp::grpc("https://otlp.test").unwrap_err(), Otlp::http("https://otlp.test").unwrap_err()] {
        assert!(error.to_string().contains("no client that has TLS"), "{error}");
    }
    let error = Otlp::grpc("http://127.0.0.1:4317/?token=secret").unwrap_err().to_string();
    assert!(error.contains("query") && !error.contains("secret"), "{error}");
}
