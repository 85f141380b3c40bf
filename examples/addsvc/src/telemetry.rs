//! What operators see of a program: its logs, metrics and traces, and the flags that say where they go.

use std::io::stderr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::runtime::Handle;
use towerkit_endpoint::{BoxError, Error, Exchange, Via};
use towerkit_lifecycle::{Group, Member as _};
use towerkit_log::{Colour, Flusher, LogLayer, Logger, NonBlocking, Outcome, Syslog};
use towerkit_metrics::dogstatsd::Dogstatsd;
use towerkit_metrics::graphite::Graphite;
use towerkit_metrics::influxdb::InfluxDb;
use towerkit_metrics::process::Process;
use towerkit_metrics::push::{PushEvent, Pusher, Store};
use towerkit_metrics::statsd::Statsd;
use towerkit_metrics::{Fanout, Metrics, MetricsLayer, Prometheus};
use towerkit_tracing::{
    CallsLayer, ExportEvent, Exporter, Otlp, Propagation, RequestsLayer, Sampler, Tracer, TracerBuilder, Zipkin,
};
use tracing::Level;

/// The flags of a service. They are not to be shown: a URL may have a secret in it.
#[derive(Args, Clone)]
#[expect(missing_debug_implementations, reason = "see above")]
#[group(id = "telemetry")]
pub struct Flags {
    /// How log lines are written.
    #[arg(long, value_enum, default_value_t = LogFormat::Logfmt, value_name = "FORMAT")]
    log_format: LogFormat,

    /// Which lines are written: a level for all, and for targets by name, as in `info,request=warn`.
    #[arg(long, default_value = "info", value_name = "FILTER")]
    log_filter: String,

    /// A syslog server reached by UDP, that gets the lines in place of standard error.
    #[arg(long, value_name = "IP:PORT", conflicts_with = "log_format")]
    syslog_addr: Option<std::net::SocketAddr>,

    /// A StatsD server, by UDP.
    #[arg(long, value_name = "HOST:PORT")]
    statsd_addr: Option<String>,

    /// An agent of Datadog, or another server of DogStatsD, by UDP.
    #[arg(long, value_name = "HOST:PORT")]
    dogstatsd_addr: Option<String>,

    /// A Graphite server, by its plaintext protocol.
    #[arg(long, value_name = "HOST:PORT")]
    graphite_addr: Option<String>,

    /// An InfluxDB server of the version 1 API, such as http://127.0.0.1:8086; the database is --influxdb-database.
    #[arg(long, value_name = "URL")]
    influxdb_url: Option<String>,

    /// Where InfluxDB writes.
    #[arg(long, default_value = "towerkit", value_name = "NAME", requires = "influxdb_url")]
    influxdb_database: String,

    /// How often metrics are pushed, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    push_interval: u64,

    /// Where traces go.
    #[command(flatten)]
    trace: TraceFlags,
}

/// The flags that say where traces go: all that a client has.
#[derive(Args, Clone)]
#[expect(missing_debug_implementations, reason = "a URL may have a secret in it")]
pub struct TraceFlags {
    /// Where Zipkin takes spans, such as http://127.0.0.1:9411/api/v2/spans.
    #[arg(long, value_name = "URL")]
    zipkin_url: Option<String>,

    /// Where a collector takes spans by OTLP: by gRPC, such as http://127.0.0.1:4317, or by HTTP where the path ends in /v1/traces.
    #[arg(long, value_name = "URL")]
    otlp_url: Option<String>,

    /// The share of the traces that are recorded, of those that begin here.
    #[arg(long, default_value_t = 1.0, value_name = "0..1", value_parser = share)]
    trace_ratio: f64,

    /// Tells the services that are called of the trace in B3's single header, too.
    #[arg(long)]
    trace_b3: bool,
}

fn share(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or("is no number from 0 to 1")
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// Lines of key=value.
    Logfmt,
    /// An object a line.
    Json,
    /// For people.
    Terminal,
    /// No lines.
    Off,
}

/// The logs, metrics and traces of a service.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Its log.
    pub log: Logger,
    /// Its metrics.
    pub metrics: Metrics,
    /// Its traces.
    pub tracer: Tracer,
}

/// What carries them away.
#[derive(Debug)]
pub struct Carriers {
    flusher: Option<Flusher>,
    pushers: Vec<Pusher>,
    /// Where something is pushed; who scrapes has the process looked at by that.
    process: Option<Process>,
    exporter: Exporter,
}

impl Telemetry {
    /// Of nothing, to nobody.
    #[must_use]
    pub fn off() -> Self {
        Self { log: Logger::off(), metrics: Metrics::off(), tracer: Tracer::off() }
    }

    /// What goes around each endpoint that is served, outermost.
    pub fn requests(&self, operation: &'static str) -> (RequestsLayer, LogLayer, MetricsLayer) {
        (self.tracer.requests(operation), self.log.requests(operation), self.metrics.requests(operation))
    }

    /// What goes around each endpoint that calls another service, outside of its attempts. How the call goes is for the trace.
    pub fn calls(&self, operation: &'static str, via: Via) -> (CallsLayer, LogLayer, MetricsLayer) {
        // One line a request is enough; the calls it takes are told where they fail.
        let log = self.log.calls(operation).level(Outcome::Ok, Level::DEBUG);
        (self.tracer.calls(operation).via(via), log, self.metrics.calls(operation))
    }

