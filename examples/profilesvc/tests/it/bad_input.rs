//! What a caller gets wrong.

use profilesvc::service::{Address, InMemory, Profile, ProfileError, ProfileService as _};
use towerkit_testing::http::send;

use crate::running::Profilesvc;

#[test]
fn json_that_cant_be_read_is_400_and_told_where() {
    let service = Profilesvc::start(&[]);
    let (post, put, addresses) = (("POST", "/profiles/"), ("PUT", "/profiles/1"), ("POST", "/profiles/1/addresses/"));
    for ((method, path), body, detail) in [
        (post, "", "the body is empty, JSON is expected"),
        (post, "{\"id\":", "malformed JSON at line 1 column 6: EOF while parsing a value"),
        (post, "{\"id\":\"1\",\n nonsense}", "malformed JSON at line 2 column 2: key must be a string"),
        (put, r#"{"id":7}"#, "id: invalid type: integer `7`, expected a string (at line 1 column 7)"),
        (
            put,
            r#"{"id":"1","addresses":[{"id":"x"},{"id":null}]}"#,
            "addresses[1].id: invalid type: null, expected a string (at line 1 column 44)",
        ),
        (addresses, "{", "malformed JSON at line 1 column 1: EOF while parsing an object"),
        (("PATCH", "/profiles/1"), "7", "invalid type: integer `7`, expected struct Profile (at line 1 column 1)"),
    ] {
        service.bad(method, path, body, 400, detail);
    }
}

#[test]
fn what_nobody_would_find_again_is_not_kept() {
    let service = Profilesvc::start(&[]);
    let why = "an id is empty, . or ..";
    service.bad("POST", "/profiles/", r#"{"name":"Go Kit"}"#, 400, why);
    service.bad("PUT", "/profiles/1", r#"{"id":"1","addresses":[{"location":"here"}]}"#, 400, why);
    service.good("POST", "/profiles/", r#"{"id":"1"}"#, "{}");
    service.bad("POST", "/profiles/1/addresses/", r#"{"location":"here"}"#, 400, why);
    // A client can't write these into a path: they stand for the folder and the one above.
    for id in [".", ".."] {
        service.bad("POST", "/profiles/", &format!(r#"{{"id":"{id}"}}"#), 400, why);
        service.bad("PATCH", "/profiles/1", &format!(r#"{{"addresses":[{{"id":"{id}"}}]}}"#), 400, why);
        service.bad("POST", "/profiles/1/addresses/", &format!(r#"{{"id":"{id}"}}"#), 400, why);
    }
    service.good("GET", "/profiles/1/addresses/", "", "{}");
}

#[test]
fn addresses_of_the_same_id_are_refused_however_they_come() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1","addresses":[{"id":"x","location":"here"}]}"#, "{}");
    let twice = |id: &str| format!(r#"{{"id":"{id}","addresses":[{{"id":"y"}},{{"id":"x"}},{{"id":"y"}}]}}"#);
    service.bad("POST", "/profiles/", &twice("2"), 400, "already exists");
    service.bad("PUT", "/profiles/2", &twice("2"), 409, "already exists");
    service.bad("GET", "/profiles/2", "", 404, "not found");
    service.bad("PATCH", "/profiles/1", &twice("1"), 409, "already exists");
    service.good("GET", "/profiles/1/addresses/", "", r#"{"addresses":[{"id":"x","location":"here"}]}"#);
}

#[test]
fn what_there_is_no_room_for_is_429_and_leaves_the_profile_as_it_was() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1","name":"a"}"#, "{}");
    let name = "a".repeat(17 << 10);
    for (method, path) in [("PATCH", "/profiles/1"), ("PUT", "/profiles/1")] {
        service.bad(method, path, &format!(r#"{{"id":"1","name":"{name}"}}"#), 429, "no room for it");
    }
    let address = format!(r#"{{"id":"x","location":"{}"}}"#, "a".repeat(9 << 10));
    service.good("POST", "/profiles/1/addresses/", &address, "{}");
    let other = address.replace("\"x\"", "\"y\"");
    service.bad("POST", "/profiles/1/addresses/", &other, 429, "no room for it");
    service.bad("GET", "/profiles/1/addresses/y", "", 404, "not found");
}

#[tokio::test]
async fn all_that_a_profile_holds_takes_room() {
    let long = || "a".repeat((16 << 10) + 1);
    let with = |addresses| Profile { id: "1".to_owned(), addresses, ..Default::default() };
    let address = |number: u32| Address { id: number.to_string(), ..Default::default() };
    for profile in [
        Profile { id: long(), ..Default::default() },
        Profile { name: long(), ..with(Vec::new()) },
        with(vec![Address { id: long(), ..Default::default() }]),
        with(vec![Address { location: long(), ..address(1) }]),
        with((0..1000).map(address).collect()),
    ] {
        assert_eq!(InMemory::default().post_profile(profile).await, Err(ProfileError::Full));
    }
}

#[tokio::test]
async fn where_there_is_no_room_for_more_profiles_those_that_are_there_may_be_changed() {
    let service = InMemory::default();
    let profile = |number: u32| Profile { id: number.to_string(), ..Default::default() };
    for number in 0..10_000 {
        service.post_profile(profile(number)).await.unwrap();
    }
    assert_eq!(service.post_profile(profile(10_000)).await, Err(ProfileError::Full));
    assert_eq!(service.put_profile("10000".to_owned(), profile(10_000)).await, Err(ProfileError::Full));
    let named = || Profile { name: "a".to_owned(), ..profile(0) };
    service.put_profile("0".to_owned(), named()).await.unwrap();
    assert_eq!(service.get_profile("0".to_owned()).await, Ok(named()));
    service.delete_profile("1".to_owned()).await.unwrap();
    service.post_profile(profile(10_000)).await.unwrap();
}

#[test]
fn a_body_that_does_not_say_it_is_json_is_415() {
    let service = Profilesvc::start(&[]);
    for header in ["", "content-type: text/plain\r\n"] {
        assert_eq!(send(service.port, "POST", "/profiles/", header, r#"{"id":"1"}"#).status, 415);
    }
}
