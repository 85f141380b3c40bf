use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::Code;

use super::session::Sessions;
use super::{Discovery, REGISTRY, Registration};
use crate::{Instance, RegistryBackoff, RegistryError};

/// A ZooKeeper, and how it is spoken to. The instancers that are made of it and of its clones share a session, which is
/// opened when it is needed, and closed with the last of them.
///
/// ```
/// use std::time::Duration;
/// use towerkit_sd::zookeeper::ZooKeeper;
///
/// let zookeeper = ZooKeeper::new(["10.0.0.1:2181", "10.0.0.2:2181", "10.0.0.3:2181"])?
///     .path("/shop")
///     .digest("shop", "secret")
///     .session_timeout(Duration::from_secs(5));
/// # let _ = zookeeper;
/// # Ok::<(), towerkit_sd::RegistryError>(())
/// ```
#[derive(Clone)]
pub struct ZooKeeper {
    settings: Settings,
    sessions: Sessions,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) servers: Arc<str>,
    pub(super) path: Arc<str>,
    pub(super) digest: Option<(Arc<str>, Arc<str>)>,
    pub(super) session_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) check_interval: Duration,
    pub(super) backoff: RegistryBackoff,
}

impl ZooKeeper {
    /// The servers of an ensemble, each `HOST:PORT`. A session is with one of them at a time, by chance.
    ///
    /// # Errors
    ///
    /// When there is none, or one is no address.
    pub fn new<S: AsRef<str>>(servers: impl IntoIterator<Item = S>) -> Result<Self, RegistryError> {
        let mut all = Vec::new();
        for server in servers {
            let server = server
                .as_ref()
                .parse::<Instance>()
                .map_err(|error| refused("a server is no address").with_source(error))?;
            all.push(server.address().to_owned());
        }
        if all.is_empty() {
            return Err(refused("there is no server"));
        }
        let settings = Settings {
            servers: all.join(",").into(),
            path: "/services".into(),
            digest: None,
            session_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(3),
            check_interval: Duration::from_secs(10),
            backoff: RegistryBackoff::default(),
        };
        Ok(Self { sessions: Sessions::new(settings.clone()), settings })
    }

    /// What the nodes of all services are below, in place of `/services`. A slash at its start or end need not be
    /// there.
    #[must_use]
    pub fn path(self, path: impl AsRef<str>) -> Self {
        self.with(|settings| settings.path = rooted(path.as_ref()).into())
    }

    /// Who one is, by the scheme `digest`. The password goes over the wire as it is.
    #[must_use]
    pub fn digest(self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.with(|settings| settings.digest = Some((user.as_ref().into(), password.as_ref().into())))
    }

    /// How long a session lasts without its client, in place of 10 s. A server bounds it: to between 2 and 20 of its
    /// ticks, which is 4 s and 40 s by default.
    #[must_use]
    pub fn session_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.session_timeout = timeout)
    }

    /// How long a new session is waited for, in place of 3 s.
    #[must_use]
    pub fn connect_timeout(self, time: Duration) -> Self {
        self.with(|settings| settings.connect_timeout = time)
    }

    /// How long the answer to one request is waited for, in place of 3 s.
    #[must_use]
    pub fn request_timeout(self, time: Duration) -> Self {
        self.with(|settings| settings.request_timeout = time)
    }

    /// After how long without any news a session is tried by a request, in place of 10 s. No less than 10 ms.
    #[must_use]
    pub fn check_interval(self, time: Duration) -> Self {
        self.with(|settings| settings.check_interval = time.max(Duration::from_millis(10)))
    }

    /// The waits after failures, in place of the [default](RegistryBackoff::default). Within a session the library has its own,
    /// which go from 100 ms upward.
    #[must_use]
    pub fn backoff(self, backoff: RegistryBackoff) -> Self {
        self.with(|settings| settings.backoff = backoff)
    }

    /// The instances of a service: the nodes right below `PATH/SERVICE`.
    #[must_use]
    pub fn service(&self, name: impl AsRef<str>) -> Discovery {
        Discovery::new(self.sessions.clone(), self.settings.folder_of(name.as_ref()))
    }

    /// What registers an instance of a service, right below `PATH/SERVICE`.
    #[must_use]
    pub fn registration(&self, service: impl AsRef<str>) -> Registration {
        Registration::new(Sessions::new(self.settings.clone()), self.settings.folder_of(service.as_ref()))
    }

    /// What is set otherwise has its own session.
    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        Self { sessions: Sessions::new(self.settings.clone()), settings: self.settings }
    }
}

impl Settings {
    fn folder_of(&self, service: &str) -> String {
        rooted(&format!("{}/{service}", self.path))
    }
}

/// An absolute path without empty parts, which ZooKeeper does not take.
fn rooted(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

fn refused(what: &'static str) -> RegistryError {
    RegistryError::new(REGISTRY, Code::InvalidArgument, what)
}

/// Without the password.
impl fmt::Debug for ZooKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeper")
            .field("servers", &self.settings.servers)
            .field("path", &self.settings.path)
            .field("digest", &self.settings.digest.as_ref().map(|(user, _)| user))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for good in ["127.0.0.1:2181", "zk-1:2181", "[::1]:2181"] {
            assert!(ZooKeeper::new([good]).is_ok(), "{good}");
        }
        for bad in ["", "zk", "zk:2181/chroot", "tcp://zk:2181", "a:1,b:1"] {
            assert_eq!(ZooKeeper::new([bad]).unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
        assert!(ZooKeeper::new(<[&str; 0]>::default()).is_err());
    }

    #[test]
    fn the_password_is_not_shown() {
        let zookeeper = ZooKeeper::new(["127.0.0.1:2181"]).unwrap().digest("name", "secret");
        let all = format!("{zookeeper:?} {:?} {:?}", zookeeper.service("addsvc"), zookeeper.registration("addsvc"));
        assert!(all.contains("name") && !all.contains("secret"), "{all}");
    }

    #[test]
    fn the_folder_of_a_service_is_a_path_that_zookeeper_takes() {
        let zookeeper = ZooKeeper::new(["127.0.0.1:2181"]).unwrap();
        assert_eq!(zookeeper.settings.folder_of("addsvc"), "/services/addsvc");
        assert_eq!(zookeeper.clone().path("shop//eu/").settings.folder_of("/addsvc/"), "/shop/eu/addsvc");
        assert_eq!(zookeeper.path("/").settings.folder_of("addsvc"), "/addsvc");
    }
}
