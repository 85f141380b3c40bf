//! Where the service is registered, and where its callers find it: the registries that flags name.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::Group;
use towerkit_log::Logger;
use towerkit_sd::consul::Consul;
#[cfg(feature = "etcd")]
use towerkit_sd::etcd::Etcd;
use towerkit_sd::{Instance, Instancer, Register, Registrar, RegistrationState};

/// What the service is called there: its instances are at their gRPC addresses.
pub const NAME: &str = "addsvc";

/// The label in which an instance has the address of its HTTP server.
pub const HTTP: &str = "http";

/// The label in which an instance has the address of its JSON-RPC server.
pub const JSON_RPC: &str = "jsonrpc";

/// The flags that name a registry: one of them, or none.
#[derive(Args, Clone, Debug)]
#[group(id = "registry", multiple = false)]
pub struct Flags {
    /// An agent of Consul.
    #[arg(long, value_name = "HOST:PORT")]
    consul_addr: Option<Instance>,

    /// A member of etcd (with the feature `etcd`).
    #[arg(long, value_name = "HOST:PORT")]
    etcd_addr: Option<Instance>,
}

impl Flags {
    /// The registry, where one is named. `program` is what stands behind `cargo run -p`.
    ///
    /// # Errors
    ///
    /// Where the program was built without it.
    pub fn registry(&self, program: &str) -> Result<Option<Registry>, BoxError> {
        let (flag, made) = match (&self.consul_addr, &self.etcd_addr) {
            (Some(address), _) => ("--consul-addr", Registry::consul(address)),
            (_, Some(address)) => ("--etcd-addr", Registry::etcd(address, program)),
            (None, None) => return Ok(None),
        };
        made.map(Some).map_err(|error| format!("{flag}: {error}").into())
    }
}

/// A registry, of whichever kind.
#[derive(Debug)]
pub enum Registry {
    /// Consul.
    Consul(Consul),
    /// etcd.
    #[cfg(feature = "etcd")]
    Etcd(Box<Etcd>),
}

impl Registry {
    /// Consul, by its agent.
    ///
    /// # Errors
    ///
    /// Where that has no address.
    pub fn consul(agent: &Instance) -> Result<Self, BoxError> {
        Ok(Self::Consul(Consul::new(&format!("http://{agent}"))?))
    }

    /// etcd, by one of its members.
    ///
    /// # Errors
    ///
    /// Where that has no address.
    #[cfg(feature = "etcd")]
    pub fn etcd(member: &Instance, _program: &str) -> Result<Self, BoxError> {
        Ok(Self::Etcd(Box::new(Etcd::new([member.address()])?)))
    }

    /// Says that the program was built without etcd. `program` is what stands behind `cargo run -p`.
    ///
    /// # Errors
    ///
    /// Always.
    #[cfg(not(feature = "etcd"))]
    pub fn etcd(_member: &Instance, program: &str) -> Result<Self, BoxError> {
        let how = format!("cargo run -p {program} --features etcd -- ...");
        Err(format!("it was built without etcd, which wants protoc: {how}").into())
    }

    /// The instances of a service.
    #[must_use]
    pub fn instancer(&self, service: &str) -> Instancer {
        match self {
            Self::Consul(consul) => consul.service(service).instancer(),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.service(service).instancer(),
        }
    }

    /// Adds what registers the service. Added last it stops first: calls that still come are served for as long as it lingers.
    #[must_use]
    pub fn register(&self, group: Group, at: Instance, linger: Duration, log: Logger) -> Group {
        match self {
            Self::Consul(consul) => group.with(registrar(consul.registration(NAME), at, linger, log)),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => group.with(registrar(etcd.registration(NAME), at, linger, log)),
        }
    }
}

/// It tells how it stands, at each change.
fn registrar<R: Register>(register: R, at: Instance, linger: Duration, log: Logger) -> Registrar<R> {
    let tell = move |state: &RegistrationState| log.scope(|| tracing::info!("{NAME} in the registry: {state}"));
    Registrar::new(register, at).linger(linger).on_change(tell)
}

/// Where callers find what listens, as [`Instance::advertised`] has it.
///
/// # Errors
///
/// Where that is no address at which anybody finds anything; `flag` is what it was told to listen by.
pub fn advertised(flag: &str, listens: SocketAddr, advertise: Option<&str>) -> Result<Instance, BoxError> {
    Instance::advertised(listens, advertise).map_err(|error| match advertise {
        Some(_) => format!("--advertise {error}").into(),
        None => format!("{flag} {error} (--advertise HOST)").into(),
    })
}
