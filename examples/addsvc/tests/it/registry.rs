use std::process::{Command, Output};

fn refused(flags: &[&str]) -> String {
    let ports = ["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"];
    let free = ports.into_iter().filter(|port| !flags.contains(port)).flat_map(|port| [port, "127.0.0.1:0"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_addsvc"));
    let Output { status, stderr, .. } = command.args(free).args(flags).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn it_is_not_registered_where_nobody_finds_it() {
    let consul = ["--consul-addr", "127.0.0.1:8500"];
    for port in ["--http-addr", "--grpc-addr", "--jsonrpc-addr"] {
        for everywhere in ["0.0.0.0", "[::]"] {
            let told = refused(&[&consul[..], &[port, &format!("{everywhere}:0")]].concat());
            assert!(told.starts_with(&format!("error: {port} {everywhere}:")), "{told}");
            assert!(told.contains("give a host to advertise (--advertise HOST)"), "{told}");
        }
    }
    for host in ["0.0.0.0", "::", "a b", ""] {
        let told = refused(&[&consul[..], &["--advertise", host]].concat());
        assert!(told.starts_with(&format!("error: --advertise {host}")), "{told}");
    }
}

#[test]
fn what_is_of_no_use_without_a_registry_is_refused() {
    for (flag, value) in [("--advertise", "10.0.0.7"), ("--linger", "5")] {
        let told = refused(&[flag, value]);
        assert!(told.contains("--consul-addr") && told.contains("--etcd-addr"), "{told}");
    }
}

#[test]
fn a_registry_without_an_address_is_refused_by_the_name_of_its_flag() {
    for flag in ["--consul-addr", "--etcd-addr"] {
        let told = refused(&[flag, "127.0.0.1"]);
        assert!(told.contains(flag) && told.contains("has no port"), "{told}");
    }
}

#[cfg(not(feature = "etcd"))]
#[test]
fn without_etcd_it_says_how_it_is_built_with_it() {
    let told = refused(&["--etcd-addr", "127.0.0.1:2379"]);
    assert!(told.starts_with("error: --etcd-addr: "), "{told}");
    assert!(told.contains("cargo run -p addsvc --features etcd --"), "{told}");
}

#[test]
fn a_registry_that_is_not_there_keeps_it_from_nothing() {
    let mut addsvc = crate::running::Addsvc::start(&["--consul-addr", "127.0.0.1:1", "--linger", "0"]);
    assert_eq!(addsvc.post("/sum", r#"{"a":1,"b":2}"#).0, 200);
    addsvc.terminate();
    let (_, told) = addsvc.ended(std::time::Duration::from_secs(10));
    assert!(told.contains("not registered, and tried again: consul: "), "{told}");
}
