use std::process::{Command, Output};

use crate::running::{Profilesvc, SOON};

fn refused(flags: &[&str]) -> String {
    let Output { status, stderr, .. } =
        Command::new(env!("CARGO_BIN_EXE_profilesvc")).args(flags).output().expect("it runs");
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn it_says_where_it_listens_and_what_to_try() {
    let mut service = Profilesvc::start(&[]);
    let said = format!(
        "profilesvc listens for HTTP on {address}; try:\n  \
         curl --json '{{\"id\":\"1234\",\"name\":\"Go Kit\"}}' {address}/profiles/\n",
        address = service.address()
    );
    service.process.wait_until_said(&said, 1, SOON);
}

#[test]
fn a_port_that_is_taken_is_reported_with_its_flag() {
    let first = Profilesvc::start(&[]);
    let told = refused(&["--http-addr", &first.address()]);
    assert!(told.starts_with(&format!("error: --http-addr {}: ", first.address())), "{told}");
}

#[test]
fn it_is_not_registered_where_nobody_finds_it() {
    let consul = ["--consul-addr", "127.0.0.1:8500"];
    let told = refused(&[&consul[..], &["--http-addr", "0.0.0.0:0"]].concat());
    assert!(told.contains("error: --advertise: 0.0.0.0:") && told.contains("give a host to advertise"), "{told}");
    for host in ["0.0.0.0", "::", "a b", ""] {
        let told = refused(&[&consul[..], &["--http-addr", "127.0.0.1:0", "--advertise", host]].concat());
        assert!(told.contains("error: --advertise: "), "{host}: {told}");
    }
    let told = refused(&["--advertise", "10.0.0.7"]);
    assert!(told.contains("--consul-addr"), "{told}");
}

#[test]
fn a_registry_that_is_not_there_keeps_it_from_nothing() {
    let mut service = Profilesvc::start(&["--consul-addr", "127.0.0.1:1", "--linger", "0"]);
    service.good("POST", "/profiles/", r#"{"id":"1"}"#, "{}");
    service.process.wait_until_said("profilesvc in the registry: not registered, and tried again: consul", 1, SOON);
}
