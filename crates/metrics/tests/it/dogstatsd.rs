//! Against statsd_exporter, read back as Prometheus reads it; and beside Datadog's own client.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::time::sleep;
use towerkit_lifecycle::Member;
use towerkit_metrics::Metrics;
use towerkit_metrics::dogstatsd::Dogstatsd;
use towerkit_metrics::push::{Pusher, Store};
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

use crate::push_support::{SOON, folder, page, wait_until};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const EVERY: Duration = Duration::from_millis(100);
const STOP: Duration = Duration::from_secs(10);

struct Exporter {
    program: PathBuf,
    web: u16,
    udp: u16,
    unix: PathBuf,
    process: Option<Process>,
}

impl Exporter {
    fn new(test: &str) -> Option<Self> {
        let program = tool::find("statsd_exporter", test)?;
        let unix = folder(&format!("dogstatsd-{test}")).join("socket");
        Some(Self { program, web: free_port(), udp: free_port(), unix, process: None })
    }

    fn start(&mut self) {
        let _ = std::fs::remove_file(&self.unix);
        let mut command = Command::new(&self.program);
        command
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.web))
            .arg(format!("--statsd.listen-udp=127.0.0.1:{}", self.udp))
            .arg("--statsd.listen-tcp=")
            .arg(format!("--statsd.listen-unixgram={}", self.unix.display()));
        self.process = Some(Process::start(&mut command).listens_on(self.web, SOON));
    }

    fn started(test: &str) -> Option<Self> {
        let mut exporter = Self::new(test)?;
        exporter.start();
        Some(exporter)
    }

    fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    async fn shows(&self, line: &str) {
        wait_until(line, || page(self.web, "/metrics").lines().any(|shown| shown == line).then_some(())).await;
    }

    #[track_caller]
    fn found_no_error(&self) {
        let page = page(self.web, "/metrics");
        let errors = page.lines().filter(|line| line.starts_with("statsd_exporter_") && line.contains("error"));
        let errors: Vec<_> = errors.filter(|line| !line.ends_with(" 0")).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert!(page.contains("statsd_exporter_tag_errors_total 0"), "it counts them");
    }

    fn build(&self, way: &str) -> (Store, Pusher) {
        let dogstatsd = match way {
            "udp" => Dogstatsd::new(format!("127.0.0.1:{}", self.udp)),
            _ => Dogstatsd::unix(&self.unix),
        };
        dogstatsd.prefix("addsvc").tag("env", "prod").build()
    }
}

