//! addsvc over NATS, by an old server and by the current one.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

use crate::auth::{AUDIENCE, ISSUER, Issuer};
use crate::running::{Addsvc, exchange};

const SOON: Duration = Duration::from_secs(20);

/// A NATS server of the test's own.
struct Nats {
    url: String,
    _process: Process,
}

impl Nats {
    fn start(program: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(program);
        let process = Process::start(command.args(["-a", "127.0.0.1", "-p", &port.to_string()]));
        Self { url: format!("nats://127.0.0.1:{port}"), _process: process.listens_on(port, SOON) }
    }

    /// addsvc, on it as well.
    fn addsvc(&self, flags: &[&str]) -> Addsvc {
        Addsvc::start(&[&["--nats-url", &self.url], flags].concat())
    }

    fn addcli(&self) -> Command {
        let mut addcli = Command::new(env!("CARGO_BIN_EXE_addcli"));
        addcli.args(["--nats-url", &self.url]);
        addcli
    }

    /// What NATS' own client says of a request, with the headers of the reply.
    fn request(&self, client: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new(client);
        // No settings of whoever runs the tests.
        let output = command.args(["--no-context", "-s", &self.url, "request"]).args(arguments).output().unwrap();
        let (_, out, err) = text(&output);
        out + err.as_str()
    }

    /// What it knows of the services.
    fn micro(&self, client: &Path, arguments: &[&str]) -> serde_json::Value {
        let mut command = Command::new(client);
        let output = command.args(["--no-context", "-s", &self.url, "micro"]).args(arguments).arg("--json").output();
        let (_, out, err) = text(&output.unwrap());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
    }
}

fn servers(test: &str) -> impl Iterator<Item = Nats> {
    let test = test.to_owned();
    let found = ["nats-server", "nats-server-current"].into_iter().filter_map(move |name| tool::find(name, &test));
    found.map(|program| Nats::start(&program))
}

/// NATS' own client, with each of the servers.
fn clients(test: &str) -> Vec<(PathBuf, Nats)> {
    let Some(client) = tool::find("nats", test) else { return Vec::new() };
    servers(test).map(|nats| (client.clone(), nats)).collect()
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), utf8(&output.stdout), utf8(&output.stderr))
}

