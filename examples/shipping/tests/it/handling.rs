use serde_json::{Value, json};

use crate::programs::Program;

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
        (json!({"completion_time": "2026-12-01"}), "completion_time", "is no time of RFC 3339"),
    ] {
        let reply = shipping.post("/handling/v1/incidents", &incident(&changes));
        reply.is_refused(400, detail, Some(field));
    }
    assert_eq!(shipping.track("FTL456")["events"], json!([]));
}

#[test]
fn an_event_of_an_unknown_cargo_is_not_found() {
    let reply = Program::alone().post("/handling/v1/incidents", &incident(&json!({"tracking_id": "NOBODY"})));
    reply.is_refused(404, "unknown cargo", None);
}
