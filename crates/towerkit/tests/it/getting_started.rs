use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use towerkit_testing::http::get;
use towerkit_testing::process::{Process, free_port};

const PAGE: &str = include_str!("../../../../docs/getting-started.md");
const WITHIN: Duration = Duration::from_secs(10);

/// A block of the page, by what stands behind its fence; the first of them.
fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let (_, block) = PAGE.split_once(&fence).unwrap_or_else(|| panic!("the page has no {language}"));
    block.split_once("```").unwrap().0
}

/// The package that the page makes, built; beside the repository, as it were, with ports of the test's own.
fn greeter(http: u16, grpc: u16) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    // What it is built of stays from run to run.
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("greeter");
    fs::create_dir_all(package.join("src")).unwrap();

    let dependencies = block("toml").replace("../towerkit/", &format!("{}/", repository.display()));
    let manifest = "[package]\nname = \"greeter\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let manifest = format!("{manifest}\n[dependencies]\n{dependencies}\n[workspace]\n");
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The versions that all else is tested with; nothing is fetched.
    fs::copy(repository.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let program = block("rust,no_run").replace("127.0.0.1:8080", &format!("127.0.0.1:{http}"));
    fs::write(package.join("src/main.rs"), program.replace("127.0.0.1:9090", &format!("127.0.0.1:{grpc}"))).unwrap();

    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--quiet"]).current_dir(&package);
    cargo.env("CARGO_TARGET_DIR", package.join("target")).env("CARGO_PROFILE_DEV_DEBUG", "0");
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    // Nor does the page's program want for anything by the compiler's lights.
    assert_eq!(String::from_utf8_lossy(&built.stderr), "");
    package.join("target/debug/greeter")
}

#[test]
fn the_page_makes_a_service_that_is_called_and_stopped() {
    let (http, grpc) = (free_port(), free_port());
    let program = greeter(http, grpc);
    let service = Process::start(&mut Command::new(&program)).listens_on(http, WITHIN).listens_on(grpc, WITHIN);

    let answers = ["/greeting?name=Ada", "/greeting?name="].map(|path| get(http, path).body).join("\n");
    assert_eq!(answers, block("json").trim_end());

    let call = |name| String::from_utf8(Command::new(&program).arg(name).output().unwrap().stdout).unwrap();
    assert_eq!([call("Ada"), call("")].concat(), block("text"));

    assert!(service.terminate(WITHIN).success());
}
