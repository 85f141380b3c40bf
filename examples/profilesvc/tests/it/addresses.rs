//! `/profiles/{id}/addresses/`, row by row.

use crate::running::Profilesvc;

fn with_one_address() -> Profilesvc {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1"}"#, "{}");
    service.good("POST", "/profiles/1/addresses/", r#"{"id":"x","location":"here"}"#, "{}");
    service
}

#[test]
fn addresses_are_posted_and_found_in_their_order() {
    let service = with_one_address();
    service.good("POST", "/profiles/1/addresses/", r#"{"ID":"a","Location":"there"}"#, "{}");
    let both = r#"{"addresses":[{"id":"x","location":"here"},{"id":"a","location":"there"}]}"#;
    service.good("GET", "/profiles/1/addresses/", "", both);
    service.good("GET", "/profiles/1/addresses/x", "", r#"{"address":{"id":"x","location":"here"}}"#);
    service.good("GET", "/profiles/1/addresses/a", "", r#"{"address":{"id":"a","location":"there"}}"#);
}

#[test]
fn where_there_are_none_there_is_nothing_in_the_answer() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1"}"#, "{}");
    service.good("GET", "/profiles/1/addresses/", "", "{}");
}

#[test]
fn an_address_that_is_there_is_not_posted_again() {
    let service = with_one_address();
    service.bad("POST", "/profiles/1/addresses/", r#"{"id":"x","location":"there"}"#, 400, "already exists");
    service.good("GET", "/profiles/1/addresses/x", "", r#"{"address":{"id":"x","location":"here"}}"#);
}

#[test]
fn an_address_that_is_deleted_is_gone_and_no_other_is() {
    let service = with_one_address();
    service.good("POST", "/profiles/1/addresses/", r#"{"id":"y"}"#, "{}");
    service.good("DELETE", "/profiles/1/addresses/x", "", "{}");
    service.bad("DELETE", "/profiles/1/addresses/x", "", 404, "not found");
    service.good("GET", "/profiles/1/addresses/", "", r#"{"addresses":[{"id":"y"}]}"#);
}

#[test]
fn of_a_profile_or_an_address_that_is_not_there_all_is_404() {
    let service = with_one_address();
    service.bad("GET", "/profiles/1/addresses/y", "", 404, "not found");
    service.bad("GET", "/profiles/2/addresses/", "", 404, "not found");
    service.bad("GET", "/profiles/2/addresses/x", "", 404, "not found");
    service.bad("POST", "/profiles/2/addresses/", r#"{"id":"x"}"#, 404, "not found");
    service.bad("DELETE", "/profiles/2/addresses/x", "", 404, "not found");
}
