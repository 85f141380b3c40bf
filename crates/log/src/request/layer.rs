use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tower_layer::Layer;
use tracing::Level;

use super::outcome::Levels;
use super::settings::{Kind, Options, Settings};
use super::{Logged, MessageFn, NoFields, Outcome};
use crate::{Fields, Logger};

/// Logs each request when it has ended, and has its fields in all that is logged meanwhile.
///
/// A line for each, at the end of the reply's stream where it is one; none for a call whose future is never polled, since it has not begun:
///
/// ```text
/// ts=... level=info msg=request operation=sum code=ok duration_ms=1.234 peer=127.0.0.1:40312 via=http request_id=7f3a... trace_id=4bf9... span_id=00f0...
/// ```
///
/// | field | is |
/// | --- | --- |
/// | `operation` | the name that the layer was given |
/// | `code` | `ok`, or the [code](towerkit_endpoint::Code::as_str) of the error; `cancelled` where the request was dropped |
/// | `duration_ms` | milliseconds from the first poll to the end, to the microsecond, on Tokio's clock |
/// | `err` | the error with its causes, as a [`Report`](towerkit_endpoint::Report) |
/// | `peer`, `via` | where it came from, and [how](towerkit_endpoint::Via::protocol) |
/// | `request_id` | the metadata `x-request-id`, where it is visible ASCII of 128 characters at most; for a server's request without one, 16 hex digits by chance |
/// | `trace_id`, `span_id` | the [trace](towerkit_endpoint::Context::trace), where there is one |
/// | `left_out` | how many lines before it were left out by [`one_in`](Self::one_in) |
///
/// An id that was made is of the log alone, since to carry it would cost each request an allocation. Across services the trace's id tells which lines
/// belong together. Where a request id is to go along, something further out puts it into the metadata, such as tower-http's `SetRequestIdLayer`, and
/// outgoing calls begin with [`outgoing_with`](towerkit_endpoint::Context::outgoing_with)`(["x-request-id"])`.
///
/// What its endpoint logs by `tracing` has all of them but the first lines of the table that are known at the end alone, and `operation`. Neither messages nor
/// metadata are logged, but for what [`message_fields`](Self::message_fields) names.
///
/// It stands outermost, inside of the layer that traces: it sees refusals, and deadlines that have passed. Readiness is the inner service's, and it keeps
/// the types of reply and error. It allocates nothing, but for a box at a reply that is a stream, and the text of an error. Clones, and the services that one layer makes, share
/// the count of [`left_out`](Self::left_out), and each service one of whose turn it is.
#[derive(Clone, Debug)]
pub struct LogLayer<M = NoFields> {
    logger: Logger,
    options: Options,
    message: M,
}

impl LogLayer {
    pub(crate) fn new(logger: Logger, kind: Kind, operation: Arc<str>) -> Self {
        let options = Options {
            kind,
            operation,
            levels: Levels::default(),
            slow_after: None,
            one_in: 1,
            left_out: Arc::new(AtomicU64::new(0)),
        };
        Self { logger, options, message: NoFields }
    }
}

impl<M> LogLayer<M> {
    /// A request that takes longer is [slow](Outcome::Slow). At first none is.
    #[must_use]
    pub const fn slow_after(mut self, time: Duration) -> Self {
        self.options.slow_after = Some(time);
        self
    }

    /// The level of the lines of an outcome.
    #[must_use]
    pub const fn level(mut self, outcome: Outcome, level: Level) -> Self {
        self.options.levels.set(outcome, level);
        self
    }

    /// Writes one in so many of the lines of requests that went [well](Outcome::Ok), the first one first. All others are written. Zero counts
    /// as one.
    #[must_use]
    pub const fn one_in(mut self, requests: u32) -> Self {
        self.options.one_in = requests;
        self
    }

    /// How many lines were left out so far by [`one_in`](Self::one_in).
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.options.left_out.load(Relaxed)
    }

    /// Adds fields of the message to the line of the request.
    ///
    /// It runs when the request comes, whatever its line's level will be, since the message is gone at the end; the fields are
    /// kept in an allocation or two. It must not block.
    ///
    /// ```
    /// # struct Sum { a: i64, b: i64 }
    /// # let log = towerkit_log::Logger::off();
    /// let layer = log.requests("sum").message_fields(|message: &Sum, fields| {
    ///     fields.add("a", message.a);
    ///     fields.add("b", message.b);
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn message_fields<T, F>(self, fields: F) -> LogLayer<MessageFn<F>>
    where
        F: Fn(&T, &mut Fields) + Clone,
    {
        let Self { logger, options, message: _ } = self;
        LogLayer { logger, options, message: MessageFn(fields) }
    }
}

impl<S, M: Clone> Layer<S> for LogLayer<M> {
    type Service = Logged<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        let settings = self.logger.on.as_ref().map(|on| Arc::new(Settings::new(on, self.options.clone())));
        Logged::new(inner, settings, self.message.clone())
    }
}
