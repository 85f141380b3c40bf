//! One module a law, in their order.

mod attempts;
mod cancellation;
mod choosing;
mod holding;
mod instance;
mod readiness;
mod refusal;
mod sharing;
mod start;

use tower_service::Service;

use super::law::Law;
use super::subject::{Setup, Subject};
use super::verdict::Stop;
use crate::report::{Finding, Outcome};

pub(super) async fn check<S, Req>(law: Law, setup: &Setup<S, Req>) -> Finding
where
    S: Service<Req> + Clone,
{
    let verdict = match law {
        Law::CallsTheReadied => instance::check(setup).await,
        Law::ReservesReadiness => readiness::check(setup).await,
        Law::RefusesInTheFuture => refusal::check(setup).await,
        Law::HoldsReadinessBriefly => holding::check(setup).await,
        Law::ReadiesEachAttempt => attempts::check(setup).await,
        Law::ChoosesInTheFuture => choosing::check(setup).await,
        Law::GivesBackOnDrop => cancellation::check(setup).await,
        Law::StartsAtFirstPoll => start::check(setup).await,
        Law::SharesAsDeclared => sharing::check(setup).await,
    };
    match verdict {
        Ok(unchecked) => Finding { law, outcome: Outcome::Kept, unchecked },
        Err(Stop(outcome)) => Finding { law, outcome, unchecked: Vec::new() },
    }
}

/// Starts `limit` calls that the probe holds, all through one instance: whether or not clones share the permits, this
/// takes all of them.
async fn fill<S, Req>(subject: &mut Subject<'_, S, Req>, limit: usize) -> Result<Vec<Held<S, Req>>, Stop>
where
    S: Service<Req> + Clone,
{
    subject.probe.hold();
    let mut held = Vec::new();
    for _ in 0..limit {
        held.push(subject.start().await?);
    }
    Ok(held)
}

type Held<S, Req> = super::subject::Call<<S as Service<Req>>::Future>;

/// Answers all held calls, and waits for their end.
async fn let_go<S, Req>(subject: &Subject<'_, S, Req>, held: Vec<Held<S, Req>>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    subject.probe.answer();
    subject.probe.release();
    for call in held {
        call.finish().await?;
    }
    Ok(())
}

/// Whether a clone is held up by the calls of its original, as seen.
async fn clones_share<S, Req>(setup: &Setup<S, Req>, limit: usize) -> Result<bool, Stop>
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    let mut other = subject.another();
    let held = fill(&mut subject, limit).await?;
    let shared = !matches!(other.poll_ready(), core::task::Poll::Ready(Ok(())));
    let_go(&subject, held).await?;
    Ok(shared)
}
