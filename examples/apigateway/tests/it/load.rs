//! Callers that call for as long as a test lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::programs::{Program, SOON};

pub(crate) struct Load {
    answered: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Vec<(u16, String)>>>,
}

impl Load {
    /// Eight callers of `sum`.
    pub(crate) fn start(gateway: &Arc<Program>) -> Self {
        let (answered, ended) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let call = |_| {
            let (gateway, answered, ended) = (gateway.clone(), answered.clone(), ended.clone());
            thread::spawn(move || {
                let mut failed = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    let answer = gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#);
                    if answer != (200, r#"{"v":3}"#.to_owned()) {
                        failed.push(answer);
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                failed
            })
        };
        let callers = (0..8).map(call).collect();
        Self { answered, ended, callers }
    }

    /// Waits for so many more answers.
    pub(crate) fn goes_on(&self, calls: u64) {
        let (start, begun) = (Instant::now(), self.answered.load(Ordering::Relaxed));
        while self.answered.load(Ordering::Relaxed) < begun + calls {
            assert!(start.elapsed() < SOON, "there are no answers any more");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The answers that were not what they should be.
    pub(crate) fn failed(self) -> Vec<(u16, String)> {
        self.ended.store(true, Ordering::Relaxed);
        self.callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    }
}
