/// By which what a call holds knows, when it is dropped before the call's end, whether the service has panicked or the caller went away.
///
/// A layer's future holds a guard that says in its `Drop` how the call ended. A future is dropped between two polls where its call is
/// cancelled, and out of a poll where that unwinds. [`std::thread::panicking`] can't tell one from the other: a call is cancelled just as well while
/// something else unwinds. So the guard has this flag, and the layer runs the service's `call` and its future's `poll` under it.
///
/// ```
/// use std::panic::{AssertUnwindSafe, catch_unwind};
/// use std::sync::{Arc, Mutex};
/// use towerkit_endpoint::{Code, PanicFlag};
///
/// struct Guard {
///     panic: PanicFlag,
///     ended: Arc<Mutex<Option<Code>>>, // in earnest a span, a gauge, a permit
/// }
///
/// impl Drop for Guard {
///     fn drop(&mut self) {
///         let code = if self.panic.is_set() { Code::Internal } else { Code::Cancelled };
///         *self.ended.lock().unwrap() = Some(code);
///     }
/// }
///
/// let ended = Arc::default();
/// let guard = || Guard { panic: PanicFlag::new(), ended: Arc::clone(&ended) };
///
/// let mut cancelled = guard();
/// assert_eq!(cancelled.panic.watch(|| "pending"), "pending"); // in earnest: `inner.poll(cx)`
/// drop(cancelled);
/// assert_eq!(*ended.lock().unwrap(), Some(Code::Cancelled));
///
/// let mut panicked = guard();
/// let _ = catch_unwind(AssertUnwindSafe(move || panicked.panic.watch(|| panic!("a bug"))));
/// assert_eq!(*ended.lock().unwrap(), Some(Code::Internal));
/// ```
///
/// It is a `bool`, and sets it twice a poll.
#[derive(Debug, Default)]
pub struct PanicFlag(bool);

impl PanicFlag {
    /// It is not set.
    #[must_use]
    pub const fn new() -> Self {
        Self(false)
    }

    /// Runs what serves the call. The flag is set meanwhile, and stays so where that unwinds.
    pub fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.0 = true;
        let result = run();
        self.0 = false;
        result
    }

    /// Whether the service is at it; which means, for a guard that is being dropped, that it has panicked.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.0
    }
}
