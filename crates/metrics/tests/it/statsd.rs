//! Against Etsy's statsd, read back through its management port; and what is in a datagram.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use metrics::{Key, Label, Level, Metadata, Recorder, Unit};
use tokio::time::sleep;
use tower::{ServiceBuilder, ServiceExt};
use towerkit_endpoint::{Code, Error, Request, endpoint_fn};
use towerkit_lifecycle::Member;
use towerkit_metrics::Metrics;
use towerkit_metrics::push::{PathLabels, Store};
use towerkit_metrics::statsd::Statsd;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

use crate::push_support::{SOON, ask, folder, wait_until};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const EVERY: Duration = Duration::from_millis(100);
const STOP: Duration = Duration::from_secs(10);

struct Server {
    node: PathBuf,
    package: PathBuf,
    settings: PathBuf,
    port: u16,
    management: u16,
    process: Option<Process>,
}

impl Server {
    /// One that is not started yet. It flushes so often; until then it shows what it got.
    fn new(test: &str, flush: Duration) -> Option<Self> {
        let (node, package) = (tool::find("node", test)?, tool::find("statsd", test)?);
        let settings = folder(&format!("statsd-{test}")).join("config.js");
        let (port, management, flush) = (free_port(), free_port(), flush.as_millis());
        let listen = |server: &str| format!("{{ server: './servers/{server}', address: '127.0.0.1', port: {port} }}");
        let config = format!(
            "{{ servers: [{}, {}], mgmt_address: '127.0.0.1', mgmt_port: {management}, flushInterval: {flush}, \
             backends: ['./backends/console'], console: {{ prettyprint: false }}, debug: true }}",
            listen("udp"),
            listen("tcp"),
        );
        fs::write(&settings, config).unwrap();
        Some(Self { node, package, settings, port, management, process: None })
    }

    fn start(&mut self) {
        let mut command = Command::new(&self.node);
        command.current_dir(&self.package).arg("stats.js").arg(&self.settings);
        self.process = Some(Process::start(&mut command).listens_on(self.management, SOON));
    }

    fn started(test: &str, flush: Duration) -> Option<Self> {
        let mut server = Self::new(test, flush)?;
        server.start();
        Some(server)
    }

    fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it has, on one line: `'a.b': 3, c: [ 1, 2 ]`.
    fn has(&self, what: &str) -> String {
        ask(self.management, &format!("{what}\n"), "END").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    async fn gets(&self, what: &str, entry: &str) {
        wait_until(entry, || self.has(what).contains(entry).then_some(())).await;
    }

    #[track_caller]
    fn found_no_bad_line(&self) {
        let counters = self.has("counters");
        assert!(counters.contains("'statsd.bad_lines_seen': 0"), "{counters}");
    }
}

const NEVER: Duration = Duration::from_secs(600);

#[tokio::test]
async fn statsd_has_exactly_what_was_recorded() {
    let Some(server) = Server::started("statsd_has_exactly_what_was_recorded", NEVER) else { return };
    let (statsd, pusher) = Statsd::new(server.address()).prefix("addsvc").build();
    let metrics = Metrics::new(statsd);
    let sum = metrics.labelled("operation", "sum");
    sum.labelled("code", "ok").counter("requests_total", "Requests.").increment(2);
    let store = pusher.store().clone();
    let running = pusher.interval(EVERY).spawn();
    server.gets("counters", "'addsvc.requests_total.sum.ok': 2").await;
    sum.labelled("code", "ok").counter("requests_total", "Requests.").increment(40);
    server.gets("counters", "'addsvc.requests_total.sum.ok': 42").await;

    let in_flight = sum.gauge("in_flight", "Requests.");
    in_flight.increment(5.5);
    in_flight.decrement(1.0);
    let below = metrics.gauge("below_zero", "A gauge.");
    below.set(-7.25);
    server.gets("gauges", "'addsvc.in_flight.sum': 4.5").await;
    server.gets("gauges", "'addsvc.below_zero': -7.25").await;
    in_flight.increment(2.0);
    below.increment(1.0);
    server.gets("gauges", "'addsvc.in_flight.sum': 6.5").await;
    server.gets("gauges", "'addsvc.below_zero': -6.25").await;

    let duration = sum.histogram("request_duration_seconds", "How long.");
    duration.record(0.0123);
    duration.record(1.5);
    duration.record(0.000_001_5);
    metrics.histogram("size_bytes", "How large.").record(512.0);
    server.gets("timers", "'addsvc.request_duration.sum': [ 12.3, 1500, 0.0015 ]").await;
    server.gets("timers", "'addsvc.size_bytes': [ 512 ]").await;

    running.stop(STOP).await;
    server.found_no_bad_line();
    assert_eq!((store.stats().lost(), store.stats().last_error), (0, None));
}

#[tokio::test]
async fn what_the_layer_counts_and_times_is_in_statsd() {
    let Some(server) = Server::started("what_the_layer_counts_and_times_is_in_statsd", NEVER) else { return };
    let (statsd, mut pusher) = Statsd::new(server.address()).prefix("addsvc").build();
    let metrics = Metrics::new(statsd);
    let sum = endpoint_fn(|n: u32| async move {
        if n == 0 { Err(Error::new(Code::InvalidArgument, "nothing to add")) } else { Ok(n + 1) }
    });
    let sum = ServiceBuilder::new().layer(metrics.requests("sum")).service(sum);
    for n in [1, 0, 2, 3] {
        let _ = sum.clone().oneshot(Request::new(n)).await;
    }
    pusher.flush().await;
    server.gets("counters", "'addsvc.requests_total.sum.ok': 3").await;
    server.gets("counters", "'addsvc.requests_total.sum.invalid_argument': 1").await;
    server.gets("gauges", "'addsvc.requests_in_flight.sum': 0").await;
    let timers = server.has("timers");
    let (_, times) = timers.split_once("'addsvc.request_duration.sum': [").expect(&timers);
    assert_eq!(times.split_once(']').unwrap().0.split(',').count(), 4);
    server.found_no_bad_line();
}

#[tokio::test]
async fn statsd_reads_the_nastiest_names() {
    let Some(server) = Server::started("statsd_reads_the_nastiest_names", NEVER) else { return };
    let (statsd, mut pusher) = Statsd::new(server.address()).prefix("a:b..c|").build();
    for (nth, name) in ["x:1|c", "x\ny:2|c", "", "\u{fc}ber @0.1", "#|:,;=/ \\\"'\0\r"].into_iter().enumerate() {
        let key = Key::from_parts(format!("{nth}{name}"), vec![Label::new("l", name), Label::new("m", "1.2.3")]);
        statsd.register_counter(&key, &METADATA).increment(1);
        statsd.register_gauge(&key, &METADATA).set(-1.0);
        statsd.register_histogram(&key, &METADATA).record(2.0);
    }
    statsd.register_histogram(&Key::from_name("negative"), &METADATA).record(-1.0);
    pusher.flush().await;
    server.gets("timers", "'a_b.c_.1x_y_2_c.x_y_2_c.1_2_3': [ 2 ]").await;
    for name in ["0x_1_c.x_1_c", "1x_y_2_c.x_y_2_c", "2._", "3_ber__0.1._ber__0_1"] {
        assert!(server.has("counters").contains(&format!("'a_b.c_.{name}.1_2_3': 1")), "{name}");
        assert!(server.has("gauges").contains(&format!("'a_b.c_.{name}.1_2_3': -1")), "{name}");
    }
    server.found_no_bad_line();
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (15, 1), "a time below zero is none to StatsD");
}

