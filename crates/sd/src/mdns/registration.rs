use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use mdns_sd::{DaemonEvent, Receiver, ServiceInfo};
use tokio::time::{sleep, timeout};
use towerkit_endpoint::Code;

use super::client::REGISTRY;
use super::daemon::{Daemon, failed};
use super::{Mdns, text};
use crate::{Instance, Register, RegistryError};

/// By then it is announced: it asks three times in 750 ms whether somebody else has the name (RFC 6762, section 8.1),
/// and once more for another name where somebody has.
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(4);

/// The goodbye is said once more after 120 ms.
const GOODBYE: Duration = Duration::from_millis(150);

/// How an instance is registered: made by [`Mdns::registration`], for a [`Registrar`](crate::Registrar).
pub struct Registration {
    mdns: Mdns,
    kind: String,
    announced: Option<Announced>,
}

struct Announced {
    full_name: String,
    events: Receiver<DaemonEvent>,
    daemon: Daemon,
}

impl Registration {
    pub(super) const fn new(mdns: Mdns, kind: String) -> Self {
        Self { mdns, kind, announced: None }
    }

    fn describe(&self, instance: &Instance) -> Result<ServiceInfo, RegistryError> {
        let invalid = |what: String| RegistryError::new(REGISTRY, Code::InvalidArgument, what);
        let address: IpAddr = instance.host().parse().map_err(|_| {
            invalid(format!("{instance} has a name for its host: mDNS wants an address, or 0.0.0.0 for all of them"))
        })?;
        let pairs = text::pairs(instance)?;
        // Nobody else has it, and nobody wants to read it.
        let unique = format!("{:016x}", fastrand::u64(..));
        let name =
            if address.is_unspecified() && !instance.has_name() { unique.clone() } else { text::name(instance)? };
        let host = format!("{unique}.local.");
        let addresses: Vec<IpAddr> = if address.is_unspecified() { Vec::new() } else { vec![address] };
        let info = ServiceInfo::new(&self.kind, &name, &host, &addresses[..], instance.port(), &pairs[..]);
        let info = info.map_err(|error| invalid(format!("{instance} can't be registered")).with_source(error))?;
        Ok(if address.is_unspecified() { info.enable_addr_auto() } else { info })
    }
}

impl Register for Registration {
    fn registry(&self) -> &'static str {
        REGISTRY
    }

    async fn register(&mut self, instance: &Instance) -> Result<(), RegistryError> {
        let info = self.describe(instance)?;
        self.announced = None;
        let daemon = Daemon::start(&self.mdns)?;
        let events = daemon.monitor()?;
        let full_name = info.get_fullname().to_owned();
        daemon.register(info)?;
        let announced = async {
            loop {
                match events.recv_async().await {
                    Ok(DaemonEvent::Announce(..)) => return Ok(()),
                    Ok(DaemonEvent::Error(error)) => return Err(failed(error)),
                    Ok(_) => {}
                    Err(_) => return Err(ended()),
                }
            }
        };
        match timeout(ANNOUNCED_WITHIN, announced).await {
            Ok(result) => result?,
            Err(_) => {
                let what = format!(
                    "{instance} could not be announced: no chosen interface has its address, or the port is taken"
                );
                return Err(RegistryError::unavailable(REGISTRY, what));
            }
        }
        self.announced = Some(Announced { full_name, events, daemon });
        Ok(())
    }

    async fn keep(&mut self) -> RegistryError {
        let Some(announced) = &self.announced else { return ended() };
        // It answers whoever asks. What else it tells of is in order: another name, an interface that came or went.
        loop {
            match announced.events.recv_async().await {
                Ok(DaemonEvent::Error(error)) => return failed(error),
                Ok(_) => {}
                Err(_) => return ended(),
            }
        }
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        let Some(Announced { full_name, daemon, .. }) = self.announced.take() else { return Ok(()) };
        let done = daemon.unregister(&full_name)?;
        done.recv_async().await.map_err(|_| ended())?;
        sleep(GOODBYE).await;
        Ok(())
    }
}

fn ended() -> RegistryError {
    RegistryError::unavailable(REGISTRY, "what speaks mDNS has ended")
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("mdns", &self.mdns)
            .field("kind", &self.kind)
            .field("announced", &self.announced.as_ref().map(|announced| &announced.full_name))
            .finish_non_exhaustive()
    }
}
