use towerkit_endpoint::{SpanId, TraceContext, TraceId};
use towerkit_metrics::{Fanout, Foreign, Memory, Metrics, Recorder};

/// The same of each kind, whatever the recorder.
fn record(recorder: impl Recorder) {
    let metrics = Metrics::new(recorder).prefixed("shop").labelled("zone", "a");
    let sold = metrics.counter("sold_total", "Items sold.");
    sold.increment(3);
    sold.absolute(7);
    sold.absolute(5);
    let level = metrics.gauge("level", "Level.");
    level.set(4.0);
    level.increment(1.5);
    level.decrement(0.25);
    let wait = metrics.histogram("wait_seconds", "Waits.");
    wait.record(0.25);
    wait.record_many(0.5, 3);
    let trace = TraceContext::new(TraceId::new(7).unwrap(), SpanId::new(8).unwrap(), true);
    match metrics.exemplars("wait_seconds") {
        Some(exemplars) => exemplars.record(2.0, trace),
        None => wait.record(2.0),
    }
}

fn seen(memory: &Memory) -> String {
    let labels = [("zone", "a")];
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        memory.series(),
        memory.counter("shop_sold_total", labels),
        memory.gauge("shop_level", labels),
        memory.histogram("shop_wait_seconds", labels),
        memory.exemplars("shop_wait_seconds", labels),
        ["shop_sold_total", "shop_level", "shop_wait_seconds"].map(|name| memory.description(name)),
    )
}

#[test]
fn each_of_several_recorders_sees_what_it_would_see_alone() {
    let (alone, first, second) = (Memory::new(), Memory::new(), Memory::new());
    record(alone.clone());
    record(Fanout::new().with(first.clone()).with(second.clone()));
    assert_eq!([seen(&first), seen(&second)], [seen(&alone), seen(&alone)]);
    assert!(seen(&alone).contains("Some(7)") && seen(&alone).contains("Some(5.25)"), "{}", seen(&alone));
    assert!(seen(&alone).contains("[0.25, 0.5, 0.5, 0.5, 2.0]"), "{}", seen(&alone));
    assert!(seen(&alone).contains("Some(Seconds)"), "{}", seen(&alone));
}

#[cfg(feature = "prometheus")]
#[test]
fn prometheus_beside_another_has_the_same_page_as_alone() {
    use towerkit_metrics::Prometheus;

    let (alone, beside) = (Prometheus::new(), Prometheus::new());
    record(alone.clone());
    record(Fanout::new().with(beside.clone()).with(Fanout::new().with(Memory::new())));
    assert_eq!(beside.text(), alone.text());
    assert!(alone.text().contains("shop_wait_seconds_sum{zone=\"a\"} 3.75\n"), "{}", alone.text());
}

#[test]
fn a_recorder_without_exemplars_gets_the_value_all_the_same() {
    let (with, without) = (Memory::new(), Memory::new());
    record(Fanout::new().with(with.clone()).with(Foreign(without.clone())));
    let labels = [("zone", "a")];
    assert_eq!(without.histogram("shop_wait_seconds", labels), with.histogram("shop_wait_seconds", labels));
    assert_eq!(without.exemplars("shop_wait_seconds", labels), Some(Vec::new()));
    assert_eq!(with.exemplars("shop_wait_seconds", labels).map(|kept| kept.len()), Some(1));
}

#[test]
fn a_fanout_to_recorders_without_exemplars_has_none() {
    let metrics = Metrics::new(Fanout::new().with(Foreign(Memory::new())));
    assert!(metrics.exemplars("wait_seconds").is_none());
    assert!(Metrics::new(Fanout::new()).exemplars("wait_seconds").is_none());
}
