//! Against a real ZooKeeper, with kazoo and Go kit beside.

mod failing;
mod interop;
mod registering;
mod server;

use std::time::Duration;

use towerkit_sd::zookeeper::ZooKeeper;
use towerkit_sd::{Instance, Registrar, RegistryBackoff};

use crate::support::Running;

/// A registrar that runs.
fn start(zookeeper: &ZooKeeper, service: &str, instance: Instance) -> Running {
    quick(Registrar::new(zookeeper.registration(service), instance))
}

/// One that comes back soon.
fn quick(registrar: Registrar<towerkit_sd::zookeeper::Registration>) -> Running {
    Running::start(registrar.backoff(RegistryBackoff::new(Duration::from_millis(20)).max(Duration::from_millis(200))))
}
