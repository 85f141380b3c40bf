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

/// Adds from two threads, with sums in between, and returns the sum in the end.
fn race(left: &'static [(u64, bool)], right: &'static [(u64, bool)], tick: u64, check: fn((u64, u64))) {
    loom::model(move || {
        let window = Arc::new(Window::new());
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || left.iter().for_each(|&(tick, bad)| window.add(tick, bad)))
        };
        right.iter().for_each(|&(tick, bad)| window.add(tick, bad));
        other.join().unwrap();
        check(window.sum(tick));
    });
}

#[test]
fn no_call_is_lost_or_counted_twice() {
    race(&[(0, true), (0, false)], &[(0, false), (0, true)], 0, |sum| assert_eq!(sum, (4, 2)));
}

#[test]
fn a_bucket_that_is_taken_into_use_again_starts_from_nothing_once() {
    // Both find the bucket of an earlier lap, and one of them clears it.
    loom::model(|| {
        let window = Arc::new(Window::new());
        window.add(3, true);
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || window.add(3 + BUCKETS, true))
        };
        window.add(3 + BUCKETS, false);
        other.join().unwrap();
        assert_eq!(window.sum(3 + BUCKETS), (2, 1));
    });
}

#[test]
fn a_call_that_comes_too_late_does_not_clear_what_is_newer() {
    race(&[(1, true)], &[(1 + BUCKETS, false)], 1 + BUCKETS, |sum| assert_eq!(sum, (1, 0)));
}

#[test]
fn a_call_that_spares_the_clock_is_counted_once_or_says_that_it_was_not() {
    loom::model(|| {
        let window = Arc::new(Window::new());
        for _ in 0..129 {
            window.add(0, false);
        }
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || window.add(BUCKETS, true))
        };
        let counted = window.add_unlooked(0);
        other.join().unwrap();
        // It may have been counted in the bucket's last moment; then it is gone with it.
        assert_eq!(window.sum(BUCKETS), (1, 1), "{counted}");
    });
    loom::model(|| {
        let window = Arc::new(Window::new());
        for _ in 0..129 {
            window.add(0, false);
        }
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || window.add(0, true))
        };
        let counted = window.add_unlooked(0);
        other.join().unwrap();
        assert_eq!(window.sum(0), (130 + u64::from(counted), 1));
    });
}

#[test]
fn what_is_cleared_while_a_call_comes_is_cleared_before_or_after_it() {
    loom::model(|| {
        let window = Arc::new(Window::new());
        window.add(0, true);
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || window.add(0, false))
        };
        window.clear(0);
        other.join().unwrap();
        let sum = window.sum(0);
        assert!([(0, 0), (1, 0)].contains(&sum), "{sum:?}");
    });
}

#[test]
fn a_sum_taken_meanwhile_is_one_that_was_true() {
    loom::model(|| {
        let window = Arc::new(Window::new());
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || {
                window.add(0, true);
                window.add(0, false);
            })
        };
        assert!([(0, 0), (1, 1), (2, 1)].contains(&window.sum(0)));
        other.join().unwrap();
    });
}
