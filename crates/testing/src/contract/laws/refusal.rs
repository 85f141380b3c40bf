//! Law 3: `Err` from `poll_ready` is terminal, a refusal comes from the future.

use core::task::Poll;

use tower_service::Service;

use super::fill;
use crate::contract::Readiness;
use crate::contract::subject::{Ended, Refusal, Setup, Subject, settle};
use crate::contract::verdict::{Stop, Verdict, broken, expect};
use crate::probe::Reply;

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    failure_is_passed_on(setup).await?;
    if let Readiness::Reserves { limit } = setup.readiness {
        let mut subject = setup.fresh();
        let _held = fill(&mut subject, limit).await?;
        no_error(&subject.poll_ready(), "all permits were taken")?;
    }
    match &setup.refusal {
        None => {
            return Ok(vec!["refusals: no way was declared to make the layer refuse".into()]);
        }
        Some(Refusal::Built(build)) => refuses(&mut setup.built(build)).await?,
        Some(Refusal::After(replies)) => {
            let mut subject = setup.fresh();
            let _held = exhaust(&mut subject, replies).await?;
            refuses(&mut subject).await?;
        }
    }
    Ok(Vec::new())
}

async fn failure_is_passed_on<S, Req>(setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let expected = "a failed inner service makes the layer fail";
    let mut subject = setup.fresh();
    subject.probe.fail_readiness();
    match subject.poll_ready() {
        Poll::Ready(Err(_)) => return Ok(()),
        Poll::Ready(Ok(())) if setup.readiness != Readiness::PassesThrough => {}
        other => {
            return Err(broken(expected, format!("`poll_ready` gave {other:?} instead of the error")));
        }
    }
    let ended = subject.call().finish().await?;
    let counts = subject.counts();
    expect(counts.violations == 0, "a failed inner service is not called", || "it was called".to_owned())?;
    // A layer that is always ready may answer from elsewhere.
    let may_answer = setup.readiness == Readiness::AlwaysReady;
    expect(may_answer || ended == Ended::Failed, expected, || "the call was answered".to_owned())
}

/// Makes calls that go as `replies` say. The held ones are returned.
pub(super) async fn exhaust<S, Req>(
    subject: &mut Subject<'_, S, Req>,
    replies: &[Reply],
) -> Result<Vec<super::Held<S, Req>>, Stop>
where
    S: Service<Req> + Clone,
{
    let mut held = Vec::new();
    for reply in replies {
        subject.probe.script([*reply]);
        let call = subject.start().await?;
        if *reply == Reply::Hold {
            held.push(call);
        } else {
            call.finish().await?;
        }
    }
    Ok(held)
}

async fn refuses<S, Req>(subject: &mut Subject<'_, S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    // The inner service is ready: nothing but the refusal can be in the way.
    no_error(&subject.poll_ready(), "the layer was refusing")?;
    subject.ready().await?;
    refused(subject).await?;

    // The inner service is not ready. A layer that is ready all the same, as an open breaker is, must not call it.
    subject.probe.pending();
    let mut other = subject.another();
    let poll = other.poll_ready();
    no_error(&poll, "the layer was refusing")?;
    if poll.is_ready() {
        // A clone that does not refuse, for it shares no state, waits for the inner service in its future.
        let mut call = other.call();
        let _ = call.poll();
        settle().await;
        expect(other.counts().violations == 0, "a layer that refuses does not call its inner service", || {
            "it called it, though it was not ready".to_owned()
        })?;
    }
    Ok(())
}

async fn refused<S, Req>(subject: &mut Subject<'_, S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let before = subject.counts().calls;
    let ended = subject.call().finish().await?;
    expect(ended == Ended::Failed, "a layer that is declared to refuse here refuses", || {
        "the call was answered".to_owned()
    })?;
    expect(subject.counts().calls == before, "a refused call does not reach the inner service", || {
        "the inner service was called".to_owned()
    })
}

fn no_error(poll: &Poll<Result<(), Ended>>, when: &str) -> Result<(), Stop> {
    expect(
        !matches!(poll, Poll::Ready(Err(_))),
        "a refusal is an error of the call's future: `Err` from `poll_ready` means that the service is dead",
        || format!("{when}, and `poll_ready` failed"),
    )
}
