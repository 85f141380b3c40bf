//! The server, in a folder of its own, and its queries.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

/// Dropped, it is killed and its data are removed.
pub(super) struct Server {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

/// A series as it is read back: its name, its tags, and the values of its fields at its times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) points: Vec<BTreeMap<String, Value>>,
}

impl Server {
    /// One with the database `db`.
    pub(super) fn start(test: &str) -> Option<Self> {
        let server = Self::start_with(test, "")?;
        server.query("CREATE DATABASE db");
        Some(server)
    }

    /// One without a database, with more settings of HTTP.
    pub(super) fn start_with(test: &str, http: &str) -> Option<Self> {
        let program = tool::find("influxd", test)?;
        let (port, other) = (free_port(), free_port());
        let folder = std::env::temp_dir().join(format!("towerkit-influxd-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let settings = format!(
            "reporting-disabled = true\nbind-address = \"127.0.0.1:{other}\"\n\
             [meta]\ndir = \"{0}/meta\"\n\
             [data]\ndir = \"{0}/data\"\nwal-dir = \"{0}/wal\"\nseries-id-set-cache-size = 0\n\
             [monitor]\nstore-enabled = false\n\
             [http]\nbind-address = \"127.0.0.1:{port}\"\n{http}\n",
            folder.display()
        );
        fs::write(folder.join("influxd.conf"), settings).expect("a file");
        let mut server = Self { program, folder, port, process: None };
        server.go_on();
        Some(server)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn stop(&mut self) {
        self.process = None;
    }

    pub(super) fn go_on(&mut self) {
        let mut command = Command::new(&self.program);
        command.arg("run").arg("-config").arg(self.folder.join("influxd.conf"));
        let mut process = Process::start(&mut command).listens_on(self.port, Duration::from_secs(30));
        let port = self.port;
        process.wait_for("answers", Duration::from_secs(30), || ask(port, "GET", "/ping", "", "").0 == 204);
        self.process = Some(process);
    }

    /// What a statement answers.
    pub(super) fn query(&self, statement: &str) -> Value {
        self.query_as("", statement)
    }

    /// The same with a header of its own.
    pub(super) fn query_as(&self, header: &str, statement: &str) -> Value {
        let form = format!("db=db&epoch=ns&q={}", encoded(statement));
        let (status, body) = ask(self.port, "POST", "/query", header, &form);
        assert_eq!(status, 200, "{statement}: {body}");
        let read: Value = serde_json::from_str(&body).expect("JSON");
        assert!(read["results"][0]["error"].is_null(), "{statement}: {body}");
        read
    }

    /// Writes lines as they are.
    pub(super) fn write(&self, lines: &str) {
        let (status, body) = ask(self.port, "POST", "/write?db=db", "", lines);
        assert_eq!(status, 204, "{body}");
    }

    /// All series of names that match a pattern.
    pub(super) fn series(&self, pattern: &str) -> Vec<Read> {
        let read = self.query(&format!("SELECT * FROM /{pattern}/ GROUP BY *"));
        let series = read["results"][0]["series"].as_array().cloned().unwrap_or_default();
        series.iter().map(read_series).collect()
    }

    /// The points of one series without tags.
    pub(super) fn points(&self, name: &str) -> Vec<BTreeMap<String, Value>> {
        self.series(&format!("^{name}$")).pop().map(|series| series.points).unwrap_or_default()
    }

    /// What a counter has counted, over all its tags.
    pub(super) fn total(&self, name: &str) -> u64 {
        let read = self.query(&format!("SELECT SUM(\"count\") FROM \"{name}\""));
        read["results"][0]["series"][0]["values"][0][1].as_u64().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Fields that a point does not have are left out.
fn read_series(series: &Value) -> Read {
    let columns: Vec<_> = series["columns"].as_array().expect("columns").iter().map(text).collect();
    let point = |values: &Value| {
        let values = values.as_array().expect("values").iter().cloned();
        columns.iter().cloned().zip(values).filter(|(_, value)| !value.is_null()).collect()
    };
    let tags = series["tags"].as_object().into_iter().flatten();
    Read {
        name: text(&series["name"]),
        tags: tags.map(|(name, value)| (name.clone(), text(value))).filter(|(_, value)| !value.is_empty()).collect(),
        points: series["values"].as_array().expect("values").iter().map(point).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A request to the port; status and body, or zero where it is not answered.
fn ask(port: u16, method: &str, path: &str, header: &str, body: &str) -> (u16, String) {
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: x\r\n{header}content-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = answer().unwrap_or_default();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), body.to_owned())
}
