//! Cargoes on their way, from the booking to the claim.

use serde_json::{Value, json};

use crate::programs::{Holds, Program};

/// What a customer reads of where it is, and of what comes next.
fn stands(shipping: &Program, cargo: &str) -> (String, String) {
    let tracked = shipping.track(cargo);
    let text = |field: &str| tracked[field].as_str().unwrap().to_owned();
    (text("status_text"), text("next_expected_activity"))
}

#[test]
fn a_cargo_is_booked_routed_handled_tracked_and_claimed() {
    let routing = Program::routing();
    let mut shipping = Program::shipping(routing.port);
    let id = shipping.book();

    let routes = shipping.get(&format!("/booking/v1/cargos/{id}/request_routes")).ok();
    let route = &routes["routes"][0];
    let legs: &Vec<Value> = route["legs"].as_array().unwrap();
    let arrival = &legs.last().unwrap()["unload_time"];
    assert_eq!(shipping.post(&format!("/booking/v1/cargos/{id}/assign_to_route"), route).ok(), json!({}));
    assert_eq!(
        stands(&shipping, &id),
        ("Not received".to_owned(), "Next expected activity is to receive cargo in AUMEL.".to_owned())
    );
    // In whole seconds, as times are written here.
    let eta = shipping.track(&id)["eta"].take();
    assert_eq!(&eta, arrival);

    let mut hour = 0;
    let mut handled = |event_type: &str, voyage: &str, location: &str| {
        hour += 1;
        shipping.handled(&id, event_type, voyage, location, &format!("2026-12-01T{hour:02}:00:00Z"));
        stands(&shipping, &id)
    };
    let (status, mut next) = handled("Receive", "", "AUMEL");
    assert_eq!(status, "In port AUMEL");
    for leg in legs {
        let [voyage, from, to] = ["voyage_number", "from", "to"].map(|field| leg[field].as_str().unwrap());
        assert_eq!(next, format!("Next expected activity is to load cargo onto voyage {voyage} in {from}."));
        let (status, after) = handled("Load", voyage, from);
        assert_eq!(status, format!("Onboard voyage {voyage}"));
        assert_eq!(after, format!("Next expected activity is to unload cargo off of voyage {voyage} in {to}."));
        let (status, after) = handled("Unload", voyage, to);
        assert_eq!(status, format!("In port {to}"));
        next = after;
    }
    let claim = "Next expected activity is to claim cargo in SESTO.";
    assert_eq!(next, claim);
    assert_eq!(handled("Customs", "", "SESTO"), ("In port SESTO".to_owned(), claim.to_owned()));
    let nothing = "There are currently no expected activities for this cargo.";
    assert_eq!(handled("Claim", "", "SESTO"), ("Claimed".to_owned(), nothing.to_owned()));

    let events = shipping.track(&id)["events"].take();
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), legs.len() * 2 + 3);
    assert!(events.iter().all(|event| event["expected"] == true), "{events:?}");
    shipping.told(&format!(r#"msg="the cargo has arrived" tracking_id={id} location=SESTO operation=register"#));
    assert!(shipping.metrics().contains("shipping_inspection_findings_total{finding=\"arrived\"} 1\n"));
    assert!(shipping.metrics().contains("shipping_inspection_findings_total{finding=\"misdirected\"} 0\n"));
}

#[test]
fn a_misdirected_cargo_is_told_of_and_is_set_right_by_another_route() {
    let mut shipping = Program::alone();
    let id = shipping.book();
    shipping.route_by_hong_kong(&id);
    shipping.handled(&id, "Receive", "", "AUMEL", "2026-12-01T01:00:00Z");
    shipping.handled(&id, "Load", "V200", "AUMEL", "2026-12-01T02:00:00Z");
    shipping.handled(&id, "Unload", "V200", "JNTKO", "2026-12-02T01:00:00Z");

    shipping.told(&format!(r#"level=warn msg="the cargo is misdirected" tracking_id={id} location=JNTKO"#));
    assert!(shipping.metrics().contains("shipping_inspection_findings_total{finding=\"misdirected\"} 1\n"));
    let tracked = shipping.track(&id);
    assert_eq!(tracked["status_text"], "In port JNTKO");
    assert_eq!(tracked["eta"], "0001-01-01T00:00:00Z");
    assert_eq!(tracked["next_expected_activity"], "There are currently no expected activities for this cargo.");
    let expected: Vec<_> = tracked["events"].as_array().unwrap().iter().map(|event| &event["expected"]).collect();
    assert_eq!(expected, [true, true, false]);

    let leg = crate::programs::leg;
    let legs = json!({"legs": [
        leg("V200", "AUMEL", "JNTKO", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"),
        leg("V100", "JNTKO", "CNHKG", "2026-12-03T00:00:00Z", "2026-12-04T00:00:00Z"),
        leg("V300", "CNHKG", "DEHAM", "2026-12-05T00:00:00Z", "2026-12-07T00:00:00Z"),
        leg("V500", "DEHAM", "SESTO", "2026-12-08T00:00:00Z", "2026-12-09T00:00:00Z"),
    ]});
    assert_eq!(shipping.post(&format!("/booking/v1/cargos/{id}/assign_to_route"), &legs).ok(), json!({}));
    let next = "Next expected activity is to load cargo onto voyage V100 in JNTKO.";
    assert_eq!(stands(&shipping, &id), ("In port JNTKO".to_owned(), next.to_owned()));
    assert_eq!(shipping.track(&id)["eta"], "2026-12-09T00:00:00Z");
}

#[test]
fn nobody_can_say_where_a_cargo_is_that_is_handled_after_it_was_claimed() {
    let shipping = Program::alone();
    shipping.handled("FTL456", "Claim", "", "SESTO", "2026-12-01T01:00:00Z");
    shipping.handled("FTL456", "Receive", "", "AUMEL", "2026-12-01T02:00:00Z");
    assert_eq!(shipping.track("FTL456")["status_text"], "Unknown");
}

#[test]
fn nothing_is_lost_where_a_cargo_is_handled_and_sent_elsewhere_at_once() {
    let shipping = Program::alone();
    for minute in 0..20 {
        let (destination, location) = if minute % 2 == 0 { ("DEHAM", "AUMEL") } else { ("SESTO", "CNHKG") };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let change = json!({ "destination": destination });
                assert_eq!(shipping.post("/booking/v1/cargos/FTL456/change_destination", &change).ok(), json!({}));
            });
            let at = format!("2026-12-01T12:{minute:02}:00Z");
            let shipping = &shipping;
            scope.spawn(move || shipping.handled("FTL456", "Customs", "", location, &at));
        });
        let tracked = shipping.track("FTL456");
        assert_eq!(tracked["destination"], destination);
        assert_eq!(tracked["status_text"], format!("In port {location}"));
    }
}
