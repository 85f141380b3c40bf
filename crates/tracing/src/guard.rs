use towerkit_endpoint::{Code, Ending, Failure, PanicFlag, Tail};

use crate::Span;
use crate::semantics::{self, Protocol, Side};

/// What a call's future holds of its span, which begins with the first poll: dropped before the call is over, it was cancelled, or the service has panicked.
/// Where it was never polled the call has not begun, and there is no span.
#[derive(Debug)]
pub(crate) struct Guard {
    span: Span,
    side: Side,
    protocol: Protocol,
    panic: PanicFlag,
    begun: bool,
    done: bool,
}

/// What is said where a service panicked, and no `CatchPanicLayer` made an error of it.
pub(crate) const PANICKED: &str = "the service panicked";

/// Runs a service, under the flag of what is recorded.
pub(crate) fn watch<R>(panic: Option<&mut PanicFlag>, run: impl FnOnce() -> R) -> R {
    match panic {
        Some(panic) => panic.watch(run),
        None => run(),
    }
}

impl Guard {
    /// None where nothing is recorded.
    pub(crate) fn new(span: Span, side: Side, protocol: Protocol) -> Option<Self> {
        span.is_recording().then_some(Self { span, side, protocol, panic: PanicFlag::new(), begun: false, done: false })
    }

    /// Runs what makes the call; a panic of it is one of the call.
    pub(crate) fn watch<R>(guard: Option<&mut Self>, run: impl FnOnce() -> R) -> R {
        watch(guard.map(|guard| &mut guard.panic), run)
    }

    /// Runs what serves the call, which begins with the first time.
    pub(crate) fn run<R>(guard: Option<&mut Self>, run: impl FnOnce() -> R) -> R {
        watch(guard.map(Self::begun), run)
    }

    fn begun(&mut self) -> &mut PanicFlag {
        if !self.begun {
            self.begun = true;
            self.span.begin_now();
        }
        &mut self.panic
    }

    pub(crate) fn ended<R, E: Failure>(self, result: &Result<R, E>, tail: Option<&Tail>) {
        match (result, tail) {
            (Ok(_), None) => self.went_well(),
            (Ok(_), Some(tail)) => tail.on_end(move |ending| self.stream_ended(ending)),
            (Err(error), _) => self.failed(error),
        }
    }

    fn went_well(mut self) {
        semantics::went_well(&self.span, self.protocol);
        self.end();
    }

    fn failed<E: Failure>(mut self, error: &E) {
        semantics::failed(&self.span, self.side, self.protocol, error);
        self.end();
    }

    fn stream_ended(mut self, ending: Ending) {
        match ending {
            Ending::Complete => self.went_well(),
            Ending::Failed(code) => self.broke(code, code.message()),
            // Whatever it is: it did not come to its end.
            _ => self.cancelled(),
        }
    }

    /// Without an error that can be shown, and without a head that would tell of it.
    fn broke(&mut self, code: Code, why: &'static str) {
        semantics::failed_with(&self.span, self.side, self.protocol.without_head(), code, None, why.into());
        self.end();
    }

    fn cancelled(&mut self) {
        self.broke(Code::Cancelled, Code::Cancelled.message());
    }

    fn end(&mut self) {
        self.done = true;
        self.span.end();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.done {
        } else if self.panic.is_set() {
            self.broke(Code::Internal, PANICKED);
        } else if self.begun {
            self.cancelled();
        } else {
            self.span.forget();
        }
    }
}
