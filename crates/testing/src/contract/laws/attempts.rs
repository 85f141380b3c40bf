//! Law 5: it makes the service ready again before each attempt.

use tower_service::Service;

use crate::contract::subject::{Setup, settle};
use crate::contract::verdict::{Verdict, expect, not_applicable};
use crate::probe::Reply;

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    let declared = !setup.repeats_after.is_empty();
    let replies = if declared { setup.repeats_after.as_slice() } else { &[Reply::Fail] };

    let mut subject = setup.fresh();
    subject.probe.script(replies.iter().copied());
    subject.once().await?;
    let counts = subject.counts();
    if !declared && counts.calls <= 1 {
        return Err(not_applicable("no way was declared to make it repeat, and it makes one attempt when that fails"));
    }
    let wanted = if declared { replies.len() + 1 } else { 2 };
    expect(
        counts.calls >= wanted,
        &format!("a layer that is declared to repeat here makes {wanted} attempts"),
        || format!("it made {}", counts.calls),
    )?;
    let expected = "each attempt goes to an instance that was made ready for it";
    let unready = |violations: usize, calls: usize| {
        format!("{violations} of {calls} attempts went to an instance that was not ready")
    };
    expect(counts.violations == 0, expected, || unready(counts.violations, counts.calls))?;

    // The same with an inner service that must be waited for between the attempts.
    let mut subject = setup.fresh();
    subject.probe.script(replies.iter().copied());
    subject.ready().await?;
    subject.probe.pending();
    let mut call = subject.call();
    let _ = call.poll();
    settle().await;
    subject.probe.ready();
    call.finish().await?;
    let counts = subject.counts();
    expect(counts.violations == 0, expected, || unready(counts.violations, counts.calls))?;
    Ok(Vec::new())
}