async fn the_exporter_has_exactly_what_was_recorded(test: &str, way: &str) {
    let Some(exporter) = Exporter::started(test) else { return };
    let (dogstatsd, pusher) = exporter.build(way);
    let metrics = Metrics::new(dogstatsd);
    let sum = metrics.labelled("operation", "sum");
    let requests = sum.labelled("code", "ok").counter("requests_total", "Requests.");
    requests.increment(2);
    let store = pusher.store().clone();
    let running = pusher.interval(EVERY).spawn();
    let labels = r#"{code="ok",env="prod",operation="sum"}"#;
    exporter.shows(&format!("addsvc_requests_total{labels} 2")).await;
    requests.increment(40);
    exporter.shows(&format!("addsvc_requests_total{labels} 42")).await;

    let below = sum.gauge("below_zero", "A gauge.");
    below.decrement(7.25);
    exporter.shows(r#"addsvc_below_zero{env="prod",operation="sum"} -7.25"#).await;
    below.increment(8.0);
    exporter.shows(r#"addsvc_below_zero{env="prod",operation="sum"} 0.75"#).await;

    let duration = sum.histogram("request_duration_seconds", "How long.");
    (1..=1000).for_each(|value| duration.record(f64::from(value) / 8.0));
    exporter.shows(r#"addsvc_request_duration_seconds_count{env="prod",operation="sum"} 1000"#).await;
    exporter.shows(r#"addsvc_request_duration_seconds_sum{env="prod",operation="sum"} 62562.5"#).await;

    running.stop(STOP).await;
    exporter.found_no_error();
    assert_eq!((store.stats().lost(), store.stats().last_error), (0, None));
}

#[tokio::test]
async fn the_exporter_has_exactly_what_was_recorded_by_udp() {
    the_exporter_has_exactly_what_was_recorded("the_exporter_has_exactly_what_was_recorded_by_udp", "udp").await;
}

#[tokio::test]
async fn the_exporter_has_exactly_what_was_recorded_by_a_unix_socket() {
    the_exporter_has_exactly_what_was_recorded("the_exporter_has_exactly_what_was_recorded_by_unix", "unix").await;
}

#[tokio::test]
async fn the_exporter_reads_the_nastiest_names_and_tags() {
    let Some(exporter) = Exporter::started("the_exporter_reads_the_nastiest_names_and_tags") else { return };
    let (dogstatsd, mut pusher) = exporter.build("udp");
    let nasty = ["x:1|c", "x\ny:2|c", "", "\u{fc}ber @0.1", "#|:,;=/ \\\"'\0\r\u{2028}"];
    for (nth, name) in nasty.into_iter().enumerate() {
        let labels = vec![Label::new(format!("l{nth}{name}"), name), Label::new("m", "a:b|#c,d\n")];
        let key = |kind: &str| Key::from_parts(format!("{kind}{nth}{name}"), labels.clone());
        dogstatsd.register_counter(&key("c"), &METADATA).increment(1);
        dogstatsd.register_gauge(&key("g"), &METADATA).set(-1.0);
        dogstatsd.register_histogram(&key("h"), &METADATA).record(2.0);
    }
    pusher.flush().await;
    exporter.shows("addsvc_c2{env=\"prod\",m=\"a:b_#c_d_\"} 1").await;
    exporter.shows("addsvc_c0x_1_c{env=\"prod\",l0x_1_c=\"x:1_c\",m=\"a:b_#c_d_\"} 1").await;
    exporter.shows("addsvc_h1x_y_2_c_count{env=\"prod\",l1x_y_2_c=\"x_y:2_c\",m=\"a:b_#c_d_\"} 1").await;
    exporter.shows("statsd_exporter_lines_total 20").await;
    exporter.found_no_error();
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (15, 0));
}

async fn an_exporter_that_comes_and_goes_gets_every_count(test: &str, way: &str) {
    let Some(mut exporter) = Exporter::new(test) else { return };
    let (dogstatsd, pusher) = exporter.build(way);
    let hits = dogstatsd.register_counter(&Key::from_name("hits"), &METADATA);
    let store = pusher.store().clone();
    let running = pusher.interval(EVERY).spawn();
    hits.increment(3);
    wait_until("it fails", || store.stats().last_error).await;
    hits.increment(4);
    exporter.start();
    exporter.shows("addsvc_hits{env=\"prod\"} 7").await;
    exporter.kill();
    for _ in 0..10 {
        hits.increment(1);
        sleep(EVERY).await;
    }
    exporter.start();
    exporter.shows("addsvc_hits{env=\"prod\"} 10").await;
    hits.increment(1);
    running.stop(STOP).await; // long before the next flush of another
    exporter.shows("addsvc_hits{env=\"prod\"} 11").await;
    assert_eq!(store.stats().lost(), 0);
}

#[tokio::test]
async fn an_exporter_that_comes_and_goes_gets_every_count_by_udp() {
    an_exporter_that_comes_and_goes_gets_every_count("an_exporter_that_comes_and_goes_by_udp", "udp").await;
}

#[tokio::test]
async fn an_exporter_that_comes_and_goes_gets_every_count_by_a_unix_socket() {
    an_exporter_that_comes_and_goes_gets_every_count("an_exporter_that_comes_and_goes_by_unix", "unix").await;
}

/// What is sent, a text for each datagram.
async fn datagrams(build: impl FnOnce(Dogstatsd) -> Dogstatsd, record: impl FnOnce(&Store)) -> Vec<String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (dogstatsd, mut pusher) = build(Dogstatsd::new(socket.local_addr().unwrap().to_string())).build();
    record(&dogstatsd);
    pusher.flush().await;
    received(&socket)
}

fn received(socket: &UdpSocket) -> Vec<String> {
    socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 65_536];
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    std::iter::from_fn(|| socket.recv(&mut bytes).ok().map(|length| text(&bytes[..length]))).collect()
}

#[tokio::test]
async fn values_are_packed_into_full_datagrams() {
    let record = |store: &Store| {
        let histogram = store.register_histogram(&Key::from_name("time"), &METADATA);
        (0..1000).for_each(|value| histogram.record(f64::from(value)));
    };
    let sent = datagrams(|dogstatsd| dogstatsd.tag("env", "prod"), record).await;
    assert!(sent.iter().all(|datagram| datagram.len() <= 1432));
    assert_eq!(sent.len(), 3, "{sent:?}");
    let lines: Vec<_> = sent.iter().flat_map(|datagram| datagram.lines()).collect();
    let values: Vec<_> = lines
        .iter()
        .flat_map(|line| line.strip_prefix("time:").unwrap().strip_suffix("|d|#env:prod").unwrap().split(':'))
        .collect();
    assert_eq!(values, (0..1000).map(|value| value.to_string()).collect::<Vec<_>>());

    let sent = datagrams(|dogstatsd| dogstatsd.unpacked().histograms(), record).await;
    assert_eq!(sent.iter().flat_map(|datagram| datagram.lines()).count(), 1000);
    assert!(sent[0].starts_with("time:0|h\ntime:1|h\n"));
}

#[tokio::test]
async fn a_sample_says_what_share_it_is() {
    let sent = datagrams(
        |dogstatsd| dogstatsd.sample(2),
        |store| {
            let histogram = store.register_histogram(&Key::from_name("time"), &METADATA);
            (0..8).for_each(|_| histogram.record(1.5));
        },
    );
    assert_eq!(sent.await, ["time:1.5:1.5|d|@0.25"]);
}

const CLIENT: &str = r#"
import sys
from datadog.dogstatsd import DogStatsd
client = DogStatsd(host="127.0.0.1", port=int(sys.argv[1]), disable_telemetry=True, disable_buffering=True,
                   disable_aggregation=True, origin_detection_enabled=False)
tags = ["operation:sum", "code:ok"]
client.increment("addsvc.requests_total", 42, tags=tags)
client.gauge("addsvc.in_flight", 4.5, tags=tags)
client.distribution("addsvc.duration", 0.125, tags=tags)
client.distribution("addsvc.plain", 3)
client.histogram("addsvc.size", 512, tags=["k:a:b/c.d-e"])
for _ in range(100):
    client.histogram("addsvc.sampled", 1.5, tags=tags, sample_rate=0.5)
"#;

#[tokio::test]
async fn lines_are_those_of_datadogs_own_client() {
    let Some(python) = tool::find("python_datadog", "lines_are_those_of_datadogs_own_client") else { return };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let output = Command::new(python).args(["-c", CLIENT, &port]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut golden: Vec<_> =
        received(&socket).iter().flat_map(|datagram| datagram.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    golden.sort();
    golden.dedup();

    let tags = || vec![Label::new("operation", "sum"), Label::new("code", "ok")];
    let distributions = datagrams(
        |dogstatsd| dogstatsd.prefix("addsvc"),
        |store| {
            store.register_counter(&Key::from_parts("requests_total", tags()), &METADATA).increment(42);
            store.register_gauge(&Key::from_parts("in_flight", tags()), &METADATA).set(4.5);
            store.register_histogram(&Key::from_parts("duration", tags()), &METADATA).record(0.125);
            store.register_histogram(&Key::from_name("plain"), &METADATA).record(3.0);
        },
    );
    let histograms = datagrams(
        |dogstatsd| dogstatsd.prefix("addsvc").histograms().sample(1),
        |store| {
            let key = Key::from_parts("size", vec![Label::new("k", "a:b/c.d-e")]);
            store.register_histogram(&key, &METADATA).record(512.0);
            let sampled = store.register_histogram(&Key::from_parts("sampled", tags()), &METADATA);
            (0..2).for_each(|_| sampled.record(1.5));
        },
    );
    let ours = [distributions.await, histograms.await].concat();
    let mut ours: Vec<_> = ours.iter().flat_map(|datagram| datagram.lines()).collect();
    ours.sort_unstable();
    assert_eq!(ours, golden);
}
