//! Against Spring Cloud's Eureka server, and beside the Python client `py-eureka-client`. Servers that fail in ways a
//! real one can't be asked to are functions in place of the HTTP client.

mod discovery;
mod failure;
mod fake;
mod hostile;
mod interop;
mod peer;
mod registration;
mod server;

use std::time::Duration;

use towerkit_sd::eureka::{Discovery, Eureka, Registration};

/// A client of the server at a port.
fn eureka(port: u16) -> Eureka {
    Eureka::new([format!("http://127.0.0.1:{port}/eureka")]).expect("a URL")
}

/// A service that is asked for often, and believed at once.
fn watched(eureka: &Eureka, name: &str) -> Discovery {
    eureka.service(name).interval(Duration::from_millis(100)).hold_when_gone(Duration::ZERO)
}

/// A registration with the shortest lease that Eureka knows.
fn brief(eureka: &Eureka, name: &str) -> Registration {
    eureka.registration(name).renewal(Duration::from_secs(1)).ttl(Duration::from_secs(2))
}
