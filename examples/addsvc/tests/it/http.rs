use crate::running::{Addsvc, exchange};

#[test]
fn sum_and_concat_answer_as_go_kits_do() {
    let addsvc = Addsvc::start(&[]);
    assert_eq!(addsvc.post("/sum", r#"{"a":1,"b":2}"#), (200, r#"{"v":3}"#.to_owned()));
    assert_eq!(addsvc.post("/sum", r#"{"A":1,"B":2}"#), (200, r#"{"v":3}"#.to_owned()));
    assert_eq!(addsvc.post("/concat", r#"{"a":"1","b":"2"}"#), (200, r#"{"v":"12"}"#.to_owned()));
}

#[test]
fn a_business_error_is_400_and_says_why() {
    let addsvc = Addsvc::start(&[]);
    for (path, body, why) in [
        ("/sum", r#"{"a":0,"b":0}"#, "can't sum two zeroes"),
        ("/sum", r#"{"a":2147483647,"b":1}"#, "integer overflow"),
        ("/sum", r#"{"a":9223372036854775807,"b":1}"#, "integer overflow"),
        ("/concat", r#"{"a":"123456","b":"78901"}"#, "result exceeds maximum size"),
    ] {
        let (status, answer) = addsvc.post(path, body);
        assert_eq!(status, 400, "{body}");
        assert!(answer.contains(why), "{answer}");
    }
}

#[test]
fn a_hundred_calls_in_a_row_trip_no_limit() {
    let addsvc = Addsvc::start(&[]);
    for _ in 0..100 {
        assert_eq!(addsvc.post("/sum", r#"{"a":1,"b":2}"#).0, 200);
    }
}

#[test]
fn operators_are_told_that_it_lives_and_is_ready() {
    let addsvc = Addsvc::start(&[]);
    let get =
        |path: &str| exchange(addsvc.debug, &format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    assert_eq!(get("/livez"), (200, "ok".to_owned()));
    let (status, report) = get("/readyz");
    assert_eq!(status, 200);
    assert!(report.starts_with("ready\n") && report.contains("http: running\n"), "{report}");
    assert_eq!(get("/debug").0, 404);
}
