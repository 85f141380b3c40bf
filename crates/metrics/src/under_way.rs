use std::fmt;
use std::sync::Arc;

use towerkit_endpoint::{Code, PanicFlag, TraceContext};

use crate::clock::Point;
use crate::operation::Operation;

/// One call, from its first poll to its end. Dropped before, it was cancelled, or the service panicked.
pub(crate) struct UnderWay {
    operation: Arc<Operation>,
    trace: Option<TraceContext>,
    // None before it has begun, and after its end.
    since: Option<Point>,
    panic: PanicFlag,
}

impl UnderWay {
    pub(crate) const fn new(operation: Arc<Operation>, trace: Option<TraceContext>) -> Self {
        Self { operation, trace, since: None, panic: PanicFlag::new() }
    }

    /// Begins with it, unless it has begun.
    pub(crate) fn begin(&mut self) {
        if self.since.is_none() {
            self.since = Some(self.operation.began());
        }
    }

    /// Runs what serves the call; a panic of it is a panic of the call.
    pub(crate) fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.panic.watch(run)
    }

    /// Its end: well where there is no code.
    pub(crate) fn ended(mut self, code: Option<Code>) {
        self.end(code);
    }

    fn end(&mut self, code: Option<Code>) {
        if let Some(since) = self.since.take() {
            self.operation.ended(since, code, self.trace);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.panic.is_set() {
            // It may have panicked before there was a future.
            self.begin();
            self.end(Some(Code::Internal));
        } else {
            self.end(Some(Code::Cancelled));
        }
    }
}

impl fmt::Debug for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay").field("since", &self.since).finish_non_exhaustive()
    }
}
