use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use towerkit_testing::http::send;

use crate::running::Stringsvc;

#[test]
fn three_calls_go_to_three_instances() {
    let (mut instances, mut proxy) = Stringsvc::behind_a_proxy(3);
    for (s, v) in [("foo", "FOO"), ("bar", "BAR"), ("baz", "BAZ")] {
        assert_eq!(proxy.post("/uppercase", &format!(r#"{{"s":"{s}"}}"#)), (200, format!(r#"{{"v":"{v}"}}"#)));
        proxy.told(&format!("input={s} "));
    }
    for instance in &mut instances {
        instance.told("operation=uppercase");
        assert_eq!(instance.process.said().matches("operation=uppercase").count(), 1);
    }
}

#[test]
fn count_stays_at_home() {
    let (mut instances, proxy) = Stringsvc::behind_a_proxy(1);
    assert_eq!(proxy.post("/count", r#"{"s":"foo"}"#), (200, r#"{"v":3}"#.to_owned()));
    assert_eq!(proxy.post("/uppercase", r#"{"s":"foo"}"#).0, 200);
    instances[0].told("operation=uppercase");
    assert!(!instances[0].process.said().contains("operation=count"));
}

#[test]
fn callers_do_not_notice_when_instances_are_killed_while_one_is_left() {
    let (mut instances, proxy) = Stringsvc::behind_a_proxy(3);
    let call = || assert_eq!(proxy.post("/uppercase", r#"{"s":"foo"}"#), (200, r#"{"v":"FOO"}"#.to_owned()));
    (0..3).for_each(|_| call());
    instances.pop().unwrap().process.kill();
    (0..40).for_each(|_| call());
    instances.pop().unwrap().process.kill();
    (0..40).for_each(|_| call());
}

#[test]
fn a_caller_is_told_that_all_are_dead_and_nothing_of_what_is_behind() {
    let (instances, proxy) = Stringsvc::behind_a_proxy(2);
    let addresses: Vec<_> = instances.iter().map(|one| one.port.to_string()).collect();
    instances.into_iter().for_each(|one| one.process.kill());
    for _ in 0..10 {
        let (status, body) = proxy.post("/uppercase", r#"{"s":"foo"}"#);
        assert_eq!(status, 503, "{body}");
        assert!(body.contains(r#""code":"unavailable""#), "{body}");
        let leaks = ["refused", "os error", "previously"].iter().any(|text| body.contains(text));
        assert!(!leaks && !addresses.iter().any(|port| body.contains(port)), "{body}");
    }
}

#[test]
fn an_instance_that_hangs_costs_no_more_than_the_time_of_a_call() {
    // It is connected to, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Stringsvc::start(&["--proxy", &silent.local_addr().unwrap().to_string()]);
    let start = Instant::now();
    let (status, body) = proxy.post("/uppercase", r#"{"s":"foo"}"#);
    assert_eq!(status, 504, "{body}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn what_an_instance_refuses_is_refused_as_it_would() {
    let (instances, proxy) = Stringsvc::behind_a_proxy(2);
    let at_the_instance = instances[0].post("/uppercase", r#"{"s":""}"#);
    assert_eq!(at_the_instance.0, 400);
    // More often than it takes to open a circuit: it is no fault.
    for _ in 0..10 {
        assert_eq!(proxy.post("/uppercase", r#"{"s":""}"#), at_the_instance);
    }
}

#[test]
fn what_came_with_a_request_is_not_passed_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Stringsvc::start(&["--proxy", &listener.local_addr().unwrap().to_string()]);
    let caller = std::thread::spawn(move || {
        let headers = "content-type: application/json\r\nauthorization: Bearer secret\r\n";
        send(proxy.port, "POST", "/uppercase", headers, r#"{"s":"foo"}"#)
    });
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = [0; 4096];
    let read = stream.read(&mut request).unwrap();
    let request = String::from_utf8_lossy(&request[..read]).into_owned();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"v\":\"FOO\"}")
        .unwrap();
    assert_eq!(caller.join().unwrap().body, r#"{"v":"FOO"}"#);
    assert!(request.starts_with("POST /uppercase") && !request.contains("secret"), "{request}");
}
