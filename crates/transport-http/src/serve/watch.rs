use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFuture;

use super::clock::{Clock, Up};

pin_project! {
    /// Looks after the time of one connection, with one timer, and tells it of the drain.
    pub(super) struct Watch<'a> {
        clock: &'a Clock,
        #[pin]
        timer: Option<Sleep>,
        armed: bool,
        #[pin]
        drain: WaitForCancellationFuture<'a>,
        state: State,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Watching,
    Draining,
}

/// What a connection is woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The drain begins; told once.
    Drain,
    /// The time is up for this.
    Up(Up),
}

impl<'a> Watch<'a> {
    pub(super) fn new(clock: &'a Clock) -> Self {
        Self { clock, timer: None, armed: false, drain: clock.shared.drain.cancelled(), state: State::New }
    }

    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Alarm> {
        if self.as_mut().poll_drain(cx).is_ready() {
            self.clock.drain();
            return Poll::Ready(Alarm::Drain);
        }
        self.poll_up(cx).map(Alarm::Up)
    }

    /// The token is behind a lock, so it is polled twice: to be woken by it, and when it is known to be cancelled. The task
    /// that polls is one and the same.
    fn poll_drain(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match this.state {
            State::Draining => return Poll::Pending,
            State::Watching if this.clock.shared.grace().is_none() => return Poll::Pending,
            State::Watching | State::New => *this.state = State::Watching,
        }
        ready!(this.drain.poll(cx));
        *this.state = State::Draining;
        Poll::Ready(())
    }

    /// Ready when the time is up. The timer is moved to an earlier end, never to a later one: when it fires too early, it is
    /// set anew. So a request that comes and goes in time costs no timer, and no look at the time.
    fn poll_up(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Up> {
        let mut this = self.project();
        loop {
            if let Some(mut timer) = this.timer.as_mut().as_pin_mut() {
                if !this.clock.is_quiet()
                    && let Some((end, _)) = this.clock.end()
                    && end < timer.deadline()
                {
                    timer.as_mut().reset(end);
                    *this.armed = false;
                }
                // Polled once it wakes this task, which is the one that always polls it.
                if *this.armed && !timer.is_elapsed() {
                    return Poll::Pending;
                }
                let fired = timer.deadline();
                *this.armed = true;
                ready!(timer.poll(cx));
                this.timer.set(None);
                if let Some((end, up)) = this.clock.end()
                    && end <= fired
                {
                    return Poll::Ready(up);
                }
            } else {
                // A look is due now and then also where no end is near: quiet times are not noted, and a reply of HTTP/2 is
                // completed in another task, which need not wake this one.
                let look = Instant::now() + this.clock.look_after();
                let at = this.clock.end().map_or(look, |(end, _)| end.min(look));
                *this.armed = false;
                this.timer.set(Some(sleep_until(at)));
            }
        }
    }
}
