//! What a registrar does, whatever its registry: this one does as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use towerkit_endpoint::{BoxError, Code};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_sd::{Instance, Register, Registrar, RegistrationState, RegistryBackoff, RegistryError};

use crate::endpointer::settle;

/// What was asked of the registry, and what it is to answer.
#[derive(Clone, Default)]
struct Script {
    calls: Arc<Mutex<Vec<&'static str>>>,
    registers: Arc<Mutex<VecDeque<Answer>>>,
    deregisters: Arc<Mutex<VecDeque<Answer>>>,
    lose: Arc<Notify>,
}

enum Answer {
    Fail,
    Hang,
}

impl Script {
    fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    async fn answer(&self, what: &'static str, answers: &Mutex<VecDeque<Answer>>) -> Result<(), RegistryError> {
        self.calls.lock().unwrap().push(what);
        let answer = answers.lock().unwrap().pop_front();
        match answer {
            None => Ok(()),
            Some(Answer::Fail) => Err(RegistryError::unavailable("script", format!("no {what}"))),
            Some(Answer::Hang) => std::future::pending().await,
        }
    }
}

impl Register for Script {
    fn registry(&self) -> &'static str {
        "script"
    }

    async fn register(&mut self, _: &Instance) -> Result<(), RegistryError> {
        self.answer("register", &self.registers).await
    }

    async fn keep(&mut self) -> RegistryError {
        self.lose.notified().await;
        RegistryError::new("script", Code::NotFound, "it was lost")
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        self.answer("deregister", &self.deregisters).await
    }
}

type Running = JoinHandle<Result<(), BoxError>>;

fn registrar(script: &Script) -> Registrar<Script> {
    let backoff = RegistryBackoff::new(Duration::from_secs(1)).max(Duration::from_secs(8));
    Registrar::new(script.clone(), Instance::new("10.0.0.1", 1)).backoff(backoff)
}

fn start(registrar: Registrar<Script>) -> (Running, Stopper) {
    let (lifeline, stopper) = Lifeline::detached();
    (tokio::spawn(registrar.run(lifeline)), stopper)
}

#[tokio::test(start_paused = true)]
async fn it_registers_at_the_start_and_deregisters_at_the_stop() {
    let script = Script::default();
    let registrar = registrar(&script);
    let state = registrar.watch();
    assert!(matches!(*state.borrow(), RegistrationState::Waiting));
    let (running, stopper) = start(registrar);
    stopper.ready().await;
    assert!(matches!(*state.borrow(), RegistrationState::Registered { times: 1 }));
    stopper.stop(Duration::from_secs(5));
    running.await.unwrap().unwrap();
    assert!(matches!(*state.borrow(), RegistrationState::Stopped { deregistered: true }));
    assert_eq!(script.calls(), ["register", "deregister"]);
}

