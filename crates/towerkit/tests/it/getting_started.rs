use std::process::Command;
use std::time::Duration;

use towerkit_testing::http::get;
use towerkit_testing::process::{Process, free_port};

use crate::typed;

const PAGE: &str = include_str!("../../../../docs/getting-started.md");
const WITHIN: Duration = Duration::from_secs(10);

fn block(language: &str) -> &'static str {
    typed::block(PAGE, "", language)
}

#[test]
fn the_page_makes_a_service_that_is_called_and_stopped() {
    let (http, grpc) = (free_port(), free_port());
    let main = block("rust,no_run").replace("127.0.0.1:8080", &format!("127.0.0.1:{http}"));
    let main = main.replace("127.0.0.1:9090", &format!("127.0.0.1:{grpc}"));
    let tables = format!("[dependencies]\n{}", block("toml"));
    let program = typed::program("getting-started", &tables, &[("src/main.rs", main)]);
    let service = Process::start(&mut Command::new(&program)).listens_on(http, WITHIN).listens_on(grpc, WITHIN);

    let answers = ["/greeting?name=Ada", "/greeting?name="].map(|path| get(http, path).body).join("\n");
    assert_eq!(answers, block("json").trim_end());

    let call = |name| String::from_utf8(Command::new(&program).arg(name).output().unwrap().stdout).unwrap();
    assert_eq!([call("Ada"), call("")].concat(), block("text"));

    assert!(service.terminate(WITHIN).success());
}
