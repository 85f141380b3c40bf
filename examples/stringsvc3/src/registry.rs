//! How others find it: in Consul.

use std::net::SocketAddr;
use std::time::Duration;

use towerkit_endpoint::BoxError;
use towerkit_lifecycle::Group;
use towerkit_log::Logger;
use towerkit_sd::consul::Consul;
use towerkit_sd::{Instance, Registrar};

/// Under which address it is to be found.
///
/// # Errors
///
/// Where that is no address at which anybody finds anything.
pub(crate) fn instance(listens: SocketAddr, advertise: Option<&str>) -> Result<Instance, BoxError> {
    Instance::advertised(listens, advertise).map_err(|error| match advertise {
        Some(_) => format!("--advertise {error}").into(),
        None => format!("--http-addr {error} (--advertise HOST)").into(),
    })
}

/// Adds what registers it. Added last it stops first: then calls that still come are served for a while.
///
/// # Errors
///
/// Where the agent has no address.
pub(crate) fn register(
    group: Group,
    agent: &Instance,
    at: Instance,
    linger: Duration,
    log: Logger,
) -> Result<Group, BoxError> {
    let consul = Consul::new(&format!("http://{agent}")).map_err(|error| format!("--consul-addr {agent}: {error}"))?;
    let registrar = Registrar::new(consul.registration("stringsvc"), at)
        .linger(linger)
        .on_change(move |state| log.scope(|| tracing::info!("stringsvc in the registry: {state}")));
    Ok(group.with(registrar))
}
