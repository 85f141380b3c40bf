//! Instances as services: connected to once, shared by all methods, watched for their health.

mod builder;
mod event;
mod fleet;
mod follow;
mod members;
mod node;
mod outliers;
mod view;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use towerkit_endpoint::BoxError;

pub use builder::EndpointerBuilder;
pub use event::EndpointerEvent;
pub(crate) use fleet::Fleet;
use follow::Follower;
pub use members::MemberStatus;
pub(crate) use members::{Connected, Member};
pub(crate) use node::{InFlight, Node, Outcome};
pub use outliers::Outliers;
use view::{View, Views};

use crate::balancer::{Balancer, Choices, Members, Shared, Strategy};
use crate::instancer::AbortOnDrop;
use crate::{Instance, Instancer, RegistryError};

/// Turns the instances of a service into connections, and those into balanced endpoints.
///
/// Each instance is connected to once, by the function that is given, and what that returns is shared by all methods: the client of
/// its HTTP or gRPC server. When the set changes, those that stay keep their connection; one that vanished gets no more calls, and its
/// connection is dropped with the last call on it. Where there is no connection to be had, it is tried again, and the others serve.
///
/// ```
/// use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
/// use towerkit_sd::balancer::RoundRobin;
/// use towerkit_sd::{Endpointer, Instance, Instancer};
///
/// # #[derive(Clone)]
/// # struct Remote(String);
/// # impl Remote {
/// #     fn new(address: &str) -> Result<Self, Error> { Ok(Self(address.to_owned())) }
/// #     fn method(&self, name: &str) -> BoxEndpoint<u32, String> {
/// #         let called = format!("{}{name}", self.0);
/// #         endpoint_fn(move |_: u32| { let called = called.clone(); async move { Ok::<_, Error>(called) } }).erased()
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
/// let instancer = Instancer::fixed(["10.0.0.7:8081".parse()?, "10.0.0.8:8081".parse()?]);
/// let addsvc = Endpointer::new(instancer, |instance| Ok(Remote::new(instance.address())?));
///
/// let sum = addsvc.balance(RoundRobin::new(), |remote| remote.method("/sum")); // an ordinary Tower service
/// assert_eq!(sum.invoke(1).await?, "10.0.0.7:8081/sum");
/// assert_eq!(sum.invoke(2).await?, "10.0.0.8:8081/sum");
/// # Ok(())
/// # }
/// ```
///
/// It spawns what follows the instancer, and so is made within a Tokio runtime. That ends with the last clone of it and of its balancers.
pub struct Endpointer<C> {
    inner: Arc<Inner<C>>,
    task: Arc<AbortOnDrop>,
}

/// What the task that follows the instancer shares with those who call.
pub(crate) struct Inner<C> {
    connected: ArcSwap<Connected<C>>,
    fleet: Arc<Fleet>,
    views: Views<C>,
    standing: watch::Sender<Standing>,
}

/// Why there may be nothing to call.
#[derive(Clone, Debug, Default)]
pub(crate) enum Standing {
    /// The registry was not heard of yet, or no connection was tried to its end.
    #[default]
    Unknown,
    /// The set is what the registry says.
    Known,
    /// The registry has failed for so long that the last set is not worth anything any more.
    Invalid(Arc<RegistryError>),
}

impl Endpointer<()> {
    /// Of the instances of an instancer, with settings: [`EndpointerBuilder::connect`] ends them.
    #[must_use]
    pub fn builder(instancer: Instancer) -> EndpointerBuilder {
        EndpointerBuilder::new(instancer)
    }
}

