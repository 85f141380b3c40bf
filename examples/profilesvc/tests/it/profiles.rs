//! `/profiles/`, row by row.

use towerkit_testing::http::{get, post};

use crate::running::{Profilesvc, SOON};

#[test]
fn a_profile_is_posted_and_found() {
    let service = Profilesvc::start(&[]);
    // The line of Go kit's README, with its capital.
    service.good("POST", "/profiles/", r#"{"id":"1234","Name":"Go Kit"}"#, "{}");
    service.good("GET", "/profiles/1234", "", r#"{"profile":{"id":"1234","name":"Go Kit"}}"#);
    service.bad("GET", "/profiles/1", "", 404, "not found");
}

#[test]
fn fields_may_have_the_capitals_of_go() {
    let service = Profilesvc::start(&[]);
    let gos = r#"{"ID":"1","Name":"a","Addresses":[{"ID":"x","Location":"here"}]}"#;
    service.good("POST", "/profiles/", gos, "{}");
    let ours = r#"{"profile":{"id":"1","name":"a","addresses":[{"id":"x","location":"here"}]}}"#;
    service.good("GET", "/profiles/1", "", ours);
}

#[test]
fn a_profile_that_is_there_is_not_posted_again() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1","name":"first"}"#, "{}");
    service.bad("POST", "/profiles/", r#"{"id":"1","name":"second"}"#, 400, "already exists");
    service.good("GET", "/profiles/1", "", r#"{"profile":{"id":"1","name":"first"}}"#);
}

#[test]
fn a_refusal_is_a_problem_with_its_code_and_its_status() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1"}"#, "{}");
    let reply = post(service.port, "/profiles/", r#"{"id":"1"}"#);
    assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/problem+json")));
    let problem = r#"{"title":"Bad Request","status":400,"detail":"already exists","code":"already_exists"}"#;
    assert_eq!(reply.body, problem);
}

#[test]
fn put_creates_and_replaces_whole() {
    let service = Profilesvc::start(&[]);
    service.good("PUT", "/profiles/1", r#"{"id":"1","name":"a","addresses":[{"id":"x"}]}"#, "{}");
    service.good("GET", "/profiles/1", "", r#"{"profile":{"id":"1","name":"a","addresses":[{"id":"x"}]}}"#);
    service.good("PUT", "/profiles/1", r#"{"id":"1","name":"b"}"#, "{}");
    service.good("GET", "/profiles/1", "", r#"{"profile":{"id":"1","name":"b"}}"#);
    for body in [r#"{"id":"2","name":"b"}"#, r#"{"name":"b"}"#] {
        service.bad("PUT", "/profiles/1", body, 400, "inconsistent IDs");
    }
    service.bad("GET", "/profiles/2", "", 404, "not found");
}

#[test]
fn patch_sets_what_is_not_empty_and_never_creates() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1","name":"a","addresses":[{"id":"x","location":"here"}]}"#, "{}");
    service.good("PATCH", "/profiles/1", r#"{"name":"b","addresses":[]}"#, "{}");
    let patched = r#"{"profile":{"id":"1","name":"b","addresses":[{"id":"x","location":"here"}]}}"#;
    service.good("GET", "/profiles/1", "", patched);
    service.good("PATCH", "/profiles/1", r#"{"id":"1","name":"","addresses":[{"id":"y"}]}"#, "{}");
    service.good("GET", "/profiles/1", "", r#"{"profile":{"id":"1","name":"b","addresses":[{"id":"y"}]}}"#);
    service.bad("PATCH", "/profiles/1", r#"{"id":"2","name":"c"}"#, 400, "inconsistent IDs");
    service.bad("PATCH", "/profiles/2", r#"{"name":"c"}"#, 404, "not found");
    service.bad("GET", "/profiles/2", "", 404, "not found");
}

#[test]
fn a_profile_that_is_deleted_is_gone() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1"}"#, "{}");
    service.good("DELETE", "/profiles/1", "", "{}");
    service.bad("GET", "/profiles/1", "", 404, "not found");
    service.bad("DELETE", "/profiles/1", "", 404, "not found");
}

#[test]
fn an_id_may_hold_whatever_a_path_can_be_made_to_hold() {
    let service = Profilesvc::start(&[]);
    service.good("PUT", "/profiles/a%2Fb%20%C3%BC", r#"{"id":"a/b ü"}"#, "{}");
    service.good("GET", "/profiles/a%2Fb%20%C3%BC", "", r#"{"profile":{"id":"a/b ü"}}"#);
}

#[test]
fn a_trailing_slash_counts() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1","addresses":[{"id":"x"}]}"#, "{}");
    for (method, path) in [
        ("POST", "/profiles"),
        ("GET", "/profiles/1/"),
        ("GET", "/profiles/1/addresses"),
        ("POST", "/profiles/1/addresses"),
        ("GET", "/profiles/1/addresses/x/"),
    ] {
        assert_eq!(service.call(method, path, r#"{"id":"2"}"#).0, 404, "{method} {path}");
    }
    assert_eq!(service.call("GET", "/profiles/", "").0, 405);
}

#[test]
fn each_request_is_a_line_of_the_log() {
    let mut service = Profilesvc::start(&[]);
    service.bad("GET", "/profiles/1", "", 404, "not found");
    service.process.wait_until_said("operation=get_profile code=not_found", 1, SOON);
}

#[test]
fn operators_are_told_that_it_lives_and_is_ready() {
    let service = Profilesvc::start(&[]);
    service.good("GET", "/livez", "", "ok");
    let ready = get(service.port, "/readyz");
    assert!(ready.status == 200 && ready.body.contains("http: running\n"), "{ready:?}");
}