#[test]
fn the_client_of_nats_gets_a_sum_and_a_joined_text() {
    for (client, nats) in clients("the_client_of_nats_gets_a_sum_and_a_joined_text") {
        let _addsvc = nats.addsvc(&[]);
        assert_eq!(nats.request(&client, &["--raw", "addsvc.sum", r#"{"a":1,"b":2}"#]).trim(), r#"{"v":3}"#);
        let joined = nats.request(&client, &["--raw", "addsvc.concat", r#"{"a":"foo","b":"bar"}"#]);
        assert_eq!(joined.trim(), r#"{"v":"foobar"}"#);
    }
}

#[test]
fn the_client_of_nats_is_told_of_a_business_error_in_headers() {
    for (client, nats) in clients("the_client_of_nats_is_told_of_a_business_error_in_headers") {
        let _addsvc = nats.addsvc(&[]);
        for (payload, headers) in [
            (
                r#"{"a":0,"b":0}"#,
                &[
                    "Nats-Service-Error: can't sum two zeroes\n",
                    "Nats-Service-Error-Code: 400\n",
                    "towerkit-code: invalid_argument\n",
                    r#"towerkit-violations: [{"field":"a","detail":"is zero, as b is"},"#,
                ][..],
            ),
            (
                r#"{"a":2147483647,"b":1}"#,
                &[
                    "Nats-Service-Error: integer overflow\n",
                    "Nats-Service-Error-Code: 400\n",
                    "towerkit-code: out_of_range\n",
                ],
            ),
            (r#"{"a":1}"#, &["Nats-Service-Error: b: is missing\n", "Nats-Service-Error-Code: 400\n"]),
        ] {
            let told = nats.request(&client, &["addsvc.sum", payload]);
            for header in headers {
                assert!(told.contains(header), "{header} in {told}");
            }
        }
    }
}

#[test]
fn the_client_of_nats_finds_both_replicas_and_what_they_have_answered() {
    for (client, nats) in clients("the_client_of_nats_finds_both_replicas_and_what_they_have_answered") {
        let _replicas = [nats.addsvc(&[]), nats.addsvc(&[])];
        let listed = nats.micro(&client, &["ls"]);
        let names: Vec<_> = listed.as_array().unwrap().iter().map(|service| &service["name"]).collect();
        assert_eq!(names, ["addsvc", "addsvc"], "{listed}");
        for (a, b) in [("1", "2"), ("0", "0")] {
            nats.addcli().args([a, b]).output().unwrap();
        }
        let stats = nats.micro(&client, &["stats", "addsvc"]);
        let told = stats.as_array().unwrap().iter().flat_map(|instance| instance["endpoints"].as_array().unwrap());
        let sums: Vec<_> = told.filter(|endpoint| endpoint["name"] == "sum").collect();
        let count = |what: &str| sums.iter().map(|sum| sum[what].as_u64().unwrap_or_default()).sum::<u64>();
        assert_eq!((count("num_requests"), count("num_errors")), (2, 1), "{stats}");
        assert!(sums.iter().all(|sum| sum["subject"] == "addsvc.sum" && sum["queue_group"] == "addsvc"), "{stats}");
    }
}

#[test]
fn addcli_calls_over_nats_as_over_any_transport() {
    for nats in servers("addcli_calls_over_nats_as_over_any_transport") {
        let _addsvc = nats.addsvc(&[]);
        let cli = |args: &[&str]| text(&nats.addcli().args(args).output().unwrap());
        assert_eq!(cli(&["1", "2"]), (Some(0), "1 + 2 = 3\n".to_owned(), String::new()));
        let joined = (Some(0), "\"foo\" + \"bar\" = \"foobar\"\n".to_owned(), String::new());
        assert_eq!(cli(&["--method", "concat", "foo", "bar"]), joined);
        assert_eq!(cli(&["0", "0"]), (Some(1), String::new(), "error: can't sum two zeroes\n".to_owned()));
    }
}

#[test]
fn addcli_says_that_nobody_serves_and_where_there_is_no_nats() {
    for nats in servers("addcli_says_that_nobody_serves_and_where_there_is_no_nats") {
        let told = text(&nats.addcli().args(["1", "2"]).output().unwrap());
        assert_eq!(told, (Some(1), String::new(), "error: nobody serves the subject\n".to_owned()));
        let url = nats.url.replace("nats://", "nats://ada:secret@");
        drop(nats);
        for program in [env!("CARGO_BIN_EXE_addcli"), env!("CARGO_BIN_EXE_addsvc")] {
            let mut command = Command::new(program);
            match program == env!("CARGO_BIN_EXE_addcli") {
                true => command.args(["1", "2"]),
                false => command.args(
                    ["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"]
                        .map(|flag| [flag, "127.0.0.1:0"])
                        .concat(),
                ),
            };
            let (code, _, error) = text(&command.args(["--nats-url", &url]).output().unwrap());
            assert_eq!(code, Some(1));
            assert!(error.starts_with("error: --nats-url: ") && !error.contains("secret"), "{error}");
        }
    }
}

/// Waits until a service has answered some sums.
fn has_served(addsvc: &Addsvc) {
    let start = Instant::now();
    let get = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    loop {
        let (_, page) = exchange(addsvc.debug, get);
        let line = page.lines().find_map(|line| line.strip_prefix(r#"requests_total{code="ok",operation="sum"} "#));
        if line.is_some_and(|count| count.parse::<f64>().unwrap() >= 5.0) {
            return;
        }
        assert!(start.elapsed() < SOON, "it gets no calls: {line:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// addcli, calling for some seconds: a hundred times a second.
fn calling(nats: &Nats, flags: &[&str]) -> Child {
    let mut addcli = nats.addcli();
    addcli.args(["--times", "300", "--concurrency", "4", "--timeout", "15000"]).args(flags).args(["1", "2"]);
    addcli.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn addcli_with_retries_outlives_a_restart_of_the_service() {
    for nats in servers("addcli_with_retries_outlives_a_restart_of_the_service") {
        let mut first = nats.addsvc(&[]);
        let mut calling = calling(&nats, &["--retries", "20"]);
        has_served(&first);
        first.terminate();
        assert!(first.ended(SOON).0.success());
        let mut stderr = BufReader::new(calling.stderr.take().unwrap());
        let mut told = String::new();
        stderr.read_line(&mut told).unwrap();
        assert!(told.starts_with("attempt 1 failed (unavailable), the next follows in "), "{told}");
        let _second = nats.addsvc(&[]);
        stderr.read_to_string(&mut told).unwrap();
        let (code, sum, _) = text(&calling.wait_with_output().unwrap());
        assert_eq!((code, sum.as_str()), (Some(0), "1 + 2 = 3\n"), "{told}");
    }
}

#[test]
fn replicas_are_restarted_one_after_the_other_and_addcli_sees_nothing_of_it() {
    for nats in servers("replicas_are_restarted_one_after_the_other_and_addcli_sees_nothing_of_it") {
        let mut replicas = vec![nats.addsvc(&[]), nats.addsvc(&[])];
        let calling = calling(&nats, &[]);
        for _ in 0..2 {
            let new = nats.addsvc(&[]);
            has_served(&new);
            replicas.push(new);
            let mut old = replicas.remove(0);
            old.terminate();
            assert!(old.ended(SOON).0.success());
        }
        let told = text(&calling.wait_with_output().unwrap());
        assert_eq!(told, (Some(0), "1 + 2 = 3\n".to_owned(), String::new()));
    }
}

#[test]
fn a_token_is_shown_over_nats_in_the_header_that_it_has_over_http() {
    for (client, nats) in clients("a_token_is_shown_over_nats_in_the_header_that_it_has_over_http") {
        let issuer = Issuer::new("nats");
        let token = issuer.token(ISSUER, AUDIENCE, json!({}));
        let _addsvc = nats.addsvc(&issuer.flags());
        let mut addcli = nats.addcli();
        let with = addcli.args(["--token", &token, "1", "2"]).output().unwrap();
        assert_eq!(text(&with).1, "1 + 2 = 3\n");
        let without = nats.addcli().args(["1", "2"]).output().unwrap();
        assert_eq!(text(&without).2, "error: credentials are required\n");

        let sum = ["addsvc.sum", r#"{"a":1,"b":2}"#];
        let with =
            nats.request(&client, &[&["--raw", "-H", &format!("Authorization:Bearer {token}")], &sum[..]].concat());
        assert_eq!(with.trim(), r#"{"v":3}"#);
        let without = nats.request(&client, &sum);
        for header in ["Nats-Service-Error-Code: 401\n", "www-authenticate: Bearer realm=\"addsvc\"\n"] {
            assert!(without.contains(header), "{header} in {without}");
        }
    }
}
