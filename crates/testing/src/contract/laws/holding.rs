//! Law 4: it awaits nothing else while it holds readiness.

use core::time::Duration;

use tokio::time::{Instant, sleep};
use tower_service::Service;

use crate::contract::Readiness;
use crate::contract::subject::{Setup, settle};
use crate::contract::verdict::{Stop, Verdict, broken, expect};
use crate::probe::Counts;

/// Calls at a time, when the layer has no limit of its own: enough to make a queue inside it show.
const CROWD: usize = 8;

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    one_call(setup).await?;
    crowd(setup)?;
    Ok(Vec::new())
}

/// After each poll until the inner service is called, no ready instance waits.
async fn one_call<S, Req>(setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    subject.probe.hold();
    subject.ready().await?;
    let mut call = subject.call();
    let deadline = Instant::now() + setup.patience;
    while call.poll().is_pending() && subject.counts().calls == 0 {
        holds_nothing(subject.counts(), 1)?;
        settle().await;
        if Instant::now() >= deadline {
            return Err(broken("a call reaches the inner service", format!("it did not within {:?}", setup.patience)));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// The same when calls compete.
fn crowd<S, Req>(setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let size = match setup.readiness {
        Readiness::Reserves { limit } => limit + 1,
        Readiness::PassesThrough | Readiness::AlwaysReady => CROWD,
    };
    let mut subject = setup.fresh();
    subject.probe.hold();
    let mut calls = Vec::new();
    for _ in 0..size {
        let before = subject.counts().idle;
        let mut clone = subject.another();
        if !matches!(clone.poll_ready(), core::task::Poll::Ready(Ok(()))) {
            let idle = subject.counts().idle;
            return expect(idle <= before, "a service that is not ready yet holds no ready inner service", || {
                "`poll_ready` was pending, with an inner instance made ready and waiting".to_owned()
            });
        }
        let mut call = clone.call();
        if call.poll().is_pending() {
            calls.push(call);
        }
        holds_nothing(subject.counts(), calls.len())?;
        subject = clone;
    }
    Ok(())
}

fn holds_nothing(counts: Counts, polled: usize) -> Result<(), Stop> {
    expect(
        counts.idle == 0 || counts.calls >= polled,
        "between being ready and being called the inner service waits for nothing",
        || "the future was pending, with an inner instance made ready and not yet called".to_owned(),
    )
}
