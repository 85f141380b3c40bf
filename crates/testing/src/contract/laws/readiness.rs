//! Law 2: `poll_ready` reserves or passes through.

use core::task::Poll;

use tower_service::Service;

use super::{clones_share, fill, let_go};
use crate::contract::Readiness;
use crate::contract::subject::{Setup, Subject, settle, tasks};
use crate::contract::verdict::{Stop, Verdict, broken, expect};

const READY: Poll<Result<(), crate::contract::subject::Ended>> = Poll::Ready(Ok(()));

/// So many wake-ups in a row, one for each poll, are a loop.
const BUSY: usize = 16;

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    spawns_nothing(setup)?;
    if setup.readiness == Readiness::AlwaysReady {
        return Ok(vec![
            "all but that `poll_ready` spawns nothing: the layer is declared always ready (see law 6)".into(),
        ]);
    }
    polling_twice_takes_one(setup)?;
    let mut unchecked = pending_wakes(setup).await?;
    match setup.readiness {
        Readiness::Reserves { limit } if clones_share(setup, limit).await? => {
            admits(setup, limit, 1)?;
            admits(setup, limit, 2)?;
            full_waits(setup, limit).await?;
        }
        Readiness::Reserves { limit } => {
            unchecked.push("reservations among clones: each clone has permits of its own".into());
            full_waits(setup, limit).await?;
        }
        Readiness::PassesThrough | Readiness::AlwaysReady => {}
    }
    Ok(unchecked)
}

fn spawns_nothing<S, Req>(setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    for pending in [false, true] {
        let mut subject = setup.fresh();
        if pending {
            subject.probe.pending();
        }
        let before = tasks();
        let _ = subject.poll_ready();
        let spawned = tasks().saturating_sub(before);
        expect(spawned == 0, "`poll_ready` spawns no task", || format!("it spawned {spawned}"))?;
    }
    Ok(())
}

fn polling_twice_takes_one<S, Req>(setup: &Setup<S, Req>) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    let polls = [subject.poll_ready(), subject.poll_ready()];
    expect(polls == [READY; 2], "a service whose inner service is ready is ready, and stays so", || {
        format!("two polls in a row gave {polls:?}")
    })?;
    let readied = subject.counts().readied;
    expect(readied <= 1, "polling twice makes one inner instance ready", || format!("it made {readied} ready"))
}

async fn pending_wakes<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    subject.probe.pending();
    match subject.poll_ready() {
        Poll::Pending => {}
        Poll::Ready(Ok(())) if setup.readiness != Readiness::PassesThrough => {
            return Ok(vec!["waiting for the inner service: `poll_ready` does not ask it".into()]);
        }
        other @ Poll::Ready(_) => {
            return Err(broken(
                "`poll_ready` passes on that the inner service is not ready \
                 (a layer that is ready by design is declared `Readiness::AlwaysReady`)",
                format!("`poll_ready` gave {other:?} while the inner service was pending"),
            ));
        }
    }
    let mut rounds = 0;
    loop {
        let before = subject.wakes();
        let _ = subject.poll_ready();
        settle().await;
        if subject.wakes() == before {
            break;
        }
        rounds += 1;
        expect(rounds < BUSY, "a pending `poll_ready` wakes when something changed", || {
            format!("nothing changed, and {BUSY} polls in a row were woken at once: a busy loop")
        })?;
    }
    let before = subject.wakes();
    subject.probe.ready();
    settle().await;
    woken(&mut subject, before, "the inner service became ready")?;
    Ok(Vec::new())
}

fn woken<S, Req>(subject: &mut Subject<'_, S, Req>, before: usize, event: &str) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    expect(subject.wakes() > before, "`Pending` registers a waker", || {
        format!("{event}, and the waker of the pending `poll_ready` was not woken")
    })?;
    let poll = subject.poll_ready();
    expect(poll == READY, "a service that was woken is ready", || format!("{event}; then `poll_ready` gave {poll:?}"))
}

/// Among more clones than permits, as many become ready as there are permits, however often each is polled.
fn admits<S, Req>(setup: &Setup<S, Req>, limit: usize, polls: usize) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let subject = setup.fresh();
    let mut clones = Vec::new();
    let mut ready = 0;
    for _ in 0..=limit {
        let mut clone = subject.another();
        let last = (0..polls).map(|_| clone.poll_ready()).last();
        ready += usize::from(last == Some(READY));
        clones.push(clone);
    }
    let clones = clones.len();
    let seen = || format!("{ready} of {clones} clones were ready, each polled {polls} times; none was called yet");
    expect(ready <= limit, &format!("being ready takes one of {limit} permits, it does not compare with them"), seen)?;
    expect(ready >= limit, &format!("each ready clone takes one of {limit} permits, no more"), seen)
}

async fn full_waits<S, Req>(setup: &Setup<S, Req>, limit: usize) -> Result<(), Stop>
where
    S: Service<Req> + Clone,
{
    let mut subject = setup.fresh();
    let held = fill(&mut subject, limit).await?;
    let poll = subject.poll_ready();
    expect(poll != READY, &format!("with {limit} calls in flight the service is not ready"), || {
        "it was ready".to_owned()
    })?;
    let before = subject.wakes();
    let_go(&subject, held).await?;
    settle().await;
    // A service that failed here is law 3's.
    if poll.is_pending() {
        woken(&mut subject, before, "the calls in flight ended")?;
    }
    Ok(())
}
