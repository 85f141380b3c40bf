use towerkit_endpoint::{Code, Ending, Failure, Tail};

use crate::Span;
use crate::semantics::{self, Protocol, Side};

/// What a call's future holds of its span: dropped before the call is over, it was cancelled.
#[derive(Debug)]
pub(crate) struct Guard {
    span: Span,
    side: Side,
    protocol: Protocol,
    done: bool,
}

impl Guard {
    /// None where nothing is recorded.
    pub(crate) fn new(span: Span, side: Side, protocol: Protocol) -> Option<Self> {
        span.is_recording().then_some(Self { span, side, protocol, done: false })
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
            Ending::Failed(code) => self.broke(code),
            // Whatever it is: it did not come to its end.
            _ => self.broke(Code::Cancelled),
        }
    }

    /// Without an error that can be shown, and without a head that would tell of it.
    fn broke(&mut self, code: Code) {
        semantics::failed_with(&self.span, self.side, self.protocol.without_head(), code, None, code.message().into());
        self.end();
    }

    fn end(&mut self) {
        self.done = true;
        self.span.end();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.done {
            self.broke(Code::Cancelled);
        }
    }
}
