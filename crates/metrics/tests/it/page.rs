//! What the page of `Prometheus` looks like.

use std::time::Duration;

use http::{HeaderValue, Request as HttpRequest, header};
use http_body_util::BodyExt as _;
use metrics::{Key, Level, Metadata, Recorder as _};
use tower::ServiceExt as _;
use towerkit_endpoint::{Context, Endpoint as _, Request, SpanId, TraceContext, TraceId};
use towerkit_metrics::{Metrics, Prometheus};
use towerkit_transport_http::codec::{Empty, Raw};
use towerkit_transport_http::{Body, Router, Server};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

/// The page as a scraper gets it through a router, with its content type.
async fn scrape(prometheus: &Prometheus, accept: &str) -> (String, Vec<u8>) {
    let router = Router::new().get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()));
    let request = HttpRequest::get("/metrics").header(header::ACCEPT, accept).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let types: Vec<_> = response.headers().get_all(header::CONTENT_TYPE).iter().collect();
    let [content_type] = types[..] else { panic!("one content type: {types:?}") };
    let content_type = content_type.to_str().unwrap().to_owned();
    (content_type, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

pub(super) async fn open_metrics(prometheus: &Prometheus) -> String {
    let (content_type, page) = scrape(prometheus, OPEN_METRICS).await;
    assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    String::from_utf8(page).unwrap()
}

fn trace() -> TraceContext {
    TraceContext::new(TraceId::new(0xa).unwrap(), SpanId::new(0xb).unwrap(), true)
}

#[test]
fn each_kind_is_written_as_the_text_format_has_it() {
    let prometheus = Prometheus::new().buckets("wait_seconds", [0.5, 1.0, 2.5]);
    let metrics = Metrics::new(prometheus.clone());
    metrics.labelled("kind", "book").counter("sold_total", "Items sold.").increment(3);
    metrics.labelled("kind", "a \"b\"\\\n").counter("sold_total", "Items sold.").increment(1);
    metrics.gauge("open", "Doors\nthat are \\ \"open\".").set(-1.5);
    let wait = metrics.histogram("wait_seconds", "");
    [0.25, 0.5, 0.75, 9.0].into_iter().for_each(|value| wait.record(value));
    let page = r#"# HELP open Doors\nthat are \\ "open".
# TYPE open gauge
open -1.5
# HELP sold_total Items sold.
# TYPE sold_total counter
sold_total{kind="a \"b\"\\\n"} 1
sold_total{kind="book"} 3
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.5"} 2
wait_seconds_bucket{le="1.0"} 3
wait_seconds_bucket{le="2.5"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 10.5
wait_seconds_count 4
"#;
    assert_eq!(prometheus.text(), page);
}

#[tokio::test]
async fn each_kind_is_written_as_openmetrics_has_it() {
    let prometheus = Prometheus::new().buckets("wait_seconds", [0.5]);
    let metrics = Metrics::new(prometheus.clone());
    metrics.counter("sold_total", "Items \"sold\".").increment(3);
    metrics.gauge("open", "Doors.").set(2.0);
    metrics.labelled("a", "b").histogram("wait_seconds", "Waits.").record(0.25);
    metrics.labelled("a", "b").exemplars("wait_seconds").unwrap().record(0.75, trace());
    let page = open_metrics(&prometheus).await;
    // The time of the exemplar is now.
    let exemplar = r#" # {trace_id="0000000000000000000000000000000a",span_id="000000000000000b"} 0.75 "#;
    let (before, after) = page.split_once(exemplar).unwrap();
    let (time, after) = after.split_once('\n').unwrap();
    let age = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64() - time.parse::<f64>().unwrap();
    assert!((-0.001..60.0).contains(&age), "{time}");
    let expected = r##"# HELP open Doors.
# TYPE open gauge
open 2
# HELP sold Items \"sold\".
# TYPE sold counter
sold_total 3
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{a="b",le="0.5"} 1
wait_seconds_bucket{a="b",le="+Inf"} 2wait_seconds_sum{a="b"} 1
wait_seconds_count{a="b"} 2
# EOF
"##;
    assert_eq!(format!("{before}{after}"), expected);
}

#[tokio::test]
async fn the_scraper_chooses_the_format() {
    let prometheus = Prometheus::new();
    Metrics::new(prometheus.clone()).counter("visits_total", "Visits.").increment(7);
    let (content_type, page) = scrape(&prometheus, "text/plain").await;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(page, prometheus.text().into_bytes());
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    let (content_type, page) = scrape(&prometheus, accept).await;
    assert_eq!(
        content_type,
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    );
    let family = b"\x0a\x0cvisits_total\x12\x07Visits.\x18\x00\x22\x0b\x1a\x09\x09\0\0\0\0\0\0\x1c\x40";
    assert_eq!((usize::from(page[0]), &page[1..]), (family.len(), &family[..]));
}

#[tokio::test]
async fn the_endpoint_works_without_http_too() {
    let prometheus = Prometheus::new();
    let mut context = Context::new();
    context.metadata_mut().insert(header::ACCEPT, HeaderValue::from_static(OPEN_METRICS));
    let reply = prometheus.scrape().invoke(Request::with_context(context, ())).await.unwrap();
    assert_eq!(reply.reply(), "# EOF\n");
}

#[test]
fn names_that_a_page_may_not_have_are_mapped() {
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone());
    let odd = metrics.labelled("naïve", "1").labelled("__name__", "x").labelled("9", "2");
    odd.gauge("9 lives{", "").set(1.0);
    let bare = prometheus.text();
    assert_eq!(bare, "# TYPE _9_lives_ gauge\n_9_lives_{_9=\"2\",_name__=\"x\",na_ve=\"1\"} 1\n");
}

#[test]
fn names_that_become_one_are_one_series() {
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone());
    metrics.labelled("a.b", "1").counter("shop.sold", "").increment(1);
    metrics.labelled("a_b", "1").counter("shop_sold_total", "").increment(1);
    assert_eq!(prometheus.text(), "# TYPE shop_sold_total counter\nshop_sold_total{a_b=\"1\"} 2\n");
}

