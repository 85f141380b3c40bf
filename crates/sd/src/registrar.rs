use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};
use towerkit_endpoint::{BoxError, Code};
use towerkit_lifecycle::{Lifeline, Member};

use crate::{Instance, Register, RegistryBackoff, RegistryError};

/// Keeps an instance in a registry for as long as it runs: registers it, keeps that alive, registers it again when it was lost, and
/// takes it back at the stop.
///
/// It is a [`Member`] of a run group: added last, it is the first to stop, so that callers look elsewhere before the server drains. A
/// registry that can't be reached keeps no service from starting, nor from running: the registrar goes on trying, and
/// [says so](Self::watch).
///
/// ```
/// # use towerkit_sd::{Instance, Register, RegistryError};
/// # struct Registration;
/// # impl Register for Registration {
/// #     fn registry(&self) -> &'static str { "phone book" }
/// #     async fn register(&mut self, _: &Instance) -> Result<(), RegistryError> { Ok(()) }
/// #     async fn keep(&mut self) -> RegistryError { std::future::pending().await }
/// #     async fn deregister(&mut self) -> Result<(), RegistryError> { Ok(()) }
/// # }
/// use std::time::Duration;
/// use towerkit_lifecycle::Group;
/// use towerkit_sd::{Registrar, RegistrationState};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
/// # let registration = Registration;
/// // In earnest: `consul.registration("addsvc")`, or that of another registry, and `listener.local_addr()?.into()`.
/// let registrar = Registrar::new(registration, "10.0.0.7:8081".parse()?)
///     .linger(Duration::from_millis(10)) // at the stop, until callers have looked elsewhere
///     .health_check(Duration::from_secs(5), || async { Ok(()) }); // an error takes the instance out until it is well again
/// let mut state = registrar.watch();
/// # let done = towerkit_lifecycle::member_fn("done", move |lifeline| async move {
/// #     lifeline.ready();
/// #     state.wait_for(RegistrationState::is_registered).await?;
/// #     Ok(())
/// # });
/// let group = Group::new().with(registrar); // after the servers
/// # group.with(done).run().await?;
/// # Ok(())
/// # }
/// ```
pub struct Registrar<R> {
    register: R,
    instance: Instance,
    check: Option<Check>,
    backoff: RegistryBackoff,
    attempt_timeout: Duration,
    linger: Duration,
    state: watch::Sender<RegistrationState>,
    on_change: Option<OnChange>,
}

type OnChange = Box<dyn Fn(&RegistrationState) + Send + Sync>;

/// A registration that stood for so long was well.
const WELL: Duration = Duration::from_secs(10);

struct Check {
    every: Duration,
    run: Box<dyn Fn() -> CheckFuture + Send + Sync>,
}

type CheckFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// How it stands with a registration, see [`Registrar::watch`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum RegistrationState {
    /// The registrar has not begun.
    #[default]
    Waiting,
    /// The registry has it.
    Registered {
        /// How often it was registered: more than once, where it was lost.
        times: u64,
    },
    /// The registry does not have it, or nobody knows, and the registrar tries again.
    Failing {
        /// What went wrong.
        error: Arc<RegistryError>,
    },
    /// It was taken out, since the [health check](Registrar::health_check) failed.
    Unhealthy {
        /// What the check said.
        reason: String,
    },
    /// The registrar has stopped. It holds whether the registration was taken back: where it was not, it runs out.
    Stopped {
        /// Whether the registry said that it is gone.
        deregistered: bool,
    },
}

impl RegistrationState {
    /// Whether the registry has it.
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        matches!(self, Self::Registered { .. })
    }
}

/// One line, for a log.
impl fmt::Display for RegistrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting => f.write_str("not begun"),
            Self::Registered { times: 1 } => f.write_str("registered"),
            Self::Registered { times } => write!(f, "registered for the {times}. time"),
            Self::Failing { error } => write!(f, "not registered, and tried again: {error}"),
            Self::Unhealthy { reason } => write!(f, "taken out, since the health check failed: {reason}"),
            Self::Stopped { deregistered: true } => f.write_str("deregistered"),
            Self::Stopped { deregistered: false } => f.write_str("not deregistered: it runs out by itself"),
        }
    }
}

impl<R: Register> Registrar<R> {
    /// Of one instance in one registry.
    #[must_use]
    pub fn new(register: R, instance: Instance) -> Self {
        Self {
            register,
            instance,
            check: None,
            backoff: RegistryBackoff::default(),
            attempt_timeout: Duration::from_secs(5),
            linger: Duration::ZERO,
            state: watch::Sender::default(),
            on_change: None,
        }
    }

    /// Registers the instance only while a check passes. It is run at the start and then so often; while it fails, the instance is taken
    /// out. A check that is not done within the time between two fails.
    #[must_use]
    pub fn health_check<F, Fut>(mut self, interval: Duration, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let every = interval.max(Duration::from_millis(1));
        self.check = Some(Check { every, run: Box::new(move || Box::pin(check())) });
        self
    }

    /// The waits between tries, in place of the [default](RegistryBackoff::default).
    #[must_use]
    pub fn backoff(mut self, backoff: RegistryBackoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long one try to register or to deregister may take, in place of 5 s.
    #[must_use]
    pub const fn attempt_timeout(mut self, time: Duration) -> Self {
        self.attempt_timeout = time;
        self
    }

    /// How long it waits at the stop once the instance is taken back, so that callers have looked elsewhere before the server drains: as
    /// long as they take to hear of it, a second or two. By default it does not wait.
    #[must_use]
    pub const fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    /// What is told of each change of its state: for a log. It must not block.
    #[must_use]
    pub fn on_change(mut self, listener: impl Fn(&RegistrationState) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(listener));
        self
    }

