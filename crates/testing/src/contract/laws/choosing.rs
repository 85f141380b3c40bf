//! Law 6: what chooses is always ready, and drives readiness inside the future.

use core::task::Poll;
use core::time::Duration;

use tokio::time::{Instant, sleep};
use tower_service::Service;

use crate::contract::Readiness;
use crate::contract::subject::{Setup, settle};
use crate::contract::verdict::{Verdict, expect, not_applicable};

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    match setup.readiness {
        Readiness::AlwaysReady => {}
        Readiness::PassesThrough => {
            return Err(not_applicable("the layer is declared to pass readiness through"));
        }
        Readiness::Reserves { .. } => {
            return Err(not_applicable("the layer is declared to reserve"));
        }
    }
    let mut subject = setup.fresh();
    subject.probe.pending();
    let poll = subject.poll_ready();
    expect(poll == Poll::Ready(Ok(())), "the service is ready, though its inner service is not", || {
        format!("`poll_ready` gave {poll:?}: the choice is made by readiness, before the request is known")
    })?;

    let before = subject.counts().polls;
    let mut call = subject.call();
    let mut refused = call.poll().is_ready();
    settle().await;
    // The layer may wait for something of its own before it asks the inner service, and its wake-ups do not reach this loop.
    let deadline = Instant::now() + setup.patience;
    while !refused && subject.counts().polls == before && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
        refused = call.poll().is_ready();
        settle().await;
    }
    let counts = subject.counts();
    expect(counts.calls == 0, "an inner service that is not ready is not called", || "it was called".to_owned())?;
    if refused {
        return Ok(vec![
            "waiting inside the future: the layer ends the call when its inner service is not ready".into(),
        ]);
    }
    let before = call.wakes();
    subject.probe.ready();
    settle().await;
    expect(call.wakes() > before || subject.counts().calls > 0, "the future waits for the inner service", || {
        "the inner service became ready, and the future was not woken".to_owned()
    })?;
    call.finish().await?;
    let counts = subject.counts();
    expect(
        counts.calls > 0 && counts.violations == 0,
        "the future makes the inner service ready and calls it",
        || format!("{} calls, {} of them on an instance that was not ready", counts.calls, counts.violations),
    )?;
    Ok(Vec::new())
}
