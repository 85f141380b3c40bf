use serde_json::{Value, json};

use crate::programs::{Holds, Program};

fn incident(changes: &Value) -> Value {
    let mut incident = json!({
        "completion_time": "2026-12-01T12:00:00Z", "tracking_id": "FTL456", "voyage": "V200",
        "location": "AUMEL", "event_type": "Load",
    });
    incident.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    incident
}

#[test]
fn each_type_of_event_is_taken_note_of() {
    for (event_type, status) in [
        ("Receive", "In port AUMEL"),
        ("Load", "Onboard voyage V200"),
        ("Unload", "In port AUMEL"),
        ("Customs", "In port AUMEL"),
        ("Claim", "Claimed"),
    ] {
        let shipping = Program::alone();
        let event = incident(&json!({"event_type": event_type}));
        assert_eq!(shipping.post("/handling/v1/incidents", &event).ok(), json!({}));
        assert_eq!(shipping.track("FTL456")["status_text"], status);
    }
}

#[test]
fn what_is_not_loaded_and_not_unloaded_needs_no_voyage() {
    let shipping = Program::alone();
    shipping.handled("FTL456", "Receive", "", "AUMEL", "2026-12-01T12:00:00Z");
    let without = json!({
        "completion_time": "2026-12-01T13:00:00Z", "tracking_id": "FTL456",
        "location": "AUMEL", "event_type": "Customs",
    });
    assert_eq!(shipping.post("/handling/v1/incidents", &without).ok(), json!({}));
}

#[test]
fn an_event_that_can_not_be_is_refused_by_the_name_of_the_field() {
    let shipping = Program::alone();
    for (changes, field, detail) in [
        (json!({"event_type": "Lose"}), "event_type", "unknown variant `Lose`"),
        (json!({"tracking_id": ""}), "tracking_id", "is empty"),
        (json!({"location": "USNYC"}), "location", "unknown location USNYC"),
        (json!({"location": ""}), "location", "is no UN/LOCODE"),
        (json!({"voyage": ""}), "voyage", "is no voyage number"),
        (json!({"voyage": "V9"}), "voyage", "unknown voyage V9"),
        (json!({"event_type": "Unload", "voyage": "V9"}), "voyage", "unknown voyage V9"),
        (json!({"completion_time": "2026-12-01"}), "completion_time", "is no time of RFC 3339"),
    ] {
        let reply = shipping.post("/handling/v1/incidents", &incident(&changes));
        reply.is_refused(400, detail, Some(field));
    }
    assert_eq!(shipping.track("FTL456")["events"], json!([]));
}

#[test]
fn an_event_of_an_unknown_cargo_is_not_found() {
    let shipping = Program::alone();
    // Whatever else is wrong with it.
    for location in ["AUMEL", "USNYC"] {
        let event = incident(&json!({"tracking_id": "NOBODY", "location": location}));
        shipping.post("/handling/v1/incidents", &event).is_refused(404, "unknown cargo", None);
    }
}

#[test]
fn to_one_cargo_no_more_is_done_than_there_is_room_for_and_to_others_it_is() {
    let shipping = Program::alone();
    for minute in 0..200 {
        let at = format!("2026-12-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
        shipping.handled("FTL456", "Customs", "", "AUMEL", &at);
    }
    let reply = shipping.post("/handling/v1/incidents", &incident(&json!({})));
    reply.is_refused(429, "there is no room for more than 200 events of a cargo", None);
    assert_eq!(shipping.track("FTL456")["events"].as_array().unwrap().len(), 200);
    shipping.handled("ABC123", "Receive", "", "SESTO", "2026-12-01T00:00:00Z");
}

#[test]
fn a_time_that_could_not_be_written_again_is_refused() {
    let shipping = Program::alone();
    for never in ["0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"] {
        let reply = shipping.post("/handling/v1/incidents", &incident(&json!({"completion_time": never})));
        reply.is_refused(400, "is no time of RFC 3339", Some("completion_time"));
    }
}