    /// Told of requests that reach no endpoint, so that no layer knows of them.
    pub fn unserved(&self) -> impl Fn(&Error, &Exchange) + Clone + Send + Sync + use<> {
        let (log, metrics) = (self.log.unserved(), self.metrics.unserved());
        move |error, exchange| {
            log(error, exchange);
            metrics(error, exchange);
        }
    }
}

impl Flags {
    /// Begins with all of it for a service of this name; the metrics are on Prometheus's page in any case.
    ///
    /// # Errors
    ///
    /// Where a flag can't be followed; the error names it.
    pub fn start(&self, service: &str) -> Result<(Telemetry, Prometheus, Carriers), BoxError> {
        let (log, flusher) = self.log();
        log.set_filter(&self.log_filter).map_err(|error| format!("--log-filter {}: {error}", self.log_filter))?;
        let log = log.with("service", service);

        let (stores, pushers): (Vec<_>, Vec<_>) = self.push(service)?.into_iter().unzip();
        let prometheus = Prometheus::new().native_buckets("");
        let recorders = Fanout::new().with(prometheus.clone());
        let metrics = Metrics::new(stores.into_iter().fold(recorders, Fanout::with));
        let process = Process::new(&metrics).runtime(Handle::current());
        let sampled = (!pushers.is_empty()).then(|| process.clone().interval(self.push_interval()));
        let prometheus = prometheus.before_scrape(move || process.sample());
        let pushers =
            pushers.into_iter().map(|pusher| told(pusher.interval(self.push_interval()), log.clone())).collect();

        let (tracer, exporter) = self.trace.tracer(service)?.build();
        let listener = log.clone();
        let exporter = exporter.on_event(move |event| {
            listener.scope(|| match event {
                ExportEvent::Sent { .. } => tracing::debug!("{event}"),
                _ => tracing::warn!("{event}"),
            });
        });
        let carriers = Carriers { flusher, pushers, process: sampled, exporter };
        Ok((Telemetry { log, metrics, tracer }, prometheus, carriers))
    }

    fn log(&self) -> (Logger, Option<Flusher>) {
        if let Some(server) = self.syslog_addr {
            let (log, flusher) = Logger::syslog(Syslog::udp(server).app(env!("CARGO_PKG_NAME")));
            return (log, Some(flusher));
        }
        // Whoever reads standard error slowly holds up nobody.
        let (writer, flusher) = NonBlocking::new(stderr());
        let log = match self.log_format {
            LogFormat::Logfmt => Logger::logfmt(writer),
            LogFormat::Json => Logger::json(writer),
            LogFormat::Terminal => Logger::terminal_in(Colour::of(&stderr()), writer),
            LogFormat::Off => Logger::off(),
        };
        (log, Some(flusher))
    }

    const fn push_interval(&self) -> Duration {
        Duration::from_secs(self.push_interval)
    }

    fn push(&self, service: &str) -> Result<Vec<(Store, Pusher)>, BoxError> {
        let mut push = Vec::new();
        push.extend(self.statsd_addr.as_ref().map(|server| Statsd::new(server).prefix(service).build()));
        push.extend(self.dogstatsd_addr.as_ref().map(|server| Dogstatsd::new(server).tag("service", service).build()));
        push.extend(self.graphite_addr.as_ref().map(|server| {
            // Carbon is to keep a point for each flush.
            Graphite::new(server).prefix(service).resolution(self.push_interval()).build()
        }));
        if let Some(url) = &self.influxdb_url {
            let influxdb = InfluxDb::v1(url, &self.influxdb_database).tag("service", service).build();
            push.push(influxdb.map_err(|error| format!("--influxdb-url: {error}"))?);
        }
        Ok(push)
    }
}

/// What becomes of a backend is logged.
fn told(pusher: Pusher, log: Logger) -> Pusher {
    let backend = pusher.name().into_owned();
    pusher.on_event(move |event| {
        log.scope(|| match event {
            PushEvent::Recovered { .. } => tracing::info!(backend, "{event}"),
            _ => tracing::warn!(backend, "{event}"),
        });
    })
}

impl TraceFlags {
    /// What makes the spans of a program of this name; without a flag none are kept.
    ///
    /// # Errors
    ///
    /// Where an URL can't be; the error names its flag.
    pub fn tracer(&self, service: &str) -> Result<TracerBuilder, BoxError> {
        let mut tracer = Tracer::builder(service).sampler(Sampler::ratio(self.trace_ratio));
        if self.trace_b3 {
            tracer = tracer.writes([Propagation::W3c, Propagation::B3Single]);
        }
        if let Some(url) = &self.zipkin_url {
            tracer = tracer.export(Zipkin::new(url).map_err(|error| format!("--zipkin-url: {error}"))?);
        }
        if let Some(url) = &self.otlp_url {
            let otlp = if url.ends_with("/v1/traces") { Otlp::http(url) } else { Otlp::grpc(url) };
            tracer = tracer.export(otlp.map_err(|error| format!("--otlp-url: {error}"))?);
        }
        Ok(tracer)
    }
}

impl Carriers {
    /// Adds them to a group that has nothing else yet: so they stop last, and carry away what the others have told until then.
    #[must_use]
    pub fn join(self, group: Group) -> Group {
        group.with_all(self.flusher).with_all(self.pushers).with_all(self.process).with(self.exporter)
    }
}
