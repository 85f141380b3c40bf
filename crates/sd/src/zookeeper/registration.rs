use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use tokio::time::{Instant, timeout};
use towerkit_endpoint::Code;
use zookeeper_client::{Acl, Acls, Client, CreateMode, CreateOptions, EventType, OneshotWatcher};

use super::REGISTRY;
use super::error::{timely, timely_if_there};
use super::session::{Sessions, lost};
use crate::{Instance, Register, RegistryError};

/// How an instance is registered in ZooKeeper, see [`ZooKeeper::registration`](super::ZooKeeper::registration): as an
/// ephemeral node of a session of its own. Hand it to a [`Registrar`](crate::Registrar).
///
/// ```no_run
/// use std::time::Duration;
/// use towerkit_sd::Registrar;
/// use towerkit_sd::zookeeper::ZooKeeper;
///
/// let zookeeper = ZooKeeper::new(["127.0.0.1:2181"])?.session_timeout(Duration::from_secs(5));
/// let registrar = Registrar::new(zookeeper.registration("addsvc"), "10.0.0.7:8081".parse()?);
/// # let _ = registrar;
/// # Ok::<(), towerkit_endpoint::BoxError>(())
/// ```
pub struct Registration {
    sessions: Sessions,
    folder: String,
    /// What the names of its nodes begin with, and of no others.
    token: String,
    acls: Vec<Acl>,
    plain: bool,
    session: Option<Arc<Client>>,
    /// Where its node is.
    node: Option<String>,
    /// Whether there may be a node of it: a try that failed may have been carried out.
    maybe_there: bool,
}

impl Registration {
    pub(super) fn new(sessions: Sessions, folder: String) -> Self {
        Self {
            sessions,
            folder,
            token: format!("_c_{:032x}-", fastrand::u128(..)),
            acls: Acls::anyone_all().to_vec(),
            plain: false,
            session: None,
            node: None,
            maybe_there: false,
        }
    }

    /// Who may do what with the node, and with the folders above it where it makes them, in place of all to anyone. Of
    /// those who are known by the scheme `auth` each may do what it says who made the node, by whatever scheme.
    ///
    /// ```
    /// use towerkit_sd::zookeeper::{Acl, AuthId, Permission, ZooKeeper};
    ///
    /// let zookeeper = ZooKeeper::new(["127.0.0.1:2181"])?.digest("shop", "secret");
    /// let registration = zookeeper.registration("addsvc").acls([
    ///     Acl::new(Permission::ALL, AuthId::new("auth", "")),
    ///     Acl::new(Permission::READ, AuthId::new("world", "anyone")),
    /// ]);
    /// # let _ = registration;
    /// # Ok::<(), towerkit_sd::RegistryError>(())
    /// ```
    #[must_use]
    pub fn acls(mut self, acls: impl IntoIterator<Item = Acl>) -> Self {
        self.acls = acls.into_iter().collect();
        self
    }

    /// Writes `HOST:PORT` as the data, and nothing else that is known of the instance: what clients such as Go kit's
    /// take it for.
    #[must_use]
    pub const fn plain_value(mut self) -> Self {
        self.plain = true;
        self
    }

    /// The session it has, or a new one.
    async fn session(&mut self) -> Result<Arc<Client>, RegistryError> {
        if self.session.as_ref().is_none_or(|client| client.state().is_terminated()) {
            self.session = Some(self.sessions.session().await?);
        }
        // It was set just now.
        self.session.clone().ok_or_else(|| RegistryError::unavailable(REGISTRY, "there is no session"))
    }

    async fn write(&mut self, client: &Client, data: &[u8]) -> Result<String, RegistryError> {
        let limit = self.sessions.settings().request_timeout;
        let options = |mode: CreateMode| mode.with_acls(Acls::new(&self.acls));
        match timely(&self.folder, limit, client.mkdir(&self.folder, &options(CreateMode::Persistent))).await {
            Ok(()) => {}
            // It may be there all the same: what is made in it will tell.
            Err(error) if error.code() == Code::PermissionDenied => {}
            Err(error) => return Err(error),
        }
        let mut kept = None;
        for node in self.nodes(client).await? {
            let owner = timely_if_there(&node, limit, client.check_stat(&node))
                .await?
                .flatten()
                .map(|stat| stat.ephemeral_owner);
            match owner {
                Some(owner) if owner == client.session_id().0 && kept.is_none() => kept = Some(node),
                // Of a session before this one, which will not end for a while.
                Some(_) => drop(timely_if_there(&node, limit, client.delete(&node, None)).await?),
                None => {}
            }
        }
        if let Some(node) = kept
            && timely_if_there(&node, limit, client.set_data(&node, data, None)).await?.is_some()
        {
            return Ok(node);
        }
        let path = self.below(&self.token);
        let options: CreateOptions<'_> = options(CreateMode::EphemeralSequential);
        let (_, number) = timely(&path, limit, client.create(&path, data, &options)).await?;
        Ok(format!("{path}{number}"))
    }

