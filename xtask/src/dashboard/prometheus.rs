//! A Prometheus that scrapes each second, and is asked by its API.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use towerkit_testing::process::{Process, free_port};

/// What it scrapes: a job, the name of its only instance, and the port.
pub type Scraped = (&'static str, &'static str, u16);

pub struct Prometheus {
    port: u16,
    folder: PathBuf,
    _process: Process,
}

/// A line: its labels, and its points as seconds since 1970 and values.
pub struct Series {
    pub labels: BTreeMap<String, String>,
    pub points: Vec<(f64, f64)>,
}

/// How long it may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

impl Prometheus {
    pub fn start(program: &Path, scraped: &[Scraped], rules: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("towerkit-dashboard-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nrule_files: ['{}']\nscrape_configs:\n",
            rules.display()
        );
        for (job, instance, port) in scraped {
            let target = format!("{{targets: ['127.0.0.1:{port}'], labels: {{instance: {instance}}}}}");
            config += &format!("- {{job_name: {job}, static_configs: [{target}]}}\n");
        }
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config)?;
        let port = free_port();
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command.arg("--enable-feature=exemplar-storage");
        let mut process = Process::start(&mut command);
        process.wait_for("is ready", PATIENCE, || {
            get(port, "/-/ready").is_ok_and(|answer| answer.contains(" 200 OK\r\n"))
        });
        Ok(Self { port, folder, _process: process })
    }

    /// The lines of an expression, with a point for each second.
    pub fn query_range(&self, expression: &str, from: f64, to: f64) -> Result<Vec<Series>> {
        let data = self.data("query_range", expression, from, to)?;
        let results = data["result"].as_array().context("no result")?;
        let series = |result: &Value| Series {
            labels: labels(&result["metric"]),
            points: list(&result["values"])
                .filter_map(|point| Some((point[0].as_f64()?, number(&point[1])?)))
                .collect(),
        };
        Ok(results.iter().map(series).collect())
    }

    /// The exemplars of an expression's series, as points.
    pub fn exemplars(&self, expression: &str, from: f64, to: f64) -> Result<Vec<(f64, f64)>> {
        let data = self.data("query_exemplars", expression, from, to)?;
        let exemplars = list(&data).flat_map(|series| list(&series["exemplars"]));
        Ok(exemplars.filter_map(|one| Some((one["timestamp"].as_f64()?, number(&one["value"])?))).collect())
    }

    /// The alerting rules: the name of each, and what is wrong with it, if something is.
    pub fn rules(&self) -> Result<Vec<(String, Option<String>)>> {
        let data = self.api("rules")?;
        let rules = list(&data["groups"]).flat_map(|group| list(&group["rules"]));
        let rule = |rule: &Value| {
            let wrong = (rule["health"] != "ok").then(|| format!("{} {}", rule["health"], rule["lastError"]));
            Some((rule["name"].as_str()?.to_owned(), wrong))
        };
        Ok(rules.filter_map(rule).collect())
    }

    fn data(&self, what: &str, expression: &str, from: f64, to: f64) -> Result<Value> {
        let expression: String = expression.bytes().map(|byte| format!("%{byte:02x}")).collect();
        self.api(&format!("{what}?query={expression}&start={from}&end={to}&step=1"))
    }

    fn api(&self, path: &str) -> Result<Value> {
        let answer = get(self.port, &format!("/api/v1/{path}"))?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        let answer: Value = serde_json::from_str(body).with_context(|| body.to_owned())?;
        if answer["status"] != "success" {
            bail!("{}", answer["error"]);
        }
        Ok(answer["data"].clone())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The whole answer. By HTTP/1.0 nothing comes in chunks.
fn get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: prometheus\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

/// Numbers come as texts. None where it is none: nothing divided by nothing.
fn number(json: &Value) -> Option<f64> {
    json.as_str()?.parse().ok().filter(|number: &f64| number.is_finite())
}

fn labels(json: &Value) -> BTreeMap<String, String> {
    let labels = json.as_object().into_iter().flatten();
    labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