#[tokio::test]
async fn a_sampled_timer_has_its_true_count() {
    let test = "a_sampled_timer_has_its_true_count";
    let Some(mut server) = Server::started(test, Duration::from_secs(1)) else { return };
    let (statsd, mut pusher) = Statsd::new(server.address()).sample(10).build();
    let histogram = statsd.register_histogram(&Key::from_name("time"), &METADATA);
    (0..1000).for_each(|_| histogram.record(5.0));
    pusher.flush().await;
    server.process.as_mut().unwrap().wait_until_said("count: 1000,", 1, SOON);
    assert!(server.process.as_ref().unwrap().said().contains("mean: 5,"));
}

/// Sent at once, they would be more than the server's socket holds.
#[tokio::test]
async fn a_large_flush_arrives_as_a_whole() {
    let Some(mut server) = Server::started("a_large_flush_arrives_as_a_whole", Duration::from_secs(1)) else { return };
    let (statsd, mut pusher) = Statsd::new(server.address()).build();
    for nth in 0..20 {
        let histogram = statsd.register_histogram(&Key::from_name(format!("time.{nth}")), &METADATA);
        (0..1000).for_each(|value| histogram.record(f64::from(value)));
    }
    pusher.flush().await;
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (20_000, 0));
    // It may have flushed in between.
    let counted = |said: &str| -> u32 {
        let counts = said.split_whitespace().zip(said.split_whitespace().skip(1)).filter(|(word, _)| *word == "count:");
        counts.map(|(_, count)| count.trim_end_matches(',').parse::<u32>().unwrap()).sum()
    };
    let process = server.process.as_mut().unwrap();
    wait_until("all are counted", || (counted(&process.said()) == 20_000).then_some(())).await;
}

#[tokio::test]
async fn a_server_that_comes_late_and_goes_and_comes_back_gets_every_count() {
    let test = "a_server_that_comes_late_and_goes_and_comes_back_gets_every_count";
    let Some(mut server) = Server::new(test, NEVER) else { return };
    let (statsd, pusher) = Statsd::new(server.address()).build();
    let hits = statsd.register_counter(&Key::from_name("hits"), &METADATA);
    let store = pusher.store().clone();
    let running = pusher.interval(EVERY).spawn();
    hits.increment(3);
    wait_until("it fails", || store.stats().last_error).await;
    hits.increment(4);
    server.start();
    server.gets("counters", "hits: 7").await;

    server.kill();
    for _ in 0..10 {
        hits.increment(1);
        sleep(EVERY).await;
    }
    server.start();
    server.gets("counters", "hits: 10").await;
    hits.increment(1);
    server.gets("counters", "hits: 11").await;
    running.stop(STOP).await;
    assert_eq!(store.stats().lost(), 0);
}

#[tokio::test]
async fn what_was_measured_before_the_stop_arrives() {
    let Some(server) = Server::started("what_was_measured_before_the_stop_arrives", NEVER) else { return };
    let (statsd, pusher) = Statsd::new(server.address()).build();
    statsd.register_counter(&Key::from_name("hits"), &METADATA).increment(9);
    pusher.spawn().stop(SOON).await; // long before the first ten seconds are over
    server.gets("counters", "hits: 9").await;
}

#[tokio::test]
async fn statsd_reads_lines_from_a_stream_too() {
    let Some(mut server) = Server::started("statsd_reads_lines_from_a_stream_too", NEVER) else { return };
    assert!(TcpStream::connect(server.address()).is_ok());
    let (statsd, pusher) = Statsd::tcp(server.address()).build();
    let running = pusher.interval(EVERY).spawn();
    let hits: Vec<_> =
        (0..2000).map(|nth| statsd.register_counter(&Key::from_name(format!("hits.{nth}")), &METADATA)).collect();
    hits.iter().for_each(|counter| counter.increment(7));
    let all = |server: &Server| {
        let said = ask(server.management, "counters\n", "END");
        said.matches(": 7").count()
    };
    wait_until("all are there", || (all(&server) == 2000).then_some(())).await;
    server.kill();
    hits.iter().for_each(|counter| counter.increment(7));
    sleep(EVERY * 3).await;
    server.start();
    wait_until("all are there again", || (all(&server) == 2000).then_some(())).await;
    running.stop(STOP).await;
    server.found_no_bad_line();
}

