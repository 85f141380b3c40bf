use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use towerkit_endpoint::BoxError;

use super::follow::Select;
use super::{Endpointer, EndpointerEvent, Fleet, Outliers};
use crate::{Instance, Instancer, select};

/// The settings of an [`Endpointer`]: made by [`Endpointer::builder`], ended by [`connect`](Self::connect).
///
/// | setting | default |
/// | --- | --- |
/// | [`filter`](Self::filter), [`prefer_zone`](Self::prefer_zone), [`subset`](Self::subset) | all instances |
/// | [`outliers`](Self::outliers) | [five faults in a row](Outliers::new) |
/// | [`panic_threshold`](Self::panic_threshold) | 0.5 |
/// | [`slow_start`](Self::slow_start) | none |
/// | [`invalidate_on_error`](Self::invalidate_on_error) | never: the last set stands |
/// | [`hold_missing`](Self::hold_missing) | 30 s |
/// | [`connect_timeout`](Self::connect_timeout) | 10 s |
///
/// ```
/// use std::time::Duration;
/// use towerkit_sd::{Endpointer, Instance, Instancer, Outliers, filter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
/// # let instancer = Instancer::fixed([Instance::new("10.0.0.7", 8081).with_tag("prod").with_zone("eu-1b")]);
/// let addsvc = Endpointer::builder(instancer)
///     .filter(filter::tag("prod"))
///     .prefer_zone("eu-1a", 3) // others only while fewer than three are there
///     .subset("client-17", 20) // connect to no more than 20
///     .outliers(Outliers::new().consecutive_faults(3))
///     .slow_start(Duration::from_secs(30))
///     .invalidate_on_error(Duration::from_secs(600))
///     .on_event(|event| println!("addsvc: {event}"))
///     .connect(|instance| Ok(instance.address().to_owned())); // in earnest: a client
/// addsvc.ready().await?;
/// assert_eq!(addsvc.members().len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct EndpointerBuilder {
    pub(super) instancer: Instancer,
    pub(super) selects: Vec<Select>,
    pub(super) invalidate_after: Option<Duration>,
    pub(super) hold_missing: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) fleet: Fleet,
}

impl EndpointerBuilder {
    pub(super) fn new(instancer: Instancer) -> Self {
        Self {
            instancer,
            selects: Vec::new(),
            invalidate_after: None,
            hold_missing: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            fleet: Fleet::new(),
        }
    }

    /// Leaves out the instances for which a function says no, such as those of [`filter`](mod@crate::filter). All filters must say yes.
    #[must_use]
    pub fn filter(self, keep: impl Fn(&Instance) -> bool + Send + Sync + 'static) -> Self {
        self.select(move |instances| instances.retain(|instance| keep(instance)))
    }

    /// Uses the instances of a zone alone, while there are at least so many of them; else all.
    #[must_use]
    pub fn prefer_zone(self, zone: impl Into<String>, at_least: usize) -> Self {
        let zone = zone.into();
        self.select(move |instances| select::prefer_zone(instances, &zone, at_least))
    }

    /// Uses so many of the instances at most: for fleets in which a connection from each client to each instance is too many.
    ///
    /// Which those are depends on the name of the client, and on nothing else: the same after a restart, and when an instance comes
    /// or goes no more than one of them changes. Over many clients all instances are used alike, as if by lot: with 100 clients
    /// that use 20 of 100 instances each, an instance has 20 clients, more or less 4.
    #[must_use]
    pub fn subset(self, client: impl Into<String>, size: usize) -> Self {
        let client = client.into();
        self.select(move |instances| select::subset(instances, &client, size))
    }

    fn select(mut self, select: impl Fn(&mut Vec<Instance>) + Send + Sync + 'static) -> Self {
        self.selects.push(Box::new(select));
        self
    }

    /// Passive health, in place of the default.
    #[must_use]
    pub fn outliers(mut self, outliers: Outliers) -> Self {
        self.fleet.outliers = Some(outliers);
        self
    }

    /// Without passive health: an instance is called for as long as the registry has it.
    #[must_use]
    pub fn without_outliers(mut self) -> Self {
        self.fleet.outliers = None;
        self
    }

    /// Where fewer than this share of all instances are in, all are called: then it is better to spread the load over bad ones than
    /// to break the good ones. From 0, never, to 1. It matters where more than [half](Outliers::max_ejected) may be out.
    #[must_use]
    pub const fn panic_threshold(mut self, share: f64) -> Self {
        self.fleet.panic_threshold = share;
        self
    }

    /// How long an instance that joins gets less than its share: a tenth at first, and then more and more. Those of the first set
    /// are not new. [`ConsistentHash`](crate::balancer::ConsistentHash) does not do this: there each instance has its own keys.
    #[must_use]
    pub const fn slow_start(mut self, time: Duration) -> Self {
        self.fleet.slow_start = Some(time);
        self
    }

    /// How long the last set is used while the registry fails: after that there is no instance, and calls fail.
    #[must_use]
    pub const fn invalidate_on_error(mut self, after: Duration) -> Self {
        self.invalidate_after = Some(after);
        self
    }

    /// How long an instance is kept that a registry has lost: that is missing in its first answer after a failure, or when it has none at
    /// all. A registry that restarts without its data has none at first, and then more and more as they register again; and calls to
    /// an instance that is really gone fail, are repeated elsewhere, and have it ejected. Zero is to believe it at once.
    #[must_use]
    pub const fn hold_missing(mut self, time: Duration) -> Self {
        self.hold_missing = time;
        self
    }

    /// How long a connection may take, where the function that connects is [async](Self::connect_async). One that takes longer is tried
    /// again.
    #[must_use]
    pub const fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// What is told of each change, failure and ejection. It must not block.
    #[must_use]
    pub fn on_event(mut self, listener: impl Fn(&EndpointerEvent<'_>) + Send + Sync + 'static) -> Self {
        self.fleet.on_event = Some(Box::new(listener));
        self
    }

    /// Connects to each instance by a function: most clients connect when they are first used, and are made at once.
    #[must_use = "it ends when it is dropped"]
    pub fn connect<C: Clone + Send + Sync + 'static>(
        self,
        connect: impl Fn(&Instance) -> Result<C, BoxError> + Send + Sync + 'static,
    ) -> Endpointer<C> {
        Endpointer::start(self, Arc::new(move |instance| std::future::ready(connect(instance)).boxed()))
    }

    /// Connects to each instance by an async function. Those that take their time keep no other waiting.
    #[must_use = "it ends when it is dropped"]
    pub fn connect_async<C, F, Fut>(self, connect: F) -> Endpointer<C>
    where
        C: Clone + Send + Sync + 'static,
        F: Fn(Instance) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, BoxError>> + Send + 'static,
    {
        Endpointer::start(self, Arc::new(move |instance| connect(instance.clone()).boxed()))
    }
}

impl fmt::Debug for EndpointerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointerBuilder")
            .field("outliers", &self.fleet.outliers)
            .field("slow_start", &self.fleet.slow_start)
            .field("invalidate_on_error", &self.invalidate_after)
            .finish_non_exhaustive()
    }
}
