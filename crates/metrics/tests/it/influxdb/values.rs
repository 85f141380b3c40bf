//! What is written is what was measured.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use towerkit_lifecycle::Member;
use towerkit_metrics::influxdb::{InfluxDb, Precision};

use super::server::Server;
use super::{counter, gauge, histogram};
use crate::push_support::SOON;

/// Without their times.
fn fields(points: Vec<BTreeMap<String, Value>>) -> Vec<Value> {
    let without = |mut point: BTreeMap<String, Value>| {
        point.remove("time");
        json!(point)
    };
    points.into_iter().map(without).collect()
}

#[tokio::test]
async fn values_are_read_back_exactly() {
    let Some(server) = Server::start("values_are_read_back_exactly") else { return };
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    let hits = counter(&influx, "hits", &[]);
    let level = gauge(&influx, "level");
    let took = histogram(&influx, "took");

    hits.increment(3);
    level.set(0.1);
    (1..=200).for_each(|value| took.record(f64::from(value) / 8.0));
    pusher.flush().await;
    level.set(-1e-300);
    hits.increment(9_007_199_254_740_993); // no float holds it
    took.record(0.3);
    pusher.flush().await;
    pusher.flush().await;

    assert_eq!(fields(server.points("hits")), [json!({"count": 3}), json!({"count": 9_007_199_254_740_993_u64})]);
    let levels = [0.1, -1e-300, -1e-300].map(|value| json!({ "value": value }));
    assert_eq!(fields(server.points("level")), levels);
    let first = json!({
        "count": 200, "sum": 2512.5, "min": 0.125, "max": 25.0, "p50": 12.5, "p90": 22.5, "p95": 23.75, "p99": 24.75,
    });
    let second =
        json!({ "count": 1, "sum": 0.3, "min": 0.3, "max": 0.3, "p50": 0.3, "p90": 0.3, "p95": 0.3, "p99": 0.3 });
    let read = fields(server.points("took"));
    let floats =
        |value: &Value| value.as_object().unwrap().iter().map(|(n, v)| (n.clone(), v.as_f64())).collect::<Vec<_>>();
    assert_eq!(read.iter().map(floats).collect::<Vec<_>>(), [floats(&first), floats(&second)]);
    let store = pusher.store().clone();
    assert_eq!((store.stats().sent, store.stats().lost()), (7, 0));
}

#[tokio::test]
async fn labels_and_constant_tags_are_tags() {
    let Some(server) = Server::start("labels_and_constant_tags_are_tags") else { return };
    let influx = InfluxDb::v1(server.url(), "db").tag("host", "a1").tag("zone", "east");
    let (influx, mut pusher) = influx.build().unwrap();
    counter(&influx, "hits", &[("code", "ok"), ("zone", "of the label")]).increment(1);
    counter(&influx, "hits", &[("code", "internal")]).increment(2);
    pusher.flush().await;
    let read: Vec<_> =
        server.series("^hits$").into_iter().map(|series| json!([series.tags, series.points[0]["count"]])).collect();
    let expected = [
        json!([{"code": "internal", "host": "a1", "zone": "east"}, 2]),
        json!([{"code": "ok", "host": "a1", "zone": "of the label"}, 1]),
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn the_time_of_a_point_is_that_of_the_flush() {
    let Some(server) = Server::start("the_time_of_a_point_is_that_of_the_flush") else { return };
    let units = [
        (Precision::Nanoseconds, 1),
        (Precision::Microseconds, 1_000),
        (Precision::Milliseconds, 1_000_000),
        (Precision::Seconds, 1_000_000_000),
    ];
    for (precision, unit) in units {
        let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").precision(precision).build().unwrap();
        let name = format!("{precision:?}");
        gauge(&influx, &name).set(1.0);
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 / unit * unit;
        let before = now();
        pusher.flush().await;
        let points = server.points(&name);
        let time = points[0]["time"].as_u64().unwrap();
        assert!((before..=now()).contains(&time) && time.is_multiple_of(unit), "{name}: {time}");
    }
}

#[tokio::test]
async fn what_was_measured_until_the_stop_is_written() {
    let Some(server) = Server::start("what_was_measured_until_the_stop_is_written") else { return };
    let (influx, pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    counter(&influx, "hits", &[]).increment(5);
    pusher.spawn().stop(SOON).await;
    assert_eq!(server.total("hits"), 5);
}

#[tokio::test]
async fn points_go_to_the_retention_policy_that_is_asked_for() {
    let Some(server) = Server::start("points_go_to_the_retention_policy_that_is_asked_for") else { return };
    server.query("CREATE RETENTION POLICY \"a week & more\" ON db DURATION 8d REPLICATION 1");
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").retention_policy("a week & more").build().unwrap();
    gauge(&influx, "level").set(2.0);
    pusher.flush().await;
    let read = server.query("SELECT value FROM \"a week & more\".level");
    assert_eq!(read["results"][0]["series"][0]["values"][0][1], 2.0);
    assert!(server.points("level").is_empty(), "the default one has none");
}
