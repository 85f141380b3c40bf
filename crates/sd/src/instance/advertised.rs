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
    /// assert_eq!(error.to_string(), "0.0.0.0:8081 tells nobody where it is: give a host to advertise");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where nobody finds anything there: the address is that of no host in particular, or the host is none.
    pub fn advertised(listens: SocketAddr, host: Option<&str>) -> Result<Self, InvalidAdvertised> {
        let Some(host) = host else {
            return if listens.ip().is_unspecified() {
                Err(InvalidAdvertised::Listens(listens))
            } else {
                Ok(listens.into())
            };
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if bare.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified()) {
            return Err(InvalidAdvertised::Everywhere(host.to_owned()));
        }
        let checked = Self::new(host, listens.port()).address().parse();
        checked.map_err(|error| InvalidAdvertised::Host(host.to_owned(), error))
    }
}

/// Why an instance can't be [advertised](Instance::advertised).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidAdvertised {
    /// It listens on all addresses, and no host was given.
    Listens(SocketAddr),
    /// The host stands for all addresses.
    Everywhere(String),
    /// The host is none.
    Host(String, InvalidAddress),
}

impl fmt::Display for InvalidAdvertised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listens(address) => write!(f, "{address} tells nobody where it is: give a host to advertise"),
            Self::Everywhere(host) => write!(f, "{host} tells nobody where it is: give a host that callers reach"),
            Self::Host(host, error) => write!(f, "{host}: {error}"),
        }
    }
}

impl std::error::Error for InvalidAdvertised {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Host(_, error) => Some(error),
            Self::Listens(_) | Self::Everywhere(_) => None,
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
        for listens in ["0.0.0.0:8081", "[::]:8081"] {
            assert!(advertised(listens, None).unwrap_err().ends_with("give a host to advertise"), "{listens}");
        }
        for host in ["0.0.0.0", "::", "[::]", "a b", ""] {
            assert!(advertised("127.0.0.1:8081", Some(host)).unwrap_err().starts_with(host), "{host}");
        }
    }
}
