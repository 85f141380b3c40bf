mod advertised;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

pub use advertised::InvalidAdvertised;

/// One running copy of a service: where it is, and what is known of it.
///
/// Two registrations at one [address](Self::address) are one instance: whatever the registry calls them, they are reached by the
/// same connection. Clones are cheap, and share what is in them.
///
/// ```
/// use towerkit_sd::Instance;
///
/// let instance = "10.0.0.7:8080".parse::<Instance>()?.with_zone("eu-1a").with_version("1.4.2").with_tag("prod").with_weight(200);
/// assert_eq!(instance.address(), "10.0.0.7:8080");
/// assert_eq!(instance.id(), "10.0.0.7:8080"); // unless it is given one
/// assert!(instance.has_tag("prod"));
///
/// assert_eq!(Instance::new("::1", 8080).address(), "[::1]:8080");
/// # Ok::<(), towerkit_sd::InvalidAddress>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(Arc<Parts>);

// By address first: that is their order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts {
    address: String,
    /// Where in the address the host is, without brackets.
    host: (usize, usize),
    port: u16,
    id: Option<String>,
    zone: Option<String>,
    version: Option<String>,
    weight: u32,
    tags: Vec<String>,
    labels: BTreeMap<String, String>,
}

impl Instance {
    /// The weight of an instance that says nothing of it.
    pub const DEFAULT_WEIGHT: u32 = 100;

    /// At a host, which is a name, or an address of IPv4 or of IPv6, and a port.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let (address, start) =
            if bare.contains(':') { (format!("[{bare}]:{port}"), 1) } else { (format!("{bare}:{port}"), 0) };
        Self(Arc::new(Parts {
            address,
            host: (start, start + bare.len()),
            port,
            id: None,
            zone: None,
            version: None,
            weight: Self::DEFAULT_WEIGHT,
            tags: Vec::new(),
            labels: BTreeMap::new(),
        }))
    }

    /// Gives it the name by which its registry knows it, in place of its address.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        self.with(|parts| parts.id = Some(id.into()))
    }

    /// Says in which zone it stands: a rack, a data centre, a region. An empty one is none.
    #[must_use]
    pub fn with_zone(self, zone: impl Into<String>) -> Self {
        self.with(|parts| parts.zone = Some(zone.into()).filter(|zone| !zone.is_empty()))
    }

    /// Says which version of the service it runs. An empty one is none.
    #[must_use]
    pub fn with_version(self, version: impl Into<String>) -> Self {
        self.with(|parts| parts.version = Some(version.into()).filter(|version| !version.is_empty()))
    }

    /// Says how much of the load it takes, next to the others: one of weight 200 takes twice what one of 100 does, which is the
    /// default. One of weight 0 takes calls only where all others have 0 too. Only
    /// [`Weighted`](crate::balancer::Weighted) and [`ConsistentHash`](crate::balancer::ConsistentHash) look at it.
    #[must_use]
    pub fn with_weight(self, weight: u32) -> Self {
        self.with(|parts| parts.weight = weight)
    }

    /// Adds a tag, unless it has it.
    #[must_use]
    pub fn with_tag(self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        if self.has_tag(&tag) { self } else { self.with(|parts| parts.tags.push(tag)) }
    }

    /// Sets a label.
    #[must_use]
    pub fn with_label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|parts| drop(parts.labels.insert(name.into(), value.into())))
    }

    /// Host and port as one writes them in a URL: an address of IPv6 stands in brackets.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.address.get(self.0.host.0..self.0.host.1).unwrap_or_default()
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// What its registry calls it; its address where it has no name of its own.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id.as_deref().unwrap_or(&self.0.address)
    }

    /// In which zone it stands, where that is known.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.0.zone.as_deref()
    }

    /// Which version of the service it runs, where that is known.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.0.version.as_deref()
    }

    /// How much of the load it takes, next to the others.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.0.weight
    }

    /// Its tags, in the order they were added.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// Whether it has a tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.0.tags.iter().any(|one| one == tag)
    }

    /// Its labels, by name.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.0.labels
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.0.labels.get(name).map(String::as_str)
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Whether it was given a name.
    #[cfg(any(feature = "consul", feature = "etcd", feature = "eureka", feature = "mdns", feature = "zookeeper"))]
    pub(crate) fn has_name(&self) -> bool {
        self.0.id.is_some()
    }
}

impl From<SocketAddr> for Instance {
    fn from(address: SocketAddr) -> Self {
        Self::new(&address.ip().to_string(), address.port())
    }
}

/// A host and a port: `10.0.0.7:8080`, `[::1]:8080`, `node.example:8080`.
impl FromStr for Instance {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = |what| InvalidAddress { text: text.to_owned(), what };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid("has no port"))?;
        let port = match port.parse() {
            Ok(0) | Err(_) => return Err(invalid("has no port between 1 and 65535")),
            Ok(port) => port,
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match bare {
            Some(bare) if bare.parse::<std::net::Ipv6Addr>().is_err() => {
                Err(invalid("has no IPv6 address in its brackets"))
            }
            None if host.contains(':') => Err(invalid("has an IPv6 address without brackets")),
            None if host.is_empty() => Err(invalid("has no host")),
            None if !host.bytes().all(is_host_byte) => Err(invalid("has a host that is no name")),
            _ => Ok(Self::new(host, port)),
        }
    }
}

/// What a name of the DNS may hold, and an underscore, which is often found.
const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.address())
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("address", &self.address())
            .field("id", &self.id())
            .field("zone", &self.zone())
            .field("version", &self.version())
            .field("weight", &self.weight())
            .field("tags", &self.tags())
            .field("labels", &self.labels())
            .finish()
    }
}

/// It is no host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress {
    text: String,
    what: &'static str,
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}: an address is HOST:PORT", self.text.escape_default(), self.what)
    }
}

impl std::error::Error for InvalidAddress {}
