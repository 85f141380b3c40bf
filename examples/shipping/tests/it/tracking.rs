use serde_json::json;

use crate::programs::Program;

#[test]
fn a_cargo_that_was_just_booked_is_not_received_and_nothing_is_expected() {
    let shipping = Program::alone();
    let id = shipping.book();
    assert_eq!(
        shipping.track(&id),
        json!({
            "tracking_id": id,
            "status_text": "Not received",
            "origin": "AUMEL",
            "destination": "SESTO",
            "eta": "0001-01-01T00:00:00Z",
            "next_expected_activity": "There are currently no expected activities for this cargo.",
            "arrival_deadline": "2030-01-01T00:00:00Z",
            "events": [],
        })
    );
}

#[test]
fn an_event_is_told_with_the_time_at_which_it_was_done_whenever_that_was_told() {
    let shipping = Program::alone();
    shipping.handled("FTL456", "Customs", "", "AUMEL", "2026-12-02T10:00:00+01:00");
    shipping.handled("FTL456", "Receive", "", "AUMEL", "2026-12-01T12:00:00Z");
    assert_eq!(
        shipping.track("FTL456")["events"],
        json!([
            {"description": "Received in AUMEL, at 2026-12-01T12:00:00Z.", "expected": true},
            {"description": "Cleared customs in AUMEL, at 2026-12-02T09:00:00Z.", "expected": true},
        ])
    );
}
