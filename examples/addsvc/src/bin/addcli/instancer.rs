//! Where instances are told of, as a flag says it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use addsvc::registry::{NAME, Registry};
use towerkit_endpoint::BoxError;
use towerkit_sd::file::InstanceFile;
use towerkit_sd::{Instance, Instancer};

/// What `--instancer` names.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// `static:HOST:PORT,HOST:PORT`
    Static(Vec<Instance>),
    /// `file:PATH`
    File(PathBuf),
    /// `consul:HOST:PORT`
    Consul(Instance),
    /// `etcd:HOST:PORT`
    Etcd(Instance),
    /// `dns:NAME` or `dns:NAME@ADDRESS:PORT`
    Dns(String, Option<SocketAddr>),
}

impl FromStr for Source {
    type Err = BoxError;

    fn from_str(text: &str) -> Result<Self, BoxError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "static" => Ok(Self::Static(rest.split(',').map(str::parse).collect::<Result<_, _>>()?)),
            "file" if rest.is_empty() => Err("file: names no file".into()),
            "file" => Ok(Self::File(rest.into())),
            "consul" => Ok(Self::Consul(rest.parse()?)),
            "etcd" => Ok(Self::Etcd(rest.parse()?)),
            "dns" => match rest.split_once('@') {
                Some((name, server)) => {
                    let server =
                        server.parse().map_err(|_| format!("`{server}` is no address and port of a server"))?;
                    Ok(Self::Dns(name.to_owned(), Some(server)))
                }
                None => Ok(Self::Dns(rest.to_owned(), None)),
            },
            _ => Err("it begins with none of static:, file:, consul:, etcd:, dns:".into()),
        }
    }
}

impl Source {
    /// What tells of them. It begins to ask.
    pub(crate) fn instancer(&self) -> Result<Instancer, BoxError> {
        match self {
            Self::Static(instances) => Ok(Instancer::fixed(instances.iter().cloned())),
            Self::File(path) => Ok(InstanceFile::new(path).instancer()),
            Self::Consul(agent) => Ok(Registry::consul(agent)?.instancer(NAME)),
            Self::Etcd(member) => Ok(Registry::etcd(member, PROGRAM)?.instancer(NAME)),
            Self::Dns(name, server) => dns(name, *server),
        }
    }
}

const PROGRAM: &str = "addsvc --bin addcli";

#[cfg(feature = "dns")]
fn dns(name: &str, server: Option<SocketAddr>) -> Result<Instancer, BoxError> {
    use towerkit_sd::dns::Dns;

    let dns = server.map_or_else(Dns::system, |server| Dns::servers([server]))?;
    Ok(dns.service(name)?.instancer())
}

#[cfg(not(feature = "dns"))]
fn dns(_: &str, _: Option<SocketAddr>) -> Result<Instancer, BoxError> {
    Err(format!("it was built without DNS: cargo run -p {PROGRAM} --features dns -- ...").into())
}
