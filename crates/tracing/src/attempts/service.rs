use std::fmt;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::KeyValue;
use tower_service::Service;
use towerkit_endpoint::{Code, Context, Failure, PanicFlag, Report, Request, TraceContext};

use super::AttemptsFuture;
use crate::guard::{PANICKED, watch};
use crate::propagation::{self, Debug};
use crate::semantics::{self, Protocol, Side};
use crate::{Span, SpanKind, Tracer};

/// A service inside an [`AttemptsLayer`](crate::AttemptsLayer).
#[derive(Clone)]
pub struct Attempts<S> {
    inner: S,
    tracer: Tracer,
    as_spans: bool,
}

impl<S> Attempts<S> {
    pub(super) const fn new(inner: S, tracer: Tracer, as_spans: bool) -> Self {
        Self { inner, tracer, as_spans }
    }

    fn begin(&self, context: &mut Context) -> Option<Attempt> {
        let core = self.tracer.core()?;
        let call = Span::of(context);
        if !call.is_recording() {
            return None;
        }
        let number = call.next_attempt();
        if !self.as_spans {
            return Some(Attempt {
                span: call,
                number,
                own: false,
                panic: PanicFlag::new(),
                begun: false,
                done: false,
            });
        }
        let span = call.child_of_kind("attempt", SpanKind::Client);
        span.set_attribute("attempt.number", i64::from(number));
        let above = context.trace().map(TraceContext::span_id);
        let debug = context.get::<Debug>().is_some();
        if let Some(trace) = span.trace() {
            propagation::inject(&core.writes, context.metadata_mut(), trace, above, debug);
        }
        span.set_in(context);
        Some(Attempt { span, number, own: true, panic: PanicFlag::new(), begun: false, done: false })
    }
}

impl<S, T> Service<Request<T>> for Attempts<S>
where
    S: Service<Request<T>>,
    S::Error: Failure,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AttemptsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<T>) -> Self::Future {
        let mut attempt = self.begin(request.context_mut());
        let inner = watch(attempt.as_mut().map(|attempt| &mut attempt.panic), || self.inner.call(request));
        AttemptsFuture::new(inner, attempt)
    }
}

impl<S: fmt::Debug> fmt::Debug for Attempts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("inner", &self.inner).field("as_spans", &self.as_spans).finish_non_exhaustive()
    }
}

/// One attempt, from its first poll. Dropped before it is over, it was cut off, or the client has panicked; where it was never polled it has not begun.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The call's, or its own.
    span: Span,
    number: u32,
    own: bool,
    panic: PanicFlag,
    begun: bool,
    done: bool,
}

impl Attempt {
    /// Runs it, which begins it.
    pub(super) fn run<R>(attempt: Option<&mut Self>, run: impl FnOnce() -> R) -> R {
        watch(attempt.map(Self::begun), run)
    }

    fn begun(&mut self) -> &mut PanicFlag {
        if !self.begun {
            self.begun = true;
            if self.own {
                self.span.begin_now();
            }
        }
        &mut self.panic
    }

    pub(super) fn ended<R, E: Failure>(mut self, result: &Result<R, E>) {
        self.done = true;
        match result {
            Ok(_) if self.own => self.span.end(),
            Ok(_) if self.number == 1 => {}
            Ok(_) => self.span.add_event("attempt", [self.number()]),
            Err(error) if self.own => {
                semantics::failed(&self.span, Side::Client, Protocol::None, error);
                self.span.end();
            }
            Err(error) => {
                let report = error.as_error().map(|error| Report::new(error).to_string());
                let report = report.map(|report| KeyValue::new("exception.message", report));
                let kind = KeyValue::new("error.type", error.code().as_str());
                self.span.add_event("attempt", [self.number(), kind].into_iter().chain(report));
            }
        }
    }

    fn number(&self) -> KeyValue {
        KeyValue::new("attempt.number", i64::from(self.number))
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if !self.begun && !self.panic.is_set() {
            if self.own {
                self.span.forget();
            }
            return;
        }
        let (code, why) = match self.panic.is_set() {
            true => (Code::Internal, PANICKED),
            false => (Code::Cancelled, Code::Cancelled.message()),
        };
        if self.own {
            semantics::failed_with(&self.span, Side::Client, Protocol::None, code, None, why.into());
            self.span.end();
        } else {
            self.span.add_event("attempt", [self.number(), KeyValue::new("error.type", code.as_str())]);
        }
    }
}