    /// All nodes that are of this registration.
    async fn nodes(&self, client: &Client) -> Result<Vec<String>, RegistryError> {
        let limit = self.sessions.settings().request_timeout;
        let names = timely_if_there(&self.folder, limit, client.list_children(&self.folder)).await?.unwrap_or_default();
        Ok(names.iter().filter(|name| name.starts_with(&self.token)).map(|name| self.below(name)).collect())
    }

    fn below(&self, name: &str) -> String {
        if self.folder == "/" { format!("/{name}") } else { format!("{}/{name}", self.folder) }
    }

    /// Watches the node for as long as all is well, and notes when it last was.
    async fn hold(&self, client: &Client, node: &str, well: &mut Instant) -> Result<Infallible, RegistryError> {
        let settings = self.sessions.settings();
        loop {
            let mut changed = std::pin::pin!(self.watch(client, node).await?.changed());
            let event = loop {
                *well = Instant::now();
                if let Ok(event) = timeout(settings.check_interval, &mut changed).await {
                    break event;
                }
                // Silence is what a session that hangs says too.
                if timely(node, settings.request_timeout, client.check_stat(node)).await?.is_none() {
                    return Err(self.gone(node, "was deleted"));
                }
            };
            match event.event_type {
                EventType::Session if event.session_state.is_terminated() => {
                    return Err(lost(node, event.session_state));
                }
                EventType::NodeDataChanged => return Err(self.gone(node, "was written to")),
                EventType::NodeDeleted => return Err(self.gone(node, "was deleted")),
                _ => {}
            }
        }
    }

    async fn watch(&self, client: &Client, node: &str) -> Result<OneshotWatcher, RegistryError> {
        let limit = self.sessions.settings().request_timeout;
        match timely(node, limit, client.check_and_watch_stat(node)).await? {
            (Some(_), watch) => Ok(watch),
            (None, _) => Err(self.gone(node, "was deleted")),
        }
    }

    fn gone(&self, node: &str, what: &str) -> RegistryError {
        RegistryError::new(REGISTRY, Code::NotFound, format!("{node}: the node {what}"))
    }
}

impl Register for Registration {
    fn registry(&self) -> &'static str {
        REGISTRY
    }

    async fn register(&mut self, instance: &Instance) -> Result<(), RegistryError> {
        let client = self.session().await?;
        let data = if self.plain { instance.address().to_owned() } else { instance.to_json() };
        self.maybe_there = true;
        self.node = Some(self.write(&client, data.as_bytes()).await?);
        Ok(())
    }

    async fn keep(&mut self) -> RegistryError {
        let (Some(client), Some(node)) = (self.session.clone(), self.node.clone()) else {
            return self.gone(&self.folder, "was never made");
        };
        let mut backoff = self.sessions.settings().backoff.clone();
        let mut well = Instant::now();
        loop {
            let Err(error) = self.hold(&client, &node, &mut well).await;
            if error.code() == Code::NotFound || client.state().is_terminated() {
                return error;
            }
            // The session may have no connection just now. If that lasts, it ends by itself, or is not worth anything.
            if well.elapsed() > client.session_timeout() * 2 {
                self.session = None;
                return error;
            }
            backoff.wait().await;
        }
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        if !self.maybe_there {
            self.session = None;
            return Ok(());
        }
        let limit = self.sessions.settings().request_timeout;
        let client = self.session().await?;
        for node in self.nodes(&client).await? {
            timely_if_there(&node, limit, client.delete(&node, None)).await?;
        }
        self.maybe_there = false;
        self.node = None;
        // It is closed with the last that holds it.
        self.session = None;
        Ok(())
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("folder", &self.folder)
            .field("plain_value", &self.plain)
            .finish_non_exhaustive()
    }
}
