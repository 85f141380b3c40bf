//! The server, and what is read back of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

/// Dropped, it is killed; it keeps all in memory.
pub(super) struct Moto {
    python: PathBuf,
    port: u16,
    process: Option<Process>,
}

/// A line for each metric of a namespace: `name|dimensions|unit|count|sum|min|max`, by GetMetricStatistics. The sum is asked for by GetMetricData, too.
const READ: &str = r#"
import sys, datetime
import botocore.session

endpoint, namespace = sys.argv[1:]
client = botocore.session.get_session().create_client(
    "cloudwatch", region_name="eu-central-1", endpoint_url=endpoint,
    aws_access_key_id="a", aws_secret_access_key="b")
now = datetime.datetime.now(datetime.timezone.utc)
span = dict(StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1))
for page in client.get_paginator("list_metrics").paginate(Namespace=namespace):
    for metric in page["Metrics"]:
        statistics = client.get_metric_statistics(
            **metric, **span, Period=7200, Statistics=["SampleCount", "Sum", "Minimum", "Maximum"])["Datapoints"]
        assert len(statistics) == 1, statistics
        point = statistics[0]
        query = dict(Id="a", MetricStat=dict(Metric=metric, Period=7200, Stat="Sum"))
        values = client.get_metric_data(**span, MetricDataQueries=[query])["MetricDataResults"][0]["Values"]
        assert sum(values) == point["Sum"], (values, point)
        dimensions = ",".join(sorted(d["Name"] + "=" + d["Value"] for d in metric["Dimensions"]))
        numbers = [repr(point[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum")]
        print("|".join([metric["MetricName"], dimensions, point.get("Unit", "-"), *numbers]))
"#;

impl Moto {
    pub(super) fn start(test: &str) -> Option<Self> {
        let mut moto = Self { python: tool::find("python_moto", test)?, port: free_port(), process: None };
        moto.go_on();
        Some(moto)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn stop(&mut self) {
        self.process = None;
    }

    pub(super) fn go_on(&mut self) {
        let mut command = Command::new(&self.python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &self.port.to_string()]);
        self.process = Some(Process::start(&mut command).listens_on(self.port, Duration::from_secs(60)));
    }

    /// What there is of a namespace, sorted.
    pub(super) fn read(&self, namespace: &str) -> Vec<String> {
        let mut lines: Vec<_> =
            python(&self.python, READ, &[&self.url(), namespace]).lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    }
}

/// What a script writes.
pub(super) fn python(program: &PathBuf, script: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(["-c", script]).args(arguments).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