#[test]
fn labels_in_another_order_are_the_same_series() {
    let prometheus = Prometheus::new();
    let metadata = Metadata::new("", Level::INFO, None);
    for labels in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
        prometheus.register_counter(&Key::from_parts("sold_total", &labels), &metadata).increment(1);
    }
    // Given twice, the last one counts; a page with both would be refused.
    let twice = Key::from_parts("sold_total", &[("a", "0"), ("b", "2"), ("a", "1")]);
    prometheus.register_counter(&twice, &metadata).increment(1);
    assert_eq!(prometheus.text(), "# TYPE sold_total counter\nsold_total{a=\"1\",b=\"2\"} 3\n");
}

#[test]
fn a_name_that_another_has_is_refused_and_counted() {
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone());
    metrics.counter("sold", "Items.").increment(1);
    metrics.histogram("wait", "Waits.").record(1.0);
    // A gauge of the counter's name; a name that the histogram has on the page; a histogram whose names others have.
    metrics.gauge("sold", "").set(5.0);
    metrics.gauge("wait_count", "").set(5.0);
    metrics.gauge("sold_total", "").set(5.0);
    metrics.counter("wait_sum_total", "").increment(5);
    metrics.gauge("sold_created", "").set(5.0);
    let text = prometheus.text();
    assert!(
        text.starts_with("# HELP sold_total Items.\n# TYPE sold_total counter\nsold_total 1\n# HELP wait "),
        "{text}"
    );
    assert_eq!(text.matches("# TYPE").count(), 3, "{text}");
    assert!(text.ends_with("towerkit_metrics_refused_total{reason=\"name_taken\"} 5\n"), "{text}");
}

#[test]
fn what_is_no_number_is_refused_and_counted() {
    let prometheus = Prometheus::new().buckets("size", [0.0, 1.0]);
    let metrics = Metrics::new(prometheus.clone());
    let size = metrics.histogram("size", "");
    [f64::NAN, -1.0, f64::NEG_INFINITY, f64::INFINITY].into_iter().for_each(|value| size.record(value));
    metrics.exemplars("size").unwrap().record(f64::NAN, trace());
    metrics.gauge("level", "").set(f64::NAN);
    let text = prometheus.text();
    assert!(text.contains("level NaN\n"), "{text}");
    assert!(
        text.contains("size_bucket{le=\"0.0\"} 2\nsize_bucket{le=\"1.0\"} 2\nsize_bucket{le=\"+Inf\"} 3\n"),
        "{text}"
    );
    assert!(text.contains("towerkit_metrics_refused_total{reason=\"not_a_number\"} 2\n"), "{text}");
}

#[test]
fn a_gauge_that_says_it_is_a_total_is_a_counter_of_fractions() {
    let prometheus = Prometheus::new();
    Metrics::new(prometheus.clone()).gauge("process_cpu_seconds_total", "CPU.").set(0.25);
    let page = "# HELP process_cpu_seconds_total CPU.\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 0.25\n";
    assert_eq!(prometheus.text(), page);
}

#[test]
fn the_longest_end_of_a_name_sets_its_buckets() {
    let prometheus = Prometheus::new()
        .buckets("", [1.0])
        .buckets("_seconds", [3.0, f64::NAN, 2.0, 2.0, f64::INFINITY])
        .buckets("wait_seconds", []);
    let metrics = Metrics::new(prometheus.clone());
    for name in ["size", "run_seconds", "wait_seconds", "body_bytes"] {
        metrics.histogram(name, "").record(1.0);
    }
    let text = prometheus.text();
    let bounds = |name: &str| -> Vec<_> {
        let prefix = format!("{name}_bucket{{le=\"");
        text.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once('"').map(|(bound, _)| bound)).collect()
    };
    assert_eq!(bounds("size"), ["1.0", "+Inf"]);
    assert_eq!(bounds("run_seconds"), ["2.0", "3.0", "+Inf"]);
    assert_eq!(bounds("wait_seconds"), ["+Inf"]);
    assert_eq!((bounds("body_bytes").len(), bounds("body_bytes")[10]), (12, "6.7108864e+07"));
}

#[tokio::test(start_paused = true)]
async fn a_series_that_is_idle_is_left_off_until_it_changes_or_is_forgotten() {
    let idle = Duration::from_secs(300);
    let prometheus = Prometheus::new().idle_after(idle);
    let metrics = Metrics::new(prometheus.clone());
    let held = metrics.counter("held_total", "");
    held.increment(1);
    metrics.counter("dropped_total", "").increment(1);
    assert_eq!(prometheus.text().matches(" 1\n").count(), 2);
    tokio::time::advance(idle).await;
    assert_eq!(prometheus.text(), "");
    held.increment(1);
    assert_eq!(prometheus.text(), "# TYPE held_total counter\nheld_total 2\n");
    metrics.counter("dropped_total", "").increment(1);
    assert!(prometheus.text().contains("dropped_total 1\n"));
}

#[test]
fn hooks_run_before_each_scrape() {
    let prometheus = Prometheus::new();
    let scrapes = Metrics::new(prometheus.clone()).counter("scrapes_total", "");
    let prometheus = prometheus.before_scrape(move || scrapes.increment(1));
    assert!(prometheus.text().ends_with("scrapes_total 1\n"));
    assert!(prometheus.text().ends_with("scrapes_total 2\n"));
}
