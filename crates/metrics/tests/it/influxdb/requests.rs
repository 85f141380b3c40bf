//! The requests themselves, as a server of the test's own sees them. InfluxDB 2 is not among the servers here: that its requests are right is what
//! its documentation says of them (<https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostWrite>).

use std::time::Duration;

use towerkit_metrics::HttpClient;
use towerkit_metrics::influxdb::{InfluxDb, Precision};

use super::{counter, gauge};
use crate::http_server::{Answer, HttpServer};

#[tokio::test]
async fn version_2_is_written_to_with_its_path_and_a_token() {
    let server = HttpServer::start(|_| Answer::Status(204, "")).await;
    let influx = InfluxDb::v2(format!("{}/base/", server.url()), "my org", "a&b/ü", "s3cret==")
        .precision(Precision::Microseconds);
    let (influx, mut pusher) = influx.build().unwrap();
    gauge(&influx, "level").set(1.5);
    pusher.flush().await;
    let ping = server.received("GET").remove(0);
    assert_eq!(ping.path, "/base/ping");
    let written = server.received("POST").remove(0);
    assert_eq!(written.path, "/base/api/v2/write?org=my%20org&bucket=a%26b%2F%C3%BC&precision=us");
    assert_eq!(written.headers["authorization"], "Token s3cret==");
    assert_eq!(written.headers["content-type"], "text/plain; charset=utf-8");
    let (line, time) = written.body.rsplit_once(' ').unwrap();
    assert_eq!((line, time.len()), ("level value=1.5", 16));
    assert_eq!(pusher.stats().sent, 1);
}

#[tokio::test]
async fn requests_are_bounded_in_lines_and_in_bytes() {
    let server = HttpServer::start(|_| Answer::Status(204, "")).await;
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    for number in 0..12_001 {
        gauge(&influx, &format!("level{number}")).set(1.0);
    }
    pusher.flush().await;
    let lines: Vec<_> = server.received("POST").iter().map(|request| request.body.lines().count()).collect();
    assert_eq!(lines, [5000, 5000, 2001]);

    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    for number in 0..100 {
        counter(&influx, &format!("{number:02}{}", "x".repeat(60_000)), &[]).increment(1);
    }
    pusher.flush().await;
    let large = server.received("POST").split_off(3);
    assert_eq!(large.iter().map(|request| request.body.lines().count()).sum::<usize>(), 100);
    assert!(large.iter().all(|request| request.body.len() <= 1024 * 1024), "1 MiB at most");
    assert_eq!(large.len(), 6);
    assert_eq!(pusher.stats().lost(), 0);
}

#[tokio::test]
async fn any_tower_service_sends_in_place_of_the_plain_client() {
    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;

    let (sent, mut received) = tokio::sync::mpsc::unbounded_channel();
    let tls = tower::service_fn(move |request: Request<Full<Bytes>>| {
        let _ = sent.send(request.uri().to_string());
        async { Ok::<_, std::io::Error>(Response::builder().status(204).body(Full::new(Bytes::new())).unwrap()) }
    });
    let influx = InfluxDb::v1("https://influx.example", "db").http_client(HttpClient::new(tls));
    let (influx, mut pusher) = influx.build().unwrap();
    gauge(&influx, "level").set(1.0);
    pusher.flush().await;
    assert_eq!(received.recv().await.unwrap(), "https://influx.example/ping");
    assert_eq!(received.recv().await.unwrap(), "https://influx.example/write?db=db");
    assert_eq!(pusher.stats().sent, 1);
}

#[tokio::test]
async fn the_pool_of_the_http_transport_sends_too() {
    let server = HttpServer::start(|_| Answer::Status(204, "")).await;
    let client = HttpClient::new(towerkit_transport_http::Pool::new());
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").http_client(client).build().unwrap();
    gauge(&influx, "level").set(1.0);
    pusher.flush().await;
    assert_eq!(pusher.stats().sent, 1);
}

#[test]
fn settings_that_can_not_be_are_told_at_the_build() {
    let said = |influx: InfluxDb| influx.build().map(drop).unwrap_err().to_string();
    let v1 = |url: &str| InfluxDb::v1(url, "db");
    assert_eq!(
        said(v1("https://host")),
        "InfluxDB: the URL of the server is https, and the client is plain: pass one that can do TLS"
    );
    assert!(said(v1("http://me:hunter2@host")).contains("credentials"));
    assert!(!said(v1("http://me:hunter2@host")).contains("hunter2"));
    assert!(said(v1("host:8086")).contains("URL"));
    assert!(said(InfluxDb::v1("http://host", "")).contains("empty"));
    assert!(said(InfluxDb::v2("http://host", "org", "", "token")).contains("empty"));
    assert!(said(InfluxDb::v2("http://host", "org", "bucket", "to\nken")).contains("token"));
    assert!(said(v1("http://host").user("a:b", "c")).contains("colon"));
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", InfluxDb::v1("http://host", "db").user("me", "hunter2"));
    assert!(!shown.contains("hunter2") && shown.contains("db"), "{shown}");
    let influx = InfluxDb::v2("http://host", "org", "bucket", "hunter2");
    assert!(!format!("{influx:?}").contains("hunter2"));
    let (store, pusher) = influx.build().unwrap();
    let shown = format!("{store:?} {:?}", pusher.interval(Duration::from_secs(1)));
    assert!(!shown.contains("hunter2"), "{shown}");
}
