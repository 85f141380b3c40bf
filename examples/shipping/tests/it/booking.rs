use serde_json::{Value, json};

use crate::programs::{Holds, Program, leg};

const DEADLINE: &str = "2030-01-01T00:00:00Z";

#[test]
fn the_two_cargoes_that_are_there_from_the_start_are_listed_and_not_routed() {
    let cargos = Program::alone().get("/booking/v1/cargos").ok();
    let mut cargos = cargos["cargos"].as_array().unwrap().clone();
    for cargo in &mut cargos {
        let deadline = cargo["arrival_deadline"].take();
        assert!(deadline.as_str().unwrap().ends_with('Z'), "{deadline}");
    }
    assert_eq!(
        json!(cargos),
        json!([
            {
                "arrival_deadline": null, "destination": "CNHKG", "misrouted": false,
                "origin": "SESTO", "routed": false, "tracking_id": "ABC123",
            },
            {
                "arrival_deadline": null, "destination": "SESTO", "misrouted": false,
                "origin": "AUMEL", "routed": false, "tracking_id": "FTL456",
            },
        ])
    );
}

#[test]
fn a_cargo_that_is_booked_has_a_tracking_id_of_eight_hex_digits_and_is_found_by_it() {
    let shipping = Program::alone();
    let cargo = json!({"origin": "AUMEL", "destination": "SESTO", "arrival_deadline": "2030-01-01T02:00:00+02:00"});
    let booked = shipping.post("/booking/v1/cargos", &cargo).ok();
    let id = booked["tracking_id"].as_str().unwrap();
    assert!(id.len() == 8 && id.bytes().all(|byte| b"0123456789ABCDEF".contains(&byte)), "{id}");
    assert_eq!(
        shipping.get(&format!("/booking/v1/cargos/{id}")).ok(),
        json!({"cargo": {
            "arrival_deadline": DEADLINE, "destination": "SESTO", "misrouted": false,
            "origin": "AUMEL", "routed": false, "tracking_id": id,
        }})
    );
}

#[test]
fn a_booking_without_one_of_its_fields_is_refused_by_the_name_of_the_field() {
    let shipping = Program::alone();
    for field in ["origin", "destination", "arrival_deadline"] {
        let mut cargo = json!({"origin": "AUMEL", "destination": "SESTO", "arrival_deadline": DEADLINE});
        cargo.as_object_mut().unwrap().remove(field);
        shipping.post("/booking/v1/cargos", &cargo).is_refused(400, "is missing", Some(field));
    }
}

#[test]
fn a_booking_that_makes_no_sense_is_refused_by_the_name_of_the_field() {
    let shipping = Program::alone();
    for (origin, destination, deadline, field, detail) in [
        ("AUMEL", "", DEADLINE, "destination", "is no UN/LOCODE"),
        ("Oz", "SESTO", DEADLINE, "origin", "is no UN/LOCODE"),
        ("USNYC", "SESTO", DEADLINE, "origin", "unknown location USNYC"),
        ("AUMEL", "USNYC", DEADLINE, "destination", "unknown location USNYC"),
        ("AUMEL", "AUMEL", DEADLINE, "destination", "is the origin too"),
        ("AUMEL", "SESTO", "tomorrow", "arrival_deadline", "is no time of RFC 3339"),
        // In UTC they are of the years -1 and 10000, which could not be written again.
        ("AUMEL", "SESTO", "0000-01-01T00:00:00+01:00", "arrival_deadline", "is no time of RFC 3339"),
        ("AUMEL", "SESTO", "9999-12-31T23:59:59-01:00", "arrival_deadline", "is no time of RFC 3339"),
    ] {
        let cargo = json!({"origin": origin, "destination": destination, "arrival_deadline": deadline});
        shipping.post("/booking/v1/cargos", &cargo).is_refused(400, detail, Some(field));
    }
    assert_eq!(shipping.get("/booking/v1/cargos").ok()["cargos"].as_array().unwrap().len(), 2);
}

#[test]
fn an_unknown_cargo_is_not_found_whatever_is_asked_of_it() {
    let shipping = Program::alone();
    let cargo = "/booking/v1/cargos/NOBODY";
    let legs = json!({"legs": [leg("V200", "AUMEL", "CNHKG", DEADLINE, DEADLINE)]});
    for reply in [
        shipping.get(cargo),
        shipping.get(&format!("{cargo}/request_routes")),
        shipping.post(&format!("{cargo}/assign_to_route"), &legs),
        shipping.post(&format!("{cargo}/change_destination"), &json!({"destination": "SESTO"})),
        shipping.get("/tracking/v1/cargos/NOBODY"),
    ] {
        reply.is_refused(404, "unknown cargo", None);
    }
}

