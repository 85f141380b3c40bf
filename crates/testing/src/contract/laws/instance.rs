//! Law 1: it calls the instance that was made ready.

use core::task::Poll;

use tower_service::Service;

use crate::contract::Readiness;
use crate::contract::subject::{Setup, Subject};
use crate::contract::verdict::{Stop, Verdict, expect};

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    // Twice: what takes the place of the called instance must not be taken for ready.
    let mut subject = setup.fresh();
    call(&mut subject, setup).await?;
    call(&mut subject, setup).await?;

    // A clone of a ready service is not ready. Whether a service without readiness can be ready shows a new one.
    let mut subject = setup.fresh();
    subject.ready().await?;
    let mut copy = subject.another();
    subject.probe.pending();
    let mut new = setup.fresh();
    new.probe.pending();
    if new.poll_ready().is_pending() {
        expect(
            copy.poll_ready() != Poll::Ready(Ok(())),
            "a clone of a ready service is not ready: readiness is not copied",
            || "the clone was ready, though its inner service was not".to_owned(),
        )?;
    }
    subject.probe.ready();
    call(&mut subject, setup).await?;
    call(&mut copy, setup).await?;
    Ok(Vec::new())
}

async fn call<S, Req>(subject: &mut Subject<'_, S, Req>, setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let before = subject.counts();
    subject.once().await?;
    let counts = subject.counts();
    expect(counts.calls > before.calls, "a call reaches the inner service", || {
        "the call ended without a call of the inner service".to_owned()
    })?;
    expect(counts.violations == before.violations, "the instance that is called was made ready", || {
        "the call went to an instance that was not ready, such as a clone made inside `call`".to_owned()
    })?;
    // A service that is always ready may keep ready instances to choose from.
    let strict = setup.readiness != Readiness::AlwaysReady;
    expect(!strict || counts.idle == 0, "the instance that was made ready is called", || {
        "the call went to another instance; the one that `poll_ready` made ready was left waiting".to_owned()
    })
}
