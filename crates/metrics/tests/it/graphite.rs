//! Against carbon, read back with `whisper-fetch`; and what a line is.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::time::sleep;
use towerkit_lifecycle::Member;
use towerkit_metrics::Metrics;
use towerkit_metrics::graphite::Graphite;
use towerkit_metrics::push::PathLabels;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

use crate::push_support::{SOON, folder, wait_until};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const SECOND: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(1100);
const STOP: Duration = Duration::from_secs(10);

struct Carbon {
    program: PathBuf,
    fetch: PathBuf,
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Carbon {
    fn new(test: &str) -> Option<Self> {
        let (program, fetch) = (tool::find("carbon-cache", test)?, tool::find("whisper-fetch", test)?);
        let folder = folder(&format!("carbon-{test}"));
        let (port, pickle, query) = (free_port(), free_port(), free_port());
        let root = folder.display();
        let settings = format!(
            "[cache]\nUSER =\nSTORAGE_DIR = {root}\nLOCAL_DATA_DIR = {root}/whisper\nCONF_DIR = {root}\nLOG_DIR = {root}/log\n\
             PID_DIR = {root}\nENABLE_LOGROTATION = False\nENABLE_UDP_LISTENER = False\n\
             LINE_RECEIVER_INTERFACE = 127.0.0.1\nLINE_RECEIVER_PORT = {port}\n\
             PICKLE_RECEIVER_INTERFACE = 127.0.0.1\nPICKLE_RECEIVER_PORT = {pickle}\n\
             CACHE_QUERY_INTERFACE = 127.0.0.1\nCACHE_QUERY_PORT = {query}\nMAX_CREATES_PER_MINUTE = inf\n\
             MAX_UPDATES_PER_SECOND = inf\nCARBON_METRIC_INTERVAL = 0\nENABLE_TAGS = False\nLOG_CREATES = True\n",
        );
        fs::write(folder.join("carbon.conf"), settings).unwrap();
        fs::write(folder.join("storage-schemas.conf"), "[all]\npattern = .*\nretentions = 1s:10m\n").unwrap();
        fs::create_dir_all(folder.join("log")).unwrap();
        Some(Self { program, fetch, folder, port, process: None })
    }

    fn start(&mut self) {
        let _ = fs::remove_file(self.folder.join("carbon-cache-a.pid"));
        let mut command = Command::new(&self.program);
        command.arg("--nodaemon").arg(format!("--config={}", self.folder.join("carbon.conf").display())).arg("start");
        self.process = Some(Process::start(&mut command).listens_on(self.port, SOON));
    }

    fn started(test: &str) -> Option<Self> {
        let mut carbon = Self::new(test)?;
        carbon.start();
        Some(carbon)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// All points of a path: what carbon wrote up to now.
    fn points(&self, path: &str) -> Vec<f64> {
        let file = self.folder.join("whisper").join(format!("{}.wsp", path.replace('.', "/")));
        if !file.exists() {
            return Vec::new();
        }
        let output = Command::new(&self.fetch).arg("--drop=nulls").arg("--from=0").arg(file).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().filter_map(|line| line.split_whitespace().nth(1)).map(|value| value.parse().unwrap()).collect()
    }

    async fn has(&self, path: &str, points: impl Fn(&[f64]) -> bool) {
        wait_until(path, || points(&self.points(path)).then_some(())).await;
    }

    #[track_caller]
    fn found_no_bad_line(&self) {
        let mut said = self.process.as_ref().map(Process::said).unwrap_or_default();
        for file in fs::read_dir(self.folder.join("log")).unwrap() {
            said += &fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        }
        let bad: Vec<_> = said
            .lines()
            .filter(|line| ["invalid", "Error", "Traceback"].iter().any(|word| line.contains(word)))
            .collect();
        assert!(bad.is_empty(), "{bad:#?}");
        assert!(said.contains("creating database file") || said.contains("new metric"), "it says what it does: {said}");
    }
}

fn sum(points: &[f64]) -> f64 {
    points.iter().sum()
}

#[tokio::test]
async fn carbon_has_exactly_what_was_recorded() {
    let Some(carbon) = Carbon::started("carbon_has_exactly_what_was_recorded") else { return };
    let (graphite, pusher) = Graphite::new(carbon.address()).prefix("addsvc").resolution(SECOND).build();
    let metrics = Metrics::new(graphite);
    let of_sum = metrics.labelled("operation", "sum");
    let requests = of_sum.labelled("code", "ok").counter("requests_total", "Requests.");
    requests.increment(2);
    let level = metrics.gauge("below_zero", "A gauge.");
    level.decrement(7.25);
    let duration = of_sum.histogram("duration_seconds", "How long.");
    (1..=100).for_each(|value| duration.record(f64::from(value) / 4.0));
    let store = pusher.store().clone();
    let running = pusher.interval(EVERY).spawn();
    let path = "addsvc.requests_total.operation.sum.code.ok";
    carbon.has(path, |points| points == [2.0]).await;
    requests.increment(40);
    carbon.has(path, |points| points == [2.0, 40.0]).await;
    level.increment(8.25);
    carbon.has("addsvc.below_zero", |points| points.starts_with(&[-7.25]) && points.ends_with(&[1.0])).await;
    let expected = [("count", 100.0), ("sum", 1262.5), ("min", 0.25), ("max", 25.0)];
    let quantiles = [("p50", 12.5), ("p90", 22.5), ("p95", 23.75), ("p99", 24.75)];
    for (part, value) in expected.into_iter().chain(quantiles) {
        carbon.has(&format!("addsvc.duration_seconds.operation.sum.{part}"), |points| points == [value]).await;
    }
    requests.increment(3);
    running.stop(STOP).await;
    carbon.has(path, |points| points == [2.0, 40.0, 3.0]).await;
    carbon.found_no_bad_line();
    assert_eq!((store.stats().lost(), store.stats().last_error), (0, None));
}

#[tokio::test]
async fn a_flush_in_the_step_of_the_one_before_it_does_not_take_its_place() {
    let test = "a_flush_in_the_step_of_the_one_before_it_does_not_take_its_place";
    let Some(carbon) = Carbon::started(test) else { return };
    let (graphite, mut pusher) = Graphite::new(carbon.address()).resolution(SECOND).build();
    let hits = graphite.register_counter(&Key::from_name("hits"), &METADATA);
    for growth in [1, 2, 4] {
        hits.increment(growth);
        pusher.flush().await;
    }
    carbon.has("hits", |points| points == [1.0, 2.0, 4.0]).await;
}

#[tokio::test(start_paused = true)]
async fn it_never_flushes_more_often_than_once_a_step() {
    // Where nobody listens, a flush is seen by its error.
    for interval in [Duration::ZERO, SECOND * 10, SECOND * 60] {
        let (_graphite, pusher) = Graphite::new(format!("127.0.0.1:{}", free_port())).build();
        let store = pusher.store().clone();
        let running = pusher.interval(interval).spawn();
        sleep(SECOND * 59).await;
        assert_eq!(store.stats().last_error, None, "{interval:?}");
        sleep(SECOND * 7).await; // a flush, and its time to connect
        assert!(store.stats().last_error.is_some(), "{interval:?}");
        running.stop(STOP).await;
    }
}

#[tokio::test]
async fn the_longest_step_does_no_harm() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (graphite, mut pusher) = Graphite::new(address).resolution(Duration::MAX).build();
    graphite.register_gauge(&Key::from_name("level"), &METADATA).set(1.0);
    pusher.flush().await;
    pusher.flush().await;
    let store = pusher.store().clone();
    pusher.spawn().stop(SOON).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (3, 0));
}

