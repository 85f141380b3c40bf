//! Law 7: dropping the future is cancellation, and gives back what the call held.

use tower_service::Service;

use super::{fill, let_go};
use crate::contract::Readiness;
use crate::contract::subject::{Refusal, Setup, Subject, settle};
use crate::contract::verdict::{Stop, Verdict, broken, expect};
use crate::probe::Reply;

/// Drops in a row, when the layer declares no limit that this would have to exceed.
const DROPS: usize = 3;

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    let limit = match setup.readiness {
        Readiness::Reserves { limit } => limit,
        Readiness::PassesThrough | Readiness::AlwaysReady => 1,
    };
    let drops = limit.max(DROPS);

    let mut subject = setup.fresh();
    for _ in 0..drops {
        let mut clone = subject.another();
        clone.ready().await?;
    }
    nothing_left(&mut subject, limit, "a ready service was dropped without a call").await?;

    let mut subject = setup.fresh();
    for _ in 0..drops {
        subject.ready().await?;
        drop(subject.call());
        settle().await;
    }
    nothing_left(&mut subject, limit, "a future was dropped before its first poll").await?;

    let mut subject = setup.fresh();
    subject.probe.hold();
    for _ in 0..drops {
        drop(subject.start().await?);
        settle().await;
    }
    nothing_left(&mut subject, limit, "a future was dropped while its call was in flight").await?;

    let mut subject = setup.fresh();
    subject.probe.fail();
    for _ in 0..limit {
        subject.once().await?;
    }
    nothing_left(&mut subject, limit, "a call failed").await?;

    match setup.readiness {
        Readiness::AlwaysReady => dropped_while_waiting(setup).await?,
        Readiness::Reserves { limit } => dropped_in_the_queue(setup, limit).await?,
        Readiness::PassesThrough => {}
    }
    cancelled_is_no_failure(setup).await
}

/// Nothing is in flight, and as many calls as ever can be.
async fn nothing_left<S, Req>(subject: &mut Subject<'_, S, Req>, limit: usize, after: &str) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    settle().await;
    let in_flight = subject.counts().in_flight;
    expect(in_flight == 0, "no call goes on when its future is gone", || {
        format!("{after}, and {in_flight} calls of the inner service were still in flight")
    })?;
    gauge_is_zero(subject, after)?;
    let Ok(held) = fill(subject, limit).await else {
        let reached = subject.counts().in_flight;
        return Err(broken(
            format!("all of the capacity, {limit} calls at a time, is given back"),
            format!("{after}; then {reached} calls were in flight, and the next did not get through"),
        ));
    };
    let_go(subject, held).await?;
    gauge_is_zero(subject, "all calls had ended")
}

fn gauge_is_zero<S, Req>(subject: &Subject<'_, S, Req>, after: &str) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let Some(gauge) = subject.gauge() else {
        return Ok(());
    };
    expect(gauge == 0, "the layer's own gauge falls back to 0", || format!("{after}, and it read {gauge}"))
}

async fn dropped_while_waiting<S, Req>(setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    for _ in 0..DROPS {
        subject.probe.ready();
        subject.ready().await?;
        subject.probe.pending();
        let mut call = subject.call();
        let _ = call.poll();
        settle().await;
        drop(call);
    }
    subject.probe.ready();
    nothing_left(&mut subject, 1, "a future was dropped while it waited for the inner service").await
}

async fn dropped_in_the_queue<S, Req>(setup: &Setup<S, Req>, limit: usize) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    let held = fill(&mut subject, limit).await?;
    let mut waiting = subject.another();
    let _ = waiting.poll_ready();
    drop(waiting);
    let_go(&subject, held).await?;
    nothing_left(&mut subject, limit, "a service was dropped while it waited for a permit").await
}

/// Where failures make the layer refuse, as many cancelled calls do not.
async fn cancelled_is_no_failure<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    let failures = match &setup.refusal {
        Some(Refusal::After(replies)) if replies.iter().all(|reply| *reply == Reply::Fail) => replies.len(),
        _ => {
            let why =
                "that a cancelled call does not count as a failure: the layer is not declared to refuse after failures";
            return Ok(vec![why.into()]);
        }
    };
    let mut subject = setup.fresh();
    subject.probe.hold();
    for _ in 0..failures {
        drop(subject.start().await?);
    }
    subject.probe.answer();
    let before = subject.counts().calls;
    subject.once().await?;
    expect(subject.counts().calls > before, "cancelled calls are neither failures nor successes", || {
        format!("after {failures} cancelled calls the layer refused, as it does after {failures} failures")
    })?;
    Ok(Vec::new())
}
