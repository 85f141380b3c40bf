use std::process::Command;

use towerkit::endpoint::Endpoint as _;
use towerkit::transport::grpc;
use towerkit_testing::http::{self, get};
use towerkit_testing::{tool, wait};

use crate::greeter::{Greeter, SOON, greet, refused};

#[test]
fn it_greets_over_http() {
    let greeter = Greeter::start(&[]);
    let reply = get(greeter.http, "/greeting?name=Ada%20Lovelace");
    assert_eq!((reply.status, &*reply.body), (200, r#"{"greeting":"Hello Ada Lovelace"}"#));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn a_name_that_is_missing_or_empty_is_refused_and_the_reply_says_so() {
    let greeter = Greeter::start(&[]);
    for path in ["/greeting", "/greeting?name=", "/greeting?nom=Ada"] {
        let reply = get(greeter.http, path);
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
        assert!(reply.body.contains("name") && reply.body.contains("missing"), "{path}: {reply:?}");
    }
    let told = refused(&["--greet", "", "--instances", &greeter.address()]);
    assert!(told.contains("name") && told.contains("missing"), "{told}");
}

#[test]
fn it_is_healthy_while_it_serves() {
    let greeter = Greeter::start(&[]);
    let reply = get(greeter.http, "/health");
    assert_eq!((reply.status, &*reply.body), (200, r#"{"healthy":true}"#));
}

/// Of `grpc.health.v1`: a service, or the server as a whole where there is no name.
#[derive(Clone, PartialEq, prost::Message)]
struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HealthCheckResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

#[tokio::test]
async fn its_health_is_told_over_grpc_too() {
    const CHECK: grpc::Method<HealthCheckRequest, HealthCheckResponse> =
        grpc::Method::new("/grpc.health.v1.Health/Check");
    const SERVING: i32 = 1;
    let greeter = Greeter::start(&[]);
    let check = grpc::Remote::plain(&format!("http://{}", greeter.address())).unwrap().unary(CHECK);
    for service in ["", "greeter.Greeter"] {
        let asked = HealthCheckRequest { service: service.to_owned() };
        let HealthCheckResponse { status } = check.invoke(asked).await.unwrap();
        assert_eq!(status, SERVING, "{service:?}");
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    let greeter = Greeter::start(&[]);
    assert_eq!(get(greeter.http, "/").status, 404);
    assert_eq!(http::post(greeter.http, "/greeting", "{}").status, 405);
}

#[test]
fn each_request_is_a_line_of_the_log_and_counted() {
    let mut greeter = Greeter::start(&[]);
    assert_eq!(get(greeter.http, "/greeting?name=Ada").status, 200);
    assert_eq!(get(greeter.http, "/greeting?name=").status, 400);
    greeter.process.wait_until_said("operation=greeting code=ok", 1, SOON);
    greeter.process.wait_until_said("operation=greeting code=invalid_argument", 1, SOON);
    let metrics = get(greeter.http, "/metrics").body;
    for line in [
        "requests_total{code=\"ok\",operation=\"greeting\"} 1\n",
        "requests_total{code=\"invalid_argument\",operation=\"greeting\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

#[test]
fn its_clients_are_spread_over_the_instances_and_go_past_one_that_is_away() {
    let instances = [Greeter::start(&[]), Greeter::start(&[])];
    let away = format!("127.0.0.1:{}", towerkit_testing::process::free_port());
    let list = format!("{},{away},{}", instances[0].address(), instances[1].address());
    for _ in 0..20 {
        assert_eq!(greet("Ada", &["--instances", &list]), "Hello Ada\n");
    }
    // Each run of the client begins anew, and chooses by chance.
    let answered = |greeter: &Greeter| greeter.process.said().matches("operation=greeting code=ok").count();
    let answers = || instances.each_ref().map(answered);
    wait::until_blocking("all answers are in the logs", SOON, || answers().iter().sum::<usize>() >= 20);
    let [first, second] = answers();
    assert!(first > 0 && second > 0 && first + second == 20, "{first} and {second}");
}

#[test]
fn its_methods_are_told_by_reflection() {
    let Some(grpcurl) = tool::find("grpcurl", "its_methods_are_told_by_reflection") else { return };
    let greeter = Greeter::start(&[]);
    // Without a description at hand it can only be by what the service tells.
    let mut call = Command::new(grpcurl);
    call.args(["-plaintext", "-d", r#"{"name":"Ada"}"#, &greeter.address(), "greeter.Greeter/Greeting"]);
    let output = call.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains(r#""greeting": "Hello Ada""#), "{output:?}");
}

#[test]
fn sigterm_ends_it_well() {
    let mut greeter = Greeter::start(&[]);
    greeter.process.signal("TERM");
    let (status, said) = greeter.process.ended(SOON);
    assert!(status.success(), "{said}");
}

#[test]
fn what_is_wrong_with_a_flag_is_said_with_its_name() {
    let greeter = Greeter::start(&[]);
    let taken = format!("127.0.0.1:{}", greeter.http);
    let told = refused(&["--http-addr", &taken]);
    assert!(told.contains("--http-addr") && told.contains("in use"), "{told}");
    let told = refused(&["--http-addr", "127.0.0.1:0", "--grpc-addr", &greeter.address()]);
    assert!(told.contains("--grpc-addr") && told.contains("in use"), "{told}");
    for (flag, value) in [
        ("--instances", "nowhere"),
        ("--consul-addr", "https://127.0.0.1:8501"),
        ("--http-addr", "nowhere"),
        ("--grpc-addr", "nowhere"),
    ] {
        let output = crate::greeter::run(&[flag, value]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(flag));
    }
}