    /// How it stands, and each change of it.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<RegistrationState> {
        self.state.subscribe()
    }

    async fn drive(&mut self, lifeline: &Lifeline) {
        let mut check = self.check.take().map(Checking::new);
        let mut times = 0;
        // Whether the registry may have it: a try that failed may have been carried out.
        let mut maybe_there = false;
        loop {
            if let Some(check) = &mut check
                && let Err(reason) = check.healthy().await
            {
                if maybe_there && let Err(error) = self.deregister().await {
                    self.fail(error);
                    self.backoff.wait().await;
                    continue;
                }
                self.turn(RegistrationState::Unhealthy { reason });
                lifeline.ready();
                check.recovered().await;
            }
            maybe_there = true;
            match self.register().await {
                Ok(()) => {
                    times += 1;
                    self.turn(RegistrationState::Registered { times });
                    lifeline.ready();
                }
                Err(error) => {
                    self.fail(error);
                    // The service is up, whatever becomes of its registry.
                    lifeline.ready();
                    self.backoff.wait().await;
                    continue;
                }
            }
            let registered = Instant::now();
            let unhealthy = async {
                match &mut check {
                    Some(check) => check.failed().await,
                    None => std::future::pending().await,
                }
            };
            let lost = tokio::select! {
                error = self.register.keep() => error,
                () = unhealthy => continue,
            };
            self.fail(lost);
            // One that is lost over and over is no cause to hammer the registry.
            if registered.elapsed() >= WELL {
                self.backoff.reset();
            }
            self.backoff.wait().await;
        }
    }

    async fn register(&mut self) -> Result<(), RegistryError> {
        let registry = self.register.registry();
        timeout(self.attempt_timeout, self.register.register(&self.instance))
            .await
            .unwrap_or_else(|_| Err(late(registry)))
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        let registry = self.register.registry();
        timeout(self.attempt_timeout, self.register.deregister()).await.unwrap_or_else(|_| Err(late(registry)))
    }

    fn turn(&self, state: RegistrationState) {
        if let Some(on_change) = &self.on_change {
            on_change(&state);
        }
        self.state.send_replace(state);
    }

    fn fail(&self, error: RegistryError) {
        self.turn(RegistrationState::Failing { error: Arc::new(error) });
    }
}

fn late(registry: &'static str) -> RegistryError {
    RegistryError::new(registry, Code::DeadlineExceeded, "it did not answer in time")
}

impl<R: Register> Member for Registrar<R> {
    fn name(&self) -> Cow<'static, str> {
        format!("{} registration", self.register.registry()).into()
    }

    fn stop_timeout(&self) -> Option<Duration> {
        let deregister = self.attempt_timeout.saturating_mul(2).saturating_add(Duration::from_secs(1));
        (!self.linger.is_zero()).then(|| deregister.saturating_add(self.linger))
    }

    async fn run(mut self, lifeline: Lifeline) -> Result<(), BoxError> {
        tokio::select! {
            () = self.drive(&lifeline) => {}
            () = lifeline.stopping() => {}
        }
        let by = lifeline.stop_by().and_then(|by| by.checked_sub(self.linger));
        let by = by.unwrap_or_else(|| Instant::now() + self.attempt_timeout);
        // A try that was cut off may have been carried out, so it is taken back whatever was known.
        let twice = async {
            if self.deregister().await.is_ok() {
                return Ok(());
            }
            // The connection may have been dead for long: that was to be found out.
            self.backoff.reset();
            self.backoff.wait().await;
            self.deregister().await
        };
        let ended = match timeout_at(by, twice).await {
            Ok(ended) => ended,
            Err(_) => Err(late(self.register.registry())),
        };
        self.turn(RegistrationState::Stopped { deregistered: ended.is_ok() });
        if ended.is_ok() && !self.linger.is_zero() {
            sleep(self.linger).await;
        }
        Ok(ended?)
    }
}

/// A health check that is run again and again.
struct Checking {
    run: Box<dyn Fn() -> CheckFuture + Send + Sync>,
    every: Duration,
    ticks: tokio::time::Interval,
    last: Result<(), String>,
    begun: bool,
}

impl Checking {
    fn new(Check { every, run }: Check) -> Self {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { run, every, ticks, last: Ok(()), begun: false }
    }

    /// The last result; the first time, after it is run.
    async fn healthy(&mut self) -> Result<(), String> {
        if !self.begun {
            self.next().await;
        }
        self.last.clone()
    }

    async fn failed(&mut self) {
        while self.last.is_ok() {
            self.next().await;
        }
    }

    async fn recovered(&mut self) {
        while self.last.is_err() {
            self.next().await;
        }
    }

    // It may be dropped at its waits: then the check is run anew.
    async fn next(&mut self) {
        self.ticks.tick().await;
        self.last = match timeout(self.every, (self.run)()).await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the health check took more than {:?}", self.every)),
        };
        self.begun = true;
    }
}

impl<R> fmt::Debug for Registrar<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registrar")
            .field("instance", &self.instance)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}
