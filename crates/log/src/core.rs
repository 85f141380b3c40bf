//! What the clones of a logger share.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use thread_local::ThreadLocal;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, Subscriber as _, callsite, dispatcher};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::filter::Filter;
use crate::format::{Encoded, Format, Line, Names, Value};
use crate::frame::Frame;
use crate::output::Output;
use crate::repeats::Repeats;
use crate::subscriber::{Events, SpanFields, Understudy};
use crate::syslog::Head;

/// A core, and the dispatch that leads to it: made once, since each new one has `tracing` ask about all callsites again.
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
    pub(crate) dispatch: Dispatch,
    _understudy: Dispatch,
}

impl Handle {
    pub(crate) fn new(format: Format, head: Head, output: Output) -> Self {
        let filter = Filter::info();
        let core = Arc::new(Core {
            format,
            head,
            output,
            max: AtomicU8::new(number(filter.max)),
            filter: ArcSwap::from_pointee(filter),
            targets: AtomicBool::new(false),
            repeats: Repeats::default(),
            threads: ThreadLocal::new(),
        });
        let understudy = Dispatch::new(Understudy::new(Arc::clone(&core)));
        let dispatch = Dispatch::new(Registry::default().with(Events::new(Arc::clone(&core))));
        Self { core, dispatch, _understudy: understudy }
    }

    pub(crate) fn set_filter(&self, filter: Filter) {
        let max = number(filter.max);
        self.core.filter.store(Arc::new(filter));
        self.core.max.store(max, Relaxed);
        // Among several dispatches, of which there are always two, the whole of them is asked, whichever is the default.
        dispatcher::with_default(&self.dispatch, callsite::rebuild_interest_cache);
    }

    /// The span that this thread is in.
    pub(crate) fn current_span(&self) -> Option<SpanRef<'_, Registry>> {
        let registry = self.dispatch.downcast_ref::<Registry>()?;
        registry.span(registry.current_span().id()?)
    }
}

/// What makes lines, and where they go.
pub(crate) struct Core {
    pub(crate) format: Format,
    head: Head,
    pub(crate) output: Output,
    pub(crate) filter: ArcSwap<Filter>,
    /// The filter's most detailed level, for a look in passing: 0 where it is off.
    max: AtomicU8,
    targets: AtomicBool,
    pub(crate) repeats: Repeats,
    threads: ThreadLocal<Thread>,
}

/// What a thread has of a logger.
#[derive(Default)]
struct Thread {
    frames: RefCell<Vec<Frame>>,
    line: RefCell<Line>,
}

impl Core {
    /// Whether nothing at all is written.
    pub(crate) fn is_off(&self) -> bool {
        self.max.load(Relaxed) == 0
    }

    pub(crate) fn show_targets(&self, shown: bool) {
        self.targets.store(shown, Relaxed);
    }

    /// Whether this thread makes a line just now: so that it is a value's `Display`, or a writer, that asks.
    pub(crate) fn is_writing(&self) -> bool {
        self.threads.get().is_some_and(|thread| thread.line.try_borrow_mut().is_err())
    }

    /// Puts a frame on top of this thread's stack. Not so where the stack is being read.
    pub(crate) fn push(&self, slot: &mut Option<Frame>) -> bool {
        let thread = self.threads.get_or_default();
        let Ok(mut frames) = thread.frames.try_borrow_mut() else { return false };
        match slot.take() {
            Some(frame) => {
                frames.push(frame);
                true
            }
            None => false,
        }
    }

    pub(crate) fn pop(&self) -> Option<Frame> {
        self.threads.get().and_then(|thread| thread.frames.try_borrow_mut().ok()?.pop())
    }

    /// What is known here and now, with fields that are bound inside of it. A frame that has nothing to add to those before it is left out: else
    /// a task that starts itself anew by `follow` would know more with each turn, without end.
    pub(crate) fn followed(&self, bound: &Arc<Encoded>) -> Frame {
        let (mut kept, mut fields) = (Vec::new(), Encoded::default());
        let mut add = |frame: &Frame| {
            if fields.grows(|fields| frame.write(fields, self.format)) {
                kept.push(frame.clone());
            }
        };
        add(&Frame::Bound(Arc::clone(bound)));
        if let Some(frames) = self.threads.get().and_then(|thread| thread.frames.try_borrow().ok()) {
            visible(&frames).for_each(|frame| match frame {
                Frame::Followed(frames) => frames.iter().for_each(&mut add),
                frame => add(frame),
            });
        }
        Frame::Followed(kept.into())
    }

    /// Writes a line. `fill` gives the message and what is innermost; the spans, a frame that is not on the stack, and the stack follow.
    pub(crate) fn write(
        &self,
        level: Level,
        target: &str,
        now: SystemTime,
        span: Option<SpanRef<'_, Registry>>,
        own: Option<&Frame>,
        fill: impl FnOnce(&mut Line, Format),
    ) {
        let thread = self.threads.get_or_default();
        // Else a line is being made, by whose writer or value this one was told: neither waits for the other.
        let Ok(mut line) = thread.line.try_borrow_mut() else { return };
        let format = self.format;
        line.begin(format, &self.head, now, level, target);
        fill(&mut line, format);
        if self.targets.load(Relaxed) && format != Format::Syslog {
            line.fields.field(format, Names::Own, "target", Value::Text(target));
        }
        for span in span.into_iter().flat_map(|span| span.scope()) {
            if let Some(SpanFields(fields)) = span.extensions().get() {
                line.fields.append(format, fields);
            }
        }
        if let Some(own) = own {
            own.write(&mut line.fields, format);
        }
        // No code of others runs from here on, so that nobody else wants the stack.
        if let Ok(frames) = thread.frames.try_borrow() {
            visible(&frames).for_each(|frame| frame.write(&mut line.fields, format));
        }
        if let Some(lost @ 1..) = self.output.write(line.end(format)) {
            self.tell(&mut line, now, lost);
        }
    }

    /// Says in a line of its own how many lines were lost before it.
    fn tell(&self, line: &mut Line, now: SystemTime, lost: u64) {
        let format = self.format;
        line.begin(format, &self.head, now, Level::WARN, "towerkit_log");
        line.message(format, format_args!("log lines were lost"));
        line.fields.field(format, Names::Own, "count", Value::Unsigned(lost));
        self.output.tell(line.end(format), lost);
    }

    /// The fields of one more name, for [`with`](crate::Logger::with).
    pub(crate) fn bind(&self, fields: &Encoded, name: &str, value: Value<'_>) -> Encoded {
        let mut fields = fields.clone();
        fields.set(self.format, Names::Users, name, value);
        fields
    }
}

fn visible(frames: &[Frame]) -> impl Iterator<Item = &Frame> {
    let mut hidden = false;
    frames.iter().rev().take_while(move |frame| {
        let seen = !hidden;
        hidden |= matches!(frame, Frame::Followed(_));
        seen
    })
}

const fn number(level: LevelFilter) -> u8 {
    match level.into_level() {
        None => 0,
        Some(Level::ERROR) => 1,
        Some(Level::WARN) => 2,
        Some(Level::INFO) => 3,
        Some(Level::DEBUG) => 4,
        Some(Level::TRACE) => 5,
    }
}
