//! A server that can bear so much, and has a bad quarter of a minute.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use towerkit_endpoint::Endpoint;
//!
//! let server = storm::server::Server::start();
//! assert!(server.endpoint().invoke(()).await.is_ok());
//! assert_eq!(server.arrived().iter().sum::<u32>(), 1);
//! # }
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint as _, Error, NotSent, endpoint_fn};

use crate::{END, FAILS, HANGS, WELL};

/// How many calls it works on at a time. A call takes 5 to 15 ms, so it bears 2000 a second.
pub const WORKERS: usize = 20;

/// How many calls wait for a worker at most; more are refused. They stay in the queue though their caller has gone: the server can't know.
pub const QUEUE: usize = 10_000;

/// What arrivals are counted by.
pub const BIN: Duration = Duration::from_millis(50);

/// A server in this process.
#[derive(Clone, Debug)]
pub struct Server {
    queue: mpsc::Sender<oneshot::Sender<Result<(), Error>>>,
    arrived: Arc<Mutex<Vec<u32>>>,
    start: Instant,
}

impl Server {
    /// Its story begins now. Its workers run on the current thread's runtime.
    #[must_use]
    pub fn start() -> Self {
        let (queue, calls) = mpsc::channel::<oneshot::Sender<Result<(), Error>>>(QUEUE);
        let calls = Arc::new(tokio::sync::Mutex::new(calls));
        let start = Instant::now();
        for worker in 0..WORKERS {
            let calls = Arc::clone(&calls);
            tokio::spawn(async move {
                let mut rng = fastrand::Rng::with_seed(worker as u64);
                loop {
                    let call = calls.lock().await.recv().await;
                    let Some(reply) = call else { return };
                    // A caller that has gone does not hear it.
                    let _ = reply.send(work(start, &mut rng).await);
                }
            });
        }
        let bins = END.as_millis().div_ceil(BIN.as_millis()) + 1;
        Self { queue, arrived: Arc::new(Mutex::new(vec![0; bins as usize])), start }
    }

    /// What a client calls.
    #[must_use]
    pub fn endpoint(&self) -> BoxEndpoint<(), ()> {
        let server = self.clone();
        endpoint_fn(move |()| {
            let server = server.clone();
            async move { server.call().await }
        })
        .erased()
    }

    async fn call(&self) -> Result<(), Error> {
        let bin = self.start.elapsed().as_millis() / BIN.as_millis();
        if let Some(bin) = self.arrived.lock().unwrap_or_else(PoisonError::into_inner).get_mut(bin as usize) {
            *bin += 1;
        }
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(reply)
            .map_err(|_| Error::new(Code::Unavailable, "the queue is full").with_extension(NotSent))?;
        answer.await.unwrap_or_else(|_| Err(Error::from(Code::Unavailable)))
    }

    /// How many calls have come, in each [`BIN`].
    #[must_use]
    pub fn arrived(&self) -> Vec<u32> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn work(start: Instant, rng: &mut fastrand::Rng) -> Result<(), Error> {
    sleep(Duration::from_micros(rng.u64(5000..15_000))).await;
    let now = start.elapsed();
    if (HANGS..WELL).contains(&now) {
        sleep_until(start + WELL).await;
    } else if (FAILS..HANGS).contains(&now) && rng.bool() {
        return Err(Error::new(Code::Unavailable, "a bad day"));
    }
    Ok(())
}
