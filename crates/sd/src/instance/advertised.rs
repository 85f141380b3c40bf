use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{Instance, InvalidAddress};

impl Instance {
    /// Where callers find what listens at an address: under the host that is advertised, or else under the one that it listens on.
    ///
    /// A service that listens on all of its addresses (`0.0.0.0`, `[::]`) can't know which of them its callers reach, so it is to be told.
    ///
    /// ```
    /// use towerkit_sd::Instance;
    ///
    /// let listens = "0.0.0.0:8081".parse()?;
    /// assert_eq!(Instance::advertised(listens, Some("node7.example"))?.address(), "node7.example:8081");
    ///
    /// let error = Instance::advertised(listens, None).unwrap_err();
    /// assert_eq!(error.to_string(), "0.0.0.0:8081 tells nobody where it is: listen on one address, or give a host to advertise");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where nobody finds anything there: the address is that of no host in particular, or the host is none.
    pub fn advertised(listens: SocketAddr, host: Option<&str>) -> Result<Self, InvalidAdvertised> {
        if listens.port() == 0 {
            return Err(InvalidAdvertised::NoPort(listens));
        }
        let Some(host) = host else {
            return if listens.ip().to_canonical().is_unspecified() {
                Err(InvalidAdvertised::Listens(listens))
            } else {
                Ok(listens.into())
            };
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if is_everywhere(bare) {
            return Err(InvalidAdvertised::Everywhere(host.to_owned()));
        }
        let checked = Self::new(host, listens.port()).address().parse();
        checked.map_err(|error| InvalidAdvertised::Host(host.to_owned(), error))
    }
}

/// Whether a host stands for all addresses of a machine. In an address of IPv4 most resolvers take less than four numbers, and numbers in
/// hexadecimal (inet_aton(3)): `0` is one too.
fn is_everywhere(host: &str) -> bool {
    let is_zero = |number: &str| {
        let digits = number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")).unwrap_or(number);
        !digits.is_empty() && digits.bytes().all(|digit| digit == b'0')
    };
    let mut numbers = host.strip_suffix('.').unwrap_or(host).split('.');
    host.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_unspecified()) || numbers.all(is_zero)
}

/// Why an instance can't be [advertised](Instance::advertised).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidAdvertised {
    /// It has no port yet: what a listener of port 0 was given is told by its `local_addr`.
    NoPort(SocketAddr),
    /// It listens on all addresses, and no host was given.
    Listens(SocketAddr),
    /// The host stands for all addresses, as `0.0.0.0` does, and what resolvers read as that.
    Everywhere(String),
    /// The host is none.
    Host(String, InvalidAddress),
}

impl fmt::Display for InvalidAdvertised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort(address) => write!(f, "{address} has no port to advertise"),
            Self::Listens(address) => {
                write!(f, "{address} tells nobody where it is: listen on one address, or give a host to advertise")
            }
            Self::Everywhere(host) => write!(f, "{host} tells nobody where it is: give a host that callers reach"),
            Self::Host(host, error) => write!(f, "{host}: {error}"),
        }
    }
}

impl std::error::Error for InvalidAdvertised {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Host(_, error) => Some(error),
            Self::NoPort(_) | Self::Listens(_) | Self::Everywhere(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertised(listens: &str, host: Option<&str>) -> Result<String, String> {
        let instance = Instance::advertised(listens.parse().unwrap(), host);
        instance.map(|instance| instance.address().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_host_is_the_one_that_is_advertised_or_else_the_one_it_listens_on() {
        assert_eq!(advertised("10.0.0.7:8081", None).as_deref(), Ok("10.0.0.7:8081"));
        assert_eq!(advertised("10.0.0.7:8081", Some("node7.example")).as_deref(), Ok("node7.example:8081"));
        assert_eq!(advertised("0.0.0.0:8081", Some("::1")).as_deref(), Ok("[::1]:8081"));
    }

    #[test]
    fn an_address_at_which_nobody_finds_anything_is_refused_with_what_to_do() {
        for listens in ["0.0.0.0:8081", "[::]:8081", "[::ffff:0.0.0.0]:8081"] {
            assert!(advertised(listens, None).unwrap_err().ends_with("give a host to advertise"), "{listens}");
        }
        let everywhere =
            ["0.0.0.0", "::", "[::]", "::ffff:0.0.0.0", "[::ffff:0:0]", "0", "0.0", "0x0", "00.0.", "0.0.0.0."];
        for host in everywhere {
            let error = advertised("127.0.0.1:8081", Some(host)).unwrap_err();
            assert_eq!(error, format!("{host} tells nobody where it is: give a host that callers reach"));
        }
        for host in ["a b", ""] {
            assert!(advertised("127.0.0.1:8081", Some(host)).unwrap_err().starts_with(host), "{host}");
        }
    }

    #[test]
    fn a_host_that_only_looks_like_all_addresses_is_one() {
        for host in ["0.example", "0x", "00a", "10.0.0.0", "0.0.0.7"] {
            assert_eq!(advertised("127.0.0.1:8081", Some(host)), Ok(format!("{host}:8081")));
        }
    }

    #[test]
    fn port_0_is_none_to_advertise() {
        for host in [None, Some("node7.example")] {
            assert_eq!(advertised("10.0.0.7:0", host).unwrap_err(), "10.0.0.7:0 has no port to advertise");
        }
    }
}
