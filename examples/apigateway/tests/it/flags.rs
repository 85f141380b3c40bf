use std::process::{Command, Output};

use towerkit_testing::http::get;

use crate::programs::Program;

fn refused(flags: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigateway"));
    let Output { status, stderr, .. } = command.args(flags).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn with_nothing_given_it_says_where_it_takes_the_services_to_be() {
    let mut gateway = Program::gateway(&[]);
    gateway.told("addsvc is at 127.0.0.1:8082, stringsvc is at 127.0.0.1:8080; try:", 1);
}

#[test]
fn operators_are_told_that_it_lives_and_is_ready() {
    let debug = towerkit_testing::process::free_port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigateway"));
    command.args(["--http-addr", "127.0.0.1:0", "--debug-addr", &format!("127.0.0.1:{debug}")]);
    let mut gateway = towerkit_testing::process::Process::start(&mut command).listens_on(debug, crate::programs::SOON);
    gateway.wait_for("is ready", crate::programs::SOON, || get(debug, "/readyz").status == 200);
    let alive = get(debug, "/livez");
    assert_eq!((alive.status, &*alive.body), (200, "ok"));
}

#[test]
fn what_the_user_got_wrong_is_named() {
    for (flags, told) in [
        (["--addsvc", "127.0.0.1"], "--addsvc <HOST:PORT,...>': `127.0.0.1` has no port"),
        (["--stringsvc", "127.0.0.1:8080,x"], "--stringsvc <HOST:PORT,...>': `x` has no port"),
        (["--consul-addr", "http://127.0.0.1:8500"], "--consul-addr <HOST:PORT>'"),
        (["--retry-max", "0"], "--retry-max <N>'"),
        (["--retry-timeout", "500"], "--retry-timeout <TIME>': is no time, such as 500ms or 2s"),
        (["--retry-timeout", "0s"], "--retry-timeout <TIME>': leaves no time for a call"),
    ] {
        let error = refused(&flags);
        assert!(error.contains(told), "{told} in {error}");
    }
    let both = refused(&["--consul-addr", "127.0.0.1:8500", "--etcd-addr", "127.0.0.1:2379"]);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[cfg(not(feature = "etcd"))]
#[test]
fn without_etcd_it_says_how_it_is_built_with_it() {
    let error = refused(&["--etcd-addr", "127.0.0.1:2379"]);
    assert!(
        error.starts_with("error: --etcd-addr: ") && error.contains("cargo run -p apigateway --features etcd --"),
        "{error}"
    );
}
