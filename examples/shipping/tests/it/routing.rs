use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use towerkit_testing::http;
use towerkit_testing::process::free_port;

use crate::programs::{Holds, Program, SOON};

const ROUTES: &str = "/booking/v1/cargos/FTL456/request_routes";

/// A routing service that says the same to whoever asks, so often.
fn says(reply: &str, times: usize) -> (u16, std::thread::JoinHandle<String>) {
    let reply = reply.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let mut asked = String::new();
        for _ in 0..times {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(SOON)).unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            asked = String::from_utf8_lossy(&request[..read]).into_owned();
            let (head, length) =
                ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json", reply.len());
            write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{reply}").unwrap();
        }
        asked
    });
    (port, answering)
}

#[test]
fn routes_come_from_the_routing_service() {
    let routing = Program::routing();
    let mut shipping = Program::shipping(routing.port);
    let routes = shipping.get(ROUTES).ok();
    for route in routes["routes"].as_array().unwrap() {
        let legs = route["legs"].as_array().unwrap();
        assert_eq!((&legs[0]["from"], &legs[legs.len() - 1]["to"]), (&json!("AUMEL"), &json!("SESTO")));
    }
    // The cargo is there from the start, and is to arrive within a week.
    assert_eq!(shipping.post("/booking/v1/cargos/FTL456/assign_to_route", &routes["routes"][0]).ok(), json!({}));
    let cargo = &shipping.get("/booking/v1/cargos/FTL456").ok()["cargo"];
    assert_eq!((&cargo["routed"], &cargo["misrouted"]), (&json!(true), &json!(false)));
    // Where all goes well the line of the request is enough.
    shipping.told("msg=request operation=request_routes code=ok");
    assert!(!shipping.process.said().contains("msg=call"), "{}", shipping.process.said());
}

#[test]
fn the_routing_service_is_asked_as_go_kits_is() {
    let paths = json!({"paths": [{"edges": [{
        "origin": "AUMEL", "destination": "SESTO", "voyage": "0100S",
        "departure": "2026-12-01T00:00:00.5+01:00", "arrival": "2026-12-02T00:00:00Z",
    }]}]});
    let (port, answering) = says(&paths.to_string(), 1);
    let routes = Program::shipping(port).get(ROUTES).ok();
    assert!(answering.join().unwrap().starts_with("GET /paths?from=AUMEL&to=SESTO HTTP/1.1\r\n"));
    let leg = crate::programs::leg("0100S", "AUMEL", "SESTO", "2026-11-30T23:00:00Z", "2026-12-02T00:00:00Z");
    assert_eq!(routes, json!({"routes": [{"legs": [leg]}]}));
}

#[test]
fn who_asks_for_routes_hands_on_its_deadline_and_its_trace() {
    let (port, answering) = says("{}", 1);
    let shipping = Program::shipping(port);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = format!("traceparent: {trace}\r\ntowerkit-timeout: 700m\r\nx-other: 1\r\n");
    assert_eq!(http::send(shipping.port, "GET", ROUTES, &headers, "").ok(), json!({}));
    let asked = answering.join().unwrap().to_ascii_lowercase();
    assert!(asked.contains(&format!("\r\ntraceparent: {trace}\r\n")), "{asked}");
    assert!(!asked.contains("x-other"), "{asked}");
    // An attempt alone would have a second.
    let left = asked.lines().find_map(|line| line.strip_prefix("towerkit-timeout: ")).unwrap();
    let left: u64 = match left.strip_suffix('m') {
        Some(millis) => millis.parse().unwrap(),
        None => left.strip_suffix('u').unwrap().parse::<u64>().unwrap() / 1000,
    };
    assert!(left < 700, "{asked}");
}

#[test]
fn callers_in_a_hurry_open_no_circuit_for_the_others() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut shipping = Program::shipping(silent.local_addr().unwrap().port());
    for _ in 0..6 {
        let reply = http::send(shipping.port, "GET", ROUTES, "towerkit-timeout: 30m\r\n", "");
        assert!([200, 504].contains(&reply.status), "{reply:?}");
    }
    assert_eq!(shipping.get(ROUTES).ok(), json!({}));
    shipping.process.wait_until_said("msg=request operation=request_routes", 7, SOON);
    assert!(!shipping.process.said().contains("closed -> open"), "{}", shipping.process.said());
}

