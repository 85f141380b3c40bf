//! The contract suite: the nine laws, run against a layer.
//!
//! The author of a layer says how to build it around a probe, how to make a request, and which kind of layer it is.
//! What is not said is not guessed: the report lists what could not be checked, and why.
//!
//! ```
//! use tower::limit::ConcurrencyLimitLayer;
//! use tower_layer::Layer as _;
//! use towerkit_testing::contract::{Contract, Readiness};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let report = Contract::new(|probe| ConcurrencyLimitLayer::new(3).layer(probe), || "a request")
//!     .readiness(Readiness::Reserves { limit: 3 })
//!     .clones_share_state(true)
//!     .check()
//!     .await;
//! println!("{report}");
//! # }
//! ```

mod law;
mod laws;
mod subject;
mod verdict;

use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::time::Duration;
use std::rc::Rc;

use tower_service::Service;

pub use self::law::Law;
use self::subject::{Refusal, Setup};
use crate::BoxError;
use crate::probe::{Probe, ProbeHandle, Reply};
use crate::report::{Finding, Report};

/// What `poll_ready` of a layer's service does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// It is ready when its inner service is: a deadline, metrics, a retry.
    #[default]
    PassesThrough,
    /// It takes a permit of its own, which the call then holds.
    Reserves {
        /// How many permits there are. At least 1.
        limit: usize,
    },
    /// It is ready at all times. It drives its inner service inside the future, or refuses the call: a balancer, a
    /// load shedder, a middleware that calls a clone.
    AlwaysReady,
}

/// The nine laws, and a layer to hold them against.
///
/// Each law gets layers of its own, built anew around a new probe. A few calls are made of each, at most
/// about fifty, so a layer with a quota must allow that many, except where it is declared to refuse.
///
/// The suite needs a tokio runtime with time. It waits on tokio's clock, so a test with `start_paused = true` never
/// waits in earnest, whatever the layer's own delays. The runtime should be a current-thread one, as it is in
/// `#[tokio::test]`: on several threads a task may be late, and what it does wrong go unseen.
pub struct Contract<S, Req, Res = (), E = BoxError> {
    probe: MakeProbe<Req, Res, E>,
    setup: Setup<S, Req>,
}

impl<S, Req> Contract<S, Req>
where
    S: Service<Req> + Clone + 'static,
    Req: 'static,
{
    /// A contract for a layer whose inner service answers `()` and fails with a [`BoxError`].
    ///
    /// `wrap` puts the layer around the probe. It is called for each check, and must build a new layer if the layer
    /// keeps state. `request` makes a request that the layer lets through.
    pub fn new(wrap: impl Fn(Probe<Req, (), BoxError>) -> S + 'static, request: impl Fn() -> Req + 'static) -> Self {
        Self::with_probe(|| Probe::new(|_| ()), wrap, request)
    }
}

