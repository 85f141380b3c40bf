//! Choosing an instance for each call.
//!
//! | strategy | chooses | knows | good for |
//! | --- | --- | --- | --- |
//! | [`RoundRobin`] | one after the other | nothing | calls that all cost alike |
//! | [`Random`] | by lot | nothing | many clients with few calls each |
//! | [`LeastLoaded`] | of two by lot, the one with fewer calls under way | calls under way from here | the default of a careful operator |
//! | [`PeakEwma`] | of two by lot, the one with less latency times calls | latency too | instances of different speed or distance |
//! | [`Weighted`] | by lot, in proportion to weights | weights of the registry | instances of different size, canaries |
//! | [`ConsistentHash`] | the same one for the same key | calls under way from here | caches and sessions |
//!
//! ```
//! use towerkit_endpoint::{Endpoint, Error, Request, endpoint_fn};
//! use towerkit_sd::balancer::{ConsistentHash, LeastLoaded};
//! use towerkit_sd::{Endpointer, Instance, Instancer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let instancer = Instancer::fixed([Instance::new("10.0.0.7", 8081), Instance::new("10.0.0.8", 8081)]);
//! let users = Endpointer::new(instancer, |instance| Ok(instance.address().to_owned()));
//! let greet = |address: &String| {
//!     let address = address.clone();
//!     endpoint_fn(move |user: String| { let text = format!("{user} from {address}"); async move { Ok::<_, Error>(text) } })
//! };
//!
//! let any = users.balance(LeastLoaded::new(), greet);
//! let same = users.balance(ConsistentHash::by(|request: &Request<String>| request.message().clone()), greet);
//!
//! assert!(any.invoke("Ada".to_owned()).await?.starts_with("Ada from 10.0.0."));
//! assert_eq!(same.invoke("Ada".to_owned()).await?, same.invoke("Ada".to_owned()).await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Where it stands in a stack
//!
//! A [`Balancer`] is always ready: it chooses within the call, and makes the chosen instance ready there. So what bounds and repeats
//! calls stands around it: a deadline, which also ends a call that waits, then retries, then the balancer. Each attempt chooses again,
//! and one that is [`Repeated`](towerkit_endpoint::Repeated) avoids the instances that failed just now, unless there is no
//! other. Layers for one instance, such as a breaker or a limit, go around the endpoint that
//! [`balance`](crate::Endpointer::balance) makes of its connection.
//!
//! A strategy of one's own is a [`Strategy`] that can [`Choose`].

mod alias;
mod call;
mod consistent_hash;
mod future;
mod least_loaded;
mod nodes;
mod peak_ewma;
mod random;
mod ring;
mod round_robin;
mod strategy;
mod weighted;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tower_service::Service;
use towerkit_endpoint::Failure;

pub use call::Call;
pub use consistent_hash::ConsistentHash;
pub use future::BalancerFuture;
pub use least_loaded::LeastLoaded;
pub use nodes::Nodes;
pub use peak_ewma::PeakEwma;
pub use random::Random;
pub use ring::Ring;
pub use round_robin::RoundRobin;
pub use strategy::{Choose, Members, Strategy};
pub use weighted::{Weighted, Weights};

use crate::NoInstance;
use crate::endpointer::{Fleet, Member, Standing};
use crate::instancer::AbortOnDrop;

/// One method of a service, on whichever of its instances is chosen: made by [`Endpointer::balance`](crate::Endpointer::balance).
///
/// It is a Tower service, of any request that is a [`Call`], and always ready: see the [module](self) for where it stands in a stack. Before the
/// registry was heard of for the first time a call waits; where there is no instance it fails with [`NoInstance`].
///
/// Clones share everything. A call clones the service of the chosen instance, and allocates what that does; the choice allocates
/// nothing. A call whose reply is a stream, and which has a [`Tail`](towerkit_endpoint::Tail), is under way until the stream's end.
pub struct Balancer<S, P: Strategy> {
    shared: Arc<Shared<S, P>>,
}

/// What all clones of a balancer share. Each call holds it, and so its count changes all the time: what a choice reads keeps off that
/// line of memory.
#[repr(align(64))]
pub(crate) struct Shared<S, P: Strategy> {
    pub(crate) strategy: P,
    pub(crate) choices: ArcSwap<Choices<S, P::Index>>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) standing: watch::Receiver<Standing>,
    /// What follows the instancer.
    pub(crate) _task: Arc<AbortOnDrop>,
}

/// What there is to choose from.
pub(crate) struct Choices<S, I> {
    pub(crate) members: Arc<[Member]>,
    /// One for each member, in the same order.
    pub(crate) services: Vec<S>,
    pub(crate) index: I,
}

impl<S, P: Strategy> Balancer<S, P> {
    pub(crate) const fn new(shared: Arc<Shared<S, P>>) -> Self {
        Self { shared }
    }

    /// How many instances there are to choose from.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.choices.load().members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where a request would go, without sending it: for tools and tests. It counts as a choice.
    #[must_use]
    pub fn choose<R: Call>(&self, request: &R) -> Option<crate::Instance>
    where
        P: Choose<R>,
    {
        let choices = self.shared.choices.load();
        let chosen = nodes::choose(&self.shared, &choices, request)?;
        choices.members.get(chosen.number).map(|member| member.instance.clone())
    }
}

impl<S, P, R> Service<R> for Balancer<S, P>
where
    S: Service<R> + Clone,
    S::Error: Failure + From<NoInstance>,
    P: Strategy + Choose<R>,
    R: Call,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BalancerFuture<S, P, R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        BalancerFuture::new(self.shared.clone(), request)
    }
}

impl<S, P: Strategy> Clone for Balancer<S, P> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<S, P: Strategy> fmt::Debug for Balancer<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer").field("instances", &self.len()).finish_non_exhaustive()
    }
}
