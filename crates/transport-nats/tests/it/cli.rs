//! The command-line client of NATS on the other end.

use std::path::PathBuf;
use std::process::Command;

use http::HeaderValue;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, WithMetadata, service_fn};
use towerkit_testing::process::Process;
use towerkit_testing::tool;
use towerkit_transport_nats::codec::Raw;
use towerkit_transport_nats::{Routes, Server};

use crate::site::{Nats, SOON, servers};

/// The client, for each of the servers.
fn clients(test: &str) -> Vec<(PathBuf, Nats)> {
    let Some(cli) = tool::find("nats", test) else { return Vec::new() };
    servers(test).iter().map(|program| (cli.clone(), Nats::start(program))).collect()
}

/// What it says of one request, without the times of day.
async fn request(cli: &PathBuf, nats: &Nats, arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(cli);
    // No settings of whoever runs the tests.
    command.args(["--no-context", "-s", &nats.url(), "request"]).args(arguments);
    let output = command.output().await.unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
}

#[tokio::test]
async fn headers_and_errors_go_to_the_command_line_and_back() {
    for (cli, nats) in clients("headers_and_errors_go_to_the_command_line_and_back") {
        let echo = service_fn(|request: Request<bytes::Bytes>| async move {
            let Some(asked) = request.context().metadata().get("x-asked").map(str::to_owned) else {
                return Err(Error::invalid("x-asked", "is missing"));
            };
            Ok(WithMetadata::new(asked).with_metadata("x-told".parse().unwrap(), HeaderValue::from_static("b")))
        });
        let _service = nats.serve(Routes::new().subject("echo", Server::new(echo, Raw, Raw))).await;
        let told = request(&cli, &nats, &["echo", "text", "-H", "X-Asked:a"]).await;
        assert!(told.contains("x-told: b\n") && told.starts_with("a\n"), "{told}");
        let told = request(&cli, &nats, &["echo", "text"]).await;
        for header in [
            "Nats-Service-Error: x-asked: is missing",
            "Nats-Service-Error-Code: 400",
            "towerkit-code: invalid_argument",
        ] {
            assert!(told.contains(header), "{header} in {told}");
        }
    }
}

#[tokio::test]
async fn what_the_command_line_answers_is_a_reply() {
    for (cli, nats) in clients("what_the_command_line_answers_is_a_reply") {
        let mut command = Command::new(&cli);
        command.args(["--no-context", "-s", &nats.url(), "reply", "cli.text", "hello", "-H", "X-Told:b"]);
        let mut replying = Process::start(&mut command);
        replying.wait_until_said("Listening on", 1, SOON);
        let text: BoxEndpoint<&'static str, WithMetadata<bytes::Bytes>> =
            nats.remote().await.subject("cli.text").raw().erased();
        // It says so a moment before it listens.
        let start = std::time::Instant::now();
        let mut reply = loop {
            match text.invoke("question").await {
                Ok(reply) => break reply,
                Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error}"),
            }
            assert!(start.elapsed() < SOON, "it does not listen");
        };
        assert_eq!(reply.reply(), "hello");
        assert_eq!(reply.metadata_mut().get("x-told"), Some("b"));
        replying.wait_until_said("question", 1, SOON);
    }
}
