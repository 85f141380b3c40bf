//! Against real etcds, the oldest and the newest, with etcdctl and Go kit beside.

mod failing;
mod interop;
mod registering;
mod secure;
mod server;
mod watching;

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use towerkit_sd::etcd::Etcd;
use towerkit_sd::{Instance, Registrar, RegistryBackoff};

use crate::support::Running;

/// Runs it for each version that is here, at a time.
async fn on_each<F: Future<Output = ()>>(test: &str, run: impl Fn(server::Server) -> F) {
    let servers = server::VERSIONS.iter().filter_map(|version| server::Server::start(version, test));
    join_all(servers.map(run)).await;
}

/// A registrar that runs, and whose lease is of a second.
fn start(etcd: &Etcd, service: &str, instance: Instance) -> Running {
    quick(Registrar::new(etcd.registration(service).ttl(Duration::from_secs(1)), instance))
}

/// One that comes back soon.
fn quick(registrar: Registrar<towerkit_sd::etcd::Registration>) -> Running {
    Running::start(registrar.backoff(RegistryBackoff::new(Duration::from_millis(20)).max(Duration::from_millis(200))))
}
