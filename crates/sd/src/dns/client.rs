use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use towerkit_endpoint::Code;

use super::lookup::Resolver;
use super::{Discovery, Hosts, Srv};
use crate::RegistryError;

/// What errors call it.
pub(super) const REGISTRY: &str = "dns";

/// Name servers, and how they are asked. Clones share their connections.
#[derive(Clone)]
pub struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// Asks through a resolver of one's own: over TLS, with DNSSEC, through a proxy. Its cache is not used, but its
    /// bounds for a TTL hold, where it has some. The time it gives a server is best less than the
    /// [timeout](Discovery::timeout) of a lookup, so that there is some left for the next server.
    #[must_use]
    pub const fn new(resolver: TokioResolver) -> Self {
        Self { resolver }
    }

    /// Asks these name servers, two at a time, by UDP, and by TCP where an answer is too long. Names are complete:
    /// there is no search list.
    ///
    /// # Errors
    ///
    /// `Internal`, where no resolver can be made.
    pub fn servers(addresses: impl IntoIterator<Item = SocketAddr>) -> Result<Self, RegistryError> {
        let servers = addresses.into_iter().map(|address| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = address.port();
                connection
            });
            NameServerConfig::new(address.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        let mut options = ResolverOpts::default();
        options.attempts = 1;
        Self::build(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options))
    }

    /// Asks the name servers of the machine, with its search list and its hosts file: what `/etc/resolv.conf` says now.
    ///
    /// # Errors
    ///
    /// `Internal`, where the configuration can't be read.
    pub fn system() -> Result<Self, RegistryError> {
        Self::build(TokioResolver::builder_tokio().map_err(unmade)?)
    }

    fn build(mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>) -> Result<Self, RegistryError> {
        let options = builder.options_mut();
        // It would only hold what is passed over.
        options.cache_size = 0;
        options.timeout = options.timeout.min(Duration::from_secs(2));
        builder.build().map(Self::new).map_err(unmade)
    }

    /// The SRV records of a name, such as `_http._tcp.addsvc.example.`. Without the dot at the end it is looked for in
    /// the search list, where the resolver has one.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, where it is no name.
    pub fn service(&self, name: &str) -> Result<Discovery<Srv>, RegistryError> {
        Ok(Discovery::new(self.resolver(), parse(name)?, Srv::default()))
    }

    /// The addresses of a name (A and AAAA records), with the port at which all of them listen.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, where it is no name, or the port is 0.
    pub fn hosts(&self, name: &str, port: u16) -> Result<Discovery<Hosts>, RegistryError> {
        if port == 0 {
            return Err(RegistryError::new(REGISTRY, Code::InvalidArgument, "no instance listens on port 0"));
        }
        Ok(Discovery::new(self.resolver(), parse(name)?, Hosts::new(port)))
    }

    fn resolver(&self) -> Resolver {
        Resolver::new(self.resolver.clone())
    }
}

fn parse(name: &str) -> Result<Name, RegistryError> {
    let invalid =
        || RegistryError::new(REGISTRY, Code::InvalidArgument, format!("`{}` is no name", name.escape_default()));
    match Name::from_utf8(name) {
        Ok(name) if name.is_root() || name.num_labels() == 0 => Err(invalid()),
        Ok(name) => Ok(name),
        Err(error) => Err(invalid().with_source(error)),
    }
}

fn unmade(error: NetError) -> RegistryError {
    RegistryError::new(REGISTRY, Code::Internal, "no resolver could be made").with_source(error)
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dns")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_refused() {
        let dns = Dns::servers([]).unwrap();
        let long = "x".repeat(64);
        for name in ["", ".", "a..b", &long, &format!("{}x", "a.".repeat(130))] {
            assert_eq!(dns.service(name).unwrap_err().code(), Code::InvalidArgument, "{name}");
            assert_eq!(dns.hosts(name, 80).unwrap_err().code(), Code::InvalidArgument, "{name}");
        }
        assert!(dns.service("_http._tcp.addsvc.example.").is_ok());
        assert_eq!(dns.hosts("addsvc.example", 0).unwrap_err().code(), Code::InvalidArgument);
    }
}
