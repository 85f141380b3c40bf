//! What tests wait for, and what they run.
#![allow(dead_code, reason = "not every registry needs all of it")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use towerkit_endpoint::{BoxEndpoint, BoxError, Code, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::{Endpointer, Instance, Instancer, InstancerState, Register, Registrar, RegistrationState};
use towerkit_testing::{tool, wait};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Waits until the state is as it should be.
pub(crate) async fn until(
    instancer: &mut Instancer,
    what: &str,
    condition: impl Fn(&InstancerState) -> bool,
) -> InstancerState {
    let end = Instant::now() + LONG;
    loop {
        let state = instancer.state();
        if condition(&state) {
            return state;
        }
        let left = end.saturating_duration_since(Instant::now());
        assert!(timeout(left, instancer.changed()).await.is_ok(), "waited in vain until {what}; there was: {state:?}");
    }
}

/// Waits until these are there, and nothing fails.
pub(crate) async fn until_addresses(instancer: &mut Instancer, expected: &[&str]) -> InstancerState {
    let is = |state: &InstancerState| state.failure().is_none() && state.is_known() && addresses(state) == expected;
    until(instancer, &format!("it has {expected:?}"), is).await
}

/// The same by their ports.
pub(crate) async fn until_ports(instancer: &mut Instancer, expected: &[u16]) -> InstancerState {
    let is = |state: &InstancerState| state.failure().is_none() && state.is_known() && ports(state) == expected;
    until(instancer, &format!("it has {expected:?}"), is).await
}

/// Waits until a failure is told.
pub(crate) async fn until_failure(instancer: &mut Instancer) -> InstancerState {
    until(instancer, "it fails", |state| state.failure().is_some()).await
}

pub(crate) fn addresses(state: &InstancerState) -> Vec<&str> {
    state.instances().iter().map(Instance::address).collect()
}

pub(crate) fn ports(state: &InstancerState) -> Vec<u16> {
    let mut ports: Vec<_> = state.instances().iter().map(Instance::port).collect();
    ports.sort_unstable();
    ports
}

/// Waits for what can only be asked for.
pub(crate) async fn until_true(what: &str, condition: impl FnMut() -> bool) {
    wait::until(what, LONG, condition).await;
}

/// A registrar that runs.
pub(crate) struct Running {
    pub(crate) state: watch::Receiver<RegistrationState>,
    stopper: Stopper,
    task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    pub(crate) fn of<R: Register>(register: R, instance: Instance) -> Self {
        Self::start(Registrar::new(register, instance))
    }

    pub(crate) fn start<R: Register>(registrar: Registrar<R>) -> Self {
        let state = registrar.watch();
        let (lifeline, stopper) = Lifeline::detached();
        Self { state, stopper, task: tokio::spawn(registrar.run(lifeline)) }
    }

    /// Waits until it was registered so many times.
    pub(crate) async fn registered(&mut self, at_least: u64) {
        let wanted =
            |state: &RegistrationState| matches!(state, RegistrationState::Registered { times } if *times >= at_least);
        self.until(&format!("registered {at_least} times"), wanted).await;
    }

    /// Waits until it says that it is up.
    pub(crate) async fn ready(&self) {
        self.stopper.ready().await;
    }

    /// Waits until a failure is told.
    pub(crate) async fn failing(&mut self) {
        self.until("failing", |state| matches!(state, RegistrationState::Failing { .. })).await;
    }

    pub(crate) async fn until(
        &mut self,
        what: &str,
        wanted: impl FnMut(&RegistrationState) -> bool,
    ) -> RegistrationState {
        let waited = timeout(LONG, self.state.wait_for(wanted)).await.map(|state| state.expect("it runs").clone());
        waited.unwrap_or_else(|_| panic!("waited in vain until it is {what}; it is {:?}", *self.state.borrow()))
    }

    pub(crate) async fn stop(self) {
        self.stopper.stop(Duration::from_secs(5));
        timeout(LONG, self.task).await.expect("it stops").expect("it does not panic").expect("it deregisters");
    }

    /// As a process that is killed: it takes nothing back.
    pub(crate) async fn kill(self) {
        self.task.abort();
        self.task.await.expect_err("it was aborted");
    }
}

/// One of which all is known that there is to know.
pub(crate) fn whole() -> Instance {
    Instance::new("::1", 8081)
        .with_id("one")
        .with_zone("eu-1a")
        .with_version("1.4.2")
        .with_weight(7)
        .with_tag("prod")
        .with_label("team", "blue")
}

/// One at a port, of which nothing else is known.
pub(crate) fn plain(port: u16) -> Instance {
    Instance::new("127.0.0.1", port)
}

/// A server that ends each connection when something came over it: its port, and how many there were.
pub(crate) fn ender() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 64]);
        }
    });
    (port, count)
}

/// A program of `tests/go`, in which Go kit is as its users have it.
pub(crate) fn go_kit(name: &str, test: &str) -> Option<PathBuf> {
    let go = tool::find("go", test)?;
    // Each process has its own, since tests of two may run at a time; what it is made of is cached.
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("gokit-{name}-{}", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go").join(name);
    let output = Command::new(go).current_dir(source).arg("build").arg("-o").arg(&program).arg(".").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(program)
}

/// A server that says one word to whoever comes, and its port.
pub(crate) fn greeter(word: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(|mut stream| drop(stream.write_all(word.as_bytes()))));
    port
}

/// What the instances say when they are called, one after the other.
pub(crate) fn greet(instancer: Instancer) -> BoxEndpoint<(), String> {
    let greeters = Endpointer::new(instancer, |instance| Ok(instance.address().to_owned()));
    let greet = greeters.balance(RoundRobin::new(), |address: &String| {
        let address = address.clone();
        endpoint_fn(move |(): ()| {
            let address = address.clone();
            async move {
                let mut word = String::new();
                TcpStream::connect(address)
                    .and_then(|mut stream| stream.read_to_string(&mut word))
                    .map_err(|error| Error::new(Code::Unavailable, error.to_string()))?;
                Ok::<_, Error>(word)
            }
        })
    });
    greet.erased()
}
