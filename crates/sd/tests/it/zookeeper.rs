//! Against a real ZooKeeper, with kazoo and Go kit beside.

mod failing;
mod interop;
mod registering;
mod server;

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_sd::zookeeper::ZooKeeper;
use towerkit_sd::{Backoff, Instance, Instancer, Registrar, Registration, State};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// The addresses an instancer knows of.
fn addresses(state: &State) -> Vec<String> {
    state.instances().iter().map(|instance| instance.address().to_owned()).collect()
}

fn failing(state: &State) -> bool {
    state.failure().is_some()
}

/// Waits for a state.
async fn until(instancer: &mut Instancer, what: &str, condition: impl Fn(&State) -> bool) -> State {
    let waiting = async {
        loop {
            let state = instancer.state();
            if condition(&state) {
                return state;
            }
            instancer.changed().await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("{what} was waited for; there is {:?}", instancer.state()))
}

async fn until_addresses(instancer: &mut Instancer, expected: &[&str]) -> State {
    until(instancer, &format!("{expected:?}"), |state| {
        state.is_known() && state.failure().is_none() && addresses(state) == expected
    })
    .await
}

/// Waits for what can only be asked for.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("{what} was waited for"));
}

/// A registrar that runs.
struct Running {
    state: tokio::sync::watch::Receiver<Registration>,
    stopper: Stopper,
    task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    fn start(zookeeper: &ZooKeeper, service: &str, instance: Instance) -> Self {
        Self::of(Registrar::new(zookeeper.registration(service), instance))
    }

    fn of(registrar: Registrar<towerkit_sd::zookeeper::Registration>) -> Self {
        let registrar = registrar.backoff(Backoff::new(Duration::from_millis(20), Duration::from_millis(200)));
        let state = registrar.watch();
        let (lifeline, stopper) = Lifeline::detached();
        Self { state, stopper, task: tokio::spawn(registrar.run(lifeline)) }
    }

    async fn until(&mut self, what: &str, condition: impl Fn(&Registration) -> bool) -> Registration {
        let found = timeout(LONG, self.state.wait_for(condition)).await;
        found.unwrap_or_else(|_| panic!("{what} was waited for")).expect("it runs").clone()
    }

    async fn registered(&mut self, at_least: u64) {
        let registered =
            |state: &Registration| matches!(state, Registration::Registered { times } if *times >= at_least);
        self.until(&format!("registration {at_least}"), registered).await;
    }

    async fn stop(self) {
        self.stopper.stop(LONG);
        self.task.await.expect("it does not panic").expect("it deregisters");
    }
}