#[test]
fn a_cargo_that_is_assigned_to_a_route_has_its_legs() {
    let shipping = Program::alone();
    let id = shipping.book();
    shipping.route_by_hong_kong(&id);
    let cargo = &shipping.get(&format!("/booking/v1/cargos/{id}")).ok()["cargo"];
    assert_eq!((&cargo["routed"], &cargo["misrouted"]), (&json!(true), &json!(false)));
    let legs = cargo["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 3);
    assert_eq!(legs[0], leg("V200", "AUMEL", "CNHKG", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"));
}

#[test]
fn legs_that_are_no_way_are_refused_by_their_number() {
    let shipping = Program::alone();
    let [first, second, third] = [1, 2, 3].map(|day| format!("2026-12-0{day}T00:00:00Z"));
    let whole = leg("V200", "AUMEL", "CNHKG", &first, &second);
    let to_and_fro = vec![leg("V200", "AUMEL", "CNHKG", &first, &first), leg("V100", "CNHKG", "AUMEL", &first, &first)];
    for (legs, field, detail) in [
        (json!({"legs": []}), "legs", "has no legs"),
        (json!({}), "legs", "is missing"),
        (json!({"legs": vec![to_and_fro; 26].concat()}), "legs", "has too many legs"),
        (json!({"legs": [leg("V200", "AUMEL", "CNHKG", &second, &first)]}), "legs[0]", "ends before it begins"),
        (json!({"legs": [whole, leg("V500", "NLRTM", "SESTO", &second, &third)]}), "legs[1]", "begins elsewhere"),
        (json!({"legs": [whole, leg("V300", "CNHKG", "NLRTM", &first, &third)]}), "legs[1]", "begins before"),
        (json!({"legs": [leg("V200", "AUMEL", "USNYC", &first, &second)]}), "legs[0].to", "unknown location USNYC"),
        (json!({"legs": [leg("V200", "USNYC", "CNHKG", &first, &second)]}), "legs[0].from", "unknown location USNYC"),
        (json!({"legs": [leg("V9", "AUMEL", "CNHKG", &first, &second)]}), "legs[0].voyage_number", "unknown voyage V9"),
        (json!({"legs": [leg("V200", "AUMEL", "CNHKG", "soon", &second)]}), "legs[0].load_time", "is no time"),
    ] {
        let reply = shipping.post("/booking/v1/cargos/FTL456/assign_to_route", &legs);
        reply.is_refused(400, detail, Some(field));
    }
}

#[test]
fn a_cargo_whose_destination_changes_is_misrouted_by_the_legs_it_has() {
    let shipping = Program::alone();
    let id = shipping.book();
    shipping.route_by_hong_kong(&id);
    let change = format!("/booking/v1/cargos/{id}/change_destination");
    assert_eq!(shipping.post(&change, &json!({"destination": "DEHAM"})).ok(), json!({}));
    let cargo = &shipping.get(&format!("/booking/v1/cargos/{id}")).ok()["cargo"];
    assert_eq!(cargo["destination"], "DEHAM");
    assert_eq!((&cargo["routed"], &cargo["misrouted"]), (&json!(true), &json!(true)));
}

#[test]
fn a_destination_that_can_not_be_is_refused() {
    let shipping = Program::alone();
    for (body, detail) in [
        (json!({"destination": "USNYC"}), "unknown location USNYC"),
        (json!({"destination": "AUMEL"}), "is the origin too"),
        (json!({"destination": "nowhere"}), "is no UN/LOCODE"),
        (json!({}), "is missing"),
    ] {
        let reply = shipping.post("/booking/v1/cargos/FTL456/change_destination", &body);
        reply.is_refused(400, detail, Some("destination"));
    }
}

#[test]
fn six_locations_are_served() {
    let reply = Program::alone().get("/booking/v1/locations").ok();
    let location = |locode: &str, name: &str| json!({"locode": locode, "name": name});
    assert_eq!(
        reply["locations"],
        Value::Array(vec![
            location("SESTO", "Stockholm"),
            location("AUMEL", "Melbourne"),
            location("CNHKG", "Hongkong"),
            location("JNTKO", "Tokyo"),
            location("NLRTM", "Rotterdam"),
            location("DEHAM", "Hamburg"),
        ])
    );
}
