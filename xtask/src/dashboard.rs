//! `docs/dashboard.json` held against a real Prometheus, while real processes have an incident: see `docs/observability.md`.

mod incident;
#[cfg(test)]
mod names;
mod page;
mod panels;
mod plot;
mod prometheus;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

use crate::test::tools;
use crate::workspace;
use incident::{END, Site};
use panels::{Dashboard, Panel};
use plot::{Line, Picture};
use prometheus::{Prometheus, Series};

#[derive(clap::Args)]
pub struct Flags {
    /// Writes nothing: only asks whether each panel has something to show.
    #[arg(long)]
    check: bool,
}

/// What Grafana fills in; the windows, which are longer than the incident in earnest; and the operations that are called.
const SET: [(&str, &str); 4] =
    [("__rate_interval", "5s"), ("short", "10s"), ("long", "1m"), ("operation", "(addsvc[.])?(sum|concat)")];

/// The alert that the incident has to raise.
const RAISED: &str = "FaultsBurnTheBudgetFast";

pub fn run(flags: &Flags) -> Result<bool> {
    let docs = workspace::root().join("docs");
    let mut dashboard = Dashboard::parse(&std::fs::read_to_string(docs.join("dashboard.json"))?)?;
    SET.into_iter().for_each(|(name, value)| dashboard.set(name, value));
    let [program, promtool] = ["prometheus", "promtool"].map(tools::provision_one);
    let promtool = promtool.context("promtool is not here")?;
    for (does, file) in [("check", "docs/alerts.yml"), ("test", "xtask/src/dashboard/alerts_test.yml")] {
        workspace::output(workspace::command(&promtool.to_string_lossy()).args([does, "rules", file]))?;
    }
    println!("the alerts pass their tests");

    let site = Site::start(&build()?);
    let program = program.context("prometheus is not here")?;
    let prometheus = Prometheus::start(&program, &site.scraped(), &docs.join("alerts.yml"))?;
    wait_for_scrapes(&prometheus, site.scraped().len())?;
    println!("an incident of {END} s");
    let told = site.suffer()?;

    let mut findings = Vec::new();
    let mut pictures = Vec::new();
    for panel in &dashboard.panels {
        let picture = picture(panel, &dashboard, &prometheus, told.began);
        findings.extend(picture.as_ref().err().map(|error| format!("{}: {error:#}", panel.title)));
        pictures.push(picture.unwrap_or_default());
    }
    let wrong = prometheus.rules()?.into_iter().filter_map(|(name, wrong)| Some(format!("{name}: {}", wrong?)));
    findings.extend(wrong);
    match raised(&prometheus, told.began)? {
        Some(second) => println!("{RAISED} fires from second {second:.0} on"),
        None => findings.push(format!("{RAISED} does not fire")),
    }
    findings.iter().for_each(|finding| println!("FAIL {finding}"));
    if !findings.is_empty() {
        return Ok(false);
    }
    println!("all {} panels have data", pictures.len());
    if !flags.check {
        std::fs::write(docs.join("observability.svg"), plot::svg(&dashboard, &pictures))?;
        let file = docs.join("observability.md");
        let page = page::with_log(&std::fs::read_to_string(&file)?, &page::log(&told)?)?;
        std::fs::write(file, page)?;
        println!("docs/observability.svg and .md are written");
    }
    Ok(true)
}

/// The services, as they are measured too.
fn build() -> Result<[PathBuf; 2]> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--release", "--package", "addsvc", "--package", "apigateway"]);
    if !build.status()?.success() {
        bail!("addsvc and apigateway can't be built");
    }
    Ok(["addsvc", "apigateway"].map(|program| workspace::target().join("release").join(program)))
}

/// Prometheus takes some seconds until it begins to scrape.
fn wait_for_scrapes(prometheus: &Prometheus, targets: usize) -> Result<()> {
    let start = Instant::now();
    loop {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        let up = prometheus.query_range("sum(up)", now, now)?;
        if up.iter().any(|series| series.points.last().is_some_and(|(_, up)| *up == targets as f64)) {
            return Ok(());
        }
        ensure!(start.elapsed() < Duration::from_secs(30), "nothing is scraped");
        thread::sleep(Duration::from_millis(200));
    }
}

/// What a panel shows of the incident; an error where a query of it fails, or finds nothing.
fn picture(panel: &Panel, dashboard: &Dashboard, prometheus: &Prometheus, began: f64) -> Result<Picture> {
    let (from, to) = (began, began + END as f64);
    let since = |(at, value): (f64, f64)| (at - began, value);
    let mut picture = Picture::default();
    for (dashes, target) in panel.targets.iter().enumerate() {
        let expression = dashboard.fill(&target.expression)?;
        let legend = dashboard.fill(&target.legend)?;
        let found = prometheus.query_range(&expression, from, to).with_context(|| expression.clone())?;
        // Operations that nobody called have a series, without a value that is a number.
        let drawn = found.into_iter().filter(|series| !series.points.is_empty());
        let lines = drawn.enumerate().map(|(colour, series)| Line {
            label: label(&legend, &series),
            colour,
            dashes,
            points: series.points.into_iter().map(since).collect(),
        });
        let before = picture.lines.len();
        picture.lines.extend(lines);
        ensure!(picture.lines.len() > before, "no data: {expression}");
        if target.exemplars {
            let found = prometheus.exemplars(&expression, from, to).with_context(|| expression.clone())?;
            ensure!(!found.is_empty(), "no exemplars: {expression}");
            picture.dots.extend(found.into_iter().map(since));
        }
    }
    Ok(picture)
}

/// In which second of the incident the alert begins to fire.
fn raised(prometheus: &Prometheus, began: f64) -> Result<Option<f64>> {
    let firing = format!("ALERTS{{alertname=\"{RAISED}\",alertstate=\"firing\"}}");
    let firing = prometheus.query_range(&firing, began, began + END as f64)?;
    Ok(firing.iter().filter_map(|series| series.points.first()).map(|(at, _)| at - began).reduce(f64::min))
}

/// A legend, with the series' labels in it.
fn label(legend: &str, series: &Series) -> String {
    series.labels.iter().fold(legend.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}
