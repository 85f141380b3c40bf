//! Calls that are made at their time, whatever became of those before: an open loop.

use std::time::Duration;

use addsvc::endpoint::SumRequest;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::{Code, Endpoint, Error, Report};

use crate::clients::Client;

/// A call that is over.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whose it was: the number of the client.
    pub client: usize,
    /// When it was to be made.
    pub due: Instant,
    /// How long it took from then on.
    pub took: Duration,
    /// How it failed, if it did.
    pub failed: Option<Code>,
    /// What it failed of, with the causes.
    pub why: Option<String>,
}

/// Calls of all clients, until it is ended.
#[derive(Debug)]
pub struct Load {
    going: watch::Sender<()>,
    calls: mpsc::UnboundedReceiver<Call>,
}

impl Load {
    /// So many calls a second of each client.
    #[must_use]
    pub fn start(clients: &[Client], rate: u32) -> Self {
        let (going, gone) = watch::channel(());
        let (tell, calls) = mpsc::unbounded_channel();
        let every = Duration::from_secs(1) / rate.max(1);
        let start = Instant::now();
        for (number, client) in (0..).zip(clients) {
            // One client's calls stand between those of the others.
            let first = start + every * number / clients.len().max(1) as u32;
            let (sum, tell, gone) = (client.sum(), tell.clone(), gone.clone());
            tokio::spawn(async move {
                let mut due = first;
                // At the end the sender is gone.
                while gone.has_changed().is_ok() {
                    sleep_until(due).await;
                    let (sum, tell) = (sum.clone(), tell.clone());
                    tokio::spawn(async move {
                        let reply = sum.invoke(SumRequest { a: 1, b: 2 }).await;
                        let took = due.elapsed();
                        let error = reply.as_ref().err();
                        let (failed, why) = (error.map(Error::code), error.map(|error| Report::new(error).to_string()));
                        // Who reads waits for all of them.
                        let _ = tell.send(Call { client: number as usize, due, took, failed, why });
                    });
                    due += every;
                }
            });
        }
        Self { going, calls }
    }

    /// Makes no more, and waits for those under way.
    pub async fn end(mut self) -> Vec<Call> {
        drop(self.going);
        let mut calls = Vec::new();
        while let Some(call) = self.calls.recv().await {
            calls.push(call);
        }
        calls
    }
}
