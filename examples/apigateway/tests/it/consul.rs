//! What an agent of Consul knows.

use serde_json::Value;
use towerkit_testing::consul;

pub(crate) struct Consul(consul::Consul);

impl Consul {
    pub(crate) fn start(test: &str) -> Option<Self> {
        consul::Consul::start(test).map(Self)
    }

    pub(crate) fn flag(&self) -> [String; 2] {
        ["--consul-addr".to_owned(), self.0.address()]
    }

    /// The healthy instances of a service: their addresses, and what else is known of each.
    pub(crate) fn instances(&self, service: &str) -> Vec<(String, Value)> {
        let entries: Vec<Value> = serde_json::from_str(&self.0.passing(service)).unwrap();
        let instance = |entry: &Value| {
            let service = &entry["Service"];
            (format!("{}:{}", service["Address"].as_str().unwrap(), service["Port"]), service["Meta"].clone())
        };
        entries.iter().map(instance).collect()
    }
}