/// What is sent, a text for each datagram.
async fn datagrams(build: impl FnOnce(Statsd) -> Statsd, record: impl FnOnce(&Store)) -> Vec<String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (statsd, mut pusher) = build(Statsd::new(socket.local_addr().unwrap().to_string())).build();
    record(&statsd);
    pusher.flush().await;
    socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 65_536];
    std::iter::from_fn(|| {
        socket.recv(&mut bytes).ok().map(|length| String::from_utf8(bytes[..length].to_vec()).unwrap())
    })
    .collect()
}

#[tokio::test]
async fn datagrams_are_full_and_none_is_above_the_limit_and_no_line_is_split() {
    let record = |store: &Store| {
        for nth in 0..500 {
            let key = Key::from_parts("requests_total", vec![Label::new("operation", format!("operation-{nth}"))]);
            store.register_counter(&key, &METADATA).increment(nth + 1);
        }
    };
    for limit in [512, 1432, 8932] {
        let sent = datagrams(|statsd| statsd.prefix("addsvc").max_datagram(limit), record).await;
        let lines: Vec<_> = sent.iter().flat_map(|datagram| datagram.split('\n')).collect();
        let longest = lines.iter().map(|line| line.len()).max().unwrap();
        for datagram in &sent {
            assert!(datagram.len() <= limit, "{} bytes", datagram.len());
        }
        for datagram in &sent[..sent.len() - 1] {
            assert!(datagram.len() + 1 + longest > limit, "{} of {limit} bytes", datagram.len());
        }
        let mut expected: Vec<_> =
            (0..500).map(|nth| format!("addsvc.requests_total.operation-{nth}:{}|c", nth + 1)).collect();
        expected.sort();
        let mut lines = lines;
        lines.sort_unstable();
        assert_eq!(lines, expected);
    }
}

#[tokio::test]
async fn a_line_is_name_value_type_and_rate() {
    let record = |store: &Store| {
        let key = |name: &'static str| Key::from_parts(name, vec![Label::new("code", "ok")]);
        store.register_counter(&key("a_total"), &METADATA).increment(u64::MAX);
        store.register_gauge(&key("b"), &METADATA).set(-0.5);
        store.register_gauge(&key("c"), &METADATA).set(1e21);
        store.describe_histogram("d_nanoseconds".into(), Some(Unit::Nanoseconds), "".into());
        let histogram = store.register_histogram(&key("d_nanoseconds"), &METADATA);
        (0..8).for_each(|_| histogram.record(1_500_000.0));
    };
    let labels = PathLabels::NamesAndValues;
    let sent = datagrams(|statsd| statsd.sample(2).labels(labels), record).await;
    let mut expected = String::new();
    writeln!(expected, "a_total.code.ok:{}|c", u64::MAX).unwrap();
    expected += "b.code.ok:0|g\nb.code.ok:-0.5|g\nc.code.ok:1000000000000000000000|g\n";
    expected += "d.code.ok:1.5|ms|@0.25\nd.code.ok:1.5|ms|@0.25";
    assert_eq!(sent, [expected]);
}

#[tokio::test]
async fn a_line_that_is_longer_than_a_datagram_is_lost_and_counted() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let to = socket.local_addr().unwrap().to_string();
    let (statsd, mut pusher) = Statsd::new(to).max_datagram(20).build();
    statsd.register_counter(&Key::from_name("a".repeat(20)), &METADATA).increment(1);
    statsd.register_counter(&Key::from_name("short"), &METADATA).increment(1);
    pusher.flush().await;
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (1, 1));
    assert!(pusher.stats().last_error.unwrap().contains("too long"));
}
