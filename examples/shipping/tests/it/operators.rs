use towerkit_testing::http;

use crate::programs::{Holds, Program, SOON};

#[test]
fn it_lives_and_is_ready() {
    let mut shipping = Program::alone();
    assert_eq!(shipping.get("/livez").status, 200);
    // It listens a moment before all of its members run.
    shipping.until("is ready", |port| http::get(port, "/readyz").status == 200);
}

#[test]
fn requests_are_counted_for_each_context() {
    let shipping = Program::alone();
    shipping.get("/booking/v1/cargos").ok();
    shipping.get("/tracking/v1/cargos/NOBODY").is_refused(404, "unknown cargo", None);
    shipping.handled("FTL456", "Receive", "", "AUMEL", "2026-12-01T12:00:00Z");
    let metrics = shipping.metrics();
    for line in [
        r#"shipping_requests_total{code="ok",context="booking",operation="cargos"} 1"#,
        r#"shipping_requests_total{code="not_found",context="tracking",operation="track"} 1"#,
        r#"shipping_requests_total{code="ok",context="handling",operation="register"} 1"#,
        r#"shipping_request_duration_seconds_count{context="handling",operation="register"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[test]
fn requests_are_lines_of_the_log_that_say_of_which_context_they_are() {
    let mut shipping = Program::alone();
    shipping.get("/booking/v1/locations").ok();
    shipping.told("msg=request operation=locations code=ok");
    shipping.told("service=shipping context=booking");
}

#[test]
fn sigterm_ends_it_in_good_order() {
    let mut shipping = Program::alone();
    shipping.told("shipping listens for HTTP on");
    let status = shipping.process.terminate(SOON);
    assert!(status.success(), "{status}");
}
