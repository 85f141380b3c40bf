use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

use towerkit_endpoint::{Error, Exchange, Report};
use tracing::Value as TracingValue;

use crate::core::Handle;
use crate::fields::take;
use crate::filter::Filter;
use crate::format::{Encoded, Format};
use crate::frame::{Entered, Frame};
use crate::output::Output;
use crate::request::Kind;
use crate::syslog::Head;
use crate::{Colour, Flusher, Follow, InvalidFilter, LogLayer, Stats, Syslog};

/// Writes logs: a handle, with the fields that are bound to it.
///
/// Clones are cheap, and the same logger: what is [set](Self::set_filter) on one holds for all, and for those that were made of it by
/// [`with`](Self::with). It has the filter `info` at first.
#[derive(Clone, Default)]
pub struct Logger {
    pub(crate) on: Option<On>,
}

/// What a logger that is not off has.
#[derive(Clone)]
pub(crate) struct On {
    pub(crate) handle: Arc<Handle>,
    pub(crate) bound: Arc<Encoded>,
}

impl Logger {
    /// Lines of `key=value`, as the programs of Go kit write them:
    /// `ts=2026-11-26T17:04:42.123456Z level=info msg="it is up" addr=127.0.0.1:8080 service=greeter`.
    ///
    /// Values stand in double quotes where they hold anything but visible ASCII without `"`, `=`, `\` and `]`, or are empty; the escapes between
    /// quotes are those of JSON.
    #[must_use]
    pub fn logfmt(writer: impl Write + Send + 'static) -> Self {
        Self::new(Format::Logfmt, Head::default(), Output::new(writer))
    }

    /// One object of JSON (RFC 8259) a line. Numbers and booleans are themselves; what JSON has no number for (`NaN`, infinities, integers of more
    /// than 64 bits) is text.
    #[must_use]
    pub fn json(writer: impl Write + Send + 'static) -> Self {
        Self::new(Format::Json, Head::default(), Output::new(writer))
    }

    /// Lines for people: `17:04:42.123 INFO  it is up addr=127.0.0.1:8080 service=greeter`, the time in UTC; in colour where the writer is a
    /// terminal and the environment has no `NO_COLOR`.
    #[must_use]
    pub fn terminal(writer: impl Write + IsTerminal + Send + 'static) -> Self {
        let colour = Colour::of(&writer);
        Self::terminal_in(colour, writer)
    }

    /// The same, to any writer.
    #[must_use]
    pub fn terminal_in(colour: Colour, writer: impl Write + Send + 'static) -> Self {
        let coloured = colour == Colour::Always;
        Self::new(Format::Terminal { coloured }, Head::default(), Output::new(writer))
    }

    /// Messages to a syslog server, sent by a thread of its own, and what flushes them.
    #[must_use]
    pub fn syslog(syslog: Syslog) -> (Self, Flusher) {
        let (head, writer, flusher) = syslog.open();
        (Self::new(Format::Syslog, head, Output::NonBlocking(writer)), flusher)
    }

    /// One that writes nothing, and costs next to nothing. What `tracing` has to tell goes on to where it went before.
    #[must_use]
    pub const fn off() -> Self {
        Self { on: None }
    }

    fn new(format: Format, head: Head, output: Output) -> Self {
        let handle = Arc::new(Handle::new(format, head, output));
        Self { on: Some(On { handle, bound: Arc::default() }) }
    }

    /// A logger with one more field in each of its lines; in place of one of the same name.
    ///
    /// The field is written once, here. The value is any that `tracing` takes: for others there are
    /// [`tracing::field::display`] and [`debug`](tracing::field::debug).
    ///
    /// ```
    /// use towerkit_log::Logger;
    ///
    /// let log = Logger::json(std::io::stderr()).with("service", "greeter").with("shard", 3);
    /// # let _ = log;
    /// ```
    #[must_use]
    pub fn with(&self, name: &str, value: impl TracingValue) -> Self {
        let Some(On { handle, bound }) = &self.on else { return Self::off() };
        let mut fields = Arc::clone(bound);
        take(value, |value| fields = Arc::new(handle.core.bind(bound, name, value)));
        Self { on: Some(On { handle: Arc::clone(handle), bound: fields }) }
    }

    /// Runs a function; what it tells by the macros of `tracing` goes to this logger, on this thread.
    ///
    /// Scopes may be nested. One of the same logger adds its fields to those that are there. What a writer, or a value's `Display`, tells
    /// while a line of it is made is not written.
    pub fn scope<R>(&self, run: impl FnOnce() -> R) -> R {
        let Some(On { handle, bound }) = &self.on else { return run() };
        let mut frame = Some(Frame::Bound(Arc::clone(bound)));
        let _entered = Entered::enter(handle, &mut frame);
        run()
    }

