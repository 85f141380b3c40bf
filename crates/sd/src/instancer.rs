use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::{Instance, RegistryError};

/// Tells where the instances of one service are, and of each change.
///
/// It always has the newest whole set: who asks late gets it at once, and who asks seldom skips what was in between and keeps
/// nobody waiting. When the registry fails, the last set stands, with the error beside it.
///
/// A registry makes one, such as [`consul`](crate::consul); [`Instancer::fixed`] is a list that never changes, and
/// [`Instancer::spawn`] is for a registry of one's own. Clones share the source, which is asked as long as one of them is left.
///
/// ```
/// use towerkit_sd::{Instance, Instancer};
///
/// let addsvc = Instancer::fixed(["10.0.0.7:8081".parse()?, "10.0.0.8:8081".parse()?]);
/// assert_eq!(addsvc.state().instances().len(), 2);
/// # Ok::<(), towerkit_sd::InvalidAddress>(())
/// ```
#[derive(Clone)]
pub struct Instancer {
    state: watch::Receiver<InstancerState>,
    // What asks the registry; it ends with the last clone.
    _task: Option<Arc<AbortOnDrop>>,
}

impl Instancer {
    /// A list that never changes.
    #[must_use]
    pub fn fixed(instances: impl IntoIterator<Item = Instance>) -> Self {
        let (_, state) = watch::channel(InstancerState { instances: Some(in_order(instances)), failure: None });
        Self { state, _task: None }
    }

    /// What a source publishes while its future runs, which is as long as a clone of the instancer is left.
    ///
    /// The future is spawned, so this is called within a Tokio runtime. A source goes on for ever: one that ends, or panics, counts as
    /// a failure of it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use towerkit_endpoint::Code;
    /// use towerkit_sd::{Instance, Instancer, RegistryError};
    ///
    /// # async fn ask() -> Result<Vec<Instance>, RegistryError> { Ok(vec![Instance::new("10.0.0.7", 8081)]) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut addsvc = Instancer::spawn("phone book", |publisher| async move {
    ///     loop {
    ///         match ask().await {
    ///             Ok(instances) => publisher.publish(instances),
    ///             Err(error) => publisher.fail(error),
    ///         }
    ///         tokio::time::sleep(Duration::from_secs(10)).await;
    ///     }
    /// });
    /// assert_eq!(addsvc.known().await.instances().len(), 1);
    /// # }
    /// ```
    pub fn spawn<F, Fut>(registry: &'static str, source: F) -> Self
    where
        F: FnOnce(Publisher) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (publisher, instancer) = Self::channel(registry);
        let task = tokio::spawn(source(publisher));
        Self { _task: Some(Arc::new(AbortOnDrop(task.abort_handle()))), ..instancer }
    }

    /// What a publisher says that is kept elsewhere: for a source that has a life of its own, and for tests.
    ///
    /// ```
    /// use towerkit_sd::{Instance, Instancer};
    ///
    /// let (publisher, instancer) = Instancer::channel("phone book");
    /// publisher.publish([Instance::new("10.0.0.7", 8081)]);
    /// assert_eq!(instancer.state().instances().len(), 1);
    /// ```
    #[must_use]
    pub fn channel(registry: &'static str) -> (Publisher, Self) {
        let (sender, state) = watch::channel(InstancerState { instances: None, failure: None });
        (Publisher { registry, state: sender }, Self { state, _task: None })
    }

    /// The newest state.
    #[must_use]
    pub fn state(&self) -> InstancerState {
        self.state.borrow().clone()
    }

    /// Waits for a state that this clone was not told yet, and returns the newest. It may be dropped at any time, and nothing is missed.
    ///
    /// Where nothing can change any more, as with a [fixed](Self::fixed) list, it waits for ever.
    pub async fn changed(&mut self) -> InstancerState {
        if self.state.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.see()
    }

    /// Waits until there is a set or a failure: until the source has answered once.
    pub async fn known(&mut self) -> InstancerState {
        loop {
            let state = self.see();
            if state.is_known() || state.failure().is_some() {
                return state;
            }
            self.changed().await;
        }
    }

    /// The newest state, which counts as told.
    pub(crate) fn see(&mut self) -> InstancerState {
        self.state.borrow_and_update().clone()
    }
}

impl fmt::Debug for Instancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instancer").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}

/// What is known of the instances of a service.
#[derive(Clone, Debug)]
pub struct InstancerState {
    /// None until the source has answered once.
    instances: Option<Arc<[Instance]>>,
    failure: Option<InstancerFailure>,
}

/// A registry that fails.
#[derive(Clone, Debug)]
pub struct InstancerFailure {
    error: Arc<RegistryError>,
    since: Instant,
}

impl InstancerState {
    /// The last set that is known: by address, each address once.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        self.instances.as_deref().unwrap_or_default()
    }

    /// Whether the source has answered at least once: an empty set is known too.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.instances.is_some()
    }

    /// How the registry fails, unless its last answer was good. The set is then what it was before.
    #[must_use]
    pub const fn failure(&self) -> Option<&InstancerFailure> {
        self.failure.as_ref()
    }
}

impl InstancerFailure {
    /// The newest error.
    #[must_use]
    pub fn error(&self) -> &RegistryError {
        &self.error
    }

    pub(crate) fn shared(&self) -> Arc<RegistryError> {
        self.error.clone()
    }

    /// Since when nothing but errors came: when the first of them did.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }
}

/// Where a source says what it has found, see [`Instancer::spawn`]. Dropped, it says that the source has ended: that is a failure.
pub struct Publisher {
    registry: &'static str,
    state: watch::Sender<InstancerState>,
}

impl Publisher {
    /// The whole set, as it is now. Their order does not matter; of several at one address one is kept. Where it is the set that stands,
    /// nobody is told.
    pub fn publish(&self, instances: impl IntoIterator<Item = Instance>) {
        let instances = in_order(instances);
        self.state.send_if_modified(|state| {
            let healed = state.failure.take().is_some();
            let differs = state.instances.as_deref() != Some(&*instances);
            if differs {
                state.instances = Some(instances);
            }
            healed || differs
        });
    }

    /// The registry fails. The last set stands.
    pub fn fail(&self, error: RegistryError) {
        self.state.send_modify(|state| {
            let since = state.failure.as_ref().map_or_else(Instant::now, |failure| failure.since);
            state.failure = Some(InstancerFailure { error: Arc::new(error), since });
        });
    }

    /// The set that stands.
    #[must_use]
    pub fn state(&self) -> InstancerState {
        self.state.borrow().clone()
    }
}

/// Nothing goes stale in silence.
impl Drop for Publisher {
    fn drop(&mut self) {
        self.fail(RegistryError::unavailable(self.registry, "what watches the registry has ended"));
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// By address, each once: the one whose name comes first, so that it is the same one each time.
fn in_order(instances: impl IntoIterator<Item = Instance>) -> Arc<[Instance]> {
    let mut instances: Vec<_> = instances.into_iter().collect();
    instances.sort_by(|one, other| one.address().cmp(other.address()).then_with(|| one.id().cmp(other.id())));
    instances.dedup_by(|next, one| next.address() == one.address());
    instances.into()
}

/// Ends a task with the last of those who hold it.
pub(crate) struct AbortOnDrop(pub(crate) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