impl<S, Req, Res, E> Contract<S, Req, Res, E>
where
    S: Service<Req> + Clone + 'static,
    Req: 'static,
    Res: 'static,
    E: 'static,
{
    /// A contract over a probe with another reply or error type. `probe` makes a new one for each check.
    ///
    /// ```
    /// use towerkit_testing::contract::Contract;
    /// use towerkit_testing::probe::Probe;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// Contract::with_probe(
    ///     || Probe::with_errors(|name: String| format!("hello {name}"), std::io::Error::other),
    ///     |probe| probe, // the layer goes here
    ///     || "Ada".to_owned(),
    /// )
    /// .check()
    /// .await;
    /// # }
    /// ```
    pub fn with_probe(
        probe: impl Fn() -> (Probe<Req, Res, E>, ProbeHandle) + 'static,
        wrap: impl Fn(Probe<Req, Res, E>) -> S + 'static,
        request: impl Fn() -> Req + 'static,
    ) -> Self {
        let probe: MakeProbe<Req, Res, E> = Rc::new(probe);
        let setup = Setup::new(build(&probe, wrap), Box::new(request));
        Self { probe, setup }
    }

    /// What the layer's `poll_ready` does. Without this it is [`Readiness::PassesThrough`].
    #[must_use]
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.setup.readiness = readiness;
        self
    }

    /// `wrap` builds the layer so that it refuses all calls: a breaker forced open, a filter that lets nothing pass.
    #[must_use]
    pub fn refuses(mut self, wrap: impl Fn(Probe<Req, Res, E>) -> S + 'static) -> Self {
        self.setup.refusal = Some(Refusal::Built(build(&self.probe, wrap)));
        self
    }

    /// After calls that went so the layer refuses: five failures and a breaker opens, a hundred answers and a quota
    /// is used up. Held calls stay in flight meanwhile.
    #[must_use]
    pub fn refuses_after(mut self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.setup.refusal = Some(Refusal::After(replies.into_iter().collect()));
        self
    }

    /// When its attempts for one request go so, the layer makes one attempt more: `[Reply::Fail]` for a retry,
    /// `[Reply::Hold]` for a hedge. At least one reply.
    #[must_use]
    pub fn repeats_after(mut self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.setup.repeats_after = replies.into_iter().collect();
        self
    }

    /// What the documentation says: whether a clone sees the permits, or the refusals, of its original.
    ///
    /// It can be checked on a layer that reserves or that [`refuses_after`](Self::refuses_after).
    #[must_use]
    pub fn clones_share_state(mut self, shared: bool) -> Self {
        self.setup.clones_share = Some(shared);
        self
    }

    /// How many calls the layer itself says are in flight. It must read 0 whenever all calls have ended or were
    /// dropped.
    #[must_use]
    pub fn gauge(mut self, gauge: impl Fn() -> u64 + 'static) -> Self {
        self.setup.gauge = Some(Box::new(gauge));
        self
    }

    /// How long the suite waits for a thing that should happen, on tokio's clock. Without this, 10 seconds. It must
    /// exceed the layer's own delays, such as the backoff of a retry.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.setup.patience = patience;
        self
    }

    /// Checks one law.
    pub async fn law(&self, law: Law) -> Finding {
        laws::check(law, &self.setup).await
    }

    /// Checks all laws. It does not panic when one is broken.
    pub async fn report(&self) -> Report {
        let mut findings = Vec::new();
        for law in Law::ALL {
            findings.push(self.law(law).await);
        }
        Report::new(findings)
    }

    /// Checks all laws, and panics if one is broken. The message names the law, what was expected and what was seen.
    #[track_caller]
    pub fn check(&self) -> impl Future<Output = Report> {
        let at = Location::caller();
        async move {
            let report = self.report().await;
            if !report.broken().is_empty() {
                fail(at, &report);
            }
            report
        }
    }
}

#[expect(clippy::panic, reason = "the layer under test does not keep its contract")]
fn fail(at: &Location<'_>, report: &Report) -> ! {
    panic!("the layer checked at {at} does not keep the laws\n{report}")
}

type MakeProbe<Req, Res, E> = Rc<dyn Fn() -> (Probe<Req, Res, E>, ProbeHandle)>;

/// Builds a probe and the layer around it.
type Build<S> = Box<dyn Fn() -> (S, ProbeHandle)>;

fn build<S, Req: 'static, Res: 'static, E: 'static>(
    probe: &MakeProbe<Req, Res, E>,
    wrap: impl Fn(Probe<Req, Res, E>) -> S + 'static,
) -> Build<S> {
    let probe = Rc::clone(probe);
    Box::new(move || {
        let (probe, handle) = probe();
        (wrap(probe), handle)
    })
}

impl<S, Req, Res, E> fmt::Debug for Contract<S, Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("readiness", &self.setup.readiness)
            .field("clones_share_state", &self.setup.clones_share)
            .field("repeats_after", &self.setup.repeats_after)
            .finish_non_exhaustive()
    }
}
