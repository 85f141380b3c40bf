//! Law 8: work starts at the first poll.

use tower_service::Service;

use crate::contract::subject::{Setup, settle, tasks};
use crate::contract::verdict::{Verdict, expect};

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    subject.ready().await?;
    let before = tasks();
    let call = subject.call();
    let spawned = tasks().saturating_sub(before);
    expect(spawned == 0, "`call` spawns no task", || format!("it spawned {spawned}"))?;
    settle().await;
    let started = subject.counts().started;
    expect(started == 0, "nothing runs before the future is polled", || {
        "the inner service was at work before the first poll".to_owned()
    })?;

    drop(call);
    settle().await;
    let counts = subject.counts();
    expect(counts.started == 0, "a future that is dropped before its first poll leaves nothing behind", || {
        "the inner service went to work after the drop".to_owned()
    })?;
    Ok(Vec::new())
}
