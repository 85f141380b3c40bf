//! One call is one trace, whoever it goes through.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use towerkit_testing::http::get;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::{tool, wait};

use crate::programs::{Program, SOON, addcli, address};

struct Zipkin {
    port: u16,
    _process: Process,
}

impl Zipkin {
    fn start(test: &str) -> Option<Self> {
        let (jar, port) = (tool::find("zipkin", test)?, free_port());
        let mut java = Command::new("java");
        java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"])
            // Its own resolver would open a socket on all interfaces.
            .arg("-Dcom.linecorp.armeria.useJdkDnsResolver=true")
            .arg("-jar")
            .arg(jar)
            .arg("--armeria.ports[0].ip=127.0.0.1")
            .arg(format!("--armeria.ports[0].port={port}"))
            .arg("--armeria.ports[0].protocols[0]=http")
            .env("QUERY_PORT", port.to_string());
        let process = Process::start(&mut java).listens_on(port, Duration::from_secs(60));
        Some(Self { port, _process: process })
    }

    fn flag(&self) -> [String; 2] {
        ["--zipkin-url".to_owned(), format!("http://{}/api/v2/spans", address(self.port))]
    }

    /// The traces that addcli has begun, once there are so many with so many spans; the newest first.
    fn traces(&self, count: usize, spans: usize) -> Vec<Vec<Value>> {
        let all = || -> Vec<Vec<Value>> {
            serde_json::from_str(&get(self.port, "/api/v2/traces?serviceName=addcli&limit=100").body).unwrap()
        };
        let whole = || all().iter().filter(|trace| trace.len() == spans).count() == count;
        wait::until_blocking(&format!("{count} traces of {spans} spans"), SOON, whole);
        all().into_iter().filter(|trace| trace.len() == spans).collect()
    }
}

/// From the root down: who did it, on which side, and what; of a trace that does not branch.
fn told(trace: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut parent = Value::Null;
    // Client and server have spans of their own, so that each has one child.
    while let Some(span) = trace.iter().find(|span| span["parentId"] == parent) {
        let text = |value: &Value| value.as_str().unwrap_or("none").to_lowercase();
        lines.push(format!(
            "{} {} {}",
            text(&span["localEndpoint"]["serviceName"]),
            text(&span["kind"]),
            text(&span["name"])
        ));
        parent = span["id"].clone();
    }
    assert_eq!(lines.len(), trace.len(), "it is no line: {trace:#?}");
    lines
}

#[test]
fn a_call_through_the_gateway_is_one_tree_in_zipkin_and_its_log_lines_have_the_id() {
    let test = "a_call_through_the_gateway_is_one_tree_in_zipkin_and_its_log_lines_have_the_id";
    let Some(zipkin) = Zipkin::start(test) else { return };
    let flag = zipkin.flag();
    let flag = flag.each_ref().map(String::as_str);
    let addsvc = Program::addsvc(&flag);
    let mut gateway = Program::gateway(&[flag[0], flag[1], "--addsvc", &addsvc.address()]);

    assert_eq!(addcli(&["--http-addr", &format!("{}/addsvc", gateway.address()), flag[0], flag[1]]), "1 + 2 = 3\n");
    let trace = zipkin.traces(1, 4).remove(0);
    let lines =
        ["addcli client sum", "apigateway server addsvc.sum", "apigateway client addsvc.sum", "addsvc server sum"];
    assert_eq!(told(&trace), lines);
    let id = trace[0]["traceId"].as_str().unwrap();
    gateway.told(&format!("trace_id={id}"), 1);
    assert!(addsvc.process.said().contains(&format!("trace_id={id}")), "{}", addsvc.process.said());
}

#[test]
fn a_call_by_each_transport_is_one_tree_in_zipkin() {
    let Some(zipkin) = Zipkin::start("a_call_by_each_transport_is_one_tree_in_zipkin") else { return };
    let flag = zipkin.flag();
    let flag = flag.each_ref().map(String::as_str);
    let addsvc = Program::addsvc(&flag);
    for (done, (transport, port)) in
        [("--http-addr", 0), ("--grpc-addr", 1), ("--jsonrpc-addr", 2)].into_iter().enumerate()
    {
        assert_eq!(addcli(&[transport, &address(addsvc.ports[port]), flag[0], flag[1]]), "1 + 2 = 3\n");
        for trace in zipkin.traces(done + 1, 2) {
            assert_eq!(told(&trace), ["addcli client sum", "addsvc server sum"], "{transport}");
        }
    }
}

#[test]
fn an_attempt_that_failed_is_told_of_in_the_span_of_its_call() {
    let Some(zipkin) = Zipkin::start("an_attempt_that_failed_is_told_of_in_the_span_of_its_call") else { return };
    let flag = zipkin.flag();
    let flag = flag.each_ref().map(String::as_str);
    let addsvc = Program::addsvc(&flag);
    // Of the two instances one is not there: one of two calls meets it.
    let instances = format!("127.0.0.1:1,{}", addsvc.address());
    let gateway = Program::gateway(&[flag[0], flag[1], "--addsvc", &instances]);
    for _ in 0..2 {
        assert_eq!(addcli(&["--http-addr", &format!("{}/addsvc", gateway.address()), flag[0], flag[1]]), "1 + 2 = 3\n");
    }
    let told = |trace: &Vec<Value>| {
        let call =
            trace.iter().find(|span| span["kind"] == "CLIENT" && span["localEndpoint"]["serviceName"] == "apigateway");
        call.unwrap()["annotations"].to_string().contains("unavailable")
    };
    assert!(zipkin.traces(2, 4).iter().any(told));
}
