//! The requests themselves, as a server of the test's own sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use towerkit_endpoint::BoxError;
use towerkit_metrics::HttpClient;
use towerkit_metrics::cloudwatch::{CloudWatch, Credentials};
use towerkit_testing::tool;

use super::moto::python;
use super::{counter, credentials, data, gauge, to};
use crate::http_server::{Answer, HttpServer, Received};

/// The authorization that botocore gives to a request of this body and time.
const SIGN: &str = r#"
import sys, datetime
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

url, time, token, body = sys.argv[1:]
now = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ")
botocore.auth.get_current_datetime = lambda *_, **__: now
request = AWSRequest(method="POST", url=url, data=body.encode(), headers={
    "content-type": "application/x-amz-json-1.0", "x-amz-target": "GraniteServiceVersion20100801.PutMetricData"})
credentials = Credentials("AKIDEXAMPLE", "wJalr/XUtnFEMI+K7MDENG", token or None)
botocore.auth.SigV4Auth(credentials, "monitoring", "eu-central-1").add_auth(request)
print(request.headers["Authorization"], end="")
"#;

async fn sent(credentials: Credentials, base: &str) -> (Received, String) {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let url = format!("{}{base}", server.url());
    let cloudwatch = CloudWatch::new("eu-central-1", "Test", credentials).endpoint(&url);
    let (cloudwatch, mut pusher) = cloudwatch.high_resolution().build().unwrap();
    gauge(&cloudwatch, "level \"x\"").set(0.5);
    pusher.flush().await;
    (server.received("POST").remove(0), url)
}

#[tokio::test]
async fn a_request_is_signed_as_botocore_signs_it() {
    let Some(program) = tool::find("python_moto", "a_request_is_signed_as_botocore_signs_it") else { return };
    for (token, base) in [("", ""), ("a/long+session==", "/"), ("token", "/a%20b/(c)/~d:e//f")] {
        let credentials = if token.is_empty() { credentials() } else { credentials().with_token(token) };
        let (request, url) = sent(credentials, base).await;
        assert_eq!(request.headers.get("x-amz-security-token").map_or("", String::as_str), token);
        let url = format!("{}/", url.trim_end_matches('/'));
        let theirs = python(&program, SIGN, &[&url, &request.headers["x-amz-date"], token, &request.body]);
        assert_eq!(request.headers["authorization"], theirs, "{base}");
    }
}

#[tokio::test]
async fn a_datum_says_what_it_is() {
    let (request, _) = sent(credentials(), "").await;
    assert_eq!((request.path.as_str(), request.headers["content-type"].as_str()), ("/", "application/x-amz-json-1.0"));
    let data = data(&request.body);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let time = data[0]["Timestamp"].as_f64().unwrap();
    assert!((now - 60.0..=now).contains(&time), "{time}");
    assert_eq!(data[0]["StorageResolution"], 1);
    assert_eq!((&data[0]["MetricName"], &data[0]["Value"]), (&"level \"x\"".into(), &0.5.into()));
}

#[tokio::test]
async fn credentials_that_are_replaced_are_asked_for_before_each_flush() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let provider = move || {
        let time = counted.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, BoxError>(Credentials::new(format!("KEY{time}"), "secret").with_token(format!("token{time}"))) }
    };
    let cloudwatch = CloudWatch::new("eu-central-1", "Test", provider).endpoint(server.url());
    let (cloudwatch, mut pusher) = cloudwatch.build().unwrap();
    gauge(&cloudwatch, "level").set(1.0);
    pusher.flush().await;
    pusher.flush().await;
    for (time, request) in server.received("POST").iter().enumerate() {
        assert!(request.headers["authorization"].contains(&format!("Credential=KEY{time}/")), "{request:?}");
        assert_eq!(request.headers["x-amz-security-token"], format!("token{time}"));
    }
    assert_eq!((asked.load(Ordering::Relaxed), server.received("POST").len()), (2, 2));
}

#[tokio::test]
async fn the_url_of_cloudwatch_is_made_of_the_region() {
    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;

    let (sent, mut received) = tokio::sync::mpsc::unbounded_channel();
    let tls = tower::service_fn(move |request: Request<Full<Bytes>>| {
        let _ = sent.send((request.uri().to_string(), request.headers()["host"].clone()));
        async { Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::new()))) }
    });
    let cloudwatch = CloudWatch::new("eu-central-1", "Test", credentials()).http_client(HttpClient::new(tls));
    let (cloudwatch, mut pusher) = cloudwatch.build().unwrap();
    counter(&cloudwatch, "hits", &[]).increment(1);
    pusher.flush().await;
    let (url, host) = received.recv().await.unwrap();
    assert_eq!(
        (url.as_str(), host.to_str().unwrap()),
        ("https://monitoring.eu-central-1.amazonaws.com/", "monitoring.eu-central-1.amazonaws.com")
    );
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let server = HttpServer::start(|_| Answer::Status(403, "no")).await;
    let secret = credentials().with_token("hunter2");
    let cloudwatch = CloudWatch::new("eu-central-1", "Test", secret.clone()).endpoint(server.url());
    let shown = format!("{secret:?} {cloudwatch:?}");
    let (cloudwatch, mut pusher) = cloudwatch.build().unwrap();
    counter(&cloudwatch, "hits", &[]).increment(1);
    pusher.flush().await;
    let shown = format!("{shown} {cloudwatch:?} {pusher:?} {:?}", pusher.stats());
    assert!(!shown.contains("hunter2") && !shown.contains("wJalr") && shown.contains("AKIDEXAMPLE"), "{shown}");
    let _ = to(&server);
}