    /// A future that is in this logger's [`scope`](Self::scope) wherever it is polled, with all that is known here and now: the fields of
    /// the request under way too. For a task that is spawned.
    ///
    /// ```
    /// # use towerkit_log::Logger;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let log = Logger::logfmt(std::io::sink());
    /// tokio::spawn(log.follow(async {
    ///     tracing::info!("in the background");
    /// }));
    /// # }
    /// ```
    pub fn follow<F>(&self, future: F) -> Follow<F> {
        let followed = self.on.as_ref();
        let followed = followed.map(|On { handle, bound }| (Arc::clone(handle), handle.core.followed(bound)));
        Follow::new(future, followed)
    }

    /// A layer that logs the requests that a server handles, as target `request`.
    #[must_use]
    pub fn requests(&self, operation: impl Into<Arc<str>>) -> LogLayer {
        LogLayer::new(self.clone(), Kind::Request, operation.into())
    }

    /// A layer that logs the calls that a client makes, as target `call`.
    #[must_use]
    pub fn calls(&self, operation: impl Into<Arc<str>>) -> LogLayer {
        LogLayer::new(self.clone(), Kind::Call, operation.into())
    }

    /// For the `on_error` of a transport's `serve`: a line for each request that failed before it reached an endpoint, of which no layer knows. It could not be
    /// decoded, or there is nothing where it went.
    ///
    /// Its target is `request`, and its level `info`, whatever the code: anybody who reaches the listener can send such requests, and
    /// [`limit_repeats`](Self::limit_repeats) bounds their lines.
    ///
    /// ```
    /// use towerkit_endpoint::{Error, Exchange};
    /// use towerkit_log::Logger;
    ///
    /// let log = Logger::logfmt(std::io::stderr());
    /// let unserved = log.unserved(); // `serve(listener, routes).on_error(log.unserved())`
    /// // ts=... level=info msg="http POST /sum from 127.0.0.1:40312" code=invalid_argument error="a: is missing"
    /// # unserved(&Error::invalid("a", "is missing"), &Exchange::new(None, None));
    /// ```
    pub fn unserved(&self) -> impl Fn(&Error, &Exchange) + Clone + Send + Sync + use<> {
        let log = self.clone();
        move |error, exchange| {
            if !exchange.reached_endpoint {
                let code = error.code().as_str();
                log.scope(|| tracing::info!(target: "request", code, error = %Report::new(error), "{exchange}"));
            }
        }
    }

    /// Says which lines are written, from now on: levels (`off`, `error`, `warn`, `info`, `debug`, `trace`) for targets that begin with a text, and one
    /// for all others, as in `info,hyper=warn,request=debug`. The longest target that fits counts. Without a level for all others they are
    /// off. Spans are filtered as events are: one that is left out adds no fields.
    ///
    /// It may be called at any time, from any thread. All places in the code are asked anew, which takes microseconds.
    ///
    /// # Errors
    ///
    /// [`InvalidFilter`], which names the part that can't be read; the filter stays as it was.
    pub fn set_filter(&self, filter: &str) -> Result<(), InvalidFilter> {
        let filter = Filter::parse(filter)?;
        if let Some(on) = &self.on {
            on.handle.set_filter(filter);
        }
        Ok(())
    }

    /// The filter, as it was set.
    #[must_use]
    pub fn filter(&self) -> String {
        self.on.as_ref().map_or_else(|| "off".to_owned(), |on| on.handle.core.filter.load().text().to_owned())
    }

    /// Whether lines say their target, as the field `target`: at first they do not. Syslog has it in its header at all times.
    pub fn show_targets(&self, shown: bool) {
        if let Some(on) = &self.on {
            on.handle.core.show_targets(shown);
        }
    }

    /// Bounds what one place in the code may write in a second: the first so many events, then each nth (none where `every` is 0). Where `first` is 0 there
    /// is no bound, as at first. Errors are never left out, nor are the lines of requests, which have
    /// [a rate of their own](LogLayer::one_in).
    ///
    /// What is left out is [counted](Self::left_out), and the next event of that place says how many there were, as the field `left_out`.
    pub fn limit_repeats(&self, first: u32, every: u32) {
        if let Some(on) = &self.on {
            on.handle.core.repeats.limit(first, every);
        }
    }

    /// How many events were left out so far since they were [repeated](Self::limit_repeats).
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.on.as_ref().map_or(0, |on| on.handle.core.repeats.left_out())
    }

    /// What has become of the lines so far: lost are those of a writer that failed, or that was too slow and [does not
    /// block](crate::NonBlocking).
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.on.as_ref().map_or_else(Stats::default, |on| on.handle.core.output.stats())
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger").field("filter", &self.filter()).field("stats", &self.stats()).finish_non_exhaustive()
    }
}