#[tokio::test]
async fn carbon_reads_the_nastiest_names() {
    let Some(carbon) = Carbon::started("carbon_reads_the_nastiest_names") else { return };
    let (graphite, mut pusher) =
        Graphite::new(carbon.address()).prefix("a b/../c").labels(PathLabels::Values).resolution(SECOND).build();
    let long = "x".repeat(1000);
    let nasty = ["x 1 2\ny 3", "", "../..", "\u{fc}ber;k=v", "#|:,;=/ \\\"'\0\r*?[]{}", &long];
    for (nth, name) in nasty.into_iter().enumerate() {
        let key = Key::from_parts(format!("{nth}{name}"), vec![Label::new("l", name.to_owned())]);
        graphite.register_counter(&key, &METADATA).increment(nth as u64 + 1);
        graphite.register_histogram(&key, &METADATA).record(2.0);
    }
    pusher.flush().await;
    let cut = "x".repeat(200);
    let paths = ["0x_1_2_y_3.x_1_2_y_3", "1._", "2._.______"];
    for (nth, path) in paths.into_iter().enumerate() {
        let path = path.replace("2._.______", "2._._____");
        carbon.has(&format!("a_b_._c.{path}"), |points| points == [nth as f64 + 1.0]).await;
    }
    let long = format!("a_b_._c.5{}.{cut}", "x".repeat(199));
    carbon.has(&long, |points| points == [6.0]).await;
    carbon.has(&format!("{long}.p99"), |points| points == [2.0]).await;
    carbon.found_no_bad_line();
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (6 * 9, 0));
}

