use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue};
use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Failure, PanicFlag, Request, Tail, Via};

use super::message::MessageFields;
use super::{Kind, Outcome, Settings};
use crate::fields::Fields;
use crate::format::{Names, Value};
use crate::frame::{Entered, Frame, RequestFrame, RequestId};

/// A request, from the first poll of what serves it to its end. Dropped before that, it says that it was cancelled; one that was never polled has not begun, and
/// says nothing.
pub(super) struct Underway {
    settings: Arc<Settings>,
    /// None while it is on the stack.
    frame: Option<Frame>,
    /// None before it has begun.
    started: Option<Instant>,
    tail: Option<Tail>,
    message: Option<Fields>,
    panic: PanicFlag,
    ended: bool,
}

impl Underway {
    pub(super) fn new<T, M>(settings: &Arc<Settings>, request: &Request<T>, message: &M) -> Self
    where
        M: MessageFields<T>,
    {
        let fields = M::ANY.then(|| {
            let mut fields = Fields::new(settings.handle.core.format);
            message.fill(request.message(), &mut fields);
            fields
        });
        let context = request.context();
        let frame = RequestFrame {
            settings: Arc::clone(settings),
            trace: context.trace(),
            peer: context.peer(),
            via: context.via().map(Via::protocol),
            id: request_id(settings.options.kind, context.metadata().get_all(REQUEST_ID).next()),
        };
        Self {
            settings: Arc::clone(settings),
            frame: Some(Frame::Request(frame)),
            started: None,
            tail: context.tail().cloned(),
            message: fields,
            panic: PanicFlag::new(),
            ended: false,
        }
    }

    /// Runs what serves the request, in its scope.
    pub(super) fn run<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.started.get_or_insert_with(Instant::now);
        self.panic.watch(|| {
            let _entered = Entered::enter(&self.settings.handle, &mut self.frame);
            run()
        })
    }

    /// Runs what makes the call; a panic of it is a panic of the request.
    pub(super) fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.panic.watch(run)
    }

    /// Drops what served the request and did not end, in its scope.
    pub(super) fn cancel(&mut self, drop: impl FnOnce()) {
        let _entered = Entered::enter(&self.settings.handle, &mut self.frame);
        drop();
    }

    pub(super) fn end<R, E: Failure>(mut self, result: &Result<R, E>) {
        match (result, self.tail.take()) {
            (Ok(_), Some(tail)) => tail.on_end(move |ending| self.end_of_stream(ending)),
            (Ok(_), None) => self.write(None, Outcome::Ok, None),
            (Err(error), _) => {
                let code = error.code();
                self.write(Some(code), outcome(code), error.as_error());
            }
        }
    }

    fn end_of_stream(mut self, ending: Ending) {
        match ending {
            Ending::Complete => self.write(None, Outcome::Ok, None),
            Ending::Failed(code) => self.write(Some(code), outcome(code), None),
            // Dropped, it says so.
            _ => {}
        }
    }

    fn write(&mut self, code: Option<Code>, outcome: Outcome, error: Option<&(dyn StdError + 'static)>) {
        self.ended = true;
        let settings = &*self.settings;
        let took = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        let slow = settings.options.slow_after.is_some_and(|limit| took > limit);
        let levels = &settings.options.levels;
        let level = match outcome {
            // In the order of `tracing` the gravest is the least.
            Outcome::Ok | Outcome::Refused if slow => levels.of(outcome).min(levels.of(Outcome::Slow)),
            outcome => levels.of(outcome),
        };
        if level > settings.most_detailed() {
            return;
        }
        let admitted = if outcome == Outcome::Ok && !slow { settings.admit() } else { Some(0) };
        let Some(left_out) = admitted else { return };

        let core = &settings.handle.core;
        let target = settings.options.kind.target();
        let span = settings.handle.current_span();
        core.write(level, target, SystemTime::now(), span, self.frame.as_ref(), |line, format| {
            line.message(format, format_args!("{target}"));
            let fields = &mut line.fields;
            fields.append(format, &settings.operation);
            fields.field(format, Names::Own, "code", Value::Token(code.map_or("ok", Code::as_str)));
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            fields.field(format, Names::Own, "duration_ms", Value::Millis(micros));
            if let Some(error) = error {
                fields.field(format, Names::Own, "err", Value::Error(error));
            }
            if left_out > 0 {
                fields.field(format, Names::Own, "left_out", Value::Unsigned(left_out));
            }
            if let Some(message) = &self.message {
                fields.append(format, &message.encoded);
            }
        });
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if self.ended {
        } else if self.panic.is_set() {
            self.write(Some(Code::Internal), Outcome::Fault, Some(&Panicked));
        } else if self.started.is_some() {
            self.write(Some(Code::Cancelled), Outcome::Cancelled, None);
        }
    }
}

/// What the line says where the service panicked, and no `CatchPanicLayer` made an error of it.
#[derive(Debug)]
struct Panicked;

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the service panicked")
    }
}

impl StdError for Panicked {}

const fn outcome(code: Code) -> Outcome {
    if code.is_fault() { Outcome::Fault } else { Outcome::Refused }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Of a peer's id: what is longer is not logged.
const LONGEST_ID: usize = 128;

fn request_id(kind: Kind, given: Option<&HeaderValue>) -> RequestId {
    let fit =
        |id: &&HeaderValue| (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    match (given.filter(fit), kind) {
        (Some(id), _) => RequestId::Given(id.clone()),
        (None, Kind::Request) => RequestId::Made(fastrand::u64(..)),
        (None, Kind::Call) => RequestId::None,
    }
}
