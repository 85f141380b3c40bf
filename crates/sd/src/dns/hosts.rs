use std::net::{IpAddr, SocketAddr};

use hickory_resolver::proto::rr::Name;

use super::client::REGISTRY;
use super::follow::Ask;
use super::lookup::{Family, Found, Resolver};
use crate::{Instance, RegistryError};

/// The kind of a [`Discovery`](super::Discovery) for addresses.
#[derive(Clone, Debug)]
pub struct Hosts {
    port: u16,
}

impl Hosts {
    pub(super) const fn new(port: u16) -> Self {
        Self { port }
    }
}

impl Ask for Hosts {
    async fn ask(
        &self,
        resolver: &Resolver,
        name: &Name,
        family: Family,
    ) -> Result<Found<Vec<Instance>>, RegistryError> {
        let Found { value: addresses, ttl } = resolver.addresses(name, family, &[]).await?;
        let instances: Vec<_> = instances(addresses, self.port).collect();
        if instances.is_empty() {
            return Err(RegistryError::malformed(
                REGISTRY,
                format!("{name}: not one of its addresses is that of a host"),
            ));
        }
        Ok(Found { value: instances, ttl })
    }
}

/// One instance for each address that a host can have: filters of unwanted names answer `0.0.0.0`, and that would be
/// this host.
pub(super) fn instances(addresses: Vec<IpAddr>, port: u16) -> impl Iterator<Item = Instance> {
    let hosts = addresses.into_iter().filter(|address| !address.is_unspecified() && !address.is_multicast());
    hosts.map(move |address| SocketAddr::new(address, port).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_no_host_has_is_skipped() {
        let addresses =
            ["0.0.0.0", "10.0.0.7", "224.0.0.251", "::", "2001:db8::7", "ff02::fb"].map(|one| one.parse().unwrap());
        let instances: Vec<_> = instances(addresses.into(), 80).collect();
        assert_eq!(instances, [Instance::new("10.0.0.7", 80), Instance::new("2001:db8::7", 80)]);
    }
}