#[test]
fn callers_in_a_hurry_open_it_by_what_fails_before_they_go() {
    let mut shipping = Program::alone();
    for _ in 0..5 {
        http::send(shipping.port, "GET", ROUTES, "towerkit-timeout: 900m\r\n", "").ok();
    }
    shipping.told("circuit of the routing service: closed -> open");
}

#[test]
fn a_routing_service_that_hangs_for_callers_who_have_time_is_left_alone() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut shipping = Program::shipping(silent.local_addr().unwrap().port());
    // Each has the time of two attempts at least.
    let port = shipping.port;
    let callers: Vec<_> = (0..3).map(|_| std::thread::spawn(move || http::get(port, ROUTES).ok())).collect();
    for caller in callers {
        assert_eq!(caller.join().unwrap(), json!({}));
    }
    shipping.told("circuit of the routing service: closed -> open");
}

#[test]
fn paths_that_are_no_way_are_left_out_and_told_of() {
    let (port, _) = says(r#"{"paths":[{"edges":[]}]}"#, 1);
    let mut shipping = Program::shipping(port);
    assert_eq!(shipping.get(ROUTES).ok(), json!({}));
    shipping.told(r#"msg="a path of the routing service is left out: has no legs""#);
}

#[test]
fn an_answer_that_is_none_is_told_of_and_there_are_no_routes() {
    let never = json!({"paths": [{"edges": [{
        "origin": "AUMEL", "destination": "SESTO", "voyage": "V100",
        "departure": "0000-01-01T00:00:00+01:00", "arrival": "2026-12-02T00:00:00Z",
    }]}]});
    let long = json!({"paths": [], "why": "a".repeat(300 << 10)});
    for reply in [r#"{"paths":[{"edges":[{"origin":"Atlantis"}]}]}"#, &never.to_string(), &long.to_string()] {
        let (port, _) = says(reply, 1);
        let mut shipping = Program::shipping(port);
        assert_eq!(shipping.get(ROUTES).ok(), json!({}));
        shipping.told("msg=call operation=find_paths");
        shipping.told(r#"msg="no routes are offered: the routing service failed""#);
    }
}

#[test]
fn a_routing_service_that_hangs_costs_no_more_than_the_time_of_a_call() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut shipping = Program::shipping(silent.local_addr().unwrap().port());
    let start = Instant::now();
    assert_eq!(shipping.get(ROUTES).ok(), json!({}));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    shipping.told("operation=find_paths code=deadline_exceeded");
}

#[test]
fn a_routing_service_that_is_away_is_told_of_and_counted_and_left_alone_until_it_is_back() {
    let port = free_port();
    let mut shipping = Program::shipping(port);
    // Three attempts each: five failures open the circuit.
    for _ in 0..2 {
        assert_eq!(shipping.get(ROUTES).ok(), json!({}));
    }
    shipping.process.wait_until_said("msg=call operation=find_paths code=unavailable", 2, SOON);
    // The sixth attempt is refused, and does not wait until it may be made.
    assert!(!shipping.process.said().contains("half_open"), "{}", shipping.process.said());
    shipping
        .told(r#"msg="no routes are offered: the routing service failed" why=unavailable operation=request_routes"#);
    shipping.told(r#"msg="circuit of the routing service: closed -> open" service=shipping context=routing"#);
    let failed = r#"shipping_calls_total{code="unavailable",context="routing",operation="find_paths"} 2"#;
    assert!(shipping.metrics().contains(failed), "{}", shipping.metrics());

    let mut routing = Program::routing_at(port);
    let has_routes = |reply: &Value| reply["routes"].as_array().is_some_and(|routes| !routes.is_empty());
    shipping.until("has routes again", |port| has_routes(&http::get(port, ROUTES).ok()));
    shipping.told("circuit of the routing service: half_open -> closed");
    routing.told("operation=find_paths code=ok");
}

#[test]
fn routingsvc_refuses_a_port_that_none_of_its_voyages_calls_at() {
    let routing = Program::routing();
    routing.get("/paths?from=AUMEL&to=USNYC").is_refused(400, "is no port of these voyages", Some("to"));
    routing.get("/paths?from=AUMEL").is_refused(400, "is missing", Some("to"));
    assert_eq!(routing.get("/paths?from=AUMEL&to=AUMEL").ok(), json!({"paths": []}));
}
