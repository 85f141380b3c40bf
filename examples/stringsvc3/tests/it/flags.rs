use crate::running::{Stringsvc, refused};

#[test]
fn without_a_proxy_it_does_all_by_itself_and_says_so() {
    let mut stringsvc = Stringsvc::start(&[]);
    let told = format!("stringsvc3 listens for HTTP on {}; uppercase is served by itself", stringsvc.address());
    stringsvc.told(&told);
    assert_eq!(stringsvc.post("/uppercase", r#"{"s":"hello, world"}"#), (200, r#"{"v":"HELLO, WORLD"}"#.to_owned()));
    assert_eq!(stringsvc.post("/count", r#"{"s":"hello, world"}"#), (200, r#"{"v":12}"#.to_owned()));
}

#[test]
fn with_a_proxy_it_says_by_whom_it_is_served() {
    let mut stringsvc = Stringsvc::start(&["--proxy", "127.0.0.1:1,node.example:8001"]);
    stringsvc.told("uppercase is served by 127.0.0.1:1, node.example:8001");
}

#[test]
fn a_list_that_holds_no_address_is_refused_by_the_name_of_its_flag() {
    for (list, why) in [
        ("127.0.0.1:8001,", "has no port"),
        ("127.0.0.1", "has no port"),
        ("127.0.0.1:8001,127.0.0.1:0", "has no port between 1 and 65535"),
        ("http://127.0.0.1:8001", "has an IPv6 address without brackets"),
        ("a b:8001", "has a host that is no name"),
    ] {
        let told = refused(&["--proxy", list]);
        assert!(told.contains("--proxy") && told.contains(why), "{list}: {told}");
    }
}

#[test]
fn a_port_that_is_taken_is_reported_with_its_flag() {
    let first = Stringsvc::start(&[]);
    let told = refused(&["--http-addr", &first.address()]);
    assert!(told.starts_with(&format!("error: --http-addr {}: ", first.address())), "{told}");
}

#[test]
fn it_is_not_registered_where_nobody_finds_it() {
    let consul = ["--consul-addr", "127.0.0.1:8500"];
    let told = refused(&[&consul[..], &["--http-addr", "0.0.0.0:0"]].concat());
    assert!(
        told.contains("--http-addr 0.0.0.0:") && told.contains("give a host to advertise (--advertise HOST)"),
        "{told}"
    );
    for host in ["0.0.0.0", "::", "a b", ""] {
        let told = refused(&[&consul[..], &["--http-addr", "127.0.0.1:0", "--advertise", host]].concat());
        assert!(told.starts_with(&format!("error: --advertise {host}")), "{told}");
    }
    let told = refused(&["--advertise", "10.0.0.7"]);
    assert!(told.contains("--consul-addr"), "{told}");
}
