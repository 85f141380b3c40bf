//! What a line and a request allocate.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tower::Layer;
use towerkit_endpoint::{Endpoint, Error, Request, SpanId, TraceContext, TraceId, endpoint_fn};
use towerkit_log::{Colour, Logger};
use tracing::info;

fn allocations(mut run: impl FnMut()) -> u64 {
    run(); // buffers and stacks grow once
    run();
    allocation_counter::measure(run).count_total
}

fn bound(log: &Logger) -> Logger {
    log.with("service", "greeter").with("version", "1.2.3").with("zone", "eu-1").with("shard", 7).with("canary", false)
}

fn event() {
    info!(user = "ada", items = 3, price = 9.75, path = %"/carts/7", quick = true, "it is done");
}

fn loggers() -> [Logger; 4] {
    let sink = std::io::sink;
    [
        Logger::logfmt(sink()),
        Logger::json(sink()),
        Logger::terminal_in(Colour::Always, sink()),
        Logger::terminal_in(Colour::Never, sink()),
    ]
}

fn invoke<R>(endpoint: &impl Endpoint<(), Reply = R>) {
    let mut request = Request::new(());
    let trace = TraceId::new(1).unwrap();
    request.context_mut().set_trace(Some(TraceContext::new(trace, SpanId::new(2).unwrap(), true)));
    request.context_mut().set_peer(Some(([127, 0, 0, 1], 4000).into()));
    let mut endpoint = endpoint.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(endpoint.poll_ready(&mut cx).is_ready());
    match pin!(endpoint.call(request)).poll(&mut cx) {
        Poll::Ready(Ok(_)) => {}
        _ => panic!("it is ready at once, and goes well"),
    }
}

#[test]
fn a_line_of_ten_fields_allocates_nothing() {
    for log in loggers() {
        let log = bound(&log);
        assert_eq!(log.scope(|| allocations(event)), 0);
    }
}

#[test]
fn a_scope_allocates_nothing() {
    let (log, _) = crate::support::logfmt();
    let log = bound(&log);
    assert_eq!(allocations(|| log.scope(|| ())), 0);
}

#[test]
fn a_request_allocates_nothing_with_its_line_and_without() {
    for filter in ["info", "warn", "off"] {
        for log in loggers() {
            log.set_filter(filter).unwrap();
            let endpoint = bound(&log).requests("op").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
            assert_eq!(allocations(|| invoke(&endpoint)), 0, "{filter}");
        }
    }
    let off = Logger::off().requests("op").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    assert_eq!(allocations(|| invoke(&off)), 0);
}

#[test]
fn a_line_of_ten_fields_inside_a_request_allocates_nothing() {
    for log in loggers() {
        let endpoint = bound(&log).requests("op").layer(endpoint_fn(|()| async {
            event();
            Ok::<_, Error>(())
        }));
        assert_eq!(allocations(|| invoke(&endpoint)), 0);
    }
}

#[test]
fn a_place_that_is_filtered_out_allocates_nothing() {
    for log in loggers() {
        log.set_filter("warn").unwrap();
        assert_eq!(log.scope(|| allocations(event)), 0);
    }
}

/// A task that ends when it has put itself, anew, where it is taken from.
fn anew(log: &Logger, tick: u64, next: &Next) -> Pin<Box<dyn Future<Output = ()>>> {
    let (own, next) = (log.clone(), Rc::clone(next));
    let again = async move {
        let task = anew(&own, tick + 1, &next);
        *next.borrow_mut() = Some(task);
    };
    Box::pin(log.with("tick", tick).follow(again))
}

type Next = Rc<RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>>;

#[test]
fn a_task_that_starts_itself_anew_and_follows_takes_no_more_with_each_turn() {
    for log in loggers() {
        let next = Next::default();
        let turn = || {
            let mut task = next.borrow_mut().take().unwrap();
            assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        };
        let first = log.with("scope", 1).scope(|| anew(&log, 100, &next));
        *next.borrow_mut() = Some(first);
        (0..3).for_each(|_| turn());
        let turns = allocation_counter::measure(|| (0..100).for_each(|_| turn()));
        assert_eq!((turns.count_current, turns.bytes_current), (0, 0));
    }
}
