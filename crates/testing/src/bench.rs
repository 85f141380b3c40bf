//! What a call costs: CPU nanoseconds and allocations, on one thread and on two at once.
//!
//! A benchmark is a program with `harness = false`. It makes its cases, has them [measured](measure), and prints a JSON line for
//! each. Rounds are interleaved: each round measures everything once, so that a machine that drifts does so for all.
//!
//! ```
//! use towerkit_testing::bench::{self, Case};
//!
//! let mut cases = [Case::new("addition", |calls| (0..calls).for_each(|n| drop(std::hint::black_box(n + 1)))).budget(50.0)];
//! // In earnest: allocation_counter::measure(run).count_total
//! bench::measure(&mut cases, 1000, 3, |run| { run(); 0 });
//! assert!(cases[0].to_string().starts_with(r#"{"name":"addition","budget":50,"ns":["#));
//! ```

use std::fmt;
use std::future::Future;
use std::hint::{self, black_box};
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;

use cpu_time::ThreadTime;
use tower_service::Service;

/// Makes so many calls.
pub type Run = Box<dyn FnMut(u32) + Send>;

/// One thing that is measured.
///
/// It is printed as `{"name": …, "budget": …, "ns": […], "ns_two": […], "allocations": …}`: nanoseconds a call in each round, on one
/// thread and on two (the mean of both; empty where it has no second), and allocations a call.
pub struct Case {
    name: String,
    budget: Option<f64>,
    one: Run,
    two: Option<[Run; 2]>,
    ns: Vec<f64>,
    ns_two: Vec<f64>,
    allocations: f64,
}

impl Case {
    /// What makes so many calls in a row. The name must not need escapes in JSON.
    pub fn new(name: impl Into<String>, run: impl FnMut(u32) + Send + 'static) -> Self {
        let (ns, ns_two) = (Vec::new(), Vec::new());
        Self { name: name.into(), budget: None, one: Box::new(run), two: None, ns, ns_two, allocations: 0.0 }
    }

    /// The same for something that is made anew for each thread, of what the threads share.
    pub fn shared<R: FnMut(u32) + Send + 'static>(name: impl Into<String>, run: impl Fn() -> R) -> Self {
        Self { two: Some([Box::new(run()), Box::new(run())]), ..Self::new(name, run()) }
    }

    /// A service, a clone for each thread, that is called with requests made of numbers. It must come to an end without a runtime that
    /// runs.
    pub fn service<S, Req>(
        name: impl Into<String>,
        service: &S,
        request: impl Fn(u32) -> Req + Copy + Send + 'static,
    ) -> Self
    where
        S: Service<Req> + Clone + Send + 'static,
        Req: 'static,
    {
        Self::shared(name, || patient_calls(service.clone(), request))
    }

    /// Nanoseconds that it may take, or add to something: for whoever reads the line.
    #[must_use]
    pub const fn budget(mut self, ns: f64) -> Self {
        self.budget = Some(ns);
        self
    }
}

/// Calls a service that is ready at once, and so are its calls. What the request is made of goes through `black_box` there.
///
/// # Panics
///
/// When a call fails, or one or the other is not ready.
pub fn calls<S, Req>(mut service: S, request: impl Fn(u32) -> Req) -> impl FnMut(u32)
where
    S: Service<Req>,
{
    move |calls| {
        let mut cx = Context::from_waker(Waker::noop());
        for n in 0..calls {
            assert!(service.poll_ready(&mut cx).is_ready(), "it is not ready");
            let call = pin!(service.call(request(n)));
            match call.poll(&mut cx) {
                Poll::Ready(reply) => match reply {
                    Ok(reply) => drop(black_box(reply)),
                    Err(_) => unreachable!("no call fails"),
                },
                Poll::Pending => unreachable!("each call is ready at once"),
            }
        }
    }
}

/// The same where some calls wait for a lock that another thread has. The loop for that costs those that do not some nanoseconds.
fn patient_calls<S, Req>(mut service: S, request: impl Fn(u32) -> Req) -> impl FnMut(u32)
where
    S: Service<Req>,
{
    move |calls| {
        let mut cx = Context::from_waker(Waker::noop());
        for n in 0..calls {
            assert!(service.poll_ready(&mut cx).is_ready(), "it is not ready");
            let mut call = pin!(service.call(request(n)));
            let reply = loop {
                match call.as_mut().poll(&mut cx) {
                    Poll::Ready(Ok(reply)) => break reply,
                    Poll::Ready(Err(_)) => unreachable!("no call fails"),
                    Poll::Pending => hint::spin_loop(),
                }
            };
            drop(black_box(reply));
        }
    }
}

/// Measures all of them, so many calls a round, after one round to warm up. `allocations` counts those of what it runs.
///
/// # Panics
///
/// Outside of a Tokio runtime, where a case has two threads: both are to be in it.
pub fn measure(cases: &mut [Case], calls: u32, rounds: u32, allocations: impl Fn(&mut dyn FnMut()) -> u64) {
    for case in &mut *cases {
        (case.one)(calls);
        let counted = calls.min(1000);
        let total = allocations(&mut || (case.one)(counted));
        #[expect(clippy::cast_precision_loss, reason = "a count is far below 2^52")]
        let total = total as f64;
        case.allocations = total / f64::from(counted);
    }
    for _ in 0..rounds {
        for case in &mut *cases {
            case.ns.push(timed(&mut case.one, calls));
            if let Some(two) = &mut case.two {
                case.ns_two.push(on_two_threads(two, calls));
            }
        }
    }
}

/// CPU nanoseconds a call, of this thread.
fn timed(run: &mut Run, calls: u32) -> f64 {
    let start = ThreadTime::now();
    run(calls);
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

/// The mean of both threads' CPU nanoseconds a call, while both are at it.
fn on_two_threads([first, second]: &mut [Run; 2], calls: u32) -> f64 {
    let barrier = Barrier::new(2);
    let at_once = |run: &mut Run| {
        barrier.wait();
        timed(run, calls)
    };
    let handle = tokio::runtime::Handle::current();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let _entered = handle.enter();
            at_once(first)
        });
        let own = at_once(second);
        f64::midpoint(own, other.join().unwrap_or(f64::NAN))
    })
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, budget, ns, ns_two, allocations, .. } = self;
        let budget = budget.map_or_else(|| "null".to_owned(), |budget| budget.to_string());
        write!(
            f,
            r#"{{"name":"{name}","budget":{budget},"ns":{ns:?},"ns_two":{ns_two:?},"allocations":{allocations}}}"#
        )
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A number given to the program as `--name 7`, or a default.
///
/// # Errors
///
/// When it is no number.
pub fn number(name: &str, default: u32) -> Result<u32, String> {
    let parse = |text: String| text.parse().map_err(|_| format!("--{name} must be a number, and is {text:?}"));
    argument(name).map_or(Ok(default), parse)
}

/// A text given to the program as `--name text`.
#[must_use]
pub fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg.strip_prefix("--") != Some(name)).nth(1)
}
