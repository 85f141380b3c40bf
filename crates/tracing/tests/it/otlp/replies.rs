//! What is made of a collector's answer.

use http::{HeaderValue, header};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use opentelemetry_sdk::trace::SpanExporter;
use prost::Message;
use towerkit_lifecycle::Member;
use towerkit_testing::events::Events;
use towerkit_tracing::{Otlp, Tracer};

use super::both;
use crate::collector::{Answer, Collector, http};
use crate::sample::{new_trace, one};
use crate::support::PATIENCE;

/// An answer of gRPC: a message, and the status behind it.
fn grpc(message: &[u8], status: &str, text: &str) -> Answer {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let trailers = vec![("grpc-status", status.to_owned()), ("grpc-message", text.to_owned())];
    Answer { trailers, ..http(200, [&[0], length.as_slice(), message].concat()) }
}

fn rejected(spans: i64, why: &str) -> Vec<u8> {
    let partial = ExportTracePartialSuccess { rejected_spans: spans, error_message: why.to_owned() };
    ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
}

/// How often it was asked, and the error.
async fn asked(answers: Vec<Answer>, otlp: fn(&str) -> Otlp) -> (usize, Option<String>) {
    let collector = Collector::answering(answers).await;
    let result = otlp(&collector.url("")).export(one(new_trace())).await;
    (collector.requests().len(), result.err().map(|error| error.to_string()))
}

fn over_grpc(url: &str) -> Otlp {
    Otlp::grpc(url).unwrap()
}

fn over_http(url: &str) -> Otlp {
    Otlp::http(url).unwrap()
}

#[tokio::test]
async fn rejected_spans_are_an_error_and_are_not_sent_again() {
    let message = rejected(1, "no span without a\nname");
    let answers = [(grpc(&message, "0", ""), over_grpc as fn(&str) -> _), (http(200, message.clone()), over_http)];
    for (answer, way) in answers {
        let (times, error) = asked(vec![answer], way).await;
        let error = error.unwrap();
        assert!(error.contains("1 of 1 spans rejected: no span without a\\nname"), "{error}");
        assert_eq!(times, 1);
    }
}

#[tokio::test]
async fn just_the_rejected_ones_are_lost_and_no_try_sends_them_again() {
    for (told, lost) in [(1, 1), (5, 5), (i64::MAX, 5)] {
        let collector = Collector::answering(vec![http(200, rejected(told, "no name"))]).await;
        let (tracer, exporter) = Tracer::builder("addsvc").export(over_http(&collector.url(""))).build();
        let events = Events::new();
        let seen = events.clone();
        let running = exporter.tries(2).on_event(move |event| seen.push(event.to_string())).spawn();
        (0..5).for_each(|_| drop(tracer.span("job")));
        assert!(tracer.flush(PATIENCE).await);
        let report = running.stop(PATIENCE).await;
        assert!(report.ending.is_good(), "{report}");
        let stats = tracer.stats();
        assert_eq!((stats.ended, stats.sent, stats.lost_failed, stats.lost()), (5, 5 - lost, lost, lost));
        assert_eq!(collector.requests().len(), 1);
        let events = events.snapshot();
        let (last, others) = events.split_last().unwrap();
        assert!(last.starts_with(&format!("Otlp: {lost} spans lost: ")), "{events:?}");
        assert!(last.contains(&format!("{lost} of 5 spans rejected: no name")), "{events:?}");
        let exported: &[_] = if lost < 5 { &["Otlp: 4 spans sent"] } else { &[] };
        assert_eq!(others, exported);
    }
}

#[tokio::test]
async fn a_reply_that_can_t_be_read_is_not_asked_for_again() {
    let long = vec![0; 2 << 20];
    let (times, error) = asked(vec![grpc(&long, "0", "")], over_grpc).await;
    let error = error.unwrap();
    assert!(error.contains("the reply has no status of gRPC: the reply has more than 1048576 bytes"), "{error}");
    assert_eq!(times, 1, "they may have been taken");
    assert_eq!(asked(vec![http(200, long)], over_http).await, (1, None));
}

#[tokio::test]
async fn a_warning_and_an_answer_that_is_not_understood_take_nothing_back() {
    for message in [rejected(0, "deprecated"), vec![0xff; 9], Vec::new()] {
        assert_eq!(asked(vec![grpc(&message, "0", "")], over_grpc).await, (1, None));
        assert_eq!(asked(vec![http(200, message)], over_http).await, (1, None));
    }
}

#[tokio::test]
async fn a_status_that_may_pass_is_tried_again() {
    for status in ["1", "4", "10", "11", "14", "15"] {
        let answers = vec![grpc(b"", status, "later"), grpc(b"", "0", "")];
        assert_eq!(asked(answers, over_grpc).await, (2, None), "{status}");
    }
    for status in [429, 502, 503, 504] {
        assert_eq!(asked(vec![http(status, ""), http(200, "")], over_http).await, (2, None), "{status}");
    }
}

#[tokio::test]
async fn a_status_for_good_is_told_and_not_tried_again() {
    let cases = [
        ("3", "invalid_argument"),
        ("7", "permission_denied"),
        ("12", "unimplemented"),
        ("16", "unauthenticated"),
        ("99", "unknown"),
    ];
    for (status, name) in cases {
        let (times, error) = asked(vec![grpc(b"", status, "no%20such%0atenant \u{e4}")], over_grpc).await;
        let error = error.unwrap();
        assert!(error.contains(&format!("TraceService/Export: {name}: no such\\ntenant")), "{error}");
        assert_eq!(times, 1, "{status}");
    }
    let (times, error) = asked(vec![http(401, "who?")], over_http).await;
    assert!(error.unwrap().contains("/v1/traces: 401 Unauthorized: who?"));
    assert_eq!(times, 1);
}

#[tokio::test]
async fn what_is_no_grpc_is_told() {
    let (times, error) = asked(vec![http(200, "<html>")], over_grpc).await;
    assert!(error.unwrap().contains("the reply has no status of gRPC"));
    assert_eq!(times, 1);
    let (_, error) = asked(vec![http(404, "<html>")], over_grpc).await;
    assert!(error.unwrap().contains("404 Not Found: <html>"));
}

#[tokio::test]
async fn a_token_is_sent_and_not_shown() {
    let ok = Answer { headers: vec![("grpc-status", "0".into())], ..http(200, "") };
    let collector = Collector::answering(vec![ok]).await;
    let token = || HeaderValue::from_static("Bearer hidden");
    for otlp in both(&collector.url("/prefix/"), &collector.url("/v1/x?key=hidden")) {
        // What the protocol stands on can't be taken from it.
        let otlp =
            otlp.header(header::AUTHORIZATION, token()).header(header::CONTENT_TYPE, HeaderValue::from_static("x/y"));
        otlp.export(one(new_trace())).await.unwrap();
        assert!(!format!("{otlp:?}").contains("hidden"), "{otlp:?}");
    }
    let requests = collector.requests();
    assert!(requests.iter().all(|request| request.headers()["authorization"] == token()));
    assert_eq!(requests[0].uri().path(), "/prefix/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert_eq!(
        (&requests[0].headers()["te"], &requests[0].headers()["content-type"]),
        (&HeaderValue::from_static("trailers"), &HeaderValue::from_static("application/grpc"))
    );
    assert_eq!(requests[1].uri(), "/v1/x?key=hidden");
    assert_eq!(requests[1].headers()["content-type"], "application/x-protobuf");
}
