//! Those who call, and what they see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent};
use towerkit_transport_nats::Remote;

use super::{CALLERS, patient};
use crate::site::{ONE_TWO, Sum, Total, until};

/// What callers have seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) answered: usize,
    pub(super) not_sent: usize,
    pub(super) unavailable: usize,
    pub(super) late: usize,
}

impl Seen {
    pub(super) fn note<R>(&mut self, result: &Result<R, Error>) {
        let Err(error) = result else {
            self.answered += 1;
            return;
        };
        match (error.code(), error.get::<NotSent>()) {
            (Code::Unavailable, Some(_)) => self.not_sent += 1,
            (Code::Unavailable, None) => self.unavailable += 1,
            (Code::DeadlineExceeded, None) => self.late += 1,
            _ => panic!("{error:?}"),
        }
    }
}

/// Those who call.
pub(super) struct Callers {
    remote: Remote,
    over: Arc<AtomicBool>,
    /// The calls answered up to now, and those not sent.
    pub(super) answered: Arc<AtomicUsize>,
    pub(super) not_sent: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Seen>>,
}

impl Callers {
    pub(super) async fn start(url: &str, limit: Duration) -> Self {
        let remote = Remote::new(patient().connect(url).await.unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let (answered, not_sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let sum: BoxEndpoint<Sum, Total> = remote.subject("add.sum").json().timeout(limit).erased();
        let tasks = (0..CALLERS).map(|_| {
            let (sum, over) = (sum.clone(), over.clone());
            let (answered, not_sent) = (answered.clone(), not_sent.clone());
            tokio::spawn(async move {
                let mut seen = Seen::default();
                while !over.load(SeqCst) {
                    let result = sum.invoke(ONE_TWO).await;
                    seen.note(&result);
                    answered.fetch_add(usize::from(result.is_ok()), SeqCst);
                    let not = result.is_err_and(|error| error.get::<NotSent>().is_some());
                    not_sent.fetch_add(usize::from(not), SeqCst);
                    // The machine has other tests to run.
                    sleep(Duration::from_millis(1)).await;
                }
                seen
            })
        });
        let tasks = tasks.collect();
        Self { remote, over, answered, not_sent, tasks }
    }

    /// Makes calls that stay in the service.
    pub(super) fn hold(&mut self, calls: usize, limit: Duration) {
        let hold: BoxEndpoint<(), ()> = self.remote.subject("hold").empty().timeout(limit).erased();
        for _ in 0..calls {
            let call = hold.invoke(());
            self.tasks.push(tokio::spawn(async move {
                let mut seen = Seen::default();
                seen.note(&call.await);
                seen
            }));
        }
    }

    /// Waits until each has got some more answers.
    pub(super) async fn get_answers(&self) {
        let before = self.answered.load(SeqCst);
        until("calls are answered", || self.answered.load(SeqCst) > before + 10 * CALLERS).await;
    }

    /// Waits until one was not sent.
    pub(super) async fn find_nobody(&self) {
        until("calls find nobody", || self.not_sent.load(SeqCst) > 0).await;
    }

    /// What they have seen when the service is well again.
    pub(super) async fn end(self) -> Seen {
        self.get_answers().await;
        self.over.store(true, SeqCst);
        let mut seen = Seen::default();
        for task in self.tasks {
            let one = task.await.unwrap();
            seen.answered += one.answered;
            seen.not_sent += one.not_sent;
            seen.unavailable += one.unavailable;
            seen.late += one.late;
        }
        seen
    }
}
