//! Every interleaving of what is lock-free: the window, compiled here with loom's atomics in the place of the standard ones.

#![allow(clippy::unwrap_used, reason = "it is a test")]

#[path = "../../src/window.rs"]
mod window;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
}

use loom::sync::Arc;
use loom::thread;
use window::{BUCKETS, Window};

/// What another thread does to a window, and this one at the same time, after what was done before; then a look at what came of it.
fn race<T: 'static>(before: fn(&Window), other: fn(&Window), this: fn(&Window) -> T, check: fn(&Window, T)) {
    loom::model(move || {
        let window = Arc::new(Window::new());
        before(&window);
        let racing = {
            let window = Arc::clone(&window);
            thread::spawn(move || other(&window))
        };
        let seen = this(&window);
        racing.join().unwrap();
        check(&window, seen);
    });
}

fn nothing(_: &Window) {}

/// So many that the next may spare the clock.
fn a_crowd(window: &Window) {
    for _ in 0..129 {
        window.add(0, false);
    }
}

#[test]
fn no_call_is_lost_or_counted_twice() {
    race(
        nothing,
        |window| {
            window.add(0, true);
            window.add(0, false);
        },
        |window| {
            window.add(0, false);
            window.add(0, true);
        },
        |window, ()| assert_eq!(window.sum(0), (4, 2)),
    );
}

#[test]
fn a_bucket_that_is_taken_into_use_again_starts_from_nothing_once() {
    // Both find the bucket of an earlier lap, and one of them clears it.
    race(
        |window| window.add(3, true),
        |window| window.add(3 + BUCKETS, true),
        |window| window.add(3 + BUCKETS, false),
        |window, ()| assert_eq!(window.sum(3 + BUCKETS), (2, 1)),
    );
}

#[test]
fn a_call_that_comes_too_late_does_not_clear_what_is_newer() {
    race(
        nothing,
        |window| window.add(1, true),
        |window| window.add(1 + BUCKETS, false),
        |window, ()| assert_eq!(window.sum(1 + BUCKETS), (1, 0)),
    );
}

#[test]
fn a_call_that_spares_the_clock_is_counted_once_or_says_that_it_was_not() {
    race(
        a_crowd,
        |window| window.add(BUCKETS, true),
        |window| window.add_unlooked(0),
        // It may have been counted in the bucket's last moment; then it is gone with it.
        |window, counted| assert_eq!(window.sum(BUCKETS), (1, 1), "{counted}"),
    );
    race(
        a_crowd,
        |window| window.add(0, true),
        |window| window.add_unlooked(0),
        |window, counted| assert_eq!(window.sum(0), (130 + u64::from(counted), 1)),
    );
}

#[test]
fn what_is_cleared_while_a_call_comes_is_cleared_before_or_after_it() {
    race(
        |window| window.add(0, true),
        |window| window.add(0, false),
        |window| window.clear(0),
        |window, ()| {
            let sum = window.sum(0);
            assert!([(0, 0), (1, 0)].contains(&sum), "{sum:?}");
        },
    );
}

#[test]
fn a_sum_taken_meanwhile_is_one_that_was_true() {
    race(
        nothing,
        |window| {
            window.add(0, true);
            window.add(0, false);
        },
        |window| window.sum(0),
        |_, sum| assert!([(0, 0), (1, 1), (2, 1)].contains(&sum)),
    );
}
