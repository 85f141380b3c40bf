use std::process::Command;
use std::time::Duration;

use towerkit::endpoint::{BoxEndpoint, Endpoint};
use towerkit::transport::grpc::{Method, Remote};
use towerkit_testing::process::{Process, free_port};

use crate::typed;

const PAGE: &str = include_str!("../../../../docs/grpc.md");
const WITHIN: Duration = Duration::from_secs(10);

/// Both messages of the page have one text, as the first field.
#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

const GREET: Method<Text, Text> = Method::new("/greeter.Greeter/Greet");

#[tokio::test]
async fn the_page_makes_a_service_of_a_proto_without_protoc() {
    let port = free_port();
    let behind = |text, language| typed::block(PAGE, text, language);
    let tables = behind("## From a .proto", "toml");
    let main = behind("In `src/main.rs`:", "text").replace("127.0.0.1:9090", &format!("127.0.0.1:{port}"));
    let files = [
        ("proto/greeter.proto", behind("In `proto/greeter.proto`:", "protobuf").to_owned()),
        ("build.rs", behind("All of `build.rs`:", "text").to_owned()),
        ("src/main.rs", main),
    ];
    // With what the page has of another one.
    let started = typed::block(include_str!("../../../../docs/getting-started.md"), "", "toml");
    let tokio = started.lines().find(|line| line.starts_with("tokio = ")).unwrap();
    let tables = tables.replace("[dependencies]\n", &format!("[dependencies]\n{tokio}\n"));
    let program = typed::program("from-a-proto", &tables, &files);

    let service = Process::start(&mut Command::new(&program)).listens_on(port, WITHIN);
    let greet: BoxEndpoint<Text, Text> =
        Remote::plain(&format!("http://127.0.0.1:{port}")).unwrap().unary(GREET).erased();
    assert_eq!(greet.invoke(Text { text: "Ada".to_owned() }).await.unwrap().text, "Hello Ada");
    assert!(service.terminate(WITHIN).success());
}
