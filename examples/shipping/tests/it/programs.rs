//! The two programs, and how they are called.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use towerkit_testing::http::{self, Reply};
use towerkit_testing::process::{Process, free_port};

pub(crate) const SOON: Duration = Duration::from_secs(10);

/// One that runs, and where it is.
pub(crate) struct Program {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Program {
    fn start(path: &str, port: u16, flags: &[&str]) -> Self {
        let mut command = Command::new(path);
        command.env_remove("ROUTINGSERVICE_URL").args(["--http-addr", &address(port)]).args(flags);
        Self { process: Process::start(&mut command).listens_on(port, SOON), port }
    }

    /// The routing service.
    pub(crate) fn routing() -> Self {
        Self::routing_at(free_port())
    }

    pub(crate) fn routing_at(port: u16) -> Self {
        Self::start(env!("CARGO_BIN_EXE_routingsvc"), port, &[])
    }

    /// shipping, and where the routing service is or will be.
    pub(crate) fn shipping(routing: u16) -> Self {
        let url = format!("http://{}", address(routing));
        Self::start(env!("CARGO_BIN_EXE_shipping"), free_port(), &["--routing-url", &url])
    }

    /// shipping without a routing service.
    pub(crate) fn alone() -> Self {
        Self::shipping(free_port())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        http::get(self.port, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        http::post(self.port, path, &body.to_string())
    }

    /// Waits for it, while it runs.
    pub(crate) fn until(&mut self, what: &str, condition: impl Fn(u16) -> bool) {
        let port = self.port;
        self.process.wait_for(what, SOON, || condition(port));
    }

    /// Tells of an event, which is taken note of.
    pub(crate) fn handled(&self, cargo: &str, event_type: &str, voyage: &str, location: &str, at: &str) {
        let incident = json!({
            "completion_time": at, "tracking_id": cargo, "voyage": voyage,
            "location": location, "event_type": event_type,
        });
        assert_eq!(self.post("/handling/v1/incidents", &incident).ok(), json!({}));
    }

    /// Sends the cargo from Melbourne to Stockholm by Hong Kong.
    pub(crate) fn route_by_hong_kong(&self, cargo: &str) {
        let legs = json!([
            leg("V200", "AUMEL", "CNHKG", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"),
            leg("V300", "CNHKG", "NLRTM", "2026-12-03T00:00:00Z", "2026-12-04T00:00:00Z"),
            leg("V500", "NLRTM", "SESTO", "2026-12-05T00:00:00Z", "2026-12-06T00:00:00Z"),
        ]);
        let assign = format!("/booking/v1/cargos/{cargo}/assign_to_route");
        assert_eq!(self.post(&assign, &json!({ "legs": legs })).ok(), json!({}));
    }

    /// Books a cargo from Melbourne to Stockholm, and answers its tracking id.
    pub(crate) fn book(&self) -> String {
        let cargo = json!({"origin": "AUMEL", "destination": "SESTO", "arrival_deadline": "2030-01-01T00:00:00Z"});
        let booked = self.post("/booking/v1/cargos", &cargo).ok();
        booked["tracking_id"].as_str().unwrap().to_owned()
    }

    /// What is known of a cargo.
    pub(crate) fn track(&self, cargo: &str) -> Value {
        self.get(&format!("/tracking/v1/cargos/{cargo}")).ok()["cargo"].take()
    }

    pub(crate) fn metrics(&self) -> String {
        self.get("/metrics").body
    }

    pub(crate) fn told(&mut self, what: &str) {
        self.process.wait_until_said(what, 1, SOON);
    }
}

pub(crate) fn leg(voyage: &str, from: &str, to: &str, load: &str, unload: &str) -> Value {
    json!({"voyage_number": voyage, "from": from, "to": to, "load_time": load, "unload_time": unload})
}

/// What replies are held to.
pub(crate) trait Holds {
    /// The JSON of a call that went well.
    fn ok(&self) -> Value;

    /// It was refused as a problem: with a status, a text, and the field that is at fault, where one is.
    fn is_refused(&self, status: u16, detail: &str, field: Option<&str>);
}

impl Holds for Reply {
    #[track_caller]
    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    fn is_refused(&self, status: u16, detail: &str, field: Option<&str>) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        assert_eq!(problem["errors"][0]["field"].as_str(), field, "{problem}");
    }
}

/// Runs shipping where it is to refuse its flags.
pub(crate) fn refused(flags: &[&str]) -> String {
    let (status, said) = Process::start(Command::new(env!("CARGO_BIN_EXE_shipping")).args(flags)).ended(SOON);
    assert!(!status.success());
    said
}

pub(crate) fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
