use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::TlsOptions;
use http::Uri;
use towerkit_endpoint::Code;

use super::link::Links;
use super::{Discovery, REGISTRY, Registration};
use crate::{RegistryBackoff, RegistryError};

/// An etcd, and how it is spoken to. Clones share a connection, and so does all that is made of them; it is opened when
/// it is needed, and closed with the last that uses it.
///
/// ```
/// use std::time::Duration;
/// use towerkit_sd::etcd::Etcd;
///
/// let etcd = Etcd::new(["10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"])?
///     .prefix("/shop")
///     .user("shop", "secret")
///     .request_timeout(Duration::from_secs(1));
/// # let _ = etcd;
/// # Ok::<(), towerkit_sd::RegistryError>(())
/// ```
#[derive(Clone)]
pub struct Etcd {
    settings: Settings,
    links: Links,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) members: Arc<[String]>,
    pub(super) prefix: Arc<str>,
    pub(super) user: Option<(Arc<str>, Arc<str>)>,
    pub(super) tls: Option<TlsOptions>,
    pub(super) connect_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) check_interval: Duration,
    pub(super) backoff: RegistryBackoff,
}

impl Etcd {
    /// The members of a cluster: `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`. One of them is spoken to at a
    /// time, by chance the first of them or another; when it fails, the next.
    ///
    /// # Errors
    ///
    /// When there is none, or one is no address.
    pub fn new<M: Into<String>>(members: impl IntoIterator<Item = M>) -> Result<Self, RegistryError> {
        let members = members.into_iter().map(|member| checked(member.into())).collect::<Result<Arc<[_]>, _>>()?;
        if members.is_empty() {
            return Err(RegistryError::new(REGISTRY, Code::InvalidArgument, "there is no member"));
        }
        let settings = Settings {
            members,
            prefix: "/services".into(),
            user: None,
            tls: None,
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(3),
            check_interval: Duration::from_secs(10),
            backoff: RegistryBackoff::default(),
        };
        Ok(Self { links: Links::new(settings.clone()), settings })
    }

    /// What the keys of all services begin with, in place of `/services`. A slash at its end is left out.
    #[must_use]
    pub fn prefix(self, prefix: impl AsRef<str>) -> Self {
        self.with(|settings| settings.prefix = prefix.as_ref().trim_end_matches('/').into())
    }

    /// Who one is, where etcd wants to know. A token that has run out is asked for again.
    #[must_use]
    pub fn user(self, name: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.with(|settings| settings.user = Some((name.as_ref().into(), password.as_ref().into())))
    }

    /// Speaks TLS: whom one trusts, and who one is. A member that is given without a scheme is then an `https://` one.
    ///
    /// The cryptography is that which the program has installed as rustls's default; where it has installed none,
    /// aws-lc-rs.
    #[must_use]
    pub fn tls(self, options: TlsOptions) -> Self {
        self.with(|settings| settings.tls = Some(options))
    }

    /// How long a connection is waited for, in place of 3 s.
    #[must_use]
    pub fn connect_timeout(self, time: Duration) -> Self {
        self.with(|settings| settings.connect_timeout = time)
    }

    /// How long the answer to one request is waited for, in place of 3 s.
    #[must_use]
    pub fn request_timeout(self, time: Duration) -> Self {
        self.with(|settings| settings.request_timeout = time)
    }

    /// After how long without any news a member is asked whether its watch still works, in place of 10 s. No less than
    /// 10 ms.
    #[must_use]
    pub fn check_interval(self, time: Duration) -> Self {
        self.with(|settings| settings.check_interval = time.max(Duration::from_millis(10)))
    }

    /// The waits after failures, in place of the [default](RegistryBackoff::default).
    #[must_use]
    pub fn backoff(self, backoff: RegistryBackoff) -> Self {
        self.with(|settings| settings.backoff = backoff)
    }

    /// The instances of a service: those whose keys are `PREFIX/SERVICE/` and anything.
    #[must_use]
    pub fn service(&self, name: impl AsRef<str>) -> Discovery {
        Discovery::new(self.links.clone(), self.settings.keys_of(name.as_ref()))
    }

    /// What registers an instance of a service, at `PREFIX/SERVICE/ID`.
    #[must_use]
    pub fn registration(&self, service: impl AsRef<str>) -> Registration {
        Registration::new(self.links.clone(), self.settings.keys_of(service.as_ref()))
    }

    /// What is set otherwise connects for itself.
    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        Self { links: Links::new(self.settings.clone()), settings: self.settings }
    }
}

impl Settings {
    fn keys_of(&self, service: &str) -> String {
        format!("{}/{service}/", self.prefix)
    }
}

fn checked(member: String) -> Result<String, RegistryError> {
    // Its text is not told: it may hold a password.
    let refused = |what| Err(RegistryError::new(REGISTRY, Code::InvalidArgument, what));
    let Ok(uri) = member.parse::<Uri>() else { return refused("a member is no address") };
    match uri.authority() {
        _ if uri.scheme_str().is_some_and(|scheme| !matches!(scheme, "http" | "https")) => {
            refused("a member's scheme is neither http nor https")
        }
        Some(authority) if authority.as_str().contains('@') => {
            refused("a member's address holds a user: see Etcd::user")
        }
        Some(authority) if authority.port_u16().is_some() => Ok(member),
        _ => refused("a member's address is not HOST:PORT"),
    }
}

/// Without the password.
impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Etcd")
            .field("members", &self.settings.members)
            .field("prefix", &self.settings.prefix)
            .field("user", &self.settings.user.as_ref().map(|(name, _)| name))
            .field("tls", &self.settings.tls.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_a_host_and_a_port() {
        for good in ["127.0.0.1:2379", "etcd-1:2379", "[::1]:2379", "http://etcd:2379", "https://etcd:2379/"] {
            assert!(Etcd::new([good]).is_ok(), "{good}");
        }
        for bad in ["", "etcd", "http://etcd", "ftp://etcd:1", "http://a:secret@etcd:2379", "a b:1", "/path"] {
            let error = Etcd::new([bad]).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{bad}");
            assert!(!error.to_string().contains("secret"));
        }
        assert!(Etcd::new(<[&str; 0]>::default()).is_err());
    }

    #[test]
    fn the_password_is_not_shown() {
        let etcd = Etcd::new(["127.0.0.1:2379"]).unwrap().user("name", "secret");
        let all = format!("{etcd:?} {:?} {:?}", etcd.service("addsvc"), etcd.registration("addsvc"));
        assert!(all.contains("name") && !all.contains("secret"), "{all}");
    }

    #[test]
    fn the_keys_of_a_service_end_with_a_slash() {
        let etcd = Etcd::new(["127.0.0.1:2379"]).unwrap();
        assert_eq!(etcd.settings.keys_of("addsvc"), "/services/addsvc/");
        assert_eq!(etcd.prefix("/shop/").settings.keys_of("addsvc"), "/shop/addsvc/");
    }
}
