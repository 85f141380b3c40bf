//! Against Spring Cloud's Eureka server, and beside the Python client `py-eureka-client`. Servers that fail in ways a
//! real one can't be asked to are functions in place of the HTTP client.

mod discovery;
mod failure;
mod fake;
mod hostile;
mod interop;
mod peer;
mod registration;
mod server;

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_sd::eureka::{Eureka, Registration, Service};
use towerkit_sd::{HttpClient, Instance, Instancer, Registrar, Registration as Standing};

/// The longest that a test waits for what is to come.
const LONG: Duration = Duration::from_secs(20);

/// A client of the server at a port.
fn eureka(port: u16) -> Eureka {
    Eureka::new(HttpClient::plain(), [format!("http://127.0.0.1:{port}/eureka")]).expect("a URL")
}

/// A service that is asked for often, and believed at once.
fn watched(eureka: &Eureka, name: &str) -> Service {
    eureka.service(name).poll_interval(Duration::from_millis(100)).hold_when_gone(Duration::ZERO)
}

/// A registration with the shortest lease that Eureka knows.
fn brief(eureka: &Eureka, name: &str) -> Registration {
    eureka.registration(name).lease(Duration::from_secs(1), Duration::from_secs(2))
}

/// A registrar that runs.
struct Running {
    task: JoinHandle<Result<(), BoxError>>,
    stopper: Stopper,
    standing: watch::Receiver<Standing>,
}

impl Running {
    fn start(registration: Registration, instance: Instance) -> Self {
        let registrar = Registrar::new(registration, instance);
        let standing = registrar.watch();
        let (lifeline, stopper) = Lifeline::detached();
        Self { task: tokio::spawn(registrar.run(lifeline)), stopper, standing }
    }

    /// Waits until it was registered so often.
    async fn registered(&mut self, often: u64) {
        let enough = |standing: &Standing| matches!(standing, Standing::Registered { times } if *times >= often);
        let waited = tokio::time::timeout(LONG, self.standing.wait_for(enough)).await.is_ok();
        assert!(waited, "not registered {often} times, but {:?}", self.standing);
    }

    async fn stop(self) {
        self.stopper.stop(Duration::from_secs(5));
        self.task.await.expect("no panic").expect("it is deregistered");
    }

    /// As a process that dies.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.expect_err("it was aborted").is_cancelled());
    }
}

/// Waits until the set is this.
async fn set(instancer: &mut Instancer, addresses: &[&str]) {
    let is = |state: &towerkit_sd::State| {
        state.is_known() && state.instances().iter().map(Instance::address).eq(addresses.iter().copied())
    };
    let start = Instant::now();
    while !is(&instancer.state()) {
        let left = LONG.saturating_sub(start.elapsed());
        assert!(
            tokio::time::timeout(left, instancer.changed()).await.is_ok(),
            "{addresses:?} were awaited, there is {instancer:?}"
        );
    }
}

/// Waits for a condition.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