impl<C: Clone + Send + Sync + 'static> Endpointer<C> {
    /// Of the instances of an instancer, each connected to by a function, with the default settings:
    /// [`builder`](Endpointer::builder) is to set more.
    ///
    /// The function is called once for each instance, away from those who call; where it fails it is called again later.
    pub fn new(
        instancer: Instancer,
        connect: impl Fn(&Instance) -> Result<C, BoxError> + Send + Sync + 'static,
    ) -> Self {
        EndpointerBuilder::new(instancer).connect(connect)
    }

    fn start(builder: EndpointerBuilder, connect: follow::Connect<C>) -> Self {
        let EndpointerBuilder { instancer, selects, invalidate_after, hold_missing, connect_timeout, fleet } = builder;
        let inner = Arc::new(Inner {
            connected: ArcSwap::default(),
            fleet: Arc::new(fleet),
            views: Mutex::default(),
            standing: watch::Sender::default(),
        });
        let settings = follow::Settings { selects, invalidate_after, hold_missing, connect_timeout };
        let follower = Follower::new(inner.clone(), instancer, connect, settings);
        let task = tokio::spawn(follower.run());
        Self { inner, task: Arc::new(AbortOnDrop(task.abort_handle())) }
    }

    /// One method, balanced over all instances: a Tower service of whatever kind the function makes of a connection.
    ///
    /// It is called once for each instance. All balancers of one endpointer share the connections, the count of calls in flight
    /// and what is known of the health of each instance.
    pub fn balance<S, P>(&self, strategy: P, method: impl Fn(&C) -> S + Send + Sync + 'static) -> Balancer<S, P>
    where
        S: Clone + Send + Sync + 'static,
        P: Strategy,
    {
        let method = Box::new(method);
        if P::COUNTS_ALL {
            self.inner.fleet.count_all();
        }
        // Held until the balancer is on the list, so that no change falls in between.
        let mut views = self.inner.views.lock().unwrap_or_else(PoisonError::into_inner);
        let connected = self.inner.connected.load();
        let choices = Choices {
            members: connected.members.clone(),
            services: connected.connections.iter().map(&*method).collect(),
            index: strategy.index(Members(&connected.members)),
        };
        let shared = Arc::new(Shared {
            strategy,
            choices: ArcSwap::from_pointee(choices),
            fleet: self.inner.fleet.clone(),
            standing: self.inner.standing.subscribe(),
            _task: self.task.clone(),
        });
        views.push(Box::new(View { balancer: Arc::downgrade(&shared), method }));
        Balancer::new(shared)
    }

    /// The instances that there are connections to, and how each is.
    #[must_use]
    pub fn members(&self) -> Vec<MemberStatus> {
        self.inner.connected.load().members.iter().map(|member| member.status(&self.inner.fleet)).collect()
    }

    /// Waits until the registry was heard of and there is a connection, or it is clear that there is none to be had. Calls wait for
    /// that by themselves; this is for a program that wants to know before it says that it is ready.
    ///
    /// # Errors
    ///
    /// When the set is empty, or the registry has failed for longer than [allowed](EndpointerBuilder::invalidate_on_error).
    pub async fn ready(&self) -> Result<(), crate::NoInstance> {
        let standing = self.inner.standing.subscribe().wait_for(Standing::is_told).await.map(|told| told.clone());
        if self.inner.connected.load().members.is_empty() {
            return Err(standing.unwrap_or_default().refusal());
        }
        Ok(())
    }
}

impl Standing {
    pub(crate) const fn is_told(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    pub(crate) fn refusal(&self) -> crate::NoInstance {
        match self {
            Self::Invalid(error) => crate::NoInstance::invalid(error.clone()),
            Self::Unknown | Self::Known => crate::NoInstance::new(),
        }
    }
}

impl<C> Inner<C> {
    /// What there is to be called from now on.
    fn publish(&self, connected: Connected<C>, standing: Standing) {
        let connected = Arc::new(connected);
        {
            let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
            views.retain(|view| view.follow(&connected));
            self.fleet.set_size(connected.members.len());
            self.connected.store(connected);
        }
        self.standing.send_replace(standing);
    }
}

impl<C> Clone for Endpointer<C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), task: self.task.clone() }
    }
}

impl<C> fmt::Debug for Endpointer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpointer")
            .field("members", &self.inner.connected.load().members.len())
            .field("standing", &*self.inner.standing.borrow())
            .finish_non_exhaustive()
    }
}