#[tokio::test(start_paused = true)]
async fn it_lingers_once_the_instance_is_taken_back() {
    let script = Script::default();
    let registrar = registrar(&script).linger(Duration::from_secs(3));
    assert!(registrar.stop_timeout().is_some_and(|limit| limit > Duration::from_secs(3)), "beyond that of the group");
    let mut state = registrar.watch();
    let (running, stopper) = start(registrar);
    stopper.ready().await;
    stopper.stop(Duration::from_secs(10));
    state.wait_for(|state| matches!(state, RegistrationState::Stopped { deregistered: true })).await.unwrap();
    let taken_back = Instant::now();
    running.await.unwrap().unwrap();
    assert_eq!(taken_back.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_lost_is_made_again() {
    let script = Script::default();
    let registrar = registrar(&script);
    let mut state = registrar.watch();
    let (_running, stopper) = start(registrar);
    stopper.ready().await;
    script.lose.notify_one();
    state
        .wait_for(|state| matches!(state, RegistrationState::Failing { error } if error.code() == Code::NotFound))
        .await
        .unwrap();
    state.wait_for(|state| matches!(state, RegistrationState::Registered { times: 2 })).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_keeps_no_service_from_starting_and_is_tried_again_ever_later() {
    let script = Script::default();
    script.registers.lock().unwrap().extend((0..6).map(|_| Answer::Fail));
    let registrar = registrar(&script);
    let mut state = registrar.watch();
    let begun = Instant::now();
    let (_running, stopper) = start(registrar);
    stopper.ready().await;
    assert!(
        matches!(&*state.borrow(), RegistrationState::Failing { error } if error.to_string() == "script: no register")
    );
    state.wait_for(RegistrationState::is_registered).await.unwrap();
    // 1 + 2 + 4 + 8 + 8 + 8 seconds, each up to a half less.
    let waited = begun.elapsed().as_secs_f64();
    assert!((15.5..=31.1).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_lost_over_and_over_is_made_ever_later() {
    let script = Script::default();
    let registrar = registrar(&script);
    let mut state = registrar.watch();
    let (_running, _stopper) = start(registrar);
    let mut lose = async || {
        state.wait_for(RegistrationState::is_registered).await.unwrap();
        let begun = Instant::now();
        script.lose.notify_one();
        state.wait_for(|state| !state.is_registered()).await.unwrap();
        state.wait_for(RegistrationState::is_registered).await.unwrap();
        begun.elapsed().as_secs_f64()
    };
    for longest in [1.0, 2.0, 4.0, 8.0, 8.0] {
        let waited = lose().await;
        assert!((longest / 2.0..=longest + 0.1).contains(&waited), "{waited}");
    }
    // One that has stood is lost for the first time.
    sleep(Duration::from_secs(11)).await;
    assert!(lose().await <= 1.1);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_hangs_is_given_up_in_time_and_told_of() {
    let script = Script::default();
    script.registers.lock().unwrap().push_back(Answer::Hang);
    let registrar = registrar(&script).attempt_timeout(Duration::from_secs(3));
    let mut state = registrar.watch();
    let begun = Instant::now();
    let (_running, _stopper) = start(registrar);
    state
        .wait_for(
            |state| matches!(state, RegistrationState::Failing { error } if error.code() == Code::DeadlineExceeded),
        )
        .await
        .unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_at_the_stop_is_taken_back_all_the_same() {
    let script = Script::default();
    script.registers.lock().unwrap().push_back(Answer::Hang);
    let (running, stopper) = start(registrar(&script));
    settle().await;
    stopper.stop(Duration::from_secs(5));
    running.await.unwrap().unwrap();
    assert_eq!(script.calls(), ["register", "deregister"]);
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_can_not_be_taken_back_at_once_is_tried_once_more() {
    let script = Script::default();
    script.deregisters.lock().unwrap().push_back(Answer::Fail);
    let (running, stopper) = start(registrar(&script));
    stopper.ready().await;
    stopper.stop(Duration::from_secs(5));
    running.await.unwrap().unwrap();
    assert_eq!(script.calls(), ["register", "deregister", "deregister"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_in_time_though_the_registry_hangs_and_says_so() {
    let script = Script::default();
    script.deregisters.lock().unwrap().push_back(Answer::Hang);
    let registrar = registrar(&script);
    let state = registrar.watch();
    let (running, stopper) = start(registrar);
    stopper.ready().await;
    let begun = Instant::now();
    stopper.stop(Duration::from_secs(2));
    assert!(running.await.unwrap().is_err());
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert!(matches!(*state.borrow(), RegistrationState::Stopped { deregistered: false }));
}

// The health check.

#[tokio::test(start_paused = true)]
async fn an_instance_is_registered_only_while_its_check_passes() {
    let script = Script::default();
    let healthy = Arc::new(Mutex::new(Err("no database yet".to_owned())));
    let check = healthy.clone();
    let registrar = registrar(&script).health_check(Duration::from_secs(1), move || {
        let result = check.lock().unwrap().clone();
        async move { result.map_err(BoxError::from) }
    });
    let mut state = registrar.watch();
    let (running, stopper) = start(registrar);
    stopper.ready().await;
    assert!(matches!(&*state.borrow(), RegistrationState::Unhealthy { reason } if reason == "no database yet"));
    sleep(Duration::from_secs(10)).await;
    assert!(script.calls().is_empty());
    *healthy.lock().unwrap() = Ok(());
    state.wait_for(RegistrationState::is_registered).await.unwrap();
    *healthy.lock().unwrap() = Err("the disk is full".to_owned());
    state.wait_for(|state| matches!(state, RegistrationState::Unhealthy { .. })).await.unwrap();
    assert_eq!(script.calls(), ["register", "deregister"]);
    *healthy.lock().unwrap() = Ok(());
    state.wait_for(RegistrationState::is_registered).await.unwrap();
    stopper.stop(Duration::from_secs(5));
    running.await.unwrap().unwrap();
    assert_eq!(script.calls(), ["register", "deregister"]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_fails() {
    let script = Script::default();
    let registrar = registrar(&script).health_check(Duration::from_secs(1), std::future::pending);
    let mut state = registrar.watch();
    let (_running, _stopper) = start(registrar);
    let unhealthy = state.wait_for(|state| matches!(state, RegistrationState::Unhealthy { .. })).await.unwrap();
    assert!(
        matches!(&*unhealthy, RegistrationState::Unhealthy { reason } if reason == "the health check took more than 1s")
    );
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_instance_is_taken_out_even_if_that_must_be_tried_again() {
    let script = Script::default();
    script.deregisters.lock().unwrap().push_back(Answer::Fail);
    let healthy = Arc::new(Mutex::new(true));
    let check = healthy.clone();
    let registrar = registrar(&script).health_check(Duration::from_secs(1), move || {
        let healthy = *check.lock().unwrap();
        async move { if healthy { Ok(()) } else { Err("no".into()) } }
    });
    let mut state = registrar.watch();
    let (_running, _stopper) = start(registrar);
    state.wait_for(RegistrationState::is_registered).await.unwrap();
    *healthy.lock().unwrap() = false;
    state.wait_for(|state| matches!(state, RegistrationState::Unhealthy { .. })).await.unwrap();
    assert_eq!(script.calls(), ["register", "deregister", "deregister"]);
}

#[tokio::test(start_paused = true)]
async fn it_is_named_for_its_registry() {
    assert_eq!(registrar(&Script::default()).name(), "script registration");
}
