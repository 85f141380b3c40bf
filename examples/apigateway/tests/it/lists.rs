use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use towerkit_testing::http::{get, send};
use towerkit_testing::process::free_port;

use crate::load::Load;
use crate::programs::{Program, address};

#[test]
fn all_routes_answer_as_the_services_do() {
    let (addsvcs, stringsvc) = ([Program::addsvc(&[]), Program::addsvc(&[])], Program::stringsvc(&[]));
    let list = addsvcs.each_ref().map(Program::address).join(",");
    let gateway = Program::gateway(&["--addsvc", &list, "--stringsvc", &stringsvc.address()]);
    for _ in 0..4 {
        for (path, body, answer) in [
            ("/addsvc/sum", r#"{"a":1,"b":2}"#, r#"{"v":3}"#),
            ("/addsvc/concat", r#"{"a":"1","b":"2"}"#, r#"{"v":"12"}"#),
            ("/stringsvc/uppercase", r#"{"s":"foo"}"#, r#"{"v":"FOO"}"#),
            ("/stringsvc/count", r#"{"s":"foo"}"#, r#"{"v":3}"#),
        ] {
            assert_eq!(gateway.post(path, body), (200, answer.to_owned()), "{path}");
        }
    }
    assert_eq!(get(gateway.port, "/addsvc/sum").status, 405);
    assert_eq!(gateway.post("/sum", r#"{"a":1,"b":2}"#).0, 404);
}

#[test]
fn a_business_error_is_told_as_the_service_tells_it() {
    let addsvc = Program::addsvc(&[]);
    let (direct, stringsvc) = (Program::addsvc_by_http(&[]), Program::stringsvc(&[]));
    let gateway = Program::gateway(&["--addsvc", &addsvc.address(), "--stringsvc", &stringsvc.address()]);
    for (path, body) in [
        ("/sum", r#"{"a":0,"b":0}"#),
        ("/sum", r#"{"a":2147483647,"b":1}"#),
        ("/concat", r#"{"a":"123456","b":"78901"}"#),
    ] {
        let told = direct.post(path, body);
        assert_eq!(told.0, 400);
        assert_eq!(gateway.post(&format!("/addsvc{path}"), body), told);
    }
    let told = stringsvc.post("/uppercase", r#"{"s":""}"#);
    assert!(told.0 == 400 && told.1.contains("empty string"), "{told:?}");
    assert_eq!(gateway.post("/stringsvc/uppercase", r#"{"s":""}"#), told);
}

#[test]
fn no_call_fails_when_one_of_two_instances_is_killed_under_load() {
    let [left, killed] = [Program::addsvc(&[]), Program::addsvc(&[])];
    let list = [&left, &killed].map(Program::address).join(",");
    let gateway = Arc::new(Program::gateway(&["--addsvc", &list]));
    let load = Load::start(&gateway);
    load.goes_on(200);
    killed.process.kill();
    load.goes_on(1000);
    assert_eq!(load.failed(), []);
}

#[test]
fn a_service_that_is_not_there_is_503_and_nothing_more_is_told() {
    let nowhere = address(free_port());
    let gateway = Program::gateway(&["--addsvc", &nowhere, "--stringsvc", &nowhere]);
    for (path, body) in [("/addsvc/sum", r#"{"a":1,"b":2}"#), ("/stringsvc/count", r#"{"s":"foo"}"#)] {
        let (status, told) = gateway.post(path, body);
        assert_eq!(status, 503, "{told}");
        assert!(!told.contains(&nowhere) && !told.contains("refused"), "{told}");
    }
}

#[test]
fn a_call_takes_no_longer_than_it_may() {
    // It is connected to, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap().to_string();
    let gateway = Program::gateway(&["--addsvc", &at, "--retry-timeout", "300ms"]);
    let start = Instant::now();
    let (status, told) = gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#);
    assert_eq!(status, 504, "{told}");
    assert!((Duration::from_millis(300)..Duration::from_secs(5)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[test]
fn where_one_attempt_is_allowed_every_other_call_fails_while_one_of_two_is_dead() {
    let (addsvc, nowhere) = (Program::addsvc(&[]), address(free_port()));
    let list = [addsvc.address(), nowhere].join(",");
    let gateway = Program::gateway(&["--addsvc", &list, "--retry-max", "1"]);
    let mut failed = (0..4).map(|_| gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#).0).filter(|status| *status == 503);
    assert_eq!(failed.by_ref().count(), 2);
}

#[test]
fn what_came_with_a_request_is_not_passed_on() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = Program::gateway(&["--stringsvc", &upstream.local_addr().unwrap().to_string()]);
    let caller = thread::spawn(move || {
        let headers = "content-type: application/json\r\nauthorization: Bearer secret\r\n";
        send(gateway.port, "POST", "/stringsvc/count", headers, r#"{"s":"foo"}"#)
    });
    let (mut stream, _) = upstream.accept().unwrap();
    let mut request = [0; 4096];
    let read = stream.read(&mut request).unwrap();
    let request = String::from_utf8_lossy(&request[..read]).into_owned();
    let reply = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"v\":3}";
    stream.write_all(reply).unwrap();
    let reply = caller.join().unwrap();
    assert_eq!((reply.status, &*reply.body), (200, r#"{"v":3}"#));
    assert!(request.starts_with("POST /count") && !request.contains("secret"), "{request}");
}
