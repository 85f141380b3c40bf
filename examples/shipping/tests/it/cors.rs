use towerkit_testing::http::{self, Reply};

use crate::programs::Program;

fn preflight(port: u16, path: &str) -> Reply {
    http::send(port, "OPTIONS", path, "origin: http://a.example\r\naccess-control-request-method: POST\r\n", "")
}

#[test]
fn pages_of_any_site_may_call_each_context() {
    let shipping = Program::alone();
    for path in ["/booking/v1/cargos", "/tracking/v1/cargos/FTL456", "/handling/v1/incidents"] {
        let reply = preflight(shipping.port, path);
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.header("access-control-allow-methods"), Some("GET,POST,OPTIONS"));
        assert_eq!(reply.header("access-control-allow-headers"), Some("content-type"));
    }
}

#[test]
fn they_may_read_what_is_answered_a_refusal_too() {
    let shipping = Program::alone();
    for (path, status) in [("/booking/v1/locations", 200), ("/booking/v1/cargos/NOBODY", 404), ("/nowhere", 404)] {
        let reply = shipping.get(path);
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, Some("*")));
    }
}

#[test]
fn the_metrics_are_for_no_browser() {
    let shipping = Program::alone();
    assert_eq!(shipping.get("/metrics").header("access-control-allow-origin"), None);
    assert_eq!(preflight(shipping.port, "/metrics").status, 405);
}