#[tokio::test]
async fn a_carbon_that_comes_late_and_goes_and_comes_back_gets_every_count() {
    let test = "a_carbon_that_comes_late_and_goes_and_comes_back_gets_every_count";
    let Some(mut carbon) = Carbon::new(test) else { return };
    let (graphite, pusher) = Graphite::new(carbon.address()).resolution(SECOND).build();
    let hits = graphite.register_counter(&Key::from_name("hits"), &METADATA);
    let store = pusher.store().clone();
    let running = pusher.interval(EVERY).spawn();
    hits.increment(3);
    wait_until("it fails", || store.stats().last_error).await;
    hits.increment(4);
    carbon.start();
    carbon.has("hits", |points| points == [7.0]).await;

    carbon.process.take().unwrap().kill();
    for _ in 0..10 {
        hits.increment(1);
        sleep(EVERY / 4).await;
    }
    carbon.start();
    carbon.has("hits", |points| sum(points) == 17.0).await;
    hits.increment(1);
    running.stop(STOP).await;
    carbon.has("hits", |points| sum(points) == 18.0).await;
    assert_eq!(store.stats().lost(), 0);
}

#[tokio::test]
async fn a_line_is_path_value_and_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (graphite, mut pusher) = Graphite::new(address).prefix("addsvc").tagged().build();
    let labels = vec![Label::new("operation", "sum"), Label::new("a=b", "~c;d e"), Label::new("none", "")];
    graphite.register_counter(&Key::from_parts("requests_total", labels.clone()), &METADATA).increment(3);
    graphite.register_histogram(&Key::from_parts("size", labels), &METADATA).record(1.5);
    pusher.flush().await;
    drop(pusher);
    let lines: Vec<_> = BufReader::new(listener.accept().unwrap().0).lines().map(Result::unwrap).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut expected = vec!["addsvc.requests_total;operation=sum;a_b=c_d_e 3".to_owned()];
    expected.push("addsvc.size.count;operation=sum;a_b=c_d_e 1".to_owned());
    expected.extend(
        ["sum", "min", "max", "p50", "p90", "p95", "p99"]
            .map(|part| format!("addsvc.size.{part};operation=sum;a_b=c_d_e 1.5")),
    );
    let (lines, times): (Vec<_>, Vec<_>) = lines.iter().map(|line| line.rsplit_once(' ').unwrap()).unzip();
    assert_eq!(lines, expected);
    assert!(times.iter().all(|time| now - time.parse::<u64>().unwrap() < 60), "{times:?}");
}
