//! Zipkin itself, and what it answers.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentelemetry::trace::TraceId;
use serde_json::Value;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

pub(crate) struct Server {
    pub(crate) port: u16,
    jar: PathBuf,
    process: Option<Process>,
}

impl Server {
    /// None where it is not there.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let mut server = Self { port: free_port(), jar: tool::find("zipkin", test)?, process: None };
        server.again();
        Some(server)
    }

    /// Starts it at the port it had. What it knew it has forgotten.
    pub(crate) fn again(&mut self) {
        let port = self.port;
        let mut java = Command::new("java");
        java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"])
            // Its own resolver would open a socket on all interfaces.
            .arg("-Dcom.linecorp.armeria.useJdkDnsResolver=true")
            .arg("-jar")
            .arg(&self.jar)
            .arg("--armeria.ports[0].ip=127.0.0.1")
            .arg(format!("--armeria.ports[0].port={port}"))
            .arg("--armeria.ports[0].protocols[0]=http")
            .env("QUERY_PORT", port.to_string());
        self.process = Some(Process::start(&mut java).listens_on(port, Duration::from_secs(60)));
    }

    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.process.as_ref().unwrap().signal(signal);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v2/spans", self.port)
    }

    /// The spans of a trace, ordered by their id; none where it doesn't know the trace.
    pub(crate) async fn trace(&self, trace: TraceId) -> Vec<Value> {
        let Some(Value::Array(mut spans)) = self.get(&format!("trace/{trace}")).await else { return Vec::new() };
        spans.sort_by_key(|span| span["id"].to_string());
        spans
    }

    /// What its API answers; none where that is no success.
    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let url = format!("http://127.0.0.1:{}/api/v2/{path}", self.port);
        let reply: Response<_> = client.get(url.parse().unwrap()).await.unwrap();
        let found = reply.status().is_success();
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        found.then(|| serde_json::from_slice(&body).unwrap())
    }
}
