use std::thread;

use mdns_sd::{DaemonEvent, Error, IfKind, Receiver, ServiceDaemon, ServiceEvent, ServiceInfo, UnregisterStatus};

use super::client::REGISTRY;
use super::{Interfaces, Mdns};
use crate::RegistryError;

/// The thread that speaks mDNS. It ends when this is dropped, with a goodbye for what is registered.
pub(super) struct Daemon(ServiceDaemon);

impl Daemon {
    pub(super) fn start(mdns: &Mdns) -> Result<Self, RegistryError> {
        let daemon = Self(ServiceDaemon::new_with_port(mdns.port).map_err(failed)?);
        // It has all interfaces at first, but does as it is told in the order it is told: nothing goes out before this.
        let chosen = match &mdns.interfaces {
            Interfaces::All => return Ok(daemon),
            Interfaces::Loopback => vec![IfKind::LoopbackV4, IfKind::LoopbackV6],
            Interfaces::Named(names) => names.iter().map(IfKind::from).collect(),
        };
        daemon.0.disable_interface(IfKind::All).map_err(failed)?;
        daemon.0.enable_interface(chosen).map_err(failed)?;
        Ok(daemon)
    }

    pub(super) fn browse(&self, kind: &str) -> Result<Receiver<ServiceEvent>, RegistryError> {
        self.0.browse(kind).map_err(failed)
    }

    pub(super) fn register(&self, info: ServiceInfo) -> Result<(), RegistryError> {
        self.0.register(info).map_err(failed)
    }

    pub(super) fn unregister(&self, name: &str) -> Result<Receiver<UnregisterStatus>, RegistryError> {
        self.0.unregister(name).map_err(failed)
    }

    pub(super) fn monitor(&self) -> Result<Receiver<DaemonEvent>, RegistryError> {
        self.0.monitor().map_err(failed)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Its thread would go on without anybody to speak to. It takes a hundred orders at a time, and is quick with
        // them.
        for _ in 0..1000 {
            let Err(Error::Again) = self.0.shutdown() else { break };
            thread::yield_now();
        }
    }
}

pub(super) fn failed(error: Error) -> RegistryError {
    RegistryError::unavailable(REGISTRY, "what speaks mDNS failed").with_source(error)
}
