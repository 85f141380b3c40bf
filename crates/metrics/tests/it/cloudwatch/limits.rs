//! What CloudWatch refuses is never sent: see `PutMetricData` and `MetricDatum` of its reference.

use metrics::Recorder;
use towerkit_metrics::cloudwatch::CloudWatch;

use super::{METADATA, counter, credentials, data, gauge, histogram, key, to};
use crate::http_server::{Answer, HttpServer};

#[tokio::test]
async fn a_request_has_at_most_a_thousand_data_and_a_megabyte() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let (cloudwatch, mut pusher) = to(&server).build().unwrap();
    for number in 0..2_500 {
        gauge(&cloudwatch, &format!("level{number}")).set(1.0);
    }
    pusher.flush().await;
    let counts: Vec<_> = server.received("POST").iter().map(|request| data(&request.body).len()).collect();
    assert_eq!(counts, [1000, 1000, 500]);

    let (cloudwatch, mut pusher) = to(&server).build().unwrap();
    for number in 0..1_000 {
        counter(&cloudwatch, &format!("c{number}"), &[("a", &"x".repeat(1024)), ("b", &"y".repeat(1024))]).increment(1);
    }
    pusher.flush().await;
    let large = server.received("POST").split_off(3);
    assert_eq!(large.iter().map(|request| data(&request.body).len()).sum::<usize>(), 1_000);
    assert!(large.iter().all(|request| request.body.len() <= 1_000_000), "one megabyte at most");
    assert_eq!((large.len(), pusher.stats().lost()), (3, 0));
}

#[tokio::test]
async fn a_datum_has_at_most_150_values_and_each_once() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let (cloudwatch, mut pusher) = to(&server).build().unwrap();
    let took = histogram(&cloudwatch, "took");
    for _ in 0..3 {
        (0..151).for_each(|value| took.record(f64::from(value)));
    }
    pusher.flush().await;
    let data = data(&server.received("POST")[0].body);
    let lengths: Vec<_> = data.iter().map(|datum| datum["Values"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [150, 1]);
    let counts: Vec<_> = data.iter().flat_map(|datum| datum["Counts"].as_array().unwrap()).collect();
    assert!(counts.len() == 151 && counts.iter().all(|count| **count == 3.0), "{counts:?}");
}

#[tokio::test]
async fn of_more_than_may_be_told_the_summary_holds_for_all() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let (cloudwatch, mut pusher) = to(&server).max_values(1_000).build().unwrap();
    let took = histogram(&cloudwatch, "took");
    (1..=3_000).for_each(|value| took.record(f64::from(value)));
    pusher.flush().await;
    let statistics = &data(&server.received("POST")[0].body)[0]["StatisticValues"];
    let expected = serde_json::json!({"SampleCount": 3000.0, "Sum": 4_501_500.0, "Minimum": 1.0, "Maximum": 3000.0});
    assert_eq!(*statistics, expected);
}

#[tokio::test]
async fn the_counts_of_a_sample_add_up_to_all() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let (cloudwatch, mut pusher) = to(&server).build().unwrap();
    let took = histogram(&cloudwatch, "took");
    (0..4_096).for_each(|value| took.record(f64::from(value)));
    pusher.flush().await;
    let data = data(&server.received("POST")[0].body);
    let counts = data.iter().flat_map(|datum| datum["Counts"].as_array().unwrap());
    let sum: f64 = counts.map(|count| count.as_f64().unwrap()).sum();
    assert_eq!((data.len(), sum), (7, 4_096.0));
}

#[tokio::test]
async fn what_would_be_refused_is_counted_and_harms_no_other() {
    let server = HttpServer::start(|_| Answer::Status(200, "{}")).await;
    let (cloudwatch, mut pusher) = to(&server).build().unwrap();
    let label = |number: usize| (format!("label{number:02}"), "x".to_owned());
    for count in [30, 31] {
        let labels: Vec<_> = (0..count).map(label).collect();
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        cloudwatch.register_counter(&key("dimensions", &labels), &METADATA).increment(1);
    }
    gauge(&cloudwatch, "nan").set(f64::NAN);
    gauge(&cloudwatch, "large").set(1e200);
    gauge(&cloudwatch, "tiny").set(1e-200);
    gauge(&cloudwatch, " ").set(1.0);
    let took = histogram(&cloudwatch, "took");
    [f64::INFINITY, -1e200, 7.0].into_iter().for_each(|value| took.record(value));
    pusher.flush().await;

    let data = data(&server.received("POST")[0].body);
    let sent: Vec<_> =
        data.iter().map(|datum| (datum["MetricName"].as_str().unwrap(), datum["Value"].as_f64())).collect();
    assert_eq!(sent, [("dimensions", Some(1.0)), ("tiny", Some(0.0)), ("took", None)]);
    assert_eq!(data[0]["Dimensions"].as_array().unwrap().len(), 30);
    assert_eq!(data[2]["Values"], serde_json::json!([7.0]));
    let store = pusher.store().clone();
    // 31 dimensions, NaN, 1e200, the name without a letter, and two values of the histogram.
    assert_eq!((store.stats().sent, store.stats().lost()), (3, 6));
}

#[test]
fn settings_that_can_not_be_are_told_at_the_build() {
    let said = |region: &str, namespace: &str, url: &str| {
        CloudWatch::new(region, namespace, credentials()).endpoint(url).build().map(drop).unwrap_err().to_string()
    };
    assert!(said("eu central", "Test", "http://host").contains("region"));
    assert!(said("", "Test", "http://host").contains("region"));
    assert!(said("eu-central-1", "AWS/EC2", "http://host").contains("namespace"));
    assert!(said("eu-central-1", "", "http://host").contains("namespace"));
    assert!(said("eu-central-1", "Test", "host").contains("URL"));
    let to_cloudwatch = CloudWatch::new("eu-central-1", "Test", credentials()).build().map(drop).unwrap_err();
    assert!(to_cloudwatch.to_string().contains("TLS"), "{to_cloudwatch}");
}
