//! What the real Prometheus makes of the page.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tower::service_fn;
use tower_layer::Layer as _;
use towerkit_endpoint::{Code, Context, Endpoint as _, Error, Request, SpanId, TraceContext, TraceId};
use towerkit_lifecycle::{Lifeline, Member as _, Stopper};
use towerkit_metrics::{Metrics, Prometheus};
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;
use towerkit_transport_http::codec::{Empty, Raw};
use towerkit_transport_http::{Router, Server, serve};

/// How long Prometheus may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service whose page is scraped, and the Prometheus that does so. Dropped, both are gone.
struct Site {
    port: u16,
    folder: PathBuf,
    _process: Process,
    _stopper: Stopper,
}

impl Site {
    /// None where Prometheus is not here.
    async fn start(test: &str, prometheus: &Prometheus, features: &str) -> Option<Self> {
        let program = tool::find("prometheus", test)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let router = Router::new().get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()));
        let (lifeline, stopper) = Lifeline::detached();
        tokio::spawn(serve(listener, router).run(lifeline));

        let folder = std::env::temp_dir().join(format!("towerkit-metrics-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "global:\n  scrape_interval: 300ms\n  scrape_timeout: 300ms\nscrape_configs:\n- job_name: service\n  \
             static_configs:\n  - targets: ['{target}']\n"
        );
        std::fs::write(folder.join("prometheus.yml"), config).unwrap();
        let port = free_port();
        let process = Process::start(
            Command::new(program)
                .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
                .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg(format!("--enable-feature={features}")),
        );
        let ready = move || get(port, "/-/ready").starts_with("HTTP/1.0 200");
        let wait = move || {
            let mut process = process.listens_on(port, PATIENCE);
            process.wait_for("is ready", PATIENCE, ready);
            process
        };
        let process = tokio::task::spawn_blocking(wait).await.unwrap();
        Some(Self { port, folder, _process: process, _stopper: stopper })
    }

    fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let encode = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
        let query: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let answer = get(self.port, &format!("/api/v1/{path}?{}", query.join("&")));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        assert_eq!(answer["status"], "success", "{answer}");
        answer["data"].clone()
    }

    /// The value of a query that has one result.
    fn query(&self, query: &str) -> Option<f64> {
        let data = self.api("query", &[("query", query)]);
        let results = data["result"].as_array().unwrap();
        assert!(results.len() < 2, "{query}: {results:?}");
        Some(results.first()?["value"][1].as_str().unwrap().parse().unwrap())
    }

    /// Waits until a query has this value.
    async fn expect(&self, query: &str, value: f64) {
        self.expect_that(query, |seen| seen == value).await;
    }

    async fn expect_that(&self, query: &str, fits: impl Fn(f64) -> bool) {
        let start = Instant::now();
        loop {
            let seen = self.query(query);
            if seen.is_some_and(&fits) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{query} is {seen:?}; {}", self.why());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What Prometheus says of its target.
    fn why(&self) -> String {
        self.api("targets", &[])["activeTargets"].to_string()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The whole answer.
fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn trace(id: u128) -> TraceContext {
    TraceContext::new(TraceId::new(id).unwrap(), SpanId::new(8).unwrap(), true)
}

/// Requests of each outcome, some in a trace: as many of a code as its number, and three that are ok.
async fn serve_requests(metrics: &Metrics) {
    let answer = service_fn(|request: Request<Option<Code>>| async move {
        request.into_message().map_or(Ok(()), |code| Err(Error::from(code)))
    });
    let sum = metrics.requests("sum").layer(answer);
    for id in 1..=3 {
        let mut context = Context::new();
        context.set_trace(Some(trace(id)));
        sum.invoke(Request::with_context(context, None)).await.unwrap();
    }
    for code in Code::ALL {
        for _ in 0..code.number() {
            sum.invoke(Some(code)).await.unwrap_err();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_back_what_was_recorded() {
    let prometheus = Prometheus::new().buckets("size_bytes", [10.0, 20.0]);
    let test = "prometheus_reads_back_what_was_recorded";
    let Some(site) = Site::start(test, &prometheus, "exemplar-storage").await else { return };
    let metrics = Metrics::new(prometheus.clone()).prefixed("shop");
    serve_requests(&metrics).await;
    let odd = "a \"b\"\\\n c {} é";
    metrics.labelled("title", odd).counter("sold_total", "Items.").increment(1 << 53);
    metrics.gauge("level", "Level.").set(0.1 + 0.2);
    let size = metrics.histogram("size_bytes", "Sizes.");
    [5.0, 10.0, 10.5, 20.0, 1e9].into_iter().for_each(|value| size.record(value));

    site.expect(r#"shop_requests_total{operation="sum",code="ok"}"#, 3.0).await;
    for code in Code::ALL {
        let query = format!(r#"shop_requests_total{{operation="sum",code="{code}"}}"#, code = code.as_str());
        site.expect(&query, f64::from(code.number())).await;
    }
    site.expect(r#"shop_requests_in_flight{operation="sum"}"#, 0.0).await;
    site.expect(r#"shop_request_duration_seconds_count{operation="sum"}"#, 139.0).await;
    site.expect("shop_level", 0.1 + 0.2).await;
    let query = r#"shop_sold_total{title="a \"b\"\\\n c {} é"}"#;
    site.expect(query, (1_u64 << 53) as f64).await;
    for (bound, count) in [("10.0", 2.0), ("20.0", 4.0), ("+Inf", 5.0)] {
        site.expect(&format!(r#"shop_size_bytes_bucket{{le="{bound}"}}"#), count).await;
    }
    site.expect("shop_size_bytes_sum", 1_000_000_045.5).await;
    // It has read the description and the kind.
    let metadata = site.api("metadata", &[("metric", "shop_size_bytes")]);
    let about = &metadata["shop_size_bytes"][0];
    assert_eq!(
        (&about["type"], &about["help"], &about["unit"]),
        (&"histogram".into(), &"Sizes.".into(), &"bytes".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_finds_the_trace_of_a_duration() {
    let prometheus = Prometheus::new().buckets("", [1.0, 2.0]);
    let test = "prometheus_finds_the_trace_of_a_duration";
    let Some(site) = Site::start(test, &prometheus, "exemplar-storage").await else { return };
    let metrics = Metrics::new(prometheus.clone());
    let wait = metrics.exemplars("wait_seconds").unwrap();
    for (value, id) in [(0.5, 0xa), (1.5, 0xb), (9.0, 0xc)] {
        wait.record(value, trace(id));
    }
    site.expect("wait_seconds_count", 3.0).await;
    let mut found = exemplars(&site, "wait_seconds_bucket");
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    assert_eq!(
        found,
        [(0.5, trace_id(0xa), "1.0".into()), (1.5, trace_id(0xb), "2.0".into()), (9.0, trace_id(0xc), "+Inf".into())]
    );
}

fn trace_id(id: u128) -> String {
    format!("{id:032x}")
}

/// Value, trace, and the bound of the bucket.
fn exemplars(site: &Site, series: &str) -> Vec<(f64, String, String)> {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let (start, end) = ((now - 600).to_string(), (now + 60).to_string());
    let data = site.api("query_exemplars", &[("query", series), ("start", &start), ("end", &end)]);
    let of_series = |series: &Value| -> Vec<_> {
        let bound = series["seriesLabels"]["le"].as_str().unwrap_or_default().to_owned();
        let exemplars = series["exemplars"].as_array().unwrap().iter();
        exemplars
            .map(|exemplar| {
                let value = exemplar["value"].as_str().unwrap().parse().unwrap();
                (value, exemplar["labels"]["trace_id"].as_str().unwrap().to_owned(), bound.clone())
            })
            .collect()
    };
    data.as_array().unwrap().iter().flat_map(of_series).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_native_histograms() {
    let prometheus = Prometheus::new().native_buckets("");
    let test = "prometheus_reads_native_histograms";
    let Some(site) = Site::start(test, &prometheus, "native-histograms,exemplar-storage").await else { return };
    let metrics = Metrics::new(prometheus.clone());
    let wait = metrics.histogram("wait_seconds", "Waits.");
    // Log-normal enough: from 1 ms to 1000 s, evenly by magnitude.
    let values: Vec<f64> = (0..=6000).map(|n| 10_f64.powf(f64::from(n) / 1000.0 - 3.0)).collect();
    values.iter().for_each(|value| wait.record(*value));
    wait.record(0.0);
    [-1.0, -2.0].into_iter().for_each(|value| wait.record(value));
    serve_requests(&metrics).await;

    site.expect("histogram_count(wait_seconds)", values.len() as f64 + 3.0).await;
    let sum = values.iter().sum::<f64>() - 3.0;
    site.expect_that("histogram_sum(wait_seconds)", |seen| (seen / sum - 1.0).abs() < 1e-12).await;
    // 8 buckets for each doubling: a quantile is known to 9 %.
    for (quantile, value) in [(0.25, 0.0316), (0.5, 1.0), (0.75, 31.6), (0.99, 871.0)] {
        let query = format!("histogram_quantile({quantile}, wait_seconds)");
        site.expect_that(&query, |seen| (seen / value - 1.0).abs() < 0.091).await;
    }
    site.expect_that("histogram_quantile(0, wait_seconds)", |seen| (-2.2..=-2.0).contains(&seen)).await;
    site.expect(r#"histogram_count(request_duration_seconds{operation="sum"})"#, 139.0).await;
    // The other kinds come by the same format.
    site.expect(r#"requests_total{code="unauthenticated"}"#, 16.0).await;
    site.expect(r#"requests_in_flight"#, 0.0).await;
    let start = Instant::now();
    loop {
        let found = exemplars(&site, "request_duration_seconds");
        if found.iter().any(|(_, id, _)| *id == trace_id(3)) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{found:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_recorded_during_scrapes_is_neither_lost_nor_refused() {
    for features in ["exemplar-storage", "native-histograms"] {
        let prometheus = Prometheus::new().native_buckets_of("", 8, 20);
        let test = "what_is_recorded_during_scrapes_is_neither_lost_nor_refused";
        let Some(site) = Site::start(test, &prometheus, features).await else { return };
        let metrics = Metrics::new(prometheus.clone());
        let (wait, done) = (metrics.histogram("wait_seconds", "Waits."), metrics.counter("done_total", "Done."));
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (1..=3_u32)
            .map(|thread| {
                let (wait, done, stop) = (wait.clone(), done.clone(), stop.clone());
                std::thread::spawn(move || {
                    let mut recorded = 0_u64;
                    while !stop.load(Ordering::Relaxed) {
                        recorded += 1;
                        wait.record(f64::from(thread) * (recorded % 4096) as f64);
                        done.increment(1);
                        if recorded.is_multiple_of(64) {
                            std::thread::sleep(Duration::from_micros(50));
                        }
                    }
                    recorded
                })
            })
            .collect();
        // New series come meanwhile too.
        let churn = metrics.clone();
        for n in 0..40 {
            churn.labelled("n", n.to_string()).counter("churn_total", "Churn.").increment(n);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.store(true, Ordering::Relaxed);
        let recorded: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        let count =
            if features == "native-histograms" { "histogram_count(wait_seconds)" } else { "wait_seconds_count" };
        site.expect(count, recorded as f64).await;
        site.expect("done_total", recorded as f64).await;
        site.expect("sum(churn_total)", (0..40).sum::<u64>() as f64).await;
        // Not one scrape failed.
        site.expect("min_over_time(up[1m])", 1.0).await;
        // In no scrape did a count go down.
        site.expect(
            &format!("resets({}[1m])", count.trim_start_matches("histogram_count(").trim_end_matches(')')),
            0.0,
        )
        .await;
    }
}

#[test]
fn promtool_has_no_complaint() {
    let Some(promtool) = tool::find("promtool", "promtool_has_no_complaint") else { return };
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone());
    let (_server, _client) = (metrics.requests("sum"), metrics.calls("add"));
    #[cfg(feature = "process")]
    let _process = towerkit_metrics::process::Process::new(&metrics);
    metrics.histogram("wait_seconds", "Waits.").record(f64::NAN);
    metrics.labelled("odd", "\"\\\n").counter("sold", "Items \\ sold.").increment(1);
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut check = check.spawn().unwrap();
    check.stdin.take().unwrap().write_all(prometheus.text().as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}\n{}", prometheus.text());
}

#[tokio::test]
async fn a_strict_parser_of_openmetrics_has_no_complaint() {
    const READ: &str = "import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
for family in parse(sys.stdin.buffer.read().decode()):
    for sample in family.samples:
        trace = sample.exemplar.labels['trace_id'] if sample.exemplar else '-'
        print(family.name, family.type, family.unit or '-', sample.name, sample.value, trace)
";
    let Some(python) = tool::find("python_prometheus", "a_strict_parser_of_openmetrics_has_no_complaint") else {
        return;
    };
    let prometheus = Prometheus::new().buckets("offset", [-1.0, 1.0]);
    let metrics = Metrics::new(prometheus.clone());
    serve_requests(&metrics).await;
    let _client = metrics.calls("add");
    #[cfg(feature = "process")]
    let _process = towerkit_metrics::process::Process::new(&metrics);
    metrics.labelled("odd", "\"\\\n é").counter("sold", "Items \"\\\n sold.").increment(1);
    metrics.histogram("offset", "May be negative.").record(-7.0);
    metrics.histogram("loss", "Negative, and nobody said so.").record(-7.0);
    metrics.gauge("debt_total", "A counter that fell.").set(-1.0);
    for (name, value) in [("nan", f64::NAN), ("far", f64::INFINITY), ("tiny", 1e-300), ("large", 1e300)] {
        metrics.gauge(name, "A gauge.").set(value);
    }
    metrics.histogram("size_bytes", "Sizes.").record(f64::NAN);
    let page = super::page::open_metrics(&prometheus).await;
    let mut parse = Command::new(python);
    parse.args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut parse = parse.spawn().unwrap();
    parse.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = parse.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{page}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "requests counter - requests_total 16 -",
        "sold counter - sold_total 1 -",
        "size_bytes histogram bytes size_bytes_count 0 -",
        "far gauge - far inf -",
        "tiny gauge - tiny 1e-300 -",
        "towerkit_metrics_refused counter - towerkit_metrics_refused_total 1 -",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}\n{said}");
    }
    assert!(said.contains(&trace_id(3)), "{said}");
}
