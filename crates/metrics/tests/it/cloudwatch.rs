//! Against moto, which stands in for CloudWatch, and read back by botocore, AWS's own client. moto takes any signature, and more than CloudWatch
//! does: requests are compared with those that botocore signs, and limits are seen by a server of the tests' own.

mod failure;
mod limits;
mod moto;
mod requests;
mod values;

use metrics::{Key, Label, Level, Metadata, Recorder};
use towerkit_metrics::cloudwatch::{CloudWatch, Credentials};
use towerkit_metrics::push::Store;
use towerkit_metrics::{Counter, Gauge, Histogram};

use crate::http_server::HttpServer;

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn key(name: &str, labels: &[(&str, &str)]) -> Key {
    let label = |(name, value): &(&str, &str)| Label::new((*name).to_owned(), (*value).to_owned());
    Key::from_parts(name.to_owned(), labels.iter().map(label).collect::<Vec<_>>())
}

fn counter(store: &Store, name: &str, labels: &[(&str, &str)]) -> Counter {
    store.register_counter(&key(name, labels), &METADATA)
}

fn gauge(store: &Store, name: &str) -> Gauge {
    store.register_gauge(&key(name, &[]), &METADATA)
}

fn histogram(store: &Store, name: &str) -> Histogram {
    store.register_histogram(&key(name, &[]), &METADATA)
}

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalr/XUtnFEMI+K7MDENG")
}

/// One that sends to a server of the test's own.
fn to(server: &HttpServer) -> CloudWatch<Credentials> {
    CloudWatch::new("eu-central-1", "Test", credentials()).endpoint(server.url())
}

/// The data of a request.
fn data(body: &str) -> Vec<serde_json::Value> {
    let request: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(request["Namespace"], "Test");
    request["MetricData"].as_array().expect("data").clone()
}
