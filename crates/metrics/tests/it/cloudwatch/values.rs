//! What is read back is what was measured.

use metrics::{Recorder, Unit};
use towerkit_lifecycle::Member;
use towerkit_metrics::cloudwatch::CloudWatch;

use super::moto::Moto;
use super::{counter, credentials, gauge, histogram};
use crate::push_support::SOON;

#[tokio::test]
async fn values_are_read_back_exactly() {
    let Some(moto) = Moto::start("values_are_read_back_exactly") else { return };
    let cloudwatch = CloudWatch::new("eu-central-1", "Shop/Addsvc", credentials()).endpoint(moto.url());
    let (cloudwatch, mut pusher) = cloudwatch.dimension("host", "a1").build().unwrap();
    cloudwatch.describe_counter("hits".into(), Some(Unit::Count), "".into());
    cloudwatch.describe_histogram("took".into(), Some(Unit::Seconds), "".into());
    cloudwatch.describe_gauge("pause".into(), Some(Unit::Nanoseconds), "".into());
    cloudwatch.describe_gauge("memory".into(), Some(Unit::Mebibytes), "".into());
    let (ok, failed) =
        (counter(&cloudwatch, "hits", &[("code", "ok")]), counter(&cloudwatch, "hits", &[("code", "in \"ternal\\")]));
    let took = histogram(&cloudwatch, "took");
    let level = gauge(&cloudwatch, "level");

    ok.increment(3);
    failed.increment(1);
    level.set(0.1);
    gauge(&cloudwatch, "pause").set(2_500.0);
    gauge(&cloudwatch, "memory").set(1.5);
    [0.25, 0.5, 0.25, 4.0].into_iter().for_each(|value| took.record(value));
    let many = histogram(&cloudwatch, "many");
    (1..=400).for_each(|value| many.record(f64::from(value) / 4.0));
    pusher.flush().await;
    ok.increment(2);
    level.set(-1e-9);
    pusher.flush().await;

    let expected = [
        "hits|code=in \"ternal\\,host=a1|Count|1.0|1.0|1.0|1.0",
        "hits|code=ok,host=a1|Count|2.0|5.0|2.0|3.0",
        "level|host=a1|-|2.0|0.099999999|-1e-09|0.1",
        "many|host=a1|-|400.0|20050.0|0.25|100.0",
        "memory|host=a1|Bytes|2.0|3145728.0|1572864.0|1572864.0",
        "pause|host=a1|Microseconds|2.0|5.0|2.5|2.5",
        "took|host=a1|Seconds|4.0|5.0|0.25|4.0",
    ];
    assert_eq!(moto.read("Shop/Addsvc"), expected);
    let store = pusher.store().clone();
    assert_eq!((store.stats().sent, store.stats().lost()), (7 + 2 + 4, 0), "{:?}", store.stats().last_error);
}

#[tokio::test]
async fn a_summary_is_read_back_exactly() {
    let Some(moto) = Moto::start("a_summary_is_read_back_exactly") else { return };
    let cloudwatch = CloudWatch::new("eu-central-1", "Summary", credentials()).endpoint(moto.url()).max_values(0);
    let (cloudwatch, mut pusher) = cloudwatch.high_resolution().build().unwrap();
    let took = histogram(&cloudwatch, "took");
    // More than a store keeps.
    (1..=5_000).for_each(|value| took.record(f64::from(value)));
    pusher.flush().await;
    assert_eq!(moto.read("Summary"), ["took||-|5000.0|12502500.0|1.0|5000.0"]);
}

#[tokio::test]
async fn names_that_cloudwatch_would_refuse_are_read_back_cleaned() {
    let Some(moto) = Moto::start("names_that_cloudwatch_would_refuse_are_read_back_cleaned") else { return };
    let cloudwatch = CloudWatch::new("eu-central-1", "Names", credentials()).endpoint(moto.url());
    let (cloudwatch, mut pusher) = cloudwatch.build().unwrap();
    counter(&cloudwatch, "h\u{fc}ts\n\"\\", &[(":k", "v\t\u{1f600}"), ("empty", " "), ("b", "\"\\u0000")]).increment(1);
    pusher.flush().await;
    assert_eq!(moto.read("Names"), ["h_ts_\"\\|_k=v__,b=\"\\u0000|-|1.0|1.0|1.0|1.0"]);
}

#[tokio::test]
async fn what_was_measured_until_the_stop_is_sent() {
    let Some(moto) = Moto::start("what_was_measured_until_the_stop_is_sent") else { return };
    let cloudwatch = CloudWatch::new("eu-central-1", "Stop", credentials()).endpoint(moto.url());
    let (cloudwatch, pusher) = cloudwatch.build().unwrap();
    counter(&cloudwatch, "hits", &[]).increment(5);
    pusher.spawn().stop(SOON).await;
    assert_eq!(moto.read("Stop"), ["hits||-|1.0|5.0|5.0|5.0"]);
}
