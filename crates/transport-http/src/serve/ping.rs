use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use super::clock::Clock;

/// The timer of a connection's [pings](super::Serve::keep_alive).
///
/// hyper notes the time at each frame, to know since when the peer is silent, and polls the timer whenever it is polled itself. So
/// the time is that of the last bytes that came, and a timer that is set is left alone until it fires.
#[derive(Clone)]
pub(super) struct PingTimer(pub(super) Arc<Clock>);

impl Timer for PingTimer {
    fn now(&self) -> Instant {
        self.0.heard_at().into_std()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let sleep = Box::pin(tokio::time::sleep_until(deadline.into()));
        Box::pin(PingSleep { sleep, armed: false, clock: self.0.clone() })
    }
}

struct PingSleep {
    sleep: Pin<Box<tokio::time::Sleep>>,
    /// Polled once it wakes the connection's task, which is the one that always polls it.
    armed: bool,
    clock: Arc<Clock>,
}

impl Sleep for PingSleep {}

impl Future for PingSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.armed && !self.sleep.is_elapsed() {
            return Poll::Pending;
        }
        self.armed = true;
        ready!(self.sleep.as_mut().poll(cx));
        // The answer to a ping is waited for from here, and not from when the peer fell silent.
        self.clock.heard();
        Poll::Ready(())
    }
}
